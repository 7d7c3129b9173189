"""Where share groups stand: DescribeShareGroupOffsets, AlterShareGroupOffsets, DeleteShareGroupOffsets (KIP-932)."""

from __future__ import annotations

from typing import Any

from conformance import Kafka, Topic, case, eventually
from conformance.share_groups import ACCEPT, SHARE_GROUPS, ShareMember, described, sharing
from wire.errors import ErrorCode
from wire.messages.alter_share_group_offsets import (
    AlterShareGroupOffsetsRequest,
    AlterShareGroupOffsetsRequestPartition,
    AlterShareGroupOffsetsRequestTopic,
)
from wire.messages.delete_share_group_offsets import (
    DeleteShareGroupOffsetsRequest,
    DeleteShareGroupOffsetsRequestTopic,
)
from wire.messages.describe_share_group_offsets import (
    DescribeShareGroupOffsetsRequest,
    DescribeShareGroupOffsetsRequestGroup,
    DescribeShareGroupOffsetsRequestTopic,
)
from wire.messages.share_acknowledge import ShareAcknowledgeRequest
from wire.messages.share_fetch import ShareFetchRequest

CASE: dict[str, Any] = {
    "feature": "share groups",
    "also": (DescribeShareGroupOffsetsRequest, ShareFetchRequest, ShareAcknowledgeRequest),
    "needs": SHARE_GROUPS,
}


def shown(kafka: Kafka, group: str, *topics: str) -> dict[str, dict[int, Any]]:
    """Topic -> partition -> row, of these topics (none: all)."""
    wanted = [DescribeShareGroupOffsetsRequestTopic(topic_name=name, partitions=[0]) for name in topics]
    asked = DescribeShareGroupOffsetsRequestGroup(group_id=group, topics=wanted or None)
    (row,) = kafka.ask(DescribeShareGroupOffsetsRequest(groups=[asked])).groups
    assert row.error_code == 0
    return {
        topic.topic_name: {each.partition_index: each for each in topic.partitions} for topic in row.topics
    }


def alter(kafka: Kafka, group: str, *rows: tuple[str, int, int]) -> Any:
    topics = [
        AlterShareGroupOffsetsRequestTopic(
            topic_name=name,
            partitions=[AlterShareGroupOffsetsRequestPartition(partition_index=index, start_offset=offset)],
        )
        for name, index, offset in rows
    ]
    return kafka.ask(AlterShareGroupOffsetsRequest(group_id=group, topics=topics))


def delete(kafka: Kafka, group: str, *names: str) -> Any:
    topics = [DeleteShareGroupOffsetsRequestTopic(topic_name=name) for name in names]
    return kafka.ask(DeleteShareGroupOffsetsRequest(group_id=group, topics=topics))


def begun(kafka: Kafka) -> tuple[ShareMember, Topic]:
    """A member that has accepted the first of three records."""
    topic = kafka.topic()
    for value in (b"a", b"b", b"c"):
        kafka.produce(topic, value)
    member = sharing(kafka, topic)
    member.take(topic)
    member.acknowledge(topic, (0, 0, ACCEPT))
    return member, topic


@case(DescribeShareGroupOffsetsRequest, why="KIP-932", **CASE)
def test_where_a_group_stands(kafka: Kafka) -> None:
    """A group stands before the first record that is not done with, maybe some before it; null asks for all topics."""
    member, topic = begun(kafka)
    for rows in (shown(kafka, member.group), shown(kafka, member.group, topic.name)):
        assert {name: list(partitions) for name, partitions in rows.items()} == {topic.name: [0]}
        assert rows[topic.name][0].start_offset in (0, 1)


@case(DescribeShareGroupOffsetsRequest, why="KIP-932: the start offset is not known before", **CASE)
def test_before_anything_is_done(kafka: Kafka) -> None:
    """A partition of which nothing was acknowledged yet stands at -1."""
    topic = kafka.topic()
    kafka.produce(topic, b"a")
    member = sharing(kafka, topic)
    member.take(topic)
    assert shown(kafka, member.group)[topic.name][0].start_offset == -1


@case(DescribeShareGroupOffsetsRequest, versions="1+", why="KIP-1226", **CASE)
def test_the_lag(kafka: Kafka) -> None:
    """From v1 on the lag is told: the records that are still to be delivered and done with."""
    member, topic = begun(kafka)
    assert eventually(lambda: shown(kafka, member.group)[topic.name][0].lag == 2)


