"""Static members (KIP-345): a group.instance.id keeps a place in the group while its process is away."""

from __future__ import annotations

from typing import Any

from conformance import Kafka, Setting, case, eventually
from conformance.groups import Member, committed, described, joined, lasting_group, stable, subscription
from wire.errors import ErrorCode
from wire.messages.heartbeat import HeartbeatRequest
from wire.messages.join_group import JoinGroupRequest
from wire.messages.offset_commit import OffsetCommitRequest
from wire.messages.sync_group import SyncGroupRequest

FEATURE = "static members"
NEWS = {"range": subscription("any", "other")}


def pair(kafka: Kafka) -> list[Member]:
    """A dynamic leader and a static follower, Stable."""
    (leader,) = stable(kafka)
    follower = Member(kafka, leader.group, instance=kafka.name("instance"))
    return settle(leader, follower)


def settle(leader: Member, newcomer: Member) -> list[Member]:
    newcomer.send_join()
    leader.notices_rebalance()
    leader.join(), newcomer.receive_join()
    leader.sync({leader.id: b"leader's", newcomer.id: b"follower's"})
    newcomer.sync()
    return [leader, newcomer]


def restarted(member: Member, **changes: Any) -> Member:
    """The same instance in a new process: it knows its instance id alone."""
    return Member(member.kafka, member.group, instance=member.instance, **changes)


@case(JoinGroupRequest, versions="5+", feature=FEATURE, why="KIP-345")
def test_no_member_id_is_required(kafka: Kafka) -> None:
    """A static member joins with its first request; its member id begins with its instance id."""
    instance = kafka.name("instance")
    answer = Member(kafka, lasting_group(kafka), instance=instance).join()
    assert (answer.error_code, answer.generation_id) == (0, 1)
    assert answer.member_id.startswith(instance + "-")
    assert [row.group_instance_id for row in answer.members] == [instance]


@case(JoinGroupRequest, versions="5+", feature=FEATURE, why="KIP-345; KIP-814")
def test_a_follower_restarts(kafka: Kafka) -> None:
    """A static follower that comes back gets a new member id, the same generation and its assignment; nobody rebalances."""
    leader, follower = pair(kafka)
    again = restarted(follower)
    answer = again.join()
    assert (answer.error_code, answer.generation_id, answer.leader) == (0, 2, leader.id)
    assert answer.member_id != follower.id
    assert answer.member_id.startswith(f"{follower.instance}-")
    assert again.sync().assignment == b"follower's"
    assert leader.heartbeat() == again.heartbeat() == 0


@case(JoinGroupRequest, versions="5+", feature=FEATURE, why="KIP-345")
def test_the_former_process_is_fenced(kafka: Kafka) -> None:
    """Once its instance has come back, the former process is FENCED_INSTANCE_ID in all that it does."""
    leader, follower = pair(kafka)
    restarted(follower).join()
    assert follower.heartbeat() == ErrorCode.FENCED_INSTANCE_ID
    assert follower.sync().error_code == ErrorCode.FENCED_INSTANCE_ID
    assert follower.commit(kafka.topic()) == ErrorCode.FENCED_INSTANCE_ID
    assert follower.leave() == ErrorCode.FENCED_INSTANCE_ID
    assert follower.join().error_code == ErrorCode.FENCED_INSTANCE_ID
    assert leader.heartbeat() == 0


@case(
    JoinGroupRequest,
    versions="5-8",
    feature=FEATURE,
    why="KIP-345; updateStaticMemberThenRebalanceOrCompleteJoin",
)
def test_a_leader_restarts_before_v9(kafka: Kafka) -> None:
    """A static leader that comes back is told its former id as the leader's, so that it assigns nothing."""
    (leader,) = stable(kafka, instance=kafka.name("instance"))
    former = leader.id
    answer = restarted(leader).join()
    assert (answer.error_code, answer.generation_id, answer.leader) == (0, 1, former)
    assert answer.member_id != former
    assert list(answer.members) == []


@case(JoinGroupRequest, versions="9+", feature=FEATURE, why="KIP-814")
def test_a_leader_restarts(kafka: Kafka) -> None:
    """From v9 on a static leader that comes back is the leader, sees all members, and is told to skip the assignment."""
    (leader,) = stable(kafka, instance=kafka.name("instance"))
    again = restarted(leader)
    answer = again.join()
    assert (answer.error_code, answer.generation_id, answer.skip_assignment) == (0, 1, True)
    assert answer.leader == answer.member_id == again.id
    assert [row.member_id for row in answer.members] == [again.id]
    assert again.sync().assignment == b"for " + leader.id.encode()


