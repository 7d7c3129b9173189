"""What a new topic or partition may be: Kafka's rules, codes and words (ReplicationControlManagerTest)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pykbroker.core.cluster.image import BrokerImage, ClusterImage, PartitionImage, TopicImage
from pykbroker.core.controller.creation import Defaults, NewPartitions, NewTopic, plan_partitions, plan_topic
from pykbroker.errors import ApiError
from wire.errors import ErrorCode

DEFAULTS = Defaults(partitions=4, replication_factor=2)
TOPIC_ID = b"\x07" * 16


def cluster(brokers: int = 3) -> ClusterImage:
    image = ClusterImage()
    for number in range(brokers):
        image = image.with_broker(BrokerImage(number, 1, ()))
    return image.with_topic(TopicImage("have.it", b"\x01" * 16, (PartitionImage(0, 1, 0, (1, 2), (1, 2)),)))


def fine(config: Mapping[str, str | None]) -> dict[str, str]:
    if "bad" in config:
        raise ApiError(ErrorCode.INVALID_CONFIG, "Unknown topic config name: bad")
    return {name: value or "" for name, value in config.items()}


def plan(topic: NewTopic, image: ClusterImage | None = None) -> TopicImage:
    return plan_topic(image or cluster(), topic, DEFAULTS, TOPIC_ID, lambda bound: bound - 1, fine)


def refusal(topic: NewTopic, image: ClusterImage | None = None) -> tuple[ErrorCode, str]:
    with pytest.raises(ApiError) as refused:
        plan(topic, image)
    return refused.value.code, refused.value.message or ""


def test_minus_one_is_the_brokers_default() -> None:
    topic = plan(NewTopic("t"))
    assert len(topic.partitions) == 4
    assert all(len(each.replicas) == 2 for each in topic.partitions)
    assert all(each.leader == each.replicas[0] and each.isr == each.replicas for each in topic.partitions)
    assert topic.topic_id == TOPIC_ID


def test_the_configuration_is_checked_and_kept() -> None:
    assert plan(NewTopic("t", config={"retention.ms": "1"})).config == {"retention.ms": "1"}
    assert refusal(NewTopic("t", config={"bad": "1"})) == (
        ErrorCode.INVALID_CONFIG,
        "Unknown topic config name: bad",
    )


@pytest.mark.parametrize(
    ("topic", "code", "says"),
    [
        (NewTopic(""), ErrorCode.INVALID_TOPIC_EXCEPTION, "empty string"),
        (NewTopic("a b"), ErrorCode.INVALID_TOPIC_EXCEPTION, "ASCII alphanumerics"),
        (NewTopic("x" * 250), ErrorCode.INVALID_TOPIC_EXCEPTION, "max allowed length 249"),
        (NewTopic("have_it"), ErrorCode.INVALID_TOPIC_EXCEPTION, "collides with existing topic: have.it"),
        (NewTopic("have.it"), ErrorCode.TOPIC_ALREADY_EXISTS, "Topic 'have.it' already exists."),
        (NewTopic("__cluster_metadata"), ErrorCode.INVALID_REQUEST, "prohibited"),
        (NewTopic("t", partitions=0), ErrorCode.INVALID_PARTITIONS, "non-positive"),
        (NewTopic("t", partitions=-2), ErrorCode.INVALID_PARTITIONS, "non-positive"),
        (NewTopic("t", replication_factor=0), ErrorCode.INVALID_REPLICATION_FACTOR, "larger than 0"),
        (NewTopic("t", replication_factor=4), ErrorCode.INVALID_REPLICATION_FACTOR, "only 3 broker(s)"),
        (NewTopic("t", partitions=1, assignments=[(0, (0,))]), ErrorCode.INVALID_REQUEST, "numPartitions"),
        (
            NewTopic("t", replication_factor=1, assignments=[(0, (0,))]),
            ErrorCode.INVALID_REQUEST,
            "replication factor",
        ),
        (
            NewTopic("t", assignments=[(0, (0,)), (2, (1,))]),
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            "consecutive",
        ),
        (NewTopic("t", assignments=[(0, (0,)), (0, (1,))]), ErrorCode.INVALID_REPLICA_ASSIGNMENT, "multiple"),
        (NewTopic("t", assignments=[(0, (0, 0))]), ErrorCode.INVALID_REPLICA_ASSIGNMENT, "more than once"),
        (NewTopic("t", assignments=[(0, (9,))]), ErrorCode.INVALID_REPLICA_ASSIGNMENT, "no such broker"),
        (NewTopic("t", assignments=[(0, ())]), ErrorCode.INVALID_REPLICA_ASSIGNMENT, "empty replica list"),
        (
            NewTopic("t", assignments=[(0, (0, 1)), (1, (1,))]),
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            "not consistent",
        ),
    ],
)
def test_refused(topic: NewTopic, code: ErrorCode, says: str) -> None:
    got, message = refusal(topic)
    assert got is code
    assert says in message


def test_a_manual_assignment_is_taken_as_it_is() -> None:
    topic = plan(NewTopic("t", assignments=[(1, (2, 0)), (0, (1, 2))]))
    assert [each.replicas for each in topic.partitions] == [(1, 2), (2, 0)]


def test_without_a_broker_nothing_can_be_created() -> None:
    assert refusal(NewTopic("t"), ClusterImage())[0] is ErrorCode.INVALID_REPLICATION_FACTOR


def test_added_partitions_have_the_replication_factor_of_the_first() -> None:
    topic, added = plan_partitions(cluster(), NewPartitions("have.it", 4))
    assert len(topic.partitions) == 4
    assert topic.partitions[1:] == added
    assert [each.index for each in added] == [1, 2, 3]
    assert all(len(each.replicas) == 2 for each in added)


def test_added_partitions_may_be_placed_by_hand() -> None:
    _, added = plan_partitions(cluster(), NewPartitions("have.it", 3, [(0, 1), (2, 0)]))
    assert [each.replicas for each in added] == [(0, 1), (2, 0)]


@pytest.mark.parametrize(
    ("name", "count", "assignments", "code", "says"),
    [
        ("nope", 2, None, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "does not exist"),
        ("have.it", 1, None, ErrorCode.INVALID_PARTITIONS, "Topic already has 1 partition(s)."),
        ("have.it", 0, None, ErrorCode.INVALID_PARTITIONS, "would not be an increase"),
        ("have.it", 2_000_000_000, None, ErrorCode.POLICY_VIOLATION, "at most 10000"),
        ("have.it", 3, [(0, 1)], ErrorCode.INVALID_REPLICA_ASSIGNMENT, "only 1 assignment(s)"),
        ("have.it", 2, [(0,)], ErrorCode.INVALID_REPLICA_ASSIGNMENT, "not consistent"),
        ("have.it", 2, [(0, 8)], ErrorCode.INVALID_REPLICA_ASSIGNMENT, "no such broker"),
    ],
)
def test_partitions_refused(
    name: str, count: int, assignments: list[tuple[int, ...]] | None, code: ErrorCode, says: str
) -> None:
    with pytest.raises(ApiError) as refused:
        plan_partitions(cluster(), NewPartitions(name, count, assignments))
    assert refused.value.code is code
    assert says in (refused.value.message or "")


def test_no_partitions_are_added_while_replicas_move() -> None:
    moving = TopicImage("m", b"\x02" * 16, (PartitionImage(0, 0, 0, (0,), (0, 1), adding=(1,)),))
    with pytest.raises(ApiError) as refused:
        plan_partitions(cluster().with_topic(moving), NewPartitions("m", 2))
    assert refused.value.code is ErrorCode.REASSIGNMENT_IN_PROGRESS
