"""Produce v0 to v2 and Fetch v0 to v3, called directly: message sets in, message sets out.

The codes, and which fault wins where there are two, are those of Apache Kafka 3.9.2, except as docs/differences.md says.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from pykbroker.log.validate import AppendOrigin
from tests.server.data_path import NOW_MS, DataPath, batch, topic
from wire.errors import ErrorCode
from wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from wire.records.batch import CONTROL_BIT, TIMESTAMP_TYPE_BIT, TRANSACTIONAL_BIT, Codec, iterate_batches
from wire.records.compression import TooLarge
from wire.records.legacy import (
    Message,
    build_wrapper,
    message_bounds,
    open_wrapper,
    read_messages,
    write_message,
)
from wire.records.record import Record, build_batch, read_records

CODECS = [Codec.NONE, Codec.GZIP, Codec.SNAPPY, Codec.LZ4]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[DataPath]:
    made = DataPath(tmp_path)
    yield made
    made.log_dirs.abandon()


def message(
    value: bytes | None = b"v",
    *,
    magic: int = 1,
    key: bytes | None = b"k",
    timestamp: int = NOW_MS,
    attributes: int = 0,
) -> bytes:
    out = bytearray()
    write_message(out, magic, 0, timestamp, key, value, attributes)
    return bytes(out)


def wrapper(inner: bytes, codec: Codec = Codec.GZIP, magic: int = 1, attributes: int = 0) -> bytes:
    return build_wrapper(inner, codec, magic, 0, NOW_MS, attributes)


def produce(broker: DataPath, records: bytes | None, version: int = 2, acks: int = 1, index: int = 0) -> Any:
    data = [PartitionProduceData(index=index, records=records)]
    request = ProduceRequest(
        acks=acks, timeout_ms=1000, topic_data=[TopicProduceData(name="t", partition_data=data)]
    )
    (each,) = broker.handle("produce", version, request).responses
    (row,) = each.partition_responses
    return row


def fetch(
    broker: DataPath, offset: int = 0, version: int = 2, limit: int = 1 << 20, total: int = 1 << 30
) -> Any:
    asked = FetchPartition(partition=0, fetch_offset=offset, partition_max_bytes=limit)
    request = FetchRequest(max_bytes=total, topics=[FetchTopic(topic="t", partitions=[asked])])
    (each,) = broker.handle("fetch", version, request).responses
    (row,) = each.partitions
    return row


def messages(row: Any) -> list[Message]:
    """All that are whole, those in wrappers too."""
    found: list[Message] = []
    for each in read_messages(bytes(row.records)):
        found += open_wrapper(each) if each.codec else [each]
    return found


def offsets(row: Any) -> list[int]:
    assert row.error_code == 0
    return [each.offset for each in messages(row)]


def stored(broker: DataPath) -> list[Record]:
    data = broker.partition().read(0, 1 << 20).records
    return [
        record
        for position, header in iterate_batches(data)
        for record in read_records(data, header, position)
    ]


def append(broker: DataPath, records: bytes, origin: AppendOrigin = AppendOrigin.CLIENT) -> None:
    broker.partition().append_as_leader(records, origin, 1)


# Produce


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("magic", [0, 1])
def test_message_set_becomes_one_batch(broker: DataPath, version: int, codec: Codec, magic: int) -> None:
    broker.have(topic("t"))
    append(broker, batch())
    records = message(b"a", magic=magic) + message(None, key=None, magic=magic)
    answer = produce(broker, wrapper(records, codec, magic) if codec else records, version)
    assert (answer.error_code, answer.base_offset, answer.log_append_time_ms) == (0, 1, -1)
    data = broker.partition().read(1, 10_000).records
    ((_, header),) = iterate_batches(data)
    assert (header.codec, header.count, header.producer_id) == (codec, 2, -1)
    time = NOW_MS if magic else -1
    assert stored(broker)[1:] == [Record(1, time, b"k", b"a"), Record(2, time, None, None)]


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("codec", list(Codec))
def test_record_batch_is_not_refused_in_old_versions(broker: DataPath, version: int, codec: Codec) -> None:
    """zstd neither: Kafka looks for it from v3 on."""
    broker.have(topic("t"))
    assert produce(broker, batch(codec=codec), version).error_code == 0


@pytest.mark.parametrize("version", [3, 6, 7, 12])
@pytest.mark.parametrize("records", [message(magic=0), message(), wrapper(message())])
def test_message_set_is_refused_from_version_3_on(broker: DataPath, version: int, records: bytes) -> None:
    broker.have(topic("t"))
    answer = produce(broker, records, version)
    assert answer.error_code == ErrorCode.INVALID_RECORD
    if version >= 8:
        assert "takes record batches of format v2" in answer.error_message
    assert broker.partition().log_end_offset == 0


def corrupt(records: bytes) -> bytes:
    return records[:-1] + bytes([records[-1] ^ 1])


def with_crc(body: bytes, size: int | None = None) -> bytes:
    return struct.pack(">qiI", 0, len(body) + 4 if size is None else size, crc32(body)) + body


INVALID = {
    "nothing": b"",
    "less than a message": message()[:-1],
    "v0 and v1": message(magic=0) + message(),
    "a wrapper that is not alone": message() + wrapper(message()),
    "two wrappers": wrapper(message()) * 2,
    "a batch behind a message": message() + batch(),
    "a message behind a batch": batch() + message(),
    "two batches": batch() * 2,
    "zstd": message(attributes=Codec.ZSTD),
    "an unknown codec": message(attributes=5),
    "a wrapper in a wrapper": wrapper(wrapper(message())),
    "an empty wrapper": wrapper(b""),
    "a wrapper of nothing": message(None, attributes=Codec.GZIP),
    "another format in the wrapper": wrapper(message(magic=0)),
    "a time before all time": message(timestamp=-2),
    "a key longer than the message": with_crc(struct.pack(">bbii", 0, 0, 100, 0)),
}

CORRUPT = {
    "crc": corrupt(message()),
    "crc of a wrapper": corrupt(wrapper(message())),
    "crc inside a wrapper": wrapper(corrupt(message())),
    "a size that no message has": with_crc(bytes(30), size=13),
    "a negative size": with_crc(bytes(30), size=-1),
    "a magic to come": with_crc(b"\3" + bytes(30)),
    "both formats, then crc": message(magic=0) + message() + corrupt(message()),
    "no gzip": message(b"nope", attributes=Codec.GZIP),
    "no snappy": message(b"nope" * 10, attributes=Codec.SNAPPY),
    "no lz4": message(b"nope" * 10, attributes=Codec.LZ4),
}


@pytest.mark.parametrize("case", INVALID)
def test_set_that_contradicts_itself_is_invalid(broker: DataPath, case: str) -> None:
    broker.have(topic("t"))
    assert produce(broker, INVALID[case]).error_code == ErrorCode.INVALID_RECORD
    assert broker.partition().log_end_offset == 0


@pytest.mark.parametrize("case", CORRUPT)
def test_damaged_set_is_corrupt(broker: DataPath, case: str) -> None:
    broker.have(topic("t"))
    assert produce(broker, CORRUPT[case]).error_code == ErrorCode.CORRUPT_MESSAGE
    assert broker.partition().log_end_offset == 0


def test_incomplete_last_message_is_dropped(broker: DataPath) -> None:
    broker.have(topic("t"))
    assert produce(broker, message(b"a") + message(b"b")[:-1]).error_code == 0
    assert [record.value for record in stored(broker)] == [b"a"]


@pytest.mark.parametrize(
    "records",
    [
        message(b"x" * 1000),
        corrupt(message(b"x" * 1000)),
        message(b"x" * 300) * 4,
        message(b"x" * 930, magic=0),  # of 957 bytes, and as a batch more than 1,000
    ],
    ids=["one message", "and corrupt", "all together, as a batch", "as a batch"],
)
def test_too_large(broker: DataPath, records: bytes) -> None:
    broker.have(topic("t", config={"max.message.bytes": "1000"}))
    assert produce(broker, records).error_code == ErrorCode.MESSAGE_TOO_LARGE
    assert broker.partition().log_end_offset == 0


def test_a_bomb_is_refused(broker: DataPath) -> None:
    """A message of 100 KB that unpacks to 100 MB."""
    broker.have(topic("t"))
    bomb = wrapper(message(bytes(100 << 20)))
    assert len(bomb) < 200_000
    assert produce(broker, bomb).error_code == ErrorCode.INVALID_RECORD
    with pytest.raises(TooLarge):
        list(open_wrapper(next(read_messages(bomb))))


def test_errors_of_the_request_come_before_those_of_its_records(broker: DataPath) -> None:
    broker.have(topic("t", replicas=(0, 1), isr=(0,), config={"min.insync.replicas": "2"}))
    bad = corrupt(message())
    assert produce(broker, bad, acks=2).error_code == ErrorCode.INVALID_REQUIRED_ACKS
    assert produce(broker, bad, index=7).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert produce(broker, bad, acks=-1).error_code == ErrorCode.NOT_ENOUGH_REPLICAS
    assert produce(broker, bad).error_code == ErrorCode.CORRUPT_MESSAGE


@pytest.mark.parametrize("magic", [0, 1])
def test_log_append_time_of_the_topic(broker: DataPath, magic: int) -> None:
    broker.have(topic("t", config={"message.timestamp.type": "LogAppendTime"}))
    for version in (0, 1, 2):
        answer = produce(broker, message(magic=magic, timestamp=5), version)
        assert answer.log_append_time_ms == (NOW_MS if version == 2 else -1)
    assert produce(broker, wrapper(message(magic=magic), magic=magic)).error_code == 0
    assert [record.timestamp for record in stored(broker)] == [NOW_MS] * 4


def test_log_append_time_of_a_producer(broker: DataPath) -> None:
    """Where the topic keeps the producers' times a mark of LogAppendTime is taken off, where it does not it is an error."""
    broker.have(topic("t"))
    for records in (
        message(timestamp=NOW_MS - 1, attributes=TIMESTAMP_TYPE_BIT),
        wrapper(message(timestamp=NOW_MS - 1), attributes=TIMESTAMP_TYPE_BIT),
    ):
        assert produce(broker, records).error_code == 0
    assert [record.timestamp for record in stored(broker)] == [NOW_MS - 1, NOW_MS]
    data = broker.partition().read(0, 10_000).records
    assert not any(header.is_log_append_time for _, header in iterate_batches(data))
    broker.have(topic("t", config={"message.timestamp.type": "LogAppendTime"}))
    assert produce(broker, message(attributes=TIMESTAMP_TYPE_BIT)).error_code == ErrorCode.INVALID_TIMESTAMP


