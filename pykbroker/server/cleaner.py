"""Compaction at work: which log is next, and the threads that read and write for it.

Theory of operation. One task looks at all compacted logs, takes the dirtiest that is due, and starts a pass over it, at most
log.cleaner.threads at a time; when nothing is due it sleeps for log.cleaner.backoff.ms. A pass alternates: reading keys and
writing segments is done in a worker thread (log/cleaner.py), taking a finished segment in is done here on the loop, where
appends and reads are, so that each of them sees the old segments or the new one. It costs some renames.

A pass ends early, and leaves what it has finished, when the broker stops, when the partition is closed, or when its segments
were removed under it. When the disk fails it is tried again later; a log that makes no sense is left alone from then on. The
broker's own log has a line for either.
(Kafka: LogCleaner, LogCleanerManager)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import trio

from pykbroker.clock import Clock
from pykbroker.config.broker import BrokerConfig
from pykbroker.errors import StartError
from pykbroker.log.cleaner import CleaningJob, look_at
from pykbroker.log.compaction import Due, Uncleanable
from pykbroker.log.directory import LogDirs
from pykbroker.logs import get_logger
from pykbroker.server.partition import Partition
from pykbroker.server.replicas import SHORTEST_PAUSE_MS
from pykbroker.server.retention import remove_later

log_lines = get_logger(__name__)

LONGEST_WAIT_MS = 100  # of a throttled thread, between two looks whether it is still wanted


class Abandoned(Exception):
    """The partition was closed, or its log changed, under a pass."""


class Cleaner:
    """partitions: all that this broker holds, now. config: the broker's settings, now."""

    def __init__(
        self,
        log_dirs: LogDirs,
        partitions: Callable[[], Iterable[Partition]],
        config: Callable[[], BrokerConfig],
        clock: Clock,
    ) -> None:
        self._log_dirs = log_dirs
        self._partitions = partitions
        self._config = config
        self._clock = clock
        # Topic and index, not the partition: a topic made anew waits for the end of the old one's pass.
        self._busy: set[tuple[str, int]] = set()
        self._uncleanable: set[Partition] = set()  # for good
        self._failing: set[Partition] = set()  # the last time
        self._more = trio.Event()  # a pass has ended well, and there may be another
        self._checkpoint = trio.Lock()
        self.passes = 0  # that ended well

    async def run(self) -> None:
        """Runs until it is cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                self._more = trio.Event()
                while len(self._busy) < self._config().integer("log.cleaner.threads"):
                    found = self._dirtiest()
                    if found is None:
                        break
                    self._busy.add((found[0].topic, found[0].index))
                    nursery.start_soon(self._clean, nursery, *found)
                pause_ms = max(SHORTEST_PAUSE_MS, self._config().integer("log.cleaner.backoff.ms"))
                with trio.move_on_after(pause_ms / 1000):
                    await self._more.wait()

    def _dirtiest(self) -> tuple[Partition, Due] | None:
        """Of the logs that are due, the one with the largest dirty part."""
        self._uncleanable = {partition for partition in self._uncleanable if not partition.closed}
        self._failing = {partition for partition in self._failing if not partition.closed}
        best: tuple[Partition, Due] | None = None
        now_ms = self._clock.now_ms()
        for partition in self._partitions():
            log, settings = partition.log, partition.settings
            if not settings.is_compacted or len(log.segments) < 2 or log.failure is not None:
                continue
            if (partition.topic, partition.index) in self._busy or partition in self._uncleanable:
                continue
            try:
                due = look_at(log, partition.last_stable_offset, settings, now_ms)
            except OSError as error:
                self._note_failure(partition, error)
                continue
            if due.is_due and (best is None or due.ratio > best[1].ratio):
                best = partition, due
        return best

    def _give_up(self, partition: Partition, error: Exception) -> None:
        self._uncleanable.add(partition)
        log_lines.error("%s-%d is not compacted any more: %s", partition.topic, partition.index, error)

    def _note_failure(self, partition: Partition, error: OSError) -> None:
        """One line for a row of failures: a disk that is full is not full for ever, and the next round tries again."""
        if partition not in self._failing:
            self._failing.add(partition)
            log_lines.error("%s-%d cannot be compacted now: %s", partition.topic, partition.index, error)

    async def _clean(self, nursery: trio.Nursery, partition: Partition, due: Due) -> None:
        oldest = partition.log.segments[0]
        try:
            await self._pass_over(nursery, partition, due)
        except Abandoned:
            return
        except (Uncleanable, StartError) as error:
            self._give_up(partition, error)
        except OSError as error:
            removed = partition.log.segments[0].base_offset > oldest.base_offset  # retention, DeleteRecords
            if not partition.closed and not removed:
                self._note_failure(partition, error)
        else:
            self.passes += 1
            self._failing.discard(partition)
            self._more.set()
        finally:
            self._busy.discard((partition.topic, partition.index))

    async def _pass_over(self, nursery: trio.Nursery, partition: Partition, due: Due) -> None:
        log = partition.log
        if log.recovery_point < due.first_uncleanable:
            await partition.flush()  # or a crash could lose the record for which an older one has gone
        config = self._config()
        threads = max(1, config.integer("log.cleaner.threads"))
        budget = config.integer("log.cleaner.dedupe.buffer.size") // threads
        bytes_per_second = config.number("log.cleaner.io.max.bytes.per.second") / threads
        pace = Pace(partition, bytes_per_second, self._clock)
        job = CleaningJob.of(log, due, partition.settings, budget, self._clock.now_ms(), pace)
        await trio.to_thread.run_sync(job.read_keys)
        while (new := await trio.to_thread.run_sync(job.write_next)) is not None:
            aside = None if partition.closed else job.take_in(log, new)
            if aside is None:
                if not partition.closed:
                    await trio.to_thread.run_sync(job.discard, new)
                raise Abandoned
            delay_ms = partition.settings.file_delete_delay_ms
            nursery.start_soon(remove_later, self._log_dirs.files, aside, delay_ms)
        await trio.to_thread.run_sync(job.finish)
        if partition.closed or log.cuts != job.cuts:
            raise Abandoned
        log.cleaned_upto = job.end_offset
        async with self._checkpoint:
            await trio.to_thread.run_sync(self._log_dirs.write_cleaned, log)
        log_lines.info(
            "%s-%d is compacted up to offset %d: %d keys, %d bytes read, %d written",
            partition.topic,
            partition.index,
            job.end_offset,
            job.keys,
            job.bytes_read,
            job.bytes_written,
        )


class Pace:
    """Called in the thread of a pass: ends it when it is not wanted any more, and holds it back.

    bytes_per_second: this pass's share of log.cleaner.io.max.bytes.per.second.
    """

    def __init__(self, partition: Partition, bytes_per_second: float, clock: Clock) -> None:
        self._partition = partition
        self._bytes_per_ms = bytes_per_second / 1000
        self._clock = clock
        self._free_at_ms = float(clock.monotonic_ms())

    def __call__(self, count: int) -> None:
        self._check()
        clock = self._clock
        self._free_at_ms = max(self._free_at_ms, clock.monotonic_ms()) + count / self._bytes_per_ms
        while (wait_ms := self._free_at_ms - clock.monotonic_ms()) > 0:
            trio.from_thread.run(trio.sleep, min(wait_ms, LONGEST_WAIT_MS) / 1000)
            self._check()

    def _check(self) -> None:
        trio.from_thread.check_cancelled()
        if self._partition.closed:
            raise Abandoned
