"""OffsetCommit: who may commit what, when; and what is kept of it."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Kafka, Setting, Topic, case, eventually
from conformance.groups import (
    Member,
    commit,
    commit_request,
    committed,
    described,
    emptied,
    joined,
    stable,
)
from wire.errors import ErrorCode
from wire.messages.offset_commit import (
    OffsetCommitRequest,
    OffsetCommitRequestPartition,
    OffsetCommitRequestTopic,
)
from wire.messages.offset_fetch import OffsetFetchRequest

FEATURE = "committed offsets"
CASE: dict[str, Any] = {"feature": FEATURE, "also": (OffsetFetchRequest,)}
LARGEST = 2**63 - 1


def topics_request(group: str, *rows: tuple[Topic, list[tuple[int, int]]]) -> Any:
    """A commit without a member. rows: topic, then partition and offset of each."""
    return OffsetCommitRequest(
        group_id=group,
        topics=[
            OffsetCommitRequestTopic(
                name=topic.name,
                topic_id=topic.id,
                partitions=[
                    OffsetCommitRequestPartition(partition_index=p, committed_offset=o, committed_metadata="")
                    for p, o in offsets
                ],
            )
            for topic, offsets in rows
        ],
    )


def codes(answer: Any) -> list[list[tuple[int, int]]]:
    """Of each topic: partition and code, by partition: answers come in any order."""
    return [
        sorted((row.partition_index, row.error_code) for row in topic.partitions) for topic in answer.topics
    ]


# --- without a group


@case(OffsetCommitRequest, versions="1+", why="OffsetMetadataManager.validateOffsetCommit", **CASE)
def test_a_consumer_without_group_management(kafka: Kafka) -> None:
    """A commit with generation -1 and no member id makes a group that is Empty and has no protocol type."""
    group, topic = kafka.group(), kafka.topic()
    assert commit(kafka, group, topic, 42) == 0
    assert committed(kafka, group, topic).committed_offset == 42
    row = described(kafka, group)
    assert (row.group_state, row.protocol_type, list(row.members)) == ("Empty", "", [])


@case(OffsetCommitRequest, versions="1+", why="OffsetMetadataManager.commitOffset", **CASE)
def test_the_last_commit_counts(kafka: Kafka) -> None:
    """A later commit replaces an earlier one, also with a smaller offset."""
    group, topic = kafka.group(), kafka.topic()
    for offset in (5, 9, 2):
        assert commit(kafka, group, topic, offset) == 0
    assert committed(kafka, group, topic).committed_offset == 2


@case(OffsetCommitRequest, versions="1+", why="OffsetMetadataManager.commitOffset", **CASE)
@pytest.mark.parametrize("offset", [0, LARGEST])
def test_any_offset(kafka: Kafka, offset: int) -> None:
    """The offset is not looked at: 0 and the largest number are kept, whatever the partition has."""
    group, topic = kafka.group(), kafka.topic()
    assert commit(kafka, group, topic, offset) == 0
    assert committed(kafka, group, topic).committed_offset == offset


@case(OffsetCommitRequest, versions="1+", why="OffsetMetadataManager.validateOffsetCommit", **CASE)
def test_a_generation_for_a_group_that_is_not_there(kafka: Kafka, version: int) -> None:
    """A generation for an unknown group is ILLEGAL_GENERATION, from v9 on GROUP_ID_NOT_FOUND (3.9: not yet)."""
    group, topic = kafka.group(), kafka.topic()
    code = commit(kafka, group, topic, generation_id_or_member_epoch=0, member_id="")
    illegal, unknown = ErrorCode.ILLEGAL_GENERATION, ErrorCode.GROUP_ID_NOT_FOUND
    assert code in (kafka.either(v3=illegal, v4=unknown) if version >= 9 else (illegal,))
    assert described(kafka, group).group_state == "Dead"


@case(OffsetCommitRequest, versions="1+", why="OffsetMetadataManager.validateOffsetCommit", **CASE)
def test_a_member_id_without_a_generation(kafka: Kafka) -> None:
    """A member id with generation -1 is not looked at while the group has no members."""
    group, topic = kafka.group(), kafka.topic()
    assert commit(kafka, group, topic, 3, member_id="anybody") == 0
    assert commit(kafka, group, topic, 4, member_id="anybody") == 0
    assert committed(kafka, group, topic).committed_offset == 4


@case(OffsetCommitRequest, versions="1+", why="ClassicGroup.validateOffsetCommit", **CASE)
def test_a_group_that_lost_its_members(kafka: Kafka) -> None:
    """A group without members takes commits with generation -1 again; with a generation it is UNKNOWN_MEMBER_ID."""
    group, topic = emptied(kafka), kafka.topic()
    assert commit(kafka, group, topic, 6) == 0
    code = commit(kafka, group, topic, 7, generation_id_or_member_epoch=2, member_id="gone")
    assert code == ErrorCode.UNKNOWN_MEMBER_ID
    assert committed(kafka, group, topic).committed_offset == 6


# --- by members


@case(OffsetCommitRequest, versions="1+", why="ClassicGroup.validateOffsetCommit", **CASE)
def test_commit_of_a_member(kafka: Kafka) -> None:
    """A member of a Stable group commits with its generation and id, for any topic."""
    (member,) = stable(kafka)
    topic = kafka.topic()
    assert member.commit(topic, 11) == 0
    assert committed(kafka, member.group, topic).committed_offset == 11


@case(OffsetCommitRequest, versions="1+", why="ClassicGroup.validateMember", **CASE)
@pytest.mark.parametrize("step", [-1, 1])
def test_commit_of_another_generation(kafka: Kafka, step: int) -> None:
    """A generation that is past or to come is ILLEGAL_GENERATION, and nothing is kept."""
    (member,) = stable(kafka)
    topic = kafka.topic()
    code = member.commit(topic, generation_id_or_member_epoch=member.generation + step)
    assert code == ErrorCode.ILLEGAL_GENERATION
    assert committed(kafka, member.group, topic).committed_offset == -1


@case(OffsetCommitRequest, versions="1+", why="ClassicGroup.validateMember", **CASE)
def test_commit_of_an_unknown_member(kafka: Kafka) -> None:
    """A member that the group does not have is UNKNOWN_MEMBER_ID, whatever its generation."""
    (member,) = stable(kafka)
    topic = kafka.topic()
    assert member.commit(topic, member_id="stranger") == ErrorCode.UNKNOWN_MEMBER_ID
    code = member.commit(topic, member_id="stranger", generation_id_or_member_epoch=77)
    assert code == ErrorCode.UNKNOWN_MEMBER_ID


@case(OffsetCommitRequest, versions="1+", why="ClassicGroup.validateOffsetCommit", **CASE)
def test_an_outsider_in_a_group_with_members(kafka: Kafka) -> None:
    """A commit with generation -1 and no member id to a group that has members is UNKNOWN_MEMBER_ID."""
    (member,) = stable(kafka)
    topic = kafka.topic()
    assert commit(kafka, member.group, topic) == ErrorCode.UNKNOWN_MEMBER_ID
    assert committed(kafka, member.group, topic).committed_offset == -1


@case(OffsetCommitRequest, versions="1+", why="ClassicGroup.validateOffsetCommit", **CASE)
def test_a_member_without_its_generation(kafka: Kafka) -> None:
    """A member that commits with generation -1 is ILLEGAL_GENERATION."""
    (member,) = stable(kafka)
    code = member.commit(kafka.topic(), generation_id_or_member_epoch=-1)
    assert code == ErrorCode.ILLEGAL_GENERATION


@case(OffsetCommitRequest, versions="1+", why="ClassicGroup.validateOffsetCommit", **CASE)
def test_commit_during_a_rebalance(kafka: Kafka) -> None:
    """While members are to join again, a member may still commit with the generation that it has."""
    first, second = stable(kafka, 2)
    topic = kafka.topic()
    first.send_join()
    second.notices_rebalance()
    assert second.commit(topic, 8) == 0
    assert committed(kafka, first.group, topic).committed_offset == 8


@case(OffsetCommitRequest, versions="1+", why="ClassicGroup.validateOffsetCommit", **CASE)
def test_commit_before_the_sync(kafka: Kafka) -> None:
    """While the leader works out the assignment a commit is REBALANCE_IN_PROGRESS, and nothing is kept."""
    (member,) = joined(kafka)
    topic = kafka.topic()
    assert member.commit(topic) == ErrorCode.REBALANCE_IN_PROGRESS
    assert committed(kafka, member.group, topic).committed_offset == -1


@case(OffsetCommitRequest, versions="1+", why="ClassicGroup.validateOffsetCommit", **CASE)
def test_an_old_generation_before_the_sync(kafka: Kafka) -> None:
    """The generation is judged before the state: an old one is ILLEGAL_GENERATION also before the sync."""
    (member,) = joined(kafka)
    code = member.commit(kafka.topic(), generation_id_or_member_epoch=member.generation - 1)
    assert code == ErrorCode.ILLEGAL_GENERATION


@case(
    OffsetCommitRequest,
    versions="latest",
    why="OffsetMetadataManager.commitOffset: the session begins anew",
    needs=(Setting("group.min.session.timeout.ms", at_most=1000),),
    **CASE,
)
def test_commits_keep_the_session(kafka: Kafka) -> None:
    """A commit counts as a heartbeat."""
    (member,) = stable(kafka, session_timeout_ms=1000)
    topic = kafka.topic()
    for offset in range(8):
        assert member.commit(topic, offset) == 0
        assert member.connection.silent(0.25)
    assert member.heartbeat() == 0


# --- topics and partitions


@case(OffsetCommitRequest, versions="1+", why="KafkaApis.handleOffsetCommitRequest", **CASE)
def test_an_unknown_topic(kafka: Kafka, version: int) -> None:
    """An unknown topic is UNKNOWN_TOPIC_OR_PARTITION at each of its partitions; by id, from v10 on, UNKNOWN_TOPIC_ID."""
    request = topics_request(kafka.group(), (Topic(kafka.name(), b"?" * 16, 1), [(0, 1), (7, 1)]))
    wrong = ErrorCode.UNKNOWN_TOPIC_ID if version >= 10 else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert codes(kafka.ask(request)) == [[(0, wrong), (7, wrong)]]


@case(OffsetCommitRequest, versions="1+", why="KafkaApis.handleOffsetCommitRequest", **CASE)
def test_an_unknown_partition(kafka: Kafka) -> None:
    """A partition that the topic does not have is UNKNOWN_TOPIC_OR_PARTITION; the others are committed."""
    group, topic = kafka.group(), kafka.topic(partitions=2)
    request = topics_request(group, (topic, [(0, 3), (2, 3), (-1, 3), (1, 4)]))
    unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    (rows,) = codes(kafka.ask(request))
    assert rows == [(-1, unknown), (0, 0), (1, 0), (2, unknown)]
    assert committed(kafka, group, topic, 1).committed_offset == 4


@case(OffsetCommitRequest, versions="1+", why="KafkaApis.handleOffsetCommitRequest", **CASE)
def test_an_unknown_topic_before_the_member(kafka: Kafka, version: int) -> None:
    """Topics are judged before the group: of a stranger's request an unknown topic is said to be unknown."""
    (member,) = stable(kafka)
    topic = kafka.topic()
    request = topics_request(member.group, (topic, [(0, 1), (5, 1)]))
    request.member_id, request.generation_id_or_member_epoch = "stranger", 1
    (rows,) = codes(kafka.ask(request))
    assert rows == [(0, ErrorCode.UNKNOWN_MEMBER_ID), (5, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)]


