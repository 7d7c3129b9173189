"""What the recorded clients do: short, because every request is kept, and with little that depends on how fast they are.

The Python clients run the same scenarios through the drivers of compat-tests/clients; kcat and Kafka's own command line
tools run as processes. All names begin with the corpus's marker, and no record holds it.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from clients.drivers import driver_class
from clients.drivers.base import BrokerError, Driver, Message
from clients.members import Group
from differential import java_tools
from differential.corpus import MARKER
from harness import rawwire

PREFIX = MARKER.decode()
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
NOW_MS = 1_700_000_000_000  # record timestamps are given, so that recordings of two days are alike


@dataclass(frozen=True, slots=True)
class Scenario:
    """client(): name and version; missing(): why it cannot run here, or ""."""

    does: str
    run: Callable[[str], None]
    client: Callable[[], str]
    missing: Callable[[], str]


def by_driver(name: str, does: str, work: Callable[[Driver, str], None]) -> Scenario:
    """A scenario of a Python client; `work(driver, prefix)` with the prefix of all names."""

    def run(bootstrap: str) -> None:
        driver = driver_class(name)(bootstrap)
        try:
            work(driver, f"{PREFIX}-{work.__name__}")
        finally:
            driver.close()

    def missing() -> str:
        try:
            driver_class(name)
        except ImportError as error:
            return str(error)
        return ""

    return Scenario(does, run, lambda: f"{name} {metadata.version(name)}", missing)


def topic_with_leaders(
    driver: Driver, topic: str, partitions: int, configs: dict[str, str] | None = None
) -> str:
    """Created by the client, and ready: Kafka answers CreateTopics a moment earlier."""
    driver.create_topic(topic, partitions, configs)
    deadline = time.monotonic() + 10
    while (
        rawwire.partition_errors(driver.bootstrap, topic, partitions) != {0} and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    return topic


def attempt(call: Callable[..., object], *arguments: object) -> None:
    """A call that may be refused, or that the client library does not have."""
    with contextlib.suppress(BrokerError, NotImplementedError):
        call(*arguments)


def administers(driver: Driver, prefix: str) -> None:
    """A topic's life, refusals, configurations, more partitions, deleted records, groups."""
    topic = topic_with_leaders(driver, f"{prefix}-topic", 2, {"retention.ms": "86400000"})
    for refused in (topic, "no spaces", f"{prefix}-{'n' * 250}"):
        attempt(driver.create_topic, refused, 1)
    attempt(driver.create_topic, f"{prefix}-bad", 1, {"retention.ms": "soon"})
    attempt(driver.topic_configs, topic)
    attempt(driver.broker_configs, 0)
    attempt(driver.alter_topic_config, topic, "max.message.bytes", "2000")
    attempt(driver.topic_configs, topic)
    attempt(driver.create_partitions, topic, 3)
    time.sleep(0.3)  # Kafka again: the new partition is there a moment after the answer
    attempt(driver.create_partitions, topic, 1)
    driver.produce(topic, [Message(b"%d" % i, timestamp_ms=NOW_MS + i) for i in range(5)])
    attempt(driver.delete_records, topic, {0: 3})
    driver.watermarks(topic, 0)
    driver.offsets_for_times(topic, {0: NOW_MS + 4, 1: NOW_MS})
    driver.commit(f"{prefix}-group", topic, {0: 4, 1: 0})
    driver.committed(f"{prefix}-group", topic, [0, 1, 2])
    attempt(driver.groups)
    attempt(driver.describe_group, f"{prefix}-group")
    attempt(driver.delete_group, f"{prefix}-group")
    attempt(driver.delete_topic, topic)
    attempt(driver.delete_topic, f"{prefix}-unknown")


def transports(driver: Driver, prefix: str) -> None:
    """Records of all codecs, with keys, headers and nulls, sent with each acks and idempotently, and read again."""
    topic = topic_with_leaders(driver, f"{prefix}-topic", 2)
    count = 0
    for number, codec in enumerate(CODECS):
        rows = [
            Message(
                b"value %d" % i * 20, b"key %d" % i, number % 2, NOW_MS + i, (("name", b"x"), ("empty", b""))
            )
            for i in range(5)
        ]
        driver.produce(topic, [*rows, Message(None, b"tombstone", number % 2, NOW_MS)], codec=codec)
        count += 6
    for acks in ("0", "1"):
        driver.produce(topic, [Message(b"acks " + acks.encode(), None, 0, NOW_MS)], acks=acks)
    driver.produce(topic, [Message(b"once", None, 1, NOW_MS)], idempotent=True)
    driver.read(topic, {0: 0, 1: 0}, count + 3)
    driver.watermarks(topic, 0)


