"""Committed offsets: commit, fetch, delete, expire. Each test names its rule."""

from __future__ import annotations

import pytest

from pykbroker.core.groups.commands import (
    DeleteGroup,
    DeleteOffsets,
    DescribeGroup,
    FetchedOffset,
    FetchOffsets,
    Heartbeat,
    JoinProtocol,
    Leave,
    LeavingMember,
    OffsetToCommit,
    TopicsDeleted,
)
from tests.core.groups.driver import GROUP, Driver
from wire.errors import ErrorCode

OK = [ErrorCode.NONE]
DAY_MS = 24 * 60 * 60_000


# --- commit ---------------------------------------------------------------------------------------------------------


def test_a_member_commits_and_anybody_may_fetch() -> None:
    d = Driver()
    (joined,) = d.stable()
    offsets = (OffsetToCommit("t", 0, 5, 3, "note"), OffsetToCommit("u", 7, 9, metadata=None))
    assert d.commit(0, joined, offsets=offsets) == [ErrorCode.NONE] * 2
    asked = FetchOffsets(GROUP, (("u", (7, 8)), ("t", (0,))))
    assert d.tell(asked) == [
        FetchedOffset("u", 7, 9, -1, ""),
        FetchedOffset("u", 8, -1, -1, ""),
        FetchedOffset("t", 0, 5, 3, "note"),
    ]
    assert d.tell(FetchOffsets(GROUP, None)) == [
        FetchedOffset("t", 0, 5, 3, "note"),
        FetchedOffset("u", 7, 9, -1, ""),
    ]


def test_a_group_that_nobody_knows_has_committed_nothing() -> None:
    d = Driver()
    assert d.tell(FetchOffsets("x", (("t", (0,)),))) == [FetchedOffset("t", 0)]
    assert d.tell(FetchOffsets("x", None)) == []


def test_a_consumer_without_group_management_commits_to_an_empty_group_of_its_own() -> None:
    d = Driver()
    assert d.commit(5) == OK
    assert d.committed() == 5
    assert d.state() == "Empty"


def test_the_empty_group_id_may_commit() -> None:
    """Old clients did; only membership demands a name."""
    d = Driver()
    assert d.commit(5, group_id="") == OK


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({}, ErrorCode.NONE),
        ({"member_id": "nobody"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"member_id": "nobody", "generation": 9}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"generation": 9}, ErrorCode.ILLEGAL_GENERATION),
        ({"generation": -1}, ErrorCode.ILLEGAL_GENERATION),
        ({"instance_id": "i"}, ErrorCode.UNKNOWN_MEMBER_ID),
        ({"generation": -1, "member_id": ""}, ErrorCode.UNKNOWN_MEMBER_ID),
    ],
)
def test_who_may_commit_to_a_group_with_members(changes: dict[str, object], error: ErrorCode) -> None:
    d = Driver()
    (joined,) = d.stable()
    assert d.commit(5, joined, **changes) == (OK if error is ErrorCode.NONE else error)


def test_a_member_of_a_group_that_nobody_knows_must_not_commit() -> None:
    d = Driver()
    assert d.commit(5, generation=1, member_id="m") is ErrorCode.ILLEGAL_GENERATION
    v9 = d.commit(5, generation=1, member_id="m", unknown_group=ErrorCode.GROUP_ID_NOT_FOUND)
    assert v9 is ErrorCode.GROUP_ID_NOT_FOUND


def test_commits_of_the_last_generation_are_taken_while_members_join() -> None:
    d = Driver()
    leader, follower = d.stable(2)
    d.join(leader.member_id)
    assert d.commit(5, follower) == OK


def test_no_commit_while_the_leader_assigns() -> None:
    d = Driver()
    ticket = d.join()
    d.advance(0)
    (joined,) = d.joined(ticket)
    assert d.commit(5, joined) is ErrorCode.REBALANCE_IN_PROGRESS


def test_a_commit_keeps_the_session() -> None:
    d = Driver()
    (joined,) = d.stable()
    for offset in range(5):
        d.advance(9_000)
        assert d.commit(offset, joined) == OK


def test_metadata_that_is_too_large_fails_its_own_partition_only() -> None:
    d = Driver(offset_metadata_max_bytes=10)
    offsets = (OffsetToCommit("t", 0, 1, metadata="x" * 11), OffsetToCommit("t", 1, 1, metadata="x" * 10))
    assert d.commit(0, offsets=offsets) == [ErrorCode.OFFSET_METADATA_TOO_LARGE, ErrorCode.NONE]
    assert (d.committed(partition=0), d.committed(partition=1)) == (-1, 1)


