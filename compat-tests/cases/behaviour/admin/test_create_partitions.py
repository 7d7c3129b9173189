"""CreatePartitions: more of them, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Kafka, case
from conformance.admin import topic_row
from wire.errors import ErrorCode
from wire.messages.create_partitions import (
    CreatePartitionsAssignment,
    CreatePartitionsRequest,
    CreatePartitionsTopic,
)

FEATURE = "create partitions"
WHY = "KIP-195; ReplicationControlManager.createPartitions"


def wanted(name: str, count: int, assigned: list[list[int]] | None = None) -> Any:
    rows = None if assigned is None else [CreatePartitionsAssignment(broker_ids=ids) for ids in assigned]
    return CreatePartitionsTopic(name=name, count=count, assignments=rows)


def grow(kafka: Kafka, *topics: Any, validate_only: bool = False) -> list[Any]:
    request = CreatePartitionsRequest(topics=list(topics), timeout_ms=10_000, validate_only=validate_only)
    rows: list[Any] = kafka.ask(request).results
    return rows


@case(CreatePartitionsRequest, feature=FEATURE, why=WHY)
def test_more(kafka: Kafka) -> None:
    """`count` is how many partitions there are afterwards; all are led, and the old records stay."""
    topic = kafka.topic()
    kafka.produce(topic, b"old")
    (row,) = grow(kafka, wanted(topic.name, 3))
    assert (row.name, row.error_code, row.error_message) == (topic.name, 0, None)
    grown = kafka.wait_led(topic.name, 3)
    assert (kafka.offset(grown), kafka.offset(grown, partition=2)) == (1, 0)


@pytest.mark.parametrize("count", [2, 1, 0, -1], ids=lambda count: f"to {count}")
@case(CreatePartitionsRequest, feature=FEATURE, why=WHY)
def test_not_more(kafka: Kafka, count: int) -> None:
    """As many partitions as there are, or less, answer INVALID_PARTITIONS."""
    topic = kafka.topic(2)
    (row,) = grow(kafka, wanted(topic.name, count))
    assert row.error_code == ErrorCode.INVALID_PARTITIONS
    assert row.error_message


@case(CreatePartitionsRequest, feature=FEATURE, why=WHY)
def test_unknown_topic(kafka: Kafka) -> None:
    """A topic that is not there answers UNKNOWN_TOPIC_OR_PARTITION."""
    name = kafka.name("topic")
    (row,) = grow(kafka, wanted(name, 3))
    assert (row.name, row.error_code) == (name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)


@case(CreatePartitionsRequest, feature=FEATURE, why=WHY)
def test_none(kafka: Kafka) -> None:
    """A request about no topic is answered about none."""
    assert list(grow(kafka)) == []


@case(CreatePartitionsRequest, feature=FEATURE, why=WHY)
def test_twice_in_a_request(kafka: Kafka) -> None:
    """A topic twice in a request answers INVALID_REQUEST once, and nothing is made."""
    topic = kafka.topic()
    (row,) = grow(kafka, wanted(topic.name, 2), wanted(topic.name, 3))
    assert (row.name, row.error_code) == (topic.name, ErrorCode.INVALID_REQUEST)
    assert len(topic_row(kafka, topic.name).partitions) == 1


@case(CreatePartitionsRequest, feature=FEATURE, why=WHY)
def test_each_stands_for_itself(kafka: Kafka) -> None:
    """A bad topic in a request does not hinder the good ones."""
    good, bad = kafka.topic(), kafka.topic()
    rows = {row.name: row.error_code for row in grow(kafka, wanted(bad.name, 1), wanted(good.name, 2))}
    assert rows == {bad.name: ErrorCode.INVALID_PARTITIONS, good.name: 0}


@case(CreatePartitionsRequest, feature=FEATURE, why=WHY)
def test_validate_only(kafka: Kafka) -> None:
    """With validate_only a good request answers no error, and nothing is made."""
    topic = kafka.topic()
    (row,) = grow(kafka, wanted(topic.name, 3), validate_only=True)
    assert row.error_code == 0
    assert grow(kafka, wanted(topic.name, 2))[0].error_code == 0


@case(CreatePartitionsRequest, feature=FEATURE, why=WHY)
def test_validate_only_refuses(kafka: Kafka) -> None:
    """With validate_only a bad request answers its error."""
    topic = kafka.topic()
    assert (
        grow(kafka, wanted(topic.name, 1), validate_only=True)[0].error_code == ErrorCode.INVALID_PARTITIONS
    )


@case(CreatePartitionsRequest, feature=FEATURE, why=WHY)
def test_assignment(kafka: Kafka) -> None:
    """Assignments are those of the new partitions alone."""
    topic, node = kafka.topic(), min(kafka.nodes)
    assert grow(kafka, wanted(topic.name, 3, [[node], [node]]))[0].error_code == 0
    kafka.wait_led(topic.name, 3)
    rows = {row.partition_index: list(row.replica_nodes) for row in topic_row(kafka, topic.name).partitions}
    assert (rows[1], rows[2]) == ([node], [node])


@pytest.mark.parametrize("count", [0, 1, 3])
@case(CreatePartitionsRequest, versions="latest", feature=FEATURE, why=WHY)
def test_wrong_number_of_assignments(kafka: Kafka, count: int) -> None:
    """More or fewer assignments than new partitions, none included, answer INVALID_REPLICA_ASSIGNMENT."""
    topic = kafka.topic()
    (row,) = grow(kafka, wanted(topic.name, 3, [[min(kafka.nodes)]] * count))
    assert row.error_code == ErrorCode.INVALID_REPLICA_ASSIGNMENT


@pytest.mark.parametrize("assigned", [[], [9999], [-1], "twice"], ids=str)
@case(CreatePartitionsRequest, versions="latest", feature=FEATURE, why=WHY)
def test_wrong_assignment(kafka: Kafka, assigned: list[int] | str) -> None:
    """No broker, one that is not there, and one twice answer INVALID_REPLICA_ASSIGNMENT, and nothing is made."""
    topic = kafka.topic()
    brokers = [min(kafka.nodes)] * 2 if assigned == "twice" else list(assigned)
    (row,) = grow(kafka, wanted(topic.name, 2, [brokers]))
    assert row.error_code == ErrorCode.INVALID_REPLICA_ASSIGNMENT
    assert len(topic_row(kafka, topic.name).partitions) == 1


@case(CreatePartitionsRequest, feature=FEATURE, why="ReplicationControlManager.createPartitions")
def test_count_before_assignments(kafka: Kafka) -> None:
    """That there are not more partitions is found before the assignments are looked at."""
    topic = kafka.topic()
    (row,) = grow(kafka, wanted(topic.name, 1, [[9999]]))
    assert row.error_code == ErrorCode.INVALID_PARTITIONS


@case(CreatePartitionsRequest, feature=FEATURE, why=WHY)
def test_twice_one_after_the_other(kafka: Kafka) -> None:
    """The same request again answers INVALID_PARTITIONS: it is not idempotent."""
    topic = kafka.topic()
    assert grow(kafka, wanted(topic.name, 2))[0].error_code == 0
    assert grow(kafka, wanted(topic.name, 2))[0].error_code == ErrorCode.INVALID_PARTITIONS
