"""Which partition of __consumer_offsets, and so which coordinator, a group belongs to."""

from __future__ import annotations

from functools import lru_cache

OFFSETS_TOPIC = "__consumer_offsets"


def java_hash(text: str) -> int:
    """Java's String.hashCode: over UTF-16 units, as a signed 32-bit number."""
    value = 0
    if text.isascii():
        for byte in text.encode():
            value = (value * 31 + byte) & 0xFFFFFFFF
    else:
        units = text.encode("utf-16-be", "surrogatepass")
        for high, low in zip(units[::2], units[1::2], strict=True):
            value = (value * 31 + (high << 8 | low)) & 0xFFFFFFFF
    return value - 0x100000000 if value & 0x80000000 else value


@lru_cache(maxsize=4096)
def partition_of(group_id: str, partitions: int) -> int:
    """Kafka's Utils.abs drops the sign of everything but the smallest number, which becomes 0.

    Remembered, because each request asks.
    """
    number = java_hash(group_id)
    return (0 if number == -0x80000000 else abs(number)) % partitions
