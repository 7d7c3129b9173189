"""LeaveGroup: members go, one by one or many at once."""

from __future__ import annotations

from typing import Any

from conformance import Kafka, case
from conformance.groups import Member, described, joined, lasting_group, stable
from wire.errors import ErrorCode
from wire.messages.leave_group import LeaveGroupRequest, MemberIdentity

FEATURE = "classic groups"


def leave(kafka: Kafka, group: str, *identities: dict[str, Any]) -> list[int]:
    """Codes of the members (v3 and up)."""
    answer = kafka.ask(
        LeaveGroupRequest(group_id=group, members=[MemberIdentity(**each) for each in identities])
    )
    assert answer.error_code == 0
    assert [(row.member_id, row.group_instance_id) for row in answer.members] == [
        (each.get("member_id", ""), each.get("group_instance_id")) for each in identities
    ]
    return [row.error_code for row in answer.members]


@case(LeaveGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupLeave")
def test_the_last_member_leaves(kafka: Kafka) -> None:
    """When the last member has left the group is Empty, with its protocol type and without a protocol."""
    (member,) = stable(kafka)
    assert member.leave() == 0
    row = described(kafka, member.group)
    assert (row.group_state, list(row.members)) == ("Empty", [])
    assert (row.protocol_type, row.protocol_data) == ("consumer", "")


@case(LeaveGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupLeave")
def test_the_others_rebalance(kafka: Kafka) -> None:
    """When a member leaves the others are to join again."""
    first, second = stable(kafka, 2)
    assert second.leave() == 0
    assert first.heartbeat() == ErrorCode.REBALANCE_IN_PROGRESS
    assert first.join().generation_id == 3
    assert [row.member_id for row in first.joined.members] == [first.id]


@case(LeaveGroupRequest, feature=FEATURE, why="ClassicGroup.maybeElectNewJoinedLeader")
def test_the_leader_leaves(kafka: Kafka) -> None:
    """When the leader leaves another member leads the next generation."""
    first, second = stable(kafka, 2)
    assert first.leave() == 0
    second.join()
    assert second.leads
    assert [row.member_id for row in second.joined.members] == [second.id]


@case(LeaveGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupLeave")
def test_who_has_left_is_unknown(kafka: Kafka) -> None:
    """Who has left is no member: heartbeat and a second LeaveGroup are UNKNOWN_MEMBER_ID."""
    _, second = stable(kafka, 2)
    assert second.leave() == 0
    assert second.heartbeat() == ErrorCode.UNKNOWN_MEMBER_ID
    assert second.leave() == ErrorCode.UNKNOWN_MEMBER_ID


@case(LeaveGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupLeave")
def test_leaving_an_unknown_group(kafka: Kafka) -> None:
    """LeaveGroup for a group that does not exist is UNKNOWN_MEMBER_ID: of the request before v3, of the member after."""
    assert Member(kafka, kafka.group(), id="stranger").leave() == ErrorCode.UNKNOWN_MEMBER_ID


@case(LeaveGroupRequest, versions="3+", feature=FEATURE, why="LeaveGroupResponse (KIP-345)")
def test_errors_of_members_are_their_own(kafka: Kafka) -> None:
    """From v3 on a member's error stands in its row, and the request itself has none."""
    group = lasting_group(kafka)
    assert leave(kafka, group, {"member_id": "stranger"}) == [ErrorCode.UNKNOWN_MEMBER_ID]


@case(LeaveGroupRequest, feature=FEATURE, why="GroupCoordinatorService.leaveGroup")
def test_leaving_an_empty_group_id(kafka: Kafka) -> None:
    """LeaveGroup with an empty group id is INVALID_GROUP_ID, of the request."""
    member = Member(kafka, "", id="me")
    answer = member.connection.ask(member.leave_request())
    assert (answer.error_code, list(answer.members)) == (ErrorCode.INVALID_GROUP_ID, [])


@case(LeaveGroupRequest, feature=FEATURE, why="KIP-394; GroupMetadataManager.classicGroupLeave")
def test_a_pending_member_leaves(kafka: Kafka) -> None:
    """Who was only given an id can leave; a rebalance that waited for it goes on."""
    (present,) = stable(kafka)
    late = Member(kafka, present.group)
    late.fetch_id(4)
    present.send_join()
    assert present.connection.silent(0.02)
    assert late.leave() == 0
    assert present.receive_join().error_code == 0


@case(LeaveGroupRequest, versions="3+", feature=FEATURE, why="KIP-345")
def test_many_leave_at_once(kafka: Kafka) -> None:
    """Several members leave by one request; each has its own result, in the order asked, also one that is unknown."""
    first, second, third = stable(kafka, 3)
    codes = leave(
        kafka, first.group, {"member_id": third.id}, {"member_id": "nobody"}, {"member_id": second.id}
    )
    assert codes == [0, ErrorCode.UNKNOWN_MEMBER_ID, 0]
    first.join()
    assert first.joined.generation_id == 4
    assert [row.member_id for row in first.joined.members] == [first.id]


@case(LeaveGroupRequest, versions="3+", feature=FEATURE, why="GroupMetadataManager.classicGroupLeave")
def test_the_same_member_twice(kafka: Kafka) -> None:
    """A member that is named twice leaves once: the second is UNKNOWN_MEMBER_ID."""
    first, second = stable(kafka, 2)
    codes = leave(kafka, first.group, {"member_id": second.id}, {"member_id": second.id})
    assert codes == [0, ErrorCode.UNKNOWN_MEMBER_ID]


@case(LeaveGroupRequest, versions="3+", feature=FEATURE, why="LeaveGroupRequest")
def test_nobody_leaves(kafka: Kafka) -> None:
    """LeaveGroup that names no members changes nothing and is fine."""
    (member,) = stable(kafka)
    assert leave(kafka, member.group) == []
    assert member.heartbeat() == 0


@case(
    LeaveGroupRequest, versions="3+", feature=FEATURE, why="KIP-345; GroupMetadataManager.classicGroupLeave"
)
def test_leaving_by_instance_id(kafka: Kafka) -> None:
    """A static member is taken out by its instance id alone, as kafka-consumer-groups and Kafka Streams do."""
    first, second = stable(kafka, 2)
    static = Member(kafka, first.group, instance=kafka.name("instance"))
    static.send_join()
    for member in (first, second):
        member.notices_rebalance()
        member.send_join()
    assert static.receive_join().error_code == 0
    codes = leave(kafka, first.group, {"group_instance_id": static.instance})
    assert codes == [0]
    assert {row.member_id for row in described(kafka, first.group).members} == {first.id, second.id}


@case(LeaveGroupRequest, versions="3+", feature=FEATURE, why="KIP-345")
def test_an_unknown_instance_leaves(kafka: Kafka) -> None:
    """An instance id that the group does not have is UNKNOWN_MEMBER_ID, also with the id of a member that is there."""
    (member,) = stable(kafka)
    codes = leave(
        kafka,
        member.group,
        {"group_instance_id": "nobody"},
        {"member_id": member.id, "group_instance_id": "nobody"},
    )
    assert codes == [ErrorCode.UNKNOWN_MEMBER_ID, ErrorCode.UNKNOWN_MEMBER_ID]
    assert member.heartbeat() == 0


@case(LeaveGroupRequest, versions="3+", feature=FEATURE, why="KIP-345")
def test_an_instance_leaves_under_a_wrong_member_id(kafka: Kafka) -> None:
    """An instance id with another member id than it has is FENCED_INSTANCE_ID, and the member stays."""
    instance = kafka.name("instance")
    (member,) = stable(kafka, instance=instance)
    codes = leave(kafka, member.group, {"member_id": "stranger", "group_instance_id": instance})
    assert codes == [ErrorCode.FENCED_INSTANCE_ID]
    assert member.heartbeat() == 0


@case(LeaveGroupRequest, versions="latest", feature=FEATURE, why="GroupMetadataManager.classicGroupLeave")
def test_leaving_before_the_sync(kafka: Kafka) -> None:
    """A member that leaves before the leader has assigned starts a rebalance; the leader's SyncGroup is told so."""
    first, second = joined(kafka, 2)
    assert second.leave() == 0
    assert first.sync({first.id: b"x"}).error_code == ErrorCode.REBALANCE_IN_PROGRESS


@case(LeaveGroupRequest, versions="latest", feature=FEATURE, why="GroupMetadataManager.classicGroupLeave")
def test_leaving_ends_the_wait_for_a_member(kafka: Kafka) -> None:
    """A rebalance that waits for a member goes on at once when that one leaves."""
    first, second = stable(kafka, 2)
    first.send_join()
    second.notices_rebalance()
    assert second.leave() == 0
    answer = first.receive_join()
    assert (answer.error_code, len(answer.members)) == (0, 1)
