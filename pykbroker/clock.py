"""The only home of time and randomness: everything else gets a Clock as an argument.

A simulation passes a clock of its own, and then a whole cluster repeats exactly from one seed.
"""

from __future__ import annotations

import os
import time
from typing import Protocol


class Clock(Protocol):
    """Time and randomness, as values."""

    def now_ms(self) -> int:
        """Wall clock, milliseconds since 1970 UTC: what records and znodes carry."""

    def monotonic_ms(self) -> int:
        """Milliseconds that never go back: what timeouts are measured with."""

    def random_bytes(self, count: int) -> bytes:
        """`count` unpredictable bytes."""


class SystemClock:
    """The machine's clock and random source."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def random_bytes(self, count: int) -> bytes:
        return os.urandom(count)


def random_uuid(clock: Clock) -> bytes:
    """A random (version 4) UUID as 16 bytes, never one whose text starts with '-' (Kafka's Uuid.randomUuid).

    Such a text would be taken for an option by command line tools.
    """
    while True:
        raw = bytearray(clock.random_bytes(16))
        raw[6] = raw[6] & 0x0F | 0x40
        raw[8] = raw[8] & 0x3F | 0x80
        if raw[0] >> 2 != 62:  # 62 is '-' in URL-safe base64
            return bytes(raw)
