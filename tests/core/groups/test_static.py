"""Static members: group.instance.id (KIP-345) and the leader that skips its assignment (KIP-814)."""

from __future__ import annotations

import pytest

from pykbroker.core.groups.commands import Heartbeat, JoinedMember, JoinProtocol, JoinResult, LeavingMember
from tests.core.groups.driver import GROUP, PARKED, RANGE, Driver
from wire.errors import ErrorCode


def static_pair(d: Driver) -> tuple[JoinResult, JoinResult]:
    """A stable group of the static members a (leader) and b."""
    tickets = [d.join(instance_id="a"), d.join(instance_id="b")]
    d.advance(0)
    leader, follower = d.joined(*tickets)
    d.sync(follower, instance_id="b")
    d.sync(leader, {leader.member_id: b"A", follower.member_id: b"B"}, instance_id="a")
    assert d.state() == "Stable"
    return leader, follower


def test_a_static_member_needs_no_second_join_for_its_id() -> None:
    d = Driver()
    ticket = d.join(instance_id="i", requires_known_id=True, fresh_uuid="u")
    d.advance(0)
    (joined,) = d.joined(ticket)
    assert joined.member_id == "i-u", "the id is made from the instance id"


def test_kip_345_a_follower_that_restarts_takes_its_place_without_a_rebalance() -> None:
    d = Driver()
    leader, old = static_pair(d)
    (new,) = d.joined(d.join(instance_id="b"))
    assert new.member_id != old.member_id
    assert new == JoinResult(ErrorCode.NONE, new.member_id, 1, "consumer", "range", leader.member_id)
    assert d.state() == "Stable"
    assert d.answer(d.sync(new, instance_id="b")).assignment == b"B"
    assert d.heartbeat(leader, "a") is ErrorCode.NONE


def test_kip_345_the_former_self_is_fenced() -> None:
    d = Driver()
    _, old = static_pair(d)
    d.join(instance_id="b")
    assert d.heartbeat(old, "b") is ErrorCode.FENCED_INSTANCE_ID
    assert d.heartbeat(old) is ErrorCode.UNKNOWN_MEMBER_ID
    assert d.answer(d.sync(old, instance_id="b")).error is ErrorCode.FENCED_INSTANCE_ID
    assert d.answer(d.join(old.member_id, instance_id="b")) == JoinResult(
        ErrorCode.FENCED_INSTANCE_ID, old.member_id
    )
    assert d.commit(1, old, instance_id="b") is ErrorCode.FENCED_INSTANCE_ID
    assert d.leave(LeavingMember(old.member_id, "b")).members[0].error is ErrorCode.FENCED_INSTANCE_ID


def test_an_instance_id_that_the_group_does_not_have_is_unknown() -> None:
    d = Driver()
    leader, _ = static_pair(d)
    assert d.heartbeat(leader, "c") is ErrorCode.UNKNOWN_MEMBER_ID


def test_kip_345_the_new_member_id_survives_a_restart_of_the_broker() -> None:
    d = Driver()
    static_pair(d)
    (new,) = d.joined(d.join(instance_id="b"))
    restarted = d.restart()
    assert restarted.heartbeat(new, "b") is ErrorCode.NONE


def test_kip_814_a_leader_that_restarts_is_told_to_skip_the_assignment() -> None:
    d = Driver()
    _, follower = static_pair(d)
    (new,) = d.joined(d.join(instance_id="a"))
    assert new.skip_assignment
    assert new.leader == new.member_id
    assert new.members == (
        JoinedMember(new.member_id, "a", RANGE[0].metadata),
        JoinedMember(follower.member_id, "b", RANGE[0].metadata),
    )


def test_before_v9_a_leader_that_restarts_is_told_its_former_id_as_the_leader() -> None:
    """So it takes itself for a follower, and does not assign."""
    d = Driver()
    old, _ = static_pair(d)
    (new,) = d.joined(d.join(instance_id="a", skips_assignment=False))
    assert (new.leader, new.members, new.skip_assignment) == (old.member_id, (), False)


