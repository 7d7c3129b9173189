"""The log of one partition: segments, producers and leader epochs as one thing that is appended to and read.

An append is: check the batch (validate.py), check its producer's sequence, roll if the segment is full, write sixteen
fresh bytes and the rest as it was received with one call, and only then note offset, producer and epoch. A write that
fails leaves everything as it was.

Durability: written is not yet flushed. The recovery point is the offset up to which everything was flushed; after a
crash what lies behind it is scanned. A flush can run in another thread (begin_flush, FlushJob.run, end_flush);
everything else is called from one thread, and nothing here waits. Time comes in as an argument.

The counterparts in Kafka are UnifiedLog, LocalLog and LogSegment. High watermark and who may read what are the
partition's business (server), not the log's.
"""

from __future__ import annotations

import errno
import zlib
from bisect import bisect_right, insort
from collections.abc import Sequence
from typing import NamedTuple

from pykbroker.config.topic_settings import TopicSettings
from pykbroker.errors import ApiError
from pykbroker.files import Buffer, Files
from pykbroker.log import swap
from pykbroker.log.by_time import TimestampOffset, first_record_at, latest_record
from pykbroker.log.checkpoints import read_topic_id, write_topic_id
from pykbroker.log.epochs import EPOCH_FILE
from pykbroker.log.flush import FlushJob
from pykbroker.log.index import MAX_RELATIVE
from pykbroker.log.loading import Loaded, Loader, first_unflushed
from pykbroker.log.pool import FilePool
from pykbroker.log.producers import SNAPSHOT_SUFFIX, AppendedBatch
from pykbroker.log.segment import (
    INDEX_SUFFIX,
    TIME_INDEX_SUFFIX,
    Segment,
    SegmentLimits,
    offset_name,
)
from pykbroker.log.validate import AppendOrigin, Rules, check, check_run
from wire.errors import ErrorCode
from wire.records.batch import NO_TIMESTAMP, PREFIX
from wire.records.compression import DEFAULT_LIMIT

__all__ = ["Appended", "FlushJob", "Log", "TimestampOffset"]


class Appended(NamedTuple):
    """What an append gave."""

    base_offset: int
    last_offset: int
    log_append_time_ms: int  # -1 unless the topic has LogAppendTime
    log_start_offset: int
    duplicate: bool  # stored before: the offsets are those of the first time


