"""The one shape of every coordinator: decide, append, apply, answer.

    decide(command, now_ms, ticket) -> Decision(records, replies, timers)     pure
    append the records where they become durable                              the only IO, the shell's business
    apply(record)                                                             pure; the only way durable state changes
    answer the replies                                                        only now

A machine has two kinds of state. What is *durable* changes in `apply` alone, so that replaying the records of a log gives
it back. What is *volatile* (who waits for what, which member ids were handed out) is changed by `decide` itself: it ends
with the process, and a shell whose append failed throws the whole machine away and replays, so nothing is ever undone.

No machine waits, reads a clock, or makes a random number. A request that cannot be answered yet is kept as its *ticket*,
a number that means something to the shell only; each ticket is answered exactly once, by a Reply of the same or of a later
decision. Time is data: a machine asks for a timer by key and gets a command back when it is due.

Classic groups are the first machine (core/groups). Groups of the newer protocols, transactions and share state follow it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, NamedTuple, Protocol, TypeVar

Ticket = int
"""A request that waits, as the shell numbered it. Machines keep and return it, and look no further."""


class Reply(NamedTuple):
    """What a ticket gets. The shell holds it back until everything that was applied before it is durable."""

    ticket: Ticket
    result: Any


class Timer(NamedTuple):
    """Give `command` to `decide` after `after_ms` milliseconds. One timer a key: a new one replaces the old one.

    command None cancels the key's timer.
    """

    key: Hashable
    after_ms: int
    command: Any | None


class Decision:
    """What follows from one command: records to append, replies to send after that, timers to set or cancel.

    notes: lines for the log, for the few decisions that a person wants to read about (why a group rebalances).
    """

    __slots__ = ("notes", "records", "replies", "timers")

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.replies: list[Reply] = []
        self.timers: list[Timer] = []
        self.notes: list[str] = []

    def reply(self, ticket: Ticket | None, result: Any) -> None:
        """Answer a ticket; a command of the shell's own (a timer) has none."""
        if ticket is not None:
            self.replies.append(Reply(ticket, result))

    def cancel(self, key: Hashable) -> None:
        self.timers.append(Timer(key, 0, None))


class Machine(Protocol):
    """What a shell (server/coordinator.py) needs to know of a machine."""

    def decide(self, command: Any, now_ms: int, ticket: Ticket | None = None) -> Decision:
        """What follows from a command. Its records must be applied before the next command is decided."""

    def apply(self, record: Any) -> None:
        """Change the durable state by one record of this machine's kind."""

    def loaded(self, now_ms: int) -> Decision:
        """Replay is over: what a new coordinator has to start (timers of the members that it found)."""

    def parked(self) -> Iterable[Ticket]:
        """The tickets that wait, in no order."""

    def encode(self, record: Any) -> tuple[bytes, bytes | None]:
        """A record as the key and value to append; a value of None is a tombstone."""

    def decode(self, key: bytes, value: bytes | None) -> Any | None:
        """The reverse; None for a record that this machine does not know."""


S = TypeVar("S", bound=Hashable)


class IllegalMove(Exception):
    """A machine was about to leave its table of moves: a bug. Nothing has changed."""

    def __init__(self, what: str, old: object, new: object) -> None:
        super().__init__(f"{what}: {old} -> {new} is not a legal move")


def check_move(moves: Mapping[S, frozenset[S]], what: str, old: S, new: S) -> None:
    """Raises: IllegalMove if the table has no move from `old` to `new`."""
    if new not in moves[old]:
        raise IllegalMove(what, old, new)
