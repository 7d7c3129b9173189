"""What a record batch must be to be stored, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Codec, Kafka, Record, batch, batches_in, case, records_in
from conformance.records import COUNT_AT, LAST_OFFSET_DELTA_AT, changed
from wire.errors import ErrorCode
from wire.messages.produce import ProduceRequest
from wire.records.batch import ATTRIBUTES_OFFSET, CRC_OFFSET, HEADER_SIZE

CODECS = [Codec.GZIP, Codec.SNAPPY, Codec.LZ4, Codec.ZSTD]
FEATURE = "record batches"


def refused(kafka: Kafka, data: bytes | None, code: ErrorCode, **configs: Any) -> None:
    """These bytes answer this code with base offset -1, and nothing of them is stored."""
    topic = kafka.topic(**configs)
    row = kafka.produce(topic, records=data)
    assert (ErrorCode(row.error_code), row.base_offset) == (code, -1)
    assert kafka.offset(topic) == 0


@case(ProduceRequest, versions="3+", feature=FEATURE, why="ProduceRequest.validateRecords")
def test_no_batch(kafka: Kafka) -> None:
    """Empty records answer INVALID_RECORD."""
    refused(kafka, b"", ErrorCode.INVALID_RECORD)


@case(ProduceRequest, versions="3+", feature=FEATURE, why="ProduceRequest.validateRecords")
def test_two_batches(kafka: Kafka) -> None:
    """Two batches for one partition answer INVALID_RECORD, and neither is stored."""
    refused(kafka, batch(b"a") + batch(b"b"), ErrorCode.INVALID_RECORD)


@pytest.mark.parametrize("size", [1, 16, 60])
@case(ProduceRequest, versions="8+", feature=FEATURE, why="ByteBufferLogInputStream.nextBatch")
def test_half_a_batch(kafka: Kafka, size: int) -> None:
    """The beginning of a batch alone is no batch: INVALID_RECORD."""
    refused(kafka, batch(b"a" * 50)[:size], ErrorCode.INVALID_RECORD)


@case(ProduceRequest, versions="3+", feature=FEATURE, why="MemoryRecords.validBytes")
def test_half_a_batch_behind_a_whole_one(kafka: Kafka) -> None:
    """What is cut off behind a whole batch is dropped, and the batch stored."""
    topic = kafka.topic()
    row = kafka.produce(topic, records=batch(b"a") + batch(b"b" * 100)[:80])
    assert (row.error_code, row.base_offset) == (0, 0)
    assert [record.value for record in kafka.records(topic)] == [b"a"]


@pytest.mark.parametrize("magic", [0, 1])
@case(ProduceRequest, versions="3+", feature=FEATURE, why="ProduceRequest.validateRecords")
def test_old_magic(kafka: Kafka, magic: int) -> None:
    """Message formats v0 and v1 are not for Produce v3 and up: INVALID_RECORD."""
    refused(kafka, changed(batch(b"a"), 16, ">b", magic, crc=False), ErrorCode.INVALID_RECORD)


@pytest.mark.parametrize("magic", [3, 127, -1])
@case(ProduceRequest, versions="9+", feature=FEATURE, why="ByteBufferLogInputStream.nextBatchSize")
def test_unknown_magic(kafka: Kafka, magic: int) -> None:
    """A magic that nobody knows answers CORRUPT_MESSAGE."""
    refused(kafka, changed(batch(b"a"), 16, ">b", magic, crc=False), ErrorCode.CORRUPT_MESSAGE)


@pytest.mark.parametrize("length", [-1, 0, 13, 48])
@case(ProduceRequest, versions="9+", feature=FEATURE, why="ByteBufferLogInputStream.nextBatchSize")
def test_a_length_below_any_batch(kafka: Kafka, length: int) -> None:
    """A batch that announces less than its header takes answers CORRUPT_MESSAGE."""
    refused(kafka, changed(batch(b"a"), 8, ">i", length, crc=False), ErrorCode.CORRUPT_MESSAGE)


@pytest.mark.parametrize("at", [ATTRIBUTES_OFFSET + 2, HEADER_SIZE + 1, -1])
@case(
    ProduceRequest,
    versions="3+",
    feature=FEATURE,
    why="DefaultRecordBatch.ensureValid; UnifiedLog.analyzeAndValidateRecords",
)
def test_wrong_checksum(kafka: Kafka, at: int) -> None:
    """One wrong bit, in the header or the records, answers CORRUPT_MESSAGE."""
    data = bytearray(batch(b"a" * 20))
    data[at] ^= 0x10
    refused(kafka, bytes(data), ErrorCode.CORRUPT_MESSAGE)


@case(
    ProduceRequest,
    versions="3+",
    feature=FEATURE,
    why="DefaultRecordBatch: the checksum begins at the attributes",
)
def test_leader_epoch_is_not_checked(kafka: Kafka) -> None:
    """The leader epoch that a producer writes is not looked at: the broker writes its own."""
    topic = kafka.topic()
    assert kafka.produce(topic, b"a", leader_epoch=77).error_code == 0
    (header,) = batches_in(kafka.fetch(topic).records)
    assert header.partition_leader_epoch == 0


@case(ProduceRequest, versions="3+", feature=FEATURE, why="UnifiedLog.analyzeAndValidateRecords")
def test_base_offset_must_be_0(kafka: Kafka) -> None:
    """A batch that names another base offset than 0 answers INVALID_RECORD."""
    refused(kafka, batch(b"a", base_offset=5), ErrorCode.INVALID_RECORD)


@case(ProduceRequest, versions="3+", feature=FEATURE, why="LogValidator.validateBatch")
def test_count_and_last_offset(kafka: Kafka) -> None:
    """A count that does not agree with the last offset delta answers INVALID_RECORD."""
    refused(kafka, changed(batch(b"a", b"b"), COUNT_AT, ">i", 1), ErrorCode.INVALID_RECORD)


@pytest.mark.parametrize("count", [0, -1])
@case(ProduceRequest, versions="7+", feature=FEATURE, why="LogValidator.validateBatch")
def test_no_records_in_the_batch(kafka: Kafka, count: int) -> None:
    """A batch that has no record answers INVALID_RECORD."""
    empty = batch(b"a")[:HEADER_SIZE]
    empty = changed(empty, 8, ">i", HEADER_SIZE - 12, crc=False)
    empty = changed(empty, LAST_OFFSET_DELTA_AT, ">i", count - 1)
    refused(kafka, changed(empty, COUNT_AT, ">i", count), ErrorCode.INVALID_RECORD)


@case(ProduceRequest, versions="7+", feature=FEATURE, why="LogValidator.validateBatch; DefaultRecordBatch")
def test_more_records_announced_than_there_are(kafka: Kafka) -> None:
    """Count and last offset delta agree, but the bytes hold fewer records: INVALID_RECORD."""
    data = changed(batch(b"a", b"b"), LAST_OFFSET_DELTA_AT, ">i", 4)
    refused(kafka, changed(data, COUNT_AT, ">i", 5), ErrorCode.INVALID_RECORD)


@case(ProduceRequest, versions="7+", feature=FEATURE, why="DefaultRecordBatch.iterator")
def test_bytes_behind_the_last_record(kafka: Kafka) -> None:
    """Bytes behind the last record of a batch answer INVALID_RECORD."""
    data = batch(b"a") + b"\0\0\0"
    data = changed(data, 8, ">i", len(data) - 12)
    refused(kafka, data, ErrorCode.INVALID_RECORD)


@case(ProduceRequest, versions="7+", feature=FEATURE, why="DefaultRecord.readFrom")
def test_a_record_longer_than_the_batch(kafka: Kafka) -> None:
    """A record that announces more bytes than its batch has answers INVALID_RECORD."""
    refused(kafka, changed(batch(b"a"), HEADER_SIZE, ">B", 0x7E), ErrorCode.INVALID_RECORD)


@pytest.mark.parametrize("at", ["key", "value"])
@case(ProduceRequest, versions="9+", feature=FEATURE, why="DefaultRecord.readFrom")
def test_a_field_longer_than_its_record(kafka: Kafka, at: str) -> None:
    """A key or value that announces more bytes than its record has answers INVALID_RECORD."""
    position = HEADER_SIZE + (
        4 if at == "key" else 5
    )  # length, attributes, two deltas; then the key's length
    refused(kafka, changed(batch(b"aaaa"), position, ">B", 0x70), ErrorCode.INVALID_RECORD)


@pytest.mark.parametrize("attributes", [0x20, 0x28])
@case(ProduceRequest, versions="3+", feature=FEATURE, why="LogValidator.validateBatch; KIP-98")
def test_control_batches(kafka: Kafka, attributes: int) -> None:
    """Control batches are the broker's own: INVALID_RECORD."""
    data = batch(b"a", attributes=attributes, producer_id=1, producer_epoch=0, base_sequence=0)
    refused(kafka, data, ErrorCode.INVALID_RECORD)