@pytest.mark.parametrize("codec", ["uncompressed", "gzip", "snappy", "lz4", "zstd"])
def test_topic_with_a_codec_of_its_own(broker: DataPath, codec: str) -> None:
    broker.have(topic("t", config={"compression.type": codec}))
    assert produce(broker, message(magic=0) * 3, 0).error_code == 0
    assert produce(broker, wrapper(message(), Codec.SNAPPY)).base_offset == 3
    data = broker.partition().read(0, 10_000).records
    expected = Codec.NONE if codec == "uncompressed" else Codec[codec.upper()]
    assert [header.codec for _, header in iterate_batches(data)] == [expected] * 2


def test_compacted_topic_wants_keys(broker: DataPath) -> None:
    broker.have(topic("t", config={"cleanup.policy": "compact"}))
    for records in (message(key=None), wrapper(message() + message(key=None))):
        assert produce(broker, records).error_code == ErrorCode.INVALID_RECORD
    assert produce(broker, message()).error_code == 0


# Fetch

HEADERS = (("h", b"x"),)
RECORDS = [Record(0, NOW_MS + i, b"k%d" % i, b"v" * 50, HEADERS) for i in range(4)]


@pytest.mark.parametrize("version", [0, 1, 2, 3])
@pytest.mark.parametrize("codec", CODECS)
def test_batch_becomes_a_message_set(broker: DataPath, version: int, codec: Codec) -> None:
    """v0 has no times, and neither has headers."""
    broker.have(topic("t"))
    append(broker, build_batch(RECORDS, codec=codec))
    append(broker, build_batch(RECORDS, codec=codec))
    answer = fetch(broker, 4, version)
    assert (answer.error_code, answer.high_watermark) == (0, 8)
    magic = 0 if version < 2 else 1
    assert messages(answer) == [
        Message(4 + i, magic, 0, record.timestamp if magic else -1, record.key, record.value)
        for i, record in enumerate(RECORDS)
    ]
    assert len(list(message_bounds(bytes(answer.records)))) == (1 if codec else 4)
    assert offsets(fetch(broker, 0, version)) == list(range(8))
    assert offsets(fetch(broker, 5, version)) == ([4, 5, 6, 7] if codec else [5, 6, 7])
    assert offsets(fetch(broker, 8, version)) == []


