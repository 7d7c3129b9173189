"""A compaction pass as the server runs it, in one thread and in one go."""

from __future__ import annotations

from collections.abc import Callable

from pykbroker.log.cleaner import CleaningJob, look_at
from pykbroker.log.log import Log
from wire.records.batch import iterate_batches, verify_crc
from wire.records.record import Record, read_records


def compact(
    log: Log,
    now_ms: int,
    budget: int = 1 << 20,
    pace: Callable[[int], None] = lambda count: None,
    stable_offset: int | None = None,
) -> CleaningJob | None:
    """One pass, or None if the log is not due."""
    upto = log.log_end_offset if stable_offset is None else stable_offset
    due = look_at(log, upto, log.settings, now_ms)
    if not due.is_due:
        return None
    log.flush()
    job = CleaningJob.of(log, due, log.settings, budget, now_ms, pace)
    job.read_keys()
    while (new := job.write_next()) is not None:
        aside = job.take_in(log, new)
        assert aside is not None
        for path in aside:
            log.pool.files.unlink(path)
    job.finish()
    log.cleaned_upto = job.end_offset
    return job


def records_of(log: Log) -> list[Record]:
    """All records, as a reader gets them who asks again behind the last batch."""
    found: list[Record] = []
    offset = log.log_start_offset
    while offset < log.log_end_offset:
        data = log.read(offset, 500, 1 << 62)
        assert data, "a reader would never get to the end of the log"
        for position, header in iterate_batches(data):
            verify_crc(data, header, position)
            assert header.next_offset > offset
            found += [record for record in read_records(data, header, position) if record.offset >= offset]
            offset = header.next_offset
    return found


def pairs(log: Log) -> list[tuple[int, bytes | None, bytes | None]]:
    return [(record.offset, record.key, record.value) for record in records_of(log)]
