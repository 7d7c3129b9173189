"""OffsetFetch: what groups have committed."""

from __future__ import annotations

from typing import Any

from conformance import Kafka, Topic, case, eventually
from conformance.groups import commit, committed, described, emptied, fetch_request, fetched, stable
from wire.errors import ErrorCode
from wire.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from wire.messages.offset_commit import OffsetCommitRequest
from wire.messages.offset_fetch import (
    OffsetFetchRequest,
    OffsetFetchRequestGroup,
    OffsetFetchRequestTopics,
)

FEATURE = "committed offsets"
CASE: dict[str, Any] = {"feature": FEATURE, "also": (OffsetCommitRequest,)}
BY_ID = 10


def key(topic: Topic, version: int) -> Any:
    return topic.id if version >= BY_ID else topic.name


def offsets(topics: Any, version: int) -> dict[Any, dict[int, int]]:
    """topic (name or id) -> partition -> offset."""
    return {
        (bytes(row.topic_id) if version >= BY_ID else row.name): {
            each.partition_index: each.committed_offset for each in row.partitions
        }
        for row in topics
    }


@case(OffsetFetchRequest, versions="1+", why="OffsetMetadataManager.fetchOffsets", **CASE)
def test_what_was_committed(kafka: Kafka, version: int) -> None:
    """Offset and metadata are given back; of a partition without a commit offset -1, metadata empty, and no error."""
    group, topic = kafka.group(), kafka.topic(partitions=2)
    commit(kafka, group, topic, 42, partition=1, committed_metadata="here")
    code, (row,) = fetched(kafka, group, {topic: [1, 0]})
    assert code == 0
    found = [(p.partition_index, p.committed_offset, p.metadata, p.error_code) for p in row.partitions]
    assert found == [(1, 42, "here", 0), (0, -1, "", 0)]


@case(OffsetFetchRequest, versions="1+", why="OffsetMetadataManager.fetchOffsets", **CASE)
def test_an_unknown_group(kafka: Kafka, version: int) -> None:
    """An unknown group has committed nothing: offset -1 and no error; no group comes to be."""
    group, topic = kafka.group(), kafka.topic()
    code, topics = fetched(kafka, group, {topic: [0]})
    assert (code, offsets(topics, version)) == (0, {key(topic, version): {0: -1}})
    assert described(kafka, group).group_state == "Dead"


@case(OffsetFetchRequest, versions="1-9", why="OffsetMetadataManager.fetchOffsets", **CASE)
def test_an_unknown_topic(kafka: Kafka) -> None:
    """A topic that does not exist has no offset: -1 and no error, as for any partition number."""
    group, topic = kafka.group(), Topic(kafka.name(), bytes(16), 1)
    code, (row,) = fetched(kafka, group, {topic: [0, 99, -1]})
    assert code == 0
    assert [(p.committed_offset, p.error_code) for p in row.partitions] == [(-1, 0)] * 3


@case(OffsetFetchRequest, versions="10+", why="KIP-848; KafkaApis.fetchOffsets", **CASE)
def test_an_unknown_topic_id(kafka: Kafka) -> None:
    """From v10 on an unknown topic id is UNKNOWN_TOPIC_ID at each of its partitions, with offset -1."""
    _, (row,) = fetched(kafka, kafka.group(), {Topic("", b"?" * 16, 1): [0, 5]})
    assert bytes(row.topic_id) == b"?" * 16
    found = [(p.partition_index, p.committed_offset, p.error_code) for p in row.partitions]
    assert found == [(0, -1, ErrorCode.UNKNOWN_TOPIC_ID), (5, -1, ErrorCode.UNKNOWN_TOPIC_ID)]