@pytest.mark.parametrize("version", [0, 2, 3])
def test_offset_out_of_range(broker: DataPath, version: int) -> None:
    broker.have(topic("t"))
    answer = fetch(broker, 1, version)
    assert (answer.error_code, answer.high_watermark) == (ErrorCode.OFFSET_OUT_OF_RANGE, -1)


def test_append_time_is_told_from_version_2_on(broker: DataPath) -> None:
    broker.have(topic("t", config={"message.timestamp.type": "LogAppendTime"}))
    append(broker, batch(timestamp=5))
    append(broker, batch(timestamp=5, codec=Codec.GZIP))
    for version in (2, 3):
        found = messages(fetch(broker, 0, version))
        assert [(each.timestamp, each.attributes) for each in found] == [(NOW_MS, TIMESTAMP_TYPE_BIT)] * 2
    assert [(each.timestamp, each.attributes) for each in messages(fetch(broker, 0, 1))] == [(-1, 0)] * 2


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("codec", [Codec.NONE, Codec.GZIP])
def test_before_version_3_a_set_breaks_off_at_the_limit(broker: DataPath, version: int, codec: Codec) -> None:
    """Only where the batch does not fit as it stands in the log: the consumer sees that there is something, and its size."""
    broker.have(topic("t"))
    data = build_batch(RECORDS, codec=codec)
    append(broker, data)
    whole = bytes(fetch(broker, 0, version).records)
    for limit in (0, 1, 12, 100, len(data) - 1):
        assert bytes(fetch(broker, 0, version, limit).records) == whole[:limit]
    assert bytes(fetch(broker, 0, version, len(data)).records) == whole
    assert bytes(fetch(broker, 0, version, 1 << 20, total=10).records) == whole, "there is no total yet"


