"""Metadata in all its versions: what is asked for by null, by nothing, by name and by id, and what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pykbroker.core.cluster.image import BrokerImage, Endpoint
from pykbroker.core.controller.creation import NewTopic
from tests.api.harness import Client, client_at
from wire.errors import ErrorCode
from wire.messages.metadata import MetadataRequestTopic

LATEST = 13
ALL_VERSIONS = range(LATEST + 1)
NOT_ASKED = -(2**31)
ZERO = bytes(16)


def named(*names: str) -> list[object]:
    return [MetadataRequestTopic(name=name) for name in names]


async def make(client: Client, *names: str, partitions: int = 1) -> None:
    await client.cluster.controller.create_topics([NewTopic(name, partitions, 1) for name in names])


def codes(response: object) -> dict[str | None, int]:
    return {topic.name: topic.error_code for topic in response.topics}  # type: ignore[attr-defined]


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_one_topic_in_every_version(tmp_path: Path, version: int) -> None:
    async with client_at(tmp_path) as client:
        await make(client, "t", "other", partitions=2)
        answer = await client.call("Metadata", version, topics=named("t"), allow_auto_topic_creation=False)
        (broker,) = answer.brokers
        assert (broker.node_id, broker.host, broker.port) == (0, "127.0.0.7", 19092)
        (topic,) = answer.topics
        assert (topic.error_code, topic.name, topic.is_internal) == (0, "t", False)
        assert [each.partition_index for each in topic.partitions] == [0, 1]
        first = topic.partitions[0]
        assert (first.error_code, first.leader_id) == (0, 0)
        assert (list(first.replica_nodes), list(first.isr_nodes)) == ([0], [0])
        assert list(first.offline_replicas) == []
        image = client.cluster.image
        assert answer.cluster_id == (image.cluster_id if version >= 2 else None)
        assert answer.controller_id == (0 if version >= 1 else -1)
        assert topic.topic_id == (image.topics["t"].topic_id if version >= 10 else ZERO)
        assert first.leader_epoch == (0 if version >= 7 else -1)


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_all_topics_are_asked_for_by_null_and_in_version_0_by_nothing(
    tmp_path: Path, version: int
) -> None:
    async with client_at(tmp_path) as client:
        await make(client, "a", "b")
        everything = await client.call("Metadata", version, topics=[] if version == 0 else None)
        assert sorted(codes(everything)) == ["a", "b"]
        if version >= 1:
            nothing = await client.call("Metadata", version, topics=[])
            assert list(nothing.topics) == []
            assert len(nothing.brokers) == 1


async def test_a_topic_is_answered_once_however_often_it_is_named(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await make(client, "t")
        answer = await client.call("Metadata", LATEST, topics=named("t", "t"))
        assert len(answer.topics) == 1


async def test_by_id(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await make(client, "t")
        topic_id, unknown = client.cluster.image.topics["t"].topic_id, b"\x09" * 16
        asked = [MetadataRequestTopic(name=None, topic_id=each) for each in (topic_id, unknown)]
        answer = await client.call("Metadata", 12, topics=asked)
        found, missing = answer.topics
        assert (found.error_code, found.name, found.topic_id) == (0, "t", topic_id)
        assert (missing.error_code, missing.name) == (ErrorCode.UNKNOWN_TOPIC_ID, None)
        assert missing.topic_id == unknown


@pytest.mark.parametrize(
    ("version", "topic"),
    [
        (10, {"name": None}),
        (11, {"name": "t", "topic_id": b"\x01" * 16}),
        (12, {"name": None, "topic_id": ZERO}),
    ],
)
async def test_what_a_version_cannot_ask_is_an_invalid_request(
    tmp_path: Path, version: int, topic: dict[str, object]
) -> None:
    async with client_at(tmp_path) as client:
        answer = await client.call("Metadata", version, topics=[MetadataRequestTopic(**topic)])
        assert [each.error_code for each in answer.topics] == [ErrorCode.INVALID_REQUEST]


async def test_an_error_of_the_whole_request_has_a_field_since_13(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        answer = await client.call("Metadata", 13, topics=[MetadataRequestTopic(name=None)])
        assert answer.error_code == ErrorCode.INVALID_REQUEST


async def test_a_missing_topic_that_may_not_be_created(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        answer = await client.call(
            "Metadata", LATEST, topics=named("nope", "bad name", ""), allow_auto_topic_creation=False
        )
        assert codes(answer) == {
            "nope": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
            "bad name": ErrorCode.INVALID_TOPIC_EXCEPTION,
            "": ErrorCode.INVALID_TOPIC_EXCEPTION,
        }
        assert client.cluster.image.topics == {}


@pytest.mark.parametrize("version", [0, 3, 4, LATEST])
async def test_a_missing_topic_is_created_and_answered_at_once(tmp_path: Path, version: int) -> None:
    async with client_at(tmp_path, {"num.partitions": "3"}) as client:
        answer = await client.call("Metadata", version, topics=named("new", "bad name"))
        assert codes(answer) == {"new": 0, "bad name": ErrorCode.INVALID_TOPIC_EXCEPTION}
        created = next(topic for topic in answer.topics if topic.name == "new")
        assert [each.leader_id for each in created.partitions] == [0, 0, 0]
        assert set(client.cluster.image.topics) == {"new"}


async def test_asking_for_all_or_where_it_is_switched_off_creates_nothing(tmp_path: Path) -> None:
    async with client_at(tmp_path, {"auto.create.topics.enable": "false"}) as client:
        answer = await client.call("Metadata", LATEST, topics=named("new"))
        assert codes(answer) == {"new": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
        await client.call("Metadata", LATEST, topics=None)
        assert client.cluster.image.topics == {}


async def test_the_brokers_own_topics_are_internal_and_created_with_their_settings(tmp_path: Path) -> None:
    async with client_at(tmp_path, {"offsets.topic.num.partitions": "4"}) as client:
        answer = await client.call("Metadata", LATEST, topics=named("__consumer_offsets"))
        (topic,) = answer.topics
        assert topic.is_internal
        assert len(topic.partitions) == 4
        assert client.cluster.image.topics["__consumer_offsets"].config["cleanup.policy"] == "compact"


async def test_a_topic_that_cannot_be_created_says_why(tmp_path: Path) -> None:
    async with client_at(tmp_path, {"default.replication.factor": "3"}) as client:
        answer = await client.call("Metadata", LATEST, topics=named("new"))
        assert codes(answer) == {"new": ErrorCode.INVALID_REPLICATION_FACTOR}


async def test_authorized_operations_are_told_to_who_asks(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await make(client, "t")
        fields = {"include_topic_authorized_operations": True, "include_cluster_authorized_operations": True}
        for version, cluster in ((8, 8096), (10, 8096)):
            answer = await client.call("Metadata", version, topics=named("t"), **fields)
            assert answer.topics[0].topic_authorized_operations == 3576
            assert answer.cluster_authorized_operations == cluster
        for version in (7, 11, LATEST):
            asked = {"include_topic_authorized_operations": True} if version > 7 else {}
            answer = await client.call("Metadata", version, topics=named("t"), **asked)
            assert answer.cluster_authorized_operations == NOT_ASKED
        answer = await client.call("Metadata", LATEST, topics=named("t"))
        assert answer.topics[0].topic_authorized_operations == NOT_ASKED


async def test_a_partition_without_a_live_leader(tmp_path: Path) -> None:
    async with client_at(tmp_path, other_brokers=(BrokerImage(1, 0, ()),)) as client:
        await client.cluster.controller.create_topics([NewTopic("t", assignments=[(0, (1,))])])
    async with client_at(tmp_path) as client:
        answer = await client.call("Metadata", LATEST, topics=named("t"))
        (partition,) = answer.topics[0].partitions
        assert partition.error_code == ErrorCode.LEADER_NOT_AVAILABLE
        assert (partition.leader_id, partition.leader_epoch) == (-1, 1)
        assert (list(partition.replica_nodes), list(partition.offline_replicas)) == ([1], [1])
        old = await client.call("Metadata", 0, topics=named("t"))
        assert list(old.topics[0].partitions[0].replica_nodes) == []


async def test_a_leader_without_the_clients_listener(tmp_path: Path) -> None:
    other = BrokerImage(1, 0, (Endpoint("INTERNAL", "elsewhere", 1),))
    async with client_at(tmp_path, other_brokers=(other,)) as client:
        await client.cluster.controller.create_topics([NewTopic("t", assignments=[(0, (1, 0)), (1, (0, 1))])])
        answer = await client.call("Metadata", 6, topics=named("t"))
        led_by_1, led_by_0 = answer.topics[0].partitions
        assert [each.node_id for each in answer.brokers] == [0]
        assert led_by_1.error_code == ErrorCode.LISTENER_NOT_FOUND
        assert (led_by_0.error_code, list(led_by_0.offline_replicas)) == (0, [])
        answer = await client.call("Metadata", 5, topics=named("t"))
        assert answer.topics[0].partitions[0].error_code == ErrorCode.LEADER_NOT_AVAILABLE
        answer = await client.call("Metadata", 0, topics=named("t"))
        led_by_1, led_by_0 = answer.topics[0].partitions
        assert led_by_1.error_code == ErrorCode.LEADER_NOT_AVAILABLE
        assert led_by_0.error_code == ErrorCode.REPLICA_NOT_AVAILABLE
        assert (list(led_by_0.replica_nodes), list(led_by_0.isr_nodes)) == ([0], [0])
        client.connection.listener = "INTERNAL"
        client.broker.advertises = True
        answer = await client.call("Metadata", LATEST, topics=named("t"))
        assert [(each.node_id, each.host) for each in answer.brokers] == [(1, "elsewhere")]
        assert answer.topics[0].partitions[0].error_code == 0


async def test_what_was_built_is_not_told_after_a_change(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await make(client, "t")
        before = await client.call("Metadata", LATEST, topics=named("t"))
        await client.cluster.controller.delete_topics(["t"])
        gone = await client.call("Metadata", LATEST, topics=named("t"), allow_auto_topic_creation=False)
        assert codes(gone) == {"t": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}
        await make(client, "t", partitions=2)
        again = await client.call("Metadata", LATEST, topics=named("t"))
        assert len(again.topics[0].partitions) == 2
        assert again.topics[0].topic_id != before.topics[0].topic_id
