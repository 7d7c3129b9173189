"""Metadata: brokers, topics, who leads what."""

from __future__ import annotations

import os
from typing import Any

import pytest

from conformance import Kafka, Setting, Topic, case, eventually
from wire.errors import ErrorCode
from wire.messages.create_topics import CreateTopicsRequest
from wire.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from wire.messages.metadata import MetadataRequest, MetadataRequestTopic

FEATURE = "metadata"
WHY = "KafkaApis.handleTopicMetadataRequest"
IDS_FROM, ASKED_BY_ID_FROM = 10, 12
NOT_ASKED = -(2**31)  # of authorized operations
DESCRIBE = 8  # AclOperation
NO_ID = bytes(16)


def by_name(*names: str) -> list[Any]:
    return [MetadataRequestTopic(name=name) for name in names]


def by_id(*ids: bytes) -> list[Any]:
    return [MetadataRequestTopic(topic_id=each, name=None) for each in ids]


def ask(kafka: Kafka, topics: list[Any] | None, **options: Any) -> Any:
    """An answer to a request that creates no topics (where the version can say so)."""
    options = {"allow_auto_topic_creation": False} | options
    return kafka.ask(MetadataRequest(topics=topics, **options))


def one(kafka: Kafka, topics: list[Any], **options: Any) -> Any:
    (row,) = ask(kafka, topics, **options).topics
    return row


# --- the cluster


@case(MetadataRequest, feature=FEATURE, why=WHY)
def test_brokers(kafka: Kafka) -> None:
    """Every answer names the brokers, with addresses that can be reached."""
    answer = ask(kafka, [])
    assert {broker.node_id: (broker.host, broker.port) for broker in answer.brokers} == kafka.subject.nodes


@case(MetadataRequest, versions="1+", feature=FEATURE, why=WHY)
def test_controller(kafka: Kafka) -> None:
    """From v1 the controller's id is told: that of a broker in the list."""
    answer = ask(kafka, [])
    assert answer.controller_id in {broker.node_id for broker in answer.brokers}


@case(MetadataRequest, versions="2+", feature=FEATURE, why=WHY)
def test_cluster_id(kafka: Kafka) -> None:
    """From v2 the cluster's id is told, always the same: 22 characters of URL-safe base64."""
    first, second = ask(kafka, []), ask(kafka, [])
    assert first.cluster_id == second.cluster_id
    assert len(first.cluster_id) == 22


@case(MetadataRequest, versions="13+", feature=FEATURE, why="KIP-1102")
def test_no_error_of_the_whole(kafka: Kafka) -> None:
    """From v13 the answer has an error code of its own, which is 0."""
    assert ask(kafka, []).error_code == 0


# --- which topics


@case(MetadataRequest, versions="1+", feature=FEATURE, why=WHY)
def test_null_is_all_topics(kafka: Kafka) -> None:
    """From v1 null asks for all topics."""
    first, second = kafka.topic(), kafka.topic()
    assert {first.name, second.name} <= {row.name for row in ask(kafka, None).topics}


@case(MetadataRequest, versions="1+", feature=FEATURE, why=WHY)
def test_an_empty_list_is_none(kafka: Kafka) -> None:
    """From v1 an empty list asks for no topics."""
    kafka.topic()
    assert not ask(kafka, []).topics


@case(MetadataRequest, versions="0", feature=FEATURE, why=WHY)
def test_an_empty_list_was_all(kafka: Kafka) -> None:
    """In v0 an empty list asks for all topics."""
    topic = kafka.topic()
    assert topic.name in {row.name for row in ask(kafka, []).topics}


@case(MetadataRequest, feature=FEATURE, why=WHY)
def test_the_whole_topic(kafka: Kafka, version: int) -> None:
    """A topic comes with its partitions: leader, epoch, replicas, those in sync, none offline."""
    topic = kafka.topic(3)
    row = one(kafka, by_name(topic.name))
    assert (row.error_code, row.name, row.is_internal) == (0, topic.name, False)
    assert bytes(row.topic_id) == (topic.id if version >= IDS_FROM else NO_ID)
    assert sorted(each.partition_index for each in row.partitions) == [0, 1, 2]
    for each in row.partitions:
        assert each.error_code == 0
        assert list(each.replica_nodes) == list(each.isr_nodes) == [each.leader_id]
        assert each.leader_epoch == (0 if version >= 7 else -1)
        assert not each.offline_replicas


@case(MetadataRequest, feature=FEATURE, why=WHY)
def test_a_topic_named_twice(kafka: Kafka) -> None:
    """A topic named twice is answered once."""
    topic = kafka.topic()
    assert one(kafka, by_name(topic.name, topic.name)).error_code == 0


@case(MetadataRequest, feature=FEATURE, why=WHY)
def test_several_topics(kafka: Kafka) -> None:
    """Each topic is answered, those that exist and, from v4 without being created, those that do not."""
    first, second = kafka.topic(), kafka.topic(2)
    rows = {row.name: row for row in ask(kafka, by_name(first.name, second.name)).topics}
    assert {name: len(row.partitions) for name, row in rows.items()} == {first.name: 1, second.name: 2}