def test_before_version_3_a_batch_that_grows_comes_whole(broker: DataPath) -> None:
    broker.have(topic("t"))
    small = build_batch([Record(0, NOW_MS, None, b"x")] * 50)
    append(broker, small)
    append(broker, small)
    answer = fetch(broker, 0, 2, len(small))
    assert len(answer.records) > 2 * len(small)
    assert offsets(answer) == list(range(50))
    assert len(fetch(broker, 0, 2, 2000).records) == 2000


def test_in_version_3_the_first_batch_comes_whole(broker: DataPath) -> None:
    broker.have(topic("t"))
    for _ in range(3):
        append(broker, build_batch(RECORDS))
    for limit, total in ((0, 1000), (1000, 0), (1, 1), (300, 300)):
        assert offsets(fetch(broker, 0, 3, limit, total)) == [0, 1, 2, 3]
    assert offsets(fetch(broker, 0, 3, 10_000, 10_000)) == list(range(12))


def test_one_answer_converts_so_much_and_no_more(broker: DataPath) -> None:
    """Other connections wait meanwhile. The consumer comes back for the rest."""
    broker.have(topic("t"))
    for _ in range(6):
        append(broker, batch(b"x" * 300_000))
    assert offsets(fetch(broker, 0, 3, 50 << 20)) == [0, 1, 2]
    assert offsets(fetch(broker, 0, 0, 50 << 20)) == [0, 1, 2]
    for _ in range(3):
        append(broker, batch(*[b""] * 6000, codec=Codec.GZIP))
    assert len(offsets(fetch(broker, 6, 3, 50 << 20))) == 12_000


@pytest.mark.parametrize("version", [0, 3])
def test_zstd_ends_the_run_and_is_an_error_where_it_comes_first(broker: DataPath, version: int) -> None:
    broker.have(topic("t"))
    for codec in (Codec.NONE, Codec.ZSTD, Codec.GZIP):
        append(broker, batch(codec=codec))
    assert offsets(fetch(broker, 0, version)) == [0]
    answer = fetch(broker, 1, version)
    assert (answer.error_code, answer.high_watermark) == (ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, -1)
    assert offsets(fetch(broker, 2, version)) == [2]


def test_zstd_topic_is_refused_whatever_is_in_it(broker: DataPath) -> None:
    broker.have(topic("t", config={"compression.type": "zstd"}))
    for offset in (0, 99):
        assert fetch(broker, offset, 3).error_code == ErrorCode.UNSUPPORTED_COMPRESSION_TYPE


@pytest.mark.parametrize("version", [0, 2, 3])
@pytest.mark.parametrize("limit", [1 << 20, 100])
def test_control_batches_are_read_over(broker: DataPath, version: int, limit: int) -> None:
    broker.have(topic("t"))
    control = build_batch(
        RECORDS[:1], attributes=CONTROL_BIT | TRANSACTIONAL_BIT, producer_id=1, producer_epoch=0
    )
    for _ in range(5):
        append(broker, control, AppendOrigin.COORDINATOR)
    assert offsets(fetch(broker, 0, version, limit)) == []
    append(broker, batch())
    assert offsets(fetch(broker, 0, version, limit)) == [5]


def test_downconversion_can_be_turned_off(broker: DataPath) -> None:
    broker.have(topic("t", config={"message.downconversion.enable": "false"}))
    append(broker, batch())
    for version in range(4):
        for offset in (0, 1, 99):
            assert fetch(broker, offset, version).error_code == ErrorCode.UNSUPPORTED_VERSION
    assert fetch(broker, 0, 4).error_code == 0
    assert produce(broker, message()).error_code == 0


def test_batch_that_unpacks_too_far_is_refused(broker: DataPath) -> None:
    broker.have(topic("t"))
    append(broker, batch(bytes(70 << 20), codec=Codec.GZIP))
    assert fetch(broker, 0, 3).error_code == ErrorCode.MESSAGE_TOO_LARGE


def test_nothing_is_shown_beyond_the_high_watermark(broker: DataPath) -> None:
    broker.have(topic("t", replicas=(0, 1)))
    append(broker, batch())
    for version in range(4):
        assert (fetch(broker, 0, version).high_watermark, offsets(fetch(broker, 0, version))) == (0, [])
