"""The records inside a v2 batch: reader, writer, and a walk that only checks.

    length varint | attributes int8 | timestamp_delta varlong | offset_delta varint | key_length varint, key
    | value_length varint, value | header count varint | { key_length varint, key | value_length varint, value } ...

Varints are zigzag (KIP-98); -1 as a length is null, which a header's key may not be. The reader is strict: a record
must take exactly the bytes that it announces, and the records exactly the bytes of the batch, or InvalidRecord is
raised. The loops are long and flat on purpose: they run once for every record, and a call costs more than what it
would do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from wire.records import batch as batches
from wire.records.batch import (
    HEADER_SIZE,
    LOG_OVERHEAD,
    TIMESTAMP_TYPE_BIT,
    BatchHeader,
    Buffer,
    Codec,
    InvalidRecord,
)
from wire.records.compression import DEFAULT_LIMIT, compress, decompress

Header = tuple[str, bytes | None]
CUT_OFF = "the records are cut off, or one of them announces more bytes than there are"
NO_DELTA = 1 << 64  # beyond every timestamp delta
SMALLEST_RECORD = 7  # length, attributes, two deltas, null key, null value, no headers: one byte each


class Record(NamedTuple):
    """One record. timestamp: ms, -1 for none. key and value: None for null (a null value is a tombstone)."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[Header] = ()


def read_varint(buf: Buffer, pos: int, end: int) -> tuple[int, int]:
    """(value, position behind it) of the zigzag varint or varlong at `pos`.

    Raises: InvalidRecord if it runs past `end` or over ten bytes.
    """
    raw = shift = 0
    while pos < end:
        byte = buf[pos]
        pos += 1
        raw |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (raw >> 1) ^ -(raw & 1), pos
        shift += 7
        if shift > 63:
            raise InvalidRecord("a varint of more than ten bytes")
    raise InvalidRecord("a record is cut off inside a number")


def write_varint(out: bytearray, value: int) -> None:
    """Appends `value` (at most 64 bits) as a zigzag varint."""
    raw = (value << 1) ^ (value >> 63)
    while raw > 0x7F:
        out.append(raw & 0x7F | 0x80)
        raw >>= 7
    out.append(raw)


def unpack_records(batch: Buffer, header: BatchHeader, pos: int = 0, limit: int = DEFAULT_LIMIT) -> bytes:
    """The records' bytes of the batch at `batch[pos:]`, decompressed.

    Raises: InvalidRecord for an unknown codec or a number of records that the bytes cannot hold; CorruptBatch.
    """
    body = memoryview(batch)[pos + HEADER_SIZE : pos + header.batch_length + LOG_OVERHEAD]
    data = decompress(header.codec, body, limit)
    if header.count < 0 or header.count * SMALLEST_RECORD > len(data):
        raise InvalidRecord(f"{len(data)} bytes cannot hold {header.count} records")
    return bytes(data)  # indexing bytes is faster than indexing a view, and slices of it are bytes


def read_records(
    batch: Buffer, header: BatchHeader | None = None, pos: int = 0, limit: int = DEFAULT_LIMIT
) -> list[Record]:
    """All records of the v2 batch at `batch[pos:]`. limit: bytes that they may unpack to.

    Raises: InvalidRecord, CorruptBatch.
    """
    if header is None:
        header = batches.read_header(batch, pos)
    records: list[Record] = []
    feed_records(unpack_records(batch, header, pos, limit), header, records)
    return records


class Sink(Protocol):
    """Takes records one by one: a list, or something that keeps none of them."""

    def append(self, record: Record, /) -> None: ...


def feed_records(data: bytes, header: BatchHeader, records: Sink) -> None:
    """Appends each record in `data` (from `unpack_records`) to `records`.

    Raises: InvalidRecord; the records before the bad one have been appended.
    """
    try:
        at = _read_all(data, header, records)
    except IndexError:
        raise InvalidRecord(CUT_OFF) from None
    if at != len(data):
        raise InvalidRecord(f"{len(data) - at} bytes remain after the last record")


def _read_all(data: bytes, header: BatchHeader, records: Sink) -> int:
    """Reads `header.count` records; returns where the last one ends. Raises IndexError past the end of `data`."""
    base_offset, base_timestamp = header.base_offset, header.base_timestamp
    append_time = header.max_timestamp if header.is_log_append_time else None
    size = len(data)
    timestamp = append_time or 0
    pos = 0
    for index in range(header.count):
        raw = data[pos]
        pos += 1
        if raw > 0x7F:
            raw, pos = read_long_varint(data, pos, raw)
        stop = -1 if raw & 1 else pos + (raw >> 1)
        raw = data[pos + 1]
        pos += 2  # the attributes byte, of which nothing is defined, and what was just read
        if raw > 0x7F:
            raw, pos = read_long_varint(data, pos, raw)
        if append_time is None:
            timestamp = base_timestamp + ((raw >> 1) ^ -(raw & 1))
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
            value = read_null(raw)
        else:
            end = pos + (raw >> 1)
            value, pos = data[pos:end], end
        headers: Sequence[Header] = ()
        if data[pos]:
            headers, pos = _read_headers(data, pos)
        else:
            pos += 1
        if pos != stop or stop > size:
            raise InvalidRecord(f"record {index} does not take the bytes that it announces")
        records.append(Record(offset, timestamp, key, value, headers))
    return pos


