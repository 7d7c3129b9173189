"""Between message sets (v0, v1: legacy.py) and record batches (v2): up for what old producers send, down for old consumers.

Up: a whole set, compressed or not, becomes one batch with the same codec and consecutive offsets. Messages of v0 have no
timestamp. LogAppendTime of any message stays, as a mark on the batch.

Down: a batch becomes a set with the same offsets (gaps stay); headers, producer and control batches have no place there and
are dropped. A batch that is not compressed becomes single messages, and those before the offset asked for are left out, on
which some clients rely; a compressed one becomes one wrapper.

Both go record by record and keep none, so memory is bounded by the bytes in and out. (Kafka: LogValidator, RecordsUtil)
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import error as StructError

from wire.records.batch import (
    CODEC_MASK,
    HEADER_SIZE,
    LOG_OVERHEAD,
    MAGIC_V2,
    NO_LEADER_EPOCH,
    NO_PRODUCER_EPOCH,
    NO_PRODUCER_ID,
    NO_SEQUENCE,
    NO_TIMESTAMP,
    TIMESTAMP_TYPE_BIT,
    BatchHeader,
    Buffer,
    Codec,
    InvalidRecord,
    pack_header,
)
from wire.records.compression import DEFAULT_LIMIT, TooLarge, compress
from wire.records.legacy import (
    OVERHEADS,
    Message,
    UnsupportedCodec,
    build_wrapper,
    open_wrapper,
    write_message,
)
from wire.records.record import Record, feed_records, unpack_records, write_record

MAX_DELTA = (1 << 63) - 1  # what a record's timestamp delta can hold
FAST_GZIP = 1  # a level three times faster than the default: a wrapper is made anew for each fetch
NOT_ALONE = "a message set with a compressed message may hold no other"


def batch_of_messages(messages: Iterator[Message], limit: int = DEFAULT_LIMIT) -> bytes:
    """One v2 batch, base offset 0, of a message set (from `read_messages`): single messages, or one wrapper.

    limit: bytes that the records may take before they are compressed. Raises: InvalidRecord (TooLarge, UnsupportedCodec),
    CorruptBatch.
    """
    first = next(messages, None)
    if first is None:
        raise InvalidRecord("a message set without a whole message")
    codec = first.codec
    if codec == Codec.NONE:
        messages = _of_one_format(first, messages)
    elif next(messages, None) is None:
        messages = open_wrapper(first, limit)
    else:
        raise InvalidRecord(NOT_ALONE)
    body = bytearray()
    attributes = first.attributes
    count = base_timestamp = 0
    max_timestamp = NO_TIMESTAMP
    for message in messages:
        _, _, of_message, timestamp, key, value = message
        if not count:
            base_timestamp = timestamp
        if timestamp > max_timestamp:
            max_timestamp = timestamp
        delta = timestamp - base_timestamp
        if timestamp < NO_TIMESTAMP or delta > MAX_DELTA:
            raise InvalidRecord(
                f"a timestamp of {timestamp} in a message set that begins with {base_timestamp}"
            )
        attributes |= of_message
        write_record(body, count, delta, key, value)
        if len(body) > limit:
            raise TooLarge(limit)
        count += 1
    append_time = attributes & TIMESTAMP_TYPE_BIT if first.magic else 0
    return _pack(compress(codec, body), codec | append_time, count, base_timestamp, max_timestamp)


def _of_one_format(first: Message, messages: Iterator[Message]) -> Iterator[Message]:
    yield first
    for message in messages:
        if message.magic != first.magic:
            raise InvalidRecord(f"messages of formats v{first.magic} and v{message.magic} in one set")
        if message.attributes & CODEC_MASK:
            raise InvalidRecord(NOT_ALONE)
        yield message


def _pack(packed: bytes, attributes: int, count: int, base_timestamp: int, max_timestamp: int) -> bytes:
    header = BatchHeader(
        base_offset=0,
        batch_length=HEADER_SIZE - LOG_OVERHEAD + len(packed),
        partition_leader_epoch=NO_LEADER_EPOCH,
        magic=MAGIC_V2,
        crc=0,
        attributes=attributes,
        last_offset_delta=count - 1,
        base_timestamp=base_timestamp,
        max_timestamp=max_timestamp,
        producer_id=NO_PRODUCER_ID,
        producer_epoch=NO_PRODUCER_EPOCH,
        base_sequence=NO_SEQUENCE,
        count=count,
    )
    return pack_header(header, [packed]) + packed


class _MessageWriter:
    """Takes the records of one batch, and has them as messages in `out`.

    relative: offsets count from the first record's. last: offset of the last one. newest: the largest timestamp, ms.
    """

    __slots__ = ("_attributes", "_base", "_from_offset", "_magic", "_relative", "last", "newest", "out")

    def __init__(self, magic: int, attributes: int, from_offset: int, relative: bool) -> None:
        self._magic = magic
        self._attributes = attributes
        self._from_offset = from_offset
        self._relative = relative
        self._base = 0
        self.last = -1
        self.newest = NO_TIMESTAMP
        self.out = bytearray()

    def append(self, record: Record, /) -> None:
        offset, timestamp, key, value, _ = record
        if offset < self._from_offset:
            return
        if self._relative and not self.out:
            self._base = offset
        self.last = offset
        if timestamp > self.newest:
            self.newest = timestamp
        write_message(self.out, self._magic, offset - self._base, timestamp, key, value, self._attributes)


def messages_of_batch(
    batch: Buffer, header: BatchHeader, pos: int, magic: int, from_offset: int = 0, limit: int = DEFAULT_LIMIT
) -> bytes:
    """The v2 batch at `batch[pos:]` as a message set of format `magic` (0 or 1); b"" if it has nothing to show there.

    from_offset: records of an uncompressed batch before it are left out. limit: bytes that the messages may take before
    they are compressed. Raises: UnsupportedCodec for zstd; TooLarge; InvalidRecord, CorruptBatch for a damaged batch.
    """
    if header.is_control:
        return b""
    codec = header.codec
    if codec == Codec.ZSTD:
        raise UnsupportedCodec(f"zstd has no place in message format v{magic}")
    data = unpack_records(batch, header, pos, limit)
    if len(data) + header.count * OVERHEADS[magic] > limit:
        raise TooLarge(limit)
    attributes = TIMESTAMP_TYPE_BIT if magic and header.is_log_append_time else 0
    is_packed = codec != Codec.NONE
    writer = _MessageWriter(magic, attributes, 0 if is_packed else from_offset, is_packed and magic == 1)
    level = FAST_GZIP if codec == Codec.GZIP else None
    try:
        feed_records(data, header, writer)
        if not is_packed or not writer.out:
            return bytes(writer.out)
        return build_wrapper(writer.out, codec, magic, writer.last, writer.newest, attributes, level)
    except StructError:
        raise InvalidRecord("a record's offset or timestamp is beyond an int64") from None
