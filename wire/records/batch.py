"""Record batches, message format v2 (KIP-98): the 61-byte header, the checksum, and walking a run of batches.

    base_offset int64 | batch_length int32 | partition_leader_epoch int32 | magic int8 | crc uint32
    | attributes int16 | last_offset_delta int32 | base_timestamp int64 | max_timestamp int64
    | producer_id int64 | producer_epoch int16 | base_sequence int32 | count int32 | records ...

`batch_length` counts what follows it, so a batch takes `batch_length + 12` bytes. The checksum (CRC-32C) covers everything
from `attributes` to the end: a broker may write base offset and leader epoch, which stand before it, without touching the
rest. That is what makes an append cheap: sixteen fresh bytes, and the records as they were received.

Everything here works on any buffer and copies nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from wire.errors import WireError

Buffer = bytes | bytearray | memoryview

HEADER = Struct(">qiibIhiqqqhii")
HEADER_SIZE = HEADER.size  # 61
LOG_OVERHEAD = 12  # base_offset and batch_length: what stands before the bytes that batch_length counts
PREFIX = Struct(">qii")  # base_offset, batch_length, partition_leader_epoch
PREFIX_SIZE = PREFIX.size  # 16
CRC_OFFSET = 17
ATTRIBUTES_OFFSET = 21  # where the checksummed part begins
MAGIC_OFFSET = 16
MAGIC_V2 = 2
LEGACY_OVERHEAD_MIN = 14  # the smallest body of a v0 message: no announced size may be below

CODEC_MASK = 0x07
TIMESTAMP_TYPE_BIT = 0x08  # set: LogAppendTime, every record has the batch's max_timestamp
TRANSACTIONAL_BIT = 0x10
CONTROL_BIT = 0x20
DELETE_HORIZON_BIT = 0x40  # KIP-534: base_timestamp is the delete horizon

NO_TIMESTAMP = -1
NO_PRODUCER_ID = -1
NO_PRODUCER_EPOCH = -1
NO_SEQUENCE = -1
NO_LEADER_EPOCH = -1


class CorruptBatch(WireError):
    """Bytes that are no record batch, or one whose checksum is wrong (CORRUPT_MESSAGE)."""


class InvalidRecord(WireError):
    """A batch that is whole but whose content contradicts itself (INVALID_RECORD)."""


class Codec(IntEnum):
    """Compression of a batch's records: the low three bits of its attributes."""

    NONE = 0
    GZIP = 1
    SNAPPY = 2
    LZ4 = 3
    ZSTD = 4


class BatchHeader(NamedTuple):
    """The header's fields as they stand on the wire, and what follows from them."""

    base_offset: int
    batch_length: int
    partition_leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int  # ms; of the first record
    max_timestamp: int  # ms; of the records, or the append time for all
    producer_id: int  # -1: none
    producer_epoch: int
    base_sequence: int
    count: int  # type: ignore[assignment]  # shadows tuple.count, which nobody needs here

    @property
    def size(self) -> int:
        """Bytes of the whole batch."""
        return self.batch_length + LOG_OVERHEAD

    @property
    def last_offset(self) -> int:
        return self.base_offset + self.last_offset_delta

    @property
    def next_offset(self) -> int:
        return self.base_offset + self.last_offset_delta + 1

    @property
    def last_sequence(self) -> int:
        """Sequence of the last record, -1 without a producer id; sequences wrap at 2**31."""
        if self.base_sequence < 0:
            return NO_SEQUENCE
        return advance_sequence(self.base_sequence, self.last_offset_delta)

    @property
    def codec(self) -> Codec:
        """Raises: InvalidRecord for a number that no codec has."""
        number = self.attributes & CODEC_MASK
        if number > Codec.ZSTD:
            raise InvalidRecord(f"unknown compression codec {number} in a batch's attributes")
        return Codec(number)

    @property
    def is_log_append_time(self) -> bool:
        return self.attributes & TIMESTAMP_TYPE_BIT != 0

    @property
    def is_transactional(self) -> bool:
        return self.attributes & TRANSACTIONAL_BIT != 0

    @property
    def is_control(self) -> bool:
        return self.attributes & CONTROL_BIT != 0


