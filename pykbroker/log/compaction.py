"""What compaction decides: what of a log is dirty, whether it is worth a pass, how far a new segment is filled, what stays.

Theory of operation. A log with cleanup.policy=compact keeps the last record of each key. It has a clean head, cleaned by
earlier passes, and a dirty rest; where the one ends is the first dirty offset, kept in cleaner-offset-checkpoint. A pass

1. reads the keys of the dirty part into a map from key to last offset (up to the memory that log.cleaner.dedupe.buffer.size
   gives; the pass then reaches as far as the map, and another one follows);
2. copies all segments up to there, from the log's start, without the records whose key the map knows at a higher offset.
   One follows the other into the same new segment as long as there is room.

Never touched: the active segment, what is above the high watermark, and all from the first segment on that holds a record
younger than min.compaction.lag.ms.

A record without a value, a tombstone, is the last of its key until it goes itself. The pass that first copies it gives its
batch a delete horizon, delete.retention.ms ahead (KIP-534); a pass after that time leaves it out. So a reader that gets from
the log's start to its end within delete.retention.ms sees every deletion.

Batches keep base and last offset. One in which nothing is left goes, but for two kinds, which stay as bare headers: the
last batch of each producer that is still known, because its sequence has to survive a replay of the log, and the last one
of each new segment, so that segments go on to meet without a hole. (Kafka keeps the last one of a pass. With it at
every segment a reader and a recovery need not know that the log is compacted.)

Everything here is pure; the files are cleaner.py's. Kafka's counterparts are Cleaner and LogCleanerManager.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pykbroker.config.topic_settings import TopicSettings
from pykbroker.log.index import MAX_RELATIVE
from wire.records.batch import DELETE_HORIZON_BIT, BatchHeader, Buffer
from wire.records.compression import DEFAULT_LIMIT
from wire.records.record import unpack_records
from wire.records.retain import RawRecord, raw_records, with_records, without_records

MOST_SEGMENTS = 50
"""Segments that become one at once: the loop renames three files of each in one go."""

KEY_COST = 150
"""Bytes that a key costs in the map beside its own length: measured, see docs/decisions/0007-compaction.md."""

PARTS = 256
"""Dicts that make up the map of keys."""


class Uncleanable(Exception):
    """A log that cannot be compacted, and why. It stays as it is."""


class Source(NamedTuple):
    """A sealed segment as a pass sees it."""

    base_offset: int
    size: int  # bytes
    next_base: int  # where the following segment begins
    newest_ms: int  # largest timestamp in it, -1 if none
    first_ms: int  # max_timestamp of its first batch, -1 if none


class Due(NamedTuple):
    """What a pass over a log would do. Offsets are where segments begin, but for first_dirty."""

    first_dirty: int
    first_uncleanable: int
    ratio: float  # dirty bytes in all that can be cleaned
    is_due: bool


def first_dirty_offset(checkpointed: int, log_start: int, log_end: int) -> int:
    """Where the dirty part begins. A checkpoint outside of the log says nothing: all of it is dirty."""
    return checkpointed if log_start <= checkpointed <= log_end else log_start


def look(
    sources: Sequence[Source], first_dirty: int, stable_offset: int, settings: TopicSettings, now_ms: int
) -> Due:
    """Whether a log is worth a pass. sources: all segments but the active one.

    stable_offset: below it nothing changes any more. (LogCleanerManager.cleanableOffsets, LogToClean)
    """
    dirty = [source for source in sources if source.next_base > first_dirty]
    cleanable: list[Source] = []
    youngest_ms = now_ms - settings.min_compaction_lag_ms
    for source in dirty:
        too_young = settings.min_compaction_lag_ms > 0 and source.newest_ms > youngest_ms
        if source.next_base > stable_offset or too_young:
            break
        cleanable.append(source)
    if not cleanable:
        return Due(first_dirty, first_dirty, 0.0, False)
    clean_bytes = sum(source.size for source in sources if source.next_base <= first_dirty)
    dirty_bytes = sum(source.size for source in cleanable)
    ratio = dirty_bytes / (clean_bytes + dirty_bytes) if dirty_bytes else 0.0
    overdue_ms = now_ms - settings.max_compaction_lag_ms
    overdue = any(0 < source.first_ms < overdue_ms for source in dirty)
    is_due = dirty_bytes > 0 and (overdue or ratio > settings.min_cleanable_dirty_ratio)
    return Due(first_dirty, cleanable[-1].next_base, ratio, is_due)


class Room(NamedTuple):
    """How far a new segment has been filled."""

    first_base: int
    sources: int  # that have gone into it
    size: int  # bytes
    index_size: int  # bytes of the larger one of its indexes

    def has(self, following: Source, index_size: int, settings: TopicSettings) -> bool:
        """Whether the following source, with an index of that size, goes in too, even if all of it stays."""
        return (
            self.size + following.size <= settings.segment_bytes
            and self.index_size + index_size <= settings.segment_index_bytes
            and self.sources < MOST_SEGMENTS
            and following.next_base - 1 - self.first_base <= MAX_RELATIVE
        )


class OffsetMap:
    """The last offset of each key, for as many keys as fit into `budget` bytes; whole batches, and one in any case.

    Many small dicts by the key's hash: one that grows, or is freed, holds up all threads until it is done, and with 700,000
    keys in it that took 55 ms.
    """

    def __init__(self, first_dirty: int, budget: int) -> None:
        self.parts: list[dict[bytes, int]] = [{} for _ in range(PARTS)]
        self.end_offset = first_dirty  # all below is taken in
        self._first_dirty = first_dirty
        self._left = budget

    @property
    def is_full(self) -> bool:
        return self._left < 0

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def take(self, batch: Buffer, header: BatchHeader, limit: int = DEFAULT_LIMIT) -> None:
        """Takes in a batch. Raises: Uncleanable; InvalidRecord, CorruptBatch."""
        if header.is_control or header.is_transactional:
            raise Uncleanable("it holds transactions, which are not served yet")
        parts = self.parts
        cost = 0
        for _, _, _, _, offset, key, _ in raw_records(unpack_records(batch, header, 0, limit), header):
            if key is not None and offset >= self._first_dirty:
                part = parts[hash(key) % PARTS]
                if key not in part:
                    cost += KEY_COST + len(key)
                part[key] = offset
        self._left -= cost
        self.end_offset = max(self.end_offset, header.next_offset)

    def free(self) -> None:
        """Gives the memory back, part by part."""
        while self.parts:
            self.parts.pop()


@dataclass(frozen=True, slots=True)
class Pass:
    """What a pass knows when it copies batches.

    parts: of the map. end_offset: batches from here on stay as they are, the map has not seen them. last_offsets: of
    each known producer's last batch, by producer id.
    """

    parts: Sequence[Mapping[bytes, int]]
    end_offset: int
    last_offsets: Mapping[int, int]
    now_ms: int
    delete_retention_ms: int

    def copy(self, batch: Buffer, header: BatchHeader, limit: int = DEFAULT_LIMIT) -> Buffer | None:
        """What stays of a batch: the batch itself where all of it does, None where nothing.

        Raises: Uncleanable; InvalidRecord, CorruptBatch.
        """
        if header.is_control or header.is_transactional:
            raise Uncleanable("it holds transactions, which are not served yet")
        if header.base_offset >= self.end_offset:
            return batch  # the map has not seen it
        data = unpack_records(batch, header, 0, limit)
        kept, has_tombstones = self._kept(data, header)
        if not kept:
            return without_records(header) if self._keeps_a_sequence(header) else None
        has_horizon = header.attributes & DELETE_HORIZON_BIT != 0
        if has_tombstones and not has_horizon:
            return with_records(header, data, kept, self.now_ms + self.delete_retention_ms)
        if len(kept) == header.count:
            return batch
        return with_records(header, data, kept)

    def _kept(self, data: bytes, header: BatchHeader) -> tuple[list[RawRecord], bool]:
        """(the records that stay, whether a tombstone is among them)."""
        parts = self.parts
        has_horizon = header.attributes & DELETE_HORIZON_BIT != 0
        tombstones_go = has_horizon and self.now_ms >= header.base_timestamp
        kept: list[RawRecord] = []
        has_tombstones = False
        for record in raw_records(data, header):
            _, _, _, _, offset, key, is_tombstone = record
            if key is None or (is_tombstone and tombstones_go):
                continue
            if parts[hash(key) % PARTS].get(key, -1) > offset:
                continue
            kept.append(record)
            has_tombstones = has_tombstones or is_tombstone
        return kept, has_tombstones

    def _keeps_a_sequence(self, header: BatchHeader) -> bool:
        """Whether a known producer's last sequence stands here."""
        return header.producer_id >= 0 and self.last_offsets.get(header.producer_id) == header.last_offset
