"""JoinGroup: what is asked of a newcomer, and what it is told."""

from __future__ import annotations

import pytest

from conformance import Kafka, Setting, case, eventually
from conformance.groups import Member, described, emptied, joined, lasting_group, stable, subscription
from wire.errors import ErrorCode
from wire.messages.join_group import JoinGroupRequest
from wire.messages.sync_group import SyncGroupRequest

FEATURE = "classic groups"


@case(JoinGroupRequest, versions="0-3", feature=FEATURE, why="KIP-394 begins with v4")
def test_an_id_is_given_at_once(kafka: Kafka) -> None:
    """Before v4 a member without an id is taken into the group at once, under an id that begins with its client id."""
    member = Member(kafka, lasting_group(kafka))
    answer = member.join()
    assert (answer.error_code, answer.generation_id) == (0, 1)
    assert answer.member_id.startswith("conformance-")


@case(JoinGroupRequest, versions="4+", feature=FEATURE, why="KIP-394")
def test_a_member_id_is_required(kafka: Kafka) -> None:
    """From v4 on the first JoinGroup of a dynamic member gets an id, MEMBER_ID_REQUIRED, and nothing else."""
    member = Member(kafka, lasting_group(kafka))
    answer = member.connection.ask(member.join_request())
    assert answer.error_code == ErrorCode.MEMBER_ID_REQUIRED
    assert answer.member_id.startswith("conformance-")
    assert (answer.generation_id, answer.leader, list(answer.members)) == (-1, "", [])


@case(JoinGroupRequest, versions="4+", feature=FEATURE, why="KIP-394")
def test_each_first_request_gets_another_id(kafka: Kafka) -> None:
    """Two first JoinGroups of the same client are two members to be."""
    member = Member(kafka, lasting_group(kafka))
    ids = [member.connection.ask(member.join_request()).member_id for _ in range(2)]
    assert len(set(ids)) == 2


@case(JoinGroupRequest, versions="4+", feature=FEATURE, why="KIP-394; ClassicGroup.addPendingMember")
def test_a_pending_member_is_no_member(kafka: Kafka) -> None:
    """Who was only given an id is not among the members of the group, which stays Empty."""
    member = Member(kafka, lasting_group(kafka))
    member.fetch_id()
    row = described(kafka, member.group)
    assert (row.group_state, list(row.members)) == ("Empty", [])


