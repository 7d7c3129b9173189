"""JoinGroup, as conversations with the machine. Each test names its rule."""

from __future__ import annotations

import pytest

from pykbroker.core.groups.commands import JoinProtocol, JoinResult
from tests.core.groups.driver import GROUP, PARKED, RANGE, Driver
from wire.errors import ErrorCode

ROUND_ROBIN = (JoinProtocol("roundrobin", b""),)
BOTH = (*RANGE, *ROUND_ROBIN)


def error_of(d: Driver, ticket: int) -> ErrorCode:
    result = d.answer(ticket)
    assert isinstance(result, JoinResult), result
    return result.error


# --- checks of the request ------------------------------------------------------------------------------------------


def test_an_empty_group_id_is_invalid() -> None:
    d = Driver()
    assert error_of(d, d.join(group_id="")) is ErrorCode.INVALID_GROUP_ID


@pytest.mark.parametrize("timeout_ms", [5_999, 1_800_001, 0, -1])
def test_session_timeout_must_be_within_the_broker_limits(timeout_ms: int) -> None:
    d = Driver()
    ticket = d.join("m", session_timeout_ms=timeout_ms)
    assert d.answer(ticket) == JoinResult(ErrorCode.INVALID_SESSION_TIMEOUT, "m")


def test_a_known_member_id_of_an_unknown_group_is_unknown() -> None:
    d = Driver()
    assert d.answer(d.join("m")) == JoinResult(ErrorCode.UNKNOWN_MEMBER_ID, "m")
    assert d.state() == "Dead"


@pytest.mark.parametrize("changes", [{"protocol_type": ""}, {"protocols": ()}])
def test_a_first_member_must_name_type_and_protocols(changes: dict[str, object]) -> None:
    d = Driver()
    assert error_of(d, d.join(**changes)) is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert d.state() == "Dead", "a refused join leaves no group behind"


@pytest.mark.parametrize("changes", [{"protocol_type": "connect"}, {"protocols": ROUND_ROBIN}])
def test_a_further_member_must_agree_with_the_group(changes: dict[str, object]) -> None:
    d = Driver()
    d.stable()
    ticket = d.join(**changes)
    assert d.answer(ticket) == JoinResult(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, "")


@pytest.mark.parametrize("protocol_type", ["connect", "sr", "anything at all"])
def test_any_protocol_type_is_taken(protocol_type: str) -> None:
    d = Driver()
    (joined,) = d.stable(protocol_type=protocol_type, protocols=(JoinProtocol("v0", b"\xffopaque"),))
    assert joined.protocol_type == protocol_type
    assert joined.members[0].metadata == b"\xffopaque"


# --- becoming a member ----------------------------------------------------------------------------------------------


def test_kip_394_a_new_dynamic_member_first_gets_its_id() -> None:
    d = Driver()
    ticket = d.join(requires_known_id=True, client_id="c", fresh_uuid="u")
    assert d.answer(ticket) == JoinResult(ErrorCode.MEMBER_ID_REQUIRED, "c-u")
    assert d.state() == "Empty"
    again = d.join("c-u", requires_known_id=True)
    d.advance(0)
    (joined,) = d.joined(again)
    assert (joined.member_id, joined.leader, joined.generation) == ("c-u", "c-u", 1)


def test_a_pending_id_that_does_not_come_back_expires_with_its_session() -> None:
    d = Driver()
    d.join(requires_known_id=True, fresh_uuid="u", session_timeout_ms=6_000)
    d.advance(6_000)
    assert d.state() == "Dead"
    assert error_of(d, d.join("client-u")) is ErrorCode.UNKNOWN_MEMBER_ID


def test_a_pending_id_does_not_make_a_static_member() -> None:
    """Kafka fails on this with an internal error; here the id is simply not the owner of that instance id."""
    d = Driver()
    d.join(requires_known_id=True, fresh_uuid="u")
    assert error_of(d, d.join("client-u", instance_id="i")) is ErrorCode.UNKNOWN_MEMBER_ID


