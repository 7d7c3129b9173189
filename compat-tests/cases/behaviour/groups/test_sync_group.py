"""SyncGroup: the leader says who gets what, everybody is told."""

from __future__ import annotations

import pytest

from conformance import Kafka, case
from conformance.groups import Member, described, joined, stable, subscription
from wire.errors import ErrorCode
from wire.messages.sync_group import SyncGroupRequest

FEATURE = "classic groups"


@case(SyncGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupSyncToClassicGroup")
def test_everybody_gets_what_the_leader_gave(kafka: Kafka) -> None:
    """Each member gets the bytes that the leader gave it, untouched; one that the leader left out gets none."""
    first, second, third = joined(kafka, 3)
    given = {first.id: bytes(range(256)), second.id: b"\0"}
    assert first.sync(given).assignment == bytes(range(256))
    assert second.sync().assignment == b"\0"
    assert third.sync().assignment == b""


@case(SyncGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupSyncToClassicGroup")
def test_followers_wait_for_the_leader(kafka: Kafka) -> None:
    """A follower's SyncGroup that comes first is answered only when the leader's has come."""
    first, second = joined(kafka, 2)
    second.connection.send(second.sync_request())
    assert second.connection.silent(0.05)
    assert described(kafka, first.group).group_state == "CompletingRebalance"
    first.sync({second.id: b"yours"})
    answer = second.connection.receive()
    assert (answer.error_code, answer.assignment) == (0, b"yours")


@case(SyncGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupSyncToClassicGroup")
def test_a_follower_assigns_nothing(kafka: Kafka) -> None:
    """Assignments in a follower's request are not looked at."""
    first, second = joined(kafka, 2)
    second.connection.send(second.sync_request({first.id: b"stolen", second.id: b"mine"}))
    assert first.sync({first.id: b"a", second.id: b"b"}).assignment == b"a"
    assert second.connection.receive().assignment == b"b"


@case(SyncGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupSyncToClassicGroup")
def test_an_assignment_for_a_stranger(kafka: Kafka) -> None:
    """An assignment for somebody who is not in the group is dropped."""
    (leader,) = joined(kafka)
    answer = leader.sync({leader.id: b"mine", "stranger": b"his"})
    assert (answer.error_code, answer.assignment) == (0, b"mine")
    assert [row.member_id for row in described(kafka, leader.group).members] == [leader.id]


@case(SyncGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupSyncToClassicGroup")
def test_a_stable_group_tells_it_again(kafka: Kafka) -> None:
    """In a Stable group SyncGroup gives the assignment again, and the leader can change nothing by it."""
    first, second = stable(kafka, 2)
    assert first.sync({first.id: b"other", second.id: b"other"}).assignment == b"for " + first.id.encode()
    assert second.sync().assignment == b"for " + second.id.encode()


@case(SyncGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupSyncToClassicGroup")
def test_sync_during_a_rebalance(kafka: Kafka) -> None:
    """While members are to join again SyncGroup is REBALANCE_IN_PROGRESS."""
    first, second = stable(kafka, 2)
    first.send_join()
    second.notices_rebalance()
    answer = second.sync()
    assert (answer.error_code, answer.assignment) == (ErrorCode.REBALANCE_IN_PROGRESS, b"")


@case(SyncGroupRequest, feature=FEATURE, why="GroupMetadataManager.prepareRebalance")
def test_a_rebalance_ends_the_wait(kafka: Kafka) -> None:
    """A SyncGroup that waits is answered REBALANCE_IN_PROGRESS when a further member makes the group rebalance."""
    first, second = joined(kafka, 2)
    second.connection.send(second.sync_request())
    assert second.connection.silent(0.03)
    Member(kafka, first.group).send_join()
    assert second.connection.receive().error_code == ErrorCode.REBALANCE_IN_PROGRESS


@case(SyncGroupRequest, feature=FEATURE, why="ClassicGroup.validateMember")
def test_sync_of_an_unknown_member(kafka: Kafka) -> None:
    """SyncGroup of a member that the group does not have is UNKNOWN_MEMBER_ID, whatever its generation."""
    (leader,) = joined(kafka)
    answer = leader.sync(member_id="stranger", generation_id=77)
    assert (answer.error_code, answer.assignment) == (ErrorCode.UNKNOWN_MEMBER_ID, b"")


@case(SyncGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupSync")
def test_sync_of_an_unknown_group(kafka: Kafka) -> None:
    """SyncGroup for a group that does not exist is UNKNOWN_MEMBER_ID."""
    member = Member(kafka, kafka.group(), id="stranger")
    assert member.sync(generation_id=1, protocol_name="range").error_code == ErrorCode.UNKNOWN_MEMBER_ID


@case(SyncGroupRequest, feature=FEATURE, why="GroupCoordinatorService.syncGroup")
def test_sync_of_an_empty_group_id(kafka: Kafka) -> None:
    """SyncGroup with an empty group id is INVALID_GROUP_ID."""
    member = Member(kafka, "", id="me")
    assert member.sync(generation_id=1, protocol_name="range").error_code == ErrorCode.INVALID_GROUP_ID


@case(SyncGroupRequest, feature=FEATURE, why="ClassicGroup.validateMember")
@pytest.mark.parametrize("step", [-1, 1])
def test_sync_of_another_generation(kafka: Kafka, step: int) -> None:
    """SyncGroup with a generation that is past or to come is ILLEGAL_GENERATION."""
    (leader,) = joined(kafka)
    answer = leader.sync(generation_id=leader.generation + step)
    assert answer.error_code == ErrorCode.ILLEGAL_GENERATION


@case(SyncGroupRequest, versions="5+", feature=FEATURE, why="KIP-559")
def test_the_protocol_is_told(kafka: Kafka) -> None:
    """From v5 on the answer names the protocol type and the protocol."""
    (leader,) = joined(kafka)
    answer = leader.sync()
    assert (answer.error_code, answer.protocol_type, answer.protocol_name) == (0, "consumer", "range")


@case(SyncGroupRequest, versions="5+", feature=FEATURE, why="KIP-559; KafkaApis.handleSyncGroupRequest")
@pytest.mark.parametrize(
    "wrong",
    [
        {"protocol_type": "connect"},
        {"protocol_name": "roundrobin"},
        {"protocol_type": None},
        {"protocol_name": None},
    ],
)
def test_the_protocol_must_be_named(kafka: Kafka, wrong: dict[str, str | None]) -> None:
    """From v5 on a request without protocol type or name, or with wrong ones, is INCONSISTENT_GROUP_PROTOCOL."""
    (leader,) = joined(kafka)
    answer = leader.sync(**wrong)
    assert answer.error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert (answer.protocol_type, answer.protocol_name) == (None, None)


@case(SyncGroupRequest, versions="5+", feature=FEATURE, why="KIP-559; ClassicGroup.validateMember")
def test_the_member_is_judged_before_the_protocol(kafka: Kafka) -> None:
    """An old generation is ILLEGAL_GENERATION also where the protocol is not the group's."""
    (leader,) = joined(kafka)
    answer = leader.sync(generation_id=77, protocol_name="roundrobin")
    assert answer.error_code == ErrorCode.ILLEGAL_GENERATION
    assert (
        leader.sync(member_id="stranger", protocol_name="roundrobin").error_code
        == ErrorCode.UNKNOWN_MEMBER_ID
    )


@case(SyncGroupRequest, versions="latest", feature=FEATURE, why="JoinGroup keeps what was assigned: none")
def test_a_new_generation_begins_without_assignments(kafka: Kafka) -> None:
    """A generation whose leader assigns nothing gives nothing, also where the one before gave something."""
    first, second = stable(kafka, 2)
    first.send_join()
    second.notices_rebalance()
    second.join(), first.receive_join()
    assert first.sync({}).assignment == b""
    assert second.sync().assignment == b""


@case(SyncGroupRequest, versions="latest", feature=FEATURE, why="offsets.topic: one record of the group")
def test_a_large_assignment(kafka: Kafka) -> None:
    """An assignment of half a megabyte goes through, also in subscriptions of that size."""
    members = joined(kafka, 1, protocols={"range": subscription("any", user_data=bytes(200_000))})
    answer = members[0].sync({members[0].id: b"x" * 500_000})
    assert (answer.error_code, len(answer.assignment)) == (0, 500_000)
