"""PYKBROKER_WIRE_CHECK=1: a live broker reads and writes every message by both paths, and they never differ."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from pykbroker.api.dispatch import Dispatcher, disagreement_closes
from pykbroker.server.connection import ProtocolError
from tests.broker.client import Client, batch, fetch_fields
from tests.broker.process import Serve
from wire import check
from wire.errors import WireError
from wire.schema import Field, Int32, Message


def conversation(client: Client) -> None:
    """What a producer, a consumer and an administrator say, in an old and in the newest version of each API."""
    assert client.alive()
    for version in (0, 3, 4):
        assert client.call(
            "ApiVersions", version, client_software_name="a", client_software_version="1"
        ).api_keys
    assert client.create("said", 2) == 0
    for version in (1, 8, 9, 12):
        assert client.call("Metadata", version, topics=None).topics
    assert client.produce("said", batch(b"one", b"two")).error_code == 0
    for version in (4, 11, 12):
        answer = client.call("Fetch", version, **fetch_fields("said", 0, 0))
        assert len(answer.responses[0].partitions[0].records) > 60
    for version in (0, 4, 6):
        found = client.call("FindCoordinator", version, key="g", coordinator_keys=["g"])
        assert found.port or found.coordinators
    assert client.call("InitProducerId", 4, transactional_id=None).producer_id >= 0
    assert client.call("Fetch", 12, **fetch_fields("unheard", 0, 0)).responses


def test_a_scripted_conversation_shows_no_difference(tmp_path: Path) -> None:
    broker = Serve(tmp_path, environ={"PYKBROKER_WIRE_CHECK": "1"})
    try:
        with Client(broker.start().address) as client:
            conversation(client)
        assert broker.stop() == 0
    finally:
        broker.kill()
    assert broker.complaints() == []


@pytest.mark.filterwarnings(
    "ignore:(read|open)_text is deprecated:DeprecationWarning"
)  # in kafka-python, on Python 3.11
def test_stock_clients_show_no_difference(tmp_path: Path) -> None:
    """librdkafka and kafka-python: a topic, records there and back, in a group."""
    broker = Serve(
        tmp_path,
        settings={"group.initial.rebalance.delay.ms": "0"},
        environ={"PYKBROKER_WIRE_CHECK": "1"},
    )
    try:
        bootstrap = broker.start().bootstrap
        by_librdkafka(bootstrap)
        by_kafka_python(bootstrap)
        assert broker.stop() == 0
    finally:
        broker.kill()
    assert broker.complaints() == []


def by_librdkafka(bootstrap: str) -> None:
    from confluent_kafka import Consumer, Producer

    producer = Producer(
        {"bootstrap.servers": bootstrap, "enable.idempotence": True, "compression.type": "lz4"}
    )
    for number in range(10):
        producer.produce("librdkafka", value=b"%d" % number)
    assert producer.flush(20) == 0
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "librdkafka", "auto.offset.reset": "earliest"}
    )
    try:
        consumer.subscribe(["librdkafka"])
        found = consumer.consume(10, timeout=20)
        assert [each.value() for each in found] == [b"%d" % number for number in range(10)]
        consumer.commit(asynchronous=False)
    finally:
        consumer.close()


def by_kafka_python(bootstrap: str) -> None:
    from kafka import KafkaConsumer, KafkaProducer

    with closing(KafkaProducer(bootstrap_servers=bootstrap)) as producer:
        for number in range(10):
            producer.send("kafka-python", b"%d" % number)
        producer.flush(20)
    consumer = KafkaConsumer(
        "kafka-python", bootstrap_servers=bootstrap, group_id="kafka-python", auto_offset_reset="earliest"
    )
    with closing(consumer):
        values = [each.value for each in islice(consumer, 10)]
        assert values == [b"%d" % number for number in range(10)]
        consumer.commit()


def checked(message: Message, wrong: Callable[..., Any]) -> Callable[..., Any]:
    return disagreement_closes(check.checked_parser(message, 0, wrong))


def test_a_difference_is_one_error_line_and_ends_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    message = Message(
        "Said", key=None, kind="data", versions="0", flexible="none", fields=[Field("n", Int32)]
    )
    liar = checked(message, lambda buf, pos, end: (message(n=8), 4))
    with caplog.at_level(logging.ERROR), pytest.raises(ProtocolError, match=r"Said v0\.n"):
        liar(b"\0\0\0\x07", 0, 4)
    (record,) = caplog.records
    text = record.getMessage()
    assert "Said v0.n: generated code gives 8, construct 7; from 4 bytes 00000007" in text
    assert "\n" not in text
    with pytest.raises(WireError):
        checked(message, message.parser(0))(b"\0\0", 0, 2)


def test_it_costs_nothing_when_it_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a version is bound to are the generated functions themselves."""
    monkeypatch.delenv("PYKBROKER_WIRE_CHECK", raising=False)
    bound = Dispatcher(None)._bind(18, 3)  # type: ignore[arg-type]
    assert bound is not None
    request, response = bound.api.messages()
    assert bound.parse is request.parser(3)
    assert bound.build is response.builder(3)
    monkeypatch.setenv("PYKBROKER_WIRE_CHECK", "1")
    other = Dispatcher(None)._bind(18, 3)  # type: ignore[arg-type]
    assert other is not None
    assert other.parse is not request.parser(3)