@case(OffsetFetchRequest, versions="2+", why="OffsetMetadataManager.fetchAllOffsets", **CASE)
def test_all_topics(kafka: Kafka, version: int) -> None:
    """From v2 on null topics ask for all that the group has committed, and for nothing else."""
    group, first, second = kafka.group(), kafka.topic(partitions=3), kafka.topic()
    commit(kafka, group, first, 1, partition=0)
    commit(kafka, group, first, 2, partition=2)
    commit(kafka, group, second, 3)
    code, topics = fetched(kafka, group, None)
    assert code == 0
    assert offsets(topics, version) == {key(first, version): {0: 1, 2: 2}, key(second, version): {0: 3}}


@case(OffsetFetchRequest, versions="2+", why="OffsetMetadataManager.fetchAllOffsets", **CASE)
def test_all_topics_of_an_unknown_group(kafka: Kafka) -> None:
    """All topics of an unknown group are none, without an error."""
    code, topics = fetched(kafka, kafka.group(), None)
    assert (code, list(topics)) == (0, [])


@case(OffsetFetchRequest, versions="1+", why="OffsetMetadataManager.fetchOffsets", **CASE)
def test_no_topics(kafka: Kafka) -> None:
    """An empty list of topics asks for nothing, unlike a null one."""
    group, topic = kafka.group(), kafka.topic()
    commit(kafka, group, topic)
    code, topics = fetched(kafka, group, {})
    assert (code, list(topics)) == (0, [])


@case(OffsetFetchRequest, versions="1+", why="OffsetMetadataManager.fetchOffsets", **CASE)
def test_a_group_with_members_is_open_to_all(kafka: Kafka) -> None:
    """Offsets of a group with members are told to anybody."""
    (member,) = stable(kafka)
    topic = kafka.topic()
    member.commit(topic, 5)
    assert committed(kafka, member.group, topic).committed_offset == 5


@case(OffsetFetchRequest, versions="1+", why="OffsetMetadataManager.fetchOffsets", **CASE)
def test_offsets_outlive_the_members(kafka: Kafka) -> None:
    """When all members have left, their offsets are there still."""
    (member,) = stable(kafka)
    topic = kafka.topic()
    member.commit(topic, 5)
    member.leave()
    assert committed(kafka, member.group, topic).committed_offset == 5


@case(OffsetFetchRequest, versions="5+", why="KIP-320", **CASE)
def test_no_leader_epoch(kafka: Kafka) -> None:
    """From v5 on the leader epoch is told: -1 where nothing was committed."""
    row = committed(kafka, kafka.group(), kafka.topic())
    assert (row.committed_offset, row.committed_leader_epoch) == (-1, -1)


@case(OffsetFetchRequest, versions="7+", why="KIP-447", **CASE)
def test_require_stable(kafka: Kafka) -> None:
    """From v7 on a client may want only offsets that no open transaction can change: without one all are told."""
    group, topic = kafka.group(), kafka.topic()
    commit(kafka, group, topic, 9)
    code, (row,) = fetched(kafka, group, {topic: [0]}, require_stable=True)
    assert (code, row.partitions[0].committed_offset, row.partitions[0].error_code) == (0, 9, 0)


@case(OffsetFetchRequest, versions="8+", why="KIP-709", **CASE)
def test_several_groups(kafka: Kafka, version: int) -> None:
    """From v8 on one request asks for several groups; each has its own answer, also one that nobody knows."""
    topic, groups = kafka.topic(), [kafka.group() for _ in range(3)]
    for number, group in enumerate(groups[:2]):
        commit(kafka, group, topic, number)
    asked = [fetch_request(group, {topic: [0]}).groups[0] for group in groups]
    asked[1] = OffsetFetchRequestGroup(group_id=groups[1], topics=None)
    answer = kafka.ask(OffsetFetchRequest(groups=asked))
    found = {row.group_id: (row.error_code, offsets(row.topics, version)) for row in answer.groups}
    name = key(topic, version)
    assert found == {
        groups[0]: (0, {name: {0: 0}}),
        groups[1]: (0, {name: {0: 1}}),
        groups[2]: (0, {name: {0: -1}}),
    }


