"""A group coordinator to talk to: the pure machine, a clock that only moves when told, timers, and a log of records."""

from __future__ import annotations

from typing import Any

from pykbroker.core.groups.commands import (
    CommitOffsets,
    DescribeGroup,
    FetchOffsets,
    Heartbeat,
    Join,
    JoinProtocol,
    JoinResult,
    Leave,
    LeavingMember,
    OffsetToCommit,
    Sync,
    SyncResult,
)
from pykbroker.core.groups.machine import GroupMachine
from pykbroker.core.groups.records import decode, encode
from pykbroker.core.groups.rules import GroupRules
from wire.errors import ErrorCode

GROUP = "g"
RANGE = (JoinProtocol("range", b"\x00\x00\x00\x00\x00\x01\x00\x01t" + b"\xff\xff\xff\xff"),)


class Parked:
    """Stands for the answer of a request that waits."""

    def __repr__(self) -> str:
        return "PARKED"


PARKED: Any = Parked()


class Driver:
    """ask() gives a ticket, answer() what it got; tell() both at once. Time is virtual milliseconds."""

    def __init__(self, rules: GroupRules | None = None, **limits: int) -> None:
        self.rules = rules or GroupRules(**limits)
        self.machine = GroupMachine(self.rules)
        self.now_ms = 1_000_000
        self.log: list[tuple[bytes, bytes | None]] = []
        self.answers: dict[int, Any] = {}
        self.open: set[int] = set()
        self.timers: dict[Any, tuple[int, Any]] = {}
        self.tickets = 0
        self.machine.loaded(self.now_ms)

    def ask(self, command: Any) -> int:
        self.tickets += 1
        ticket = self.tickets
        self.open.add(ticket)
        self._carry_out(self.machine.decide(command, self.now_ms, ticket))
        return ticket

    def answer(self, ticket: int) -> Any:
        return self.answers.get(ticket, PARKED)

    def tell(self, command: Any) -> Any:
        return self.answer(self.ask(command))

    def hear(self, command: Any) -> None:
        """Something that nobody waits for."""
        self._carry_out(self.machine.decide(command, self.now_ms))

    def advance(self, milliseconds: int) -> None:
        """Let time pass; each timer fires at its own time."""
        until = self.now_ms + milliseconds
        while True:
            due = min(self.timers.items(), key=lambda item: item[1][0], default=None)
            if due is None or due[1][0] > until:
                break
            key, (at_ms, command) = due
            del self.timers[key]
            self.now_ms = at_ms
            self._carry_out(self.machine.decide(command, self.now_ms))
        self.now_ms = until

    def restart(self) -> Driver:
        """The coordinator that finds this one's log."""
        other = Driver.__new__(Driver)
        Driver.__init__(other, self.rules)
        other.machine = GroupMachine(self.rules)
        other.now_ms = self.now_ms
        other.tickets = self.tickets
        other.log = list(self.log)
        for key, value in self.log:
            record = decode(key, value)
            assert record is not None
            other.machine.apply(record)
        other._carry_out(other.machine.loaded(other.now_ms))
        return other

    def _carry_out(self, decision: Any) -> None:
        for record in decision.records:
            self.machine.apply(record)
            self.log.append(encode(record))
        for timer in decision.timers:
            if timer.command is None:
                self.timers.pop(timer.key, None)
            else:
                self.timers[timer.key] = (self.now_ms + timer.after_ms, timer.command)
        for ticket, result in decision.replies:
            assert ticket in self.open, f"ticket {ticket} was answered twice"
            self.open.remove(ticket)
            self.answers[ticket] = result

    # --- shorthand for what clients send ----------------------------------------------------------------------------

    def join(self, member_id: str = "", **changes: Any) -> int:
        """A JoinGroup; a new dynamic member is let in at once (as before v4) unless told otherwise."""
        fields: dict[str, Any] = {
            "group_id": GROUP,
            "member_id": member_id,
            "instance_id": None,
            "client_id": "client",
            "client_host": "/127.0.0.1",
            "session_timeout_ms": 10_000,
            "rebalance_timeout_ms": 60_000,
            "protocol_type": "consumer",
            "protocols": RANGE,
            "fresh_uuid": f"uuid{self.tickets + 1}",
            "requires_known_id": False,
        }
        return self.ask(Join(**{**fields, **changes}))

    def sync(self, joined: JoinResult, assignments: dict[str, bytes] | None = None, **changes: Any) -> int:
        fields: dict[str, Any] = {
            "group_id": GROUP,
            "member_id": joined.member_id,
            "instance_id": None,
            "generation": joined.generation,
            "protocol_type": joined.protocol_type,
            "protocol_name": joined.protocol_name,
            "assignments": assignments or {},
        }
        return self.ask(Sync(**{**fields, **changes}))

    def heartbeat(self, joined: JoinResult, instance_id: str | None = None) -> ErrorCode:
        result: ErrorCode = self.tell(Heartbeat(GROUP, joined.member_id, instance_id, joined.generation))
        return result

    def leave(self, *members: str | LeavingMember) -> Any:
        leaving = tuple(LeavingMember(m) if isinstance(m, str) else m for m in members)
        return self.tell(Leave(GROUP, leaving))

    def commit(
        self, offset: int, joined: JoinResult | None = None, topic: str = "t", **changes: Any
    ) -> ErrorCode | list[ErrorCode]:
        fields: dict[str, Any] = {
            "group_id": GROUP,
            "member_id": joined.member_id if joined else "",
            "instance_id": None,
            "generation": joined.generation if joined else -1,
            "offsets": (OffsetToCommit(topic, 0, offset),),
        }
        result: ErrorCode | list[ErrorCode] = self.tell(CommitOffsets(**{**fields, **changes}))
        return result

    def committed(self, topic: str = "t", partition: int = 0) -> int:
        (found,) = self.tell(FetchOffsets(GROUP, ((topic, (partition,)),)))
        offset: int = found.offset
        return offset

    def state(self) -> str:
        description = self.tell(DescribeGroup(GROUP))
        return "Dead" if description is None else str(description.state)

    # --- groups as they are when a test begins -----------------------------------------------------------------------

    def joined(self, *tickets: int) -> list[JoinResult]:
        """The answers of JoinGroups that must have been taken."""
        results = [self.answer(ticket) for ticket in tickets]
        assert all(isinstance(r, JoinResult) and r.error is ErrorCode.NONE for r in results), results
        return results

    def stable(self, count: int = 1, **changes: Any) -> list[JoinResult]:
        """A stable group of `count` members; the first is the leader, member i is assigned b"a<i>"."""
        tickets = [self.join(**changes) for _ in range(count)]
        self.advance(self.rules.initial_rebalance_delay_ms)
        joined = self.joined(*tickets)
        assignments = {result.member_id: b"a%d" % i for i, result in enumerate(joined)}
        for i in reversed(range(count)):
            ticket = self.sync(joined[i], assignments if i == 0 else None)
        for result in joined:
            assert self.heartbeat(result) is ErrorCode.NONE
        assert isinstance(self.answer(ticket), SyncResult)
        assert self.state() == "Stable"
        return joined

    def generation(self) -> int:
        return self.machine.groups[GROUP].generation
