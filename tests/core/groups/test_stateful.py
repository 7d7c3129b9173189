"""A group under any order of events: Hypothesis plays clients, the clock, and restarts of the broker.

Held after every step:
  - no request is answered twice (the driver looks), and none is lost: what waits is known to the machine, and nothing else
  - while nobody's request waits in it, a group has a leader exactly if it has members, and the leader is a member
  - the generation never goes back, within the life of a coordinator
  - the counters of a group say what counting would say
  - replaying the records gives what is durable in the live state
  - at the end, when all clients are silent, every request is answered and the group is empty
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from pykbroker.core.groups.commands import (
    DeleteGroup,
    DeleteOffsets,
    JoinProtocol,
    JoinResult,
    LeavingMember,
    TopicsDeleted,
)
from pykbroker.core.groups.states import GroupState
from tests.core.groups.driver import GROUP, PARKED, Driver
from wire.errors import ErrorCode

NAMES = ("x", "y", "z")
protocols = st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(
    lambda names: tuple(JoinProtocol(name, b"\0\0\0\0\0\1\0\1t") for name in names)
)
instances = st.sampled_from([None, None, None, "i", "j"])


class AnyOrder(RuleBasedStateMachine):
    joins = Bundle("joins")

    def __init__(self) -> None:
        super().__init__()
        self.d = Driver(max_size=4, initial_rebalance_delay_ms=3_000)
        self.generation = 0

    def known(self) -> list[str]:
        group = self.d.machine.groups.get(GROUP)
        return [] if group is None else [*group.members, *sorted(group.pending_ids)]

    def latest(self, index: int) -> JoinResult:
        """A member as it is, or one that never was."""
        group = self.d.machine.groups.get(GROUP)
        if group is None or not group.members:
            return JoinResult(member_id="nobody", generation=1)
        member = list(group.members.values())[index % len(group.members)]
        return JoinResult(
            member_id=member.member_id,
            generation=group.generation,
            protocol_type=group.protocol_type,
            protocol_name=group.protocol_name,
        )

    def instance(self, member_id: str) -> str | None:
        group = self.d.machine.groups.get(GROUP)
        member = None if group is None else group.members.get(member_id)
        return None if member is None else member.instance_id

    @rule(
        target=joins,
        offered=protocols,
        instance_id=instances,
        requires=st.booleans(),
        timeout=st.sampled_from([6, 30]),
    )
    def join_new(
        self, offered: tuple[JoinProtocol, ...], instance_id: str | None, requires: bool, timeout: int
    ) -> int:
        return self.d.join(
            protocols=offered,
            instance_id=instance_id,
            requires_known_id=requires,
            session_timeout_ms=timeout * 1_000,
            rebalance_timeout_ms=20_000,
        )

    @rule(target=joins, offered=protocols, index=st.integers(0, 9))
    def join_again(self, offered: tuple[JoinProtocol, ...], index: int) -> int:
        ids = self.known() or ["nobody"]
        member_id = ids[index % len(ids)]
        return self.d.join(member_id, protocols=offered, instance_id=self.instance(member_id))

    @rule(ticket=consumes(joins))
    def sync_answered(self, ticket: int) -> None:
        """A client syncs with what it was told, however old that is."""
        joined = self.d.answer(ticket)
        if joined is not PARKED and joined.error is ErrorCode.NONE:
            assignments = {member.member_id: b"a" for member in joined.members}
            self.d.sync(joined, assignments, instance_id=self.instance(joined.member_id))

    @rule(index=st.integers(0, 9))
    def sync(self, index: int) -> None:
        joined = self.latest(index)
        group = self.d.machine.groups.get(GROUP)
        assignments = dict.fromkeys(group.members, b"b") if group is not None else {}
        self.d.sync(joined, assignments, instance_id=self.instance(joined.member_id))

    @rule(index=st.integers(0, 9), old=st.booleans())
    def heartbeat(self, index: int, old: bool) -> None:
        joined = self.latest(index)
        if old:
            joined = JoinResult(member_id=joined.member_id, generation=joined.generation - 1)
        assert self.d.heartbeat(joined, self.instance(joined.member_id)) is not PARKED

    @rule(index=st.integers(0, 9), by_instance=st.booleans())
    def leave(self, index: int, by_instance: bool) -> None:
        ids = self.known() or ["nobody"]
        member_id = ids[index % len(ids)]
        instance_id = self.instance(member_id)
        self.d.leave(LeavingMember("" if by_instance and instance_id else member_id, instance_id))

    @rule(index=st.integers(0, 9), simple=st.booleans(), topic=st.sampled_from("tu"))
    def commit(self, index: int, simple: bool, topic: str) -> None:
        joined = None if simple else self.latest(index)
        instance_id = self.instance(joined.member_id) if joined else None
        assert self.d.commit(index, joined, topic, instance_id=instance_id) is not PARKED

    @rule()
    def delete_group(self) -> None:
        self.d.tell(DeleteGroup(GROUP))

    @rule(topic=st.sampled_from("tu"), whole=st.booleans())
    def delete_offsets(self, topic: str, whole: bool) -> None:
        if whole:
            self.d.hear(TopicsDeleted(frozenset(topic)))
        else:
            self.d.tell(DeleteOffsets(GROUP, ((topic, (0,)),)))

    @rule(milliseconds=st.sampled_from([0, 1, 3_000, 6_000, 20_000, 300_000, 8 * 24 * 3_600_000]))
    def wait(self, milliseconds: int) -> None:
        self.d.advance(milliseconds)

    @rule()
    def restart(self) -> None:
        """Who waited is cut off with the old process."""
        self.d = self.d.restart()
        self.generation = 0

    # ------------------------------------------------------------------------------------------------------------------

    @invariant()
    def what_waits_is_known(self) -> None:
        parked = list(self.d.machine.parked())
        assert len(parked) == len(set(parked)), "a ticket is parked twice"
        assert set(parked) == self.d.open

    @invariant()
    def a_leader_is_a_member(self) -> None:
        group = self.d.machine.groups.get(GROUP)
        if group is not None:
            assert (group.leader is None) == (not group.members)
            assert group.leader is None or group.leader in group.members

    @invariant()
    def generations_grow(self) -> None:
        group = self.d.machine.groups.get(GROUP)
        if group is None:
            self.generation = 0
        else:
            assert group.generation >= self.generation
            self.generation = group.generation

    @invariant()
    def counters_are_right(self) -> None:
        group = self.d.machine.groups.get(GROUP)
        if group is None:
            return
        members = group.members.values()
        offers: dict[str, int] = {}
        for member in members:
            for protocol in member.protocols:
                offers[protocol.name] = offers.get(protocol.name, 0) + 1
        assert group.offers == offers
        assert group.joining == sum(member.join_ticket is not None for member in members)
        assert group.static_ids == {m.instance_id: m.member_id for m in members if m.instance_id is not None}
        assert all(member.member_id == member_id for member_id, member in group.members.items())
        assert group.unsynced_ids <= group.members.keys()
        assert not group.pending_ids & group.members.keys()
        if group.state is GroupState.EMPTY:
            assert not group.members

    @invariant()
    def every_member_can_expire(self) -> None:
        """Someone whose client vanished is found by its session or by the end of the phase that it waits in."""
        group = self.d.machine.groups.get(GROUP)
        if group is None:
            return
        for member_id, member in group.members.items():
            has_session = ("session", GROUP, member_id) in self.d.timers
            waits = member.join_ticket is not None or member.sync_ticket is not None
            assert has_session or waits
        if group.state is GroupState.PREPARING_REBALANCE:
            assert group.join_key in self.d.timers
        if group.state is GroupState.COMPLETING_REBALANCE and group.unsynced_ids:
            assert group.sync_key in self.d.timers

    @invariant()
    def replay_gives_the_durable_state(self) -> None:
        assert self.d.restart().machine.durable() == self.d.machine.durable()

    def teardown(self) -> None:
        self.d.advance(2_000_000)
        assert not self.d.open
        assert self.d.state() in ("Empty", "Dead")


def test_a_group_under_any_order_of_events() -> None:
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=40,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
