"""ConsumerGroupDescribe (KIP-848), and what the older APIs say of consumer groups."""

from __future__ import annotations

from typing import Any

from conformance import Kafka, case
from conformance.consumer_groups import NEW_GROUPS, Consumer, described, joined, partitions_of
from conformance.groups import described as classic_view
from conformance.groups import lasting_group
from wire.errors import ErrorCode
from wire.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from wire.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from wire.messages.delete_groups import DeleteGroupsRequest
from wire.messages.describe_groups import DescribeGroupsRequest
from wire.messages.list_groups import ListGroupsRequest

CASE: dict[str, Any] = {
    "feature": "consumer groups",
    "also": (ConsumerGroupHeartbeatRequest,),
    "needs": NEW_GROUPS,
}
WHY = "KIP-848; GroupMetadataManager.consumerGroupDescribe"
ALL_OPERATIONS = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11


@case(ConsumerGroupDescribeRequest, why=WHY, **CASE)
def test_a_stable_group(kafka: Kafka) -> None:
    """A group is shown with its epochs, assignor and members: what they read, what they have and are to have."""
    topic = kafka.topic(partitions=2)
    member = joined(kafka, topic, rack_id="r1")
    row = described(kafka, member.group)
    assert (row.error_code, row.group_id, row.group_state) == (0, member.group, "Stable")
    assert (row.group_epoch, row.assignment_epoch) == (member.epoch, member.epoch)
    assert row.assignor_name == "uniform"
    (shown,) = row.members
    assert (shown.member_id, shown.instance_id, shown.rack_id) == (member.id, None, "r1")
    assert (shown.member_epoch, shown.client_id) == (member.epoch, "conformance")
    assert shown.client_host.startswith("/")
    assert (list(shown.subscribed_topic_names), shown.subscribed_topic_regex) in (
        ([topic.name], None),
        ([topic.name], ""),
    )
    assert partitions_of(shown.assignment) == partitions_of(shown.target_assignment) == {topic.id: [0, 1]}
    assert [each.topic_name for each in shown.assignment.topic_partitions] == [topic.name]


@case(ConsumerGroupDescribeRequest, versions="1+", why="KIP-1099", **CASE)
def test_the_type_of_a_member(kafka: Kafka) -> None:
    """From v1 on a member of the new protocol is of type 1."""
    member = joined(kafka, kafka.topic())
    assert [shown.member_type for shown in described(kafka, member.group).members] == [1]


@case(ConsumerGroupDescribeRequest, why=WHY, **CASE)
def test_a_group_that_reconciles(kafka: Kafka) -> None:
    """While partitions move, what a member has is not what it is to have."""
    topic = kafka.topic(partitions=2)
    first = joined(kafka, topic)
    second = Consumer(kafka, first.group, topic)
    second.join()
    rows = {shown.member_id: shown for shown in described(kafka, first.group).members}
    assert partitions_of(rows[second.id].assignment) == {}
    assert set(rows) == {first.id, second.id}


@case(ConsumerGroupDescribeRequest, why=WHY, **CASE)
def test_an_unknown_group(kafka: Kafka) -> None:
    """A group that nobody knows is GROUP_ID_NOT_FOUND; the message names it."""
    group = kafka.group()
    row = described(kafka, group)
    assert (row.error_code, row.group_id) == (ErrorCode.GROUP_ID_NOT_FOUND, group)
    assert group in row.error_message


@case(ConsumerGroupDescribeRequest, why=WHY, **CASE)
def test_a_classic_group(kafka: Kafka) -> None:
    """A classic group is no consumer group: GROUP_ID_NOT_FOUND."""
    assert described(kafka, lasting_group(kafka)).error_code == ErrorCode.GROUP_ID_NOT_FOUND


@case(ConsumerGroupDescribeRequest, why="GroupCoordinatorService.consumerGroupDescribe", **CASE)
def test_an_empty_group_id(kafka: Kafka) -> None:
    """An empty group id is INVALID_GROUP_ID."""
    assert described(kafka, "").error_code == ErrorCode.INVALID_GROUP_ID


@case(ConsumerGroupDescribeRequest, why="KIP-430", **CASE)
def test_authorized_operations(kafka: Kafka) -> None:
    """Authorized operations are told on request only."""
    member = joined(kafka, kafka.topic())
    request = ConsumerGroupDescribeRequest(group_ids=[member.group], include_authorized_operations=True)
    assert kafka.ask(request).groups[0].authorized_operations == ALL_OPERATIONS
    assert described(kafka, member.group).authorized_operations == -(2**31)


@case(ConsumerGroupDescribeRequest, why=WHY, **CASE)
def test_several_groups(kafka: Kafka) -> None:
    """Several groups are described by one request, each with its own result; no groups give no rows."""
    member, unknown = joined(kafka, kafka.topic()), kafka.group()
    answer = kafka.ask(ConsumerGroupDescribeRequest(group_ids=[member.group, unknown]))
    codes = {row.group_id: row.error_code for row in answer.groups}
    assert codes == {member.group: 0, unknown: ErrorCode.GROUP_ID_NOT_FOUND}
    assert list(kafka.ask(ConsumerGroupDescribeRequest()).groups) == []


@case(DescribeGroupsRequest, why="KIP-848; KIP-1043", **CASE)
def test_what_describe_groups_says(kafka: Kafka, version: int) -> None:
    """DescribeGroups does not know consumer groups: Dead, from v6 on with GROUP_ID_NOT_FOUND."""
    member = joined(kafka, kafka.topic())
    row = classic_view(kafka, member.group)
    assert row.group_state == "Dead"
    assert row.error_code == (ErrorCode.GROUP_ID_NOT_FOUND if version >= 6 else 0)


@case(ListGroupsRequest, versions="5+", why="KIP-848", **CASE)
def test_consumer_groups_are_listed(kafka: Kafka) -> None:
    """ListGroups lists consumer groups, of protocol type "consumer" and type "consumer", with their state."""
    member = joined(kafka, kafka.topic())
    answer = kafka.ask(ListGroupsRequest(types_filter=["Consumer"], states_filter=["stable"]))
    (row,) = [row for row in answer.groups if row.group_id == member.group]
    assert (row.protocol_type, row.group_state, row.group_type) == ("consumer", "Stable", "consumer")
    others = kafka.ask(ListGroupsRequest(types_filter=["classic"])).groups
    assert member.group not in {row.group_id for row in others}


@case(DeleteGroupsRequest, why="KIP-848", **CASE)
def test_consumer_groups_are_deleted(kafka: Kafka) -> None:
    """A consumer group with members is NON_EMPTY_GROUP; without members it can be deleted."""
    member = joined(kafka, kafka.topic())
    request = DeleteGroupsRequest(groups_names=[member.group])
    assert kafka.ask(request).results[0].error_code == ErrorCode.NON_EMPTY_GROUP
    member.leave()
    assert kafka.ask(request).results[0].error_code in (0, ErrorCode.GROUP_ID_NOT_FOUND)
    assert described(kafka, member.group).error_code == ErrorCode.GROUP_ID_NOT_FOUND
