"""When a log begins a new segment, what a follower may append, and where deletion stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pykbroker.errors import ApiError
from pykbroker.log.log import Log
from wire.errors import ErrorCode
from wire.records.batch import iterate_batches
from wire.records.record import Record, build_batch

HOUR_MS = 3_600_000


def batch(timestamp: int, size: int = 1, **more: Any) -> bytes:
    return build_batch([Record(0, timestamp, b"k", b"v" * 30)] * size, **more)


def bases(log: Log) -> list[int]:
    return [segment.base_offset for segment in log.segments]


def test_by_size(disk: Any, open_log: Callable[..., Log]) -> None:
    one = batch(1000)
    log = open_log(disk, segment_bytes=3 * len(one))
    for _ in range(7):
        log.append(one, 0, 1000)
    assert bases(log) == [0, 3, 6]


def test_by_time_of_the_records(disk: Any, open_log: Callable[..., Log]) -> None:
    """segment.ms counts from the first batch's timestamp to the coming one's, not on the clock."""
    log = open_log(disk, segment_ms=HOUR_MS, message_timestamp_after_max_ms=1 << 60)
    for timestamp in (0, HOUR_MS, HOUR_MS + 1, HOUR_MS + 2, 2 * HOUR_MS + 2):
        log.append(batch(timestamp), 0, now_ms=5)
    assert bases(log) == [0, 2, 4]
    log.close()
    log = open_log(disk, clean=True, recovery_point=5, segment_ms=HOUR_MS)
    log.append(batch(3 * HOUR_MS + 3), 0, now_ms=3 * HOUR_MS)
    assert bases(log) == [0, 2, 4, 5]


def test_by_the_clock_where_records_have_no_time(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, now_ms=1000, segment_ms=HOUR_MS)
    for now_ms in (1000, 1000 + HOUR_MS, 1001 + HOUR_MS, 1001 + 2 * HOUR_MS, 1002 + 2 * HOUR_MS):
        log.append(batch(-1), 0, now_ms)
    assert bases(log) == [0, 2, 4]


def test_jitter_spreads_the_rolls(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, segment_ms=HOUR_MS, segment_jitter_ms=HOUR_MS, segment_bytes=200)
    ages = set()
    for _ in range(20):
        log.append(batch(1000), 0, 1000)
        log.append(batch(1000), 0, 1000)
        ages.add(log._roll_after_ms)
    assert len(ages) > 10
    assert all(0 <= age <= HOUR_MS for age in ages)


def test_by_a_full_index(disk: Any, open_log: Callable[..., Log]) -> None:
    """Batches at one time fill the offset index, later and later ones the time index, which keeps an entry free."""
    log = open_log(disk, segment_index_bytes=48, index_interval_bytes=0)
    for _ in range(15):
        log.append(batch(1000), 0, 1000)
    assert bases(log) == [0, 7, 14]
    log.close()
    assert len(disk.names["/d/t-0/00000000000000000000.index"].data) == 48
    times = open_log(type(disk)(), segment_index_bytes=48, index_interval_bytes=0)
    for timestamp in range(1000, 1010):
        times.append(batch(timestamp), 0, 1000)
    assert bases(times) == [0, 4, 8]


def test_by_offsets_that_no_index_entry_can_hold(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, cleanup_policy=("compact",))  # which is where such gaps come from
    for base in (0, 2**31 - 1, 2**31, 2**33):
        log.append_as_follower(batch(1000, base_offset=base, leader_epoch=0), 1000)
    assert bases(log) == [0, 2**31, 2**33]
    log.abandon()
    log = open_log(disk, cleanup_policy=("compact",))  # which is where such gaps come from
    assert (bases(log), log.log_end_offset) == ([0, 2**31, 2**33], 2**33 + 1)


def test_an_empty_segment_is_replaced_where_a_follower_begins_higher(
    disk: Any, open_log: Callable[..., Log]
) -> None:
    log = open_log(disk)
    log.append_as_follower(batch(1000, base_offset=2**40, leader_epoch=2), 1000)
    assert bases(log) == [2**40]
    assert [name for name, _ in disk.listdir("/d/t-0") if name.endswith(".log")] == [f"{2**40:020d}.log"]


def test_a_follower_takes_batches_as_they_are(disk: Any, open_log: Callable[..., Log]) -> None:
    """Several at once, with their offsets and epochs, gaps included; an incomplete last one waits for the next fetch."""
    log = open_log(disk)
    run = [
        batch(1000, 2, base_offset=n * 10, leader_epoch=n, producer_id=5, producer_epoch=0, base_sequence=n)
        for n in range(3)
    ]
    appended = log.append_as_follower(b"".join(run) + run[0][:-1], 1000)
    assert appended is not None
    assert (appended.base_offset, appended.last_offset, log.log_end_offset) == (0, 21, 22)
    assert log.read(0, 1 << 20, 1 << 62) == b"".join(run)
    assert (log.epochs.epochs, log.epochs.starts) == ([0, 1, 2], [0, 10, 20])
    assert log.producers.entries[5].batches[-1].first_sequence == 2
    assert log.append_as_follower(run[0][:50], 1000) is None
    assert [header.base_offset for _, header in iterate_batches(log.read(11, 1 << 20, 22))] == [10, 20]
    assert [header.base_offset for _, header in iterate_batches(log.read(12, 1 << 20, 22))] == [20]


@pytest.mark.parametrize(
    ("records", "code"),
    [
        (batch(1000, base_offset=4), ErrorCode.INVALID_RECORD),
        (batch(1000, base_offset=7) + batch(1000, base_offset=7), ErrorCode.INVALID_RECORD),
        (batch(1000, base_offset=7)[:-1] + b"?", ErrorCode.CORRUPT_MESSAGE),
        (batch(1000, base_offset=7) + bytes(80), ErrorCode.CORRUPT_MESSAGE),
    ],
)
def test_a_follower_refuses_what_cannot_follow(
    disk: Any, open_log: Callable[..., Log], records: bytes, code: ErrorCode
) -> None:
    log = open_log(disk)
    log.append(batch(1000, 5), 0, 1000)
    with pytest.raises(ApiError) as caught:
        log.append_as_follower(records, 1000)
    assert caught.value.code is code
    assert log.log_end_offset == 5


def test_delete_records_removes_whole_segments(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, segment_bytes=250)
    for epoch in range(6):
        log.append(batch(1000), epoch, 1000)
    assert bases(log) == [0, 2, 4]
    log.advance_start(3)
    assert (bases(log), log.log_start_offset) == ([2, 4], 3)
    assert (log.epochs.epochs, log.epochs.starts) == ([3, 4, 5], [3, 4, 5])
    with pytest.raises(ApiError) as caught:
        log.read(2, 1000, 6)
    assert caught.value.code is ErrorCode.OFFSET_OUT_OF_RANGE
    log.advance_start(1)
    assert log.log_start_offset == 3
    with pytest.raises(ApiError):
        log.advance_start(7)
    log.advance_start(6)
    assert (bases(log), log.log_start_offset, log.log_end_offset) == ([4], 6, 6)
    left = {name[19:] for name, _ in disk.listdir("/d/t-0") if name[0] == "0" and name[19] in "02"}
    assert left == {
        f"{base}{suffix}.deleted" for base in (0, 2) for suffix in (".log", ".index", ".timeindex")
    }
    assert left == {path.rsplit("/", 1)[1][19:] for path in log.aside}
    log.abandon()
    log = open_log(disk, log_start_offset=6)
    assert not [name for name, _ in disk.listdir("/d/t-0") if name[0] == "0" and name[19] in "02"]


def test_a_follower_starts_over(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, segment_bytes=250)
    for _ in range(6):
        log.append(batch(1000), 0, 1000)
    log.restart_at(1000)
    assert (log.log_start_offset, log.log_end_offset, bases(log), log.size_bytes) == (1000, 1000, [1000], 0)
    log.append(batch(1000), 5, 1000)
    log.close()
    log = open_log(disk, clean=True, recovery_point=1001)
    assert (log.log_start_offset, log.log_end_offset) == (1000, 1001)


def test_a_settings_change_reaches_the_active_segment(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk)
    log.update_settings(replace(log.settings, index_interval_bytes=0, segment_index_bytes=40))
    for _ in range(7):
        log.append(batch(1000), 0, 1000)
    assert bases(log) == [0, 6]


def test_reads_of_many_readers_stay_right(disk: Any, open_log: Callable[..., Log]) -> None:
    """The segment remembers where a few readers are; more of them, and ones that jump, get the same data."""
    log = open_log(disk, index_interval_bytes=200)
    for _ in range(100):
        log.append(batch(1000), 0, 1000)
    places = dict.fromkeys(range(40), 0)
    for _ in range(30):
        for reader, offset in places.items():
            data = log.read(offset, 150 + reader * 20, 100)
            headers = [header for _, header in iterate_batches(data)]
            assert not headers or headers[0].base_offset == offset
            places[reader] = headers[-1].next_offset if headers else 0