def test_a_rebalance_waits_for_pending_ids() -> None:
    d = Driver()
    (leader,) = d.stable()
    d.join(requires_known_id=True, fresh_uuid="new")
    again = d.join(leader.member_id)  # the leader forces a rebalance
    assert d.answer(again) is PARKED
    newcomer = d.join("client-new")
    assert [r.generation for r in d.joined(again, newcomer)] == [2, 2]


def test_a_rebalance_goes_on_when_a_pending_id_expires() -> None:
    d = Driver()
    (leader,) = d.stable()
    d.join(requires_known_id=True, session_timeout_ms=6_000)
    again = d.join(leader.member_id)
    d.advance(6_000)
    assert d.joined(again)[0].generation == 2


def test_only_the_leader_sees_the_members() -> None:
    d = Driver()
    first, second = d.stable(2)
    assert [m.member_id for m in first.members] == [first.member_id, second.member_id]
    assert second.members == ()
    assert second.leader == first.leader == first.member_id


def test_a_protocol_name_twice_counts_once() -> None:
    d = Driver()
    d.stable(protocols=(*RANGE, *RANGE))
    assert d.machine.groups[GROUP].offers == {"range": 1}


# --- the initial delay ----------------------------------------------------------------------------------------------


def test_kip_134_an_empty_group_waits_for_more_members() -> None:
    d = Driver(initial_rebalance_delay_ms=3_000)
    first = d.join()
    d.advance(2_999)
    assert d.answer(first) is PARKED
    d.advance(1)
    d.joined(first)


def test_kip_134_the_delay_is_extended_by_members_that_come_up_to_the_rebalance_timeout() -> None:
    d = Driver(initial_rebalance_delay_ms=3_000)
    tickets = [d.join(rebalance_timeout_ms=7_000)]
    for _ in range(2):
        d.advance(2_000)
        tickets.append(d.join(rebalance_timeout_ms=7_000))
    d.advance(2_999)  # 6,999 ms in all: 3,000, and twice more what is left of 7,000
    assert [d.answer(t) for t in tickets] == [PARKED] * 3
    d.advance(1)
    assert {r.generation for r in d.joined(*tickets)} == {1}


def test_kip_134_nobody_came_so_the_delay_is_not_extended() -> None:
    d = Driver(initial_rebalance_delay_ms=3_000)
    first = d.join()
    d.advance(1_000)
    second = d.join()
    d.advance(2_000)
    assert d.answer(first) is PARKED
    d.advance(3_000)
    d.joined(first, second)


def test_a_group_that_loses_its_first_member_in_the_delay_becomes_empty() -> None:
    d = Driver(initial_rebalance_delay_ms=3_000)
    ticket = d.join(fresh_uuid="u")
    d.leave("client-u")
    assert error_of(d, ticket) is ErrorCode.UNKNOWN_MEMBER_ID
    d.advance(3_000)
    assert d.state() == "Empty"
    assert d.generation() == 1


# --- choosing a protocol --------------------------------------------------------------------------------------------


def test_the_protocol_with_most_votes_among_those_that_all_offer_wins() -> None:
    d = Driver()
    tickets = [
        d.join(protocols=BOTH),
        d.join(protocols=(*ROUND_ROBIN, *RANGE)),
        d.join(protocols=(JoinProtocol("own", b""), *ROUND_ROBIN, *RANGE)),
    ]
    d.advance(0)
    assert {r.protocol_name for r in d.joined(*tickets)} == {"roundrobin"}


def test_cooperative_upgrade_a_protocol_can_be_changed_member_by_member() -> None:
    """How a rolling upgrade to another assignor works: first offer both, then drop the old one."""
    d = Driver()
    first, second = d.stable(2)
    tickets = [d.join(first.member_id, protocols=BOTH), d.join(second.member_id, protocols=BOTH)]
    assert {r.protocol_name for r in d.joined(*tickets)} == {"range"}
    tickets = [
        d.join(first.member_id, protocols=ROUND_ROBIN),
        d.join(second.member_id, protocols=ROUND_ROBIN),
    ]
    assert {r.protocol_name for r in d.joined(*tickets)} == {"roundrobin"}


# --- joining again --------------------------------------------------------------------------------------------------


