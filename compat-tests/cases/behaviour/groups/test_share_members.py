"""ShareGroupHeartbeat and ShareGroupDescribe (KIP-932): members that share partitions."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Kafka, Setting, case, eventually
from conformance.consumer_groups import Consumer
from conformance.groups import Member, commit, lasting_group, stable
from conformance.groups import described as classic_view
from conformance.share_groups import LEAVE, SHARE_GROUPS, ShareMember, described, share_group, sharing
from wire.errors import ErrorCode
from wire.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from wire.messages.delete_groups import DeleteGroupsRequest
from wire.messages.describe_groups import DescribeGroupsRequest
from wire.messages.join_group import JoinGroupRequest
from wire.messages.list_groups import ListGroupsRequest
from wire.messages.offset_commit import OffsetCommitRequest
from wire.messages.share_group_describe import ShareGroupDescribeRequest
from wire.messages.share_group_heartbeat import ShareGroupHeartbeatRequest

CASE: dict[str, Any] = {
    "feature": "share groups",
    "also": (ShareGroupHeartbeatRequest, ShareGroupDescribeRequest),
    "needs": SHARE_GROUPS,
}
WHY = "KIP-932; GroupMetadataManager.shareGroupHeartbeat"
INVALID = ErrorCode.INVALID_REQUEST


@case(ShareGroupHeartbeatRequest, versions="1+", why=WHY, **CASE)
def test_the_first_member(kafka: Kafka) -> None:
    """The first heartbeat gets a positive epoch and the interval; the partitions come as soon as they are prepared."""
    topic = kafka.topic(partitions=2)
    member = ShareMember(kafka, share_group(kafka), topic)
    answer = member.join()
    assert (answer.error_code, answer.error_message, answer.member_id) == (0, None, member.id)
    assert answer.member_epoch > 0
    assert answer.heartbeat_interval_ms > 0
    member.settle({topic.id: [0, 1]})


@case(ShareGroupHeartbeatRequest, versions="1+", why="KIP-932: partitions are shared", **CASE)
def test_a_partition_belongs_to_several(kafka: Kafka) -> None:
    """Two members of one partition are both assigned it."""
    topic = kafka.topic()
    first = sharing(kafka, topic)
    sharing(kafka, topic, group=first.group)
    first.settle({topic.id: [0]})


@case(ShareGroupHeartbeatRequest, versions="1+", why=WHY, **CASE)
def test_nothing_new(kafka: Kafka) -> None:
    """While nothing changes, a heartbeat gets the same epoch and no assignment (null: unchanged)."""
    member = sharing(kafka, kafka.topic())
    epoch = member.epoch
    answer = member.heartbeat()
    assert (answer.error_code, answer.member_epoch, answer.assignment) == (0, epoch, None)


@case(
    ShareGroupHeartbeatRequest,
    versions="1+",
    why="KIP-932; GroupMetadataManager.throwIfShareGroupHeartbeatRequestIsInvalid",
    **CASE,
)
@pytest.mark.parametrize(
    "wrong",
    [
        {"group_id": ""},
        {"member_id": ""},
        {"rack_id": ""},
        {"subscribed_topic_names": None},
        {"subscribed_topic_names": []},
        {"member_epoch": -2},
    ],
    ids=["group", "member", "rack", "null topics", "no topics", "epoch"],
)
def test_a_first_heartbeat_that_is_not_whole(kafka: Kafka, wrong: dict[str, Any]) -> None:
    """A first heartbeat without topics, with an empty id, or with an epoch below -1 is INVALID_REQUEST."""
    topic = kafka.topic()
    answer = ShareMember(kafka, kafka.group(), topic).join(**wrong)
    assert (answer.error_code, answer.assignment) == (INVALID, None)


@case(ShareGroupHeartbeatRequest, versions="1+", why=WHY, **CASE)
@pytest.mark.parametrize("epoch", [1, LEAVE])
def test_an_unknown_group(kafka: Kafka, epoch: int) -> None:
    """Only a first heartbeat makes a group: with any other epoch an unknown one is GROUP_ID_NOT_FOUND."""
    answer = ShareMember(kafka, kafka.group()).heartbeat(member_epoch=epoch)
    assert answer.error_code == ErrorCode.GROUP_ID_NOT_FOUND


@case(ShareGroupHeartbeatRequest, versions="1+", why=WHY, **CASE)
@pytest.mark.parametrize("epoch", [1, LEAVE])
def test_an_unknown_member(kafka: Kafka, epoch: int) -> None:
    """A member that the group does not have is UNKNOWN_MEMBER_ID unless it joins."""
    member = sharing(kafka, kafka.topic())
    stranger = ShareMember(kafka, member.group)
    assert stranger.heartbeat(member_epoch=epoch).error_code == ErrorCode.UNKNOWN_MEMBER_ID


@case(
    ShareGroupHeartbeatRequest,
    versions="1+",
    why="GroupMetadataManager.throwIfShareGroupMemberEpochIsInvalid",
    **CASE,
)
def test_an_epoch_to_come(kafka: Kafka) -> None:
    """A member epoch above the member's is FENCED_MEMBER_EPOCH."""
    member = sharing(kafka, kafka.topic())
    answer = member.heartbeat(member_epoch=member.epoch + 1)
    assert answer.error_code == ErrorCode.FENCED_MEMBER_EPOCH


