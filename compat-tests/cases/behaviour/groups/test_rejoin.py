"""Members that join again: with news, without, at the wrong moment, in the place of others."""

from __future__ import annotations

from conformance import Kafka, case
from conformance.groups import Member, described, joined, lasting_group, stable, subscription
from wire.errors import ErrorCode
from wire.messages.join_group import JoinGroupRequest

FEATURE = "classic groups"
NEWS = {"range": subscription("any", "other")}


@case(JoinGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupJoinExistingMember")
def test_a_follower_without_news(kafka: Kafka) -> None:
    """In a Stable group a follower that joins again with the same metadata gets the same generation; nobody is disturbed."""
    first, second = stable(kafka, 2)
    answer = second.join()
    assert (answer.error_code, answer.generation_id, answer.leader) == (0, 2, first.id)
    assert list(answer.members) == []
    assert first.heartbeat() == 0


@case(JoinGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupJoinExistingMember")
def test_a_follower_with_news(kafka: Kafka) -> None:
    """A follower that joins again with other metadata makes the group rebalance, and the leader sees the news."""
    first, second = stable(kafka, 2)
    second.protocols = NEWS
    second.send_join()
    first.notices_rebalance()
    assert first.join().generation_id == second.receive_join().generation_id == 3
    metadata = {row.member_id: row.metadata for row in first.joined.members}
    assert metadata == {first.id: subscription("any"), second.id: NEWS["range"]}


@case(JoinGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupJoinExistingMember")
def test_a_leader_without_news(kafka: Kafka) -> None:
    """A leader that joins again makes the group rebalance, also without news: it may have seen new partitions."""
    first, second = stable(kafka, 2)
    first.send_join()
    assert second.notices_rebalance()
    assert second.join().generation_id == first.receive_join().generation_id == 3
    assert first.leads


@case(JoinGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupJoinExistingMember")
def test_the_answer_is_asked_for_again(kafka: Kafka) -> None:
    """Before the assignment is there, a JoinGroup with the same metadata gets the answer of this generation once more."""
    first, second = joined(kafka, 2)
    leader = first.join()
    assert (leader.error_code, leader.generation_id, len(leader.members)) == (0, 2, 2)
    follower = second.join()
    assert (follower.error_code, follower.generation_id, len(follower.members)) == (0, 2, 0)


@case(JoinGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupJoinExistingMember")
def test_news_before_the_sync(kafka: Kafka) -> None:
    """Before the assignment is there, a JoinGroup with other metadata begins the next rebalance."""
    first, second = joined(kafka, 2)
    second.protocols = NEWS
    second.send_join()
    first.notices_rebalance()
    assert first.join().generation_id == second.receive_join().generation_id == 3


@case(JoinGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupJoinNewDynamicMember")
def test_a_newcomer_in_a_stable_group(kafka: Kafka) -> None:
    """A new member makes a Stable group rebalance; the old leader still leads."""
    (first,) = stable(kafka)
    second = Member(kafka, first.group)
    second.send_join()
    assert first.notices_rebalance()
    assert described(kafka, first.group).group_state == "PreparingRebalance"
    assert first.join().leader == second.receive_join().leader == first.id


@case(JoinGroupRequest, feature=FEATURE, why="GroupMetadataManager.classicGroupJoinNewDynamicMember")
def test_a_newcomer_before_the_sync(kafka: Kafka) -> None:
    """A new member makes a group rebalance whose assignment is not there yet; that generation is never assigned."""
    (first,) = joined(kafka)
    second = Member(kafka, first.group)
    second.send_join()
    assert first.notices_rebalance()
    assert first.sync({first.id: b"late"}).error_code == ErrorCode.REBALANCE_IN_PROGRESS
    assert first.join().generation_id == second.receive_join().generation_id == 2


@case(JoinGroupRequest, versions="1+", feature=FEATURE, why="ClassicGroup.maybeElectNewJoinedLeader")
def test_a_leader_that_is_late(kafka: Kafka) -> None:
    """A leader that does not join again in time is out, and another member leads."""
    first, second = stable(kafka, 2, rebalance_timeout_ms=300)
    second.protocols = NEWS
    answer = second.join()
    assert (answer.error_code, answer.leader) == (0, second.id)
    assert [row.member_id for row in answer.members] == [second.id]
    assert first.heartbeat() == ErrorCode.UNKNOWN_MEMBER_ID


@case(
    JoinGroupRequest,
    versions="latest",
    feature=FEATURE,
    why="GroupMetadataManager.classicGroupJoinExistingMember",
)
def test_a_member_changes_its_protocols(kafka: Kafka) -> None:
    """What a member offers anew counts at once: another protocol wins when all have moved to it, as in a rolling upgrade."""
    both = {"cooperative-sticky": subscription("any"), "range": subscription("any")}
    first, second = stable(kafka, 2)
    for member in (first, second):
        member.protocols = both
    second.send_join()
    first.notices_rebalance()
    assert first.join().protocol_name == second.receive_join().protocol_name == "cooperative-sticky"


@case(JoinGroupRequest, versions="latest", feature=FEATURE, why="ClassicGroup.rebalanceTimeoutMs")
def test_the_longest_rebalance_timeout_counts(kafka: Kafka) -> None:
    """A rebalance waits for the longest of its members' rebalance timeouts."""
    (first,) = stable(kafka, rebalance_timeout_ms=100)
    second = Member(kafka, first.group, rebalance_timeout_ms=20_000)
    second.send_join()
    first.notices_rebalance()
    first.join(), second.receive_join()
    first.sync({}), second.sync()
    first.send_join()
    assert first.connection.silent(0.4)
    second.join()
    assert first.receive_join().error_code == 0


@case(JoinGroupRequest, versions="latest", feature=FEATURE, why="ClassicGroupMember.memberId")
def test_the_member_id_is_kept(kafka: Kafka) -> None:
    """A member keeps its id over all rebalances."""
    first, second = joined(kafka, 2)
    before = (first.id, second.id)
    first.protocols = NEWS
    first.send_join()
    second.notices_rebalance()
    second.join(), first.receive_join()
    assert (first.id, second.id) == before


@case(
    JoinGroupRequest, versions="latest", feature=FEATURE, why="GroupMetadataManager.classicGroupJoinNewMember"
)
def test_an_empty_client_id(kafka: Kafka) -> None:
    """A member without a client id gets an id all the same, and joins."""
    member = Member(kafka, lasting_group(kafka))
    answer = member.connection.ask(member.join_request(), client_id="")
    assert answer.error_code == ErrorCode.MEMBER_ID_REQUIRED
    assert len(answer.member_id) > 30
    member.id = answer.member_id
    assert member.join().error_code == 0
