"""The two sparse indexes of a segment, in memory as columns and on disk in Kafka's format.

    .index      { relative_offset int32 | position int32 }    the last offset of the batch that begins at that position
    .timeindex  { timestamp int64 | relative_offset int32 }   the largest timestamp so far, and the last offset of its batch

An entry is made when more than `index.interval.bytes` were appended since the last one. Offsets are relative to the
segment's base offset. Kafka preallocates and maps these files, so after its crash they end in zeros; it trims them
when it closes or rolls a segment. Ours are written when a segment is sealed, flushed or closed and hold entries only:
until then the entries are in memory, since after a crash everything behind the recovery point is scanned and indexed
again in any case.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from itertools import islice
from operator import le, lt
from struct import Struct

from wire.records.batch import Buffer

OFFSET_ENTRY_SIZE = 8
TIME_ENTRY = Struct(">qi")
TIME_ENTRY_SIZE = TIME_ENTRY.size  # 12
MAX_RELATIVE = (1 << 31) - 1
SWAP = sys.byteorder == "little"


class OffsetIndex:
    """Offset to position. Offsets are relative to the segment's base offset."""

    __slots__ = ("offsets", "positions", "saved", "stale")

    def __init__(self) -> None:
        self.offsets = array("i")
        self.positions = array("i")
        self.saved = 0  # entries that the file holds, and that are right there
        self.stale = True  # the file is missing, or holds other than these entries

    @classmethod
    def decode(cls, data: Buffer) -> OffsetIndex | None:
        """The index that a file holds, without the zeros behind it; None if the file makes no sense."""
        used = -(-len(bytes(data).rstrip(b"\0")) // OFFSET_ENTRY_SIZE) * OFFSET_ENTRY_SIZE
        if used > len(data):
            return None
        columns = array("i", bytes(data[:used]))
        if SWAP:
            columns.byteswap()
        index = cls()
        index.offsets, index.positions = columns[0::2], columns[1::2]
        index.saved = len(index.offsets)
        index.stale = used != len(data)
        return index if _rises(index.offsets) and _rises(index.positions) else None

    def encode(self, start: int = 0) -> bytes:
        """Entries from number `start` on, as the file holds them."""
        columns = array("i", bytes((len(self.offsets) - start) * OFFSET_ENTRY_SIZE))
        columns[0::2], columns[1::2] = self.offsets[start:], self.positions[start:]
        if SWAP:
            columns.byteswap()
        return columns.tobytes()

    def __len__(self) -> int:
        return len(self.offsets)

    def append(self, relative_offset: int, position: int) -> None:
        self.offsets.append(relative_offset)
        self.positions.append(position)
        self.stale = True

    def lookup(self, relative_offset: int) -> int:
        """A position at or before the batch that holds the offset: the closest that is known."""
        slot = bisect_right(self.offsets, relative_offset) - 1
        return self.positions[slot] if slot >= 0 else 0

    def boundary_at_or_before(self, position: int) -> int:
        """The largest indexed batch start that is not behind `position`; 0 if there is none."""
        slot = bisect_right(self.positions, position) - 1
        return self.positions[slot] if slot >= 0 else 0

    def truncate(self, position: int) -> None:
        """Drops the entries of batches that begin at `position` or behind."""
        keep = bisect_left(self.positions, position)
        del self.offsets[keep:], self.positions[keep:]
        self.saved = min(self.saved, keep)
        self.stale = True


class TimeIndex:
    """Timestamp to offset. Both columns rise."""

    __slots__ = ("offsets", "saved", "stale", "timestamps")

    def __init__(self) -> None:
        self.timestamps = array("q")
        self.offsets = array("i")
        self.saved = 0
        self.stale = True

    @classmethod
    def decode(cls, data: Buffer) -> TimeIndex | None:
        """The index that a file holds, without the zeros behind it; None if the file makes no sense."""
        used = -(-len(bytes(data).rstrip(b"\0")) // TIME_ENTRY_SIZE) * TIME_ENTRY_SIZE
        if not used and len(data) == TIME_ENTRY_SIZE:
            used = TIME_ENTRY_SIZE  # timestamp 0 at the base offset, and nothing preallocated
        if used > len(data):
            return None
        index = cls()
        for timestamp, offset in TIME_ENTRY.iter_unpack(data[:used]):
            index.timestamps.append(timestamp)
            index.offsets.append(offset)
        index.saved = len(index.offsets)
        index.stale = used != len(data)
        return index if _rises(index.timestamps) and _rises(index.offsets, le) else None

    def encode(self, start: int = 0) -> bytes:
        """Entries from number `start` on, as the file holds them."""
        return b"".join(map(TIME_ENTRY.pack, self.timestamps[start:], self.offsets[start:]))

    def __len__(self) -> int:
        return len(self.offsets)

    def append(self, timestamp: int, relative_offset: int) -> None:
        """Adds an entry if the timestamp is larger than the last one's."""
        if timestamp > (self.timestamps[-1] if self.timestamps else -1):
            self.timestamps.append(timestamp)
            self.offsets.append(relative_offset)
            self.stale = True

    def lookup(self, timestamp: int) -> int:
        """A relative offset before which every record is older than `timestamp`, its batch excepted."""
        slot = bisect_right(self.timestamps, timestamp) - 1
        return self.offsets[slot] if slot >= 0 else 0

    def truncate(self, relative_offset: int) -> None:
        """Drops the entries of offsets from `relative_offset` on."""
        keep = bisect_left(self.offsets, relative_offset)
        del self.timestamps[keep:], self.offsets[keep:]
        self.saved = min(self.saved, keep)
        self.stale = True


def _rises(column: array[int], in_order: Callable[[int, int], bool] = lt) -> bool:
    if column and column[0] < 0:
        return False
    return all(map(in_order, column, islice(column, 1, None)))