@case(ShareGroupHeartbeatRequest, versions="1+", why="KIP-932: the group epoch", **CASE)
def test_a_member_changes_its_subscription(kafka: Kafka) -> None:
    """A member that subscribes to something else gets a later epoch and the new partitions."""
    old, new = kafka.topic(), kafka.topic(partitions=2)
    member = sharing(kafka, old)
    before = member.epoch
    assert member.heartbeat(subscribed_topic_names=[new.name]).error_code == 0
    member.settle({new.id: [0, 1]})
    assert member.epoch > before


@case(ShareGroupHeartbeatRequest, versions="1+", why="KIP-932: leaving", **CASE)
def test_a_member_leaves(kafka: Kafka) -> None:
    """Epoch -1 leaves: the answer has epoch -1, and the member is unknown then."""
    topic = kafka.topic()
    first = sharing(kafka, topic)
    second = sharing(kafka, topic, group=first.group)
    answer = second.leave()
    assert (answer.error_code, answer.member_epoch) == (0, LEAVE)
    assert second.heartbeat().error_code == ErrorCode.UNKNOWN_MEMBER_ID
    assert [row.member_id for row in described(kafka, first.group).members] == [first.id]


@case(
    ShareGroupHeartbeatRequest,
    versions="latest",
    why="group.share.max.size",
    **CASE | {"needs": (*SHARE_GROUPS, Setting("group.share.max.size", at_most=32))},
)
def test_a_full_group(kafka: Kafka) -> None:
    """Who comes to a group of group.share.max.size members is GROUP_MAX_SIZE_REACHED."""
    topic, group = kafka.topic(), kafka.group()
    size = int(kafka.subject.setting("group.share.max.size") or 0)
    members = [ShareMember(kafka, group, topic) for _ in range(size)]
    assert [member.join().error_code for member in members] == [0] * size
    assert ShareMember(kafka, group, topic).join().error_code == ErrorCode.GROUP_MAX_SIZE_REACHED


@case(
    ShareGroupHeartbeatRequest,
    versions="latest",
    why="KIP-932: share.session.timeout.ms",
    **CASE
    | {
        "needs": (
            *SHARE_GROUPS,
            Setting("group.share.min.session.timeout.ms", at_most=1000),
            Setting("group.share.min.heartbeat.interval.ms", at_most=500),
        )
    },
)
def test_a_session_expires(kafka: Kafka) -> None:
    """Who sends no heartbeat for the session timeout is out."""
    group = share_group(kafka, heartbeat_interval_ms=300, session_timeout_ms=1000)
    member = ShareMember(kafka, group, kafka.topic())
    member.join()
    assert eventually(lambda: not described(kafka, group).members)
    assert member.heartbeat().error_code == ErrorCode.UNKNOWN_MEMBER_ID


# --- described


@case(ShareGroupDescribeRequest, versions="1+", why="GroupMetadataManager.shareGroupDescribe", **CASE)
def test_a_stable_group(kafka: Kafka) -> None:
    """A group is shown with its epochs, assignor and members."""
    topic = kafka.topic()
    member = sharing(kafka, topic)
    row = described(kafka, member.group)
    assert (row.error_code, row.group_state, row.assignor_name) == (0, "Stable", "simple")
    assert row.group_epoch == row.assignment_epoch == member.epoch
    (shown,) = row.members
    assert (shown.member_id, shown.member_epoch, shown.client_id) == (member.id, member.epoch, "conformance")
    assert list(shown.subscribed_topic_names) == [topic.name]
    assigned = [(each.topic_name, list(each.partitions)) for each in shown.assignment.topic_partitions]
    assert assigned == [(topic.name, [0])]


