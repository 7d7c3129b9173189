"""Opening the log of one partition: what is on disk becomes segments, producers, epochs and the end offset.

After a clean stop everything is taken as it stands. After any other, the segments from the recovery point on are
scanned batch by batch: at the first one that is cut off, or whose checksum or offset is wrong, the segment is cut,
later segments are removed, and the indexes are made anew. What stands before the recovery point was flushed and is
trusted.

A compaction that a crash interrupted is finished or undone first (swap.py). Message formats v0 and v1 are not understood
yet: a log that holds them is refused, never cut.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from pykbroker.errors import StartError
from pykbroker.files import File
from pykbroker.log import swap
from pykbroker.log.epochs import LeaderEpochs
from pykbroker.log.pool import FilePool
from pykbroker.log.producers import SNAPSHOT_SUFFIX, CorruptSnapshot, ProducerState
from pykbroker.log.segment import (
    DELETED_SUFFIX,
    INDEX_SUFFIX,
    LOG_SUFFIX,
    TIME_INDEX_SUFFIX,
    TXN_INDEX_SUFFIX,
    Segment,
    SegmentLimits,
    offset_name,
)
from wire.records import batch as batches
from wire.records.batch import (
    ATTRIBUTES_OFFSET,
    HEADER_SIZE,
    LEGACY_OVERHEAD_MIN,
    LOG_OVERHEAD,
    MAGIC_OFFSET,
    MAGIC_V2,
    BatchHeader,
)

SCAN_CHUNK = 1024 * 1024
DIGITS = 20
LEFTOVERS = (DELETED_SUFFIX, ".tmp")


@dataclass(slots=True)
class Loaded:
    """An opened log's parts."""

    segments: list[Segment]
    epochs: LeaderEpochs
    producers: ProducerState
    log_start_offset: int
    log_end_offset: int
    recovery_point: int
    snapshots: list[int] = field(default_factory=list)  # offsets that have a snapshot file, rising
    truncated_bytes: int = 0  # that recovery cut off or removed
    end_is_checked: bool = True  # the last segment bears log_end_offset out
    changed: bool = False  # files were made, removed or written that are not durable yet