def test_a_follower_that_joins_a_stable_group_without_news_gets_the_generation() -> None:
    d = Driver()
    _, follower = d.stable(2)
    (again,) = d.joined(d.join(follower.member_id))
    assert again == follower
    assert d.state() == "Stable"


def test_a_follower_with_other_metadata_starts_a_rebalance() -> None:
    d = Driver()
    leader, follower = d.stable(2)
    ticket = d.join(follower.member_id, protocols=(JoinProtocol("range", b"\0\0\0\0\0\0"),))
    assert d.answer(ticket) is PARKED
    assert d.heartbeat(leader) is ErrorCode.REBALANCE_IN_PROGRESS
    again = d.join(leader.member_id)
    (result,) = d.joined(again)
    assert result.generation == 2
    assert result.members[1].metadata == b"\0\0\0\0\0\0"


def test_a_leader_that_joins_a_stable_group_starts_a_rebalance() -> None:
    d = Driver()
    leader, _ = d.stable(2)
    assert d.answer(d.join(leader.member_id)) is PARKED
    assert d.state() == "PreparingRebalance"


def test_joining_again_while_the_leader_assigns_gets_the_same_answer() -> None:
    d = Driver()
    tickets = [d.join(), d.join()]
    d.advance(0)
    leader, follower = d.joined(*tickets)
    assert d.joined(d.join(leader.member_id)) == [leader]
    assert d.joined(d.join(follower.member_id)) == [follower]


def test_joining_with_other_metadata_while_the_leader_assigns_starts_over() -> None:
    d = Driver()
    tickets = [d.join(), d.join()]
    d.advance(0)
    leader, follower = d.joined(*tickets)
    waiting = d.sync(follower)
    ticket = d.join(leader.member_id, protocols=(JoinProtocol("range", b"\0\0\0\0\0\0"),))
    assert d.answer(waiting).error is ErrorCode.REBALANCE_IN_PROGRESS
    assert d.answer(ticket) is PARKED


def test_a_second_join_of_the_same_member_answers_the_first() -> None:
    """The client gave its connection up and came back; Kafka never answers the first."""
    d = Driver()
    leader, follower = d.stable(2)
    first = d.join(leader.member_id)
    second = d.join(leader.member_id)
    assert error_of(d, first) is ErrorCode.REBALANCE_IN_PROGRESS
    assert d.answer(second) is PARKED
    third = d.join(follower.member_id)
    d.joined(second, third)


def test_a_member_of_a_group_that_is_empty_is_unknown() -> None:
    d = Driver()
    (joined,) = d.stable()
    d.leave(joined.member_id)
    assert error_of(d, d.join(joined.member_id)) is ErrorCode.UNKNOWN_MEMBER_ID


# --- group.max.size (KIP-389) ---------------------------------------------------------------------------------------


def test_kip_389_a_full_group_takes_no_new_members() -> None:
    d = Driver(max_size=2)
    d.stable(2)
    assert d.answer(d.join()) == JoinResult(ErrorCode.GROUP_MAX_SIZE_REACHED, "")
    assert d.state() == "Stable"


def test_kip_389_while_joining_those_that_wait_are_counted() -> None:
    d = Driver(max_size=2, initial_rebalance_delay_ms=3_000)
    tickets = [d.join(), d.join()]
    assert error_of(d, d.join()) is ErrorCode.GROUP_MAX_SIZE_REACHED
    d.advance(6_000)
    d.joined(*tickets)


def test_kip_389_a_loaded_group_over_a_lowered_limit_rebalances_and_loses_the_last() -> None:
    big = Driver()
    members = big.stable(3)
    d = restart_with(big, max_size=2)
    assert d.state() == "PreparingRebalance"
    tickets = [d.join(m.member_id) for m in members]
    assert error_of(d, tickets[2]) is ErrorCode.GROUP_MAX_SIZE_REACHED
    assert len(d.joined(*tickets[:2])) == 2, "nobody is missing any more, so nobody waits"


def restart_with(d: Driver, **limits: int) -> Driver:
    d.rules = Driver(**limits).rules
    return d.restart()