@case(ShareGroupDescribeRequest, versions="1+", why="GroupMetadataManager.shareGroupDescribe", **CASE)
def test_groups_that_are_not_shared(kafka: Kafka) -> None:
    """An unknown group and a classic one are GROUP_ID_NOT_FOUND, an empty id is INVALID_GROUP_ID."""
    answer = kafka.ask(ShareGroupDescribeRequest(group_ids=[kafka.group(), lasting_group(kafka)]))
    assert [row.error_code for row in answer.groups] == [ErrorCode.GROUP_ID_NOT_FOUND] * 2
    assert described(kafka, "").error_code == ErrorCode.INVALID_GROUP_ID


@case(DescribeGroupsRequest, versions="latest", why="KIP-932", **CASE)
def test_what_describe_groups_says(kafka: Kafka) -> None:
    """DescribeGroups does not know share groups: Dead."""
    assert classic_view(kafka, sharing(kafka, kafka.topic()).group).group_state == "Dead"


@case(ListGroupsRequest, versions="5+", why="KIP-932", **CASE)
def test_share_groups_are_listed(kafka: Kafka) -> None:
    """ListGroups lists share groups, of protocol type "share" and type "share", with their state."""
    member = sharing(kafka, kafka.topic())
    answer = kafka.ask(ListGroupsRequest(types_filter=["share"], states_filter=["Stable"]))
    (row,) = [row for row in answer.groups if row.group_id == member.group]
    assert (row.protocol_type, row.group_state, row.group_type) == ("share", "Stable", "share")


@case(DeleteGroupsRequest, versions="latest", why="KIP-932", **CASE)
def test_share_groups_are_deleted(kafka: Kafka) -> None:
    """A share group with members is NON_EMPTY_GROUP; without members it can be deleted."""
    member = sharing(kafka, kafka.topic())
    request = DeleteGroupsRequest(groups_names=[member.group])
    assert kafka.ask(request).results[0].error_code == ErrorCode.NON_EMPTY_GROUP
    member.leave()
    assert kafka.ask(request).results[0].error_code == 0
    assert described(kafka, member.group).error_code == ErrorCode.GROUP_ID_NOT_FOUND


# --- one group, one kind


@case(JoinGroupRequest, versions="latest", why="GroupMetadataManager.classicGroupJoin", **CASE)
def test_a_classic_member_in_a_share_group(kafka: Kafka) -> None:
    """A classic member cannot join a share group: INCONSISTENT_GROUP_PROTOCOL."""
    member = Member(kafka, sharing(kafka, kafka.topic()).group)
    answer = member.connection.ask(member.join_request())
    assert answer.error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL


@case(
    ConsumerGroupHeartbeatRequest,
    versions="latest",
    why="GroupMetadataManager.getOrMaybeCreateConsumerGroup",
    **CASE,
)
def test_a_consumer_in_a_share_group(kafka: Kafka) -> None:
    """A member of the consumer protocol cannot join a share group: GROUP_ID_NOT_FOUND."""
    topic = kafka.topic()
    answer = Consumer(kafka, sharing(kafka, topic).group, topic).join()
    assert answer.error_code == ErrorCode.GROUP_ID_NOT_FOUND


@case(
    ShareGroupHeartbeatRequest, versions="1+", why="GroupMetadataManager.getOrMaybeCreateShareGroup", **CASE
)
def test_a_share_member_in_a_classic_group(kafka: Kafka) -> None:
    """A member cannot join a classic group, with or without members: GROUP_ID_NOT_FOUND."""
    topic = kafka.topic()
    (member,) = stable(kafka)
    for group in (member.group, lasting_group(kafka)):
        answer = ShareMember(kafka, group, topic).join()
        assert answer.error_code == ErrorCode.GROUP_ID_NOT_FOUND


@case(OffsetCommitRequest, versions="9+", why="OffsetMetadataManager.validateOffsetCommit", **CASE)
def test_no_commits_in_a_share_group(kafka: Kafka) -> None:
    """Nothing can be committed in a share group: GROUP_ID_NOT_FOUND."""
    topic = kafka.topic()
    assert commit(kafka, sharing(kafka, topic).group, topic) == ErrorCode.GROUP_ID_NOT_FOUND
