"""The codecs of record batches, and decompression that never makes more bytes than it was allowed.

A batch of 1 MiB may hold 32 GiB of zeros, and a frame may state any size or none, so no size that stands in the data is
believed: every codec is driven with an output limit, and goes on only while there is input. Kafka's own choices on the
wire: gzip with header, snappy in the framing of xerial's snappy-java (plain blocks are also read, since librdkafka's
peers send them), LZ4 frames with independent blocks (Java reads no others), zstd frames. Concatenated gzip members, LZ4 and
zstd frames are read through.

Each library is imported with the first batch that needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Protocol

from wire.records.batch import Buffer, Codec, CorruptBatch, InvalidRecord

DEFAULT_LIMIT = 64 * 1024 * 1024  # bytes of one batch's records when unpacked

XERIAL_MAGIC = b"\x82SNAPPY\x00"
XERIAL_HEADER = XERIAL_MAGIC + b"\x00\x00\x00\x01\x00\x00\x00\x01"  # version 1, compatible with 1
XERIAL_BLOCK = 32 * 1024  # snappy-java's block size: bytes before compression
SNAPPY_MAX_RATIO = 22  # the densest element copies 64 bytes for 3
LZ4_DEFAULT_LEVEL = (
    9  # by which Kafka means the fast compressor; each other level is one of the slow compressor
)
LZ4_FAST = 0
FIRST_STEP = 64 * 1024  # bytes that the first call may make of a frame
ZSTD_WINDOW_LOG_MAX = 27  # 128 MiB, which level 22 asks for; it is address space until data fills it


class TooLarge(InvalidRecord):
    """Unpacking went past the limit."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"records unpack to more than {limit} bytes")


class _Decompressor(Protocol):
    eof: bool
    needs_input: bool

    @property
    def unused_data(self) -> bytes | None: ...

    def decompress(self, data: Buffer, max_length: int) -> bytes: ...


def compress(codec: Codec, data: Buffer, level: int | None = None) -> bytes:
    """`data` in the form that `codec` has inside a batch. level: the codec's own scale, None for Kafka's default."""
    if codec == Codec.NONE:
        return bytes(data)
    return _COMPRESS[codec](data, level)


def decompress(codec: Codec, data: Buffer, limit: int = DEFAULT_LIMIT) -> Buffer:
    """The records of a batch, unpacked; at most `limit` bytes.

    Raises: TooLarge if there are more; CorruptBatch if the data is not what the codec makes.
    """
    if codec == Codec.NONE:
        return data
    return _DECOMPRESS[codec](data, limit)


# gzip


