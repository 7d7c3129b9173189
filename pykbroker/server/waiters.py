"""A fetch that waits: one event for all the partitions that it reads, set when reading again may be worth it.

Appends count down the bytes that are missing. They may count too much (a partition gives no more than the reader's limit for
it), never too little: who is woken reads again and waits once more if that was not enough. (Kafka: DelayedFetch)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from pykbroker.server.partition import Partition


class FetchWaiter:
    """One fetch that waits for bytes on some partitions. Always `close` it, or the partitions keep it.

    missing_bytes: how much has to be appended before it is worth to read again.
    """

    __slots__ = ("_event", "_missing_bytes", "_partitions")

    def __init__(self, partitions: Sequence[Partition], missing_bytes: int) -> None:
        self._event = trio.Event()
        self._missing_bytes = missing_bytes
        self._partitions = partitions
        for partition in partitions:
            partition.fetch_waiters[self] = None

    def appended(self, count: int) -> None:
        """`count` more bytes can be read."""
        self._missing_bytes -= count
        if self._missing_bytes <= 0:
            self._event.set()

    def wake(self) -> None:
        """Something else changed: read again."""
        self._event.set()

    def rearm(self, missing_bytes: int) -> None:
        """Wait once more."""
        self._event = trio.Event()
        self._missing_bytes = missing_bytes

    async def wait(self) -> None:
        await self._event.wait()

    def close(self) -> None:
        for partition in self._partitions:
            partition.fetch_waiters.pop(self, None)