@dataclass(slots=True)
class Loader:
    """One attempt to open a log directory."""

    pool: FilePool
    directory: str
    limits: SegmentLimits
    now_ms: int
    compacted: bool = False  # the topic is: there may be holes between its segments
    names: list[str] = field(default_factory=list)

    def load(self, *, recovery_point: int, log_start_offset: int, clean: bool) -> Loaded:
        """Opens the directory. recovery_point and log_start_offset: as the checkpoints have them, 0 if they do not.

        Raises: OSError; StartError for formats that are not served.
        """
        self._list_names()
        swapped = swap.finish(self.pool.files, self.directory, self.names, self._end_of)
        if swapped:
            self._list_names()
        segments = self._segments()
        self._remove_leftovers({segment.base_offset for segment in segments})
        epochs = LeaderEpochs(self.pool.files, self.directory)
        try:
            epochs.load()
        except ValueError:
            clean, recovery_point = False, 0  # the batches know their epochs
        if not clean and not epochs.epochs and any(segment.size for segment in segments):
            recovery_point = (
                0  # the file was replaced shortly before the machine stopped, and lost its content
            )
        loaded = Loaded(
            segments, epochs, ProducerState(), log_start_offset, 0, recovery_point, self._snapshots()
        )
        loaded.changed = swapped
        if not segments:
            self._start_empty(loaded, log_start_offset)
            return loaded
        if clean:
            clean = self._take_as_it_stands(loaded)
        if not clean:
            self._recover(loaded)
        if loaded.log_end_offset < log_start_offset:
            self._start_empty(loaded, log_start_offset)
            return loaded
        loaded.log_start_offset = max(log_start_offset, segments[0].base_offset)
        loaded.recovery_point = loaded.log_end_offset if clean else min(recovery_point, loaded.log_end_offset)
        epochs.truncate_end(loaded.log_end_offset)
        epochs.truncate_start(loaded.log_start_offset)
        self._remove_stray_snapshots(loaded)
        return loaded

    # files

    def _list_names(self) -> None:
        self.names = [
            name for name, is_directory in self.pool.files.listdir(self.directory) if not is_directory
        ]

    def _end_of(self, name: str, base_offset: int) -> int:
        """The offset behind the last batch of a segment that is not one of the log's yet."""
        size = self.pool.files.size(f"{self.directory}/{name}")
        file = self.pool.files.open(f"{self.directory}/{name}", write=False)
        try:
            ends = [header.next_offset for _, header, _ in scan(file, 0, size, verify=False)]
        finally:
            file.close()
        return ends[-1] if ends else base_offset

    def _segments(self) -> list[Segment]:
        found: list[Segment] = []
        for name in self.names:
            stem = name[:DIGITS]
            if name[DIGITS:] == LOG_SUFFIX and stem.isdigit():
                size = self.pool.files.size(f"{self.directory}/{name}")
                found.append(Segment(self.pool, self.directory, int(stem), size, self.limits, self.now_ms))
        found.sort(key=lambda segment: segment.base_offset)
        for segment in found[:-1]:
            segment.sealed = True
        return found

    def _remove_leftovers(self, bases: set[int]) -> None:
        """Removes temporary files, and indexes whose segment is gone."""
        for name in self.names:
            stem, suffix = name[:DIGITS], name[DIGITS:]
            orphan = (
                suffix in (INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX)
                and stem.isdigit()
                and int(stem) not in bases
            )
            if orphan or name.endswith(LEFTOVERS):
                self.pool.files.unlink(f"{self.directory}/{name}")

    def _snapshots(self) -> list[int]:
        return sorted(
            int(name[:DIGITS])
            for name in self.names
            if name[DIGITS:] == SNAPSHOT_SUFFIX and name[:DIGITS].isdigit()
        )

    def _remove_snapshot(self, loaded: Loaded, offset: int) -> None:
        loaded.snapshots.remove(offset)
        self.pool.files.unlink(f"{self.directory}/{offset_name(offset)}{SNAPSHOT_SUFFIX}")

    def _remove_stray_snapshots(self, loaded: Loaded) -> None:
        """Keeps one snapshot for each segment's base, and the latest: a clean stop writes that one."""
        bases = {segment.base_offset for segment in loaded.segments}
        for offset in loaded.snapshots[:-1]:
            if offset not in bases:
                self._remove_snapshot(loaded, offset)

    def _start_empty(self, loaded: Loaded, offset: int) -> None:
        """A new log, or one whose files end before its start offset: nothing of them can be read any more."""
        for segment in loaded.segments:
            loaded.truncated_bytes += segment.size
            segment.delete()
        for snapshot in list(loaded.snapshots):
            self._remove_snapshot(loaded, snapshot)
        loaded.epochs.truncate_end(0)
        segment = Segment(self.pool, self.directory, offset, 0, self.limits, self.now_ms)
        segment.create()
        loaded.changed = True
        loaded.segments[:] = [segment]
        loaded.producers = ProducerState(offset)
        loaded.log_start_offset = loaded.log_end_offset = loaded.recovery_point = offset

    # after a clean stop

    def _take_as_it_stands(self, loaded: Loaded) -> bool:
        """Finds the end offset and the producers without a scan. False if the last segment does not bear it out.

        A clean stop flushes, so the recovery point that it leaves is the end offset. Whether the segment's last batch says
        so too is looked up when the log is first used: at the start of a broker with a thousand logs it would cost most.
        """
        active = loaded.segments[-1]
        point = loaded.recovery_point
        if (point > active.base_offset) == (active.size > 0) and point >= active.base_offset:
            loaded.log_end_offset = point
            loaded.end_is_checked = active.size == 0
        else:
            try:
                loaded.log_end_offset = active.next_offset()
            except OSError:
                return False
        self.load_producers(loaded, loaded.log_end_offset, trust_absence=True)
        return True

    def load_producers(self, loaded: Loaded, end_offset: int, *, trust_absence: bool) -> None:
        """The producers at `end_offset`: the latest snapshot up to there, and the batches behind it.

        trust_absence: a log without snapshots has no producers (so Kafka takes it after a clean stop, to scan nothing).
        """
        for offset in [offset for offset in loaded.snapshots if offset > end_offset]:
            self._remove_snapshot(loaded, offset)
        state = None
        while loaded.snapshots and state is None:
            state = self._read_snapshot(loaded, loaded.snapshots[-1])
        if state is None:
            start = end_offset if trust_absence else loaded.segments[0].base_offset
            state = ProducerState(start)
        for segment in loaded.segments:
            if segment.base_offset < end_offset and state.map_end < end_offset:
                self._replay(segment, state, end_offset)
        state.map_end = end_offset
        loaded.producers = state

    def _read_snapshot(self, loaded: Loaded, offset: int) -> ProducerState | None:
        """The state in a snapshot file; a corrupt file is removed."""
        path = f"{self.directory}/{offset_name(offset)}{SNAPSHOT_SUFFIX}"
        try:
            return ProducerState.decode(self.pool.files.read(path), offset)
        except (CorruptSnapshot, FileNotFoundError):
            self._remove_snapshot(loaded, offset)
            return None

    def _replay(self, segment: Segment, state: ProducerState, end_offset: int) -> None:
        place = segment.locate(state.map_end) if segment.size else None
        if place is None:
            return
        file = segment.handle.open()
        for _, header, batch in scan(file, place.position, segment.size, verify=False):
            if header.base_offset >= end_offset:
                return
            state.replay(header, batch)

    # after any other stop

    def _recover(self, loaded: Loaded) -> None:
        """Scans from the segment that holds the recovery point."""
        loaded.changed = True
        segments = loaded.segments
        first = first_unflushed([segment.base_offset for segment in segments], loaded.recovery_point)
        self.load_producers(loaded, segments[first].base_offset, trust_absence=False)
        for number in range(first, len(segments)):
            segment = segments[number]
            if number > first and not self._follows(segment, loaded.log_end_offset):
                self._drop_after(loaded, number - 1)
                break
            self._save_snapshot(loaded, segment.base_offset)
            cut = self._recover_segment(segment, loaded)
            if cut:
                loaded.truncated_bytes += cut
                self._drop_after(loaded, number)
                break
            if segment.sealed:
                segment.seal()
        loaded.epochs.save()

    def _follows(self, segment: Segment, end_offset: int) -> bool:
        """Whether a segment goes on where the one before it ends.

        A machine may lose the last writes to one file and keep a later file. What is behind the hole goes too: a log
        is all or a first part of what was written to it, on that replicas rely. Compaction makes holes of its own.
        """
        base = segment.base_offset
        return base == end_offset or (self.compacted and base > end_offset)

    def _save_snapshot(self, loaded: Loaded, offset: int) -> None:
        """Writes the producers as they are before a segment, so that the next recovery of it does not look further back."""
        if offset and offset not in loaded.snapshots:
            path = f"{self.directory}/{offset_name(offset)}{SNAPSHOT_SUFFIX}"
            self.pool.files.atomic_write(path, loaded.producers.encode())
            loaded.snapshots.append(offset)
            loaded.snapshots.sort()

    def _recover_segment(self, segment: Segment, loaded: Loaded) -> int:
        """Makes the indexes anew and takes in every batch up to the first bad one; returns the bytes cut off behind it."""
        state, epochs = loaded.producers, loaded.epochs
        file = segment.handle.open()
        end = segment.size
        segment.reset_indexes()
        valid = 0
        next_offset = segment.base_offset
        for position, header, batch in scan(file, 0, end, verify=True):
            if header.base_offset < next_offset or header.last_offset - segment.base_offset >= 1 << 31:
                break
            next_offset = header.next_offset
            segment.note_batch(position, len(batch), header.last_offset, header.max_timestamp)
            if header.partition_leader_epoch > epochs.latest:
                epochs.note(header.partition_leader_epoch, header.base_offset)
            if header.producer_id >= 0:
                state.replay(header, batch)
            valid = position + len(batch)
        loaded.log_end_offset = next_offset
        state.map_end = next_offset
        segment.size = valid
        if valid < end:
            segment.trim()
        return end - valid

    def _drop_after(self, loaded: Loaded, number: int) -> None:
        for segment in loaded.segments[number + 1 :]:
            loaded.truncated_bytes += segment.size
            segment.delete()
        del loaded.segments[number + 1 :]
        loaded.segments[-1].sealed = False
        for offset in [offset for offset in loaded.snapshots if offset > loaded.log_end_offset]:
            self._remove_snapshot(loaded, offset)