@case(MetadataRequest, versions="4+", feature=FEATURE, why="KIP-204")
def test_unknown_topic(kafka: Kafka) -> None:
    """A topic that does not exist answers UNKNOWN_TOPIC_OR_PARTITION with its name, no id and no partitions."""
    name = kafka.name("nowhere")
    row = one(kafka, by_name(name))
    assert (row.error_code, row.name) == (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name)
    assert (bytes(row.topic_id), row.is_internal, list(row.partitions)) == (NO_ID, False, [])


@case(MetadataRequest, versions="4+", feature=FEATURE, why="KIP-204")
def test_nothing_is_created_against_the_clients_will(kafka: Kafka) -> None:
    """Without allow_auto_topic_creation a topic is unknown each time."""
    name = kafka.name("nowhere")
    for _ in range(2):
        assert one(kafka, by_name(name)).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@pytest.mark.parametrize(
    "name",
    ["", "a b", "a/b", ".", "..", "x" * 250, "\u00fc"],
    ids=["empty", "blank", "slash", "dot", "dots", "250", "umlaut"],
)
@case(MetadataRequest, feature=FEATURE, why="Topic.validate; KafkaApis.getTopicMetadata")
def test_invalid_names(kafka: Kafka, name: str) -> None:
    """A name that no topic may have answers INVALID_TOPIC_EXCEPTION, whether topics may be created or not."""
    for allowed in (False, True):
        row = one(kafka, by_name(name), allow_auto_topic_creation=allowed)
        assert (row.error_code, row.name) == (ErrorCode.INVALID_TOPIC_EXCEPTION, name)


@case(MetadataRequest, versions="4+", feature=FEATURE, why="Topic.validate: up to 249 characters")
def test_the_longest_name(kafka: Kafka) -> None:
    """A name of 249 characters is allowed: its topic is only unknown."""
    name = kafka.name("n").ljust(249, "x")
    assert one(kafka, by_name(name)).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@case(
    MetadataRequest,
    feature="auto creation",
    why="KafkaApis.getTopicMetadata; AutoTopicCreationManager",
    needs=(Setting("auto.create.topics.enable", one_of=("true",)),),
    differs="auto-created-at-once",
)
def test_auto_creation(kafka: Kafka, version: int) -> None:
    """A topic that may be created answers a code to ask again, and soon it is there, with num.partitions."""
    name = kafka.name("auto")
    kafka.subject.topics.append(name)
    first = one(kafka, by_name(name), allow_auto_topic_creation=True)
    assert first.error_code in (0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.LEADER_NOT_AVAILABLE)

    def there() -> Any:
        row = one(kafka, by_name(name), allow_auto_topic_creation=True)
        return row if row.error_code == 0 and row.partitions else None

    assert len(eventually(there).partitions) == int(kafka.subject.setting("num.partitions") or 1)


@case(MetadataRequest, versions="1+", feature="internal topics", why="Topic.isInternal")
def test_internal_topics(kafka: Kafka) -> None:
    """The topic of the committed offsets says that it is internal."""
    kafka.group()
    row = one(kafka, by_name("__consumer_offsets"))
    assert (row.error_code, row.is_internal) == (0, True)
    assert len(row.partitions) == int(kafka.subject.setting("offsets.topic.num.partitions") or 50)


@case(
    MetadataRequest,
    versions="latest",
    feature="internal topics",
    why="Topic.isInternal: only the broker's own names",
)
def test_two_underscores_are_not_internal(kafka: Kafka) -> None:
    """A topic is not internal because its name begins with two underscores."""
    topic = kafka.topic(name=kafka.name("__mine"))
    assert not one(kafka, by_name(topic.name)).is_internal