@case(ProduceRequest, versions="3+", feature=FEATURE, why="LogValidator.validateBatch; KIP-98")
def test_producer_id_without_sequence(kafka: Kafka) -> None:
    """A producer id needs a base sequence: INVALID_RECORD."""
    refused(kafka, batch(b"a", producer_id=1, producer_epoch=0, base_sequence=-1), ErrorCode.INVALID_RECORD)


@pytest.mark.parametrize("codec", [5, 6, 7])
@case(
    ProduceRequest, versions="9+", feature="compression", why="CompressionType.forId", differs="unknown-codec"
)
def test_unknown_codec(kafka: Kafka, codec: int) -> None:
    """A codec that nobody knows answers UNKNOWN_SERVER_ERROR, and nothing is stored."""
    topic = kafka.topic()
    row = kafka.produce(topic, records=changed(batch(b"a"), ATTRIBUTES_OFFSET, ">h", codec))
    assert row.error_code in (ErrorCode.UNKNOWN_SERVER_ERROR, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE)
    assert kafka.offset(topic) == 0


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name.lower())
@case(
    ProduceRequest,
    versions="7+",
    feature="compression",
    why="KIP-110; LogValidator.validateMessagesAndAssignOffsetsCompressed",
)
def test_every_codec(kafka: Kafka, codec: Codec) -> None:
    """A compressed batch is stored as it came: same codec, same bytes of records, own offsets."""
    topic = kafka.topic()
    kafka.produce(topic, b"first")
    data = batch(*(b"value %d" % (number % 3) for number in range(40)), codec=codec)
    assert kafka.produce(topic, records=data).base_offset == 1
    stored = bytes(kafka.fetch(topic, 1).records)
    (header,) = batches_in(stored)
    assert (header.codec, header.base_offset, header.count) == (codec, 1, 40)
    assert stored[CRC_OFFSET:] == data[CRC_OFFSET:]


