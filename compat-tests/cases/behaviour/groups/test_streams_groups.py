"""StreamsGroupHeartbeat and StreamsGroupDescribe (KIP-1071): the tasks of a Kafka Streams application."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Kafka, case, eventually
from conformance.groups import Member, commit, committed, lasting_group, stable
from conformance.groups import described as classic_view
from conformance.streams_groups import (
    LEAVE,
    STREAMS_GROUPS,
    StreamsMember,
    described,
    rows_of,
    tasks_of,
    topology,
)
from wire.errors import ErrorCode
from wire.messages.delete_groups import DeleteGroupsRequest
from wire.messages.describe_groups import DescribeGroupsRequest
from wire.messages.join_group import JoinGroupRequest
from wire.messages.list_groups import ListGroupsRequest
from wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from wire.messages.offset_commit import OffsetCommitRequest
from wire.messages.streams_group_describe import StreamsGroupDescribeRequest
from wire.messages.streams_group_heartbeat import StreamsGroupHeartbeatRequest, TopicInfo

CASE: dict[str, Any] = {
    "feature": "streams groups",
    "also": (StreamsGroupHeartbeatRequest, StreamsGroupDescribeRequest),
    "needs": STREAMS_GROUPS,
}
WHY = "KIP-1071; GroupMetadataManager.streamsGroupHeartbeat"
MISSING_SOURCE, MISSING_INTERNAL, SHUTDOWN = 1, 3, 4  # status codes
INVALID = ErrorCode.INVALID_REQUEST


def running(kafka: Kafka, partitions: int = 2, group: str | None = None) -> StreamsMember:
    """The only member of a fresh group, with a task for each partition of its topic."""
    topic = kafka.topic(partitions=partitions)
    member = StreamsMember(kafka, group or kafka.group(), topology("sub", topic))
    assert member.join().error_code == 0
    member.settle({"sub": list(range(partitions))})
    return member


def known_topic(kafka: Kafka, partitions: int = 2) -> str:
    """A topic that the coordinator knows: a member of another group runs its tasks."""
    (sub,) = running(kafka, partitions).fields["topology"].subtopologies
    return str(sub.source_topics[0])


def statuses(answer: Any) -> list[int]:
    return [row.status_code for row in answer.status or ()]


@case(StreamsGroupHeartbeatRequest, why=WHY, **CASE)
def test_the_first_member(kafka: Kafka) -> None:
    """The first member gets a positive epoch, the interval, and one task for each partition of its source topics."""
    member = StreamsMember(kafka, kafka.group(), topology("sub", known_topic(kafka, 3)))
    answer = member.join()
    assert (answer.error_code, answer.error_message, answer.member_id) == (0, None, member.id)
    assert answer.member_epoch > 0
    assert answer.heartbeat_interval_ms > 0
    assert statuses(answer) == []
    assert member.settle({"sub": [0, 1, 2]}) == {"sub": [0, 1, 2]}


@case(StreamsGroupHeartbeatRequest, why=WHY, **CASE)
def test_nothing_new(kafka: Kafka) -> None:
    """While nothing changes, a heartbeat gets the same epoch and no tasks (null: unchanged)."""
    member = running(kafka)
    epoch = member.epoch
    answer = member.heartbeat()
    assert (answer.error_code, answer.member_epoch, answer.active_tasks) == (0, epoch, None)


@case(StreamsGroupHeartbeatRequest, why="KIP-1071: reconciliation", **CASE)
def test_tasks_move_step_by_step(kafka: Kafka) -> None:
    """A newcomer gets a task only when the other member has said that it has given it back."""
    first = running(kafka)
    second = StreamsMember(kafka, first.group, first.fields["topology"])
    second.join()
    assert second.active == {}
    answer = eventually(lambda: (found := first.heartbeat()).active_tasks is not None and found)
    (kept,) = tasks_of(answer.active_tasks)["sub"]
    assert second.run().error_code == 0
    assert second.active == {}
    first.settle({"sub": [kept]})
    assert second.settle({"sub": [1 - kept]}) == {"sub": [1 - kept]}


@case(
    StreamsGroupHeartbeatRequest,
    why="GroupMetadataManager.throwIfStreamsGroupHeartbeatRequestIsInvalid",
    **CASE,
)
@pytest.mark.parametrize(
    "wrong",
    [
        {"group_id": ""},
        {"member_id": ""},
        {"rack_id": ""},
        {"topology": None},
        {"rebalance_timeout_ms": -1},
        {"active_tasks": None},
        {"standby_tasks": None},
        {"warmup_tasks": None},
        {"active_tasks": rows_of({"sub": [0]})},
        {"member_epoch": -3},
    ],
    ids=["group", "member", "rack", "topology", "timeout", "active", "standby", "warmup", "runs", "epoch"],
)
def test_a_first_heartbeat_that_is_not_whole(kafka: Kafka, wrong: dict[str, Any]) -> None:
    """A first heartbeat without topology, timeout or empty lists of tasks, or with an empty id, is INVALID_REQUEST."""
    member = StreamsMember(kafka, kafka.group(), topology("sub", "any"))
    answer = member.join(**wrong)
    assert answer.error_code == INVALID
    assert answer.error_message


@case(StreamsGroupHeartbeatRequest, why="KIP-1071: STREAMS_INVALID_TOPOLOGY", **CASE)
@pytest.mark.parametrize(
    "parts",
    [
        {"source_topics": []},
        {"repartition_source_topics": [TopicInfo(name="never-written-repartition", partitions=0)]},
    ],
    ids=["no sources", "nobody writes"],
)
def test_a_topology_without_sense(kafka: Kafka, parts: dict[str, Any]) -> None:
    """A subtopology that reads nothing, or a repartition topic that nobody writes, is STREAMS_INVALID_TOPOLOGY."""
    member = StreamsMember(kafka, kafka.group(), topology("sub", known_topic(kafka), **parts))
    assert member.join().error_code == ErrorCode.STREAMS_INVALID_TOPOLOGY


@case(StreamsGroupHeartbeatRequest, why=WHY, **CASE)
def test_a_topology_belongs_into_the_first_heartbeat(kafka: Kafka) -> None:
    """A topology in a later heartbeat is INVALID_REQUEST."""
    member = running(kafka)
    assert member.heartbeat(topology=member.fields["topology"]).error_code == INVALID


@case(StreamsGroupHeartbeatRequest, why=WHY, **CASE)
@pytest.mark.parametrize("epoch", [1, LEAVE])
def test_an_unknown_group(kafka: Kafka, epoch: int) -> None:
    """Only a first heartbeat makes a group: with any other epoch an unknown one is GROUP_ID_NOT_FOUND."""
    answer = StreamsMember(kafka, kafka.group()).heartbeat(member_epoch=epoch)
    assert answer.error_code == ErrorCode.GROUP_ID_NOT_FOUND


@case(StreamsGroupHeartbeatRequest, why=WHY, **CASE)
@pytest.mark.parametrize("epoch", [1, LEAVE])
def test_an_unknown_member(kafka: Kafka, epoch: int) -> None:
    """A member that the group does not have is UNKNOWN_MEMBER_ID unless it joins."""
    stranger = StreamsMember(kafka, running(kafka).group)
    assert stranger.heartbeat(member_epoch=epoch).error_code == ErrorCode.UNKNOWN_MEMBER_ID


@case(
    StreamsGroupHeartbeatRequest, why="GroupMetadataManager.throwIfStreamsGroupMemberEpochIsInvalid", **CASE
)
@pytest.mark.parametrize("step", [-1, 1])
def test_another_epoch(kafka: Kafka, step: int) -> None:
    """A member epoch above the member's, or below it without a list of tasks, is FENCED_MEMBER_EPOCH."""
    member = running(kafka)
    answer = member.heartbeat(member_epoch=member.epoch + step)
    assert answer.error_code == ErrorCode.FENCED_MEMBER_EPOCH


