"""Members of a consumer group as threads, and the waiting for what they reach together.

Each member runs its client's ordinary loop: poll, commit, and only then report the records as taken. So
every record counts for exactly one member even while partitions move: what was polled but not committed
when a partition is revoked is forgotten here and read again by its next owner.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from clients.drivers.base import Driver, Received


@dataclass
class Member:
    """One member's state, shared between its thread and the test under the group's condition."""

    group: str
    topic: str
    assignor: str
    changed: threading.Condition
    instance_id: str | None = None
    leaving: threading.Event = field(default_factory=threading.Event)
    assigned: frozenset[int] = frozenset()
    taken: list[Received] = field(default_factory=list)
    error: BaseException | None = None
    thread: threading.Thread | None = None
    _pending: dict[int, list[Received]] = field(default_factory=dict)

    def polled(self, records: Iterable[Received]) -> None:
        """Records came; they are taken once their commit succeeded."""
        for record in records:
            self._pending.setdefault(record.partition, []).append(record)

    @property
    def owes_a_commit(self) -> bool:
        return bool(self._pending)

    def committed(self) -> None:
        with self.changed:
            for records in self._pending.values():
                self.taken.extend(records)
            self._pending.clear()
            self.changed.notify_all()

    def revoked(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self._pending.pop(partition, None)

    def holds(self, partitions: Iterable[int]) -> None:
        held = frozenset(partitions)
        if held != self.assigned:
            with self.changed:
                self.assigned = held
                self.changed.notify_all()


class Group:
    """The members of one consumer group, all of one client library."""

    def __init__(self, driver: Driver, group: str, topic: str, assignor: str = "range") -> None:
        self.driver, self.group, self.topic, self.assignor = driver, group, topic, assignor
        self.changed = threading.Condition()
        self.members: list[Member] = []
        self.left: list[Member] = []

    def join(self, instance_id: str | None = None) -> Member:
        member = Member(self.group, self.topic, self.assignor, self.changed, instance_id)
        member.thread = threading.Thread(target=self._run, args=(member,), daemon=True)
        self.members.append(member)
        member.thread.start()
        return member

    def _run(self, member: Member) -> None:
        try:
            self.driver.run_member(member)
        except BaseException as error:
            with self.changed:
                member.error = error
                self.changed.notify_all()

    def leave(self, member: Member, timeout_s: float = 20.0) -> None:
        """The member leaves the group in order.

        Raises: what ended its thread.
        """
        self.members.remove(member)
        self.left.append(member)
        member.leaving.set()
        assert member.thread is not None
        member.thread.join(timeout_s)
        assert not member.thread.is_alive(), "the member does not leave"
        if member.error:
            raise member.error

    def close(self) -> None:
        for member in list(self.members):
            member.leaving.set()
        for member in list(self.members):
            self.leave(member)

    def __enter__(self) -> Group:
        return self

    def __exit__(self, exc_type: object, exc: object, traceback: object) -> None:
        if exc_type is None:
            self.close()
            return
        for member in self.members:  # the test failed already: no second error on top
            member.leaving.set()

    def wait(self, what: str, reached: Callable[[], bool], timeout_s: float = 20.0) -> None:
        """Wait until `reached()`; it runs under the group's condition.

        Raises: AssertionError that shows what each member has; or the error of a member.
        """
        deadline = time.monotonic() + timeout_s
        with self.changed:
            while not reached():
                for member in self.members:
                    if member.error:
                        raise member.error
                left_s = deadline - time.monotonic()
                assert left_s > 0, f"no {what} in {timeout_s:.0f} s: {self.describe()}"
                self.changed.wait(left_s)

    def describe(self) -> str:
        return "; ".join(f"holds {sorted(m.assigned)}, took {len(m.taken)}" for m in self.members)

    def wait_shares(self, *shares: int) -> None:
        """Until the members hold this many partitions each (in any order), no partition twice."""

        def reached() -> bool:
            held = [partition for member in self.members for partition in member.assigned]
            counts = sorted(len(member.assigned) for member in self.members)
            return counts == sorted(shares) and len(set(held)) == len(held)

        self.wait(f"split into {shares}", reached)

    def taken(self) -> list[Received]:
        return [record for member in self.members + self.left for record in member.taken]

    def wait_taken(self, count: int) -> None:
        self.wait(f"{count} records taken", lambda: len(self.taken()) >= count)

    def assert_each_exactly_once(self, expected: Iterable[tuple[int, int]]) -> None:
        """Every (partition, offset) went to one member, once."""
        counts = Counter((record.partition, record.offset) for record in self.taken())
        wanted = set(expected)
        twice = sorted(where for where, count in counts.items() if count > 1)
        assert not twice, f"taken more than once: {twice[:10]} ({len(twice)} in all)"
        missing = sorted(wanted - counts.keys())
        assert not missing, f"never taken: {missing[:10]} ({len(missing)} in all)"
        assert counts.keys() == wanted, sorted(counts.keys() - wanted)[:10]
