"""The admin clients: topics, partitions, configurations, groups, records."""

from __future__ import annotations

import time

import pytest

from clients.drivers.base import BrokerError, Driver, Message
from clients.members import Group
from clients.topics import MakeTopic, Names

UNKNOWN_TOPIC_OR_PARTITION, TOPIC_ALREADY_EXISTS, INVALID_PARTITIONS = 3, 36, 37
INVALID_TOPIC, INVALID_CONFIG, NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND = 17, 40, 68, 69


def wait_gone(driver: Driver, topic: str) -> None:
    """Apache Kafka answers DeleteTopics a moment before its own metadata forgets the topic."""
    deadline = time.monotonic() + 10
    while topic in driver.topics():
        assert time.monotonic() < deadline, f"{topic} is still listed"


def test_a_topics_life(driver: Driver, make_topic: MakeTopic) -> None:
    """Created, listed, described, refused twice, deleted, gone, created again and empty."""
    topic = make_topic("life", 3)
    assert topic in driver.topics()
    assert driver.partition_count(topic) == 3
    with pytest.raises(BrokerError) as twice:
        driver.create_topic(topic, 3)
    assert twice.value.code == TOPIC_ALREADY_EXISTS
    driver.produce(topic, [Message(b"old")] * 5)
    driver.delete_topic(topic)
    wait_gone(driver, topic)
    with pytest.raises(BrokerError) as gone:
        driver.delete_topic(topic)
    assert gone.value.code == UNKNOWN_TOPIC_OR_PARTITION
    driver.create_topic(topic)
    assert driver.produce(topic, [Message(b"new")], idempotent=True) == [(0, 0)]
    assert [record.value for record in driver.read(topic, {0: 0}, 1)] == [b"new"]


@pytest.mark.parametrize(
    ("name", "partitions", "configs", "code"),
    [
        ("no spaces", 1, {}, INVALID_TOPIC),
        ("n" * 250, 1, {}, INVALID_TOPIC),
        (None, 0, {}, INVALID_PARTITIONS),
        (None, 1, {"retention.ms": "soon"}, INVALID_CONFIG),
        (None, 1, {"no.such.setting": "1"}, INVALID_CONFIG),
    ],
    ids=["bad character", "long name", "no partitions", "bad value", "unknown setting"],
)
def test_topics_that_are_refused(
    driver: Driver, fresh_name: Names, name: str | None, partitions: int, configs: dict[str, str], code: int
) -> None:
    """CreateTopics checks name, counts and settings, and creates nothing."""
    topic = name or fresh_name("refused")
    if partitions == 0:
        driver.needs("no partitions")
    with pytest.raises(BrokerError) as refused:
        driver.create_topic(topic, partitions, configs)
    assert refused.value.code == code
    assert topic not in driver.topics()


def test_more_partitions(driver: Driver, make_topic: MakeTopic) -> None:
    """CreatePartitions adds; old records stay; fewer or as many is refused."""
    topic = make_topic("more", 2)
    driver.produce(topic, [Message(b"x", partition=1)])
    driver.create_partitions(topic, 4)
    deadline = time.monotonic() + 10
    while driver.partition_count(topic) != 4:
        assert time.monotonic() < deadline
    assert driver.produce(topic, [Message(b"y", partition=3)], idempotent=True) == [(3, 0)]
    assert driver.watermarks(topic, 1) == (0, 1)
    for total in (4, 1):
        with pytest.raises(BrokerError) as refused:
            driver.create_partitions(topic, total)
        assert refused.value.code == INVALID_PARTITIONS


def test_topic_settings(driver: Driver, make_topic: MakeTopic) -> None:
    """DescribeConfigs shows what was set at creation and by altering, and Kafka's defaults beside it."""
    topic = make_topic("settings", 1, {"retention.ms": "86400000"})
    configs = driver.topic_configs(topic)
    assert configs["retention.ms"] == "86400000"
    assert configs["cleanup.policy"] == "delete"
    assert configs["segment.bytes"] == "1073741824"
    driver.alter_topic_config(topic, "max.message.bytes", "123456")
    deadline = time.monotonic() + 10
    while driver.topic_configs(topic)["max.message.bytes"] != "123456":
        assert time.monotonic() < deadline
    with pytest.raises(BrokerError) as refused:
        driver.alter_topic_config(topic, "max.message.bytes", "many")
    assert refused.value.code == INVALID_CONFIG
    assert driver.topic_configs(topic)["max.message.bytes"] == "123456"


def test_broker_settings_and_cluster(driver: Driver) -> None:
    """DescribeCluster or Metadata names the brokers; each describes its settings under Kafka's names."""
    ids = driver.broker_ids()
    assert ids
    configs = driver.broker_configs(min(ids))
    assert {"log.dirs", "num.partitions", "auto.create.topics.enable", "message.max.bytes"} <= configs.keys()
    assert len(configs) > 150


def test_settings_of_nothing(driver: Driver, fresh_name: Names) -> None:
    """A topic that is not there has neither settings nor partitions."""
    driver.needs("look without creating")
    topic = fresh_name("nothing")
    with pytest.raises(BrokerError) as refused:
        driver.partition_count(topic)
    assert refused.value.code == UNKNOWN_TOPIC_OR_PARTITION


def test_deleted_records(driver: Driver, make_topic: MakeTopic) -> None:
    """DeleteRecords moves the start of the log; -1 means up to the high watermark; offsets go on."""
    topic = make_topic("trim", 2)
    driver.produce(topic, [Message(b"%d" % i, partition=i % 2) for i in range(40)])
    assert driver.delete_records(topic, {0: 7}) == {0: 7}
    assert driver.watermarks(topic, 0) == (7, 20)
    assert driver.watermarks(topic, 1) == (0, 20)
    assert [record.offset for record in driver.read(topic, {0: 7}, 13)] == list(range(7, 20))
    assert driver.delete_records(topic, {1: -1}) == {1: 20}
    assert driver.watermarks(topic, 1) == (20, 20)
    assert driver.produce(topic, [Message(b"after", partition=1)]) == [(1, 20)]


def test_a_groups_life(driver: Driver, make_topic: MakeTopic, fresh_name: Names) -> None:
    """Listed and Stable with its members, then Empty, then deleted with its offsets."""
    topic, name = make_topic("watched", 2), fresh_name("group")
    driver.produce(topic, [Message(b"x", partition=i % 2) for i in range(10)])
    with Group(driver, name, topic) as group:
        group.join()
        group.join()
        group.wait_shares(1, 1)
        group.wait_taken(10)
        assert name in driver.groups()
        assert driver.describe_group(name) == ("Stable", 2)
        if "delete_group" not in driver.cannot:
            with pytest.raises(BrokerError) as busy:
                driver.delete_group(name)
            assert busy.value.code == NON_EMPTY_GROUP
    assert driver.describe_group(name) == ("Empty", 0)
    driver.needs("delete_group")
    driver.delete_group(name)
    assert name not in driver.groups()
    assert driver.committed(name, topic, [0, 1]) == {0: None, 1: None}
    with pytest.raises(BrokerError) as gone:
        driver.delete_group(name)
    assert gone.value.code == GROUP_ID_NOT_FOUND