def test_a_commit_that_fits_no_batch_is_refused_whole() -> None:
    d = Driver(max_batch_bytes=10_000)
    offsets = tuple(OffsetToCommit("t", i, i) for i in range(100))
    assert d.commit(0, offsets=offsets) is ErrorCode.INVALID_COMMIT_OFFSET_SIZE
    assert d.log == []


def test_offsets_of_the_group_without_a_name_do_not_make_it_one() -> None:
    """Who commits without a group gets its offsets kept; every question about members is refused as before."""
    d = Driver()
    assert d.commit(5, group_id="") == OK
    assert d.tell(Heartbeat("", "m", None, 1)) is ErrorCode.INVALID_GROUP_ID
    assert d.tell(DeleteOffsets("", (("t", (0,)),))) is ErrorCode.INVALID_GROUP_ID
    assert d.tell(Leave("", (LeavingMember("m", None),))).error is ErrorCode.INVALID_GROUP_ID
    joined = d.answer(d.join(group_id=""))
    assert joined.error is ErrorCode.INVALID_GROUP_ID
    assert d.answer(d.sync(joined, group_id="")).error is ErrorCode.INVALID_GROUP_ID


# --- delete ---------------------------------------------------------------------------------------------------------


def delete(d: Driver, *topics: str, group_id: str = GROUP) -> ErrorCode | list[ErrorCode]:
    result: ErrorCode | list[ErrorCode] = d.tell(DeleteOffsets(group_id, tuple((t, (0,)) for t in topics)))
    return result


def test_kip_496_offsets_of_topics_that_the_group_reads_stay() -> None:
    d = Driver()
    (joined,) = d.stable()  # subscribed to t
    d.commit(1, joined)
    d.commit(2, joined, topic="u")
    assert delete(d, "t", "u", "v") == [
        ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC,
        ErrorCode.NONE,
        ErrorCode.NONE,
    ]
    assert (d.committed("t"), d.committed("u")) == (1, -1)


def test_kip_496_a_consumer_group_whose_metadata_we_cannot_read_counts_as_subscribed_to_all() -> None:
    d = Driver()
    (joined,) = d.stable(protocols=(JoinProtocol("range", b"\0\0\0\0\0\5garbage"),))
    d.commit(1, joined)
    assert delete(d, "t") == [ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC]


def test_kip_496_groups_of_other_types_must_be_empty() -> None:
    d = Driver()
    (joined,) = d.stable(protocol_type="connect")
    assert delete(d, "t") is ErrorCode.NON_EMPTY_GROUP
    d.leave(joined.member_id)
    d.commit(1)
    assert delete(d, "t") == OK


@pytest.mark.parametrize(
    ("group_id", "error"), [("", ErrorCode.INVALID_GROUP_ID), ("x", ErrorCode.GROUP_ID_NOT_FOUND)]
)
def test_kip_496_no_such_group(group_id: str, error: ErrorCode) -> None:
    assert delete(Driver(), "t", group_id=group_id) is error


def test_kip_229_an_empty_group_is_deleted_with_its_offsets() -> None:
    d = Driver()
    (joined,) = d.stable()
    d.commit(1, joined)
    assert d.tell(DeleteGroup(GROUP)) is ErrorCode.NON_EMPTY_GROUP
    d.leave(joined.member_id)
    assert d.tell(DeleteGroup(GROUP)) is ErrorCode.NONE
    assert (d.state(), d.committed()) == ("Dead", -1)
    assert d.tell(DeleteGroup(GROUP)) is ErrorCode.GROUP_ID_NOT_FOUND
    assert d.restart().machine.durable() == ({}, {})


def test_offsets_of_deleted_topics_go() -> None:
    d = Driver()
    (joined,) = d.stable()
    d.commit(1, joined)
    d.commit(2, joined, topic="u")
    d.commit(3, topic="t", group_id="simple")
    d.hear(TopicsDeleted(frozenset({"t", "never committed"})))
    assert (d.committed("t"), d.committed("u")) == (-1, 2)