@case(OffsetCommitRequest, versions="1+", why="KafkaApis.handleOffsetCommitRequest", **CASE)
def test_several_topics(kafka: Kafka, version: int) -> None:
    """Each topic and partition of a request has its own row in the answer."""
    group, first, second = kafka.group(), kafka.topic(partitions=2), kafka.topic()
    answer = kafka.ask(topics_request(group, (first, [(0, 1), (1, 2)]), (second, [(0, 3)])))
    found = {
        bytes(row.topic_id) if version >= 10 else row.name: rows
        for row, rows in zip(answer.topics, codes(answer), strict=True)
    }
    keys = (first.id, second.id) if version >= 10 else (first.name, second.name)
    assert found == {keys[0]: [(0, 0), (1, 0)], keys[1]: [(0, 0)]}
    assert committed(kafka, group, first, 1).committed_offset == 2


@case(OffsetCommitRequest, versions="1+", why="KafkaApis.handleOffsetCommitRequest", **CASE)
def test_nothing_to_commit(kafka: Kafka) -> None:
    """A request without topics is answered without topics, and no group comes to be."""
    group = kafka.group()
    assert list(kafka.ask(OffsetCommitRequest(group_id=group)).topics) == []
    assert described(kafka, group).group_state == "Dead"


@case(OffsetCommitRequest, versions="1+", why="OffsetMetadataManager.commitOffset", **CASE)
def test_the_same_partition_twice(kafka: Kafka) -> None:
    """Of a partition that stands twice in a request the last offset counts."""
    group, topic = kafka.group(), kafka.topic()
    answer = kafka.ask(topics_request(group, (topic, [(0, 5), (0, 3)])))
    assert all(code == 0 for row in codes(answer) for _, code in row)
    assert committed(kafka, group, topic).committed_offset == 3


