"""Finding records by their time, exact to the record, inside compressed batches too (KIP-33, KIP-734).

A segment whose largest timestamp is too small is passed over; in the first that is not, the time index gives an offset, the
offset index a position, headers are walked from there, and only a batch that reaches the time is unpacked.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pykbroker.log.segment import Place, Segment
from wire.records import batch as batches
from wire.records.batch import BatchHeader, CorruptBatch, InvalidRecord
from wire.records.record import Record, read_records


class TimestampOffset(NamedTuple):
    """A record found by its time."""

    timestamp: int  # ms; the record's own
    offset: int
    leader_epoch: int  # of its batch; -1 if the batch has none


def first_record_at(
    segments: Iterable[Segment], timestamp: int, from_offset: int, unpack_limit: int
) -> TimestampOffset | None:
    """The first record from `from_offset` on that is not older than `timestamp` (ms)."""
    for segment in segments:
        if segment.largest_timestamp() < timestamp:
            continue
        for _, batch in segment.find_timestamp(timestamp, from_offset):
            header = batches.read_header(batch)
            for record in _records(segment, batch, header, unpack_limit):
                if record.timestamp >= timestamp and record.offset >= from_offset:
                    return TimestampOffset(record.timestamp, record.offset, header.partition_leader_epoch)
    return None


def latest_record(segments: Sequence[Segment], unpack_limit: int) -> TimestampOffset | None:
    """The first of the records with the largest timestamp.

    Segments with the largest timestamps are looked at first. In one that compaction went over, the largest may be that of a
    batch without records, which is no answer: then every batch that may hold more than was found is.
    """
    best: TimestampOffset | None = None
    for segment in sorted(segments, key=Segment.largest_timestamp, reverse=True):
        most = segment.largest_timestamp()
        if most < 0 or (best is not None and most <= best.timestamp):
            break
        place = segment.locate(segment.max_timestamp_offset)
        found = None if place is None else _latest_in(segment, place, unpack_limit)
        if found is None:
            for place in segment.walk(0):
                if found is None or place.max_timestamp > found.timestamp:
                    found = _latest_in(segment, place, unpack_limit) or found
        if found is not None and (best is None or found.timestamp > best.timestamp):
            best = found
    return best


def _latest_in(segment: Segment, place: Place, unpack_limit: int) -> TimestampOffset | None:
    batch = segment.read_batch(place)
    header = batches.read_header(batch)
    records = _records(segment, batch, header, unpack_limit)
    record = max(records, key=lambda record: record.timestamp, default=None)
    if record is None:
        return None
    return TimestampOffset(record.timestamp, record.offset, header.partition_leader_epoch)


def _records(segment: Segment, batch: bytes, header: BatchHeader, unpack_limit: int) -> list[Record]:
    try:
        return read_records(batch, header, limit=unpack_limit)
    except (InvalidRecord, CorruptBatch) as error:
        where = f"the batch at offset {header.base_offset} cannot be read: {error}"
        raise OSError(errno.EIO, where, segment.handle.path) from None