@pytest.mark.parametrize("gone", ["offsets deleted", "topic deleted"])
def test_a_group_outlives_its_last_offset_until_groups_are_next_looked_over(gone: str) -> None:
    """As in Kafka: who deletes a group's offsets may delete the group after them."""
    d = Driver()
    d.commit(5)
    if gone == "offsets deleted":
        assert delete(d, "t") == OK
    else:
        d.hear(TopicsDeleted(frozenset({"t"})))
    assert d.tell(DescribeGroup(GROUP)).state == "Empty"
    d.advance(d.rules.offsets_check_interval_ms)
    assert d.tell(DescribeGroup(GROUP)) is None


def test_a_group_without_offsets_is_not_there_after_a_restart() -> None:
    d = Driver()
    d.commit(5)
    assert delete(d, "t") == OK
    assert d.restart().tell(DescribeGroup(GROUP)) is None


def test_a_group_without_offsets_can_be_deleted() -> None:
    d = Driver()
    d.commit(5)
    assert delete(d, "t") == OK
    assert d.tell(DeleteGroup(GROUP)) is ErrorCode.NONE
    assert d.tell(DeleteGroup(GROUP)) is ErrorCode.GROUP_ID_NOT_FOUND


# --- expiry (KIP-211) -----------------------------------------------------------------------------------------------


def test_kip_211_offsets_of_a_simple_group_count_from_their_commit() -> None:
    d = Driver()
    d.commit(1)
    d.advance(4 * DAY_MS)
    d.commit(2, topic="u")
    d.advance(4 * DAY_MS)
    assert (d.committed("t"), d.committed("u")) == (-1, 2)
    d.advance(4 * DAY_MS)
    assert d.state() == "Dead"
    assert not d.timers, "nothing is left to wake up for"


def test_kip_211_offsets_of_a_group_count_from_when_it_became_empty() -> None:
    d = Driver()
    (joined,) = d.stable(session_timeout_ms=1_800_000)
    d.commit(1, joined)
    for _ in range(8 * 96):
        d.advance(DAY_MS // 96)
        d.heartbeat(joined)
    d.leave(joined.member_id)
    d.advance(7 * DAY_MS - 1)
    assert d.committed() == 1
    d.advance(600_000 + 1)
    assert d.state() == "Dead"
    assert d.restart().machine.durable() == ({}, {})


def test_kip_211_the_time_of_becoming_empty_survives_a_restart() -> None:
    d = Driver()
    (joined,) = d.stable()
    d.commit(1, joined)
    d.leave(joined.member_id)
    d.advance(4 * DAY_MS)
    d = d.restart()
    d.advance(3 * DAY_MS - 1)
    assert d.committed() == 1
    d.advance(600_000 + 1)
    assert d.committed() == -1


def test_kip_211_a_working_group_keeps_what_it_reads_and_loses_what_it_no_longer_reads() -> None:
    d = Driver()
    (joined,) = d.stable(session_timeout_ms=1_800_000)
    d.commit(1, joined)
    d.commit(2, joined, topic="u")
    for _ in range(8 * 96):
        d.advance(DAY_MS // 96)
        d.tell(Heartbeat(GROUP, joined.member_id, None, 1))
    assert (d.committed("t"), d.committed("u")) == (1, -1)


def test_an_old_clients_own_retention_counts_from_its_commit() -> None:
    d = Driver()
    d.commit(1, retention_ms=DAY_MS)
    d = d.restart()
    d.advance(DAY_MS - 1)
    assert d.committed() == 1
    d.advance(600_000)
    assert d.committed() == -1


def test_an_old_clients_own_commit_time_counts() -> None:
    d = Driver()
    d.now_ms = 100 * DAY_MS
    d.commit(0, offsets=(OffsetToCommit("t", 0, 1, timestamp_ms=d.now_ms - 6 * DAY_MS),))
    d.advance(DAY_MS)
    assert d.committed() == -1


def test_an_empty_group_without_offsets_is_forgotten_at_the_next_look() -> None:
    d = Driver()
    (joined,) = d.stable()
    d.leave(joined.member_id)
    d.advance(600_000)
    assert d.state() == "Dead"
    assert d.restart().machine.durable() == ({}, {})


def test_a_group_whose_member_is_about_to_join_is_not_forgotten() -> None:
    d = Driver(max_session_timeout_ms=1_800_000)
    (joined,) = d.stable()
    d.leave(joined.member_id)
    ticket = d.join(requires_known_id=True, session_timeout_ms=1_800_000)
    d.advance(1_200_000)
    again = d.join(d.answer(ticket).member_id)
    d.advance(0)
    d.joined(again)