@case(StreamsGroupHeartbeatRequest, why="KIP-1071: MISSING_SOURCE_TOPICS", **CASE)
def test_a_source_topic_is_missing(kafka: Kafka) -> None:
    """While a source topic is missing the member has no tasks and is told so; when it comes, the tasks come."""
    name = kafka.name("topic")
    member = StreamsMember(kafka, kafka.group(), topology("sub", name))
    answer = member.join()
    assert (answer.error_code, statuses(answer)) == (0, [MISSING_SOURCE])
    assert name in answer.status[0].status_detail
    assert described(kafka, member.group).group_state == "NotReady"
    kafka.topic(partitions=2, name=name)
    assert member.settle({"sub": [0, 1]}) == {"sub": [0, 1]}


@case(StreamsGroupHeartbeatRequest, why="KIP-1071: internal topics", **CASE)
def test_internal_topics_are_made(kafka: Kafka) -> None:
    """A changelog topic that is missing is made by the broker, with as many partitions as there are tasks."""
    changelog = kafka.name("store") + "-changelog"
    parts = {"state_changelog_topics": [TopicInfo(name=changelog, partitions=0, replication_factor=1)]}
    member = StreamsMember(kafka, kafka.group(), topology("sub", known_topic(kafka), **parts))
    assert statuses(member.join()) == [MISSING_INTERNAL]
    assert member.settle({"sub": [0, 1]}) == {"sub": [0, 1]}
    request = MetadataRequest(topics=[MetadataRequestTopic(name=changelog)], allow_auto_topic_creation=False)
    assert len(kafka.ask(request).topics[0].partitions) == 2
    kafka.subject.topics.append(changelog)


