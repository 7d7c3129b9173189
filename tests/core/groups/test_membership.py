"""SyncGroup, Heartbeat, LeaveGroup, sessions and timeouts. Each test names its rule."""

from __future__ import annotations

import pytest

from pykbroker.core.groups.commands import (
    DeleteOffsets,
    Heartbeat,
    JoinResult,
    Leave,
    LeaveResult,
    LeavingMember,
    LeftMember,
    Sync,
    SyncResult,
)
from tests.core.groups.driver import GROUP, PARKED, RANGE, Driver
from wire.errors import ErrorCode


def assigning(d: Driver, count: int = 2) -> list[JoinResult]:
    """A group whose leader works out who gets what."""
    tickets = [d.join() for _ in range(count)]
    d.advance(0)
    return d.joined(*tickets)


# --- SyncGroup ------------------------------------------------------------------------------------------------------


def test_followers_wait_for_the_leader_and_everybody_gets_theirs() -> None:
    d = Driver()
    leader, follower = assigning(d)
    waiting = d.sync(follower)
    assert d.answer(waiting) is PARKED
    result = d.answer(d.sync(leader, {leader.member_id: b"1", follower.member_id: b"2"}))
    assert result == SyncResult(ErrorCode.NONE, "consumer", "range", b"1")
    assert d.answer(waiting) == SyncResult(ErrorCode.NONE, "consumer", "range", b"2")
    assert d.state() == "Stable"


def test_a_follower_that_comes_late_gets_its_assignment_at_once() -> None:
    d = Driver()
    leader, follower = assigning(d)
    d.sync(leader, {follower.member_id: b"2"})
    assert d.answer(d.sync(follower)).assignment == b"2"


def test_a_member_that_the_leader_forgot_gets_an_empty_assignment() -> None:
    d = Driver()
    leader, follower = assigning(d)
    d.sync(leader, {"somebody else": b"x"})
    assert d.answer(d.sync(follower)) == SyncResult(ErrorCode.NONE, "consumer", "range", b"")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"member_id": "nobody"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"member_id": "nobody", "generation": 7}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"generation": 7}, ErrorCode.ILLEGAL_GENERATION),
        ({"generation": 7, "protocol_name": "other"}, ErrorCode.ILLEGAL_GENERATION),
        ({"protocol_type": "connect"}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"protocol_name": "other"}, ErrorCode.INCONSISTENT_GROUP_PROTOCOL),
        ({"instance_id": "i"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"protocol_name": None, "protocol_type": None}, ErrorCode.NONE),
    ],
)
def test_the_checks_of_a_sync_in_their_order(changes: dict[str, object], error: ErrorCode) -> None:
    """Who, then which generation, then which protocol (KIP-559; clients before v5 name none)."""
    d = Driver()
    (joined,) = d.stable()
    assert d.answer(d.sync(joined, **changes)).error is error


@pytest.mark.parametrize(
    ("group_id", "error"), [("", ErrorCode.INVALID_GROUP_ID), ("x", ErrorCode.UNKNOWN_MEMBER_ID)]
)
def test_a_sync_to_no_group(group_id: str, error: ErrorCode) -> None:
    command = Sync(group_id, "m", None, 1, None, None, {})
    assert Driver().tell(command) == SyncResult(error)


def test_a_sync_while_members_join_is_sent_back() -> None:
    d = Driver()
    leader, follower = d.stable(2)
    d.join(leader.member_id)
    assert d.answer(d.sync(follower)).error is ErrorCode.REBALANCE_IN_PROGRESS


def test_a_second_sync_of_the_same_member_answers_the_first() -> None:
    d = Driver()
    leader, follower = assigning(d)
    first = d.sync(follower)
    second = d.sync(follower)
    assert d.answer(first).error is ErrorCode.REBALANCE_IN_PROGRESS
    d.sync(leader, {follower.member_id: b"2"})
    assert d.answer(second).assignment == b"2"


def test_an_assignment_that_fits_no_batch_fails_the_generation() -> None:
    """Kafka: RECORD_LIST_TOO_LARGE when storing becomes UNKNOWN_SERVER_ERROR for all, and a new rebalance."""
    d = Driver(max_batch_bytes=10_000)
    leader, follower = assigning(d)
    waiting = d.sync(follower)
    result = d.answer(d.sync(leader, {leader.member_id: bytes(10_000)}))
    assert result.error is ErrorCode.UNKNOWN_SERVER_ERROR
    assert d.answer(waiting).error is ErrorCode.UNKNOWN_SERVER_ERROR
    assert d.state() == "PreparingRebalance"
    assert d.log == []


# --- Heartbeat ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (Heartbeat("", "m", None, 1), ErrorCode.INVALID_GROUP_ID),
        (Heartbeat("other", "m", None, 1), ErrorCode.UNKNOWN_MEMBER_ID),
        (Heartbeat(GROUP, "m", None, 1), ErrorCode.UNKNOWN_MEMBER_ID),
        (Heartbeat(GROUP, "m", "i", 7), ErrorCode.UNKNOWN_MEMBER_ID),
    ],
)
def test_a_heartbeat_of_nobody(command: Heartbeat, error: ErrorCode) -> None:
    d = Driver()
    d.stable()
    assert d.tell(command) is error