def test_a_restart_that_changes_the_protocol_of_the_group_rebalances() -> None:
    d = Driver()
    both = (JoinProtocol("x", b""), JoinProtocol("y", b""))
    tickets = [d.join(instance_id=i, protocols=both) for i in "ab"]
    d.advance(0)
    leader, follower = d.joined(*tickets)
    d.sync(leader, {}, instance_id="a")
    ticket = d.join(instance_id="b", protocols=both[1:])
    assert d.answer(ticket) is PARKED
    assert d.heartbeat(leader, "a") is ErrorCode.REBALANCE_IN_PROGRESS
    again = d.join(leader.member_id, instance_id="a", protocols=both)
    assert {r.protocol_name for r in d.joined(ticket, again)} == {"y"}
    assert follower.protocol_name == "x"


def test_a_restart_while_the_leader_assigns_starts_over() -> None:
    d = Driver()
    tickets = [d.join(instance_id=i) for i in "ab"]
    d.advance(0)
    leader, follower = d.joined(*tickets)
    waiting = d.sync(follower, instance_id="b")
    ticket = d.join(instance_id="b")
    assert d.answer(waiting).error is ErrorCode.FENCED_INSTANCE_ID
    assert d.answer(ticket) is PARKED
    assert d.answer(d.sync(leader, instance_id="a")).error is ErrorCode.REBALANCE_IN_PROGRESS


def test_a_restart_while_members_join_fences_the_join_that_waits() -> None:
    d = Driver()
    leader, _ = static_pair(d)
    first = d.join(leader.member_id, instance_id="a")
    second = d.join(instance_id="a")
    assert d.answer(first).error is ErrorCode.FENCED_INSTANCE_ID
    assert d.answer(second) is PARKED
    third = d.join(instance_id="b")
    d.joined(second, third)


def test_a_static_member_that_does_not_join_in_time_stays_until_its_session_ends() -> None:
    d = Driver()
    leader, follower = static_pair(d)
    d.advance(5_000)
    ticket = d.join(leader.member_id, instance_id="a", session_timeout_ms=300_000)
    d.heartbeat(follower, "b")
    for _ in range(11):
        d.advance(5_000)
        d.tell(Heartbeat(GROUP, follower.member_id, "b", 1))
    d.advance(5_000)
    (joined,) = d.joined(ticket)
    assert {m.instance_id for m in joined.members} == {"a", "b"}


def test_only_static_members_are_left_and_none_has_joined_so_the_group_waits_on() -> None:
    d = Driver()
    ticket = d.join(instance_id="a", session_timeout_ms=200_000)
    other = d.join(fresh_uuid="dyn")
    d.advance(0)
    leader, dynamic = d.joined(ticket, other)
    d.sync(leader, {}, instance_id="a")
    assert dynamic.member_id == "client-dyn"
    d.leave(dynamic.member_id)
    assert d.state() == "PreparingRebalance"
    d.advance(60_000)
    assert d.state() == "PreparingRebalance", (
        "the rebalance timeout is over, but nobody is there to go on with"
    )
    d.joined(d.join(leader.member_id, instance_id="a"))
    assert d.generation() == 2


def test_an_administrator_removes_a_static_member_by_its_instance_id() -> None:
    d = Driver()
    leader, follower = static_pair(d)
    result = d.leave(LeavingMember("", "b"), LeavingMember("", "nobody"), LeavingMember(""))
    assert [m.error for m in result.members] == [
        ErrorCode.NONE,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.UNKNOWN_MEMBER_ID,
    ]
    assert d.heartbeat(leader, "a") is ErrorCode.REBALANCE_IN_PROGRESS
    assert d.heartbeat(follower) is ErrorCode.UNKNOWN_MEMBER_ID


@pytest.mark.parametrize("who", ["a", "b"])
def test_a_static_member_that_restarts_before_it_synced_is_not_thrown_out_for_its_former_id(who: str) -> None:
    d = Driver()
    tickets = [d.join(instance_id=i) for i in "ab"]
    d.advance(0)
    leader, _ = d.joined(*tickets)
    d.sync(leader, {}, instance_id="a")
    (new,) = d.joined(d.join(instance_id=who))
    d.sync(new, instance_id=who)
    d.sync(d.joined(d.join(instance_id="b"))[0], instance_id="b")
    for _ in range(20):
        d.advance(5_000)
        for instance_id, member_id in d.machine.groups[GROUP].static_ids.items():
            assert d.tell(Heartbeat(GROUP, member_id, instance_id, 1)) is ErrorCode.NONE
