"""Twenty rounds of kill -9 under an idempotent producer: nothing lost, nothing doubled, nothing reordered.

A stock producer (librdkafka: acks=all, idempotent, five requests in flight) counts up in several keys and never
stops. In each round the broker is killed while batches are in flight, and started again on the same port and data; in
every other round its answers are swallowed first, so that all five requests in flight are stored but unacknowledged.
A group commits offsets on the way. At the end every key's values must be exactly 0, 1, 2, ... in its partition, each
acknowledged record must stand at the offset it was acknowledged at, and the committed offsets must be the last ones.

This is SIGKILL of the process: what the operating system holds survives. A power cut is the memory disk's business
(tests/log). PYKBROKER_KILL_ROUNDS sets the number of rounds.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "compat-tests"))

from harness.process import PykbrokerProcess
from harness.proxy import SwallowingProxy

confluent_kafka = pytest.importorskip("confluent_kafka")

ROUNDS = int(os.environ.get("PYKBROKER_KILL_ROUNDS", "20"))
PARTITIONS, KEYS = 6, 12
RECORDS_A_SECOND, MOST_WAITING = 6000, 5000
IN_FLIGHT = 5  # requests; librdkafka keeps one or two of each partition in flight when it is idempotent
TOPIC, GROUP = "counted", "counters"


class Counter:
    """A producer in a thread: the next number of each key in turn, until told to stop."""

    def __init__(self, bootstrap: str) -> None:
        self._producer = confluent_kafka.Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "acks": "all",
                "max.in.flight.requests.per.connection": IN_FLIGHT,
                "linger.ms": 2,
                "batch.num.messages": 50,  # many small batches, so that some are always in flight
                "message.timeout.ms": 120_000,
                "reconnect.backoff.ms": 10,
                "reconnect.backoff.max.ms": 50,
                "retry.backoff.ms": 10,
                "log_level": 0,
            }
        )
        self.acknowledged: dict[tuple[int, int], tuple[bytes, bytes]] = {}
        self.errors: list[str] = []
        self.sent = 0
        self._progress = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _delivered(self, error: object, message: confluent_kafka.Message) -> None:
        if error is not None:
            self.errors.append(str(error))
            return
        place = (message.partition(), message.offset())
        if place in self.acknowledged:
            self.errors.append(f"offset acknowledged twice: {place}")
        self.acknowledged[place] = (message.key(), message.value())

    def _run(self) -> None:
        while not self._stop.is_set():
            room = MOST_WAITING - len(self._producer)  # a slow machine is not given more than it can do
            for _ in range(min(room, RECORDS_A_SECOND // 200)):
                number, key = divmod(self.sent, KEYS)
                self._producer.produce(
                    TOPIC,
                    b"%d" % number,
                    b"key-%d" % key,
                    partition=key % PARTITIONS,
                    on_delivery=self._delivered,
                )
                self.sent += 1
            self._producer.poll(0.005)
            with self._progress:
                self._progress.notify_all()

    def wait_acknowledged(self, more: int, timeout_s: float) -> None:
        """Until this many further records were acknowledged."""
        wanted = len(self.acknowledged) + more
        with self._progress:
            reached = self._progress.wait_for(
                lambda: len(self.acknowledged) >= wanted or bool(self.errors), timeout_s
            )
        assert not self.errors, self.errors[:3]
        assert reached, f"{len(self.acknowledged)} of {wanted} acknowledged, {self.sent} sent"

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def finish(self) -> None:
        self.stop()
        assert not self._producer.flush(60), "records left without an acknowledgement"
        assert not self.errors, self.errors[:3]


@pytest.fixture
def proxy() -> Iterator[SwallowingProxy]:
    made = SwallowingProxy()
    yield made
    made.close()


@pytest.fixture
def broker(tmp_path: Path, proxy: SwallowingProxy) -> Iterator[PykbrokerProcess]:
    """A broker that clients reach through the proxy."""
    made = PykbrokerProcess(
        tmp_path / "broker", {"advertised.listeners": f"PLAINTEXT://127.0.0.1:{proxy.port}"}
    )
    made.start()
    proxy.target = made.bootstrap
    yield made
    made.close()


def create_topic(bootstrap: str) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic

    client = AdminClient({"bootstrap.servers": bootstrap})
    client.create_topics([NewTopic(TOPIC, PARTITIONS, 1)])[TOPIC].result(15)


def commit(bootstrap: str, offsets: dict[int, int]) -> None:
    consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": GROUP, "log_level": 0})
    places = [confluent_kafka.TopicPartition(TOPIC, p, offset) for p, offset in offsets.items()]
    deadline = time.monotonic() + 15
    while True:
        try:
            consumer.commit(offsets=places, asynchronous=False)
            break
        except confluent_kafka.KafkaException as error:  # the coordinator is still loading
            if not error.args[0].retriable() or time.monotonic() > deadline:
                raise
    consumer.close()


def committed(bootstrap: str) -> dict[int, int]:
    consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": GROUP, "log_level": 0})
    asked = [confluent_kafka.TopicPartition(TOPIC, p) for p in range(PARTITIONS)]
    found = consumer.committed(asked, timeout=15)
    consumer.close()
    return {place.partition: place.offset for place in found}


def read_all(bootstrap: str) -> list[list[confluent_kafka.Message]]:
    """Every record of every partition, from the log's start to its end."""
    consumer = confluent_kafka.Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "reader", "enable.auto.commit": False, "log_level": 0}
    )
    places = [confluent_kafka.TopicPartition(TOPIC, p, 0) for p in range(PARTITIONS)]
    ends = [consumer.get_watermark_offsets(place, timeout=10)[1] for place in places]
    consumer.assign(places)
    records: list[list[confluent_kafka.Message]] = [[] for _ in places]
    deadline = time.monotonic() + 60
    while any(len(got) < end for got, end in zip(records, ends, strict=True)):
        assert time.monotonic() < deadline, f"read {[len(got) for got in records]} of {ends}"
        for message in consumer.consume(10_000, 0.5):
            assert message.error() is None, message.error()
            records[message.partition()].append(message)
    consumer.close()
    return records