@case(DescribeShareGroupOffsetsRequest, why="KIP-932", **CASE)
def test_a_topic_that_nobody_read(kafka: Kafka) -> None:
    """A topic that the group does not read, or that is not there, stands at -1, without an error."""
    member, _ = begun(kafka)
    for name in (kafka.topic().name, kafka.name("topic")):
        row = shown(kafka, member.group, name)[name][0]
        assert (row.start_offset, row.error_code) == (-1, 0)


@case(DescribeShareGroupOffsetsRequest, why="KIP-932", **CASE)
def test_a_group_that_is_not_there(kafka: Kafka) -> None:
    """An unknown group has no topics, and no error."""
    assert shown(kafka, kafka.group()) == {}


@case(AlterShareGroupOffsetsRequest, why="KIP-932", **CASE)
def test_a_group_is_moved(kafka: Kafka) -> None:
    """A group without members is moved to another offset, and stands there at once."""
    member, topic = begun(kafka)
    member.leave()
    answer = alter(kafka, member.group, (topic.name, 0, 2))
    assert (answer.error_code, answer.responses[0].partitions[0].error_code) == (0, 0)
    assert shown(kafka, member.group)[topic.name][0].start_offset == 2


@case(AlterShareGroupOffsetsRequest, DeleteShareGroupOffsetsRequest, why="KIP-932", **CASE)
def test_a_group_with_members_is_left_alone(kafka: Kafka, api: Any) -> None:
    """A group with members cannot be moved, and its offsets not deleted: NON_EMPTY_GROUP, of the request."""
    member, topic = begun(kafka)
    if api is AlterShareGroupOffsetsRequest:
        answer = alter(kafka, member.group, (topic.name, 0, 2))
    else:
        answer = delete(kafka, member.group, topic.name)
    assert (answer.error_code, list(answer.responses)) == (ErrorCode.NON_EMPTY_GROUP, [])


@case(AlterShareGroupOffsetsRequest, why="KIP-932", **CASE)
def test_partitions_that_are_not_there(kafka: Kafka) -> None:
    """A topic or partition that does not exist is UNKNOWN_TOPIC_OR_PARTITION, each for itself."""
    member, topic = begun(kafka)
    member.leave()
    missing = kafka.name("topic")
    answer = alter(kafka, member.group, (topic.name, 9, 1), (missing, 0, 1))
    codes = {row.topic_name: row.partitions[0].error_code for row in answer.responses}
    unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert (answer.error_code, codes) == (0, {topic.name: unknown, missing: unknown})


@case(AlterShareGroupOffsetsRequest, why="KIP-932; 4.3: getOrMaybeCreateShareGroup", **CASE)
def test_moving_makes_a_group(kafka: Kafka) -> None:
    """A group that nobody knows comes to be by being moved."""
    group, topic = kafka.group(), kafka.topic()
    assert alter(kafka, group, (topic.name, 0, 0)).error_code == 0
    assert described(kafka, group).error_code == 0


@case(AlterShareGroupOffsetsRequest, why="KIP-932", **CASE)
def test_an_empty_group_id(kafka: Kafka) -> None:
    """An empty group id is INVALID_GROUP_ID."""
    assert alter(kafka, "", (kafka.topic().name, 0, 0)).error_code == ErrorCode.INVALID_GROUP_ID


@case(DeleteShareGroupOffsetsRequest, why="KIP-932", **CASE)
def test_offsets_are_deleted(kafka: Kafka) -> None:
    """Offsets are deleted by topic, of a group without members; a topic that is not there is unknown."""
    member, topic = begun(kafka)
    member.leave()
    missing = kafka.name("topic")
    answer = delete(kafka, member.group, topic.name, missing)
    codes = {row.topic_name: row.error_code for row in answer.responses}
    assert (answer.error_code, codes) == (0, {topic.name: 0, missing: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION})
    assert shown(kafka, member.group) == {}


@case(DeleteShareGroupOffsetsRequest, why="KIP-932", **CASE)
def test_offsets_of_an_unknown_group(kafka: Kafka) -> None:
    """Offsets of a group that nobody knows cannot be deleted: GROUP_ID_NOT_FOUND."""
    answer = delete(kafka, kafka.group(), kafka.topic().name)
    assert answer.error_code == ErrorCode.GROUP_ID_NOT_FOUND