@case(JoinGroupRequest, versions="9+", feature=FEATURE, why="KIP-814")
def test_nobody_else_skips_the_assignment(kafka: Kafka) -> None:
    """A leader of a new generation, and a follower that comes back, are not told to skip the assignment."""
    leader, follower = pair(kafka)
    assert leader.joined.skip_assignment is False
    assert restarted(follower).join().skip_assignment is False


@case(
    JoinGroupRequest,
    versions="5+",
    feature=FEATURE,
    why="KIP-345; GroupMetadataManager.groupSupportsOtherProtocol",
)
def test_a_restart_with_other_metadata(kafka: Kafka) -> None:
    """A static member that comes back with other metadata and the same chosen protocol causes no rebalance by that."""
    leader, follower = pair(kafka)
    answer = restarted(follower, protocols=NEWS).join()
    assert (answer.error_code, answer.generation_id) == (0, 2)
    assert leader.heartbeat() == 0


@case(JoinGroupRequest, versions="5+", feature=FEATURE, why="updateStaticMemberThenRebalanceOrCompleteJoin")
def test_a_restart_that_changes_the_protocol(kafka: Kafka) -> None:
    """A static member that comes back so that another protocol is to be chosen makes the group rebalance."""
    both = {"range": b"1", "sticky": b"2"}
    (leader,) = stable(kafka, instance=kafka.name("instance"), protocols=both)
    answer = restarted(leader, protocols={"sticky": b"2", "range": b"1"}).join()
    assert (answer.error_code, answer.generation_id, answer.protocol_name) == (0, 2, "sticky")


@case(JoinGroupRequest, versions="5+", feature=FEATURE, why="updateStaticMemberThenRebalanceOrCompleteJoin")
def test_a_restart_before_the_sync(kafka: Kafka) -> None:
    """A static member that comes back while the leader assigns makes the group rebalance: the leader knows the old id."""
    (leader,) = joined(kafka)
    follower = Member(kafka, leader.group, instance=kafka.name("instance"))
    follower.send_join()
    leader.notices_rebalance()
    leader.join(), follower.receive_join()
    again = restarted(follower)
    again.send_join()
    assert leader.notices_rebalance()
    assert leader.join().generation_id == again.receive_join().generation_id == 3


@case(JoinGroupRequest, versions="5+", feature=FEATURE, why="KIP-345")
def test_a_restart_during_a_rebalance(kafka: Kafka) -> None:
    """A static member that comes back while the group waits for it takes part under its new id."""
    leader, follower = pair(kafka)
    leader.send_join()
    follower.notices_rebalance()
    again = restarted(follower)
    again.join()
    assert leader.receive_join().generation_id == again.generation == 3
    assert {row.member_id for row in leader.joined.members} == {leader.id, again.id}


@case(JoinGroupRequest, versions="5+", feature=FEATURE, why="ClassicGroup.replaceStaticMember")
def test_a_waiting_join_is_fenced(kafka: Kafka) -> None:
    """A JoinGroup of a static member that waits is answered FENCED_INSTANCE_ID when the instance comes once more."""
    leader, follower = pair(kafka)
    follower.protocols = NEWS
    follower.send_join()
    leader.notices_rebalance()
    again = restarted(follower)
    again.send_join()
    assert follower.receive_join().error_code == ErrorCode.FENCED_INSTANCE_ID
    leader.join()
    assert again.receive_join().error_code == 0


@case(SyncGroupRequest, versions="3+", feature=FEATURE, why="ClassicGroup.replaceStaticMember")
def test_a_waiting_sync_is_fenced(kafka: Kafka) -> None:
    """A SyncGroup of a static member that waits is answered FENCED_INSTANCE_ID when the instance comes once more."""
    (leader,) = joined(kafka)
    follower = Member(kafka, leader.group, instance=kafka.name("instance"))
    follower.send_join()
    leader.notices_rebalance()
    leader.join(), follower.receive_join()
    follower.connection.send(follower.sync_request())
    assert follower.connection.silent(0.05)
    restarted(follower).send_join()
    assert follower.connection.receive().error_code == ErrorCode.FENCED_INSTANCE_ID


@case(JoinGroupRequest, versions="5+", feature=FEATURE, why="KIP-345; ClassicGroup.validateMember")
def test_a_member_id_with_an_unknown_instance(kafka: Kafka) -> None:
    """A member id with an instance id that the group does not have is UNKNOWN_MEMBER_ID."""
    (member,) = stable(kafka)
    member.instance = "nobody"
    assert member.join().error_code == ErrorCode.UNKNOWN_MEMBER_ID