# --- what is kept


@case(OffsetCommitRequest, versions="1+", why="OffsetMetadataManager.commitOffset", **CASE)
@pytest.mark.parametrize("text", ["", "at line 7", "ünïcödé ☃"])
def test_metadata_is_kept(kafka: Kafka, text: str) -> None:
    """The metadata is given back as it came."""
    group, topic = kafka.group(), kafka.topic()
    assert commit(kafka, group, topic, committed_metadata=text) == 0
    assert committed(kafka, group, topic).metadata == text


@case(OffsetCommitRequest, versions="1+", why="OffsetAndMetadata.fromRequest", **CASE)
def test_no_metadata(kafka: Kafka) -> None:
    """Null metadata is kept as an empty text."""
    group, topic = kafka.group(), kafka.topic()
    assert commit(kafka, group, topic, committed_metadata=None) == 0
    assert committed(kafka, group, topic).metadata == ""


@case(
    OffsetCommitRequest,
    versions="1+",
    why="offset.metadata.max.bytes; OffsetMetadataManager.isMetadataInvalid",
    needs=(Setting("offset.metadata.max.bytes", at_most=100_000),),
    **CASE,
)
def test_metadata_that_is_too_large(kafka: Kafka) -> None:
    """Metadata one above offset.metadata.max.bytes is OFFSET_METADATA_TOO_LARGE, for it alone; the bound is fine."""
    most = int(kafka.subject.setting("offset.metadata.max.bytes") or 0)
    group, topic = kafka.group(), kafka.topic(partitions=2)
    request = topics_request(group, (topic, [(0, 1), (1, 1)]))
    large, fitting = request.topics[0].partitions
    large.committed_metadata, fitting.committed_metadata = "x" * (most + 1), "x" * most
    answer = kafka.ask(request)
    assert codes(answer) == [[(0, ErrorCode.OFFSET_METADATA_TOO_LARGE), (1, 0)]]
    assert committed(kafka, group, topic, 0).committed_offset == -1
    assert len(committed(kafka, group, topic, 1).metadata) == most