@case(StreamsGroupHeartbeatRequest, why="KIP-1071: SHUTDOWN_APPLICATION", **CASE)
def test_a_shutdown_of_the_application(kafka: Kafka) -> None:
    """When one member asks for it, all are told to shut down, with the name of the one that asked."""
    first = running(kafka)
    second = StreamsMember(kafka, first.group, first.fields["topology"])
    second.join()
    second.heartbeat(shutdown_application=True)
    answer = first.heartbeat()
    assert (answer.error_code, statuses(answer)) == (0, [SHUTDOWN])
    assert second.id in answer.status[0].status_detail


@case(StreamsGroupHeartbeatRequest, why="KIP-1071: leaving", **CASE)
def test_a_member_leaves(kafka: Kafka) -> None:
    """Epoch -1 leaves: the answer has epoch -1, the member is unknown then, and the others get its tasks."""
    first = running(kafka)
    second = StreamsMember(kafka, first.group, first.fields["topology"])
    second.join()
    eventually(lambda: first.run().error_code == 0 and len(first.active["sub"]) == 1)
    answer = second.leave()
    assert (answer.error_code, answer.member_epoch) == (0, LEAVE)
    assert second.heartbeat().error_code == ErrorCode.UNKNOWN_MEMBER_ID
    assert first.settle({"sub": [0, 1]}) == {"sub": [0, 1]}


# --- described


@case(StreamsGroupDescribeRequest, why="KIP-1071; GroupMetadataManager.streamsGroupDescribe", **CASE)
def test_a_stable_group(kafka: Kafka) -> None:
    """A group is shown with its epochs, topology and members, what they run and are to run."""
    member = running(kafka)
    row = described(kafka, member.group)
    assert (row.error_code, row.group_state) == (0, "Stable")
    assert row.group_epoch == row.assignment_epoch == member.epoch
    (sub,) = row.topology.subtopologies
    assert sub.subtopology_id == "sub"
    assert list(sub.source_topics) == list(member.fields["topology"].subtopologies[0].source_topics)
    (shown,) = row.members
    assert (shown.member_id, shown.member_epoch, shown.process_id) == (
        member.id,
        member.epoch,
        member.fields["process_id"],
    )
    assert tasks_of(shown.assignment.active_tasks) == {"sub": [0, 1]}
    assert tasks_of(shown.target_assignment.active_tasks) == {"sub": [0, 1]}
    assert shown.is_classic is False