@case(ProduceRequest, versions="3-6", feature="compression", why="KIP-110; ProduceRequest.validateRecords")
def test_zstd_before_v7(kafka: Kafka) -> None:
    """zstd needs Produce v7: UNSUPPORTED_COMPRESSION_TYPE, and nothing is stored."""
    refused(kafka, batch(b"a", codec=Codec.ZSTD), ErrorCode.UNSUPPORTED_COMPRESSION_TYPE)


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name.lower())
@case(
    ProduceRequest,
    versions="latest",
    feature="compression",
    why="LogValidator; topic setting compression.type",
)
def test_the_topics_codec(kafka: Kafka, codec: Codec) -> None:
    """A topic with a codec of its own stores what came uncompressed in that codec, all records kept."""
    topic = kafka.topic(compression_type=codec.name.lower(), retention_ms=-1)
    kafka.produce(topic, b"a" * 300, Record(0, 5, b"key", None, [("h", b"1")]))
    answer = kafka.fetch(topic)
    (header,) = batches_in(answer.records)
    assert header.codec == codec
    assert [(each.key, each.value) for each in records_in(answer.records)] == [
        (None, b"a" * 300),
        (b"key", None),
    ]


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name.lower())
@case(
    ProduceRequest,
    versions="latest",
    feature="compression",
    why="LogValidator; topic setting compression.type",
)
def test_an_uncompressed_topic(kafka: Kafka, codec: Codec) -> None:
    """A topic with compression.type=uncompressed unpacks what comes compressed."""
    topic = kafka.topic(compression_type="uncompressed")
    assert kafka.produce(topic, b"a" * 300, b"b", codec=codec).error_code == 0
    answer = kafka.fetch(topic)
    (header,) = batches_in(answer.records)
    assert (header.codec, header.count) == (Codec.NONE, 2)
    assert [each.value for each in records_in(answer.records)] == [b"a" * 300, b"b"]


