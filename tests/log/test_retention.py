"""What retention takes: the rules one by one, a log that is emptied, and a process that dies in the middle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from pykbroker.config.topic_settings import TopicSettings
from pykbroker.errors import ApiError
from pykbroker.log.log import Log
from pykbroker.log.retention import Breach, breaches, delete_old_segments
from wire.errors import ErrorCode
from wire.records.batch import iterate_batches
from wire.records.record import Record, build_batch

NOW_MS = 1_700_000_000_000
DAY_MS = 86_400_000
UNBOUNDED = {"retention_ms": -1, "retention_bytes": -1}


@dataclass
class Old:
    base_offset: int
    size: int
    newest_ms: int = NOW_MS

    def retention_timestamp(self) -> int:
        return self.newest_ms


def decide(segments: list[Old], *, start: int = 0, end: int = 40, upto: int = 40, **how: Any) -> list[Breach]:
    settings = TopicSettings(**{**UNBOUNDED, **how})
    return breaches(segments, start, end, upto, settings, NOW_MS)


def of_sizes(*sizes: int) -> list[Old]:
    return [Old(10 * number, size) for number, size in enumerate(sizes)]


def of_ages(*days: float) -> list[Old]:
    return [Old(10 * number, 100, NOW_MS - int(age * DAY_MS)) for number, age in enumerate(days)]


def went(found: list[Breach]) -> list[int]:
    return [base for breach in found for base in breach.bases]


def test_without_bounds_all_stays() -> None:
    assert decide(of_sizes(100, 100)) == []


@pytest.mark.parametrize(
    ("bound", "gone"),
    [
        (0, [0, 10, 20, 30]),
        (99, [0, 10, 20]),
        (100, [0, 10, 20]),
        (101, [0, 10]),
        (300, [0]),
        (301, []),
        (400, []),
    ],
)
def test_by_bytes_the_rest_is_still_enough(bound: int, gone: list[int]) -> None:
    assert went(decide(of_sizes(100, 100, 100, 100), retention_bytes=bound)) == gone


def test_a_large_segment_keeps_small_ones_behind_it() -> None:
    assert decide(of_sizes(300, 10, 10, 10), retention_bytes=100) == []


@pytest.mark.parametrize(
    ("days", "gone"),
    [((2, 2, 2, 2), [0, 10, 20, 30]), ((2, 1.5, 1, 0), [0, 10]), ((2, 0, 2, 0), [0]), ((-5, 2, 2, 2), [])],
)
def test_by_time_up_to_the_first_that_is_young_enough(days: tuple[float, ...], gone: list[int]) -> None:
    assert went(decide(of_ages(*days), retention_ms=DAY_MS)) == gone


def test_by_time_at_once() -> None:
    assert went(decide(of_ages(1, 0), retention_ms=0)) == [0]


def test_nothing_at_or_above_the_high_watermark_goes() -> None:
    assert went(decide(of_ages(2, 2, 2, 2), upto=39, retention_ms=DAY_MS)) == [0, 10, 20]
    assert went(decide(of_ages(2, 2, 2, 2), upto=19, retention_bytes=0)) == [0]


def test_an_empty_active_segment_stays() -> None:
    assert went(decide(of_sizes(100, 0), end=10, retention_bytes=0)) == [0]
    assert decide(of_sizes(0), end=0, retention_bytes=0, retention_ms=0) == []


def test_reasons_come_one_after_the_other() -> None:
    found = decide(of_ages(2, 2, 2, 0), start=12, retention_bytes=200, retention_ms=DAY_MS)
    assert found == [
        Breach((0,), 10, "log start offset 12 breach"),
        Breach((10,), 20, "log retention size 200 breach"),
        Breach((20,), 30, f"log retention time {DAY_MS}ms breach"),
    ]


@pytest.mark.parametrize("policy", [("compact",), ()])
def test_without_delete_in_its_policy_only_the_log_start_counts(policy: tuple[str, ...]) -> None:
    found = decide(of_ages(2, 2, 2, 2), start=20, retention_ms=0, retention_bytes=0, cleanup_policy=policy)
    assert went(found) == [0, 10]


def test_compacted_and_deleted_is_deleted() -> None:
    found = decide(of_ages(2, 2, 2, 2), retention_ms=DAY_MS, cleanup_policy=("compact", "delete"))
    assert went(found) == [0, 10, 20, 30]


# On a log


def batch(timestamp: int, value: bytes = b"v" * 30, **more: Any) -> bytes:
    return build_batch([Record(0, timestamp, b"k", value)], **more)


def filled(disk: Any, open_log: Callable[..., Log], count: int = 6, **settings: Any) -> Log:
    """Two records in a segment, an epoch for each record, a producer."""
    log = open_log(disk, segment_bytes=250, **{**UNBOUNDED, **settings})
    for number in range(count):
        made = batch(NOW_MS + number, producer_id=7, producer_epoch=0, base_sequence=number)
        log.append(made, number, NOW_MS)
    return log


def offsets(log: Log) -> list[int]:
    found: list[int] = []
    offset = log.log_start_offset
    while data := log.read(offset, 1 << 20, 1 << 62):
        for _, header in iterate_batches(data):
            found.append(header.base_offset)
            offset = header.next_offset
    return found


def test_a_log_that_is_emptied_goes_on_with_its_offsets(disk: Any, open_log: Callable[..., Log]) -> None:
    log = filled(disk, open_log, retention_bytes=0)
    (breach,) = delete_old_segments(log, 6, NOW_MS)
    assert breach.bases == (0, 2, 4)
    assert (log.log_start_offset, log.log_end_offset, log.size_bytes, len(log.segments)) == (6, 6, 0, 1)
    assert (log.epochs.epochs, log.epochs.starts) == ([5], [6])
    assert delete_old_segments(log, 6, NOW_MS) == []
    with pytest.raises(ApiError) as caught:
        log.read(5, 100, 6)
    assert caught.value.code is ErrorCode.OFFSET_OUT_OF_RANGE
    assert log.read(6, 100, 6) == b""
    again = batch(
        NOW_MS, producer_id=7, producer_epoch=0, base_sequence=6
    )  # the producer is known all the same
    assert log.append(again, 5, NOW_MS).base_offset == 6
    log.close()
    log = open_log(disk, clean=True, recovery_point=7)
    assert (log.log_start_offset, log.log_end_offset, offsets(log)) == (6, 7, [6])
    assert log.append(again, 5, NOW_MS).duplicate


def test_where_no_record_has_a_time_the_file_has(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, segment_bytes=250, retention_ms=DAY_MS)
    disk.now_ms = NOW_MS - 2 * DAY_MS
    for _ in range(2):
        log.append(batch(-1), 0, NOW_MS)
    disk.now_ms = NOW_MS
    log.append(batch(-1), 0, NOW_MS)
    assert [breach.bases for breach in delete_old_segments(log, 3, NOW_MS)] == [(0,)]


def test_an_idle_logs_indexes_are_looked_at_and_not_kept(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, index_interval_bytes=0, retention_ms=DAY_MS)
    for number in range(20):
        log.append(batch(NOW_MS + number), 0, NOW_MS)
    log.close()
    log = open_log(disk, clean=True, recovery_point=20, retention_ms=DAY_MS)
    assert delete_old_segments(log, 20, NOW_MS + DAY_MS + 19) == []
    assert log.segments[0]._times is None
    assert offsets(log) == list(range(20))
    assert [breach.bases for breach in delete_old_segments(log, 20, NOW_MS + DAY_MS + 20)] == [(0,)]


def test_a_checkpoint_that_lies_is_found_before_anything_goes(
    disk: Any, open_log: Callable[..., Log]
) -> None:
    filled(disk, open_log).close()
    log = open_log(disk, clean=True, recovery_point=5, retention_bytes=0)
    with pytest.raises(OSError, match="checkpoint"):
        delete_old_segments(log, 5, NOW_MS)
    assert log.log_start_offset == 0


def test_a_rename_that_fails_is_tried_again(disk: Any, open_log: Callable[..., Log]) -> None:
    log = filled(disk, open_log, retention_bytes=100)
    rename = disk.rename

    def fails(old: str, new: str) -> None:
        if "002.index" in old:
            raise OSError(5, "Input/output error")
        rename(old, new)

    disk.rename = fails
    with pytest.raises(OSError, match="Input/output"):
        delete_old_segments(log, 6, NOW_MS)
    assert (log.log_start_offset, offsets(log)) == (4, [4, 5])
    disk.rename = rename
    assert [breach.bases for breach in delete_old_segments(log, 6, NOW_MS)] == [(2,)]
    assert [segment.base_offset for segment in log.segments] == [4]
    log.flush()
    log.abandon()
    log = open_log(disk, recovery_point=6)
    assert (log.log_start_offset, offsets(log)) == (4, [4, 5])


class Killed(BaseException):
    """The process is no more."""


class MortalDisk:
    """A disk whose user is killed before the change with this number."""

    CHANGES = ("rename", "unlink", "mkdir", "atomic_write", "sync_directory")

    def __init__(self, disk: Any, lives: int) -> None:
        self._disk, self.left = disk, lives

    def open(self, path: str, *, create: bool = False, write: bool = True) -> Any:
        if create:
            self._live()
        return self._disk.open(path, create=create, write=write)

    def __getattr__(self, name: str) -> Any:
        if name in self.CHANGES:
            self._live()
        return getattr(self._disk, name)

    def _live(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


@pytest.mark.parametrize("settings", [{"retention_bytes": 0}, {"retention_bytes": 130}])
def test_killed_at_any_step_the_log_opens_without_a_hole(
    new_disk: Callable[[], Any], open_log: Callable[..., Log], settings: dict[str, int]
) -> None:
    """What is left begins with a segment of before; its end, its producers and its epochs are those of before."""
    starts = set()
    for lives in range(100):
        disk = new_disk()
        filled(disk, open_log).close()
        mortal = MortalDisk(disk, 1000)
        log = open_log(mortal, clean=True, recovery_point=6, segment_bytes=250, **settings)
        mortal.left = lives
        try:
            delete_old_segments(log, 6, NOW_MS)
        except Killed:
            pass
        else:
            break
        after = open_log(disk, recovery_point=6)
        assert after.log_end_offset == 6
        assert after.truncated_bytes == 0
        start = after.log_start_offset
        assert offsets(after) == list(range(start, 6))
        assert [after.epochs.epoch_of(offset) for offset in range(start, 6)] == list(range(start, 6))
        assert after.producers.entries[7].batches[-1].last_sequence == 5
        assert not [name for name, _ in disk.listdir("/d/t-0") if name.endswith(".deleted")]
        starts.add(start)
    assert starts == ({0, 2, 4, 6} if settings["retention_bytes"] == 0 else {0, 2, 4})
    assert lives > 6
