"""Message sets, formats v0 and v1: what Kafka 0.8 to 0.10 and their clients write and read instead of batches.

    offset int64 | size int32 | crc uint32 | magic int8 | attributes int8 | [v1: timestamp int64]
    | key_length int32, key | value_length int32, value

A set is such messages one after the other, with no header of its own; `size` counts what follows it, the checksum (CRC-32 as
in zlib) covers everything from `magic` on, and -1 as a length is null. v1 adds the timestamp and its type (KIP-32).

A compressed set is one message, the wrapper, whose value is a whole set, compressed. In v0 the messages inside carry their
absolute offsets; in v1 they count from the first (KIP-31) and the wrapper has the last one's offset. A wrapper's
LogAppendTime holds for all that is inside. Wrappers do not nest.

LZ4 in v0 has a flaw that became its format: the checksum of the frame's header is computed over the frame's magic number
too (KAFKA-3160). Readers of v0 check it so; we write it so, and believe any.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import NamedTuple
from zlib import crc32

from wire.records.batch import (
    CODEC_MASK,
    LEGACY_OVERHEAD_MIN,
    LOG_OVERHEAD,
    MAGIC_OFFSET,
    MAGIC_V2,
    NO_TIMESTAMP,
    TIMESTAMP_TYPE_BIT,
    Buffer,
    Codec,
    CorruptBatch,
    InvalidRecord,
)
from wire.records.compression import DEFAULT_LIMIT, compress, decompress

HEADERS = (Struct(">qiIbbi"), Struct(">qiIbbqi"))  # by magic, each up to the length of the key
OVERHEADS = (26, 34)  # bytes of a message with neither key nor value: its header and the length of its value
SIZE = Struct(">i")

_FROM_SIZE = Struct(">iIB")  # size, crc, magic
_PREFIX = Struct(">qiI")  # what the checksum does not cover: offset, size, crc
_HEADS = (Struct(">bbi"), Struct(">bbqi"))  # what it covers, up to the length of the key
_NULL = SIZE.pack(-1)
_LZ4_MAGIC_SIZE = 4
_LZ4_CONTENT_SIZE_BIT = 0x08
_LZ4_DICTIONARY_BIT = 0x01


class UnsupportedCodec(InvalidRecord):
    """A codec that message sets do not have: zstd came with v2 (KIP-110)."""


class Message(NamedTuple):
    """One message, as it stands; the value of a wrapper is compressed. timestamp: ms, -1 in v0. None: null."""

    offset: int
    magic: int
    attributes: int
    timestamp: int
    key: bytes | None
    value: bytes | None

    @property
    def codec(self) -> Codec:
        """Raises: UnsupportedCodec."""
        number = self.attributes & CODEC_MASK
        if number >= Codec.ZSTD:
            raise UnsupportedCodec(f"compression codec {number} in message format v{self.magic}")
        return Codec(number)


_new_message = tuple.__new__  # a NamedTuple's own call takes twice the time


# reading


def message_bounds(data: Buffer) -> Iterator[tuple[int, int]]:
    """(begin, end) of each whole message of a set; an incomplete last one is left out, as Kafka does.

    Raises: CorruptBatch for a size that no message has and an unknown magic; InvalidRecord at a batch of format v2.
    """
    pos, end = 0, len(data)
    while end - pos > MAGIC_OFFSET:
        size, _, magic = _FROM_SIZE.unpack_from(data, pos + 8)
        if size < LEGACY_OVERHEAD_MIN:
            raise CorruptBatch(f"a message announces {size} bytes, less than any has")
        if magic >= MAGIC_V2:
            if magic > MAGIC_V2:
                raise CorruptBatch(f"invalid magic {magic} in a message set")
            raise InvalidRecord("a record batch of format v2 in a message set of format v0 or v1")
        stop = pos + LOG_OVERHEAD + size
        if stop > end:
            return
        yield pos, stop
        pos = stop


def verify_crc(data: Buffer, begin: int, end: int) -> None:
    """Raises: CorruptBatch if the message at `data[begin:end]` does not have the checksum that it states."""
    stated = _FROM_SIZE.unpack_from(data, begin + 8)[1]
    computed = crc32(memoryview(data)[begin + MAGIC_OFFSET : end])
    if computed != stated:
        raise CorruptBatch(f"a message is corrupt: it states crc {stated}, its bytes have {computed}")


def read_messages(data: bytes, *, verify: bool = True, base_offset: int = 0) -> Iterator[Message]:
    """Each whole message of a set; wrappers are not opened. verify: its checksum too. base_offset: added to each offset.

    Raises: CorruptBatch, InvalidRecord as `message_bounds` and `verify_crc`; InvalidRecord for lengths that do not add up.
    """
    read_size = SIZE.unpack_from
    for pos, stop in message_bounds(data):
        if verify:
            verify_crc(data, pos, stop)
        magic = data[pos + MAGIC_OFFSET]
        if stop - pos < OVERHEADS[magic]:
            raise InvalidRecord(f"a message of {stop - pos} bytes is too short for format v{magic}")
        header = HEADERS[magic]
        if magic:
            offset, _, _, _, attributes, timestamp, length = header.unpack_from(data, pos)
        else:
            offset, _, _, _, attributes, length = header.unpack_from(data, pos)
            timestamp = NO_TIMESTAMP
        at = pos + header.size
        key = value = None
        if length >= 0:
            key = data[at : at + length]
            at += length
        if length < -1 or at + SIZE.size > stop:
            raise InvalidRecord(f"a key of {length} bytes in a message of {stop - pos}")
        length = read_size(data, at)[0]
        at += SIZE.size
        if length >= 0:
            value = data[at : at + length]
            at += length
        if length < -1 or at != stop:
            raise InvalidRecord(f"a value of {length} bytes in a message of {stop - pos}")
        yield _new_message(Message, (base_offset + offset, magic, attributes, timestamp, key, value))


def open_wrapper(wrapper: Message, limit: int = DEFAULT_LIMIT) -> Iterator[Message]:
    """The messages inside a wrapper, with absolute offsets, and with its time if that is LogAppendTime.

    limit: bytes that the value may unpack to. The offsets' base is known only after the last message, so the first step
    walks once over all sizes. Raises: InvalidRecord (TooLarge, UnsupportedCodec), CorruptBatch.
    """
    codec, magic = wrapper.codec, wrapper.magic
    if wrapper.value is None:
        raise InvalidRecord("a compressed message without a value")
    packed: Buffer = wrapper.value
    if codec == Codec.LZ4 and magic == 0:
        packed = repair_lz4(packed)
    data = bytes(decompress(codec, packed, limit))
    base_offset = 0
    if magic and wrapper.offset:  # 0 from some producers, which leave the counting to the broker
        last_offset = _last_offset(data)
        base_offset = wrapper.offset - last_offset
        if base_offset < 0:
            raise InvalidRecord(
                f"a wrapper with offset {wrapper.offset} around a message with offset {last_offset}"
            )
    is_append_time = magic and wrapper.attributes & TIMESTAMP_TYPE_BIT
    message = None
    for message in read_messages(data, base_offset=base_offset):
        if message.magic != magic:
            raise InvalidRecord(f"a message of format v{message.magic} in a wrapper of v{magic}")
        if message.attributes & CODEC_MASK:
            raise InvalidRecord("a compressed message inside a compressed message")
        yield message._replace(timestamp=wrapper.timestamp) if is_append_time else message
    if message is None:
        raise InvalidRecord("a compressed message with no messages inside")


def _last_offset(data: bytes) -> int:
    """The offset that the last whole message states, 0 if there is no message."""
    offset = 0
    for begin, _ in message_bounds(data):
        offset = int.from_bytes(data[begin : begin + 8], "big", signed=True)
    return offset


# writing


def write_message(
    out: bytearray,
    magic: int,
    offset: int,
    timestamp: int,
    key: Buffer | None,
    value: Buffer | None,
    attributes: int = 0,
) -> None:
    """Appends one message. v0 has no timestamp, and none of its attributes but the codec."""
    if key is None:
        length, key = -1, b""
    else:
        length = len(key)
    head = (
        _HEADS[1].pack(1, attributes, timestamp, length)
        if magic
        else _HEADS[0].pack(0, attributes & CODEC_MASK, length)
    )
    if value is None:
        body = b"".join((head, key, _NULL))
    else:
        body = b"".join((head, key, SIZE.pack(len(value)), value))
    out += _PREFIX.pack(offset, 4 + len(body), crc32(body))
    out += body


def build_wrapper(
    messages: Buffer,
    codec: Codec,
    magic: int,
    last_offset: int,
    timestamp: int,
    attributes: int = 0,
    level: int | None = None,
) -> bytes:
    """The compressed form of a message set. timestamp: of the newest message, or the append time. level: as `compress`."""
    packed = compress(codec, messages, level)
    if codec == Codec.LZ4 and magic == 0:
        packed = break_lz4(packed)
    out = bytearray()
    write_message(out, magic, last_offset, timestamp, None, packed, attributes | codec)
    return bytes(out)


# the flaw of LZ4 in v0


def repair_lz4(frame: Buffer) -> bytes:
    """The frame with the header checksum that LZ4 demands, whatever stood there.

    Raises: CorruptBatch if there is no frame.
    """
    return _with_checksum(frame, _LZ4_MAGIC_SIZE)


def break_lz4(frame: Buffer) -> bytes:
    """The frame with the header checksum that readers of v0 expect."""
    return _with_checksum(frame, 0)


def _with_checksum(frame: Buffer, start: int) -> bytes:
    """start: where the bytes begin over which the checksum is computed."""
    fixed = bytearray(frame)
    if len(fixed) <= _LZ4_MAGIC_SIZE:
        raise CorruptBatch("lz4: the frame ends early")
    flags = fixed[_LZ4_MAGIC_SIZE]
    at = _LZ4_MAGIC_SIZE + 2 + (8 if flags & _LZ4_CONTENT_SIZE_BIT else 0)
    if flags & _LZ4_DICTIONARY_BIT or len(fixed) <= at:
        raise CorruptBatch("lz4: a frame with a dictionary, or one that ends early")
    fixed[at] = xxh32(fixed[start:at]) >> 8 & 0xFF
    return bytes(fixed)


def xxh32(data: Buffer) -> int:
    """XXH32 with seed 0 of less than 16 bytes, which is all that a frame's header has."""
    assert len(data) < 16
    mask = 0xFFFF_FFFF
    state = 374761393 + len(data)
    words = len(data) & ~3
    for pos in range(0, words, 4):
        state = state + int.from_bytes(data[pos : pos + 4], "little") * 3266489917 & mask
        state = (state << 17 | state >> 15) * 668265263 & mask
    for byte in data[words:]:
        state = state + byte * 374761393 & mask
        state = (state << 11 | state >> 21) * 2654435761 & mask
    state = (state ^ state >> 15) * 2246822519 & mask
    state = (state ^ state >> 13) * 3266489917 & mask
    return state ^ state >> 16