@case(StreamsGroupDescribeRequest, why="GroupMetadataManager.streamsGroupDescribe", **CASE)
def test_groups_that_are_no_streams_groups(kafka: Kafka) -> None:
    """An unknown group and a classic one are GROUP_ID_NOT_FOUND, an empty id is INVALID_GROUP_ID."""
    answer = kafka.ask(StreamsGroupDescribeRequest(group_ids=[kafka.group(), lasting_group(kafka)]))
    assert [row.error_code for row in answer.groups] == [ErrorCode.GROUP_ID_NOT_FOUND] * 2
    assert described(kafka, "").error_code == ErrorCode.INVALID_GROUP_ID


@case(DescribeGroupsRequest, versions="latest", why="KIP-1071", **CASE)
def test_what_describe_groups_says(kafka: Kafka) -> None:
    """DescribeGroups does not know streams groups: Dead."""
    assert classic_view(kafka, running(kafka).group).group_state == "Dead"


@case(ListGroupsRequest, versions="5+", why="KIP-1071", **CASE)
def test_streams_groups_are_listed(kafka: Kafka) -> None:
    """ListGroups lists streams groups, of protocol type "streams" and type "streams", with their state."""
    member = running(kafka)
    answer = kafka.ask(ListGroupsRequest(types_filter=["Streams"], states_filter=["stable"]))
    (row,) = [row for row in answer.groups if row.group_id == member.group]
    assert (row.protocol_type, row.group_state, row.group_type) == ("streams", "Stable", "streams")


@case(DeleteGroupsRequest, versions="latest", why="KIP-1071", **CASE)
def test_streams_groups_are_deleted(kafka: Kafka) -> None:
    """A streams group with members is NON_EMPTY_GROUP; without members it can be deleted."""
    member = running(kafka)
    request = DeleteGroupsRequest(groups_names=[member.group])
    assert kafka.ask(request).results[0].error_code == ErrorCode.NON_EMPTY_GROUP
    member.leave()
    assert kafka.ask(request).results[0].error_code in (0, ErrorCode.GROUP_ID_NOT_FOUND)
    assert described(kafka, member.group).error_code == ErrorCode.GROUP_ID_NOT_FOUND


# --- offsets, and other kinds of groups


@case(OffsetCommitRequest, versions="9+", why="StreamsGroup.validateOffsetCommit", **CASE)
def test_members_commit(kafka: Kafka) -> None:
    """A member commits with its id and epoch; an epoch to come is STALE_MEMBER_EPOCH, an outsider UNKNOWN_MEMBER_ID."""
    member, topic = running(kafka), kafka.topic()
    ids = {"member_id": member.id, "generation_id_or_member_epoch": member.epoch}
    assert commit(kafka, member.group, topic, 4, **ids) == 0
    ids["generation_id_or_member_epoch"] += 1
    assert commit(kafka, member.group, topic, 5, **ids) == ErrorCode.STALE_MEMBER_EPOCH
    assert commit(kafka, member.group, topic, 6) == ErrorCode.UNKNOWN_MEMBER_ID
    assert committed(kafka, member.group, topic).committed_offset == 4


@case(JoinGroupRequest, versions="latest", why="GroupMetadataManager.classicGroupJoin", **CASE)
def test_a_classic_member_in_a_streams_group(kafka: Kafka) -> None:
    """A classic member cannot join a streams group that has members: INCONSISTENT_GROUP_PROTOCOL."""
    member = Member(kafka, running(kafka).group)
    answer = member.connection.ask(member.join_request())
    assert answer.error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL


@case(StreamsGroupHeartbeatRequest, why="GroupMetadataManager.getOrCreateStreamsGroup", **CASE)
def test_a_streams_member_in_a_classic_group(kafka: Kafka) -> None:
    """A classic group that has members is GROUP_ID_NOT_FOUND; one that has none is taken over, and its offsets stay."""
    topic = kafka.topic()
    (member,) = stable(kafka)
    answer = StreamsMember(kafka, member.group, topology("sub", topic)).join()
    assert answer.error_code == ErrorCode.GROUP_ID_NOT_FOUND
    group = lasting_group(kafka)
    commit(kafka, group, topic, 3)
    assert StreamsMember(kafka, group, topology("sub", topic)).join().error_code == 0
    assert committed(kafka, group, topic).committed_offset == 3
