"""The JSON in the store is Kafka's, byte for byte; the golden texts were read off a running Kafka 3.9.2."""

from __future__ import annotations

import json

import pytest

from pykbroker.core.cluster import znodes
from pykbroker.core.cluster.image import BrokerImage, Endpoint, PartitionImage
from pykbroker.core.cluster.znodes import Assignment, MalformedZnode

ORDERS_ID = znodes.parse_uuid("eCjoMik0TKymiqIbJegi8g")


def partition(index: int, replicas: tuple[int, ...], **more: object) -> PartitionImage:
    values: dict[str, object] = {"leader": replicas[0], "leader_epoch": 0, "isr": replicas}
    return PartitionImage(index=index, replicas=replicas, **{**values, **more})  # type: ignore[arg-type]


def test_broker_registration_as_observed() -> None:
    broker = BrokerImage(0, 27, (Endpoint("PLAINTEXT", "127.0.0.1", 9092),))
    text = znodes.format_broker(broker, 1795461702203)
    assert text == (
        b'{"features":{},"listener_security_protocol_map":{"PLAINTEXT":"PLAINTEXT"},"endpoints":'
        b'["PLAINTEXT://127.0.0.1:9092"],"jmx_port":-1,"port":9092,"host":"127.0.0.1","version":5,'
        b'"timestamp":"1795461702203"}'
    )
    assert znodes.parse_broker(0, text, 27) == broker


def test_broker_rack_stands_behind_the_endpoints() -> None:
    broker = BrokerImage(4, 9, (Endpoint("INTERNAL", "::1", 9093), Endpoint("PLAINTEXT", "host", 1)), "r4")
    text = znodes.format_broker(broker, 5)
    assert b'"endpoints":["INTERNAL://[::1]:9093","PLAINTEXT://host:1"],"rack":"r4","jmx_port":-1' in text
    assert znodes.parse_broker(4, text, 9) == broker


def test_broker_of_old_tools_without_endpoints() -> None:
    text = b'{"jmx_port":-1,"timestamp":"1","host":"h","version":1,"port":9092}'
    assert znodes.parse_broker(1, text, 2).endpoints == (Endpoint("PLAINTEXT", "h", 9092),)


def test_topic_as_observed() -> None:
    text = znodes.format_topic(ORDERS_ID, [partition(0, (2, 1, 3)), partition(1, (3, 2, 1))])
    assert text == (
        b'{"partitions":{"0":[2,1,3],"1":[3,2,1]},"topic_id":"eCjoMik0TKymiqIbJegi8g","adding_replicas":{},'
        b'"removing_replicas":{},"version":3}'
    )
    parsed = znodes.parse_topic("orders", text)
    assert parsed == Assignment(ORDERS_ID, ((2, 1, 3), (3, 2, 1)), {}, {}, 3)


def test_topic_in_reassignment_as_observed() -> None:
    text = znodes.format_topic(ORDERS_ID, [partition(0, (3, 2), adding=(3,), removing=(2,))])
    assert text == (
        b'{"partitions":{"0":[3,2]},"topic_id":"eCjoMik0TKymiqIbJegi8g","adding_replicas":{"0":[3]},'
        b'"removing_replicas":{"0":[2]},"version":3}'
    )
    parsed = znodes.parse_topic("orders", text)
    assert (parsed.adding, parsed.removing) == ({0: (3,)}, {0: (2,)})


def test_topic_of_a_tool_before_2_8_has_no_id() -> None:
    parsed = znodes.parse_topic("t", b'{"version":1,"partitions":{"0":[3,1]}}')
    assert (parsed.topic_id, parsed.replicas, parsed.version) == (None, ((3, 1),), 1)


def test_partition_state_as_observed() -> None:
    assignment = Assignment(ORDERS_ID, ((2, 1, 3),), {}, {}, 3)
    text = znodes.format_state(partition(0, (2, 1, 3)), 1)
    assert text == b'{"controller_epoch":1,"leader":2,"version":1,"leader_epoch":0,"isr":[2,1,3]}'
    parsed = znodes.parse_state("orders", 0, text, 7, assignment)
    assert parsed == partition(0, (2, 1, 3), partition_epoch=7)