@case(MetadataRequest, versions="latest", feature=FEATURE, why=WHY, also=(DeleteTopicsRequest,))
def test_a_deleted_topic(kafka: Kafka) -> None:
    """A deleted topic is unknown, by name and by id."""
    topic = kafka.topic()
    deletion = DeleteTopicsRequest(
        topics=[DeleteTopicState(name=topic.name)], topic_names=[topic.name], timeout_ms=10_000
    )
    kafka.ask(deletion)
    eventually(lambda: one(kafka, by_name(topic.name)).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    assert one(kafka, by_id(topic.id)).error_code == ErrorCode.UNKNOWN_TOPIC_ID


@case(
    MetadataRequest,
    versions="10+",
    feature="topic ids",
    why="KIP-516",
    also=(DeleteTopicsRequest, CreateTopicsRequest),
)
def test_a_topic_made_anew_has_another_id(kafka: Kafka) -> None:
    """A topic of the same name, made after the first one was deleted, has another id."""
    topic = kafka.topic()
    deletion = DeleteTopicsRequest(
        topics=[DeleteTopicState(name=topic.name)], topic_names=[topic.name], timeout_ms=10_000
    )
    kafka.ask(deletion)
    eventually(lambda: one(kafka, by_name(topic.name)).error_code != 0)
    again = eventually(lambda: made_again(kafka, topic))
    assert again.id not in (topic.id, NO_ID)


def made_again(kafka: Kafka, topic: Topic) -> Topic | None:
    """The topic, as soon as the broker has done with the old one. An AssertionError: not yet."""
    return kafka.topic(name=topic.name)


# --- topic ids


@case(MetadataRequest, versions="12+", feature="topic ids", why="KIP-516")
def test_by_id(kafka: Kafka) -> None:
    """From v12 a topic can be asked for by its id, and is answered with name and id."""
    topic = kafka.topic(2)
    row = one(kafka, by_id(topic.id))
    assert (row.error_code, row.name, bytes(row.topic_id)) == (0, topic.name, topic.id)
    assert len(row.partitions) == 2


@case(MetadataRequest, versions="12+", feature="topic ids", why="KIP-516")
def test_unknown_id(kafka: Kafka) -> None:
    """An id that no topic has answers UNKNOWN_TOPIC_ID with the id, name null and no partitions."""
    wanted = os.urandom(16)
    row = one(kafka, by_id(wanted))
    assert (row.error_code, row.name, bytes(row.topic_id)) == (ErrorCode.UNKNOWN_TOPIC_ID, None, wanted)
    assert not row.partitions


@case(MetadataRequest, versions="12+", feature="topic ids", why="KIP-516")
def test_known_and_unknown_ids(kafka: Kafka) -> None:
    """An unknown id does not keep the others."""
    topic = kafka.topic()
    rows = {bytes(row.topic_id): row.error_code for row in ask(kafka, by_id(topic.id, b"\1" * 16)).topics}
    assert rows == {topic.id: 0, b"\1" * 16: ErrorCode.UNKNOWN_TOPIC_ID}


@case(MetadataRequest, versions="12+", feature="topic ids", why="KIP-516; MetadataRequest.topicIds")
def test_an_id_with_a_name(kafka: Kafka) -> None:
    """Where both are given the id counts, even with the name of nobody."""
    topic = kafka.topic()
    wanted = [MetadataRequestTopic(topic_id=topic.id, name="nobody")]
    row = one(kafka, wanted)
    assert (row.error_code, row.name) == (0, topic.name)


@case(
    MetadataRequest,
    versions="10-11",
    feature="topic ids",
    why="KIP-516; KafkaApis.handleTopicMetadataRequest",
)
def test_ids_too_early(kafka: Kafka) -> None:
    """v10 and v11 can write ids and null names, but answer INVALID_REQUEST to them, for all topics of the request."""
    topic = kafka.topic()
    for wanted in (by_id(topic.id), [MetadataRequestTopic(name=None)]):
        rows = ask(kafka, [*wanted, *by_name(topic.name)]).topics
        assert [row.error_code for row in rows] == [ErrorCode.INVALID_REQUEST] * 2
        assert not any(row.partitions for row in rows)


# --- authorized operations


@case(MetadataRequest, feature="authorized operations", why="KIP-430")
def test_operations_that_nobody_asked_for(kafka: Kafka) -> None:
    """What was not asked for has the value that means so."""
    topic = kafka.topic()
    answer = ask(kafka, by_name(topic.name))
    assert answer.topics[0].topic_authorized_operations == NOT_ASKED
    assert answer.cluster_authorized_operations == NOT_ASKED


@case(
    MetadataRequest,
    versions="8+",
    feature="authorized operations",
    why="KIP-430; AuthHelper.authorizedOperations",
)
def test_operations_on_a_topic(kafka: Kafka) -> None:
    """From v8 a topic's operations can be asked for: a bit for each AclOperation; who sees the topic may describe it."""
    topic = kafka.topic()
    row = one(kafka, by_name(topic.name), include_topic_authorized_operations=True)
    assert row.topic_authorized_operations > 0
    assert row.topic_authorized_operations & (1 << DESCRIBE)
    assert not row.topic_authorized_operations & 0b111  # UNKNOWN, ANY and ALL are no operations


@case(MetadataRequest, versions="8-10", feature="authorized operations", why="KIP-430, KIP-700")
def test_operations_on_the_cluster(kafka: Kafka) -> None:
    """From v8 to v10 the cluster's operations can be asked for (later by DescribeCluster)."""
    answer = ask(kafka, [], include_cluster_authorized_operations=True)
    assert answer.cluster_authorized_operations not in (NOT_ASKED, -1)
    assert not answer.cluster_authorized_operations & 0b111


@case(MetadataRequest, versions="latest", feature=FEATURE, why=WHY)
def test_every_broker_says_the_same(kafka: Kafka) -> None:
    """All brokers of the cluster give the same leaders and the same cluster id."""
    topic = kafka.topic(3)
    answers = [
        kafka.ask(MetadataRequest(topics=by_name(topic.name), allow_auto_topic_creation=False), to=node)
        for node in kafka.nodes
    ]
    leaders = [
        [(row.partition_index, row.leader_id) for row in answer.topics[0].partitions] for answer in answers
    ]
    assert all(sorted(each) == sorted(leaders[0]) for each in leaders)
    assert len({answer.cluster_id for answer in answers}) == 1
