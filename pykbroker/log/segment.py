"""One segment of a log: a file of record batches and its two indexes.

Appends go to the end that `size` states, which may lie before the end of the file: behind it can stand zeros that
were preallocated, or what a failed write left. Positions are found by the offset index and a walk over batch headers
from there. Reads return whole batches. Where one ended is remembered for a few readers, so that a consumer that reads
on pays neither the lookup nor the walk.

Nothing here waits, locks or knows the time; one thread calls it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Sequence
from struct import Struct
from typing import NamedTuple, TypeVar

from pykbroker.config.topic_settings import TopicSettings
from pykbroker.files import Buffer
from pykbroker.log.index import OFFSET_ENTRY_SIZE, TIME_ENTRY_SIZE, OffsetIndex, TimeIndex
from pykbroker.log.pool import FilePool, Handle
from wire.records.batch import HEADER_SIZE, LOG_OVERHEAD

LOG_SUFFIX = ".log"
INDEX_SUFFIX = ".index"
TIME_INDEX_SUFFIX = ".timeindex"
TXN_INDEX_SUFFIX = ".txnindex"
DELETED_SUFFIX = ".deleted"  # behind those above: the file is to be removed
SEGMENT_SUFFIXES = (LOG_SUFFIX, INDEX_SUFFIX, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX)

STEP = Struct(
    ">qi11xi8xq"
)  # base_offset, batch_length, last_offset_delta, max_timestamp: what a walk needs of a header
STEP_SIZE = STEP.size
WALK_CHUNK = 8 * 1024  # bytes read at once while walking headers
REMEMBERED_ENDS = 16  # readers whose place is known

IndexT = TypeVar("IndexT", OffsetIndex, TimeIndex)


def offset_name(offset: int) -> str:
    """Kafka's name of a file that belongs to an offset."""
    return f"{offset:020d}"


class Place(NamedTuple):
    """A batch in a segment's file."""

    position: int
    size: int
    base_offset: int
    last_offset: int
    max_timestamp: int  # ms


_new_place = tuple.__new__  # twice as fast as Place(...), and a walk makes many


class SegmentLimits(NamedTuple):
    """How densely and how far batches are indexed, and how a segment's file begins."""

    interval_bytes: int  # index.interval.bytes
    index_bytes: int  # segment.index.bytes: the size at which an index file is full
    preallocate_bytes: int = 0  # room made for a new segment at once

    @classmethod
    def of(cls, settings: TopicSettings) -> SegmentLimits:
        preallocate_bytes = settings.segment_bytes if settings.preallocate else 0
        return cls(settings.index_interval_bytes, settings.segment_index_bytes, preallocate_bytes)


