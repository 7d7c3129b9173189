"""Finding records by their time, exact to the record, inside compressed batches too (KIP-33, KIP-734).

A segment whose largest timestamp is too small is passed over; in the first that is not, the time index gives an offset, the
offset index a position, headers are walked from there, and only a batch that reaches the time is unpacked.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pykbroker.log.segment import Segment
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
    """The first of the records with the largest timestamp."""
    segment = max(segments, key=Segment.largest_timestamp)
    place = segment.locate(segment.max_timestamp_offset) if segment.largest_timestamp() >= 0 else None
    if place is None:
        return None
    batch = segment.read_batch(place)
    header = batches.read_header(batch)
    record = max(_records(segment, batch, header, unpack_limit), key=lambda record: record.timestamp)
    return TimestampOffset(record.timestamp, record.offset, header.partition_leader_epoch)


def _records(segment: Segment, batch: bytes, header: BatchHeader, unpack_limit: int) -> list[Record]:
    try:
        return read_records(batch, header, limit=unpack_limit)
    except (InvalidRecord, CorruptBatch) as error:
        where = f"the batch at offset {header.base_offset} cannot be read: {error}"
        raise OSError(errno.EIO, where, segment.handle.path) from None
