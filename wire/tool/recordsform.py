"""What is in a `records` field as JSON, and back; and the notation of bytes.

    {"batches": [{"base_offset": 0, ..., "records": [{"timestamp_delta": 0, "offset_delta": 0,
                                                      "key": {"text": "k"}, "value": null, "headers": []}]}]}

Lengths, the count, the magic number and the checksum follow from the rest and are computed unless they are given: those
that stand in JSON are written as they are, right or wrong, and decoding shows only wrong ones. Where batches do not give
the same bytes again (compressed by another library, cut off), they stand beside `raw`, which counts.

What has a `magic` of 0 or 1 is a message of that format: offset, attributes, timestamp (v1), key and value; a compressed one
has `messages` in place of its value.
"""

from __future__ import annotations

import base64
import binascii
import struct
from typing import Any
from zlib import crc32

from wire.errors import WireError
from wire.records import batch as batches
from wire.records import legacy
from wire.records.batch import (
    ATTRIBUTES_OFFSET,
    CRC_OFFSET,
    HEADER,
    HEADER_SIZE,
    LOG_OVERHEAD,
    BatchHeader,
    Codec,
)
from wire.records.compression import compress
from wire.records.record import write_varint
from wire.tool.trace import Piece

Json = dict[str, Any]

COMPUTED = ("batch_length", "magic", "crc", "count")
DEFAULTS = {
    "base_offset": 0,
    "partition_leader_epoch": batches.NO_LEADER_EPOCH,
    "magic": batches.MAGIC_V2,
    "crc": 0,
    "attributes": 0,
    "base_timestamp": 0,
    "max_timestamp": 0,
    "producer_id": batches.NO_PRODUCER_ID,
    "producer_epoch": batches.NO_PRODUCER_EPOCH,
    "base_sequence": batches.NO_SEQUENCE,
}

BATCH = "record batch"
_PAIR = ("key", "value")
_MESSAGE_DEFAULTS = {"offset": 0, "attributes": 0, "timestamp": batches.NO_TIMESTAMP}
_MESSAGE_MEMBERS = {*_MESSAGE_DEFAULTS, *_PAIR, "magic", "crc", "messages"}
_CRC = slice(batches.LOG_OVERHEAD, batches.MAGIC_OFFSET)
_ATTRIBUTES = batches.MAGIC_OFFSET + 1


# bytes