class Segment:
    """A segment and what is known of it. `prefix` is its path without suffix."""

    __slots__ = (
        "_ends",
        "_index",
        "_pool",
        "_since_entry",
        "_times",
        "_torn",
        "base_offset",
        "created_ms",
        "handle",
        "indexes_full",
        "limits",
        "max_timestamp",
        "max_timestamp_offset",
        "prefix",
        "roll_timestamp",
        "sealed",
        "size",
        "suffix",
    )

    def __init__(
        self,
        pool: FilePool,
        directory: str,
        base_offset: int,
        size: int,
        limits: SegmentLimits,
        now_ms: int,
        suffix: str = "",
    ) -> None:
        self._pool = pool
        self.suffix = suffix  # behind the names of the files, while they are not part of a log
        self.prefix = f"{directory}/{offset_name(base_offset)}"
        self.base_offset = base_offset
        self.size = size  # bytes of whole, valid batches
        self.created_ms = now_ms
        self.handle = Handle(pool, self.prefix + LOG_SUFFIX + suffix)
        self.limits = limits
        self.indexes_full = False
        self.sealed = False  # gets no more batches
        self._index: OffsetIndex | None = None if size else OffsetIndex()
        self._times: TimeIndex | None = None if size else TimeIndex()
        self._since_entry = 0
        self._torn = False
        self._ends: dict[int, int] = {}  # offset that a reader asks for next: position
        self.max_timestamp = -1  # known once the time index is loaded
        self.max_timestamp_offset = base_offset
        self.roll_timestamp: int | None = (
            None  # max_timestamp of the first batch, None: no batch, or not looked at
        )

    def create(self) -> None:
        """Makes the file, empty; what a failed attempt left is cut off."""
        try:
            file = self.handle.open(create=True)
            file.truncate(0)
            if self.limits.preallocate_bytes:
                file.allocate(self.limits.preallocate_bytes)
        except OSError:
            self.delete()  # an empty segment left behind would hide what an earlier one gets from now on
            raise

    # appending

    def append(self, buffers: Sequence[Buffer], length: int, last_offset: int, max_timestamp: int) -> None:
        """Writes `buffers` (`length` bytes of whole batches) at the end.

        Raises: OSError; the segment is then as it was, and takes the next append as if nothing had happened.
        """
        position = self.size
        if self._torn:
            self._repair()
        file = self.handle.open()
        try:
            file.pwritev(buffers, length, position)
        except OSError:
            self._torn = True
            self._repair_if_possible()
            raise
        self.size = position + length
        if position == 0:
            self.roll_timestamp = max_timestamp
        if max_timestamp > self.max_timestamp:
            self.max_timestamp = max_timestamp
            self.max_timestamp_offset = last_offset
        if self._since_entry > self.limits.interval_bytes:
            self.add_entry(last_offset, position)
        self._since_entry += length

    def add_entry(self, last_offset: int, position: int) -> None:
        """An index entry for the batch at `position`, which ends with `last_offset`."""
        index, times = self.index, self.times
        index.append(last_offset - self.base_offset, position)
        times.append(self.max_timestamp, self.max_timestamp_offset - self.base_offset)
        self._since_entry = 0
        self._look_whether_full(index, times)

    def _look_whether_full(self, index: OffsetIndex, times: TimeIndex) -> None:
        room = self.limits.index_bytes
        self.indexes_full = (
            len(index) >= room // OFFSET_ENTRY_SIZE or len(times) >= room // TIME_ENTRY_SIZE - 1
        )

    def _repair(self) -> None:
        """Cuts off what a failed write left behind the end."""
        self.handle.open().truncate(self.size)
        self._torn = False

    def _repair_if_possible(self) -> None:
        try:
            self._repair()
        except OSError:
            return  # stays torn: the next append tries again before it writes

    # finding and reading

    @property
    def index(self) -> OffsetIndex:
        if self._index is None:
            self._load_indexes()
            assert self._index is not None
        return self._index

    @property
    def times(self) -> TimeIndex:
        if self._times is None:
            self._load_indexes()
            assert self._times is not None
        return self._times

    def locate(self, offset: int) -> Place | None:
        """The first batch whose last offset is at or above `offset`, None if the segment ends before."""
        for place in self.walk(self.index.lookup(offset - self.base_offset)):
            if place[3] >= offset:
                return place
        return None

    def walk(self, position: int, end: int | None = None) -> Iterator[Place]:
        """Every batch that begins at `position` or behind and before `end`, by its header; checks no checksum.

        Raises: OSError (EIO) where the file holds no batch.
        """
        limit = self.size if end is None else end
        file = self.handle.open()
        chunk = b""
        chunk_start = position
        while position < limit:
            at = position - chunk_start
            if at + STEP_SIZE > len(chunk):
                chunk = file.pread(min(WALK_CHUNK, self.size - position), position)
                chunk_start, at = position, 0
                if len(chunk) < STEP_SIZE:
                    raise self._damaged(position)
            base_offset, length, delta, timestamp = STEP.unpack_from(chunk, at)
            size = length + LOG_OVERHEAD
            if size < HEADER_SIZE or position + size > self.size:
                raise self._damaged(position)
            yield _new_place(Place, (position, size, base_offset, base_offset + delta, timestamp))
            position += size

    def _damaged(self, position: int) -> OSError:
        return OSError(errno.EIO, f"no record batch at byte {position}", self.handle.path)

    def read(self, offset: int, max_bytes: int, end: int, end_offset: int, min_one: bool) -> bytes | None:
        """Whole batches from the one that holds `offset`, at most `max_bytes`, none from position `end` on.

        end_offset: the offset that `end` stands for. min_one: the first batch comes even if it is larger than `max_bytes`.
        Returns b"" if the limits leave nothing, None if the segment ends before `offset`.
        """
        start = self._ends.pop(offset, None)
        if start is None:
            place = self.locate(offset)
            if place is None:
                return None
            start = place.position
        if start >= end:
            return b""
        stop, next_offset = end, end_offset
        if end - start > max_bytes:
            stop, next_offset = self._last_boundary(start, max_bytes, min_one)
            if stop == start:
                return b""
        if len(self._ends) >= REMEMBERED_ENDS:
            self._ends.clear()
        self._ends[next_offset] = stop
        data = self.handle.open().pread(stop - start, start)
        if len(data) < stop - start:
            raise self._damaged(start + len(data))
        return data

    def _last_boundary(self, start: int, max_bytes: int, min_one: bool) -> tuple[int, int]:
        """(position, offset there) of the last end of a batch within `max_bytes` behind `start`."""
        limit = start + max_bytes
        for place in self.walk(max(self.index.boundary_at_or_before(limit), start)):
            position, size, base_offset, last_offset, _ = place
            if position + size <= limit:
                continue
            if position == start and min_one:
                return position + size, last_offset + 1
            return position, base_offset
        raise AssertionError("the segment ends before a limit that lies inside it")

    def next_offset(self) -> int:
        """The offset behind the last batch, found from the last index entry on.

        Raises: OSError where the file does not hold whole batches.
        """
        last = self.base_offset - 1
        if self.size:
            for place in self.walk(self.index.positions[-1] if self.index.positions else 0):
                last = place.last_offset
        return last + 1

    def read_batch(self, place: Place) -> bytes:
        """The bytes of one batch."""
        data = self.handle.open().pread(place.size, place.position)
        if len(data) < place.size:
            raise self._damaged(place.position)
        return data

    def find_timestamp(self, timestamp: int, from_offset: int) -> Iterator[tuple[Place, bytes]]:
        """Each batch that reaches `timestamp` and holds offsets from `from_offset` on, in order."""
        relative = max(self.times.lookup(timestamp), from_offset - self.base_offset)
        for place in self.walk(self.index.lookup(relative)):
            if place.last_offset < from_offset:
                continue
            if place.max_timestamp >= timestamp:
                yield place, self.read_batch(place)

    def largest_timestamp(self) -> int:
        """The largest timestamp of all batches, -1 if none has one."""
        if self._times is None and self.max_timestamp < 0:
            self._load_indexes()
        return self.max_timestamp

    def retention_timestamp(self) -> int:
        """What its age is counted from: the largest timestamp, or when the file was last written to if no record has one.

        Indexes of a segment that nobody uses are only looked at: a thousand idle logs must not fill the memory with them.
        Raises: OSError.
        """
        idle = self._times is None and not self.sealed
        newest = self.largest_timestamp()
        if idle:
            self._index = self._times = None
        return newest if newest >= 0 else self.modified_ms()

    def first_timestamp(self) -> int:
        """max_timestamp of the first batch, -1 if there is none: what rolling by time goes by."""
        if self.roll_timestamp is None:
            if not self.size:
                return -1
            self.roll_timestamp = next(self.walk(0)).max_timestamp
        return self.roll_timestamp

    # indexes on disk

    def _load_indexes(self) -> None:
        """Reads both files; where one is missing or makes no sense, both are made again from the batches' headers."""
        index = self._read_index(INDEX_SUFFIX, OffsetIndex.decode)
        times = self._read_index(TIME_INDEX_SUFFIX, TimeIndex.decode)
        if index is None or times is None or (index.positions and index.positions[-1] >= self.size):
            self.rebuild_indexes()
            return
        self._index, self._times = index, times
        self._look_whether_full(index, times)
        self._pool.note_loaded(self)
        if times.timestamps and times.timestamps[-1] > self.max_timestamp:
            self.max_timestamp = times.timestamps[-1]
            self.max_timestamp_offset = self.base_offset + times.offsets[-1]

    def _read_index(self, suffix: str, decode: Callable[[Buffer], IndexT | None]) -> IndexT | None:
        try:
            return decode(self._pool.files.read(self.prefix + suffix + self.suffix))
        except FileNotFoundError:
            return None

    def rebuild_indexes(self) -> None:
        """Makes both indexes from the headers of all batches."""
        self.reset_indexes()
        for place in self.walk(0):
            self.note_batch(place.position, place.size, place.last_offset, place.max_timestamp)
        if self.sealed:
            self.save_indexes(final=True)
            self._pool.note_loaded(self)

    def reset_indexes(self) -> None:
        self._index, self._times = OffsetIndex(), TimeIndex()
        self._since_entry = 0
        self.indexes_full = False
        self.max_timestamp = -1
        self.max_timestamp_offset = self.base_offset
        self.roll_timestamp = None
        self._ends.clear()

    def note_batch(self, position: int, size: int, last_offset: int, max_timestamp: int) -> None:
        """What `append` notes of a batch, for one that stands in the file already."""
        if position == 0:
            self.roll_timestamp = max_timestamp
        if max_timestamp > self.max_timestamp:
            self.max_timestamp = max_timestamp
            self.max_timestamp_offset = last_offset
        if self._since_entry > self.limits.interval_bytes:
            self.add_entry(last_offset, position)
        self._since_entry += size

    def save_indexes(self, *, final: bool) -> bool:
        """Writes the entries that the files lack; whether there were any. final: the largest timestamp is noted too."""
        if self._index is None or self._times is None:
            return False
        if final:
            self._times.append(self.max_timestamp, self.max_timestamp_offset - self.base_offset)
        written = False
        for suffix, index, entry_size in (
            (INDEX_SUFFIX, self._index, OFFSET_ENTRY_SIZE),
            (TIME_INDEX_SUFFIX, self._times, TIME_ENTRY_SIZE),
        ):
            if not index.stale:
                continue
            file = self._pool.files.open(self.prefix + suffix + self.suffix, create=True)
            try:
                file.truncate(index.saved * entry_size)
                if len(index) > index.saved:
                    data = index.encode(index.saved)
                    file.pwritev([data], len(data), index.saved * entry_size)
            finally:
                file.close()
            index.saved = len(index)
            index.stale = False
            written = True
        return written

    def seal(self) -> bool:
        """No more batches come: writes the indexes and gives back preallocated room. Whether anything was written."""
        written = self.save_indexes(final=True)
        if self.limits.preallocate_bytes or self._torn:
            self.trim()
        self.sealed = True
        self._pool.note_loaded(self)
        return written

    def forget_indexes(self) -> None:
        """Drops a sealed segment's indexes from memory: the next reader loads them."""
        if self.sealed and self.size:
            self._index = self._times = None

    def modified_ms(self) -> int:
        """When the segment's file was last written to, ms since the epoch. Raises: OSError."""
        return self._pool.files.modified_ms(self.handle.path)

    # ending

    def trim(self) -> None:
        """Cuts off what stands behind the end: preallocated room, or what a failed write left."""
        self.handle.open().truncate(self.size)
        self._torn = False

    def truncate(self, offset: int) -> int:
        """Drops the batch that holds `offset` and all behind it; returns the number of bytes dropped."""
        place = self.locate(offset)
        if place is None:
            return 0
        dropped = self.size - place.position
        self.handle.open().truncate(place.position)
        self.size = place.position
        self._cut_indexes(place.position)
        return dropped

    def _cut_indexes(self, position: int) -> None:
        """Drops what the indexes say of batches from `position` on, and finds the largest timestamp again."""
        index, times = self.index, self.times
        index.truncate(position)
        # A time entry is made together with an offset entry, and speaks of that batch or an earlier one.
        times.truncate(index.offsets[-1] + 1 if index.offsets else 0)
        self.max_timestamp = times.timestamps[-1] if times.timestamps else -1
        self.max_timestamp_offset = self.base_offset + (times.offsets[-1] if times.offsets else 0)
        self._ends.clear()
        self._since_entry = 0
        self._look_whether_full(index, times)
        start = index.positions[-1] if index.positions else 0
        if not start:
            self.roll_timestamp = None
        for place in self.walk(start):
            if place.max_timestamp > self.max_timestamp:
                self.max_timestamp = place.max_timestamp
                self.max_timestamp_offset = place.last_offset

    def delete(self) -> None:
        """Removes the segment's files, the batches first: indexes without batches are removed at the next start."""
        self.retire()
        for suffix in SEGMENT_SUFFIXES:
            self._pool.files.unlink(self.prefix + suffix + self.suffix)

    def set_aside(self) -> list[str]:
        """Takes the segment's files out of the log, under names by which the next start removes them; returns these.

        Raises: OSError.
        """
        aside = []
        for suffix in SEGMENT_SUFFIXES:
            path = self.prefix + suffix
            try:
                self._pool.files.rename(path, path + DELETED_SUFFIX)
            except FileNotFoundError:
                continue  # of the indexes, not every segment has all
            aside.append(path + DELETED_SUFFIX)
        self.retire()
        return aside

    def retire(self) -> None:
        """Closes the file for good."""
        self.handle.retire()
        self._pool.forget_loaded(self)
