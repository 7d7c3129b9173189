"""OffsetDelete (KIP-496): a group forgets offsets of topics that it does not read."""

from __future__ import annotations

from typing import Any

from conformance import Kafka, case
from conformance.groups import commit, committed, described, emptied, lasting_group, stable, subscription
from wire.errors import ErrorCode
from wire.messages.offset_commit import OffsetCommitRequest
from wire.messages.offset_delete import (
    OffsetDeleteRequest,
    OffsetDeleteRequestPartition,
    OffsetDeleteRequestTopic,
)
from wire.messages.offset_fetch import OffsetFetchRequest

CASE: dict[str, Any] = {"feature": "committed offsets", "also": (OffsetCommitRequest, OffsetFetchRequest)}


def delete(kafka: Kafka, group: str, *rows: tuple[str, list[int]]) -> tuple[int, dict[str, dict[int, int]]]:
    """Code of the request, and topic -> partition -> code."""
    topics = [
        OffsetDeleteRequestTopic(
            name=name, partitions=[OffsetDeleteRequestPartition(partition_index=index) for index in indexes]
        )
        for name, indexes in rows
    ]
    answer = kafka.ask(OffsetDeleteRequest(group_id=group, topics=topics))
    codes = {
        row.name: {each.partition_index: each.error_code for each in row.partitions} for row in answer.topics
    }
    return answer.error_code, codes


@case(OffsetDeleteRequest, why="KIP-496; OffsetMetadataManager.deleteOffsets", **CASE)
def test_offsets_are_deleted(kafka: Kafka) -> None:
    """Of a group without members the offsets named go, the others stay; a partition without a commit is fine too."""
    group, topic = lasting_group(kafka), kafka.topic(partitions=3)
    commit(kafka, group, topic, 1, partition=0)
    commit(kafka, group, topic, 2, partition=1)
    assert delete(kafka, group, (topic.name, [0, 2])) == (0, {topic.name: {0: 0, 2: 0}})
    assert committed(kafka, group, topic, 0).committed_offset == -1
    assert committed(kafka, group, topic, 1).committed_offset == 2


@case(OffsetDeleteRequest, why="OffsetMetadataManager.validateOffsetDelete", **CASE)
def test_an_unknown_group(kafka: Kafka) -> None:
    """An unknown group is GROUP_ID_NOT_FOUND, of the request, and no topic is answered."""
    topic = kafka.topic()
    assert delete(kafka, kafka.group(), (topic.name, [0])) == (ErrorCode.GROUP_ID_NOT_FOUND, {})


@case(OffsetDeleteRequest, why="GroupCoordinatorService.deleteOffsets", **CASE)
def test_an_empty_group_id(kafka: Kafka) -> None:
    """An empty group id is INVALID_GROUP_ID, also when something was committed under it."""
    topic = kafka.topic()
    commit(kafka, "", topic)
    assert delete(kafka, "", (topic.name, [0])) == (ErrorCode.INVALID_GROUP_ID, {})


@case(OffsetDeleteRequest, why="KafkaApis.handleOffsetDeleteRequest", **CASE)
def test_an_unknown_topic(kafka: Kafka) -> None:
    """A topic or partition that does not exist is UNKNOWN_TOPIC_OR_PARTITION; the others are deleted."""
    group, topic, missing = lasting_group(kafka), kafka.topic(), kafka.name("topic")
    commit(kafka, group, topic)
    unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    expected = {topic.name: {0: 0, 5: unknown}, missing: {0: unknown}}
    assert delete(kafka, group, (topic.name, [0, 5]), (missing, [0])) == (0, expected)
    assert committed(kafka, group, topic).committed_offset == -1


@case(OffsetDeleteRequest, why="ClassicGroup.isSubscribedToTopic", **CASE)
def test_a_topic_that_is_read(kafka: Kafka) -> None:
    """A topic that a member reads is GROUP_SUBSCRIBED_TO_TOPIC; another one is deleted although the group has members."""
    read, other = kafka.topic(), kafka.topic()
    (member,) = stable(kafka, protocols={"range": subscription(read.name)})
    member.commit(read, 1)
    member.commit(other, 2)
    expected = {read.name: {0: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC}, other.name: {0: 0}}
    assert delete(kafka, member.group, (read.name, [0]), (other.name, [0])) == (0, expected)
    assert committed(kafka, member.group, read).committed_offset == 1
    assert committed(kafka, member.group, other).committed_offset == -1


@case(OffsetDeleteRequest, why="ClassicGroup.validateOffsetDelete", **CASE)
def test_a_group_that_is_not_of_consumers(kafka: Kafka) -> None:
    """A group with members of another protocol type than "consumer" is NON_EMPTY_GROUP, of the request."""
    topic = kafka.topic()
    (member,) = stable(kafka, protocol_type="connect", protocols={"default": b""})
    assert delete(kafka, member.group, (topic.name, [0])) == (ErrorCode.NON_EMPTY_GROUP, {})


@case(OffsetDeleteRequest, why="ClassicGroup.computeSubscribedTopics", **CASE)
def test_a_subscription_that_nobody_understands(kafka: Kafka) -> None:
    """Of consumers whose metadata cannot be read every topic counts as read."""
    topic = kafka.topic()
    (member,) = stable(kafka, protocols={"range": b"?"})
    member.commit(topic)
    expected = {topic.name: {0: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC}}
    assert delete(kafka, member.group, (topic.name, [0])) == (0, expected)


@case(OffsetDeleteRequest, why="ClassicGroup.computeSubscribedTopics", **CASE)
def test_nobody_reads_any_more(kafka: Kafka) -> None:
    """When the last member has left, no topic counts as read."""
    topic = kafka.topic()
    (member,) = stable(kafka, protocols={"range": subscription(topic.name)})
    member.commit(topic)
    member.leave()
    assert delete(kafka, member.group, (topic.name, [0])) == (0, {topic.name: {0: 0}})
    assert committed(kafka, member.group, topic).committed_offset == -1


@case(OffsetDeleteRequest, why="OffsetMetadataManager.deleteOffsets", **CASE)
def test_nothing_to_delete(kafka: Kafka) -> None:
    """A request without topics is answered without topics; the group's existence is checked all the same."""
    assert delete(kafka, emptied(kafka)) == (0, {})
    assert delete(kafka, kafka.group()) == (ErrorCode.GROUP_ID_NOT_FOUND, {})


@case(OffsetDeleteRequest, why="OffsetMetadataManager.deleteOffsets", **CASE)
def test_the_group_stays(kafka: Kafka) -> None:
    """Deleting offsets leaves the group of a classic consumer as it is."""
    topic = kafka.topic()
    group = emptied(kafka)
    commit(kafka, group, topic)
    assert delete(kafka, group, (topic.name, [0])) == (0, {topic.name: {0: 0}})
    assert described(kafka, group).group_state == "Empty"