def shares(driver: Driver, prefix: str) -> None:
    """A consumer group: one member, a static second one, one leaves, the other commits and leaves."""
    topic, name = topic_with_leaders(driver, f"{prefix}-topic", 4), f"{prefix}-group"
    with Group(driver, name, topic, "range") as group:
        group.join()
        group.wait_shares(4)
        group.join(f"{prefix}-instance")
        group.wait_shares(2, 2)
        driver.produce(topic, [Message(b"%d" % i, None, i, NOW_MS) for i in range(4)])
        group.wait_taken(4)
        driver.describe_group(name)
        group.leave(group.members[0])
        group.wait_shares(4)
    driver.committed(name, topic, range(4))


def transacts(bootstrap: str) -> None:
    """librdkafka's transactional producer: a commit with offsets, an abort, and a read_committed consumer."""
    from confluent_kafka import Consumer, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, NewTopic

    topic, group = f"{PREFIX}-transacts-topic", f"{PREFIX}-transacts-group"
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for future in admin.create_topics([NewTopic(topic, 1, 1)]).values():
        future.result(10)
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": f"{PREFIX}-transacts"})
    producer.init_transactions(20)
    settings = {"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest"}
    consumer = Consumer({**settings, "enable.auto.commit": False, "isolation.level": "read_committed"})
    try:
        for commits in (True, False):
            producer.begin_transaction()
            producer.produce(topic, b"in a transaction", partition=0, timestamp=NOW_MS)
            producer.send_offsets_to_transaction(
                [TopicPartition(topic, 0, 1)], consumer.consumer_group_metadata(), 10
            )
            (producer.commit_transaction if commits else producer.abort_transaction)(20)
        consumer.assign([TopicPartition(topic, 0, 0)])
        consumer.poll(10)
        consumer.committed([TopicPartition(topic, 0)], 10)
    finally:
        consumer.close()


def kcats(bootstrap: str) -> None:
    """kcat makes a topic by producing to it, lists, reads, asks for offsets, and reads as a group member."""
    topic = f"{PREFIX}-kcat-topic"

    def kcat(*arguments: str, sent: str = "") -> None:
        command = ["kcat", "-b", bootstrap, "-X", "topic.metadata.refresh.fast.interval.ms=50", *arguments]
        subprocess.run(command, input=sent.encode(), capture_output=True, timeout=60, check=True)

    kcat("-P", "-t", topic, "-p", "0", "-K:", "-H", "a=1", sent="k:v\nl:w\n")
    kcat("-P", "-t", topic, "-p", "0", "-z", "lz4", sent="x\n" * 20)
    kcat("-L", "-J")
    kcat("-L", "-t", topic)
    kcat("-C", "-t", topic, "-o", "beginning", "-e", "-q")
    kcat("-Q", "-t", f"{topic}:0:1000", "-t", f"{topic}:0:-1")
    kcat("-G", f"{PREFIX}-kcat-group", "-X", "auto.offset.reset=earliest", "-c", "22", topic)


def _kcat_version() -> str:
    text = subprocess.run(["kcat", "-V"], capture_output=True, text=True, check=True).stdout
    return " ".join(word for word in text.split() if word.startswith(("Version", "1.", "librdkafka", "2.")))


def _java(does: str, run: Callable[[str, Path], None]) -> Scenario:
    return Scenario(does, lambda at: java_tools.run(run, at), java_tools.client, java_tools.missing)


SCENARIOS = {
    **{
        f"{name}-{verb}": by_driver(name, (work.__doc__ or "").strip(), work)
        for name in ("kafka-python", "confluent-kafka", "aiokafka")
        for verb, work in (("admin", administers), ("records", transports), ("group", shares))
    },
    "confluent-kafka-transactions": Scenario(
        (transacts.__doc__ or "").strip(),
        transacts,
        lambda: f"confluent-kafka {metadata.version('confluent-kafka')}",
        by_driver("confluent-kafka", "", shares).missing,
    ),
    "kcat": Scenario(
        (kcats.__doc__ or "").strip(),
        kcats,
        _kcat_version,
        lambda: "" if shutil.which("kcat") else "kcat is not installed",
    ),
    **{f"java-{name}": _java(does, run) for name, (does, run) in java_tools.SCENARIOS.items()},
}
