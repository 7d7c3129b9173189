"""DescribeTopicPartitions: topics in portions, by a cursor (KIP-966)."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Kafka, Topic, case
from wire.errors import ErrorCode
from wire.messages.describe_topic_partitions import Cursor, DescribeTopicPartitionsRequest, TopicRequest

FEATURE = "topics in portions"
WHY = "KIP-966; DescribeTopicPartitionsRequestHandler"


def described(kafka: Kafka, *names: str, limit: int = 2000, cursor: tuple[str, int] | None = None) -> Any:
    start = None if cursor is None else Cursor(topic_name=cursor[0], partition_index=cursor[1])
    topics = [TopicRequest(name=name) for name in names]
    return kafka.ask(
        DescribeTopicPartitionsRequest(topics=topics, response_partition_limit=limit, cursor=start)
    )


def pages(answer: Any) -> list[tuple[str, list[int]]]:
    """(topic, its partitions) of an answer."""
    return [(row.name, [each.partition_index for each in row.partitions]) for row in answer.topics]


def next_of(answer: Any) -> tuple[str, int] | None:
    cursor = answer.next_cursor
    return None if cursor is None else (cursor.topic_name, cursor.partition_index)


def pair(kafka: Kafka) -> tuple[Topic, Topic]:
    """Two topics in the order of their names, of 3 and of 2 partitions."""
    base = kafka.name("pages")
    return kafka.topic(3, name=f"{base}-a"), kafka.topic(2, name=f"{base}-b")


@case(DescribeTopicPartitionsRequest, feature=FEATURE, why=WHY)
def test_the_whole_topic(kafka: Kafka) -> None:
    """A topic with id, partitions, leaders, and nothing known of eligible leaders."""
    topic = kafka.topic(2)
    (row,) = described(kafka, topic.name).topics
    assert (row.error_code, row.name, bytes(row.topic_id)) == (0, topic.name, topic.id)
    assert not row.is_internal
    for index, each in enumerate(row.partitions):
        assert (each.error_code, each.partition_index, each.leader_epoch) == (0, index, 0)
        assert list(each.replica_nodes) == list(each.isr_nodes) == [each.leader_id]
        assert not each.offline_replicas
        assert not each.eligible_leader_replicas
        assert not each.last_known_elr


@case(DescribeTopicPartitionsRequest, feature=FEATURE, why=WHY)
def test_order(kafka: Kafka) -> None:
    """Topics come in the order of their names, however they were asked for, each once; all fit, so there is no cursor."""
    first, second = pair(kafka)
    answer = described(kafka, second.name, first.name, second.name)
    assert pages(answer) == [(first.name, [0, 1, 2]), (second.name, [0, 1])]
    assert next_of(answer) is None


@pytest.mark.parametrize(
    ("limit", "first", "rest", "following"),
    [
        (1, [0], None, "a1"),
        (2, [0, 1], None, "a2"),
        (3, [0, 1, 2], None, "b0"),
        (4, [0, 1, 2], [0], "b1"),
        (5, [0, 1, 2], [0, 1], None),
    ],
)
@case(DescribeTopicPartitionsRequest, feature=FEATURE, why=WHY)
def test_limit(
    kafka: Kafka, limit: int, first: list[int], rest: list[int] | None, following: str | None
) -> None:
    """No more partitions than the limit, and a cursor that names the next one, of this topic or the one behind it."""
    topics = pair(kafka)
    answer = described(kafka, *(topic.name for topic in topics), limit=limit)
    expected = [(topics[0].name, first)] + ([(topics[1].name, rest)] if rest else [])
    assert pages(answer) == expected
    where = None if following is None else (topics["ab".index(following[0])].name, int(following[1]))
    assert next_of(answer) == where


@case(DescribeTopicPartitionsRequest, feature=FEATURE, why=WHY)
def test_portion_by_portion(kafka: Kafka) -> None:
    """Whoever follows the cursor sees every partition once."""
    topics = pair(kafka)
    seen: list[tuple[str, int]] = []
    cursor = None
    for _ in range(10):
        answer = described(kafka, *(topic.name for topic in topics), limit=2, cursor=cursor)
        seen += [(name, index) for name, indexes in pages(answer) for index in indexes]
        cursor = next_of(answer)
        if cursor is None:
            break
    assert seen == [(topic.name, index) for topic in topics for index in range(topic.partitions)]


@case(DescribeTopicPartitionsRequest, feature=FEATURE, why=WHY)
def test_cursor(kafka: Kafka) -> None:
    """A cursor begins in the middle of a topic and leaves out the topics before."""
    first, second = pair(kafka)
    names = (first.name, second.name)
    assert pages(described(kafka, *names, cursor=(first.name, 2))) == [
        (first.name, [2]),
        (second.name, [0, 1]),
    ]
    assert pages(described(kafka, *names, cursor=(second.name, 1))) == [(second.name, [1])]


@case(DescribeTopicPartitionsRequest, feature=FEATURE, why=WHY)
def test_cursor_behind_the_partitions(kafka: Kafka) -> None:
    """A cursor behind a topic's last partition gives the topic without partitions, and goes on."""
    first, second = pair(kafka)
    answer = described(kafka, first.name, second.name, cursor=(first.name, 9))
    assert pages(answer) == [(first.name, []), (second.name, [0, 1])]