def check(records: list[list[confluent_kafka.Message]], counter: Counter) -> None:
    """Offsets without gaps, values of each key without gap, repeat or exchange, acknowledgements true."""
    seen: dict[bytes, int] = {}
    total = 0
    for partition, messages in enumerate(records):
        for offset, message in enumerate(messages):
            assert message.offset() == offset, f"partition {partition} skips from {offset - 1}"
            key, number = message.key(), int(message.value())
            expected = seen.get(key, -1) + 1
            assert number == expected, f"{key!r}: {number} where {expected} belongs, at {partition}:{offset}"
            seen[key] = number
            promised = counter.acknowledged.get((partition, offset))
            assert promised == (key, message.value()), f"{partition}:{offset} was acknowledged as {promised}"
            total += 1
    assert total == counter.sent == len(counter.acknowledged)


@pytest.mark.timeout(180)
def test_kill_rounds_lose_double_and_reorder_nothing(
    broker: PykbrokerProcess, proxy: SwallowingProxy
) -> None:
    """KIP-98's idempotence through crashes: the last five batches of a producer are known after recovery."""
    create_topic(broker.bootstrap)
    counter = Counter(broker.bootstrap)
    counter.start()
    try:
        counter.wait_acknowledged(500, 20)
        for round_number in range(ROUNDS):
            offsets = dict.fromkeys(range(PARTITIONS), round_number * 10 + 1)
            commit(broker.bootstrap, offsets)
            counter.wait_acknowledged(200 + 37 * (round_number % 7), 20)
            if round_number % 2:
                proxy.swallow()
                assert proxy.wait_swallowed(IN_FLIGHT), "the producer has less in flight than it may"
            broker.kill9()
            proxy.forward()
            broker.start()
            assert committed(broker.bootstrap) == offsets, f"committed offsets after round {round_number}"
        counter.wait_acknowledged(500, 20)
    finally:
        counter.stop()
    counter.finish()
    check(read_all(broker.bootstrap), counter)