class Log:
    """The log of one partition. Offsets are absolute; log_end_offset is the next record's."""

    def __init__(
        self, pool: FilePool, path: str, topic: str, partition: int, settings: TopicSettings, loaded: Loaded
    ) -> None:
        """For `open`."""
        self.pool = pool
        self.path = path
        self.topic = topic
        self.partition = partition
        self.segments = loaded.segments
        self.epochs = loaded.epochs
        self.producers = loaded.producers
        self.log_start_offset = loaded.log_start_offset
        self.log_end_offset = loaded.log_end_offset
        self.recovery_point = loaded.recovery_point
        self.truncated_bytes = loaded.truncated_bytes  # by recovery when the log was opened
        self.cleaned_upto = 0  # compaction has looked at everything before
        self.cuts = 0  # how often something was cut off at the end
        self.aside: list[
            str
        ] = []  # files that left the log: who takes them from here removes them, or the next start does
        self._failure: OSError | None = None
        self._snapshots = loaded.snapshots
        self._unsynced_snapshots: list[int] = []
        self._bases = [segment.base_offset for segment in self.segments]
        self._active = self.segments[-1]
        self._directory_changed = loaded.changed
        self._end_is_checked = loaded.end_is_checked
        self._ready = self._end_is_checked  # to be appended to
        self._topic_id: bytes | None = None
        self._roll_after_ms = 0
        self.settings = settings
        self.update_settings(settings)

    @classmethod
    def open(
        cls,
        files: Files,
        path: str,
        topic: str,
        partition: int,
        settings: TopicSettings,
        now_ms: int,
        *,
        pool: FilePool | None = None,
        recovery_point: int = 0,
        log_start_offset: int = 0,
        clean: bool = False,
    ) -> Log:
        """Opens the log in directory `path`, which is made if it is missing.

        recovery_point, log_start_offset: as the checkpoints have them. clean: the last stop was clean, and nothing is
        scanned. Raises: OSError; StartError for data that cannot be served.
        """
        files.mkdir(path)
        pool = pool or FilePool(files)
        loader = Loader(pool, path, SegmentLimits.of(settings), now_ms, settings.is_compacted)
        loaded = loader.load(recovery_point=recovery_point, log_start_offset=log_start_offset, clean=clean)
        return cls(pool, path, topic, partition, settings, loaded)

    def update_settings(self, settings: TopicSettings) -> None:
        """The topic's settings have changed: they hold from the next append on."""
        self.settings = settings
        self._rules = Rules(settings)
        self._limits = SegmentLimits.of(settings)
        self._flush_messages = settings.flush_messages
        self._active.limits = self._limits._replace(preallocate_bytes=self._active.limits.preallocate_bytes)
        self._set_roll_time()

    # appending

    def append(
        self, records: Buffer, leader_epoch: int, now_ms: int, origin: AppendOrigin = AppendOrigin.CLIENT
    ) -> Appended:
        """Appends one batch as the leader: offsets, leader epoch and, if the topic says so, the time are written into it.

        Raises: ApiError with Kafka's code for what is wrong with the batch; OSError if the disk fails, and nothing is
        stored then.
        """
        header, size, tail = check(records, self._rules, origin, now_ms)
        has_producer = header.producer_id >= 0
        if has_producer and origin is AppendOrigin.CLIENT:
            earlier = self.producers.check(header)
            if earlier is not None:
                return self._answer_again(earlier)
        base_offset = self.log_end_offset
        last_offset = base_offset + header.last_offset_delta
        max_timestamp = header.max_timestamp
        segment = self._segment_for(size, base_offset, last_offset, max_timestamp, now_ms)
        if leader_epoch != self.epochs.latest and leader_epoch >= 0:
            self.epochs.assign(leader_epoch, base_offset)
        prefix = PREFIX.pack(base_offset, header.batch_length, leader_epoch)
        segment.append([prefix, *tail], size, last_offset, max_timestamp)
        if has_producer:
            self.producers.take_in(header, base_offset, records)
        self._note_end(last_offset + 1)
        log_append_time = now_ms if self._rules.log_append_time else NO_TIMESTAMP
        return Appended(base_offset, last_offset, log_append_time, self.log_start_offset, False)

    def _answer_again(self, earlier: AppendedBatch) -> Appended:
        first = earlier.last_offset - earlier.offset_delta
        return Appended(first, earlier.last_offset, earlier.timestamp, self.log_start_offset, True)

    def _note_end(self, next_offset: int) -> None:
        self.log_end_offset = next_offset
        self.producers.map_end = next_offset
        if next_offset - self.recovery_point >= self._flush_messages:
            self.flush()

    def append_as_follower(self, records: Buffer, now_ms: int) -> Appended | None:
        """Appends batches as a leader sent them: offsets and epochs stand in them. An incomplete last one is dropped.

        Returns None if there is no whole batch. Raises: ApiError CORRUPT_MESSAGE, INVALID_RECORD for what cannot
        follow; OSError.
        """
        found = check_run(records, self.log_end_offset)
        if not found:
            return None
        first, last = found[0][1], found[-1][1]
        size = found[-1][0] + last.size
        newest = max((header for _, header in found), key=lambda header: header.max_timestamp)
        segment = self._segment_for(size, first.base_offset, last.last_offset, newest.max_timestamp, now_ms)
        for _, header in found:
            self.epochs.note(header.partition_leader_epoch, header.base_offset)
        self.epochs.save()
        segment.append([memoryview(records)[:size]], size, last.last_offset, newest.max_timestamp)
        self.log_end_offset = last.next_offset
        for position, header in found:
            self.producers.replay(header, memoryview(records)[position : position + header.size])
        self._note_end(last.next_offset)
        return Appended(first.base_offset, last.last_offset, NO_TIMESTAMP, self.log_start_offset, False)

    # rolling

    def _segment_for(
        self, size: int, base_offset: int, last_offset: int, max_timestamp: int, now_ms: int
    ) -> Segment:
        """The segment that takes the next `size` bytes: the active one, or a new one if that is full or old enough."""
        active = self._active
        if not self._ready:
            self._make_ready()
        if (
            active.size + size > self._rules.segment_bytes
            or last_offset - active.base_offset > MAX_RELATIVE
            or active.indexes_full
        ):
            return self.roll(base_offset, now_ms)
        if active.size:
            first = active.roll_timestamp
            if first is None:
                first = active.first_timestamp()
            age = max_timestamp - first if first >= 0 else now_ms - active.created_ms
            if age > self._roll_after_ms:
                return self.roll(base_offset, now_ms)
        return active

    def roll(self, base_offset: int, now_ms: int) -> Segment:
        """Begins a new segment at `base_offset`, which is at or above the end offset. An empty active one is replaced.

        Raises: OSError.
        """
        if not self._ready:
            self._make_ready()
        old = self._active
        if not old.size and old.base_offset == base_offset:
            return old
        new = Segment(self.pool, self.path, base_offset, 0, self._limits, now_ms)
        try:
            if old.size:
                old.seal()
                self._take_snapshot(base_offset)
            new.create()
        except OSError:
            old.sealed = False  # it stays the active one
            raise
        if not old.size:
            self._remove_segments([old])
        self.segments.append(new)
        self._bases.append(base_offset)
        self._active = new
        self._directory_changed = True
        self._set_roll_time()
        return new

    def _set_roll_time(self) -> None:
        """segment.ms, less a share of segment.jitter.ms that follows from the segment's name: no dice needed."""
        jitter = self.settings.segment_jitter_ms
        self._roll_after_ms = self.settings.segment_ms
        if self.settings.is_compacted:  # what stands in the active segment cannot be compacted
            self._roll_after_ms = min(self._roll_after_ms, self.settings.max_compaction_lag_ms)
        if jitter > 0:
            name = f"{self.topic}-{self.partition}-{self._active.base_offset}"
            self._roll_after_ms -= zlib.crc32(name.encode()) % min(jitter, self._roll_after_ms + 1)

    # reading

    def read(self, offset: int, max_bytes: int, upto_offset: int, min_one: bool = True) -> bytes:
        """Whole batches from the one with `offset`, up to `max_bytes`, none that reaches `upto_offset`; b"" for none.

        They come from one segment, so a reader asks again behind the last. min_one: the first comes even if it is
        larger than `max_bytes`. The first may begin before `offset`: readers skip those records. Raises: ApiError
        OFFSET_OUT_OF_RANGE; OSError.
        """
        log_end = self.log_end_offset
        if offset < self.log_start_offset or offset > log_end:
            raise ApiError(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                f"offset {offset} is outside of {self.log_start_offset} to {log_end}",
            )
        if not self._end_is_checked:
            self._check_end()
        upto = min(upto_offset, log_end)
        number = bisect_right(self._bases, offset) - 1
        while offset < upto and number < len(self.segments):
            segment = self.segments[number]
            number += 1
            end, end_offset = segment.size, upto
            if number < len(self.segments) and self._bases[number] <= upto:
                end_offset = self._bases[number]
            elif upto < log_end:
                end = self._position_of(segment, upto)
            data = segment.read(offset, max_bytes, end, end_offset, min_one)
            if data is not None:
                return data
        return b""

    @property
    def failure(self) -> OSError | None:
        """A flush that failed: what is on disk is not known any more, and nothing more is appended."""
        return self._failure

    @failure.setter
    def failure(self, error: OSError | None) -> None:
        self._failure = error
        self._ready = False

    def _make_ready(self) -> None:
        """Raises: OSError."""
        if self._failure is not None:
            raise OSError(errno.EIO, f"a flush failed earlier: {self._failure}", self.path)
        if not self._end_is_checked:
            self._check_end()
        self._ready = True

    def _check_end(self) -> None:
        """At the first use after a clean stop: the last batch must end where the checkpoint says.

        Raises: OSError.
        """
        found = self._active.next_offset()
        if found != self.log_end_offset:
            raise OSError(
                errno.EIO,
                f"the checkpoint says that the log ends at {self.log_end_offset}, its last batch at {found}; "
                "a start without .kafka_cleanshutdown recovers it",
                self.path,
            )
        self._end_is_checked = True

    @staticmethod
    def _position_of(segment: Segment, offset: int) -> int:
        place = segment.locate(offset)
        return segment.size if place is None else place.position

    @property
    def size_bytes(self) -> int:
        return sum(segment.size for segment in self.segments)

    # by time

    def offset_for_timestamp(
        self, timestamp: int, unpack_limit: int = DEFAULT_LIMIT
    ) -> TimestampOffset | None:
        """The first record at or after `timestamp` (ms), exact also inside compressed batches; None if there is none.

        Raises: OSError.
        """
        start = self.log_start_offset
        segments = self.segments[bisect_right(self._bases, start) - 1 :]
        return first_record_at(segments, timestamp, start, unpack_limit)

    def max_timestamp(self, unpack_limit: int = DEFAULT_LIMIT) -> TimestampOffset | None:
        """The record with the largest timestamp, the first of several; None if no record has one (ListOffsets -3, KIP-734).

        Raises: OSError.
        """
        return latest_record(self.segments, unpack_limit)

    def earliest(self) -> TimestampOffset:
        """The log's start, and the epoch that wrote it."""
        return TimestampOffset(
            NO_TIMESTAMP, self.log_start_offset, self.epochs.epoch_of(self.log_start_offset)
        )

    def latest(self) -> TimestampOffset:
        """The log's end, and the latest epoch."""
        return TimestampOffset(NO_TIMESTAMP, self.log_end_offset, self.epochs.latest)

    # leader epochs

    def assign_epoch(self, leader_epoch: int) -> None:
        """A leader begins its epoch, before it appends anything."""
        self.epochs.assign(leader_epoch, self.log_end_offset)

    def epoch_end_offset(self, leader_epoch: int) -> tuple[int, int]:
        """(epoch, end offset) for OffsetForLeaderEpoch; (-1, -1) if the epoch is not known."""
        return self.epochs.end_offset(leader_epoch, self.log_end_offset)

    # cutting

    def advance_start(self, offset: int) -> None:
        """Records before `offset` are gone: DeleteRecords, retention, what a leader tells its followers. Whole segments go.

        The oldest goes first and the epochs last: whenever the process dies, what is left is a log without a hole.
        Raises: ApiError OFFSET_OUT_OF_RANGE above the end offset; OSError.
        """
        if offset > self.log_end_offset:
            raise ApiError(
                ErrorCode.OFFSET_OUT_OF_RANGE, f"offset {offset} is above the log end {self.log_end_offset}"
            )
        start = self.log_start_offset = max(self.log_start_offset, offset)
        self._remove_segments(self.segments[: bisect_right(self._bases, start) - 1])
        self.epochs.truncate_start(start)

    def truncate_to(self, offset: int) -> None:
        """Drops what is at `offset` and behind it: a follower does so where it differs from its leader. Whole batches go.

        Raises: OSError.
        """
        if offset >= self.log_end_offset:
            return
        if not self._end_is_checked:
            self._check_end()
        if offset <= self._bases[0]:
            self.restart_at(offset)
            return
        keep = bisect_right(self._bases, offset)
        if self._bases[keep - 1] == offset:
            keep -= 1
        self._remove_segments(self.segments[: keep - 1 : -1])  # the newest first, for the same reason
        self._active = self.segments[-1]
        self._active.sealed = False
        self._active.truncate(offset)
        self._cut_at(self._active.next_offset())

    def restart_at(self, offset: int) -> None:
        """Drops everything; the log is empty and goes on at `offset`.

        Raises: OSError.
        """
        new = Segment(self.pool, self.path, offset, 0, self._limits, self._active.created_ms)
        self._remove_segments(self.segments[::-1])
        for snapshot in list(self._snapshots):
            self._remove_snapshot(snapshot)
        new.create()
        self.segments.append(new)
        self._bases.append(offset)
        self._active = new
        self.log_start_offset = offset
        self._cut_at(offset)

    def _cut_at(self, end_offset: int) -> None:
        """The log ends at `end_offset` now: what else is known of it follows."""
        self.cuts += 1
        self.log_end_offset = end_offset
        self.log_start_offset = min(self.log_start_offset, end_offset)
        self.recovery_point = min(self.recovery_point, end_offset)
        self.cleaned_upto = min(self.cleaned_upto, end_offset)
        self.epochs.truncate_end(end_offset)
        self._directory_changed = True
        self._set_roll_time()
        loaded = Loaded(
            self.segments, self.epochs, self.producers, self.log_start_offset, end_offset, 0, self._snapshots
        )
        Loader(self.pool, self.path, self._limits, 0).load_producers(loaded, end_offset, trust_absence=False)
        self.producers = loaded.producers
        self._unsynced_snapshots = [
            offset for offset in self._unsynced_snapshots if offset in self._snapshots
        ]

    def _remove_segments(self, doomed: list[Segment]) -> None:
        for segment in doomed:
            self.aside += segment.set_aside()
            number = self.segments.index(segment)
            del self.segments[number], self._bases[number]
            if segment.base_offset in self._snapshots:
                self._remove_snapshot(segment.base_offset)
        self._directory_changed = self._directory_changed or bool(doomed)

    def replace_segments(self, bases: Sequence[int], size: int, cuts: int) -> list[str] | None:
        """The segments with these bases give way to what a compaction made of them, `size` bytes under the first one's name.

        cuts: as it was when the compaction began. Returns the paths of files to be removed; None if these segments are not
        there any more, and all stays as it is. Raises: OSError; what was begun is then finished by the next start.
        """
        first = bisect_right(self._bases, bases[0]) - 1
        last = first + len(bases)
        if cuts != self.cuts or self._bases[first:last] != bases or last == len(self.segments):
            return None
        old = self.segments[first:last]
        new = Segment(self.pool, self.path, bases[0], size, self._limits, old[-1].created_ms)
        new.sealed = True
        try:
            aside = swap.exchange(self.pool.files, old, new)
        except OSError as error:
            self.failure = error
            raise
        self.segments[first:last], self._bases[first:last] = [new], [bases[0]]
        for offset in set(bases[1:]) & set(self._snapshots):
            self._remove_snapshot(offset)
        self._directory_changed = True
        return aside

    # snapshots of the producers

    def _take_snapshot(self, offset: int) -> None:
        """Writes the producers at `offset`, the end of what they have taken in."""
        if not offset or offset in self._snapshots:
            return
        path = f"{self.path}/{offset_name(offset)}{SNAPSHOT_SUFFIX}"
        self.pool.files.atomic_write(path, self.producers.encode(), durable=False)
        insort(self._snapshots, offset)
        self._unsynced_snapshots.append(offset)
        self._directory_changed = True

    def _remove_snapshot(self, offset: int) -> None:
        self._snapshots.remove(offset)
        if offset in self._unsynced_snapshots:
            self._unsynced_snapshots.remove(offset)
        self.pool.files.unlink(f"{self.path}/{offset_name(offset)}{SNAPSHOT_SUFFIX}")

    # durability

    def begin_flush(self) -> FlushJob | None:
        """A job that makes everything appended so far durable; None if there is nothing to do. `end_flush` must follow."""
        if self.recovery_point >= self.log_end_offset and not self._directory_changed:
            return None
        self.epochs.save()
        directory = self.path if self._directory_changed or self.epochs.unsynced else None
        job = FlushJob(self.pool.files, directory, self.log_end_offset)
        try:
            self._collect(job)
        except OSError:
            job.release()
            raise
        self._directory_changed = self.epochs.unsynced = False
        job.snapshots, self._unsynced_snapshots = self._unsynced_snapshots, []
        return job

    def _collect(self, job: FlushJob) -> None:
        """Everything written behind the recovery point. The active segment's indexes are not: recovery makes them anew."""
        for segment in self.segments[first_unflushed(self._bases, self.recovery_point) :]:
            job.pin(segment.handle)
            if segment.sealed:
                job.pin_path(self.pool, segment.prefix + INDEX_SUFFIX)
                job.pin_path(self.pool, segment.prefix + TIME_INDEX_SUFFIX)
        for offset in self._unsynced_snapshots:
            job.pin_path(self.pool, f"{self.path}/{offset_name(offset)}{SNAPSHOT_SUFFIX}")
        if self.epochs.unsynced:
            job.pin_path(self.pool, f"{self.path}/{EPOCH_FILE}")

    def end_flush(self, job: FlushJob) -> None:
        """Takes a job's outcome in. After a failure the log takes no more appends: what the disk holds is unknown."""
        job.release()
        if job.done:
            self.recovery_point = max(self.recovery_point, min(job.upto, self.log_end_offset))
        else:
            self._directory_changed = self.epochs.unsynced = True
            self._unsynced_snapshots += [offset for offset in job.snapshots if offset in self._snapshots]
            if job.error is not None:
                self.failure = job.error

    def flush(self) -> None:
        """Makes everything appended so far durable.

        Raises: OSError.
        """
        job = self.begin_flush()
        if job is None:
            return
        try:
            job.run()
        finally:
            self.end_flush(job)

    def close(self) -> None:
        """Flushes, and leaves the files as a clean stop does: indexes written, producers in a snapshot at the end offset.

        Raises: OSError; the files are closed all the same.
        """
        job = self.begin_close()
        try:
            if job is not None:
                job.run()
        finally:
            self.end_close(job)

    def begin_close(self) -> FlushJob | None:
        """The job of a close, None if there is nothing to do; `end_close` must follow.

        Raises: OSError; the files are closed then.
        """
        if self.failure is not None:
            return None
        try:
            self._directory_changed = self._active.seal() or self._directory_changed
            self._take_snapshot(self.log_end_offset)
            return self.begin_flush()
        except OSError:
            self.abandon()
            raise

    def end_close(self, job: FlushJob | None) -> None:
        """Takes the job's outcome in and closes the files."""
        if job is not None:
            self.end_flush(job)
        self.abandon()

    def abandon(self) -> None:
        """Closes the files and writes nothing: the log is to be deleted, or its disk failed."""
        for segment in self.segments:
            segment.retire()

    # partition.metadata

    @property
    def topic_id(self) -> bytes | None:
        """The id of the topic that the log belongs to, 16 bytes; None if the directory does not say (before Kafka 2.8)."""
        if self._topic_id is None:
            self._topic_id = read_topic_id(self.pool.files, self.path)
        return self._topic_id

    def set_topic_id(self, topic_id: bytes) -> None:
        """Writes partition.metadata."""
        write_topic_id(self.pool.files, self.path, topic_id)
        self._topic_id = topic_id
        self._directory_changed = True