def test_partition_state_after_an_unclean_election() -> None:
    text = znodes.format_state(
        partition(0, (2, 1), isr=(1,), leader=1, leader_epoch=4, leader_recovery_state=1), 3
    )
    assert text == (
        b'{"controller_epoch":3,"leader":1,"version":1,"leader_recovery_state":1,"leader_epoch":4,"isr":[1]}'
    )
    parsed = znodes.parse_state("orders", 0, text, 0, Assignment(ORDERS_ID, ((2, 1),), {}, {}, 3))
    assert parsed.leader_recovery_state == 1


def test_configuration_as_observed() -> None:
    text = znodes.format_config({"retention.ms": "86400000"})
    assert text == b'{"version":1,"config":{"retention.ms":"86400000"}}'
    assert znodes.parse_config("/config/topics/t", text) == {"retention.ms": "86400000"}
    assert znodes.format_config({}) == b'{"version":1,"config":{}}'
    assert znodes.parse_config("/config/users/u/clients", None) == {}


def test_small_znodes_as_observed() -> None:
    assert znodes.format_config_change("topics/orders") == b'{"version":2,"entity_path":"topics/orders"}'
    assert (
        znodes.format_cluster_id("khgGIW-wQ9-jiTWI2oHo1g") == b'{"version":"1","id":"khgGIW-wQ9-jiTWI2oHo1g"}'
    )
    assert (
        znodes.parse_cluster_id(b'{"version":"1","id":"khgGIW-wQ9-jiTWI2oHo1g"}') == "khgGIW-wQ9-jiTWI2oHo1g"
    )
    controller = b'{"version":2,"brokerid":1,"timestamp":"1795461702334","kraftControllerEpoch":-1}'
    assert znodes.format_controller(1, 1795461702334) == controller
    assert znodes.parse_controller(controller) == 1
    assert (znodes.format_controller_epoch(1), znodes.parse_controller_epoch(b"1")) == (b"1", 1)


@pytest.mark.parametrize("value", ["plain", 'a"b\\c', "tab\there", "grüße", "\x7f", "\u2028", ""])
def test_handmade_json_says_what_was_meant(value: str) -> None:
    assert json.loads(znodes.format_config({value or "k": value})) == {
        "version": 1,
        "config": {value or "k": value},
    }


def test_text_beyond_ascii_stands_as_utf_8() -> None:
    assert "grüße".encode() in znodes.format_config({"k": "grüße"})


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("app one", "app%20one"),
        ("a*b", "a%2Ab"),
        ("CN=ü/x", "CN%3D%C3%BC%2Fx"),
        ("plain-1_2.3", "plain-1_2.3"),
    ],
)
def test_entity_names_are_encoded_as_kafkas_sanitizer_does(name: str, path: str) -> None:
    assert znodes.sanitize(name) == path
    assert znodes.desanitize(path) == name


@pytest.mark.parametrize(
    "data", [None, b"", b"[]", b"{", b'{"partitions":{"1":[1]},"version":3}', b'{"version":3}']
)
def test_what_is_no_topic_is_refused_with_its_path(data: bytes | None) -> None:
    with pytest.raises(MalformedZnode, match="/brokers/topics/t "):
        znodes.parse_topic("t", data)


def test_an_id_is_22_characters() -> None:
    assert znodes.format_uuid(bytes(16)) == "A" * 22
    assert znodes.format_uuid(b"\xff" * 16) == "_" * 21 + "w"
    for text in ("", "short", "A" * 23, "ü" * 22):
        with pytest.raises(ValueError, match="id"):
            znodes.parse_uuid(text)


def test_a_new_partition_is_led_by_its_first_live_replica() -> None:
    new = znodes.new_partition(3, (2, 1, 3), {1, 3})
    assert (new.leader, new.isr, new.replicas, new.leader_epoch) == (1, (1, 3), (2, 1, 3), 0)