@case(JoinGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupJoinExistingMember")
def test_an_unknown_member_id(kafka: Kafka) -> None:
    """A member id that the group did not give out is UNKNOWN_MEMBER_ID, and stands in the answer."""
    (present,) = stable(kafka)
    stranger = Member(kafka, present.group, id="stranger")
    answer = stranger.join()
    assert (answer.error_code, answer.member_id) == (ErrorCode.UNKNOWN_MEMBER_ID, "stranger")
    assert present.heartbeat() == 0


@case(JoinGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupJoinToClassicGroup")
def test_an_id_for_a_group_that_is_not_there(kafka: Kafka) -> None:
    """A group is made only for a member without an id; with one it is UNKNOWN_MEMBER_ID, and no group comes to be."""
    member = Member(kafka, kafka.group(), id="stranger")
    assert member.join().error_code == ErrorCode.UNKNOWN_MEMBER_ID
    assert described(kafka, member.group).group_state == "Dead"


@case(JoinGroupRequest, feature=FEATURE, why="GroupCoordinatorService.joinGroup")
def test_an_empty_group_id(kafka: Kafka) -> None:
    """An empty group id is INVALID_GROUP_ID, whatever else is wrong."""
    member = Member(kafka, "", id="me", session_timeout_ms=0, protocols={})
    answer = member.connection.ask(member.join_request())
    assert (answer.error_code, answer.member_id) == (ErrorCode.INVALID_GROUP_ID, "me")


@case(
    JoinGroupRequest,
    feature=FEATURE,
    why="group.min.session.timeout.ms",
    needs=(Setting("group.min.session.timeout.ms", at_least=2),),
)
def test_a_session_timeout_below_the_least(kafka: Kafka) -> None:
    """A session timeout one below group.min.session.timeout.ms is INVALID_SESSION_TIMEOUT."""
    least = int(kafka.subject.setting("group.min.session.timeout.ms") or 0)
    answer = Member(kafka, lasting_group(kafka), id="x", session_timeout_ms=least - 1).join()
    assert (answer.error_code, answer.member_id) == (ErrorCode.INVALID_SESSION_TIMEOUT, "x")


@case(
    JoinGroupRequest,
    feature=FEATURE,
    why="group.max.session.timeout.ms",
    needs=(Setting("group.max.session.timeout.ms", at_most=2**31 - 2),),
)
def test_a_session_timeout_above_the_most(kafka: Kafka) -> None:
    """A session timeout one above group.max.session.timeout.ms is INVALID_SESSION_TIMEOUT; no group comes to be."""
    most = int(kafka.subject.setting("group.max.session.timeout.ms") or 0)
    member = Member(kafka, kafka.group(), session_timeout_ms=most + 1)
    answer = member.connection.ask(member.join_request())
    assert answer.error_code == ErrorCode.INVALID_SESSION_TIMEOUT
    assert described(kafka, member.group).group_state == "Dead"


@case(
    JoinGroupRequest,
    versions="latest",
    feature=FEATURE,
    why="group.min.session.timeout.ms, group.max.session.timeout.ms",
    needs=(Setting("group.min.session.timeout.ms"), Setting("group.max.session.timeout.ms")),
)
@pytest.mark.parametrize("bound", ["min", "max"])
def test_session_timeouts_at_the_bounds(kafka: Kafka, bound: str) -> None:
    """The bounds of the session timeout themselves are allowed."""
    timeout_ms = int(kafka.subject.setting(f"group.{bound}.session.timeout.ms") or 0)
    assert Member(kafka, lasting_group(kafka), session_timeout_ms=timeout_ms).join().error_code == 0


@case(JoinGroupRequest, feature=FEATURE, why="ClassicGroup.supportsProtocols")
def test_no_protocols(kafka: Kafka) -> None:
    """A member that offers no protocol is INCONSISTENT_GROUP_PROTOCOL, the first one too."""
    member = Member(kafka, lasting_group(kafka), protocols={})
    answer = member.connection.ask(member.join_request())
    assert answer.error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL


@case(JoinGroupRequest, feature=FEATURE, why="ClassicGroup.supportsProtocols")
def test_no_protocol_type(kafka: Kafka) -> None:
    """The first member of a group must name a protocol type, else it is INCONSISTENT_GROUP_PROTOCOL."""
    member = Member(kafka, lasting_group(kafka), protocol_type="")
    answer = member.connection.ask(member.join_request())
    assert answer.error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL


@case(JoinGroupRequest, feature=FEATURE, why="ClassicGroup.supportsProtocols")
def test_another_protocol_type(kafka: Kafka) -> None:
    """Who comes with another protocol type than the members have is INCONSISTENT_GROUP_PROTOCOL; they are not disturbed."""
    (present,) = stable(kafka)
    other = Member(kafka, present.group, protocol_type="connect")
    answer = other.connection.ask(other.join_request())
    assert answer.error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert present.heartbeat() == 0


@case(JoinGroupRequest, feature=FEATURE, why="ClassicGroup.supportsProtocols")
def test_no_common_protocol(kafka: Kafka) -> None:
    """Who offers no protocol that all members have is INCONSISTENT_GROUP_PROTOCOL; they are not disturbed."""
    (present,) = stable(kafka)
    other = Member(kafka, present.group, protocols={"sticky": b""})
    answer = other.connection.ask(other.join_request())
    assert answer.error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert present.heartbeat() == 0


@case(JoinGroupRequest, versions="latest", feature=FEATURE, why="ClassicGroup.supportsProtocols")
def test_another_protocol_type_than_an_empty_group_had(kafka: Kafka) -> None:
    """A group without members takes any protocol type: it becomes what its next member says."""
    group = emptied(kafka)
    member = Member(kafka, group, protocol_type="connect", protocols={"default": b"x"})
    assert member.join().error_code == 0
    assert described(kafka, group).protocol_type == "connect"


@case(JoinGroupRequest, versions="latest", feature=FEATURE, why="KafkaApis.handleJoinGroupRequest")
@pytest.mark.parametrize("protocol_type", ["connect", "sr", "Consumer", "any thing"])
def test_any_protocol_type(kafka: Kafka, protocol_type: str) -> None:
    """Any text is a protocol type, and its metadata goes to the leader untouched."""
    metadata = bytes(range(256))
    member = Member(kafka, lasting_group(kafka), protocol_type=protocol_type, protocols={"v0": metadata})
    answer = member.join()
    assert answer.error_code == 0
    assert [row.metadata for row in answer.members] == [metadata]


@case(JoinGroupRequest, versions="7+", feature=FEATURE, why="KIP-559")
def test_the_protocol_type_is_told(kafka: Kafka) -> None:
    """From v7 on the answer names the group's protocol type."""
    answer = Member(kafka, lasting_group(kafka), protocol_type="sr", protocols={"v0": b""}).join()
    assert (answer.protocol_type, answer.protocol_name) == ("sr", "v0")


@case(JoinGroupRequest, versions="0-6", feature=FEATURE, why="JoinGroupResponse: protocolName not nullable")
def test_no_protocol_name_in_errors_of_old_versions(kafka: Kafka) -> None:
    """Before v7, where it cannot be null, the protocol name of an error answer is empty."""
    member = Member(kafka, "", id="me")
    assert member.connection.ask(member.join_request()).protocol_name == ""


@case(JoinGroupRequest, versions="7+", feature=FEATURE, why="KIP-559; JoinGroupResponse")
def test_no_protocol_in_errors(kafka: Kafka) -> None:
    """From v7 on protocol type and name of an error answer are null."""
    member = Member(kafka, "", id="me")
    answer = member.connection.ask(member.join_request())
    assert (answer.protocol_type, answer.protocol_name) == (None, None)


@case(JoinGroupRequest, feature=FEATURE, why="GroupMetadataManager.completeClassicGroupJoin")
def test_the_leader_sees_all_members_and_the_others_none(kafka: Kafka) -> None:
    """The first member leads and is told all members with their metadata; the others are told who leads and no members."""
    first, second = joined(kafka, 2)
    assert first.leads
    assert not second.leads
    assert {row.member_id for row in first.joined.members} == {first.id, second.id}
    assert {row.metadata for row in first.joined.members} == {subscription("any")}
    assert second.joined.leader == first.id
    assert list(second.joined.members) == []


@case(JoinGroupRequest, feature=FEATURE, why="GroupMetadataManager.completeClassicGroupJoin")
def test_all_members_get_the_same_generation(kafka: Kafka) -> None:
    """Generations begin at 1 and grow by one with each rebalance; all members get the same one, and the same protocol."""
    first, second = joined(kafka, 2)
    assert (first.generation, second.generation) == (2, 2)
    assert (first.protocol, second.protocol) == ("range", "range")


@case(JoinGroupRequest, versions="latest", feature=FEATURE, why="ClassicGroup.selectProtocol")
@pytest.mark.parametrize(
    ("offers", "chosen"),
    [
        (("ab", "ab", "ba"), "a"),  # most votes
        (("ab", "ba", "ba"), "b"),
        (("abc", "bca", "cb"), "b"),  # what all have, though it is only the second for most
        (("abc", "cb", "xc"), "c"),
    ],
)
def test_members_vote_for_the_protocol(kafka: Kafka, offers: tuple[str, ...], chosen: str) -> None:
    """Each member votes for the first of its protocols that all members have; most votes win."""
    group = lasting_group(kafka)
    members: list[Member] = []
    for letters in offers:
        newcomer = Member(kafka, group, protocols={letter: letter.encode() for letter in letters})
        newcomer.send_join()
        for member in members:
            member.notices_rebalance()
        for member in members:
            member.send_join()
        members.append(newcomer)
        for member in members:
            assert member.receive_join().error_code == 0
    assert {member.protocol for member in members} == {chosen}
    (leader,) = [member for member in members if member.leads]
    assert {row.metadata for row in leader.joined.members} == {chosen.encode()}


@case(JoinGroupRequest, versions="latest", feature=FEATURE, why="GroupMetadataManager.prepareRebalance")
def test_an_old_generation_goes_on_after_the_group_was_empty(kafka: Kafka) -> None:
    """The generation grows when the last member leaves and when the next one comes: 1, 2, 3."""
    group = emptied(kafka)
    member = Member(kafka, group)
    member.join()
    assert member.generation == 3


@case(
    JoinGroupRequest,
    versions="latest",
    feature=FEATURE,
    why="KIP-394",
    needs=(Setting("group.min.session.timeout.ms", at_most=1000),),
)
def test_a_pending_member_is_forgotten(kafka: Kafka) -> None:
    """An id that nobody came back with for the session timeout is given up: UNKNOWN_MEMBER_ID."""
    least = int(kafka.subject.setting("group.min.session.timeout.ms") or 0)
    (present,) = stable(kafka)
    late = Member(kafka, present.group, session_timeout_ms=least)
    late.fetch_id()
    present.send_join()  # waits for the pending member, until it is given up
    assert present.receive_join().error_code == 0
    assert late.join().error_code == ErrorCode.UNKNOWN_MEMBER_ID


@case(
    JoinGroupRequest,
    versions="latest",
    feature=FEATURE,
    why="KIP-394; ClassicGroup.hasAllMembersJoined",
)
def test_a_rebalance_waits_for_pending_members(kafka: Kafka) -> None:
    """A rebalance waits for those who were given an id, and ends as soon as they have come back."""
    (present,) = stable(kafka)
    late = Member(kafka, present.group)
    late.fetch_id()
    present.send_join()
    assert present.connection.silent(0.1)
    late.send_join()
    assert present.receive_join().generation_id == late.receive_join().generation_id == 2


@case(
    JoinGroupRequest,
    versions="1+",
    feature=FEATURE,
    why="KIP-62; max.poll.interval.ms",
)
def test_the_rebalance_timeout(kafka: Kafka) -> None:
    """Who does not join again within the rebalance timeout is out, though its session lives; the others go on."""
    first, second = stable(kafka, 2, rebalance_timeout_ms=400)
    first.send_join()
    second.notices_rebalance()
    answer = first.receive_join()
    assert (answer.error_code, answer.generation_id) == (0, 3)
    assert [row.member_id for row in answer.members] == [first.id]
    assert second.heartbeat() == ErrorCode.UNKNOWN_MEMBER_ID
    assert second.join().error_code == ErrorCode.UNKNOWN_MEMBER_ID


@case(
    JoinGroupRequest,
    versions="0",
    feature=FEATURE,
    why="KIP-62; JoinGroupRequest.rebalanceTimeoutMs defaults to the session timeout",
    needs=(Setting("group.min.session.timeout.ms", at_most=1000),),
)
def test_version_0_waits_for_the_session_timeout(kafka: Kafka) -> None:
    """v0 has no rebalance timeout: its session timeout takes its place."""
    first, second = stable(kafka, 2, session_timeout_ms=1000)
    first.send_join()
    second.notices_rebalance()
    assert eventually(lambda: second.heartbeat() == ErrorCode.UNKNOWN_MEMBER_ID)
    assert first.receive_join().generation_id == 3


@case(
    JoinGroupRequest,
    versions="latest",
    feature=FEATURE,
    why="GroupMetadataManager.schedulePendingSync; KAFKA-13435",
    also=(SyncGroupRequest,),
)
def test_who_does_not_sync_is_out(kafka: Kafka) -> None:
    """A member that joined and does not sync within the rebalance timeout is removed, and the others rebalance."""
    first, second = joined(kafka, 2, rebalance_timeout_ms=400)
    first.sync()
    assert eventually(lambda: second.heartbeat() == ErrorCode.UNKNOWN_MEMBER_ID)
    assert first.heartbeat() == ErrorCode.REBALANCE_IN_PROGRESS