@case(OffsetFetchRequest, versions="8+", why="KIP-709", **CASE)
def test_the_same_group_twice(kafka: Kafka) -> None:
    """A group that is asked for twice is answered twice."""
    group, topic = kafka.group(), kafka.topic()
    commit(kafka, group, topic, 7)
    asked = fetch_request(group, {topic: [0]}).groups[0]
    rows = kafka.ask(OffsetFetchRequest(groups=[asked, asked])).groups
    assert [row.topics[0].partitions[0].committed_offset for row in rows] == [7, 7]


@case(OffsetFetchRequest, versions="9+", why="KIP-848; ClassicGroup.validateOffsetFetch", **CASE)
def test_classic_groups_do_not_look_at_members(kafka: Kafka) -> None:
    """In a classic group member id and epoch are not looked at."""
    group, topic = emptied(kafka), kafka.topic()
    commit(kafka, group, topic, 6)
    code, (row,) = fetched(kafka, group, {topic: [0]}, member_id="stranger", member_epoch=77)
    assert (code, row.partitions[0].committed_offset) == (0, 6)


@case(OffsetFetchRequest, versions="1+", why="OffsetMetadataManager.fetchOffsets", **CASE)
def test_the_same_partition_twice(kafka: Kafka, version: int) -> None:
    """A partition that is asked for twice is told with its offset."""
    group, topic = kafka.group(), kafka.topic()
    commit(kafka, group, topic, 7)
    _, topics = fetched(kafka, group, {topic: [0, 0]})
    assert offsets(topics, version) == {key(topic, version): {0: 7}}


@case(
    OffsetFetchRequest,
    versions="2+",
    feature=FEATURE,
    why="GroupCoordinator.onPartitionsDeleted",
    also=(OffsetCommitRequest, DeleteTopicsRequest),
)
def test_a_deleted_topic_takes_its_offsets_along(kafka: Kafka, version: int) -> None:
    """When a topic is deleted its offsets go, in all groups; offsets of other topics stay."""
    group, gone, kept = kafka.group(), kafka.topic(), kafka.topic()
    commit(kafka, group, gone, 1)
    commit(kafka, group, kept, 2)
    state = DeleteTopicState(name=gone.name)
    kafka.ask(DeleteTopicsRequest(topics=[state], topic_names=[gone.name], timeout_ms=10_000))
    assert eventually(
        lambda: offsets(fetched(kafka, group, None)[1], version) == {key(kept, version): {0: 2}}
    )


@case(
    OffsetFetchRequest,
    versions="latest",
    feature=FEATURE,
    why="GroupCoordinator.onPartitionsDeleted; KIP-516",
    also=(OffsetCommitRequest, DeleteTopicsRequest),
)
def test_a_topic_of_the_same_name_begins_anew(kafka: Kafka) -> None:
    """A topic that was deleted and made again has no offsets of its predecessor."""
    group, topic = kafka.group(), kafka.topic()
    commit(kafka, group, topic, 5)
    state = DeleteTopicState(name=topic.name)
    kafka.ask(DeleteTopicsRequest(topics=[state], topic_names=[topic.name], timeout_ms=10_000))
    assert eventually(lambda: list(fetched(kafka, group, None)[1]) == [])
    again = eventually(lambda: kafka.topic(name=topic.name))
    assert committed(kafka, group, again).committed_offset == -1


@case(OffsetFetchRequest, versions="8-9", why="OffsetFetchRequestTopics", **CASE)
def test_names_in_the_order_asked(kafka: Kafka) -> None:
    """Topics and partitions come in the order asked."""
    group, first, second = kafka.group(), kafka.topic(partitions=3), kafka.topic()
    rows = [
        OffsetFetchRequestTopics(name=topic.name, partition_indexes=indexes)
        for topic, indexes in ((second, [0]), (first, [2, 0, 1]))
    ]
    asked = OffsetFetchRequestGroup(group_id=group, topics=rows)
    (row,) = kafka.ask(OffsetFetchRequest(groups=[asked])).groups
    found = [(topic.name, [p.partition_index for p in topic.partitions]) for topic in row.topics]
    assert found == [(second.name, [0]), (first.name, [2, 0, 1])]