@case(OffsetCommitRequest, versions="6+", why="KIP-320", **CASE)
def test_the_leader_epoch_is_kept(kafka: Kafka) -> None:
    """From v6 on the leader epoch of the last record is kept, whatever it is; by default none."""
    group, topic = kafka.group(), kafka.topic(partitions=2)
    assert commit(kafka, group, topic, partition=0, committed_leader_epoch=77) == 0
    assert commit(kafka, group, topic, partition=1) == 0
    assert committed(kafka, group, topic, 0).committed_leader_epoch == 77
    assert committed(kafka, group, topic, 1).committed_leader_epoch == -1


@case(
    OffsetCommitRequest,
    versions="2-4",
    why="OffsetMetadataManager.cleanupExpiredOffsets; RetentionTimeMs",
    needs=(Setting("offsets.retention.check.interval.ms", at_most=2000),),
    **CASE,
)
def test_a_retention_of_ones_own(kafka: Kafka) -> None:
    """v2 to v4 give a retention: after it the offset is gone, and so is a group that has nothing else."""
    group, topic = kafka.group(), kafka.topic(partitions=2)
    assert commit(kafka, group, topic, 1, partition=0, retention_time_ms=1) == 0
    assert eventually(lambda: described(kafka, group).group_state == "Dead", every_s=0.1)
    assert committed(kafka, group, topic).committed_offset == -1


@case(
    OffsetCommitRequest,
    versions="1+",
    why="KafkaApis.handleDeleteTopicsRequest; GroupCoordinator.onPartitionsDeleted",
    **CASE,
)
def test_an_empty_group_id(kafka: Kafka) -> None:
    """An empty group id is fine for a consumer without group management: clients of old use it."""
    topic = kafka.topic()
    request = commit_request("", topic, 4)
    assert eventually(lambda: kafka.ask(request).topics[0].partitions[0].error_code == 0)
    assert committed(kafka, "", topic).committed_offset == 4


@case(OffsetCommitRequest, versions="1+", why="GroupCoordinatorService.isGroupIdNotEmpty", **CASE)
def test_an_empty_group_id_with_a_generation(kafka: Kafka) -> None:
    """An empty group id with a generation is refused: nobody can be a member of it."""
    member = Member(kafka, "", id="me")
    assert member.commit(kafka.topic(), generation_id_or_member_epoch=1) != 0
