"""A classic group: its members, who waits, and the state it is in. Bookkeeping only; decisions are made elsewhere.

Durable, written at the end of each rebalance and read back by replay: protocol type and name, generation, leader, and of
each member its ids, client, timeouts, subscription and assignment. All else is volatile: after a restart a group is Stable
or Empty, nobody waits, and members that were just joining join again.

Members are kept in the order in which they joined: the first one left becomes leader when the leader goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pykbroker.core.groups.commands import JoinProtocol, SessionExpired
from pykbroker.core.groups.records import StoredGroup, StoredMember
from pykbroker.core.groups.states import MOVES, GroupState
from pykbroker.core.groups.subscription import CONSUMER, subscribed_topics
from pykbroker.core.machine import Ticket, Timer, check_move

SESSION, JOIN, SYNC = "session", "join", "sync"  # what timers are for


class Member:
    """One member. assignment: what the leader gave it, opaque. join_ticket, sync_ticket: its request that waits.

    is_new: it waits in its first JoinGroup, so its session may expire while it waits.
    """

    __slots__ = (
        "assignment",
        "client_host",
        "client_id",
        "instance_id",
        "is_new",
        "join_ticket",
        "member_id",
        "protocols",
        "rebalance_timeout_ms",
        "session_timeout_ms",
        "session_timer",
        "sync_ticket",
    )

    def __init__(
        self,
        group_id: str,
        member_id: str,
        instance_id: str | None,
        client_id: str,
        client_host: str,
        rebalance_timeout_ms: int,
        session_timeout_ms: int,
        protocols: tuple[JoinProtocol, ...],
        assignment: bytes = b"",
    ) -> None:
        self.member_id = member_id
        self.instance_id = instance_id
        self.client_id = client_id
        self.client_host = client_host
        self.rebalance_timeout_ms = rebalance_timeout_ms
        self.protocols = protocols
        self.assignment = assignment
        self.join_ticket: Ticket | None = None
        self.sync_ticket: Ticket | None = None
        self.is_new = False
        self.set_session_timeout(group_id, session_timeout_ms)

    def set_session_timeout(self, group_id: str, timeout_ms: int) -> None:
        """The timer is made once and set anew by each heartbeat."""
        self.session_timeout_ms = timeout_ms
        key = session_key(group_id, self.member_id)
        self.session_timer = Timer(key, timeout_ms, SessionExpired(group_id, self.member_id))

    def metadata(self, protocol_name: str | None) -> bytes:
        """Its metadata for one protocol; empty if it does not offer that."""
        for protocol in self.protocols:
            if protocol.name == protocol_name:
                return protocol.metadata
        return b""

    def stored(self, protocol_name: str | None, assignment: bytes) -> StoredMember:
        return StoredMember(
            self.member_id,
            self.instance_id,
            self.client_id,
            self.client_host,
            self.rebalance_timeout_ms,
            self.session_timeout_ms,
            self.metadata(protocol_name),
            assignment,
        )


def session_key(group_id: str, member_id: str) -> tuple[str, str, str]:
    return (SESSION, group_id, member_id)


class ClassicGroup:
    """See the head of this file. state_timestamp_ms: wall clock of the last change of state, -1 unknown.

    static_ids: instance id -> member id. pending_ids: handed out with MEMBER_ID_REQUIRED, not yet come back.
    unsynced_ids: joined this generation, have not asked for their assignment. offers: protocol -> members that offer it.
    """

    def __init__(self, group_id: str, now_ms: int) -> None:
        self.group_id = group_id
        self.state = GroupState.EMPTY
        self.previous_state = GroupState.DEAD
        self.state_timestamp_ms = now_ms
        self.generation = 0
        self.protocol_type: str | None = None
        self.protocol_name: str | None = None
        self.leader: str | None = None
        self.members: dict[str, Member] = {}
        self.static_ids: dict[str, str] = {}
        self.pending_ids: set[str] = set()
        self.unsynced_ids: set[str] = set()
        self.offers: dict[str, int] = {}
        self.joining = 0  # members that wait in a JoinGroup
        self.member_came = False  # since the initial delay began
        self.subscribed_topics: frozenset[str] | None = None
        self.stored: StoredGroup | None = None
        self.join_key = (JOIN, group_id)
        self.sync_key = (SYNC, group_id)

    @classmethod
    def restored(cls, group_id: str, stored: StoredGroup) -> ClassicGroup:
        """A group as its last record says."""
        group = cls(group_id, stored.state_timestamp_ms)
        for member in stored.members:
            group.add(
                Member(
                    group_id,
                    member.member_id,
                    member.instance_id,
                    member.client_id,
                    member.client_host,
                    member.rebalance_timeout_ms,
                    member.session_timeout_ms,
                    (JoinProtocol(stored.protocol_name or "", member.subscription),),
                ),
                stored.protocol_type,
            )
        group.state = GroupState.STABLE if stored.members else GroupState.EMPTY
        group.settle(stored)
        return group

    # --- state -------------------------------------------------------------------------------------------------------

    def move(self, state: GroupState, now_ms: int) -> None:
        """Raises: IllegalMove, and nothing has changed."""
        check_move(MOVES, f"group {self.group_id}", self.state, state)
        self.previous_state = self.state
        self.state = state
        self.state_timestamp_ms = now_ms

    def settle(self, stored: StoredGroup) -> None:
        """Become what a record says: Stable with these assignments, or Empty."""
        target = GroupState.STABLE if stored.members else GroupState.EMPTY
        if self.state is not target:
            self.move(target, stored.state_timestamp_ms)
        self.state_timestamp_ms = stored.state_timestamp_ms
        self.protocol_type = stored.protocol_type or None
        self.protocol_name = stored.protocol_name
        self.generation = stored.generation
        self.leader = stored.leader
        for member in stored.members:
            self.members[member.member_id].assignment = member.assignment
        self.subscribed_topics = self.compute_subscribed_topics()
        self.stored = stored

    def to_store(self, assignments: Mapping[str, bytes] | None = None) -> StoredGroup:
        """The generation as it is to be written; `assignments` replaces what members have (missing: empty)."""
        members = tuple(
            member.stored(
                self.protocol_name,
                member.assignment if assignments is None else assignments.get(member_id, b""),
            )
            for member_id, member in self.members.items()
        )
        return StoredGroup(
            self.protocol_type or "",
            self.generation,
            self.protocol_name,
            self.leader,
            self.state_timestamp_ms,
            members,
        )

    @property
    def is_hollow(self) -> bool:
        """Nothing is stored of it and nobody is or will be in it: it may be forgotten."""
        return (
            self.state is GroupState.EMPTY
            and self.stored is None
            and not self.members
            and not self.pending_ids
        )

    # --- members -----------------------------------------------------------------------------------------------------

    def add(self, member: Member, protocol_type: str) -> None:
        assert member.member_id not in self.members
        if member.instance_id is not None:
            assert member.instance_id not in self.static_ids
            self.static_ids[member.instance_id] = member.member_id
        if not self.members:
            self.protocol_type = protocol_type
        if self.leader is None:
            self.leader = member.member_id
        self.members[member.member_id] = member
        self.count_offers(member.protocols, 1)
        self.pending_ids.discard(member.member_id)

    def remove(self, member_id: str) -> Member | None:
        """Take a member out; its tickets are the caller's to answer."""
        self.pending_ids.discard(member_id)
        self.unsynced_ids.discard(member_id)
        member = self.members.pop(member_id, None)
        if member is None:
            return None
        self.count_offers(member.protocols, -1)
        if member.join_ticket is not None:
            self.joining -= 1
        if member.instance_id is not None:
            self.static_ids.pop(member.instance_id, None)
        if self.leader == member_id:
            self.leader = next(iter(self.members), None)
        return member

    def rename(self, member: Member, new_id: str) -> None:
        """A static member came back: same place, same assignment, new member id (KIP-345)."""
        old_id = member.member_id
        assert member.instance_id is not None
        assert member.join_ticket is None
        assert member.sync_ticket is None
        self.members = {
            (new_id if member_id == old_id else member_id): other for member_id, other in self.members.items()
        }
        member.member_id = new_id
        member.set_session_timeout(self.group_id, member.session_timeout_ms)
        self.static_ids[member.instance_id] = new_id
        if self.leader == old_id:
            self.leader = new_id
        if old_id in self.unsynced_ids:
            self.unsynced_ids.remove(old_id)
            self.unsynced_ids.add(new_id)

    def offer(self, member: Member, protocols: tuple[JoinProtocol, ...]) -> None:
        """A member joins again, maybe with other protocols or metadata."""
        self.count_offers(member.protocols, -1)
        member.protocols = protocols
        self.count_offers(protocols, 1)

    def count_offers(self, protocols: Iterable[JoinProtocol], step: int) -> None:
        for protocol in protocols:
            self.offers[protocol.name] = self.offers.get(protocol.name, 0) + step
            if not self.offers[protocol.name]:
                del self.offers[protocol.name]

    def park_join(self, member: Member, ticket: Ticket | None) -> None:
        self.joining += (ticket is not None) - (member.join_ticket is not None)
        member.join_ticket = ticket

    def tickets(self) -> Iterator[Ticket]:
        for member in self.members.values():
            if member.join_ticket is not None:
                yield member.join_ticket
            if member.sync_ticket is not None:
                yield member.sync_ticket

    # --- questions ---------------------------------------------------------------------------------------------------

    @property
    def all_joined(self) -> bool:
        return self.joining == len(self.members) and not self.pending_ids

    @property
    def rebalance_timeout_ms(self) -> int:
        """The longest that any member asks for."""
        return max((member.rebalance_timeout_ms for member in self.members.values()), default=0)

    @property
    def uses_consumer_protocol(self) -> bool:
        return self.protocol_type == CONSUMER

    def supports(self, protocol_type: str, protocols: Iterable[JoinProtocol]) -> bool:
        """May a member with these protocols be in the group: same type, and one protocol that all members offer."""
        if self.state is GroupState.EMPTY:
            return bool(protocol_type) and any(True for _ in protocols)
        count = len(self.members)
        return self.protocol_type == protocol_type and any(
            self.offers.get(protocol.name, 0) == count for protocol in protocols
        )

    def select_protocol(self) -> str:
        """Each member votes for the first in its list that all offer; most votes win, the earlier vote on a tie."""
        count = len(self.members)
        votes: dict[str, int] = {}
        for member in self.members.values():
            for protocol in member.protocols:
                if self.offers.get(protocol.name) == count:
                    votes[protocol.name] = votes.get(protocol.name, 0) + 1
                    break
        return max(votes, key=votes.__getitem__)

    def compute_subscribed_topics(self) -> frozenset[str] | None:
        """What the members of a consumer group read; None if that is not to be known."""
        if not self.uses_consumer_protocol:
            return None
        return subscribed_topics(member.metadata(self.protocol_name) for member in self.members.values())

    def is_subscribed_to(self, topic: str) -> bool:
        """A consumer group of which we do not know the topics counts as subscribed to all."""
        if self.subscribed_topics is None:
            return self.uses_consumer_protocol
        return topic in self.subscribed_topics
