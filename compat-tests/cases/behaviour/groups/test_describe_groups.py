"""DescribeGroups: a group with its members, as an administrator sees it."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Kafka, case
from conformance.groups import (
    Member,
    add,
    commit,
    emptied,
    joined,
    lasting_group,
    stable,
    subscription,
    synced,
)
from wire.errors import ErrorCode
from wire.messages.describe_groups import DescribeGroupsRequest
from wire.messages.offset_commit import OffsetCommitRequest

FEATURE = "classic groups"
NOT_ASKED = -(2**31)
# Read, Delete, Describe, DescribeConfigs, AlterConfigs (AclOperation 3, 6, 8, 10, 11)
ALL_OF_4X = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11
ALL_OF_3_9 = 1 << 3 | 1 << 6 | 1 << 8


def describe(kafka: Kafka, *groups: str, **options: Any) -> list[Any]:
    return list(kafka.ask(DescribeGroupsRequest(groups=list(groups), **options)).groups)


@case(DescribeGroupsRequest, feature=FEATURE, why="GroupMetadataManager.describeGroups")
def test_a_stable_group(kafka: Kafka) -> None:
    """A Stable group is shown with protocol type, protocol, and members with client, metadata and assignment."""
    (member,) = stable(kafka)
    (row,) = describe(kafka, member.group)
    assert (row.error_code, row.group_id, row.group_state) == (0, member.group, "Stable")
    assert (row.protocol_type, row.protocol_data) == ("consumer", "range")
    (shown,) = row.members
    assert (shown.member_id, shown.client_id) == (member.id, "conformance")
    assert shown.client_host.startswith("/")
    assert bytes(shown.member_metadata) == subscription("any")
    assert bytes(shown.member_assignment) == b"for " + member.id.encode()


@case(DescribeGroupsRequest, feature=FEATURE, why="ClassicGroupMember.describe(protocolName)")
def test_the_metadata_of_the_chosen_protocol(kafka: Kafka) -> None:
    """A member is shown with the metadata of the protocol that the group uses, not of the one that it likes best."""
    ours, theirs = (subscription("any", user_data=data) for data in (b"best", b"common"))
    members = joined(kafka, protocols={"roundrobin": ours, "range": theirs})
    add(members, Member(kafka, members[0].group, protocols={"range": theirs}))
    synced(members)
    (row,) = describe(kafka, members[0].group)
    assert row.protocol_data == "range"
    assert {bytes(shown.member_metadata) for shown in row.members} == {theirs}


@case(DescribeGroupsRequest, feature=FEATURE, why="ClassicGroupMember.describeNoMetadata")
def test_a_group_before_the_sync(kafka: Kafka) -> None:
    """Before the assignment is there the group is CompletingRebalance, without protocol; its members have no metadata."""
    (member,) = joined(kafka)
    (row,) = describe(kafka, member.group)
    assert (row.group_state, row.protocol_type, row.protocol_data) == ("CompletingRebalance", "consumer", "")
    (shown,) = row.members
    assert (shown.member_id, bytes(shown.member_metadata)) == (member.id, b"")
    assert bytes(shown.member_assignment) == b""


@case(DescribeGroupsRequest, feature=FEATURE, why="ClassicGroupMember.describeNoMetadata")
def test_a_group_that_rebalances(kafka: Kafka) -> None:
    """While members are to join again the group is PreparingRebalance, without protocol, and shows all members."""
    first, second = stable(kafka, 2)
    first.send_join()
    second.notices_rebalance()
    (row,) = describe(kafka, first.group)
    assert (row.group_state, row.protocol_data) == ("PreparingRebalance", "")
    assert {shown.member_id for shown in row.members} == {first.id, second.id}
    assert {bytes(shown.member_metadata) for shown in row.members} == {b""}


@case(DescribeGroupsRequest, feature=FEATURE, why="GroupMetadataManager.describeGroups")
def test_a_group_without_members(kafka: Kafka) -> None:
    """A group whose members have left is Empty, with its protocol type and without a protocol."""
    (row,) = describe(kafka, emptied(kafka))
    assert (row.error_code, row.group_state) == (0, "Empty")
    assert (row.protocol_type, row.protocol_data, list(row.members)) == ("consumer", "", [])


@case(DescribeGroupsRequest, feature=FEATURE, why="ClassicGroup: a simple group", also=(OffsetCommitRequest,))
def test_a_group_of_offsets_alone(kafka: Kafka) -> None:
    """A group that was made by a commit alone is Empty and has no protocol type."""
    group = kafka.group()
    commit(kafka, group, kafka.topic())
    (row,) = describe(kafka, group)
    assert (row.error_code, row.group_state, row.protocol_type) == (0, "Empty", "")


@case(DescribeGroupsRequest, versions="0-5", feature=FEATURE, why="GroupMetadataManager.describeGroups")
def test_an_unknown_group_is_dead(kafka: Kafka) -> None:
    """Before v6 a group that nobody knows is Dead, without an error."""
    group = kafka.group()
    (row,) = describe(kafka, group)
    assert (row.error_code, row.group_id, row.group_state) == (0, group, "Dead")
    assert (row.protocol_type, row.protocol_data, list(row.members)) == ("", "", [])


@case(DescribeGroupsRequest, versions="6+", feature=FEATURE, why="KIP-1043")
def test_an_unknown_group_is_not_found(kafka: Kafka) -> None:
    """From v6 on a group that nobody knows is Dead with GROUP_ID_NOT_FOUND and a message."""
    group = kafka.group()
    (row,) = describe(kafka, group)
    assert (row.error_code, row.group_state) == (ErrorCode.GROUP_ID_NOT_FOUND, "Dead")
    assert group in row.error_message


@case(DescribeGroupsRequest, feature=FEATURE, why="GroupMetadataManager.describeGroups")
def test_several_groups(kafka: Kafka) -> None:
    """Several groups are described by one request, each in a row of its own."""
    (member,) = stable(kafka)
    groups = {emptied(kafka): "Empty", member.group: "Stable", kafka.group(): "Dead"}
    assert {row.group_id: row.group_state for row in describe(kafka, *groups)} == groups


@case(DescribeGroupsRequest, feature=FEATURE, why="GroupMetadataManager.describeGroups")
def test_no_groups(kafka: Kafka) -> None:
    """A request for no groups is answered with none."""
    assert describe(kafka) == []


@case(DescribeGroupsRequest, feature=FEATURE, why="GroupMetadataManager.describeGroups")
def test_the_same_group_twice(kafka: Kafka) -> None:
    """A group that is asked for twice is described twice."""
    group = lasting_group(kafka)
    assert [row.group_id for row in describe(kafka, group, group)] == [group, group]


@case(DescribeGroupsRequest, versions="3+", feature=FEATURE, why="KIP-430")
def test_operations_that_nobody_asked_for(kafka: Kafka) -> None:
    """Authorized operations are told on request only; else the field is the smallest number there is."""
    (row,) = describe(kafka, lasting_group(kafka))
    assert row.authorized_operations == NOT_ASKED


@case(
    DescribeGroupsRequest, versions="3+", feature=FEATURE, why="KIP-430; AclEntry.supportedOperations(GROUP)"
)
def test_authorized_operations(kafka: Kafka) -> None:
    """On request one bit is set for each operation: Read, Delete, Describe, and in 4.x DescribeConfigs, AlterConfigs."""
    (row,) = describe(kafka, lasting_group(kafka), include_authorized_operations=True)
    assert row.authorized_operations in kafka.either(v3=ALL_OF_3_9, v4=ALL_OF_4X)


@case(DescribeGroupsRequest, versions="latest", feature=FEATURE, why="GroupMetadataManager.describeGroups")
@pytest.mark.parametrize("client_id", ["", None])
def test_a_member_without_a_client_id(kafka: Kafka, client_id: str | None) -> None:
    """The client id of a member that has none is shown as an empty text."""
    member = Member(kafka, lasting_group(kafka), instance=kafka.name("instance"))
    answer = member.connection.ask(member.join_request(), client_id=client_id)
    assert answer.error_code == 0
    (shown,) = describe(kafka, member.group)[0].members
    assert shown.client_id == ""
