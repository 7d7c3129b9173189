"""The log against a list of records: whatever is appended, read, rolled, cut, closed, killed and opened again.

What a reader sees, by offset, by time and by limits, must be what the list says. After a machine's crash it must be a first
part of the list that holds everything which was flushed.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pykbroker.errors import ApiError
from pykbroker.log.log import Log, TimestampOffset
from pykbroker.log.retention import delete_old_segments
from wire.errors import ErrorCode
from wire.records.batch import Codec, iterate_batches, verify_crc
from wire.records.record import Record, build_batch, read_records

SMALL = {"segment_bytes": 700, "index_interval_bytes": 90, "segment_index_bytes": 240}
EVERYTHING = 1 << 62

count = st.integers(1, 6)
operation = st.one_of(
    st.tuples(st.just("append"), count, st.sampled_from(list(Codec)), st.integers(-1, 60)),
    st.tuples(st.just("append"), count, st.just(Codec.NONE), st.integers(0, 60)),
    st.tuples(st.just("read"), st.integers(0, 60), st.integers(0, 900), st.integers(0, 70)),
    st.tuples(st.just("truncate"), st.integers(0, 60)),
    st.tuples(st.just("advance"), st.integers(0, 60)),
    st.tuples(st.just("retain"), st.integers(0, 2000), st.integers(0, 70), st.integers(0, 60)),
    st.tuples(st.just("flush")),
    st.tuples(st.just("close")),
    st.tuples(st.just("kill")),
    st.tuples(st.just("epoch")),
)


@dataclass
class Model:
    """What the log should hold."""

    start: int = 0
    end: int = 0
    epoch: int = 0
    records: list[Record] = field(
        default_factory=list
    )  # also those before `start` that share a batch with it
    batches: list[tuple[int, int, int]] = field(default_factory=list)  # first offset, next offset, epoch

    def append(self, batch: list[Record]) -> None:
        self.batches.append((self.end, self.end + len(batch), self.epoch))
        self.records += [record._replace(offset=self.end + i) for i, record in enumerate(batch)]
        self.end += len(batch)

    def truncate(self, offset: int) -> None:
        """Whole batches go, so the log may end a little before `offset`."""
        dropped = [batch for batch in self.batches if batch[1] > offset]
        if dropped:
            self.batches = self.batches[: -len(dropped)]
            self.end = dropped[0][0]
            self.records = [record for record in self.records if record.offset < self.end]

    def by_time(self, timestamp: int) -> int | None:
        return next(
            (r.offset for r in self.records if r.timestamp >= timestamp and r.offset >= self.start), None
        )

    def latest_time(self) -> tuple[int, int] | None:
        timed = [record for record in self.records if record.timestamp >= 0]
        best = max(timed, key=lambda record: record.timestamp, default=None)
        return None if best is None else (best.timestamp, best.offset)


def everything(log: Log) -> list[Record]:
    """All records, read in whatever pieces the log gives them."""
    found: list[Record] = []
    offset = log.log_start_offset
    while offset < log.log_end_offset:
        data = log.read(offset, 400, EVERYTHING)
        assert data
        for position, header in iterate_batches(data):
            verify_crc(data, header, position)
            found += read_records(data, header, position)
            offset = header.next_offset
    return found


def check_whole(log: Log, model: Model) -> None:
    assert (log.log_start_offset, log.log_end_offset) == (model.start, model.end)
    first_kept = next((first for first, following, _ in model.batches if following > model.start), model.end)
    assert everything(log) == [record for record in model.records if record.offset >= first_kept]
    for timestamp in (0, 17, 40, 61):
        found = log.offset_for_timestamp(timestamp)
        assert (found and found.offset) == model.by_time(timestamp)
    with pytest.raises(ApiError) as caught:
        log.read(log.log_end_offset + 1, 1, EVERYTHING)
    assert caught.value.code is ErrorCode.OFFSET_OUT_OF_RANGE


def check_read(log: Log, model: Model, offset: int, max_bytes: int, upto: int) -> None:
    """Whole batches, in order, below both limits; the first one also if it is too large."""
    if not model.start <= offset <= model.end:
        return
    data = log.read(offset, max_bytes, upto)
    found = [(header.base_offset, header.next_offset) for _, header in iterate_batches(data)]
    assert sum(header.size for _, header in iterate_batches(data)) == len(data)
    expected = [(first, following) for first, following, _ in model.batches if following > offset]
    assert found == expected[: len(found)]
    assert all(following <= upto for _, following in found)
    assert len(data) <= max_bytes or len(found) == 1
    if expected and expected[0][1] <= min(upto, model.end):
        assert found
    if len(data) > max_bytes:
        assert log.read(offset, max_bytes, upto, min_one=False) == b""


class Run:
    """One sequence of operations on a log and its model."""

    def __init__(self, disk: Any, open_log: Callable[..., Log]) -> None:
        self.disk, self.open_log = disk, open_log
        self.model = Model()
        self.log = open_log(disk, **SMALL)

    def append(self, size: int, codec: Codec, timestamp: int) -> None:
        first = timestamp if timestamp < 0 else None
        batch = [
            Record(0, first if first is not None else (timestamp + 7 * i) % 61, b"k", b"v" * 10)
            for i in range(size)
        ]
        appended = self.log.append(build_batch(batch, codec=codec), self.model.epoch, 1000)
        assert (appended.base_offset, appended.last_offset) == (self.model.end, self.model.end + size - 1)
        self.model.append(batch)

    def read(self, offset: int, max_bytes: int, upto: int) -> None:
        check_read(self.log, self.model, offset, max_bytes, upto)

    def truncate(self, offset: int) -> None:
        if self.model.start <= offset:
            self.log.truncate_to(offset)
            self.model.truncate(offset)
            self.model.start = min(self.model.start, self.model.end)

    def advance(self, offset: int) -> None:
        if offset <= self.model.end:
            self.log.advance_start(offset)
            self.model.start = max(self.model.start, offset)

    def retain(self, most_bytes: int, now_ms: int, high_watermark: int) -> None:
        """What stays is at least so many bytes, or young enough, or above the high watermark."""
        log = self.log
        before, size, start = (
            dict(zip(log._bases, log.segments, strict=True)),
            log.size_bytes,
            self.model.start,
        )
        log.update_settings(replace(log.settings, retention_bytes=most_bytes, retention_ms=30))
        upto = min(high_watermark, self.model.end)
        went = delete_old_segments(log, upto, now_ms)
        self.model.start = log.log_start_offset
        assert start <= self.model.start <= max(upto, start)
        oldest = log.segments[0]
        kept_newest = oldest.retention_timestamp() if oldest.size else now_ms
        end = log.segments[1].base_offset if len(log.segments) > 1 else self.model.end
        if end <= upto and oldest.size:  # nothing but its size and its age keeps it
            assert log.size_bytes - oldest.size < most_bytes
            assert kept_newest >= now_ms - 30
        if not went:
            assert (log.size_bytes, log.log_start_offset) == (size, start)
        for breach in went:
            if "size" in breach.reason:
                size -= sum(before[base].size for base in breach.bases)
                assert size >= most_bytes
            for base in breach.bases if "time" in breach.reason else ():
                assert before[base].largest_timestamp() < now_ms - 30

    def flush(self) -> None:
        self.log.flush()
        assert self.log.recovery_point == self.model.end

    def epoch(self) -> None:
        self.model.epoch += 1

    def close(self) -> None:
        self.log.close()
        self._open(clean=True)

    def kill(self) -> None:
        self.log.abandon()
        self._open(clean=False)
        assert self.log.truncated_bytes == 0

    def _open(self, clean: bool) -> None:
        assert self.disk.open_files == 0
        self.log = self.open_log(
            self.disk,
            clean=clean,
            recovery_point=self.log.recovery_point,
            log_start_offset=self.log.log_start_offset,
            **SMALL,
        )

    def check(self) -> None:
        check_whole(self.log, self.model)
        assert self.log.size_bytes == sum(segment.size for segment in self.log.segments)
        epochs = [(batch[2], batch[0]) for batch in self.model.batches if batch[1] > self.model.start]
        for epoch, first in epochs:
            assert self.log.epochs.epoch_of(max(first, self.model.start)) == epoch


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(operation, max_size=40))
def test_the_log_is_a_list(
    new_disk: Callable[[], Any], open_log: Callable[..., Log], operations: list[Any]
) -> None:
    run = Run(new_disk(), open_log)
    for name, *arguments in operations:
        getattr(run, name)(*arguments)
    run.check()
    run.close()
    run.check()
    run.kill()
    run.check()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(operation, max_size=30), st.integers(0, 2**32))
def test_what_was_flushed_survives_the_machine(
    new_disk: Callable[[], Any], open_log: Callable[..., Log], operations: list[Any], seed: int
) -> None:
    """A machine's crash keeps any part of what was not fsynced. What comes back is a first part of the log, and no
    less than the recovery point says; then the log goes on."""
    dice = random.Random(seed)
    run = Run(new_disk(), open_log)
    for name, *arguments in operations:
        if name not in ("truncate", "advance", "close", "kill"):
            getattr(run, name)(*arguments)
    safe = run.log.recovery_point
    run.disk = run.disk.crash(dice)
    run.log = open_log(run.disk, recovery_point=safe, **SMALL)
    assert run.log.log_end_offset >= safe
    run.model.truncate(run.log.log_end_offset)
    assert (
        run.log.log_start_offset <= run.model.start
    )  # what retention took may come back, whole segments of it
    run.model.start = run.log.log_start_offset
    run.model.end = max(run.model.end, run.model.start)
    assert run.model.end == run.log.log_end_offset
    run.check()
    run.append(3, Codec.NONE, 5)
    run.check()


def test_the_largest_timestamp_is_found_exactly(disk: Any, open_log: Callable[..., Log]) -> None:
    """ListOffsets -3 (KIP-734): the first of the records with the largest timestamp, also inside a compressed batch."""
    run = Run(disk, open_log)
    assert run.log.max_timestamp() is None
    dice = random.Random(5)
    for _ in range(60):
        run.append(dice.randint(1, 6), dice.choice(list(Codec)), dice.randint(-1, 60))
        found = run.log.max_timestamp()
        assert (found and (found.timestamp, found.offset)) == run.model.latest_time()
    assert len(run.log.segments) > 3
    run.close()
    found = run.log.max_timestamp()
    assert found is not None
    assert (found.timestamp, found.offset) == run.model.latest_time()


def test_earliest_and_latest_name_their_epochs(disk: Any, open_log: Callable[..., Log]) -> None:
    run = Run(disk, open_log)
    assert run.log.earliest() == TimestampOffset(-1, 0, -1)
    run.append(2, Codec.NONE, 1)
    run.epoch()
    run.append(2, Codec.NONE, 1)
    assert run.log.earliest() == TimestampOffset(-1, 0, 0)
    assert run.log.latest() == TimestampOffset(-1, 4, 1)
    run.log.advance_start(3)
    assert run.log.earliest() == TimestampOffset(-1, 3, 1)