@case(ProduceRequest, versions="3+", feature="max.message.bytes", why="UnifiedLog.analyzeAndValidateRecords")
def test_largest_batch(kafka: Kafka) -> None:
    """A batch of exactly max.message.bytes is stored."""
    data = batch(b"a" * 200)
    topic = kafka.topic(max_message_bytes=len(data))
    assert kafka.produce(topic, records=data).error_code == 0


@case(ProduceRequest, versions="3+", feature="max.message.bytes", why="UnifiedLog.analyzeAndValidateRecords")
def test_one_byte_more(kafka: Kafka) -> None:
    """A batch of one byte more than max.message.bytes answers MESSAGE_TOO_LARGE."""
    data = batch(b"a" * 200)
    refused(kafka, data, ErrorCode.MESSAGE_TOO_LARGE, max_message_bytes=len(data) - 1)


@case(
    ProduceRequest, versions="latest", feature="max.message.bytes", why="UnifiedLog.analyzeAndValidateRecords"
)
def test_size_is_that_of_the_compressed_batch(kafka: Kafka) -> None:
    """A batch is as large as it comes: 20,000 equal bytes fit into 1,000 when they are compressed."""
    topic = kafka.topic(max_message_bytes=1000)
    assert kafka.produce(topic, b"a" * 20_000, codec=Codec.GZIP).error_code == 0
    assert kafka.produce(topic, b"a" * 20_000).error_code == ErrorCode.MESSAGE_TOO_LARGE


@case(
    ProduceRequest,
    versions="latest",
    feature="max.message.bytes",
    why="UnifiedLog.append: validated once more as it will be stored",
)
def test_size_after_unpacking(kafka: Kafka) -> None:
    """Where the topic unpacks a batch, the unpacked one must fit too: MESSAGE_TOO_LARGE."""
    topic = kafka.topic(max_message_bytes=1000, compression_type="uncompressed")
    row = kafka.produce(topic, b"a" * 20_000, codec=Codec.GZIP)
    assert row.error_code == ErrorCode.MESSAGE_TOO_LARGE


@case(
    ProduceRequest, versions="latest", feature="max.message.bytes", why="UnifiedLog.analyzeAndValidateRecords"
)
def test_size_is_looked_at_before_the_checksum(kafka: Kafka) -> None:
    """A batch that is too large and corrupt answers MESSAGE_TOO_LARGE."""
    data = bytearray(batch(b"a" * 200))
    data[-1] ^= 1
    refused(kafka, bytes(data), ErrorCode.MESSAGE_TOO_LARGE, max_message_bytes=100)


@case(ProduceRequest, versions="latest", feature="max.message.bytes", why="UnifiedLog.append; segment.bytes")
def test_a_batch_larger_than_a_segment(kafka: Kafka) -> None:
    """A batch that does not fit into a segment answers RECORD_LIST_TOO_LARGE."""
    topic = kafka.topic(segment_bytes=1 << 20, max_message_bytes=4 << 20)
    row = kafka.produce(topic, b"a" * (1 << 20))
    assert (row.error_code, row.base_offset) == (ErrorCode.RECORD_LIST_TOO_LARGE, -1)
    assert kafka.produce(topic, b"a" * ((1 << 20) - 200)).error_code == 0


