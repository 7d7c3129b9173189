"""A partition on this broker: its log, who leads it, up to where it is committed, and who waits for it.

Theory of operation. Appending is synchronous: check, write, move the high watermark, wake, with no await in between, so the
order of appends is the order of calls and needs no lock. Three offsets grow along a log:

    log_start_offset <= last_stable_offset <= high_watermark <= log_end_offset

A consumer reads below the high watermark: what every in-sync replica has. While this broker is the only one in the ISR that
is the log end. (With followers it becomes the least log end offset in the ISR; this file is then where their fetches arrive,
and `_commit` is where it is computed.) Until transactions are served nothing is unstable, so the last stable offset is the
high watermark. One thing holds it back already: where flush.messages demands an fsync, records count as committed after it.

Two kinds of waiting, neither of them polls or owns a task. A produce with acks=all parks until the high watermark passes
its records. A fetch that found too little registers one FetchWaiter on all partitions that it reads; appends count down the
bytes that it misses, and it reads again when they may suffice. Losing the leadership or the log wakes both.
(Kafka: Partition.scala, DelayedProduce, DelayedFetch)
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import trio

from pykbroker.clock import Clock
from pykbroker.config.topic_settings import NEVER, TopicSettings
from pykbroker.core.cluster.image import PartitionImage
from pykbroker.core.cluster.topics import is_internal
from pykbroker.errors import ApiError
from pykbroker.log.log import Appended, Log, TimestampOffset
from pykbroker.log.retention import Breach, delete_old_segments
from pykbroker.log.validate import AppendOrigin
from pykbroker.logs import get_logger
from pykbroker.server.waiters import FetchWaiter
from wire.errors import ErrorCode

log_lines = get_logger(__name__)

READ_UNCOMMITTED = 0
READ_COMMITTED = 1
ISOLATION_LEVELS = (READ_UNCOMMITTED, READ_COMMITTED)

LATEST = -1
EARLIEST = -2
MAX_TIMESTAMP = -3
EARLIEST_LOCAL = -4
LATEST_TIERED = -5
EARLIEST_PENDING_UPLOAD = -6

NO_EPOCH = -1
NO_OFFSET = -1
NO_TIMESTAMP = -1


class PartitionRead(NamedTuple):
    """What one read gave. records: whole batches as they stand in the log, b"" at the end; offsets as of the read.

    diverging: (epoch, end offset) up to which the reader's log and this one agree, when its last fetched epoch shows that
    they part (KIP-595); then there are no records.
    """

    records: bytes | memoryview
    high_watermark: int
    last_stable_offset: int
    log_start_offset: int
    diverging: tuple[int, int] | None = None


class PartitionStatistics(NamedTuple):
    """A snapshot for the console, metrics and tests."""

    topic: str
    partition: int
    is_leader: bool
    leader_epoch: int
    isr: tuple[int, ...]
    log_start_offset: int
    high_watermark: int
    log_end_offset: int
    size_bytes: int
    waiting_fetches: int


class Partition:
    """One partition that this broker holds.

    leader: broker id, -1 none. is_leader: this broker is it. closed: deleted or shut down, every use is refused.
    flush_messages: records that may be written without an fsync; 0: any number.
    flushed_ms: monotonic time of the last flush. fetch_waiters: registered FetchWaiters.
    """

    __slots__ = (
        "_broker_id",
        "_clock",
        "_flushing",
        "_min_isr",
        "_parked",
        "_sole_replica",
        "_storage_failed",
        "closed",
        "fetch_waiters",
        "flush_messages",
        "flushed_ms",
        "high_watermark",
        "index",
        "is_internal",
        "is_leader",
        "isr",
        "leader",
        "leader_epoch",
        "log",
        "replicas",
        "settings",
        "topic",
        "topic_id",
    )

    def __init__(
        self,
        topic: str,
        topic_id: bytes,
        index: int,
        log: Log,
        settings: TopicSettings,
        broker_id: int,
        clock: Clock,
    ) -> None:
        self.topic = topic
        self.topic_id = topic_id
        self.index = index
        self.is_internal = is_internal(topic)
        self.log = log
        self._broker_id = broker_id
        self._clock = clock
        self.leader = -1
        self.leader_epoch = NO_EPOCH
        self.isr: tuple[int, ...] = ()
        self.replicas: tuple[int, ...] = ()
        self.is_leader = False
        self.closed = False
        self.high_watermark = log.log_start_offset
        self.flushed_ms = clock.monotonic_ms()
        self.fetch_waiters: dict[FetchWaiter, None] = {}
        self._parked: trio.lowlevel.ParkingLot | None = None
        self._flushing = False
        self._sole_replica = False
        self._storage_failed = False
        self._min_isr = 1
        self.flush_messages = 0
        self.settings = settings
        self.take_settings(settings)

    def __repr__(self) -> str:
        return f"<Partition {self.topic}-{self.index} epoch {self.leader_epoch} high watermark {self.high_watermark}>"

    # What the controller decides.

    def become(self, image: PartitionImage) -> None:
        """Take over leader, epoch and ISR; a state of an older leader epoch is ignored."""
        if image.leader_epoch < self.leader_epoch:
            return
        new_epoch = image.leader_epoch != self.leader_epoch
        self.leader, self.leader_epoch = image.leader, image.leader_epoch
        self.isr, self.replicas = image.isr, image.replicas
        self.is_leader = image.leader == self._broker_id
        self._sole_replica = self.is_leader and image.isr == (self._broker_id,)
        self._count_min_isr()
        if self.is_leader and new_epoch:
            self._begin_epoch()
        before = self.high_watermark
        if self._sole_replica:
            self.high_watermark = max(before, self.log.log_end_offset)
        if new_epoch or self.high_watermark != before:
            self._wake_all()

    def _begin_epoch(self) -> None:
        """The log knows the epoch from now on; its file may follow later, since every batch states its epoch too."""
        try:
            self.log.assign_epoch(self.leader_epoch)
        except OSError as error:
            self._note_storage_failure(error)

    def restore_high_watermark(self, offset: int) -> None:
        """At the start: what the checkpoint says, as far as the log bears it out. Before `become`."""
        log = self.log
        self.high_watermark = min(max(offset, log.log_start_offset), log.log_end_offset)

    def take_settings(self, settings: TopicSettings) -> None:
        """The topic's settings, new or changed.

        The log would fsync where it stands when flush.messages are due; it is told never to, and this class does it.
        """
        self.settings = settings
        self.flush_messages = 0 if settings.flush_messages == NEVER else settings.flush_messages
        self._count_min_isr()
        quiet = replace(settings, flush_messages=NEVER) if self.flush_messages else settings
        if quiet != self.log.settings:
            self.log.update_settings(quiet)

    def _count_min_isr(self) -> None:
        """min.insync.replicas asks for no more than there are replicas."""
        self._min_isr = min(self.settings.min_insync_replicas, max(1, len(self.replicas)))

    def close(self) -> None:
        """The log is gone: everybody who waits is woken, and finds out."""
        self.closed = True
        self.is_leader = False
        self._wake_all()

    # Writing.

    def append_as_leader(
        self, records: bytes | memoryview, origin: AppendOrigin, required_acks: int = -1
    ) -> Appended:
        """Write one batch. Synchronous, so that the order of calls is the order in the log.

        required_acks: -1 refuses when the ISR is smaller than min.insync.replicas.

        Raises: ApiError NOT_LEADER_OR_FOLLOWER, NOT_ENOUGH_REPLICAS, and what the log refuses; OSError.
        """
        if not self.is_leader:
            raise self._not_leader()
        if required_acks == -1 and len(self.isr) < self._min_isr:
            raise ApiError(
                ErrorCode.NOT_ENOUGH_REPLICAS,
                f"{self.topic}-{self.index} has {len(self.isr)} in-sync replicas, min.insync.replicas={self._min_isr}",
            )
        try:
            appended = self.log.append(records, self.leader_epoch, self._clock.now_ms(), origin)
        except OSError as error:
            self._note_storage_failure(error)
            raise
        if self._storage_failed:
            self._note_storage_recovery()
        if appended.last_offset >= self.high_watermark:
            self._commit(appended.last_offset + 1, len(records))
        return appended

    def _commit(self, log_end_offset: int, byte_count: int) -> None:
        """Move the high watermark as far as it may go; `byte_count` became readable by it."""
        if not self._sole_replica:
            return
        if self.flush_messages and log_end_offset - self.log.recovery_point >= self.flush_messages:
            return  # who waits for it flushes first
        self.high_watermark = log_end_offset
        if self._parked:
            self._parked.unpark_all()
        if self.fetch_waiters:
            for waiter in tuple(self.fetch_waiters):
                waiter.appended(byte_count)

    async def wait_high_watermark(self, offset: int) -> None:
        """Return when all below `offset` is committed. The caller sets the deadline.

        Raises: ApiError NOT_LEADER_OR_FOLLOWER when the leadership or the log is lost meanwhile,
        NOT_ENOUGH_REPLICAS_AFTER_APPEND when the ISR has shrunk below min.insync.replicas; OSError of a failed flush.
        """
        epoch = self.leader_epoch
        while True:
            if not self.is_leader or self.leader_epoch != epoch:
                raise self._not_leader()
            if self.high_watermark >= offset:
                if len(self.isr) < self._min_isr:
                    raise ApiError(ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND)
                return
            if self.awaits_flush and not self._flushing:
                await self.flush()
            else:
                await self._park()

    async def wait_flushed(self, offset: int) -> None:
        """Return when flush.messages asks for no fsync of what is below `offset` any more (acks 0 and 1).

        Raises: ApiError NOT_LEADER_OR_FOLLOWER when the log is gone; OSError of a failed flush.
        """
        while self.awaits_flush and self.log.recovery_point < offset:
            if self.closed:
                raise self._not_leader()
            if self._flushing:
                await self._park()
            else:
                await self.flush()

    @property
    def awaits_flush(self) -> bool:
        """flush.messages says that the log's tail has to be on the disk before it counts."""
        log = self.log
        return bool(self.flush_messages) and log.log_end_offset - log.recovery_point >= self.flush_messages

    async def flush(self) -> None:
        """fsync in a worker thread what is written by now; one at a time, so many waiters share one (group commit)."""
        while self._flushing:
            await self._park()
        self._flushing = True
        try:
            await self._flush_in_thread()
        finally:
            self._flushing = False
            if self._parked:
                self._parked.unpark_all()
        if self._sole_replica:
            self._commit_flushed()

    async def _flush_in_thread(self) -> None:
        log = self.log
        self.flushed_ms = self._clock.monotonic_ms()
        job = log.begin_flush()
        if job is None:
            return
        try:
            with trio.CancelScope(shield=True):  # what the job has taken over from the log must not get lost
                await trio.to_thread.run_sync(job.run)
        except OSError as error:
            log.failure = error
            self._note_storage_failure(error)
            raise
        finally:
            log.end_flush(job)

    def _commit_flushed(self) -> None:
        log = self.log
        upto = log.recovery_point if self.awaits_flush else log.log_end_offset
        if upto > self.high_watermark:
            self.high_watermark = upto
            self._wake_fetches()

    async def _park(self) -> None:
        if self._parked is None:
            self._parked = trio.lowlevel.ParkingLot()
        await self._parked.park()

    def _wake_all(self) -> None:
        if self._parked:
            self._parked.unpark_all()
        self._wake_fetches()

    def _wake_fetches(self) -> None:
        for waiter in tuple(self.fetch_waiters):
            waiter.wake()

    # Reading.

    @property
    def last_stable_offset(self) -> int:
        """Below it no transaction is open; the high watermark until transactions are served."""
        return self.high_watermark

    @property
    def log_start_offset(self) -> int:
        return self.log.log_start_offset

    @property
    def log_end_offset(self) -> int:
        return self.log.log_end_offset

    def check_leader(self, current_leader_epoch: int = NO_EPOCH) -> None:
        """current_leader_epoch: what the client takes for the leader's epoch, -1 if it does not say (KIP-320).

        Raises: ApiError FENCED_LEADER_EPOCH, UNKNOWN_LEADER_EPOCH, NOT_LEADER_OR_FOLLOWER.
        """
        if current_leader_epoch != NO_EPOCH and current_leader_epoch != self.leader_epoch:
            older = current_leader_epoch < self.leader_epoch
            raise ApiError(ErrorCode.FENCED_LEADER_EPOCH if older else ErrorCode.UNKNOWN_LEADER_EPOCH)
        if not self.is_leader:
            raise self._not_leader()

    def read(
        self,
        offset: int,
        max_bytes: int,
        isolation: int = READ_UNCOMMITTED,
        min_one: bool = True,
        last_fetched_epoch: int = NO_EPOCH,
    ) -> PartitionRead:
        """Whole batches from `offset` on, below the high watermark or the last stable offset.

        min_one: the first batch even if it is larger than max_bytes (KIP-74). The leadership is the caller's to check.

        Raises: ApiError OFFSET_OUT_OF_RANGE; OSError.
        """
        log, high_watermark = self.log, self.high_watermark
        if last_fetched_epoch != NO_EPOCH:
            diverging = self._diverging(offset, last_fetched_epoch)
            if diverging is not None:
                return PartitionRead(b"", high_watermark, high_watermark, log.log_start_offset, diverging)
        upto = high_watermark if isolation == READ_UNCOMMITTED else self.last_stable_offset
        if max_bytes <= 0 and not min_one:
            upto = offset  # no room for a byte: only see that the offset is in range
        records = log.read(offset, max_bytes, upto, min_one)
        return PartitionRead(records, high_watermark, self.last_stable_offset, log.log_start_offset)

    def _diverging(self, offset: int, last_fetched_epoch: int) -> tuple[int, int] | None:
        epoch, end_offset = self.log.epoch_end_offset(last_fetched_epoch)
        if epoch == NO_EPOCH or end_offset == NO_OFFSET:
            raise ApiError(
                ErrorCode.OFFSET_OUT_OF_RANGE, f"nothing is known of leader epoch {last_fetched_epoch}"
            )
        if offset < self.log.log_start_offset:
            raise ApiError(ErrorCode.OFFSET_OUT_OF_RANGE)
        if epoch < last_fetched_epoch or end_offset < offset:
            return epoch, end_offset
        return None

    def offset_for(self, timestamp: int, isolation: int = READ_UNCOMMITTED) -> TimestampOffset | None:
        """The offset that a ListOffsets timestamp stands for; None if no readable record is that young.

        timestamp: ms, then the first record at or after it; or one of the names above (LATEST ...). Nothing is tiered here.

        Raises: OSError.
        """
        log = self.log
        last = self.high_watermark if isolation == READ_UNCOMMITTED else self.last_stable_offset
        if timestamp == LATEST:
            return TimestampOffset(NO_TIMESTAMP, last, self.leader_epoch)
        if timestamp in (EARLIEST, EARLIEST_LOCAL):
            return log.earliest()
        if timestamp in (LATEST_TIERED, EARLIEST_PENDING_UPLOAD):
            return TimestampOffset(NO_TIMESTAMP, NO_OFFSET, NO_EPOCH)
        found = log.max_timestamp() if timestamp == MAX_TIMESTAMP else log.offset_for_timestamp(timestamp)
        return None if found is None or found.offset >= last else found

    def segment_offsets(self, timestamp: int, most: int) -> list[int]:
        """Where segments begin, and where the log ends: what ListOffsets v0 gives, newest first, at most `most`.

        timestamp: ms, then only the beginnings of segments whose files were last written to by then (the end counts as
        written now); LATEST for all, EARLIEST for the first. In place of what is above the high watermark stands the
        high watermark itself. Raises: OSError. (Kafka 3: UnifiedLog.legacyFetchOffsetsBefore)
        """
        log = self.log
        found = [max(segment.base_offset, log.log_start_offset) for segment in log.segments]
        if log.segments[-1].size:
            found.append(log.log_end_offset)
        if timestamp == EARLIEST:
            del found[1:]
        elif timestamp != LATEST:
            written = [segment.modified_ms() for segment in log.segments]
            written.append(self._clock.now_ms())
            while found and written[len(found) - 1] > timestamp:
                found.pop()
        newest_first = found[::-1][: max(most, 0)]
        readable = [offset for offset in newest_first if offset <= self.high_watermark]
        return readable if len(readable) == len(newest_first) else [self.high_watermark, *readable]

    def epoch_end_offset(self, leader_epoch: int) -> tuple[int, int]:
        """(greatest epoch not above `leader_epoch`, its end offset); (-1, -1) if the log knows none (KIP-101, KIP-279)."""
        return self.log.epoch_end_offset(leader_epoch)

    def delete_records(self, before_offset: int) -> int:
        """Let the log start at `before_offset` (-1: at the high watermark); the low watermark of the partition after it.

        Raises: ApiError NOT_LEADER_OR_FOLLOWER, POLICY_VIOLATION (only compacted), OFFSET_OUT_OF_RANGE; OSError.
        """
        self.check_leader()
        if "delete" not in self.settings.cleanup_policy:
            raise ApiError(
                ErrorCode.POLICY_VIOLATION,
                f"records of {self.topic}-{self.index} cannot be deleted: cleanup.policy does not contain 'delete'",
            )
        offset = self.high_watermark if before_offset == -1 else before_offset
        if not 0 <= offset <= self.high_watermark:
            raise ApiError(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                f"{offset} is not between 0 and the high watermark {self.high_watermark}",
            )
        if offset > self.log.log_start_offset:
            self.log.advance_start(offset)
            self._wake_fetches()
        return self.log.log_start_offset

    def delete_old_segments(self) -> list[Breach]:
        """What retention.ms and retention.bytes say; what went. Raises: OSError."""
        found = delete_old_segments(self.log, self.high_watermark, self._clock.now_ms())
        if found:
            self._wake_fetches()
        return found

    # Errors and what is seen from outside.

    def _not_leader(self) -> ApiError:
        if self.closed:
            return ApiError(
                ErrorCode.NOT_LEADER_OR_FOLLOWER, f"{self.topic}-{self.index} is being deleted or shut down"
            )
        return ApiError(
            ErrorCode.NOT_LEADER_OR_FOLLOWER, f"broker {self.leader} leads {self.topic}-{self.index}"
        )

    def _note_storage_failure(self, error: OSError) -> None:
        """One line for the first of a row of failures: a full disk meets every producer at once."""
        if not self._storage_failed:
            self._storage_failed = True
            log_lines.error("%s-%d cannot be written: %s", self.topic, self.index, error)

    def _note_storage_recovery(self) -> None:
        self._storage_failed = False
        log_lines.warning("%s-%d can be written again", self.topic, self.index)

    def statistics(self) -> PartitionStatistics:
        log = self.log
        return PartitionStatistics(
            self.topic,
            self.index,
            self.is_leader,
            self.leader_epoch,
            self.isr,
            log.log_start_offset,
            self.high_watermark,
            log.log_end_offset,
            log.size_bytes,
            len(self.fetch_waiters),
        )