def test_a_heartbeat_of_another_generation_is_illegal() -> None:
    d = Driver()
    (joined,) = d.stable()
    assert d.tell(Heartbeat(GROUP, joined.member_id, None, 2)) is ErrorCode.ILLEGAL_GENERATION
    assert d.tell(Heartbeat(GROUP, joined.member_id, None, -1)) is ErrorCode.ILLEGAL_GENERATION


def test_a_heartbeat_while_the_leader_assigns_is_fine() -> None:
    d = Driver()
    leader, follower = assigning(d)
    assert d.heartbeat(leader) is ErrorCode.NONE
    assert d.heartbeat(follower) is ErrorCode.NONE


def test_heartbeats_keep_a_session_and_silence_ends_it() -> None:
    d = Driver()
    (joined,) = d.stable()
    for _ in range(5):
        d.advance(9_999)
        assert d.heartbeat(joined) is ErrorCode.NONE
    d.advance(10_000)
    assert d.heartbeat(joined) is ErrorCode.UNKNOWN_MEMBER_ID
    assert d.state() == "Empty"


def test_heartbeats_while_members_join_keep_the_session_too() -> None:
    d = Driver()
    leader, follower = d.stable(2)
    ticket = d.join(leader.member_id)
    for _ in range(5):
        d.advance(9_000)
        assert d.heartbeat(follower) is ErrorCode.REBALANCE_IN_PROGRESS
    again = d.join(follower.member_id)
    d.joined(ticket, again)


def test_the_end_of_a_session_starts_a_rebalance_of_the_others() -> None:
    d = Driver()
    leader, follower = d.stable(2)
    d.advance(5_000)
    d.heartbeat(follower)
    d.advance(5_000)
    assert d.heartbeat(follower) is ErrorCode.REBALANCE_IN_PROGRESS
    (joined,) = d.joined(d.join(follower.member_id))
    assert joined.leader == follower.member_id
    assert d.heartbeat(leader) is ErrorCode.UNKNOWN_MEMBER_ID


# --- LeaveGroup -----------------------------------------------------------------------------------------------------


def test_leaving_starts_a_rebalance_of_the_others() -> None:
    d = Driver()
    leader, follower = d.stable(2)
    assert d.leave(leader.member_id).members == (LeftMember(leader.member_id, None, ErrorCode.NONE),)
    assert d.heartbeat(follower) is ErrorCode.REBALANCE_IN_PROGRESS


def test_many_leave_in_one_request_each_with_its_own_answer() -> None:
    d = Driver()
    first, second, third = d.stable(3)
    result = d.leave(first.member_id, "nobody", second.member_id)
    assert [m.error for m in result.members] == [
        ErrorCode.NONE,
        ErrorCode.UNKNOWN_MEMBER_ID,
        ErrorCode.NONE,
    ]
    d.joined(d.join(third.member_id))
    assert d.generation() == 2, "one rebalance for both"


def test_the_last_one_to_leave_makes_the_group_empty() -> None:
    d = Driver()
    (joined,) = d.stable()
    d.leave(joined.member_id)
    assert d.state() == "Empty"
    assert d.generation() == 2


def test_nobody_left_so_nothing_happens() -> None:
    d = Driver()
    d.stable()
    d.leave("nobody")
    assert d.state() == "Stable"


@pytest.mark.parametrize(
    ("group_id", "result"),
    [
        ("", LeaveResult(ErrorCode.INVALID_GROUP_ID)),
        ("x", LeaveResult(ErrorCode.NONE, (LeftMember("m", None, ErrorCode.UNKNOWN_MEMBER_ID),))),
    ],
)
def test_leaving_no_group(group_id: str, result: LeaveResult) -> None:
    assert Driver().tell(Leave(group_id, (LeavingMember("m"),))) == result


@pytest.mark.parametrize(
    ("command", "result"),
    [
        (Heartbeat("", "m", None, 1), ErrorCode.INVALID_GROUP_ID),
        (Sync("", "m", None, 1, None, None, {}), SyncResult(ErrorCode.INVALID_GROUP_ID)),
        (Leave("", (LeavingMember("m"),)), LeaveResult(ErrorCode.INVALID_GROUP_ID)),
        (DeleteOffsets("", (("t", (0,)),)), ErrorCode.INVALID_GROUP_ID),
    ],
)
def test_an_empty_group_id_has_offsets_but_no_members(command: object, result: object) -> None:
    """Kafka: GroupCoordinatorService.isGroupIdNotEmpty, which commits and fetches alone do not ask."""
    d = Driver()
    assert d.commit(5, group_id="") == [ErrorCode.NONE]
    assert d.tell(command) == result


def test_a_member_that_leaves_while_its_sync_waits_is_answered() -> None:
    """Kafka never answers that SyncGroup."""
    d = Driver()
    _, follower = assigning(d)
    waiting = d.sync(follower)
    d.leave(follower.member_id)
    assert d.answer(waiting).error is ErrorCode.UNKNOWN_MEMBER_ID


