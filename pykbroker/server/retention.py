"""Retention at work: every log is looked at now and then, and what went leaves the disk a little later.

One task begins log.initial.task.delay.ms after the start and goes over all logs every log.retention.check.interval.ms, with
other work in between. What goes is decided in log/retention.py; settings are those of the moment. The files of a segment
that left its log, for whatever reason, stay under .deleted names for file.delete.delay.ms; those that are still there when
the broker stops are removed by the next start. (Kafka: LogManager.cleanupLogs, LocalLog.deleteSegmentFiles)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import trio

from pykbroker.config.broker import BrokerConfig
from pykbroker.files import Files
from pykbroker.logs import get_logger
from pykbroker.server.partition import Partition
from pykbroker.server.replicas import SHORTEST_PAUSE_MS

log_lines = get_logger(__name__)


class Retention:
    """partitions: all that this broker holds, now. config: the broker's settings, now."""

    def __init__(
        self,
        files: Files,
        partitions: Callable[[], Iterable[Partition]],
        config: Callable[[], BrokerConfig],
    ) -> None:
        self._files = files
        self._partitions = partitions
        self._config = config

    async def run(self) -> None:
        """Runs until it is cancelled."""
        async with trio.open_nursery() as nursery:
            while True:
                for partition in self._partitions():
                    self._look_at(partition, nursery)
                    await trio.lowlevel.checkpoint()
                pause_ms = max(SHORTEST_PAUSE_MS, self._config().integer("log.retention.check.interval.ms"))
                await trio.sleep(pause_ms / 1000)

    def _look_at(self, partition: Partition, nursery: trio.Nursery) -> None:
        log = partition.log
        if partition.closed or log.failure is not None:
            return
        name = f"{partition.topic}-{partition.index}"
        try:
            for breach in partition.delete_old_segments():
                log_lines.info(
                    "%s: deleting segments %s due to %s; the log starts at offset %d",
                    name,
                    ", ".join(map(str, breach.bases)),
                    breach.reason,
                    log.log_start_offset,
                )
        except OSError as error:
            log_lines.error("old segments of %s cannot be deleted: %s", name, error)
        if log.aside:
            paths, log.aside = log.aside, []
            nursery.start_soon(remove_later, self._files, paths, partition.settings.file_delete_delay_ms)


async def remove_later(files: Files, paths: Sequence[str], delay_ms: int) -> None:
    """Take files off the disk, file.delete.delay.ms after they left the log."""

    def remove() -> None:
        for path in paths:
            files.unlink(path)

    await trio.sleep(delay_ms / 1000)
    try:
        await trio.to_thread.run_sync(remove)
    except OSError as error:
        log_lines.error("deleted segments cannot be taken off the disk: %s", error)
