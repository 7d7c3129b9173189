"""One coordinator shard: a machine, the partition that keeps its records, and the requests that wait.

Theory of operation. A *turn* is synchronous: decide a command, apply its records at once so that the next command sees
them, append the records of all commands of the turn as one batch, and hold every reply, also of a command that wrote
nothing, until the high watermark has passed what was applied before it. With no await inside, a turn needs no lock.

While nothing is in flight a request takes its turn where it stands, in the task of its own connection, and is answered
without a switch of tasks: a heartbeat costs a function call. While an append is being replicated, requests gather in the
mailbox and take the next turn together. That, and timers, is what the shard's own task is for; it is started when there is
something to wait for and ends when there is not, so that a partition without groups costs nothing.

If an append fails, what the machine knows and what is in the log may differ. Nothing is undone: all that wait are answered
NOT_COORDINATOR, the shard is closed, and its owner makes a new one, which replays the log. The same follows from a bug in
the machine, after one traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, NamedTuple, Protocol

import trio

from pykbroker.clock import Clock
from pykbroker.core.machine import Decision, Machine, Reply, Ticket
from pykbroker.errors import ApiError
from pykbroker.logs import get_logger
from pykbroker.server.pending import Early, Pending
from pykbroker.server.timers import Timers
from wire.errors import ErrorCode, WireError
from wire.records.batch import Codec
from wire.records.record import Record, build_batch

log = get_logger(__name__)

# Requests that may wait while an append is replicated; a client that is refused asks again a little later.
MAX_MAIL = 10_000


class ShardState(Enum):
    LOADING = "loading"  # replays its log; requests wait a little, then get COORDINATOR_LOAD_IN_PROGRESS
    ACTIVE = "active"  # serves
    CLOSED = "closed"  # has failed, or the partition is led elsewhere; requests get NOT_COORDINATOR


class ShardLog(Protocol):
    """The log of a shard, as server/shard_log.py makes it from a partition."""

    def append(self, batch: bytes) -> int:
        """Write one batch; the offset behind it. Raises: ApiError, OSError."""

    @property
    def high_watermark(self) -> int: ...

    async def wait_high_watermark(self, offset: int) -> None:
        """Raises: ApiError when that will not happen any more."""

    async def replay(self, machine: Machine) -> int:
        """Apply all records to the machine; how many there were. Raises: ApiError, OSError, WireError."""

    @property
    def is_empty(self) -> bool: ...


class ShardStatistics(NamedTuple):
    state: ShardState
    waiting: int
    timers: int
    mail: int


class Shard:
    """See the head of this file.

    epoch: leader epoch that it serves. on_failed: called once, when it has closed itself. settle_timeout_s: how long a
    batch may take to be replicated (offsets.commit.timeout.ms). max_batch_bytes: what one append may hold.
    codec: how batches are compressed (offsets.topic.compression.codec).
    """

    def __init__(
        self,
        name: str,
        epoch: int,
        machine: Machine,
        shard_log: ShardLog,
        clock: Clock,
        nursery: trio.Nursery,
        on_failed: Callable[[Shard], None],
        settle_timeout_s: float = 5.0,
        max_batch_bytes: int = 1_048_588,
        codec: Codec = Codec.NONE,
    ) -> None:
        self.name = name
        self.epoch = epoch
        self.machine = machine
        self.state = ShardState.LOADING
        self.decided = trio.Event()  # loading has ended, well or not
        self._log = shard_log
        self._clock = clock
        self._nursery = nursery
        self._on_failed = on_failed
        self._settle_timeout_s = settle_timeout_s
        self._max_batch_bytes = max_batch_bytes
        self._codec = codec
        self._timers = Timers()
        self._waiting: dict[Ticket, Pending] = {}
        self._mail: list[tuple[Any, Ticket | None]] = []
        self._unanswered: list[Reply] = []  # held until the high watermark reaches _applied_upto
        self._applied_upto = 0
        self._last_ticket = 0
        self._task_runs = False
        self._sleep: trio.CancelScope | None = None

    # --- life --------------------------------------------------------------------------------------------------------

    def open(self, turns: trio.Lock, delay_s: float = 0.0) -> None:
        """Serve, after replaying the log if it holds anything. turns: one shard replays at a time. delay_s: not before."""
        if self._log.is_empty and not delay_s:
            self._activate()
        else:
            self._nursery.start_soon(self._load, turns, delay_s)

    async def _load(self, turns: trio.Lock, delay_s: float) -> None:
        try:
            await trio.sleep(delay_s)
            async with turns:
                if self.state is not ShardState.LOADING:
                    return
                count = await self._log.replay(self.machine)
        except (ApiError, OSError, WireError) as error:
            log.error("%s cannot be loaded: %s", self.name, error)
            self.close()
            return
        if self.state is ShardState.LOADING:
            log.debug("%s is loaded from %d records", self.name, count)
            self._activate()

    def _activate(self) -> None:
        self.state = ShardState.ACTIVE
        self.decided.set()
        mail, self._mail = self._mail, []
        decision = self.machine.loaded(self._clock.now_ms())
        try:
            self._append(self._take_in(decision))
            if mail:
                self._turn(mail)
        except (ApiError, OSError) as error:
            self._fail(error)
        self._ensure_task()

    def close(self) -> None:
        """Stop serving: all that wait are answered NOT_COORDINATOR."""
        if self.state is ShardState.CLOSED:
            return
        self.state = ShardState.CLOSED
        self.decided.set()
        self._timers.clear()
        self._mail.clear()
        self._unanswered.clear()
        waiting, self._waiting = self._waiting, {}
        for pending in waiting.values():
            pending.settle(None, ErrorCode.NOT_COORDINATOR)
        self._wake()

    def _fail(self, error: BaseException) -> None:
        if self.state is not ShardState.CLOSED:
            log.error(
                "%s is replayed anew, because its last change could not be stored: %s", self.name, error
            )
            self.close()
            self._on_failed(self)

    @property
    def is_loading(self) -> bool:
        return self.state is ShardState.LOADING

    # --- requests ----------------------------------------------------------------------------------------------------

    def post(self, command: Any) -> Pending | Early:
        """Give the machine a request's command. Often the answer is there at once.

        Raises: ApiError NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE (overloaded).
        """
        if self.state is not ShardState.ACTIVE:
            if self.state is ShardState.LOADING:
                return Early(self, command)
            raise ApiError(ErrorCode.NOT_COORDINATOR, f"{self.name} is not served here")
        self._last_ticket += 1
        ticket = self._last_ticket
        pending = self._waiting[ticket] = Pending(self, ticket)
        if self._unanswered or self._mail or self._in_flight:
            if len(self._mail) >= MAX_MAIL:
                del self._waiting[ticket]
                raise ApiError(ErrorCode.COORDINATOR_NOT_AVAILABLE, "too many requests wait for replication")
            self._mail.append((command, ticket))
            self._wake()
        else:
            self._guarded_turn([(command, ticket)])
        return pending

    def tell(self, command: Any) -> None:
        """Give the machine a command that nobody waits for; while loading it is kept for later."""
        if self.state is ShardState.CLOSED:
            return
        if self.state is ShardState.LOADING or self._unanswered or self._mail or self._in_flight:
            self._mail.append((command, None))
            self._wake()
        else:
            self._guarded_turn([(command, None)])

    def forget(self, ticket: Ticket) -> None:
        self._waiting.pop(ticket, None)

    # --- turns -------------------------------------------------------------------------------------------------------

    @property
    def _in_flight(self) -> bool:
        return self._applied_upto > self._log.high_watermark

    def _guarded_turn(self, mail: Sequence[tuple[Any, Ticket | None]]) -> None:
        """A turn in the task of the request. A failed append answers it NOT_COORDINATOR like all others.

        A bug goes up to it; the shard, of which nobody knows how it stands, is replayed.
        """
        try:
            self._turn(mail)
        except (ApiError, OSError) as error:
            self._fail(error)
        except Exception as error:
            for _, ticket in mail:
                if ticket is not None:
                    self.forget(ticket)
            self._fail(error)
            raise

    def _turn(self, mail: Sequence[tuple[Any, Ticket | None]]) -> None:
        now_ms = self._clock.now_ms()
        records: list[Record] = []
        for command, ticket in mail:
            records += self._take_in(self.machine.decide(command, now_ms, ticket))
        if records:
            self._append(records)
        if not self._in_flight:
            self._answer()
        elif self._unanswered:
            self._wake()

    def _take_in(self, decision: Decision) -> list[Record]:
        """Apply what was decided, set its timers, keep its replies; the records that are to be appended."""
        machine = self.machine
        records = []
        if decision.records:
            now_ms = self._clock.now_ms()
            for record in decision.records:
                machine.apply(record)
                key, value = machine.encode(record)
                records.append(Record(0, now_ms, key, value))
        if decision.timers:
            self._set_timers(decision)
        self._unanswered += decision.replies
        for note in decision.notes:
            log.info("%s", note)
        return records

    def _set_timers(self, decision: Decision) -> None:
        now = trio.current_time()
        for timer in decision.timers:
            if timer.command is None:
                self._timers.cancel(timer.key)
            else:
                at = now + timer.after_ms / 1000
                self._timers.set(timer.key, at, timer.command)
                if self._sleep is not None and at < self._sleep.deadline:
                    self._sleep.deadline = at
        if not self._task_runs:
            self._ensure_task()

    def _append(self, records: list[Record]) -> None:
        """As one batch; as several where they do not fit, which only many tombstones do."""
        start = size = 0
        for i, record in enumerate(records):
            length = 32 + len(record.key or b"") + len(record.value or b"")
            if size + length > self._max_batch_bytes - 128 and i > start:
                self._applied_upto = self._log.append(build_batch(records[start:i], codec=self._codec))
                start, size = i, 0
            size += length
        if records:
            self._applied_upto = self._log.append(build_batch(records[start:], codec=self._codec))

    def _answer(self) -> None:
        replies, self._unanswered = self._unanswered, []
        for ticket, result in replies:
            pending = self._waiting.pop(ticket, None)
            if pending is not None:
                pending.settle(result)

    # --- the shard's own task ----------------------------------------------------------------------------------------

    def _wake(self) -> None:
        if self._sleep is not None:
            self._sleep.cancel()
        else:
            self._ensure_task()

    def _ensure_task(self) -> None:
        if not self._task_runs and self.state is ShardState.ACTIVE and (self._has_work or len(self._timers)):
            self._task_runs = True
            self._nursery.start_soon(self._run)

    @property
    def _has_work(self) -> bool:
        return bool(self._mail or self._unanswered)

    async def _run(self) -> None:
        """Wait for replication, then take turns with the mail and the timers; end when there is nothing to wait for."""
        try:
            while self.state is ShardState.ACTIVE:
                if self._in_flight:
                    await self._settle()
                    continue
                self._answer()
                mail, self._mail = self._mail, []
                if mail:
                    self._turn(mail)  # first the mail: a heartbeat that came in time must not lose to a timer
                elif not self._fire_timer():
                    if not len(self._timers):
                        break
                    await self._sleep_until_due()
        except (ApiError, OSError) as error:
            self._fail(error)
        except Exception as error:
            log.error("%s has a bug", self.name, exc_info=error)
            self._fail(error)
        finally:
            self._task_runs = False
        self._ensure_task()

    async def _settle(self) -> None:
        with trio.move_on_after(self._settle_timeout_s):
            await self._log.wait_high_watermark(self._applied_upto)
            return
        raise ApiError(
            ErrorCode.REQUEST_TIMED_OUT, f"{self.name}: not replicated in {self._settle_timeout_s} s"
        )

    def _fire_timer(self) -> bool:
        command = self._timers.pop_due(trio.current_time())
        if command is None:
            return False
        self._turn([(command, None)])
        return True

    async def _sleep_until_due(self) -> None:
        next_at = self._timers.next_at
        if next_at is None:
            return
        try:
            with trio.CancelScope(deadline=next_at) as self._sleep:
                await trio.sleep_forever()
        finally:
            self._sleep = None

    def statistics(self) -> ShardStatistics:
        return ShardStatistics(self.state, len(self._waiting), len(self._timers), len(self._mail))
