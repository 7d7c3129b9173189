"""kcat, the command that people try first: list, produce, consume, query."""

from __future__ import annotations

import json
import shutil
import subprocess
import time

import pytest

from clients.topics import Names
from harness.process import BrokerProcess, ForeignBroker

pytestmark = pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed")

Broker = BrokerProcess | ForeignBroker


def kcat(broker: Broker, *arguments: str, sent: str = "") -> str:
    command = ["kcat", "-b", broker.bootstrap, "-X", "topic.metadata.refresh.fast.interval.ms=20", *arguments]
    done = subprocess.run(command, input=sent, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_produce_and_consume(broker: Broker, fresh_name: Names) -> None:
    """-P makes the topic by itself; -C -e reads to the end and leaves."""
    topic = fresh_name("kcat")
    lines = [f"line {i}" for i in range(100)]
    kcat(broker, "-P", "-t", topic, "-p", "0", sent="\n".join(lines) + "\n")
    assert kcat(broker, "-C", "-t", topic, "-o", "beginning", "-e", "-q").splitlines() == lines


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_keys_headers_codecs(broker: Broker, fresh_name: Names, codec: str) -> None:
    """-K, -H and -z on the way in, -J on the way out."""
    topic = fresh_name("kcat")
    sent = "".join(f"k{i}:{'v' * 100}{i}\n" for i in range(20))
    kcat(broker, "-P", "-t", topic, "-p", "0", "-K:", "-H", "a=1", "-z", codec, sent=sent)
    got = [json.loads(line) for line in kcat(broker, "-C", "-t", topic, "-e", "-q", "-J").splitlines()]
    assert [message["key"] for message in got] == [f"k{i}" for i in range(20)]
    assert [message["offset"] for message in got] == list(range(20))
    assert all(message["headers"] == ["a", "1"] for message in got)


def test_list_names_the_topic(broker: Broker, fresh_name: Names) -> None:
    """-L -J: the broker under the address that it advertises, the topic with its partitions."""
    topic = fresh_name("kcat")
    kcat(broker, "-P", "-t", topic, sent="x\n")
    listing = json.loads(kcat(broker, "-L", "-J"))
    assert broker.bootstrap in {node["name"] for node in listing["brokers"]}
    (found,) = [entry for entry in listing["topics"] if entry["topic"] == topic]
    assert found["partitions"]


def test_query_by_time(broker: Broker, fresh_name: Names) -> None:
    """-Q asks ListOffsets: before all records their first offset, after them the end."""
    topic = fresh_name("kcat")
    kcat(broker, "-P", "-t", topic, "-p", "0", sent="a\nb\n")
    assert kcat(broker, "-Q", "-t", f"{topic}:0:1000").strip() == f"{topic} [0] offset 0"
    later_ms = int(time.time() * 1000) + 3_600_000
    assert kcat(broker, "-Q", "-t", f"{topic}:0:{later_ms}").strip() in (
        f"{topic} [0] offset -1",
        f"{topic} [0] offset 2",
    )


def test_a_group_member(broker: Broker, fresh_name: Names) -> None:
    """-G joins a group, reads what is there and leaves; the second time there is nothing new."""
    topic, group = fresh_name("kcat"), fresh_name("group")
    kcat(broker, "-P", "-t", topic, "-p", "0", sent="a\nb\nc\n")
    options = ["-q", "-e", "-X", "auto.offset.reset=earliest", "-X", "heartbeat.interval.ms=200"]
    assert kcat(broker, *options, "-G", group, topic).split() == ["a", "b", "c"]
    assert kcat(broker, *options, "-G", group, topic).split() == []
