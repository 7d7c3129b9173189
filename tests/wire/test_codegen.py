"""The generated code does what construct does with the same Struct, on good input and on bad."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wire.declared import MESSAGES, by_name, random_object, versions
from wire.errors import WireError
from wire.messages.api_versions import ApiVersionsRequest
from wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from wire.messages.metadata import MetadataResponse, MetadataResponseBroker
from wire.messages.produce import (
    LeaderIdAndEpoch,
    PartitionProduceData,
    PartitionProduceResponse,
    ProduceRequest,
    ProduceResponse,
    TopicProduceData,
    TopicProduceResponse,
)
from wire.schema import Field, Int32, Message

bounded = settings(max_examples=2, deadline=None, database=None, suppress_health_check=list(HealthCheck))
every_message = pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
seeds = st.integers(0, 2**32 - 1)


def outcome(parse: Any, version: int, data: Any) -> Any:
    try:
        return parse(version, data)
    except WireError:
        return WireError


@every_message
@given(seed=seeds)
@bounded
def test_both_paths_write_the_same_bytes_and_read_the_same_object(message: Message, seed: int) -> None:
    random = Random(seed)
    for version in versions(message):
        made = random_object(message, version, message.flexible_version(version), random)
        data = b"".join(message.build(version, made))
        assert [data] == message.reference_build(version, made)
        assert message.parse(version, data) == (made, len(data))
        assert message.reference_parse(version, data) == (made, len(data))


@every_message
@given(seed=seeds)
@bounded
def test_both_paths_agree_on_truncated_and_corrupted_input(message: Message, seed: int) -> None:
    random = Random(seed)
    for version in versions(message):
        made = random_object(message, version, message.flexible_version(version), random)
        data = b"".join(message.build(version, made))
        for _ in range(2):
            bad = spoil(data, random)
            expected = outcome(message.reference_parse, version, bad)
            assert outcome(message.parse, version, bad) == expected
            assert outcome(message.parse, version, bytearray(bad)) == expected


def spoil(data: bytes, random: Random) -> bytes:
    bad = bytearray(data)
    for _ in range(random.randrange(3)):
        if bad:
            bad[random.randrange(len(bad))] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
    return bytes(bad[: random.randrange(len(bad) + 1)] if random.random() < 0.5 else bad)


@every_message
@given(seed=seeds)
@settings(bounded, max_examples=1)
def test_a_message_may_lie_anywhere_in_any_kind_of_buffer(message: Message, seed: int) -> None:
    """Bytes behind a complete body are ignored, as Kafka does: the end position tells."""
    random = Random(seed)
    for version in versions(message):
        made = random_object(message, version, message.flexible_version(version), random)
        data = b"".join(message.build(version, made))
        padded = b"before" + data + b"behind"
        end = 6 + len(data)
        for buffer in (padded, bytearray(padded), memoryview(padded), memoryview(bytearray(padded))):
            assert message.parse(version, buffer, 6) == (made, end)
            assert message.parser(version)(buffer, 6, end) == (made, end)
            assert message.reference_parse(version, buffer, 6) == (made, end)
        if data:
            with pytest.raises(WireError):
                message.parser(version)(padded, 6, end - 1)


def test_kafkas_bytes_of_a_classic_and_a_flexible_request() -> None:
    """Written down from the protocol guide's rules, so that both paths cannot be wrong together."""
    made = FetchRequest(
        replica_id=-1,
        max_wait_ms=500,
        min_bytes=1,
        topics=[
            FetchTopic(
                topic="ab", partitions=[FetchPartition(partition=7, fetch_offset=9, partition_max_bytes=16)]
            )
        ],
    )
    classic = bytes.fromhex(
        "ffffffff 000001f4 00000001 00000001 0002 6162 00000001 00000007 0000000000000009 00000010".replace(
            " ", ""
        )
    )
    assert b"".join(FetchRequest.build(0, made)) == classic
    request = ApiVersionsRequest(client_software_name="kcat", client_software_version="1.7")
    assert b"".join(ApiVersionsRequest.build(3, request)) == b"\x05kcat\x041.7\x00"
    assert ApiVersionsRequest.parse(3, b"\x05kcat\x041.7\x00") == (request, 10)


