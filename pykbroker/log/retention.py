"""Retention: which of a log's oldest segments go, and why.

Theory of operation. Segments go whole, the oldest first, and the first one that has to stay ends the search. There are three
reasons, looked for in this order, each in what the one before it left:

1. it lies below the log start offset (DeleteRecords, or what a crash left of an earlier deletion);
2. without it the log still has retention.bytes;
3. its youngest record is older than retention.ms, or, where no record has a timestamp, its file.

2 and 3 are for topics whose cleanup.policy has `delete`; one that is only compacted keeps what is old. Nothing at or above
the high watermark goes, or the log would start where nobody may read yet. The active segment goes like every other when all
of it is to go: a new, empty one is begun first, so that offsets go on. -1 bounds nothing.

`breaches` decides and touches nothing, `delete_old_segments` does it. Kafka's counterpart is UnifiedLog.deleteOldSegments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pykbroker.config.topic_settings import TopicSettings

if TYPE_CHECKING:
    from pykbroker.log.log import Log


class Aging(Protocol):
    """A segment as retention sees it; timestamps are looked up only where they decide."""

    base_offset: int
    size: int

    def retention_timestamp(self) -> int:
        """ms. Raises: OSError."""


class Breach(NamedTuple):
    """Segments that go for one reason, by their base offsets. next_offset: where the log begins without them."""

    bases: tuple[int, ...]
    next_offset: int
    reason: str


def breaches(
    segments: Sequence[Aging],
    log_start_offset: int,
    log_end_offset: int,
    high_watermark: int,
    settings: TopicSettings,
    now_ms: int,
) -> list[Breach]:
    """What is to go. segments: all, the active one last. Raises: OSError."""
    ends = [*(segment.base_offset for segment in segments[1:]), log_end_offset]
    deletable = sum(end <= high_watermark for end in ends)
    if deletable == len(segments) and not segments[-1].size:
        deletable -= 1  # there must be one, and it is this one
    found: list[Breach] = []
    gone = 0

    def take(is_breached: Callable[[int], bool], reason: str) -> None:
        nonlocal gone
        first = gone
        while gone < deletable and is_breached(gone):
            gone += 1
        if gone > first:
            bases = tuple(segment.base_offset for segment in segments[first:gone])
            found.append(Breach(bases, ends[gone - 1], reason))

    take(
        lambda number: number + 1 < len(segments) and ends[number] <= log_start_offset,
        f"log start offset {log_start_offset} breach",
    )
    if "delete" not in settings.cleanup_policy:
        return found
    if settings.retention_bytes >= 0:
        sizes, first = [segment.size for segment in segments], gone
        excess = sum(sizes[first:]) - settings.retention_bytes
        take(
            lambda number: sum(sizes[first : number + 1]) <= excess,
            f"log retention size {settings.retention_bytes} breach",
        )
    if settings.retention_ms >= 0:
        oldest_ms = now_ms - settings.retention_ms
        take(
            lambda number: segments[number].retention_timestamp() < oldest_ms,
            f"log retention time {settings.retention_ms}ms breach",
        )
    return found


def delete_old_segments(log: Log, high_watermark: int, now_ms: int) -> list[Breach]:
    """Takes what is to go out of the log; its files wait in `log.aside`. Returns what went.

    Raises: OSError; the next call goes on from there.
    """
    found = breaches(
        log.segments, log.log_start_offset, log.log_end_offset, high_watermark, log.settings, now_ms
    )
    if found:
        next_offset = found[-1].next_offset
        if next_offset == log.log_end_offset:
            log.roll(next_offset, now_ms)
        log.advance_start(next_offset)
    return found