def test_a_member_that_leaves_while_its_join_waits_is_answered_and_ends_the_wait() -> None:
    d = Driver()
    leader, follower = d.stable(2)
    first = d.join(leader.member_id)
    d.leave(follower.member_id)
    d.joined(first)
    assert d.generation() == 2


def test_a_pending_id_can_leave() -> None:
    d = Driver()
    ticket = d.join(requires_known_id=True)
    member_id = d.answer(ticket).member_id
    assert d.leave(member_id).members[0].error is ErrorCode.NONE
    assert d.state() == "Dead"
    assert not [key for key in d.timers if key[0] == "session"]


# --- timeouts of a rebalance ----------------------------------------------------------------------------------------


def test_dynamic_members_that_do_not_join_within_the_rebalance_timeout_are_out() -> None:
    d = Driver()
    leader, follower = d.stable(2, session_timeout_ms=100_000)
    ticket = d.join(leader.member_id, session_timeout_ms=100_000)
    d.advance(59_999)
    assert d.answer(ticket) is PARKED
    d.advance(1)
    (joined,) = d.joined(ticket)
    assert [m.member_id for m in joined.members] == [leader.member_id]
    assert d.heartbeat(follower) is ErrorCode.UNKNOWN_MEMBER_ID


def test_the_longest_rebalance_timeout_of_the_members_counts() -> None:
    d = Driver()
    tickets = [d.join(rebalance_timeout_ms=t, session_timeout_ms=100_000) for t in (10_000, 20_000)]
    d.advance(0)
    leader, follower = d.joined(*tickets)
    d.sync(leader, {})
    d.sync(follower)
    ticket = d.join(leader.member_id, rebalance_timeout_ms=10_000)
    d.advance(19_999)
    assert d.answer(ticket) is PARKED
    d.advance(1)
    d.joined(ticket)


def test_a_leader_that_does_not_join_in_time_is_replaced() -> None:
    d = Driver()
    leader, follower = d.stable(2, session_timeout_ms=100_000)
    ticket = d.join(follower.member_id, protocols=(RANGE[0]._replace(metadata=b"\0\0\0\0\0\0"),))
    d.advance(60_000)
    (joined,) = d.joined(ticket)
    assert joined.leader == follower.member_id != leader.member_id


def test_a_member_that_waits_in_a_join_has_no_session_to_lose() -> None:
    d = Driver()
    leader, follower = d.stable(2, session_timeout_ms=6_000)
    ticket = d.join(leader.member_id, session_timeout_ms=6_000)
    for _ in range(6):
        d.advance(5_000)
        d.heartbeat(follower)
    assert d.answer(ticket) is PARKED
    d.joined(ticket, d.join(follower.member_id))


def test_a_new_member_that_waits_too_long_in_its_first_join_is_sent_away() -> None:
    """Its client may be gone, and it cannot heartbeat; Kafka's limit is five minutes."""
    d = Driver()
    (leader,) = d.stable(1, rebalance_timeout_ms=1_000_000)
    ticket = d.join(rebalance_timeout_ms=1_000_000)
    for _ in range(60):
        d.heartbeat(leader)
        d.advance(5_000)
    assert d.answer(ticket).error is ErrorCode.UNKNOWN_MEMBER_ID


def test_kafka_13435_members_that_do_not_sync_in_time_are_out() -> None:
    d = Driver()
    tickets = [d.join(session_timeout_ms=200_000) for _ in range(2)]
    d.advance(0)
    leader, follower = d.joined(*tickets)
    d.sync(leader, {})
    d.advance(59_999)
    assert d.state() == "Stable"
    d.advance(1)
    assert d.state() == "PreparingRebalance"
    assert d.heartbeat(leader) is ErrorCode.REBALANCE_IN_PROGRESS
    assert d.heartbeat(follower) is ErrorCode.UNKNOWN_MEMBER_ID


def test_kafka_13435_a_leader_that_does_not_sync_in_time_is_out_and_its_followers_are_sent_back() -> None:
    d = Driver()
    tickets = [d.join(session_timeout_ms=200_000) for _ in range(2)]
    d.advance(0)
    leader, follower = d.joined(*tickets)
    waiting = d.sync(follower)
    d.advance(60_000)
    assert d.answer(waiting).error is ErrorCode.REBALANCE_IN_PROGRESS
    (joined,) = d.joined(d.join(follower.member_id))
    assert joined.leader == follower.member_id
    assert d.heartbeat(leader) is ErrorCode.UNKNOWN_MEMBER_ID


def test_all_have_synced_so_nobody_is_thrown_out() -> None:
    d = Driver()
    d.stable(2, session_timeout_ms=1_000_000)
    d.advance(500_000)
    assert d.state() == "Stable"


def test_the_session_of_a_member_begins_when_its_sync_is_answered() -> None:
    d = Driver()
    leader, follower = assigning(d)
    d.sync(follower)
    for _ in range(5):
        d.advance(5_000)
        d.heartbeat(leader)
    d.sync(leader, {})
    d.advance(9_999)
    assert d.heartbeat(follower) is ErrorCode.NONE