def test_tagged_fields_are_written_only_if_set_and_in_order_of_tags() -> None:
    made = PartitionProduceResponse(index=1, current_leader=LeaderIdAndEpoch(leader_id=2, leader_epoch=3))
    made.unknown_tags = {5: b"xy"}
    response = ProduceResponse(responses=[TopicProduceResponse(name="t", partition_responses=[made])])
    (data,) = ProduceResponse.build(10, response)
    leader = b"\x02" + b"\x00\x09\x00\x00\x00\x02\x00\x00\x00\x03\x00" + b"\x05\x02xy"
    assert leader in data
    assert ProduceResponse.parse(10, data) == (response, len(data))
    plain = ProduceResponse(
        responses=[TopicProduceResponse(name="t", partition_responses=[PartitionProduceResponse()])]
    )
    assert ProduceResponse.build(10, plain)[0].endswith(b"\x01" + bytes(8))


def test_unknown_tagged_fields_are_kept_and_written_again() -> None:
    data = b"\x05kcat\x041.7" + b"\x02\x03\x02hi\x90\x01\x00"
    made, _ = ApiVersionsRequest.parse(3, data)
    assert made.unknown_tags == {3: b"hi", 144: b""}
    assert ApiVersionsRequest.build(3, made) == [data]


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        (b"\x02\x05\x00\x05\x00", "twice"),
        (b"\x02\x05\x00\x04\x00", "out of order"),
        (b"\x01\x05\x09ab", "longer than the message"),
        (b"\x01\x80\x80\x80\x80\x80\x00\x00", "a varint of six bytes"),
        (b"\x01\xff\xff\xff\xff\x0f\x00", "a tag above the largest int32"),
        (b"\xff\xff\xff\xff\x07", "a count that cannot be"),
    ],
)
def test_a_malformed_tag_section_is_refused(section: bytes, reason: str) -> None:
    """KIP-482: tags ascend."""
    data = b"\x05kcat\x041.7" + section
    for parse in (ApiVersionsRequest.parse, ApiVersionsRequest.reference_parse):
        with pytest.raises(WireError):
            parse(3, data)


def test_a_known_tagged_field_must_fill_its_size() -> None:
    good = b"".join(FetchRequest.build(12, FetchRequest(cluster_id="abc")))
    assert good.endswith(b"\x01\x00\x04\x04abc")
    bad = good[:-5] + b"\x05\x04abcd"
    for parse in (FetchRequest.parse, FetchRequest.reference_parse):
        with pytest.raises(WireError, match=r"tag"):
            parse(12, bad)


def test_records_are_a_view_of_the_input_and_are_never_copied_on_the_way_out() -> None:
    records = bytes(range(200))
    data = [PartitionProduceData(index=3, records=records), PartitionProduceData(index=4, records=None)]
    made = ProduceRequest(acks=-1, topic_data=[TopicProduceData(name="t", partition_data=data)])
    for version in (3, 9):
        buffers = ProduceRequest.build(version, made)
        assert [buffer is records for buffer in buffers] == [False, True, False]
        joined = b"".join(buffers)
        parsed, _ = ProduceRequest.parse(version, joined)
        view = parsed.topic_data[0].partition_data[0].records
        assert isinstance(view, memoryview)
        assert view.obj is joined
        assert parsed.topic_data[0].partition_data[1].records is None


def test_fields_that_a_version_lacks_have_their_default() -> None:
    made, _ = FetchRequest.parse(0, bytes.fromhex("ffffffff000001f40000000100000000"))
    assert (made.max_bytes, made.session_epoch, made.isolation_level) == (2**31 - 1, -1, 0)
    assert (made.cluster_id, made.rack_id, made.forgotten_topics_data) == (None, "", ())
    assert made.replica_state is FetchRequest.default.replica_state


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("controller_id", 2**31),
        ("controller_id", None),
        ("controller_id", 1.5),
        ("brokers", None),
        ("brokers", [None]),
        ("brokers", [MetadataResponseBroker(host=None)]),
        ("brokers", [MetadataResponseBroker(host="x" * 32768)]),
        ("brokers", [MetadataResponseBroker(host="\ud800")]),
        ("brokers", [MetadataResponseBroker(host=b"bytes")]),
        ("cluster_id", 5),
        ("unknown_tags", {-1: b""}),
    ],
)
def test_what_does_not_fit_is_refused_by_both_paths_and_the_field_is_named(field: str, value: Any) -> None:
    made = MetadataResponse(**{field: value})
    for version in (9, 12) if field == "unknown_tags" else (2, 9):
        for build in (MetadataResponse.build, MetadataResponse.reference_build):
            with pytest.raises(WireError, match=rf"MetadataResponse v{version}"):
                build(version, made)


