"""Lengths and counts inside of a request that its bytes do not bear out."""

from __future__ import annotations

import struct

import pytest

from cases.hostile.bytes import closes, framed, raw_request, still_serves
from conformance import Closed, Kafka, batch, case, produce_request
from wire.errors import ErrorCode
from wire.messages.create_topics import CreateTopicsRequest
from wire.messages.delete_topics import DeleteTopicsRequest
from wire.messages.describe_groups import DescribeGroupsRequest
from wire.messages.fetch import FetchRequest
from wire.messages.find_coordinator import FindCoordinatorRequest
from wire.messages.heartbeat import HeartbeatRequest
from wire.messages.join_group import JoinGroupRequest
from wire.messages.list_offsets import ListOffsetsRequest
from wire.messages.metadata import MetadataRequest
from wire.messages.offset_commit import OffsetCommitRequest
from wire.messages.offset_fetch import OffsetFetchRequest
from wire.messages.produce import ProduceRequest
from wire.records.batch import crc32c
from wire.schema import Message

# What stands before the first array of a body, in versions without compact encoding.
BEFORE_ARRAY: dict[Message, tuple[int, bytes]] = {
    ProduceRequest: (3, b"\xff\xff" + b"\xff\xff" + b"\0\0\x10\0"),
    FetchRequest: (4, b"\xff\xff\xff\xff" + bytes(8) + b"\0\x10\0\0" + b"\0"),
    ListOffsetsRequest: (1, b"\xff\xff\xff\xff"),
    MetadataRequest: (1, b""),
    OffsetCommitRequest: (2, b"\0\1g" + b"\xff\xff\xff\xff" + b"\0\0" + b"\xff" * 8),
    OffsetFetchRequest: (1, b"\0\1g"),
    DescribeGroupsRequest: (0, b""),
    CreateTopicsRequest: (2, b""),
    DeleteTopicsRequest: (1, b""),
    JoinGroupRequest: (1, b"\0\1g" + b"\0\0\x27\x10" * 2 + b"\0\0" + b"\0\1t"),
}
# The same in the flexible version, where the count is a varint.
BEFORE_COMPACT_ARRAY: dict[Message, tuple[int, bytes]] = {
    ProduceRequest: (9, b"\0" + b"\xff\xff" + b"\0\0\x10\0"),
    MetadataRequest: (9, b""),
    OffsetFetchRequest: (6, b"\2g"),
    DescribeGroupsRequest: (5, b""),
    CreateTopicsRequest: (5, b""),
    DeleteTopicsRequest: (4, b""),
    FindCoordinatorRequest: (4, b"\0"),
}
# What stands before a first string that must not be null.
BEFORE_STRING: dict[Message, tuple[int, bytes]] = {
    FindCoordinatorRequest: (1, b""),
    HeartbeatRequest: (0, b""),
    JoinGroupRequest: (1, b""),
    OffsetCommitRequest: (2, b""),
    MetadataRequest: (1, b"\0\0\0\1"),
    DeleteTopicsRequest: (1, b"\0\0\0\1"),
    ListOffsetsRequest: (1, b"\xff\xff\xff\xff" + b"\0\0\0\1"),
}


@pytest.mark.parametrize("count", [2**31 - 1, 1 << 20])
@case(*BEFORE_ARRAY, versions="latest", feature="counts and lengths", why="the generated messages' read()")
def test_an_array_count_beyond_the_frame(kafka: Kafka, api: Message, count: int) -> None:
    """A count of more elements than the frame has bytes closes the connection, and takes no memory."""
    version, before = BEFORE_ARRAY[api]
    assert closes(kafka, kafka.connection(), raw_request(api, version, before + struct.pack(">i", count)))


@case(*BEFORE_ARRAY, versions="latest", feature="counts and lengths", why="the generated messages' read()")
def test_a_negative_array_count(kafka: Kafka, api: Message) -> None:
    """A count below -1, or -1 (null) where null is not allowed, closes the connection."""
    version, before = BEFORE_ARRAY[api]
    if api not in (MetadataRequest, OffsetFetchRequest):
        assert closes(kafka, kafka.connection(), raw_request(api, version, before + struct.pack(">i", -1)))
    connection = kafka.connection()
    connection.send_raw(raw_request(api, version, before + struct.pack(">i", -2) + bytes(64)))
    connection.wait_closed(0.2)
    assert still_serves(kafka)


@case(
    *BEFORE_COMPACT_ARRAY,
    versions="latest",
    feature="counts and lengths",
    why="KIP-482; the generated messages' read()",
)
def test_a_compact_array_count_beyond_the_frame(kafka: Kafka, api: Message) -> None:
    """A varint count of more elements than the frame has bytes closes the connection."""
    version, before = BEFORE_COMPACT_ARRAY[api]
    assert closes(kafka, kafka.connection(), raw_request(api, version, before + b"\xff\xff\xff\xff\x07"))