def read_long_varint(data: Buffer, pos: int, raw: int) -> tuple[int, int]:
    """(value without zigzag undone, position behind) of a varint whose first byte `raw` says that more follow."""
    raw &= 0x7F
    shift = 7
    while True:
        byte = data[pos]
        pos += 1
        raw |= (byte & 0x7F) << shift
        if byte < 0x80:
            return raw, pos
        shift += 7
        if shift > 63:
            raise InvalidRecord("a varint of more than ten bytes")


def read_null(raw: int) -> bytes | None:
    """None, for a length of -1: no other negative one is allowed."""
    if raw != 1:
        raise InvalidRecord(f"a field of {-(raw >> 1) - 1} bytes in a record")
    return None


def _read_headers(data: bytes, pos: int) -> tuple[Sequence[Header], int]:
    size = len(data)
    count, pos = read_varint(data, pos, size)
    if count < 0 or count * 2 > size - pos:
        raise InvalidRecord(f"{size - pos} bytes cannot hold {count} record headers")
    headers: list[Header] = []
    for _ in range(count):
        length, pos = read_varint(data, pos, size)
        if not 0 <= length <= size - pos:
            raise InvalidRecord(f"a record header's key of {length} bytes")
        key = data[pos : pos + length].decode("utf-8", "surrogateescape")  # Kafka takes any bytes here
        pos += length
        length, pos = read_varint(data, pos, size)
        if not -1 <= length <= size - pos:
            raise InvalidRecord(f"a record header's value of {length} bytes")
        headers.append((key, None if length < 0 else data[pos : pos + length]))
        pos += max(length, 0)
    return tuple(headers), pos


class Walk(NamedTuple):
    """What a walk over a batch's records found."""

    min_timestamp: int  # ms; of the records that have one, -1 if none has
    max_timestamp: int
    null_keys: int
    consecutive: bool  # the offset deltas are 0, 1, 2 ...


def check_records(data: Buffer, count: int) -> None:
    """Whether `data` is `count` whole records, each field within its own: `walk_records` without its findings.

    Every produced batch that is not compressed comes through here, at 0.35 to 0.55 us a record. That is why short varints
    are read in place, and why no loop goes over the fields.

    Raises: InvalidRecord.
    """
    try:
        end = _check(data, count)
    except IndexError:
        raise InvalidRecord(CUT_OFF) from None
    if end != len(data):
        raise InvalidRecord(f"{count} records do not take the {len(data)} bytes of their batch")


def _check(data: Buffer, count: int) -> int:
    """The position behind the last record."""
    pos = 0
    for index in range(count):
        raw = data[pos]
        pos += 1
        if raw > 0x7F:
            if data[pos] > 0x7F:
                raw, pos = read_long_varint(data, pos, raw)
            else:
                raw += (data[pos] << 7) - 0x80
                pos += 1
        stop = -1 if raw & 1 else pos + (raw >> 1)
        pos += 2  # the attributes, of which nothing is defined, and one byte of the timestamp's delta
        if data[pos - 1] > 0x7F:
            if data[pos] > 0x7F:
                _, pos = read_long_varint(data, pos, 0)
            else:
                pos += 1
        pos += 1  # and of the offset's
        if data[pos - 1] > 0x7F:
            if data[pos] > 0x7F:
                _, pos = read_long_varint(data, pos, 0)
            else:
                pos += 1
        raw = data[pos]
        pos += 1
        if raw > 0x7F:
            raw, pos = read_long_varint(data, pos, raw)
        if raw & 1:
            read_null(raw)
        else:
            pos += raw >> 1
        raw = data[pos]
        pos += 1
        if raw > 0x7F:
            if data[pos] > 0x7F:
                raw, pos = read_long_varint(data, pos, raw)
            else:
                raw += (data[pos] << 7) - 0x80
                pos += 1
        if raw & 1:
            read_null(raw)
        else:
            pos += raw >> 1
        pos = skip_headers(data, pos) if data[pos] else pos + 1
        if pos != stop:
            raise InvalidRecord(f"record {index} does not take the bytes that it announces")
    return pos


def walk_records(data: Buffer, header: BatchHeader) -> Walk:
    """Checks the records in `data` (from `unpack_records`) without making any: lengths, counts, that nothing remains.

    Raises: InvalidRecord.
    """
    try:
        return _walk(data, header)
    except IndexError:
        raise InvalidRecord(CUT_OFF) from None


