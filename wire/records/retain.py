"""Taking single records out of a v2 batch, as compaction does: the rest keeps its offsets and its bytes.

A record states its offset and time as distances from its batch's base offset and base timestamp. As long as these two stay,
the bytes of a record that stays are right as they are and need not be written anew; where they stood between others
remains a hole. What changes is the header: count, largest timestamp, length and checksum. Base offset, last offset and
sequences stay, so that a reader sees how far the batch reached and a producer goes on where it was.

One change moves the base timestamp: the delete horizon (KIP-534). A batch that keeps tombstones gets, once, the time from
which they may go; it stands in place of the base timestamp, and all distances in time are counted anew from there.

Kafka's counterparts are MemoryRecords.filterTo and DefaultRecordBatch.writeEmptyHeader; Kafka writes every record anew and
sets the base timestamp to the first one that stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from wire.records import batch as batches
from wire.records.batch import (
    CODEC_MASK,
    DELETE_HORIZON_BIT,
    HEADER_SIZE,
    LOG_OVERHEAD,
    NO_TIMESTAMP,
    BatchHeader,
    Codec,
    InvalidRecord,
)
from wire.records.compression import compress
from wire.records.record import CUT_OFF, read_long_varint, read_null, skip_headers, write_varint

NEVER = (1 << 63) - 1


class RawRecord(NamedTuple):
    """A record and where it stands in its batch's unpacked records: `data[start:stop]`, behind the timestamp from `rest`."""

    start: int
    rest: int
    stop: int
    timestamp_delta: int  # ms; from the batch's base timestamp
    offset: int
    key: bytes | None
    is_tombstone: bool


_new_record = tuple.__new__


def raw_records(data: bytes, header: BatchHeader) -> Iterator[RawRecord]:
    """Every record in `data` (from `unpack_records`). Values and headers are passed over.

    Raises: InvalidRecord; the records before the bad one have been given.
    """
    base_offset = header.base_offset
    size = len(data)
    pos = 0
    try:
        for index in range(header.count):
            start = pos
            raw = data[pos]
            pos += 1
            if raw > 0x7F:
                raw, pos = read_long_varint(data, pos, raw)
            stop = -1 if raw & 1 else pos + (raw >> 1)
            raw = data[pos + 1]
            pos += 2  # the attributes byte, of which nothing is defined, and what was just read
            if raw > 0x7F:
                raw, pos = read_long_varint(data, pos, raw)
            rest = pos
            delta = (raw >> 1) ^ -(raw & 1)
            raw = data[pos]
            pos += 1
            if raw > 0x7F:
                raw, pos = read_long_varint(data, pos, raw)
            offset = base_offset + ((raw >> 1) ^ -(raw & 1))
            raw = data[pos]
            pos += 1
            if raw > 0x7F:
                raw, pos = read_long_varint(data, pos, raw)
            if raw & 1:
                key = read_null(raw)
            else:
                end = pos + (raw >> 1)
                key, pos = data[pos:end], end
            raw = data[pos]
            pos += 1
            if raw > 0x7F:
                raw, pos = read_long_varint(data, pos, raw)
            if raw & 1:
                read_null(raw)
                is_tombstone = True
            else:
                pos += raw >> 1
                is_tombstone = False
            pos = skip_headers(data, pos) if data[pos] else pos + 1
            if pos != stop or stop > size:
                raise InvalidRecord(f"record {index} does not take the bytes that it announces")
            yield _new_record(RawRecord, (start, rest, stop, delta, offset, key, is_tombstone))
    except IndexError:
        raise InvalidRecord(CUT_OFF) from None
    if pos != size:
        raise InvalidRecord(f"{size - pos} bytes remain after the last record")


def with_records(
    header: BatchHeader, data: bytes, kept: Sequence[RawRecord], delete_horizon_ms: int | None = None
) -> bytes:
    """The batch with only the `kept` (one at least) of its records in `data`, in its own codec.

    delete_horizon_ms: from when on its tombstones may go; None leaves the batch with what it has.
    """
    newest = header.base_timestamp + max(record.timestamp_delta for record in kept)
    header = header._replace(count=len(kept))
    if not header.is_log_append_time:
        header = header._replace(max_timestamp=newest)
    if delete_horizon_ms is None:
        body = b"".join([data[record.start : record.stop] for record in kept])
    else:
        base = min(delete_horizon_ms, NEVER)
        body = _counted_from(data, kept, header.base_timestamp - base)
        header = header._replace(base_timestamp=base, attributes=header.attributes | DELETE_HORIZON_BIT)
    packed = compress(header.codec, body)
    header = header._replace(batch_length=HEADER_SIZE - LOG_OVERHEAD + len(packed))
    return batches.pack_header(header, [packed]) + packed


def _counted_from(data: bytes, kept: Sequence[RawRecord], shift: int) -> bytes:
    """The records with `shift` ms added to their distances in time."""
    out = bytearray()
    for record in kept:
        body = bytearray(b"\x00")  # attributes: none are defined
        write_varint(body, record.timestamp_delta + shift)
        body += data[record.rest : record.stop]
        write_varint(out, len(body))
        out += body
    return bytes(out)


def without_records(header: BatchHeader) -> bytes:
    """The batch with no record left: a header that keeps offsets, producer, sequences and the largest timestamp."""
    attributes = header.attributes & ~(CODEC_MASK | DELETE_HORIZON_BIT) | Codec.NONE
    empty = header._replace(
        attributes=attributes, base_timestamp=NO_TIMESTAMP, count=0, batch_length=HEADER_SIZE - LOG_OVERHEAD
    )
    return batches.pack_header(empty, [])