def first_unflushed(bases: list[int], recovery_point: int) -> int:
    """Number of the first segment of which something may not be durable: the one that holds the last flushed record.

    Its batches are, but it may have been sealed since, and its indexes written.
    """
    return max(bisect_left(bases, recovery_point) - 1, 0)


def scan(
    file: File, position: int, end: int, *, verify: bool
) -> Iterator[tuple[int, BatchHeader, memoryview]]:
    """(position, header, bytes) of every whole batch from `position` on; stops at the first that is not one.

    verify: also at the first whose checksum is wrong. No length that stands in the file is believed further than `end`.
    Raises: StartError at a message of format v0 or v1.
    """
    while end - position >= HEADER_SIZE:
        chunk = memoryview(file.pread(min(SCAN_CHUNK, end - position), position))
        at = 0
        while len(chunk) - at >= HEADER_SIZE:
            header = batches.read_header(chunk, at)
            size = header.batch_length + LOG_OVERHEAD
            if position + at + size > end:
                return
            if at + size > len(chunk):
                if at:
                    break
                chunk = memoryview(file.pread(size, position))
                if len(chunk) < size:
                    return
            batch = chunk[at : at + size]
            if header.magic != MAGIC_V2 or size < HEADER_SIZE:
                refuse_legacy(batch)
                return
            if verify and batches.crc32c(batch[ATTRIBUTES_OFFSET:]) != header.crc:
                return
            yield position + at, header, batch
            at += size
        if not at:
            return
        position += at


def refuse_legacy(batch: memoryview) -> None:
    """Raises: StartError if this is a whole message of format v0 or v1, with the right checksum, and not just damage."""
    if len(batch) >= LOG_OVERHEAD + LEGACY_OVERHEAD_MIN and batch[MAGIC_OFFSET] < MAGIC_V2:
        stated = int.from_bytes(batch[LOG_OVERHEAD:MAGIC_OFFSET], "big")
        if stated == zlib.crc32(batch[MAGIC_OFFSET:]):
            raise StartError(
                f"a log holds message format v{batch[MAGIC_OFFSET]}, which is not served yet: the oldest is v2 (Kafka 0.11)"
            )
