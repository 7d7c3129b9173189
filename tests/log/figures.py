"""What an append that was refused must not have changed."""

from __future__ import annotations

from pykbroker.log.log import Log


def figures(log: Log) -> tuple[int, ...]:
    """Segments, bytes, offsets and producers of a log."""
    offsets = (log.log_start_offset, log.log_end_offset, log.recovery_point)
    return (len(log.segments), log.size_bytes, *offsets, len(log.producers))