def _walk(data: Buffer, header: BatchHeader) -> Walk:
    """Wrong lengths lead past the end of `data` (IndexError) or to a record that does not end where it says."""
    size = len(data)
    pos = null_keys = 0
    low, high = NO_DELTA, -NO_DELTA
    consecutive = True
    for index in range(header.count):
        raw = data[pos]
        pos += 1
        if raw > 0x7F:
            raw, pos = read_long_varint(data, pos, raw)
        stop = -1 if raw & 1 else pos + (raw >> 1)
        raw = data[pos + 1]
        pos += 2
        if raw > 0x7F:
            raw, pos = read_long_varint(data, pos, raw)
        delta = (raw >> 1) ^ -(raw & 1)
        if delta < low:
            low = delta
        if delta > high:
            high = delta
        raw = data[pos]
        pos += 1
        if raw > 0x7F:
            raw, pos = read_long_varint(data, pos, raw)
        if raw != index << 1:
            consecutive = False
        raw = data[pos]
        pos += 1
        if raw > 0x7F:
            raw, pos = read_long_varint(data, pos, raw)
        if raw & 1:
            read_null(raw)
            null_keys += 1
        else:
            pos += raw >> 1
        raw = data[pos]
        pos += 1
        if raw > 0x7F:
            raw, pos = read_long_varint(data, pos, raw)
        if raw & 1:
            read_null(raw)
        else:
            pos += raw >> 1
        pos = skip_headers(data, pos) if data[pos] else pos + 1
        if pos != stop or stop > size:
            raise InvalidRecord(f"record {index} does not take the bytes that it announces")
    if pos != size:
        raise InvalidRecord(f"{size - pos} bytes remain after the last record")
    base = header.base_timestamp
    return Walk(base + low, base + high, null_keys, consecutive)


def skip_headers(data: Buffer, pos: int) -> int:
    size = len(data)
    count, pos = read_varint(data, pos, size)
    if count < 0 or count * 2 > size - pos:
        raise InvalidRecord(f"{size - pos} bytes cannot hold {count} record headers")
    for _ in range(count):
        length, pos = read_varint(data, pos, size)
        if length < 0:
            raise InvalidRecord("a record header without a key")
        pos += length
        length, pos = read_varint(data, pos, size)
        if length < -1:
            raise InvalidRecord(f"a record header's value of {length} bytes")
        pos += max(length, 0)
    return pos


def build_batch(
    records: Iterable[Record],
    *,
    base_offset: int = 0,
    codec: Codec = Codec.NONE,
    level: int | None = None,
    producer_id: int = batches.NO_PRODUCER_ID,
    producer_epoch: int = batches.NO_PRODUCER_EPOCH,
    base_sequence: int = batches.NO_SEQUENCE,
    leader_epoch: int = batches.NO_LEADER_EPOCH,
    attributes: int = 0,
    log_append_time_ms: int | None = None,
) -> bytes:
    """One v2 batch. Offsets are given anew: base_offset, base_offset + 1 ...; a record's own offset is not looked at.

    attributes: bits beside the codec (TRANSACTIONAL_BIT, CONTROL_BIT). log_append_time_ms: the batch is LogAppendTime.
    """
    listed = list(records)
    if not listed:
        raise ValueError("a batch holds at least one record")
    base_timestamp = listed[0].timestamp
    body = bytearray()
    for index, record in enumerate(listed):
        _, timestamp, key, value, headers = record
        write_record(body, index, timestamp - base_timestamp, key, value, headers)
    packed = compress(codec, body, level)
    max_timestamp = max(record.timestamp for record in listed)
    if log_append_time_ms is not None:
        attributes |= TIMESTAMP_TYPE_BIT
        max_timestamp = log_append_time_ms
    header = BatchHeader(
        base_offset=base_offset,
        batch_length=HEADER_SIZE - LOG_OVERHEAD + len(packed),
        partition_leader_epoch=leader_epoch,
        magic=batches.MAGIC_V2,
        crc=0,
        attributes=attributes | codec,
        last_offset_delta=len(listed) - 1,
        base_timestamp=base_timestamp,
        max_timestamp=max_timestamp,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
        base_sequence=base_sequence,
        count=len(listed),
    )
    return batches.pack_header(header, [packed]) + packed


def write_record(
    out: bytearray,
    offset_delta: int,
    timestamp_delta: int,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[Header] = (),
) -> None:
    """Appends one record in the form that it has inside a batch."""
    body = bytearray(b"\x00")  # attributes: none are defined
    write_varint(body, timestamp_delta)
    write_varint(body, offset_delta)
    _write_bytes(body, key)
    _write_bytes(body, value)
    write_varint(body, len(headers))
    for name, content in headers:
        _write_bytes(body, name.encode("utf-8", "surrogateescape"))
        _write_bytes(body, content)
    write_varint(out, len(body))
    out += body


def _write_bytes(out: bytearray, data: bytes | None) -> None:
    if data is None:
        out.append(1)  # -1
    else:
        write_varint(out, len(data))
        out += data
