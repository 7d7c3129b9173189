"""A disk that is full or fails: nothing is half stored, and the log goes on when there is room again."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import pytest

from pykbroker.log.log import Log
from tests.log.figures import figures
from wire.records.batch import iterate_batches
from wire.records.record import Record, build_batch

BATCH = build_batch([Record(0, 1000 + i, b"k", b"v" * 30) for i in range(3)])


def used(disk: Any) -> int:
    return sum(len(inode.data) for inode in disk.names.values())


def offsets(log: Log) -> list[int]:
    found: list[int] = []
    offset = log.log_start_offset
    while data := log.read(offset, 1 << 20, 1 << 62):
        for _, header in iterate_batches(data):
            found.append(header.base_offset)
            offset = header.next_offset
    return found


@pytest.mark.parametrize("room", [0, 1, 15, 16, 17, 60, 61, len(BATCH) - 1])
def test_a_full_disk_stores_nothing_of_the_batch(disk: Any, open_log: Callable[..., Log], room: int) -> None:
    log = open_log(disk)
    log.append(BATCH, 0, 1000)
    before = figures(log)
    disk.capacity = used(disk) + room
    for _ in range(3):
        with pytest.raises(OSError, match="space") as caught:
            log.append(BATCH, 0, 1000)
        assert caught.value.errno == errno.ENOSPC
    assert figures(log) == before
    assert len(disk.names["/d/t-0/00000000000000000000.log"].data) == len(BATCH)
    assert offsets(log) == [0]
    disk.capacity = None
    assert log.append(BATCH, 0, 1000).base_offset == 3
    assert offsets(log) == [0, 3]
    log.abandon()
    assert open_log(disk).log_end_offset == 6


def test_what_could_not_be_cut_off_is_cut_off_before_the_next_append(
    disk: Any, open_log: Callable[..., Log]
) -> None:
    log = open_log(disk)
    log.append(BATCH, 0, 1000)
    disk.capacity = used(disk) + 100
    disk.truncate_fails = True
    for _ in range(2):
        with pytest.raises(OSError, match=r"space|Input/output"):
            log.append(BATCH, 0, 1000)
    assert offsets(log) == [0]
    disk.truncate_fails, disk.capacity = False, None
    log.append(BATCH, 0, 1000)
    assert offsets(log) == [0, 3]
    assert len(disk.names["/d/t-0/00000000000000000000.log"].data) == 2 * len(BATCH)


@pytest.mark.parametrize("room", range(0, 200, 8))
def test_a_disk_that_fills_up_while_a_segment_rolls(
    disk: Any, open_log: Callable[..., Log], room: int
) -> None:
    """Wherever in the roll it happens (indexes, snapshot, new file, batch), nothing is lost and nothing comes twice."""
    options = {"segment_bytes": 2 * len(BATCH), "index_interval_bytes": 10}
    log = open_log(disk, **options)
    log.append(BATCH, 0, 1000)
    log.append(BATCH, 0, 1000)
    disk.capacity = used(disk) + room
    with pytest.raises(OSError, match="space"):
        log.append(BATCH, 0, 1000)
    assert log.log_end_offset == 6
    disk.capacity = None
    for _ in range(4):
        log.append(BATCH, 0, 1000)
    expected = list(range(0, 18, 3))
    assert offsets(log) == expected
    log.abandon()
    log = open_log(disk, **options)
    assert (offsets(log), log.truncated_bytes) == (expected, 0)


def test_an_idempotent_batch_that_found_no_room_is_no_duplicate(
    disk: Any, open_log: Callable[..., Log]
) -> None:
    log = open_log(disk)
    first, second = (
        build_batch([Record(0, 1, None, b"x")], producer_id=4, producer_epoch=0, base_sequence=n)
        for n in (0, 1)
    )
    log.append(first, 0, 1000)
    disk.capacity = used(disk)
    with pytest.raises(OSError, match="space"):
        log.append(second, 0, 1000)
    disk.capacity = None
    appended = log.append(second, 0, 1000)
    assert (appended.base_offset, appended.duplicate) == (1, False)


def test_after_a_failed_fsync_nothing_more_is_appended(disk: Any, open_log: Callable[..., Log]) -> None:
    """The kernel may have thrown the pages away: to go on would build on what is not there."""
    log = open_log(disk)
    log.append(BATCH, 0, 1000)
    disk.fsync_fails = True
    with pytest.raises(OSError, match="Input/output"):
        log.flush()
    disk.fsync_fails = False
    with pytest.raises(OSError, match="flush failed earlier"):
        log.append(BATCH, 0, 1000)
    assert log.recovery_point == 0
    assert offsets(log) == [0]
    log.close()
    assert open_log(disk).log_end_offset == 3


def test_a_flush_in_another_thread_covers_what_was_there_when_it_began(
    disk: Any, open_log: Callable[..., Log]
) -> None:
    log = open_log(disk, segment_bytes=2 * len(BATCH))
    for _ in range(3):
        log.append(BATCH, 0, 1000)
    job = log.begin_flush()
    assert job is not None
    for _ in range(3):
        log.append(BATCH, 0, 1000)
    job.run()
    log.end_flush(job)
    assert (log.recovery_point, log.log_end_offset) == (9, 18)
    log.flush()
    assert log.recovery_point == 18
    assert log.begin_flush() is None


def test_a_log_that_is_closed_while_a_flush_runs_keeps_its_files_open_for_it(
    disk: Any, open_log: Callable[..., Log]
) -> None:
    log = open_log(disk)
    log.append(BATCH, 0, 1000)
    job = log.begin_flush()
    assert job is not None
    log.abandon()
    assert disk.open_files > 0
    job.run()
    log.end_flush(job)
    assert disk.open_files == 0


def test_flush_messages(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, flush_messages=4)
    log.append(BATCH, 0, 1000)
    assert log.recovery_point == 0
    log.append(BATCH, 0, 1000)
    assert log.recovery_point == 6


def test_a_closed_log_is_not_opened_again_by_its_old_user(disk: Any, open_log: Callable[..., Log]) -> None:
    """Its path may belong to a new topic of the same name by then."""
    old = open_log(disk)
    old.append(BATCH, 0, 1000)
    old.abandon()
    open_log(disk)
    with pytest.raises(OSError, match="closed"):
        old.append(BATCH, 0, 1000)