def test_an_error_names_the_field_and_the_byte() -> None:
    data = b"".join(FetchRequest.build(4, FetchRequest(topics=[FetchTopic(topic="abcdef")])))
    with pytest.raises(WireError) as caught:
        FetchRequest.parse(4, data[:28])
    assert caught.value.path == "FetchRequest v4: topics.topic"
    assert caught.value.position is not None
    assert 23 <= caught.value.position <= 28


def test_a_string_that_is_not_utf8_is_refused() -> None:
    for parse in (ApiVersionsRequest.parse, ApiVersionsRequest.reference_parse):
        with pytest.raises(WireError):
            parse(3, b"\x03\xff\xfe\x01\x00")


def test_a_null_where_none_may_be_is_refused() -> None:
    for parse in (ApiVersionsRequest.parse, ApiVersionsRequest.reference_parse):
        with pytest.raises(WireError, match="null"):
            parse(3, b"\x00\x01\x00")


def test_a_version_that_does_not_exist_is_refused() -> None:
    for version in (-1, 99):
        with pytest.raises(WireError, match="0-18"):
            FetchRequest.parse(version, b"")


def test_a_nullable_struct_and_a_nullable_tagged_struct() -> None:
    """KIP-893: an int8 in front; in a tagged field a varint."""
    request = by_name("DescribeTopicPartitionsRequest")
    assert request.build(0, request()) == [b"\x01\x00\x00\x07\xd0\xff\x00"]
    value = by_name("ConsumerGroupMemberMetadataValue")
    classic = next(field for field in value.fields if field.name == "classic_member_metadata").type
    made = value(classic_member_metadata=classic(session_timeout_ms=9))  # type: ignore[operator]
    (data,) = value.build(0, made)
    assert data.endswith(b"\x01\x00\x07\x01\x00\x00\x00\x09\x01\x00")
    assert value.parse(0, data) == (made, len(data))
    (data,) = value.build(0, value(classic_member_metadata=None))
    assert data.endswith(b"\x01\x00\x01\x00")
    assert value.parse(0, data)[0].classic_member_metadata is None
    (data,) = value.build(0, value(classic_member_metadata=classic()))  # type: ignore[operator]
    assert value.parse(0, data) == (value(), len(data))


def test_a_varint_may_be_longer_than_it_needs_to_be() -> None:
    """Kafka reads such; here a null string, a null array, an empty tag section."""
    request = by_name("ListPartitionReassignmentsRequest")
    data = bytes(4) + b"\x80\x00" + b"\x80\x80\x00"
    assert request.parse(0, data) == request.reference_parse(0, data) == (request(timeout_ms=0), 9)
    data = b"\x80\x00" + b"\x00\x01" + bytes(4) + b"\x01\x00"
    expected = (ProduceRequest(acks=1, timeout_ms=0), len(data))
    assert ProduceRequest.parse(9, data) == ProduceRequest.reference_parse(9, data) == expected
    for parse in (ApiVersionsRequest.parse, ApiVersionsRequest.reference_parse):
        with pytest.raises(WireError, match="null"):
            parse(3, b"\x80\x00\x01\x00")


def test_the_debug_switch_runs_both_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    """PYKBROKER_WIRE_CHECK=1"""
    from wire import check

    monkeypatch.setenv("PYKBROKER_WIRE_CHECK", "1")
    message = Message(
        "Checked", key=None, kind="data", versions="0", flexible="none", fields=[Field("n", Int32)]
    )
    assert message.parse(0, b"\0\0\0\x07trailing") == (message(n=7), 4)
    assert message.parser(0)(b"..\0\0\0\x07", 2, 6) == (message(n=7), 6)
    assert message.build(0, message(n=7)) == [b"\0\0\0\x07"]
    for wrong in (lambda: message.parse(0, b"\0"), lambda: message.build(0, message(n=None))):
        with pytest.raises(WireError):
            wrong()
    liar = check.checked_parser(message, 0, lambda buf, pos, end: (message(n=8), 4))
    with pytest.raises(check.Disagreement):
        liar(b"\0\0\0\x07")
    other = check.checked_builder(message, 0, lambda obj: [b"\0\0\0\x08"])
    with pytest.raises(check.Disagreement):
        other(message(n=7))