@case(JoinGroupRequest, versions="5+", feature=FEATURE, why="KIP-345")
def test_a_static_member_joins_again(kafka: Kafka) -> None:
    """A static follower that joins again under its own member id and without news gets the generation as it stands."""
    leader, follower = pair(kafka)
    before = follower.id
    answer = follower.join()
    assert (answer.error_code, answer.generation_id, answer.member_id) == (0, 2, before)
    assert leader.heartbeat() == 0


@case(HeartbeatRequest, versions="3+", feature=FEATURE, why="ClassicGroup.validateMember")
def test_heartbeat_of_an_unknown_instance(kafka: Kafka) -> None:
    """A heartbeat with an instance id that the group does not have is UNKNOWN_MEMBER_ID, though the member id is right."""
    (member,) = stable(kafka)
    assert member.heartbeat(group_instance_id="nobody") == ErrorCode.UNKNOWN_MEMBER_ID


@case(HeartbeatRequest, versions="3+", feature=FEATURE, why="ClassicGroup.validateMember")
def test_heartbeat_under_a_wrong_member_id(kafka: Kafka) -> None:
    """A heartbeat with another member id than the instance has is FENCED_INSTANCE_ID, before the generation is looked at."""
    (member,) = stable(kafka, instance=kafka.name("instance"))
    assert member.heartbeat(member_id="stranger", generation_id=77) == ErrorCode.FENCED_INSTANCE_ID


@case(HeartbeatRequest, versions="3+", feature=FEATURE, why="ClassicGroup.validateMember")
def test_heartbeat_without_the_instance_id(kafka: Kafka) -> None:
    """A static member may leave its instance id out: its member id is enough."""
    (member,) = stable(kafka, instance=kafka.name("instance"))
    assert member.heartbeat(group_instance_id=None) == 0


@case(OffsetCommitRequest, versions="7+", feature=FEATURE, why="KIP-345; ClassicGroup.validateOffsetCommit")
def test_commit_of_a_static_member(kafka: Kafka) -> None:
    """A static member commits by its ids; under another member id it is FENCED_INSTANCE_ID."""
    (member,) = stable(kafka, instance=kafka.name("instance"))
    topic = kafka.topic()
    assert member.commit(topic, 7) == 0
    assert member.commit(topic, 8, member_id="stranger") == ErrorCode.FENCED_INSTANCE_ID
    assert committed(kafka, member.group, topic).committed_offset == 7


@case(JoinGroupRequest, versions="latest", feature=FEATURE, why="KIP-345")
def test_instances_are_shown(kafka: Kafka) -> None:
    """DescribeGroups shows the instance id of a static member, and none of others."""
    leader, follower = pair(kafka)
    instances = {row.member_id: row.group_instance_id for row in described(kafka, leader.group).members}
    assert instances == {leader.id: None, follower.id: follower.instance}


@case(
    JoinGroupRequest,
    versions="latest",
    feature=FEATURE,
    why="KIP-345; ClassicGroup.notYetRejoinedMembers",
)
def test_a_static_member_may_miss_a_rebalance(kafka: Kafka) -> None:
    """A static member that does not join again within the rebalance timeout stays in the group: its session decides."""
    (leader,) = stable(kafka, rebalance_timeout_ms=300)
    follower = Member(kafka, leader.group, instance=kafka.name("instance"), rebalance_timeout_ms=300)
    settle(leader, follower)
    answer = leader.join()
    assert (answer.error_code, answer.generation_id) == (0, 3)
    assert {row.member_id for row in answer.members} == {leader.id, follower.id}
    assert follower.heartbeat() == ErrorCode.ILLEGAL_GENERATION


@case(
    JoinGroupRequest,
    versions="latest",
    feature=FEATURE,
    why="KIP-345",
    needs=(Setting("group.min.session.timeout.ms", at_most=1000),),
)
def test_the_session_of_a_static_member_expires(kafka: Kafka) -> None:
    """A static member that is away for longer than its session timeout is out, and the others rebalance."""
    (leader,) = stable(kafka)
    follower = Member(kafka, leader.group, instance=kafka.name("instance"), session_timeout_ms=1000)
    settle(leader, follower)
    assert eventually(lambda: leader.heartbeat() == ErrorCode.REBALANCE_IN_PROGRESS)
    assert follower.heartbeat() == ErrorCode.UNKNOWN_MEMBER_ID
