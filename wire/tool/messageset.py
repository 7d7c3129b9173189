"""Messages of formats v0 and v1, each field with its place; a compressed one (a wrapper) is opened.

What is wrong becomes the fault of a piece, as in `wire.tool.unfold`, whose bounds hold here too.
"""

from __future__ import annotations

from typing import Protocol
from zlib import crc32

from wire.errors import WireError
from wire.records.batch import CODEC_MASK, MAGIC_OFFSET, TIMESTAMP_TYPE_BIT, Codec, InvalidRecord
from wire.records.compression import decompress
from wire.records.legacy import OVERHEADS, Message, message_bounds, repair_lz4
from wire.tool.trace import Piece

_FIELDS = (
    ("offset", "int64", 8),
    ("size", "int32", 4),
    ("crc", "uint32", 4),
    ("magic", "int8", 1),
    ("attributes", "int8", 1),
    ("timestamp", "int64", 8),  # v1
)


class Bounds(Protocol):
    """What may still be made. room: bytes to unpack. left: records to show."""

    room: int
    left: int


def message(name: str, data: bytes, at: int, bounds: Bounds, wrapped: bool = False) -> Piece:
    """One whole message, `data`, which begins at byte `at` of what is shown. wrapped: it stands in another one."""
    piece = Piece(name, f"message v{data[MAGIC_OFFSET]}", "struct", at, at, at + len(data), 1)
    try:
        _fields(piece, data, at)
        value = piece.inner[-1]
        if _number(piece, "attributes") & CODEC_MASK:
            if wrapped:
                raise InvalidRecord("a compressed message inside a compressed message", "", at)
            _open(piece, value, bounds)
    except WireError as error:
        piece.fault = WireError(error.message, "", at if error.position is None else error.position)
    return piece


def _fields(piece: Piece, data: bytes, at: int) -> None:
    """Raises: InvalidRecord for lengths that do not add up."""
    magic = data[MAGIC_OFFSET]
    pos = 0
    for name, type_, size in _FIELDS[: 5 + magic]:
        number = int.from_bytes(data[pos : pos + size], "big", signed=type_ != "uint32")
        pos += size
        if pos > len(data):
            break
        piece.inner.append(Piece(name, type_, "value", at + pos - size, at + pos, at + pos, number))
    if len(data) < OVERHEADS[magic]:
        raise InvalidRecord(f"a message of {len(data)} bytes is too short for format v{magic}", "", at)
    computed, crc = crc32(data[MAGIC_OFFSET:]), piece.inner[2]
    crc.note = "right" if computed == crc.value else ""
    if computed != crc.value:
        crc.fault = WireError(f"the checksum is {crc.value}, and of these bytes {computed}", "", crc.start)
    piece.inner[4].note = attributes_text(_number(piece, "attributes"))
    for name in ("key", "value"):
        length = int.from_bytes(data[pos : pos + 4], "big", signed=True)
        left = len(data) - pos - 4
        if length < -1 or length > left:
            raise InvalidRecord(f"{name}: a length of {length}; bytes left: {max(left, 0)}", "", at + pos)
        end = pos + 4 + max(length, 0)
        content = None if length < 0 else data[pos + 4 : end]
        piece.inner.append(Piece(name, "int32 bytes", "value", at + pos, at + end, at + end, content))
        pos = end
    if pos != len(data):
        raise InvalidRecord(f"{len(data) - pos} bytes remain after the value of a message", "", at + pos)


def _open(piece: Piece, value: Piece, bounds: Bounds) -> None:
    """Unpack the messages in a wrapper's value. Raises: WireError."""
    number, magic = _number(piece, "attributes") & CODEC_MASK, _number(piece, "magic")
    codec = Message(0, magic, number, 0, None, None).codec
    if value.value is None:
        raise InvalidRecord("a compressed message without a value", "", value.start)
    packed = repair_lz4(value.value) if codec == Codec.LZ4 and magic == 0 else value.value
    data = bytes(decompress(codec, packed, bounds.room))
    bounds.room -= len(data)
    value.shape, value.type, value.data = "messages", f"{codec.name.lower()} messages", data
    value.note = f"{len(value.value)} bytes unpack to {len(data)}"
    pos = 0
    for begin, pos in message_bounds(data):
        if bounds.left <= 0:
            value.note += "; further ones are not shown"
            return
        bounds.left -= 1
        value.inner.append(message(f"[{len(value.inner)}]", data[begin:pos], begin, bounds, True))
    if pos != len(data):
        rest = Piece("(incomplete)", "bytes", "value", pos, len(data), len(data), data[pos:])
        rest.fault = WireError(f"{len(data) - pos} bytes that are no whole message", "", pos)
        value.inner.append(rest)


def attributes_text(attributes: int) -> str:
    """The bits of a message's attributes in words."""
    number = attributes & CODEC_MASK
    codec = (
        Codec(number).name.lower() if number < Codec.ZSTD else f"codec {number}, which messages do not have"
    )
    words = [codec if number else "not compressed"]
    return ", ".join(words + ["append time"] * bool(attributes & TIMESTAMP_TYPE_BIT))


def _number(piece: Piece, name: str) -> int:
    return next(int(inner.value) for inner in piece.inner if inner.name == name)