def of_bytes(data: bytes) -> Json:
    """{"text": ...} where that is exact and legible, else {"hex": ...}."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"hex": data.hex()}
    return {"text": text} if text.isprintable() else {"hex": data.hex()}


def bytes_of(value: Any, path: str) -> bytes:
    """Bytes from their notation. Raises: WireError."""
    if isinstance(value, dict) and len(value) == 1:
        ((form, text),) = value.items()
        if form == "text" and isinstance(text, str):
            return _encoded(text, path)
        if form == "hex":
            return hex_bytes(text, path)
        if form == "base64" and isinstance(text, str):
            try:
                return base64.b64decode(text, validate=True)
            except (ValueError, binascii.Error) as error:
                raise WireError(f"not base64: {error}", path) from None
    raise WireError('bytes are written {"text": ...}, {"hex": ...} or {"base64": ...}', path)


def hex_bytes(text: Any, path: str) -> bytes:
    """Bytes from plain hex. Raises: WireError."""
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        raise WireError("not hex, two digits a byte", path) from None


def _encoded(text: str, path: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise WireError("a half of a surrogate pair alone is no text", path) from None


# records


def of_records(piece: Piece) -> Json:
    """The JSON of a `records` field that was unfolded."""
    made: Json = {"batches": [_of_batch(batch) for batch in piece.inner if batch.shape == "struct"]}
    try:
        exact = records_of(made, "") == piece.value
    except WireError:
        exact = False
    if not exact:
        made["raw"] = piece.value.hex()
    return made


def _of_message(piece: Piece) -> Json:
    """A message of format v0 or v1."""
    made: Json = {}
    for inner in piece.inner:
        if inner.name == "crc" and inner.fault is None:
            continue
        if inner.shape == "messages":
            made["messages"] = [_of_message(one) for one in inner.inner if one.shape == "struct"]
        elif inner.name != "size":
            made[inner.name] = of_bytes(inner.value) if isinstance(inner.value, bytes) else inner.value
    return made


def _of_batch(piece: Piece) -> Json:
    if piece.type != BATCH:
        return _of_message(piece)
    fields: Json = {inner.name: inner.value for inner in piece.inner[:-1]}
    body = piece.inner[-1]
    made = {name: value for name, value in fields.items() if name not in COMPUTED}
    made["records"] = [_of_record(record) for record in body.inner]
    try:
        right = HEADER.unpack_from(_batch(made, ""))
    except WireError:
        return fields | made
    wrong = {
        name: fields[name]
        for name, value in zip(BatchHeader._fields, right, strict=True)
        if fields[name] != value
    }
    wrong.pop("batch_length", None)  # of records that another library compressed
    if "crc" in wrong and all(inner.fault is None for inner in piece.inner):
        del wrong["crc"]
    return wrong | made


def _of_record(piece: Piece) -> Json:
    made: Json = {}
    for inner in piece.inner:
        if inner.name == "headers":
            made["headers"] = [
                {part.name: None if part.value is None else of_bytes(part.value) for part in header.inner}
                for header in inner.inner
            ]
        elif isinstance(inner.value, bytes):
            made[inner.name] = of_bytes(inner.value)
        elif inner.name != "length" and (inner.name, inner.value) != ("attributes", 0):
            made[inner.name] = inner.value
    return made


def records_of(value: Any, path: str) -> bytes:
    """The bytes of a `records` field. Raises: WireError."""
    if isinstance(value, dict) and "raw" in value:
        return hex_bytes(value["raw"], f"{path}.raw")
    if not isinstance(value, dict) or not isinstance(value.get("batches"), list):
        return bytes_of(value, path)
    return b"".join(_batch(batch, f"{path}.batches[{index}]") for index, batch in enumerate(value["batches"]))


def _message(data: Json, path: str) -> bytes:
    """A message of format v0 or v1."""
    magic = data["magic"]
    if unknown := sorted(set(data) - _MESSAGE_MEMBERS):
        raise WireError("a message of an old format has no such field", f"{path}.{unknown[0]}")
    numbers = {
        name: _integer(data.get(name, default), f"{path}.{name}")
        for name, default in _MESSAGE_DEFAULTS.items()
    }
    key, value = (
        None if data.get(name) is None else bytes_of(data[name], f"{path}.{name}") for name in _PAIR
    )
    if "messages" in data:
        value = _wrapped(
            data["messages"], numbers["attributes"] & batches.CODEC_MASK, magic, f"{path}.messages"
        )
    out = bytearray()
    try:
        legacy.write_message(
            out, magic, numbers["offset"], numbers["timestamp"], key, value, numbers["attributes"]
        )
        if magic == 0:  # of which the writer keeps the codec alone
            out[_ATTRIBUTES] = numbers["attributes"] & 0xFF
            out[_CRC] = crc32(out[batches.MAGIC_OFFSET :]).to_bytes(4, "big")
        if "crc" in data:
            out[_CRC] = _integer(data["crc"], f"{path}.crc").to_bytes(4, "big")
    except (struct.error, OverflowError) as error:
        raise WireError(f"a number does not fit: {error}", path) from None
    return bytes(out)


def _wrapped(messages: Any, codec: int, magic: int, path: str) -> bytes:
    if not isinstance(messages, list) or not all(
        isinstance(one, dict) and "magic" in one for one in messages
    ):
        raise WireError("an array of messages, each with its magic, belongs here", path)
    if codec >= Codec.ZSTD:
        raise WireError(f"messages have no codec {codec}", path)
    inside = b"".join(_batch(one, f"{path}[{index}]") for index, one in enumerate(messages))
    packed = compress(Codec(codec), inside)
    return legacy.break_lz4(packed) if codec == Codec.LZ4 and magic == 0 else packed


def _batch(data: Any, path: str) -> bytes:
    if isinstance(data, dict) and data.get("magic") in (0, 1):
        return _message(data, path)
    records = data.get("records") if isinstance(data, dict) else None
    if not isinstance(records, list):
        raise WireError("a batch is an object with records", path)
    body = bytearray()
    for index, record in enumerate(records):
        body += _record(record, f"{path}.records[{index}]")
    values = DEFAULTS | {"count": len(records), "last_offset_delta": max(0, len(records) - 1)}
    for name in data:
        if name not in BatchHeader._fields and name != "records":
            raise WireError("a batch header has no such field", f"{path}.{name}")
        if name != "records":
            values[name] = _integer(data[name], f"{path}.{name}")
    codec = values["attributes"] & batches.CODEC_MASK
    if codec > Codec.ZSTD:
        raise WireError(f"there is no codec {codec}", f"{path}.attributes")
    packed = compress(Codec(codec), body)
    values.setdefault("batch_length", HEADER_SIZE - LOG_OVERHEAD + len(packed))
    try:
        raw = bytearray(HEADER.pack(*(values[name] for name in BatchHeader._fields)))
    except struct.error as error:
        raise WireError(f"a number does not fit: {error}", path) from None
    if "crc" not in data:
        crc = batches.crc32c(packed, batches.crc32c(memoryview(raw)[ATTRIBUTES_OFFSET:]))
        raw[CRC_OFFSET:ATTRIBUTES_OFFSET] = crc.to_bytes(4, "big")
    return bytes(raw) + packed


def _record(data: Any, path: str) -> bytes:
    if not isinstance(data, dict):
        raise WireError("a record is an object", path)
    attributes = _integer(data.get("attributes", 0), f"{path}.attributes")
    if not -128 <= attributes < 128:
        raise WireError(f"{attributes} is no int8", f"{path}.attributes")
    body = bytearray(attributes.to_bytes(1, "big", signed=True))
    for name in ("timestamp_delta", "offset_delta"):
        _write_number(body, data.get(name, 0), f"{path}.{name}")
    for name in ("key", "value"):
        _write_sized(body, data.get(name), f"{path}.{name}")
    headers = data.get("headers", [])
    if not isinstance(headers, list) or not all(isinstance(header, dict) for header in headers):
        raise WireError("an array of objects with key and value belongs here", f"{path}.headers")
    write_varint(body, len(headers))
    for index, header in enumerate(headers):
        for name in ("key", "value"):
            _write_sized(body, header.get(name), f"{path}.headers[{index}].{name}")
    out = bytearray()
    write_varint(out, len(body))
    return bytes(out + body)


def _write_number(out: bytearray, value: Any, path: str) -> None:
    number = _integer(value, path)
    if not -(1 << 63) <= number < 1 << 63:
        raise WireError(f"{number} does not fit into 64 bits", path)
    write_varint(out, number)


def _write_sized(out: bytearray, value: Any, path: str) -> None:
    if value is None:
        write_varint(out, -1)
        return
    data = bytes_of(value, path)
    write_varint(out, len(data))
    out += data


def _integer(value: Any, path: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise WireError("a number belongs here", path)
    return value
