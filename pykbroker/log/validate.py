"""What is checked of records before a leader appends them, and in what form they are then stored.

What old producers send, message sets of format v0 or v1, is first made a batch of format v2 (convert.py): a log holds no
other. Then, from the header, always: format, size, checksum, exactly one batch, a count that agrees with the offsets, no
control batch, a sequence where there is a producer id, the bounds on timestamps. The records themselves are walked where the
header cannot answer (a compacted topic needs keys; a bound on old timestamps) and where the batch is rewritten anyway
(LogAppendTime, another codec), or where pykbroker.validate.all.records asks for it. Else those of a batch that is not
compressed must be whole (check_records), and a compressed one is not unpacked: docs/decisions/0002-log.md has what that
costs, and what it leaves to differ from Kafka.

The checks stand in Kafka's order, so that a batch with two faults gets Kafka's code. The counterparts are LogValidator,
UnifiedLog.analyzeAndValidateRecords and ProduceRequest.validateRecords.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NoReturn

from pykbroker.config.topic_settings import NEVER, TopicSettings
from pykbroker.errors import ApiError, BadRecords
from pykbroker.files import Buffer
from wire.errors import ErrorCode
from wire.records import batch as batches
from wire.records.batch import (
    ATTRIBUTES_OFFSET,
    CODEC_MASK,
    CONTROL_BIT,
    HEADER,
    HEADER_SIZE,
    LOG_OVERHEAD,
    MAGIC_OFFSET,
    MAGIC_V2,
    NO_TIMESTAMP,
    PREFIX_SIZE,
    TIMESTAMP_TYPE_BIT,
    TRANSACTIONAL_BIT,
    BatchHeader,
    Codec,
    CorruptBatch,
    InvalidRecord,
)
from wire.records.compression import DEFAULT_LIMIT, compress, decompress
from wire.records.record import (
    Record,
    build_batch,
    check_records,
    read_records,
    unpack_records,
    walk_records,
)

MOST_NAMED = 1000  # bad records that an error lists
UNPACK = HEADER.unpack_from
_new_header = tuple.__new__

CODECS = {
    "uncompressed": Codec.NONE,
    "gzip": Codec.GZIP,
    "snappy": Codec.SNAPPY,
    "lz4": Codec.LZ4,
    "zstd": Codec.ZSTD,
}


class AppendOrigin(Enum):
    """Who appends, which decides what is checked (Kafka's AppendOrigin)."""

    CLIENT = auto()  # a producer: everything
    COORDINATOR = auto()  # the broker itself, with batches that it has built: control batches, no sequences


CLIENT = AppendOrigin.CLIENT


class Rules:
    """A topic's settings in the form in which the checks use them."""

    __slots__ = (
        "after_max_ms",
        "before_max_ms",
        "codec",
        "compacted",
        "level",
        "log_append_time",
        "max_message_bytes",
        "segment_bytes",
        "unpack_limit",
        "walk",
    )

    def __init__(self, settings: TopicSettings, unpack_limit: int = DEFAULT_LIMIT) -> None:
        self.max_message_bytes = settings.max_message_bytes
        self.segment_bytes = settings.segment_bytes
        self.before_max_ms = settings.message_timestamp_before_max_ms
        self.after_max_ms = settings.message_timestamp_after_max_ms
        self.log_append_time = settings.is_log_append_time
        self.compacted = settings.is_compacted
        self.codec = CODECS.get(settings.compression_type)  # None: as the producer sent it
        self.level = {
            Codec.GZIP: settings.compression_gzip_level,
            Codec.LZ4: settings.compression_lz4_level,
            Codec.ZSTD: settings.compression_zstd_level,
        }.get(self.codec or Codec.NONE)
        self.unpack_limit = unpack_limit
        self.walk = (
            settings.validate_all_records
            or self.compacted
            or self.log_append_time
            or self.before_max_ms != NEVER
        )

    def is_bad_time(self, timestamp: int, now_ms: int) -> bool:
        """Whether a record of this time (ms, -1: none) is refused: never where the broker gives its own."""
        if timestamp == NO_TIMESTAMP or self.log_append_time:
            return False
        return not now_ms - self.before_max_ms <= timestamp <= now_ms + self.after_max_ms


Checked = tuple[BatchHeader, int, list[Buffer]]
"""A batch that may be stored: its header, its size as it will stand in the file, and what follows the 16 bytes that the log
writes anew, in pieces."""


def check(records: Buffer, rules: Rules, origin: AppendOrigin, now_ms: int) -> Checked:
    """Checks what a producer or a coordinator wants appended: one batch.

    Raises: ApiError with the code that Kafka gives.
    """
    size = len(records)
    if size < HEADER_SIZE or records[MAGIC_OFFSET] != MAGIC_V2:
        records = _of_format_v2(records, rules)
        size = len(records)
    header = _new_header(BatchHeader, UNPACK(records))
    base_offset, length, _, _, crc, attributes, delta, _, timestamp, producer_id, _, sequence, count = header
    if length + LOG_OVERHEAD != size:
        size = one_batch(records)
    view = memoryview(records)
    from_client = origin is CLIENT
    if from_client:
        if base_offset != 0:
            _invalid(f"the base offset of a produced batch must be 0, not {base_offset}")
        if size > rules.max_message_bytes:
            _too_large(size, rules)
        computed = batches.crc32c(view[ATTRIBUTES_OFFSET:size])
        if computed != crc:
            _corrupt(f"record batch is corrupt: it states crc {crc}, its bytes have {computed}")
        if delta + 1 != count or count <= 0 or not 0 <= attributes <= 4 or producer_id >= 0 > sequence:
            _check_unusual_header(header)
    elif size > rules.max_message_bytes:
        _too_large(size, rules)
    codec = attributes & CODEC_MASK
    if (
        (rules.walk if from_client else rules.log_append_time)
        or attributes & TIMESTAMP_TYPE_BIT
        or (rules.codec is not None and codec != rules.codec)
        or timestamp - now_ms > rules.after_max_ms
    ):
        return _walked(view[:size], header, rules, now_ms)
    if from_client and codec == 0:
        _check_records(view[HEADER_SIZE:size], count)
    if size > rules.segment_bytes:
        _too_large_for_segment(size, rules)
    return header, size, [view[PREFIX_SIZE:size]]


def _of_format_v2(records: Buffer, rules: Rules) -> Buffer:
    """A message set as one batch. Whatever else is no batch is refused.

    Raises: ApiError.
    """
    if len(records) > MAGIC_OFFSET and records[MAGIC_OFFSET] < MAGIC_V2:
        from pykbroker.log.convert import convert_up

        return convert_up(records, rules.max_message_bytes, rules.unpack_limit)
    one_batch(records)
    raise AssertionError("a whole batch of format v2 was taken for something else")


def one_batch(records: Buffer) -> int:
    """Size of the one batch in `records`. An incomplete one behind it is dropped, as Kafka does; a whole one refused.

    Raises: ApiError.
    """
    end = len(records)
    try:
        size = batches.peek_size(records, 0, end)
        if size is None or size > end:
            _invalid("a produce request needs one record batch for each partition, and there is none")
        batches.require_v2(records, 0, size)
        if size != end:
            second = batches.peek_size(records, size, end)
            if second is not None and size + second <= end:
                _invalid("a produce request may hold one record batch for each partition, and there are more")
    except CorruptBatch as error:
        _corrupt(str(error))
    except InvalidRecord as error:
        _invalid(str(error))
    return size


def _check_unusual_header(header: BatchHeader) -> None:
    """For a header that is not the plainest kind: says what is wrong, if anything is."""
    attributes = header.attributes
    count = header.count
    if header.last_offset_delta + 1 != count or count <= 0:
        _invalid(f"{count} records and a last offset delta of {header.last_offset_delta} do not agree")
    if attributes & CONTROL_BIT:
        _invalid("clients may not write control records")
    if header.producer_id >= 0 and header.base_sequence < 0:
        _invalid(f"sequence {header.base_sequence} with producer id {header.producer_id}")
    if attributes & CODEC_MASK > Codec.ZSTD:
        raise ApiError(
            ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, f"unknown compression codec {attributes & CODEC_MASK}"
        )
    if attributes & TRANSACTIONAL_BIT:
        raise ApiError(
            ErrorCode.INVALID_REQUEST, "transactions are not served yet: nothing of this batch was stored"
        )


def _check_records(data: memoryview, count: int) -> None:
    try:
        check_records(data, count)
    except InvalidRecord as error:
        _invalid(str(error))


def _walked(batch: memoryview, header: BatchHeader, rules: Rules, now_ms: int) -> Checked:
    """The checks that need the records, and the batch in the form that the topic asks for."""
    try:
        data = unpack_records(batch, header, 0, rules.unpack_limit)
        walk = walk_records(data, header)
    except InvalidRecord as error:
        _invalid(str(error))
    except CorruptBatch as error:
        _corrupt(str(error))
    needs_keys = rules.compacted and not header.attributes & CONTROL_BIT
    if (
        (needs_keys and walk.null_keys)
        or (rules.log_append_time and header.attributes & TIMESTAMP_TYPE_BIT)
        or rules.is_bad_time(walk.min_timestamp, now_ms)
        or rules.is_bad_time(walk.max_timestamp, now_ms)
    ):
        _bad_records(read_records(batch, header, 0, rules.unpack_limit), header, needs_keys, rules, now_ms)
    source = header.codec
    if source != Codec.NONE and not walk.consecutive:
        header, batch = _with_consecutive_offsets(batch, header, rules)
    return _in_topics_form(batch, header, walk.max_timestamp, rules, now_ms)


def _with_consecutive_offsets(
    batch: memoryview, header: BatchHeader, rules: Rules
) -> tuple[BatchHeader, memoryview]:
    """Some old clients count the offsets in compressed batches wrongly; Kafka writes those batches anew, and so do we."""
    records = read_records(batch, header, 0, rules.unpack_limit)
    again = memoryview(
        build_batch(
            records,
            codec=header.codec,
            producer_id=header.producer_id,
            producer_epoch=header.producer_epoch,
            base_sequence=header.base_sequence,
            attributes=header.attributes & ~CODEC_MASK,
        )
    )
    return batches.read_header(again), again


def _in_topics_form(
    batch: memoryview, header: BatchHeader, max_timestamp: int, rules: Rules, now_ms: int
) -> Checked:
    """The batch with the topic's codec and timestamp type. The records' bytes are touched only for another codec."""
    body: Buffer = batch[HEADER_SIZE:]
    attributes = header.attributes & ~TIMESTAMP_TYPE_BIT
    if rules.codec is not None and header.codec != rules.codec:
        body = compress(rules.codec, decompress(header.codec, body, rules.unpack_limit), rules.level)
        attributes = attributes & ~CODEC_MASK | rules.codec
    if rules.log_append_time:
        attributes |= TIMESTAMP_TYPE_BIT
        max_timestamp = now_ms
    size = HEADER_SIZE + len(body)
    if size > rules.max_message_bytes:
        _too_large(size, rules)
    if size > rules.segment_bytes:
        _too_large_for_segment(size, rules)
    if attributes == header.attributes and max_timestamp == header.max_timestamp:
        return header, size, [batch[PREFIX_SIZE:]]
    header = header._replace(
        attributes=attributes, max_timestamp=max_timestamp, batch_length=size - LOG_OVERHEAD, magic=MAGIC_V2
    )
    return header, size, [batches.pack_header(header, [body])[PREFIX_SIZE:], body]


def _invalid(message: str) -> NoReturn:
    raise ApiError(ErrorCode.INVALID_RECORD, message)


def _corrupt(message: str) -> NoReturn:
    raise ApiError(ErrorCode.CORRUPT_MESSAGE, message)


def _too_large(size: int, rules: Rules) -> NoReturn:
    raise ApiError(
        ErrorCode.MESSAGE_TOO_LARGE,
        f"a record batch of {size} bytes, and max.message.bytes is {rules.max_message_bytes}",
    )


def _too_large_for_segment(size: int, rules: Rules) -> NoReturn:
    raise ApiError(
        ErrorCode.RECORD_LIST_TOO_LARGE,
        f"a batch of {size} bytes does not fit into a segment of {rules.segment_bytes}",
    )


def _bad_records(
    records: list[Record], header: BatchHeader, needs_keys: bool, rules: Rules, now_ms: int
) -> NoReturn:
    """Says which records are to blame; of a record without a key no more is said. One bad time makes the code of all."""
    found = []
    code = ErrorCode.INVALID_RECORD
    for index, record in enumerate(records):
        if needs_keys and record.key is None:
            found.append((index, "a compacted topic needs a key in every record"))
            continue
        if rules.log_append_time and header.attributes & TIMESTAMP_TYPE_BIT:
            text = "a producer may not set the timestamp type LogAppendTime"
        elif rules.is_bad_time(record.timestamp, now_ms):
            bounds = f"{now_ms - rules.before_max_ms} to {now_ms + rules.after_max_ms}"
            text = f"timestamp {record.timestamp} is outside of {bounds}"
        else:
            continue
        code = ErrorCode.INVALID_TIMESTAMP
        found.append((index, text))
    index, text = found[0]
    raise BadRecords(
        code, f"{len(found)} records are refused; the first is number {index}: {text}", found[:MOST_NAMED]
    )


def check_run(records: Buffer, next_offset: int) -> list[tuple[int, BatchHeader]]:
    """(position, header) of each whole batch that a leader sent, which must follow on `next_offset` and on each other.

    Raises: ApiError CORRUPT_MESSAGE, INVALID_RECORD.
    """
    found: list[tuple[int, BatchHeader]] = []
    try:
        for position, header in batches.iterate_batches(records):
            batches.verify_crc(records, header, position)
            if header.base_offset < next_offset:
                raise InvalidRecord(f"offset {header.base_offset} cannot follow {next_offset - 1}")
            next_offset = header.next_offset
            found.append((position, header))
    except CorruptBatch as error:
        raise ApiError(ErrorCode.CORRUPT_MESSAGE, str(error)) from None
    except InvalidRecord as error:
        raise ApiError(ErrorCode.INVALID_RECORD, str(error)) from None
    return found