@case(ProduceRequest, versions="3+", feature=FEATURE, why="DefaultRecord; KIP-82")
def test_everything_in_a_record_is_kept(kafka: Kafka) -> None:
    """Keys, values, headers (equal keys, null values, no characters at all) come back as they were sent."""
    records = [
        Record(0, 1_700_000_000_000, None, None),
        Record(1, 1_700_000_000_001, b"", b""),
        Record(2, 1_700_000_000_000, b"k\0\xff", bytes(range(256))),
        Record(3, 1_700_000_000_500, b"k", None, (("a", b"1"), ("a", None), ("", b""), ("a", b"1"))),
        Record(4, 1_699_999_999_999, None, b"v", (("\u00fc\u4e16", b"\xfe"),)),
    ]
    topic = kafka.topic(retention_ms=-1)
    assert kafka.produce(topic, *records).error_code == 0
    found = kafka.records(topic)
    assert [each._replace(headers=tuple(each.headers)) for each in found] == records


@case(ProduceRequest, versions="latest", feature=FEATURE, why="DefaultRecordBatch")
def test_a_batch_of_many_records(kafka: Kafka) -> None:
    """A batch of 5,000 records takes 5,000 offsets."""
    topic = kafka.topic()
    values = [b"%d" % number for number in range(5000)]
    assert kafka.produce(topic, *values).base_offset == 0
    assert kafka.produce(topic, b"next").base_offset == 5000
    assert [record.value for record in kafka.records(topic, 4998)] == [b"4998", b"4999", b"next"]


@case(ProduceRequest, versions="latest", feature=FEATURE, why="max.message.bytes, default 1048588")
def test_a_megabyte(kafka: Kafka) -> None:
    """A batch of exactly the default max.message.bytes, 1,048,588 bytes, comes back whole."""
    overhead = len(batch(b"a" * 1_000_000)) - 1_000_000
    value = bytes(range(256)) * 4096
    value = (value + b"tail of it")[: 1_048_588 - overhead]
    data = batch(value)
    assert len(data) == 1_048_588
    topic = kafka.topic()
    assert kafka.produce(topic, records=data).error_code == 0
    (record,) = kafka.records(topic)
    assert record.value == value


@case(ProduceRequest, versions="latest", feature=FEATURE, why="max.message.bytes, default 1048588")
def test_more_than_a_megabyte(kafka: Kafka) -> None:
    """One byte more than the default max.message.bytes answers MESSAGE_TOO_LARGE."""
    overhead = len(batch(b"a" * 1_000_000)) - 1_000_000
    refused(kafka, batch(b"a" * (1_048_589 - overhead)), ErrorCode.MESSAGE_TOO_LARGE)


@case(
    ProduceRequest,
    versions="latest",
    feature=FEATURE,
    why="LogValidator; DefaultRecord attributes are unused",
)
def test_attributes_of_a_record_are_kept(kafka: Kafka) -> None:
    """The attributes byte of a record means nothing and does no harm."""
    topic = kafka.topic()
    assert kafka.produce(topic, records=changed(batch(b"a"), HEADER_SIZE + 1, ">B", 0x5A)).error_code == 0
    assert [record.value for record in kafka.records(topic)] == [b"a"]


@case(
    ProduceRequest,
    versions="latest",
    feature=FEATURE,
    why="DefaultRecordBatch attributes, bits 7 to 15 are unused",
)
def test_unused_attributes_of_a_batch(kafka: Kafka) -> None:
    """Bits of a batch's attributes that mean nothing yet are let through."""
    topic = kafka.topic()
    assert kafka.produce(topic, records=changed(batch(b"a"), ATTRIBUTES_OFFSET, ">h", 0x1000)).error_code == 0
    assert [record.value for record in kafka.records(topic)] == [b"a"]