@case(
    *BEFORE_COMPACT_ARRAY, versions="latest", feature="counts and lengths", why="ByteUtils.readUnsignedVarint"
)
def test_a_varint_without_end(kafka: Kafka, api: Message) -> None:
    """A varint of more than five bytes closes the connection."""
    version, before = BEFORE_COMPACT_ARRAY[api]
    assert closes(kafka, kafka.connection(), raw_request(api, version, before + b"\x80" * 16))


@pytest.mark.parametrize("length", [32767, 1000, -1])
@case(*BEFORE_STRING, versions="latest", feature="counts and lengths", why="the generated messages' read()")
def test_a_string_length_that_is_wrong(kafka: Kafka, api: Message, length: int) -> None:
    """A string longer than the frame, or a null one where null is not allowed, closes the connection."""
    version, before = BEFORE_STRING[api]
    assert closes(
        kafka, kafka.connection(), raw_request(api, version, before + struct.pack(">h", length) + b"abc")
    )


@case(feature="counts and lengths", why="RequestHeader.parse")
def test_a_client_id_beyond_the_frame(kafka: Kafka) -> None:
    """A client id longer than the frame closes the connection."""
    assert closes(kafka, kafka.connection(), framed(struct.pack(">hhih", 3, 1, 1, 1000) + b"short"))


@case(
    *BEFORE_STRING,
    versions="latest",
    feature="text",
    why="ByteBufferAccessor.readString decodes with replacement",
    differs="text-is-utf-8",
)
def test_a_string_that_is_no_utf_8(kafka: Kafka, api: Message) -> None:
    """A name that is no UTF-8 is answered as the name of nothing, or the connection is closed; the broker goes on."""
    version, before = BEFORE_STRING[api]
    connection = kafka.connection()
    connection.send_raw(raw_request(api, version, before + b"\0\4\xff\xfe\xc3\x28" + bytes(64)))
    try:
        assert struct.unpack_from(">i", connection.receive_frame()) == (1,)
    except Closed:
        assert kafka.line is None
    assert still_serves(kafka)


@case(MetadataRequest, versions="9+", feature="tagged fields", why="KIP-482", differs="tags-once")
def test_the_same_unknown_tag_twice(kafka: Kafka, version: int) -> None:
    """A tag that stands twice is passed over, or the connection is closed; the broker goes on."""
    connection = kafka.connection()
    connection.send(MetadataRequest(topics=[]), version, header_tags=b"\x02\x01\x00\x01\x00")
    try:
        assert connection.receive().brokers
    except Closed:
        assert kafka.line is None
    assert still_serves(kafka)


BAD_TAGS = {
    "a field longer than the frame": b"\x01\x01\x7f",
    "more fields than the frame holds": b"\xff\xff\xff\xff\x07",
    "a field of negative length": b"\x01\x01\xff\xff\xff\xff\x0f",
}


@pytest.mark.parametrize("what", BAD_TAGS)
@case(MetadataRequest, versions="9+", feature="tagged fields", why="KIP-482; RawTaggedField")
def test_tagged_fields_beyond_the_frame(kafka: Kafka, version: int, what: str) -> None:
    """Tagged fields of the header that go beyond the frame close the connection."""
    connection = kafka.connection()
    connection.send(MetadataRequest(topics=[]), version, header_tags=BAD_TAGS[what], answered=False)
    assert connection.wait_closed()
    assert still_serves(kafka)


@case(ProduceRequest, versions="3+", feature="records", why="DefaultRecordBatch; LogValidator")
def test_a_batch_that_announces_too_many_records(kafka: Kafka) -> None:
    """A batch with a count of two thousand million records is refused, and the partition goes on."""
    topic = kafka.topic()
    lie = bytearray(batch(b"x"))
    struct.pack_into(">i", lie, 57, 2**31 - 1)
    struct.pack_into(">i", lie, 23, 2**31 - 2)  # last offset delta
    struct.pack_into(">I", lie, 17, crc32c(bytes(lie[21:])))
    assert kafka.produce(topic, records=bytes(lie)).error_code == ErrorCode.INVALID_RECORD
    assert kafka.produce(topic, b"y").base_offset == 0


@case(ProduceRequest, versions="3+", feature="records", why="MemoryRecords; LogValidator")
def test_records_that_are_none(kafka: Kafka) -> None:
    """Bytes that are no record batch are refused or close the connection, and the partition goes on."""
    topic = kafka.topic()
    for garbage in (b"\xff" * 80, bytes(80), b"short"):
        connection = kafka.connection(about=produce_request(topic, b""))
        connection.send(produce_request(topic, garbage), kafka.version(ProduceRequest))
        try:
            (row,) = connection.receive().responses
            assert row.partition_responses[0].error_code != 0 or garbage == b"short"
        except Closed:
            connection.close()
    assert kafka.produce(topic, b"y").error_code == 0