@pytest.mark.parametrize("limit", [0, -1])
@case(DescribeTopicPartitionsRequest, feature=FEATURE, why=WHY)
def test_no_limit(kafka: Kafka, limit: int) -> None:
    """A limit below 1 counts as 1."""
    topic = kafka.topic(2)
    answer = described(kafka, topic.name, limit=limit)
    assert (pages(answer), next_of(answer)) == ([(topic.name, [0])], (topic.name, 1))


@case(DescribeTopicPartitionsRequest, feature=FEATURE, why=WHY)
def test_large_limit(kafka: Kafka) -> None:
    """A limit above the broker's own is no error."""
    topic = kafka.topic(2)
    assert pages(described(kafka, topic.name, limit=2**31 - 1)) == [(topic.name, [0, 1])]


@case(DescribeTopicPartitionsRequest, feature=FEATURE, why=WHY)
def test_negative_cursor(kafka: Kafka) -> None:
    """A negative partition in the cursor answers INVALID_REQUEST for each topic."""
    topic = kafka.topic()
    (row,) = described(kafka, topic.name, cursor=(topic.name, -1)).topics
    assert (row.error_code, list(row.partitions)) == (ErrorCode.INVALID_REQUEST, [])


@case(DescribeTopicPartitionsRequest, feature=FEATURE, why=WHY)
def test_cursor_of_another_topic(kafka: Kafka) -> None:
    """A cursor in a topic that was not asked for answers INVALID_REQUEST for each topic."""
    first, second = pair(kafka)
    (row,) = described(kafka, second.name, cursor=(first.name, 0)).topics
    assert row.error_code == ErrorCode.INVALID_REQUEST


@case(DescribeTopicPartitionsRequest, feature=FEATURE, why=WHY)
def test_unknown_topic(kafka: Kafka) -> None:
    """A topic that does not exist answers UNKNOWN_TOPIC_OR_PARTITION, and the others are there."""
    first, _ = pair(kafka)
    missing = first.name + "-zzz"
    rows = {row.name: row for row in described(kafka, first.name, missing).topics}
    assert (rows[first.name].error_code, len(rows[first.name].partitions)) == (0, 3)
    assert rows[missing].error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert bytes(rows[missing].topic_id) == bytes(16)


@case(DescribeTopicPartitionsRequest, feature=FEATURE, why="Topic.validate")
def test_invalid_name(kafka: Kafka) -> None:
    """A name that no topic may have answers INVALID_TOPIC_EXCEPTION."""
    (row,) = described(kafka, "a b").topics
    assert row.error_code == ErrorCode.INVALID_TOPIC_EXCEPTION


@case(DescribeTopicPartitionsRequest, feature=FEATURE, why=WHY)
def test_all_topics(kafka: Kafka) -> None:
    """No names mean all topics, in the order of their names."""
    topic = kafka.topic()
    names, cursor = [], None
    for _ in range(50):
        answer = described(kafka, cursor=cursor)
        names += [name for name, _ in pages(answer)]
        cursor = next_of(answer)
        if cursor is None:
            break
    assert topic.name in names
    assert names == sorted(names)


@case(DescribeTopicPartitionsRequest, feature="authorized operations", why="KIP-430, KIP-966")
def test_operations(kafka: Kafka) -> None:
    """The operations that the client may do on the topic always come."""
    (row,) = described(kafka, kafka.topic().name).topics
    assert row.topic_authorized_operations > 0
