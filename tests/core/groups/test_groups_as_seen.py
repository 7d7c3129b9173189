"""DescribeGroups, ListGroups, replay, and the small parts: placement, subscriptions, the table of states."""

from __future__ import annotations

import pytest

from pykbroker.core.groups.commands import (
    DescribedMember,
    DescribeGroup,
    GroupDescription,
    JoinProtocol,
    ListedGroup,
    ListGroups,
)
from pykbroker.core.groups.placement import java_hash, partition_of
from pykbroker.core.groups.states import MOVES, GroupState
from pykbroker.core.groups.subscription import subscribed_topics
from pykbroker.core.machine import IllegalMove, check_move
from tests.core.groups.driver import GROUP, RANGE, Driver
from wire.errors import ErrorCode

# --- describe -------------------------------------------------------------------------------------------------------


def test_a_stable_group_shows_protocol_metadata_and_assignments() -> None:
    d = Driver()
    (joined,) = d.stable()
    member = DescribedMember(joined.member_id, None, "client", "/127.0.0.1", RANGE[0].metadata, b"a0")
    assert d.tell(DescribeGroup(GROUP)) == GroupDescription(GROUP, "Stable", "consumer", "range", (member,))


def test_while_a_group_rebalances_protocol_and_metadata_are_not_settled() -> None:
    d = Driver()
    (joined,) = d.stable()
    d.join(requires_known_id=True)
    d.join(joined.member_id)
    described = d.tell(DescribeGroup(GROUP))
    assert (described.state, described.protocol_name) == ("PreparingRebalance", "")
    assert described.members[0].metadata == b""


def test_an_unknown_group() -> None:
    assert Driver().tell(DescribeGroup("x")) is None


# --- list -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("states", "types", "names"),
    [
        ((), (), ["g", "s"]),
        (("Stable",), (), ["g"]),
        (("STABLE", " empty "), (), ["g", "s"]),
        (("Dead",), (), []),
        (("NoSuchState",), (), []),
        ((), ("Classic",), ["g", "s"]),
        ((), ("consumer",), []),
        ((), ("no such type", "classic"), ["g", "s"]),
        (("stable",), ("classic",), ["g"]),
    ],
)
def test_kip_518_kip_848_filters(states: tuple[str, ...], types: tuple[str, ...], names: list[str]) -> None:
    d = Driver()
    d.stable()
    d.commit(1, group_id="s")
    assert [group.group_id for group in d.tell(ListGroups(states, types))] == names


def test_what_a_list_says_of_a_group() -> None:
    d = Driver()
    d.stable(protocol_type="connect", protocols=(JoinProtocol("v1", b""),))
    d.commit(1, group_id="s")
    assert d.tell(ListGroups()) == [
        ListedGroup("g", "connect", "Stable", "classic"),
        ListedGroup("s", "", "Empty", "classic"),
    ]


# --- replay ---------------------------------------------------------------------------------------------------------


def test_a_restarted_coordinator_goes_on_where_it_was() -> None:
    d = Driver()
    leader, follower = d.stable(2)
    d.commit(7, leader)
    d = d.restart()
    assert d.state() == "Stable"
    assert d.heartbeat(leader) is ErrorCode.NONE
    assert d.answer(d.sync(follower)).assignment == b"a1"
    assert d.committed() == 7
    assert d.commit(8, follower) == [ErrorCode.NONE]


def test_sessions_begin_anew_with_the_coordinator() -> None:
    d = Driver()
    leader, _ = d.stable(2)
    d.advance(9_000)
    d = d.restart()
    d.advance(9_999)
    assert d.heartbeat(leader) is ErrorCode.NONE
    d.advance(1)
    assert d.heartbeat(leader) is ErrorCode.REBALANCE_IN_PROGRESS, "the follower did not come back"


def test_a_rebalance_that_was_under_way_is_forgotten_and_the_members_find_out() -> None:
    d = Driver()
    leader, follower = d.stable(2)
    tickets = [d.join(leader.member_id), d.join(follower.member_id)]
    again, _ = d.joined(*tickets)
    assert again.generation == 2
    d = d.restart()
    assert d.heartbeat(leader) is ErrorCode.NONE, "generation 1 is what is stored"
    assert d.heartbeat(again) is ErrorCode.ILLEGAL_GENERATION


def test_a_group_that_lost_its_members_is_empty_after_a_restart_too() -> None:
    d = Driver()
    (joined,) = d.stable()
    d.leave(joined.member_id)
    d = d.restart()
    assert d.state() == "Empty"
    (again,) = (d.join(),)
    d.advance(0)
    assert d.joined(again)[0].generation == 3


# --- small parts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0),
        ("a", 97),
        ("my-group", -1906497762),
        ("polygenelubricants", -(2**31)),
        ("gr\u00fcppe\U0001f600", 245262263),
    ],
)
def test_a_group_is_placed_by_javas_hash(text: str, number: int) -> None:
    """Expected values are from java.lang.String.hashCode."""
    assert java_hash(text) == number
    assert partition_of(text, 50) == (0 if number == -(2**31) else abs(number) % 50)


@pytest.mark.parametrize(
    ("metadatas", "topics"),
    [
        ([], frozenset()),
        ([b"\0\3\0\0\0\2\0\1a\0\2bc and what newer versions add"], frozenset({"a", "bc"})),
        ([b"\0\0\0\0\0\1\0\1a", b"\0\0\0\0\0\1\0\1b"], frozenset({"a", "b"})),
        ([b"\0\0\0\0\0\1\0\1a", b""], None),
        ([b"\0\0\x7f\xff\xff\xff"], None),
        ([b"\0\0\0\0\0\1\0\5a"], None),
        ([b"\0\0\0\0\0\1\xff\xff"], None),
        ([b"\0\0\0\0\0\1\0\1\xff"], None),
    ],
)
def test_subscriptions_are_read_from_a_consumers_metadata(
    metadatas: list[bytes], topics: frozenset[str] | None
) -> None:
    assert subscribed_topics(metadatas) == topics


def test_states_have_kafkas_names_and_moves() -> None:
    """Kafka: ClassicGroupState, turned around: from where to where."""
    moves = {state.value: {other.value for other in others} for state, others in MOVES.items()}
    assert moves == {
        "Empty": {"PreparingRebalance", "Dead"},
        "PreparingRebalance": {"CompletingRebalance", "Empty", "Dead"},
        "CompletingRebalance": {"Stable", "PreparingRebalance", "Dead"},
        "Stable": {"PreparingRebalance", "Dead"},
        "Dead": set(),
    }


def test_an_illegal_move_raises() -> None:
    with pytest.raises(IllegalMove, match=r"Empty.*Stable|EMPTY.*STABLE"):
        check_move(MOVES, "group g", GroupState.EMPTY, GroupState.STABLE)