def _gzip_compress(data: Buffer, level: int | None) -> bytes:
    import zlib

    packer = zlib.compressobj(-1 if level is None else level, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def _gzip_decompress(data: Buffer, limit: int) -> bytes:
    import zlib

    out: list[bytes] = []
    room = limit
    rest: Buffer = data
    while rest:
        unpacker = zlib.decompressobj(31)
        try:
            piece = unpacker.decompress(rest, room + 1)
        except zlib.error as error:
            raise CorruptBatch(f"gzip: {error}") from None
        room -= len(piece)
        if room < 0:
            raise TooLarge(limit)
        if not unpacker.eof:
            raise CorruptBatch("gzip: the stream ends early")
        out.append(piece)
        rest = unpacker.unused_data
    return _joined(out, "gzip")


# snappy


def _snappy_compress(data: Buffer, level: int | None) -> bytes:
    import cramjam

    view = memoryview(data)
    out = [XERIAL_HEADER]
    for start in range(0, len(view), XERIAL_BLOCK):
        block = bytes(cramjam.snappy.compress_raw(view[start : start + XERIAL_BLOCK]))
        out += (len(block).to_bytes(4, "big"), block)
    return b"".join(out)


def _snappy_decompress(data: Buffer, limit: int) -> bytes:
    view = memoryview(data)
    if bytes(view[: len(XERIAL_MAGIC)]) != XERIAL_MAGIC:
        return _snappy_block(view, limit, limit)
    out: list[bytes] = []
    room = limit
    pos = len(XERIAL_HEADER)
    if len(view) < pos:
        raise CorruptBatch("snappy: the framing's header is cut off")
    while pos < len(view):
        size = int.from_bytes(view[pos : pos + 4], "big")
        pos += 4
        if size > len(view) - pos:
            raise CorruptBatch("snappy: a block is cut off")
        block = _snappy_block(view[pos : pos + size], room, limit)
        out.append(block)
        room -= len(block)
        pos += size
    return b"".join(out)


def _snappy_block(block: memoryview, room: int, limit: int) -> bytes:
    """One raw block. Its first varint states the size; it is checked against the room and against what snappy can reach."""
    import cramjam

    stated = _snappy_stated_size(block)
    if stated > room:
        raise TooLarge(limit)
    if stated > len(block) * SNAPPY_MAX_RATIO:
        raise CorruptBatch(f"snappy: {len(block)} bytes cannot hold {stated}")
    try:
        return bytes(cramjam.snappy.decompress_raw(block))
    except cramjam.DecompressionError as error:
        raise CorruptBatch(f"snappy: {error}") from None


def _snappy_stated_size(block: memoryview) -> int:
    size = 0
    for index, byte in enumerate(block[:5]):
        size |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return size
    raise CorruptBatch("snappy: a block without a size")


# lz4


def _lz4_compress(data: Buffer, level: int | None) -> bytes:
    import lz4.frame

    packed: bytes = lz4.frame.compress(
        data,
        compression_level=LZ4_FAST if level is None or level == LZ4_DEFAULT_LEVEL else level,
        block_size=lz4.frame.BLOCKSIZE_MAX64KB,
        block_linked=False,  # Java's reader refuses dependent blocks
        store_size=False,
    )
    return packed


def _lz4_decompress(data: Buffer, limit: int) -> bytes:
    import lz4.frame

    return _run_frames(lz4.frame.LZ4FrameDecompressor, data, limit, "lz4", (RuntimeError, EOFError))


# zstd


def _zstd_module() -> Any:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _zstd_compress(data: Buffer, level: int | None) -> bytes:
    packed: bytes = _zstd_module().compress(data, 3 if level is None else level)
    return packed


def _zstd_decompress(data: Buffer, limit: int) -> bytes:
    zstd = _zstd_module()
    options = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG_MAX}
    return _run_frames(lambda: zstd.ZstdDecompressor(options=options), data, limit, "zstd", (zstd.ZstdError,))


# shared


def _run_frames(
    fresh: Callable[[], _Decompressor],
    data: Buffer,
    limit: int,
    name: str,
    errors: tuple[type[Exception], ...],
) -> bytes:
    """Frame after frame until the input ends, in steps that grow with the input.

    The room left goes to the library as `max_length`, which holds whatever a frame states; the steps keep a library that
    makes its buffer beforehand (lz4) from making it as large as the limit.
    """
    out: list[bytes] = []
    room = limit
    rest: Buffer = data
    while rest:
        unpacker = fresh()
        step = max(FIRST_STEP, len(rest) * 4)
        while not unpacker.eof:
            try:
                piece = unpacker.decompress(rest, max_length=min(step, room + 1))
            except errors as error:
                raise CorruptBatch(f"{name}: {error}") from None
            rest = b""
            room -= len(piece)
            if room < 0:
                raise TooLarge(limit)
            out.append(piece)
            if not unpacker.eof and unpacker.needs_input:
                raise CorruptBatch(f"{name}: the frame ends early")
            step *= 2
        rest = unpacker.unused_data or b""
    return _joined(out, name)


def _joined(out: list[bytes], name: str) -> bytes:
    if not out:
        raise CorruptBatch(f"{name}: no data")
    return out[0] if len(out) == 1 else b"".join(out)


_COMPRESS: dict[Codec, Callable[[Buffer, int | None], bytes]] = {
    Codec.GZIP: _gzip_compress,
    Codec.SNAPPY: _snappy_compress,
    Codec.LZ4: _lz4_compress,
    Codec.ZSTD: _zstd_compress,
}
_DECOMPRESS: dict[Codec, Callable[[Buffer, int], bytes]] = {
    Codec.GZIP: _gzip_decompress,
    Codec.SNAPPY: _snappy_decompress,
    Codec.LZ4: _lz4_decompress,
    Codec.ZSTD: _zstd_decompress,
}