def advance_sequence(sequence: int, by: int) -> int:
    """The sequence `by` records later: after 2**31 - 1 comes 0."""
    return (sequence + by) & 0x7FFF_FFFF


def crc32c(data: Buffer, value: int = 0) -> int:
    """CRC-32C of `data`, continued from `value`. The library is imported with the first call and then stands here itself."""
    from crc32c import crc32c as implementation

    globals()["crc32c"] = implementation
    return int(implementation(data, value))


_new_tuple = tuple.__new__  # a NamedTuple's own _make takes twice the time


def read_header(buf: Buffer, pos: int = 0) -> BatchHeader:
    """The header at `pos`; at least HEADER_SIZE bytes must stand there. Checks nothing."""
    return _new_tuple(BatchHeader, HEADER.unpack_from(buf, pos))


def peek_size(buf: Buffer, pos: int, end: int) -> int | None:
    """Bytes of the batch (or old message) at `pos`, None if `buf[pos:end]` holds too little to say.

    Raises: CorruptBatch if what stands there cannot be a batch: a length below any format's, a magic above v2.
    """
    if end - pos < LOG_OVERHEAD:
        return None
    length = int.from_bytes(buf[pos + 8 : pos + LOG_OVERHEAD], "big", signed=True)
    if length < LEGACY_OVERHEAD_MIN:
        raise CorruptBatch(f"a record batch announces {length} bytes, less than any format has")
    if end - pos <= MAGIC_OFFSET:
        return None
    if buf[pos + MAGIC_OFFSET] > MAGIC_V2:
        raise CorruptBatch(f"invalid magic {buf[pos + MAGIC_OFFSET]} in a record batch")
    return length + LOG_OVERHEAD


def iterate_batches(buf: Buffer, pos: int = 0, end: int | None = None) -> Iterator[tuple[int, BatchHeader]]:
    """(position, header) of each whole batch in `buf[pos:end]`; an incomplete last one is left out, as Kafka does.

    Raises: CorruptBatch where the bytes cannot be a batch; InvalidRecord at a v0 or v1 message set.
    """
    limit = len(buf) if end is None else end
    while True:
        size = peek_size(buf, pos, limit)
        if size is None or pos + size > limit:
            return
        require_v2(buf, pos, size)
        yield pos, read_header(buf, pos)
        pos += size


def require_v2(buf: Buffer, pos: int, size: int) -> None:
    """Raises: InvalidRecord for message format v0 or v1; CorruptBatch for a v2 batch shorter than its header."""
    magic = buf[pos + MAGIC_OFFSET]
    if magic != MAGIC_V2:
        raise InvalidRecord(f"message format v{magic} where a record batch of format v2 has to stand")
    if size < HEADER_SIZE:
        raise CorruptBatch(f"a record batch of {size} bytes is shorter than its header of {HEADER_SIZE}")


def compute_crc(buf: Buffer, pos: int, size: int) -> int:
    """The checksum that the batch at `buf[pos:pos + size]` should carry."""
    return crc32c(memoryview(buf)[pos + ATTRIBUTES_OFFSET : pos + size])


def verify_crc(buf: Buffer, header: BatchHeader, pos: int = 0) -> None:
    """Raises: CorruptBatch if the batch at `pos` does not have the checksum that its header states."""
    computed = compute_crc(buf, pos, header.batch_length + LOG_OVERHEAD)
    if computed != header.crc:
        raise CorruptBatch(f"record batch is corrupt: stored crc {header.crc}, computed {computed}")


def pack_header(header: BatchHeader, body: list[Buffer]) -> bytes:
    """`header` as bytes, with the checksum that it has over `body` (the records, in pieces) in place of `header.crc`."""
    raw = bytearray(HEADER.pack(*header))
    crc = crc32c(memoryview(raw)[ATTRIBUTES_OFFSET:])
    for piece in body:
        crc = crc32c(piece, crc)
    raw[CRC_OFFSET:ATTRIBUTES_OFFSET] = crc.to_bytes(4, "big")
    return bytes(raw)
