"""Declarations: versions, defaults, classes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.wire.declared import MESSAGES, by_name
from wire.messages.fetch import FetchRequest, FetchTopic, PartitionData, ReplicaState
from wire.schema import Array, Field, Group, Int32, Message, String, Versions, versions_of


@pytest.mark.parametrize(
    ("text", "first", "last"), [("0+", 0, 0x7FFF), ("3-7", 3, 7), ("5", 5, 5), ("12+", 12, 0x7FFF)]
)
def test_versions_read_kafkas_text_and_print_it(text: str, first: int, last: int) -> None:
    assert versions_of(text) == Versions(first, last)
    assert str(versions_of(text)) == text
    assert first in versions_of(text)
    assert first - 1 not in versions_of(text)


def test_no_version() -> None:
    assert 0 not in versions_of("none")
    assert str(versions_of("none")) == "none"


def test_every_field_has_kafkas_default() -> None:
    made = FetchRequest()
    assert (made.replica_id, made.max_bytes, made.rack_id, made.cluster_id, made.topics) == (
        -1,
        2**31 - 1,
        "",
        None,
        (),
    )
    assert FetchTopic().topic_id == bytes(16)
    assert PartitionData().records is None


def test_arguments_are_checked_by_name() -> None:
    with pytest.raises(TypeError):
        FetchRequest(max_wait=5)


def test_instances_have_no_room_for_misspelt_fields() -> None:
    with pytest.raises(AttributeError):
        FetchRequest().max_wait = 5


def test_the_shared_default_of_a_struct_field_cannot_be_changed_by_accident() -> None:
    made = FetchRequest()
    with pytest.raises(AttributeError, match="assign a new ReplicaState"):
        made.replica_state.replica_id = 5
    made.replica_state = ReplicaState(replica_id=5)
    assert FetchRequest().replica_state.replica_id == -1


def test_instances_compare_by_value_and_arrays_by_content() -> None:
    assert FetchRequest(topics=[FetchTopic(topic="a")]) == FetchRequest(topics=(FetchTopic(topic="a"),))
    assert FetchRequest(topics=[]) == FetchRequest()
    assert FetchRequest(topics=None) != FetchRequest()
    assert FetchRequest(replica_state=ReplicaState()) == FetchRequest()
    assert FetchRequest(min_bytes=1) != FetchRequest()
    assert FetchTopic() != ReplicaState()


def test_repr_shows_the_fields() -> None:
    assert (
        repr(ReplicaState(replica_id=3)) == "ReplicaState(replica_id=3, replica_epoch=-1, unknown_tags=None)"
    )


def test_a_field_may_be_called_as_a_dict_method() -> None:
    """Construct's containers have `values` and `items` of their own."""
    inner = Group("Inner", [Field("items", Int32), Field("keys", String)])
    message = Message(
        "Tricky", key=None, kind="data", versions="0-1", flexible="1+", fields=[Field("values", Array(inner))]
    )
    made = message(values=[inner(items=5, keys="k")])
    for version in (0, 1):
        data = b"".join(message.build(version, made))
        assert message.reference_build(version, made) == [data]
        assert message.parse(version, data) == message.reference_parse(version, data) == (made, len(data))


def test_names_are_kafkas_in_snake_case() -> None:
    """...and lead back to Kafka's, or say it."""
    assert {field.kafka_name for field in FetchRequest.fields} >= {
        "MaxWaitMs",
        "ForgottenTopicsData",
        "RackId",
    }
    assert (
        next(field for field in by_name("InitProducerIdRequest").fields if field.kafka).kafka_name
        == "Enable2Pc"
    )


def test_a_struct_is_a_name_of_its_module() -> None:
    import wire.messages.metadata as module

    assert all(
        isinstance(getattr(module, name), Group)
        for name in ("MetadataResponseTopic", "MetadataResponsePartition")
    )


def test_declaring_costs_neither_construct_nor_generated_code() -> None:
    """Start-up: what is not used is not made."""
    script = (
        "import sys, wire.messages.fetch as f; assert 'construct' not in sys.modules; f.FetchRequest();"
        "assert 'wire.codegen' not in sys.modules; assert not f.FetchRequest._parsers"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)


def test_schema_prints_all_declarations_as_json() -> None:
    import json

    output = subprocess.run(
        [sys.executable, "-m", "wire", "schema", "--json"], check=True, timeout=60, capture_output=True
    ).stdout
    printed = json.loads(output)["messages"]
    assert [message["name"] for message in printed] == [message.name for message in MESSAGES]
    fetch = next(message for message in printed if message["name"] == "FetchRequest")
    assert (fetch["apiKey"], fetch["validVersions"], fetch["flexibleVersions"]) == (1, "0-18", "12+")
    assert fetch["fields"][0] == {
        "name": "ClusterId",
        "type": "string",
        "versions": "12+",
        "nullableVersions": "0+",
        "tag": 0,
        "taggedVersions": "12+",
        "default": "null",
    }


def test_schema_of_an_unknown_message_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    from wire.__main__ import main

    assert main(["schema", "FetchReqest"]) == 1
    assert "no such message: FetchReqest; nearest: FetchRequest" in capsys.readouterr().err
    assert main(["schema", "ResponseHeader"]) == 0
    assert "correlation_id  int32  0+" in capsys.readouterr().out
