"""Heartbeat: a member lives, and hears what goes on."""

from __future__ import annotations

import pytest

from conformance import Kafka, Setting, case, eventually
from conformance.groups import Member, described, emptied, joined, lasting_group, stable
from wire.errors import ErrorCode
from wire.messages.heartbeat import HeartbeatRequest

FEATURE = "classic groups"
SHORT_SESSIONS = (Setting("group.min.session.timeout.ms", at_most=1000),)


@case(HeartbeatRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupHeartbeat")
def test_heartbeat_of_a_stable_group(kafka: Kafka) -> None:
    """In a Stable group a heartbeat of the current generation is fine."""
    for member in stable(kafka, 2):
        assert member.heartbeat() == 0


@case(HeartbeatRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupHeartbeat; KAFKA-9710")
def test_heartbeat_before_the_sync(kafka: Kafka) -> None:
    """While the leader works out the assignment (CompletingRebalance) a heartbeat is fine."""
    (member,) = joined(kafka)
    assert member.heartbeat() == 0


@case(HeartbeatRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupHeartbeat")
def test_heartbeat_during_a_rebalance(kafka: Kafka) -> None:
    """While members are to join again a heartbeat is REBALANCE_IN_PROGRESS, until this one has."""
    first, second = stable(kafka, 2)
    first.send_join()
    assert second.notices_rebalance()
    assert second.heartbeat() == ErrorCode.REBALANCE_IN_PROGRESS
    assert second.join().error_code == 0
    assert second.heartbeat() == 0


@case(HeartbeatRequest, feature=FEATURE, why="ClassicGroup.validateMember")
@pytest.mark.parametrize("step", [-1, 1])
def test_heartbeat_of_another_generation(kafka: Kafka, step: int) -> None:
    """A heartbeat with a generation that is past or to come is ILLEGAL_GENERATION."""
    (member,) = stable(kafka)
    assert member.heartbeat(generation_id=member.generation + step) == ErrorCode.ILLEGAL_GENERATION


@case(HeartbeatRequest, feature=FEATURE, why="ClassicGroup.validateMember")
def test_an_old_generation_during_a_rebalance(kafka: Kafka) -> None:
    """While members are to join again, a generation before the last is ILLEGAL_GENERATION, not REBALANCE_IN_PROGRESS."""
    first, second = stable(kafka, 2)
    first.send_join()
    second.notices_rebalance()
    assert second.heartbeat(generation_id=second.generation - 1) == ErrorCode.ILLEGAL_GENERATION


@case(HeartbeatRequest, feature=FEATURE, why="ClassicGroup.validateMember")
def test_heartbeat_of_an_unknown_member(kafka: Kafka) -> None:
    """A heartbeat of a member that the group does not have is UNKNOWN_MEMBER_ID, whatever its generation."""
    (member,) = stable(kafka)
    assert member.heartbeat(member_id="stranger") == ErrorCode.UNKNOWN_MEMBER_ID
    assert member.heartbeat(member_id="stranger", generation_id=77) == ErrorCode.UNKNOWN_MEMBER_ID


@case(HeartbeatRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupHeartbeat")
def test_heartbeat_for_an_unknown_group(kafka: Kafka) -> None:
    """A heartbeat for a group that does not exist is UNKNOWN_MEMBER_ID, and no group comes to be."""
    member = Member(kafka, kafka.group(), id="stranger")
    assert member.heartbeat(generation_id=1) == ErrorCode.UNKNOWN_MEMBER_ID
    assert described(kafka, member.group).group_state == "Dead"


@case(HeartbeatRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupHeartbeat")
def test_heartbeat_for_a_group_without_members(kafka: Kafka) -> None:
    """A heartbeat for a group that has no members left is UNKNOWN_MEMBER_ID."""
    member = Member(kafka, emptied(kafka), id="stranger")
    assert member.heartbeat(generation_id=2) == ErrorCode.UNKNOWN_MEMBER_ID


@case(HeartbeatRequest, feature=FEATURE, why="GroupCoordinatorService.heartbeat")
def test_heartbeat_for_an_empty_group_id(kafka: Kafka) -> None:
    """A heartbeat with an empty group id is INVALID_GROUP_ID."""
    assert Member(kafka, "", id="me").heartbeat(generation_id=1) == ErrorCode.INVALID_GROUP_ID


@case(HeartbeatRequest, feature=FEATURE, why="KIP-394; ClassicGroup.validateMember")
def test_heartbeat_of_a_pending_member(kafka: Kafka) -> None:
    """Who was only given an id is no member: its heartbeat is UNKNOWN_MEMBER_ID."""
    member = Member(kafka, lasting_group(kafka))
    member.fetch_id(4)
    assert member.heartbeat(generation_id=0) == ErrorCode.UNKNOWN_MEMBER_ID


@case(
    HeartbeatRequest,
    feature=FEATURE,
    why="GroupMetadataManager.expireClassicGroupMemberHeartbeat",
    needs=SHORT_SESSIONS,
)
def test_a_session_expires(kafka: Kafka) -> None:
    """Who sends no heartbeat for its session timeout is out, and the others rebalance."""
    first, second = stable(kafka, 2, session_timeout_ms=1000)
    second.session_timeout_ms = 0
    assert eventually(lambda: first.heartbeat() == ErrorCode.REBALANCE_IN_PROGRESS)
    assert second.heartbeat() == ErrorCode.UNKNOWN_MEMBER_ID
    first.join()
    assert [row.member_id for row in first.joined.members] == [first.id]


@case(
    HeartbeatRequest,
    versions="latest",
    feature=FEATURE,
    why="GroupMetadataManager.rescheduleClassicGroupMemberHeartbeat",
    needs=SHORT_SESSIONS,
)
def test_heartbeats_keep_a_session(kafka: Kafka) -> None:
    """A member lives on for as long as it sends heartbeats, far beyond its session timeout."""
    (member,) = stable(kafka, session_timeout_ms=1000)
    for _ in range(8):
        assert member.heartbeat() == 0
        assert member.connection.silent(0.25)
    assert member.heartbeat() == 0


@case(
    HeartbeatRequest,
    versions="latest",
    feature=FEATURE,
    why="ClassicGroupMember.hasSatisfiedHeartbeat",
    needs=SHORT_SESSIONS,
)
def test_who_waits_in_a_join_needs_no_heartbeat(kafka: Kafka) -> None:
    """A member that waits in a JoinGroup lives longer than its session timeout."""
    first, second = stable(kafka, 2, session_timeout_ms=1000)
    first.send_join()
    for _ in range(6):
        assert second.heartbeat() in (0, ErrorCode.REBALANCE_IN_PROGRESS)
        assert first.connection.silent(0.25)
    second.join()
    assert first.receive_join().error_code == 0
    assert {row.member_id for row in first.joined.members} == {first.id, second.id}
