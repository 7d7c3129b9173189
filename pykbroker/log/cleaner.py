"""A compaction pass as a value: the files of a log's sealed segments are read, and the new ones written beside them.

`CleaningJob` runs in a thread of its own and touches nothing that the log's thread works with: it opens files for itself, by
name, and knows the segments as they were when it was made. What became of them meanwhile is looked at where the new
segment is taken in (`Log.replace_segments`), on the log's thread.

    job = CleaningJob.of(log, due, ...)      on the log's thread
    job.read_keys()                          in the other thread
    while (new := job.write_next()):         in the other thread
        job.take_in(log, new)                on the log's thread
    job.finish()                             in the other thread

What is decided about records and segments stands in compaction.py, the names of the files in swap.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pykbroker.config.topic_settings import NEVER, TopicSettings
from pykbroker.files import Files
from pykbroker.log import swap
from pykbroker.log.compaction import Due, OffsetMap, Pass, Room, Source, Uncleanable, look
from pykbroker.log.compaction import first_dirty_offset as dirty_from
from pykbroker.log.index import OFFSET_ENTRY_SIZE, TIME_ENTRY_SIZE
from pykbroker.log.loading import scan
from pykbroker.log.log import Log
from pykbroker.log.pool import FilePool
from pykbroker.log.segment import (
    INDEX_SUFFIX,
    LOG_SUFFIX,
    TIME_INDEX_SUFFIX,
    Segment,
    SegmentLimits,
    offset_name,
)
from wire.records.batch import BatchHeader, Buffer, CorruptBatch, InvalidRecord, read_header
from wire.records.retain import without_records

PACE_BYTES = 64 * 1024  # read or written between two calls of `pace`

Pace = Callable[[int], None]
"""Called now and then with the bytes read or written since: it may wait, or raise to end the pass."""


def look_at(log: Log, stable_offset: int, settings: TopicSettings, now_ms: int) -> Due:
    """Whether a log is worth a pass. Looks up times only where settings ask for them. Raises: OSError."""
    first_dirty = dirty_from(log.cleaned_upto, log.log_start_offset, log.log_end_offset)
    return look(sources_of(log, settings), first_dirty, stable_offset, settings, now_ms)


def sources_of(log: Log, settings: TopicSettings) -> list[Source]:
    """All segments but the active one. Raises: OSError."""
    wants_newest = settings.min_compaction_lag_ms > 0
    wants_first = settings.max_compaction_lag_ms < NEVER
    found: list[Source] = []
    for segment, following in zip(log.segments, log.segments[1:], strict=False):
        newest_ms = segment.largest_timestamp() if wants_newest else -1
        if wants_newest and newest_ms < 0:
            newest_ms = segment.modified_ms()
        first_ms = segment.first_timestamp() if wants_first else -1
        found.append(Source(segment.base_offset, segment.size, following.base_offset, newest_ms, first_ms))
    return found


class NewSegment(NamedTuple):
    """A segment that was written. bases: of those whose place it is to take; the first is its own."""

    bases: list[int]
    size: int  # bytes


class CleaningJob:
    """One pass over one log.

    end_offset: up to where the log is clean after it, known after `read_keys`. cuts: the log's, when the pass began.
    """

    def __init__(
        self,
        files: Files,
        directory: str,
        sources: Sequence[Source],
        due: Due,
        settings: TopicSettings,
        last_offsets: dict[int, int],
        cuts: int,
        budget: int,
        now_ms: int,
        pace: Pace,
    ) -> None:
        """For `of`."""
        self._files = files
        self._directory = directory
        self._sources = sources
        self._settings = settings
        self._last_offsets = last_offsets
        self.cuts = cuts
        self._now_ms = now_ms
        self._pace = pace
        self._unpaced = 0
        self._map = OffsetMap(due.first_dirty, budget)
        self._first_dirty = due.first_dirty
        self._pass: Pass | None = None
        self._waiting: deque[Source] = deque()  # sources that are not copied yet
        self.keys = 0  # different ones that the map holds
        self.bytes_read = self.bytes_written = 0

    @classmethod
    def of(
        cls, log: Log, due: Due, settings: TopicSettings, budget: int, now_ms: int, pace: Pace
    ) -> CleaningJob:
        """budget: bytes for the map of keys. The log must be flushed up to due.first_uncleanable."""
        sources = [
            source for source in sources_of(log, settings) if source.next_base <= due.first_uncleanable
        ]
        last_offsets = {
            producer_id: entry.batches[-1].last_offset
            for producer_id, entry in log.producers.entries.items()
            if entry.batches
        }
        return cls(
            log.pool.files, log.path, sources, due, settings, last_offsets, log.cuts, budget, now_ms, pace
        )

    @property
    def end_offset(self) -> int:
        return self._map.end_offset

    def read_keys(self) -> None:
        """Fills the map from the dirty part. Raises: OSError, Uncleanable, and what `pace` does."""
        for source in self._sources:
            if source.next_base <= self._first_dirty:
                continue
            for header, batch in self._batches(source):
                if header.last_offset < self._first_dirty:
                    continue
                if self._map.is_full:
                    return
                try:
                    self._map.take(batch, header)
                except (InvalidRecord, CorruptBatch) as error:
                    raise unreadable(header, error) from None
            self._map.end_offset = max(self._map.end_offset, source.next_base)

    def write_next(self) -> NewSegment | None:
        """Writes the next segment that differs from what is there. It is durable, under .cleaned names. None: no more.

        Raises: OSError, Uncleanable, and what `pace` does; the files are then removed.
        """
        if self._pass is None:
            self._pass = self._begin()
        waiting = self._waiting
        while waiting:
            source = waiting.popleft()
            same = self._unchanged(source)
            room = Room(source.base_offset, 1, source.size, self._index_size(source))
            if same == source.size and not (waiting and self._fits(room, waiting[0])):
                continue
            return self._write(source, same)
        return None

    def _begin(self) -> Pass:
        self.keys = len(self._map)
        self._waiting.extend(source for source in self._sources if source.base_offset < self.end_offset)
        return Pass(
            self._map.parts,
            self.end_offset,
            self._last_offsets,
            self._now_ms,
            self._settings.delete_retention_ms,
        )

    def _fits(self, room: Room, following: Source) -> bool:
        return room.has(following, self._index_size(following), self._settings)

    def _index_size(self, source: Source) -> int:
        prefix = self._prefix(source)
        found = 0
        for suffix in (INDEX_SUFFIX, TIME_INDEX_SUFFIX):
            try:
                found = max(found, self._files.size(prefix + suffix))
            except FileNotFoundError:
                continue
        return found

    def _unchanged(self, source: Source) -> int:
        """Bytes from the start of a segment that stay as they are, if it is not joined with another."""
        position = 0
        for header, batch in self._batches(source):
            is_bare_end = not header.count and position + len(batch) == source.size  # which stays there
            if not is_bare_end and self._kept(batch, header) is not batch:
                break  # the rest is looked at when it is copied
            position += len(batch)
        return position

    def _write(self, source: Source, same: int) -> NewSegment:
        """A new segment of this source and those after it for which there is room."""
        prefix = self._prefix(source)
        swap.discard(self._files, prefix)
        settings = self._settings
        limits = SegmentLimits(settings.index_interval_bytes, settings.segment_index_bytes)
        new = Segment(
            FilePool(self._files),
            self._directory,
            source.base_offset,
            0,
            limits,
            self._now_ms,
            suffix=swap.CLEANED_SUFFIX,
        )
        bases = [source.base_offset]
        try:
            new.create()
            left_out = self._copy(source, new, same)
            while self._waiting and self._fits(room_of(new, bases), self._waiting[0]):
                following = self._waiting.popleft()
                bases.append(following.base_offset)
                left_out = self._copy(following, new) if following.size else left_out
            if left_out is not None:
                self._append(new, without_records(left_out), left_out)
            new.seal()
            last = f"{self._directory}/{offset_name(bases[-1])}{LOG_SUFFIX}"
            self._files.set_modified_ms(new.handle.path, self._files.modified_ms(last))
            self._make_durable(prefix)
        except BaseException:
            new.retire()
            swap.discard(self._files, prefix)
            raise
        new.retire()
        return NewSegment(bases, new.size)

    def _copy(self, source: Source, new: Segment, same: int = 0) -> BatchHeader | None:
        """Copies what stays of a source; the header of its last batch if that does not.

        same: bytes at its start that are known to stay.
        """
        position = 0
        left_out = None
        for header, batch in self._batches(source):
            kept = batch if position < same and header.count else self._kept(batch, header)
            position += len(batch)
            left_out = header if kept is None else None
            if kept is not None:
                self._append(new, kept, header)
        return left_out

    def _append(self, new: Segment, kept: Buffer, header: BatchHeader) -> None:
        new.append([kept], len(kept), header.last_offset, read_header(kept).max_timestamp)
        self.bytes_written += len(kept)
        self._note(len(kept))

    def _kept(self, batch: memoryview, header: BatchHeader) -> Buffer | None:
        assert self._pass is not None
        try:
            return self._pass.copy(batch, header)
        except (InvalidRecord, CorruptBatch) as error:
            raise unreadable(header, error) from None

    def _make_durable(self, prefix: str) -> None:
        for suffix in swap.NEW_FILES:
            file = self._files.open(prefix + suffix + swap.CLEANED_SUFFIX)
            try:
                file.fsync()
            finally:
                file.close()

    def take_in(self, log: Log, new: NewSegment) -> list[str] | None:
        """Lets the log have a segment that `write_next` wrote. The paths of files to be removed; None if its sources are not
        the log's segments any more: then the pass has to end.

        Raises: OSError.
        """
        return log.replace_segments(new.bases, new.size, self.cuts)

    def discard(self, new: NewSegment) -> None:
        """Removes a segment that the log did not take. Raises: OSError."""
        swap.discard(self._files, f"{self._directory}/{offset_name(new.bases[0])}")

    def finish(self) -> None:
        """Makes the exchanged names durable: only then may a checkpoint say that the log is clean. Raises: OSError."""
        self._map.free()
        self._files.sync_directory(self._directory)

    # reading

    def _prefix(self, source: Source) -> str:
        return f"{self._directory}/{offset_name(source.base_offset)}"

    def _batches(self, source: Source) -> Iterator[tuple[BatchHeader, memoryview]]:
        """Every batch of a segment. Raises: Uncleanable where one is damaged."""
        file = self._files.open(self._prefix(source) + LOG_SUFFIX, write=False)
        done = 0
        try:
            for position, header, batch in scan(file, 0, source.size, verify=True):
                yield header, batch
                done = position + len(batch)
                self.bytes_read += len(batch)
                self._note(len(batch))
        finally:
            file.close()
        if done != source.size:
            raise Uncleanable(f"there is no valid batch at byte {done} of segment {source.base_offset}")

    def _note(self, count: int) -> None:
        self._unpaced += count
        if self._unpaced >= PACE_BYTES:
            self._pace(self._unpaced)
            self._unpaced = 0


def room_of(new: Segment, bases: Sequence[int]) -> Room:
    index_size = max(len(new.index) * OFFSET_ENTRY_SIZE, len(new.times) * TIME_ENTRY_SIZE)
    return Room(new.base_offset, len(bases), new.size, index_size)


def unreadable(header: BatchHeader, error: Exception) -> Uncleanable:
    return Uncleanable(f"the batch at offset {header.base_offset} cannot be read: {error}")
