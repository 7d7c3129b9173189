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
from typing import NamedTuple

from wire.records import batch as batches
from wire.records.batch import (
    HEADER_SIZE,
    LOG_OVERHEAD,
    NO_TIMESTAMP,
    TIMESTAMP_TYPE_BIT,
    BatchHeader,
    Buffer,
    Codec,
    InvalidRecord,
)
from wire.records.compression import DEFAULT_LIMIT, compress, decompress

Header = tuple[str, bytes | None]
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


def unpack_records(batch: Buffer, header: BatchHeader, pos: int = 0, limit: int = DEFAULT_LIMIT) -> Buffer:
    """The records' bytes of the batch at `batch[pos:]`, decompressed.

    Raises: InvalidRecord for an unknown codec or a number of records that the bytes cannot hold; CorruptBatch.
    """
    body = memoryview(batch)[pos + HEADER_SIZE : pos + header.batch_length + LOG_OVERHEAD]
    data = decompress(header.codec, body, limit)
    if header.count < 0 or header.count * SMALLEST_RECORD > len(data):
        raise InvalidRecord(f"{len(data)} bytes cannot hold {header.count} records")
    return bytes(
        data
    )  # indexing bytes is faster than indexing a view, and keys and values are copied out anyway


def read_records(
    batch: Buffer, header: BatchHeader | None = None, pos: int = 0, limit: int = DEFAULT_LIMIT
) -> list[Record]:
    """All records of the v2 batch at `batch[pos:]`. limit: bytes that they may unpack to.

    Raises: InvalidRecord, CorruptBatch.
    """
    if header is None:
        header = batches.read_header(batch, pos)
    data = unpack_records(batch, header, pos, limit)
    append_time = header.max_timestamp if header.is_log_append_time else None
    records: list[Record] = []
    at = 0
    for _ in range(header.count):
        record, at = _read_record(data, at, header, append_time)
        records.append(record)
    if at != len(data):
        raise InvalidRecord(f"{len(data) - at} bytes remain after the last record")
    return records


def _read_record(data: Buffer, pos: int, header: BatchHeader, append_time: int | None) -> tuple[Record, int]:
    end = len(data)
    length, pos = read_varint(data, pos, end)
    if length < SMALLEST_RECORD - 1 or length > end - pos:
        raise InvalidRecord(f"a record announces {length} bytes where {end - pos} remain")
    end = pos + length
    timestamp_delta, pos = read_varint(data, pos + 1, end)
    offset_delta, pos = read_varint(data, pos, end)
    key, pos = _read_bytes(data, pos, end)
    value, pos = _read_bytes(data, pos, end)
    headers, pos = _read_headers(data, pos, end)
    if pos != end:
        raise InvalidRecord("a record does not take the bytes that it announces")
    timestamp = header.base_timestamp + timestamp_delta if append_time is None else append_time
    return Record(header.base_offset + offset_delta, timestamp, key, value, headers), pos


def _read_bytes(data: Buffer, pos: int, end: int) -> tuple[bytes | None, int]:
    length, pos = read_varint(data, pos, end)
    if length < 0:
        if length != -1:
            raise InvalidRecord(f"a field of {length} bytes in a record")
        return None, pos
    if length > end - pos:
        raise InvalidRecord("a field goes past its record")
    return bytes(data[pos : pos + length]), pos + length


def _read_headers(data: Buffer, pos: int, end: int) -> tuple[Sequence[Header], int]:
    count, pos = read_varint(data, pos, end)
    if count == 0:
        return (), pos
    if count < 0 or count * 2 > end - pos:
        raise InvalidRecord(f"{end - pos} bytes cannot hold {count} record headers")
    headers: list[Header] = []
    for _ in range(count):
        key, pos = _read_bytes(data, pos, end)
        if key is None:
            raise InvalidRecord("a record header without a key")
        value, pos = _read_bytes(data, pos, end)
        headers.append((key.decode("utf-8", "surrogateescape"), value))  # Kafka takes any bytes here
    return headers, pos


class Walk(NamedTuple):
    """What a walk over a batch's records found."""

    min_timestamp: int  # ms; of the records that have one, -1 if none has
    max_timestamp: int
    null_keys: int
    consecutive: bool  # the offset deltas are 0, 1, 2 ...


def walk_records(data: Buffer, header: BatchHeader) -> Walk:
    """Checks the records in `data` (from `unpack_records`) without making any: lengths, counts, and that nothing remains.

    Raises: InvalidRecord.
    """
    end = len(data)
    pos = null_keys = 0
    low, high = 1 << 63, NO_TIMESTAMP
    consecutive = True
    base = header.base_timestamp
    for index in range(header.count):
        length, pos = read_varint(data, pos, end)
        if length < SMALLEST_RECORD - 1 or length > end - pos:
            raise InvalidRecord(f"record {index} announces {length} bytes where {end - pos} remain")
        stop = pos + length
        timestamp_delta, pos = read_varint(data, pos + 1, stop)
        offset_delta, pos = read_varint(data, pos, stop)
        consecutive = consecutive and offset_delta == index
        timestamp = base + timestamp_delta
        if timestamp != NO_TIMESTAMP:
            low = min(low, timestamp)
            high = max(high, timestamp)
        key_length, pos = read_varint(data, pos, stop)
        null_keys += key_length < 0
        pos = _skip_bytes(pos, key_length, stop)
        value_length, pos = read_varint(data, pos, stop)
        pos = _skip_bytes(pos, value_length, stop)
        pos = _skip_headers(data, pos, stop)
        if pos != stop:
            raise InvalidRecord(f"record {index} does not take the bytes that it announces")
    if pos != end:
        raise InvalidRecord(f"{end - pos} bytes remain after the last record")
    return Walk(low if low < 1 << 63 else NO_TIMESTAMP, high, null_keys, consecutive)


def _skip_bytes(pos: int, length: int, end: int) -> int:
    if length < -1 or length > end - pos:
        raise InvalidRecord(f"a field of {length} bytes in a record")
    return pos + max(length, 0)


def _skip_headers(data: Buffer, pos: int, end: int) -> int:
    count, pos = read_varint(data, pos, end)
    if count < 0 or count * 2 > end - pos:
        raise InvalidRecord(f"{end - pos} bytes cannot hold {count} record headers")
    for _ in range(count):
        length, pos = read_varint(data, pos, end)
        if length < 0:
            raise InvalidRecord("a record header without a key")
        pos = _skip_bytes(pos, length, end)
        length, pos = read_varint(data, pos, end)
        pos = _skip_bytes(pos, length, end)
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
        _write_record(body, record, index, record.timestamp - base_timestamp)
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


def _write_record(out: bytearray, record: Record, offset_delta: int, timestamp_delta: int) -> None:
    body = bytearray(b"\x00")  # attributes: none are defined
    write_varint(body, timestamp_delta)
    write_varint(body, offset_delta)
    _write_bytes(body, record.key)
    _write_bytes(body, record.value)
    write_varint(body, len(record.headers))
    for key, value in record.headers:
        _write_bytes(body, key.encode("utf-8", "surrogateescape"))
        _write_bytes(body, value)
    write_varint(out, len(body))
    out += body


def _write_bytes(out: bytearray, data: bytes | None) -> None:
    if data is None:
        out.append(1)  # -1
    else:
        write_varint(out, len(data))
        out += data
