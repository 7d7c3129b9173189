"""Opening a log after a stop that was not clean, and after one by Kafka."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pykbroker.errors import StartError
from pykbroker.log.log import Log
from wire.records.batch import iterate_batches
from wire.records.record import Record, build_batch

BATCHES = [build_batch([Record(0, 1000 + 10 * n + i, b"k", b"v" * 30) for i in range(3)]) for n in range(8)]
SEGMENT = "/d/t-0/00000000000000000000"


def fill(log: Log) -> None:
    for batch in BATCHES:
        log.append(batch, 0, 1000)


def offsets(log: Log) -> list[int]:
    found: list[int] = []
    offset = log.log_start_offset
    while data := log.read(offset, 1 << 20, 1 << 62):
        for _, header in iterate_batches(data):
            found.append(header.base_offset)
            offset = header.next_offset
    return found


def data_of(disk: Any, path: str = SEGMENT + ".log") -> bytearray:
    return disk.names[path].data  # type: ignore[no-any-return]


@pytest.mark.parametrize("cut", range(1, len(BATCHES[-1]) + 1))
def test_a_tail_torn_at_any_byte_is_cut_off(disk: Any, open_log: Callable[..., Log], cut: int) -> None:
    log = open_log(disk)
    fill(log)
    log.abandon()
    del data_of(disk)[-cut:]
    log = open_log(disk)
    assert log.log_end_offset == 21
    assert log.truncated_bytes == len(BATCHES[-1]) - cut
    assert offsets(log) == list(range(0, 21, 3))
    log.append(BATCHES[-1], 0, 1000)
    assert offsets(log) == list(range(0, 24, 3))


@pytest.mark.parametrize(
    "tail", [bytes(1), bytes(61), bytes(5000), b"\xff" * 100, b"\0\0\0\0\0\0\0\x18" + b"\x7f" * 70]
)
def test_zeros_and_garbage_behind_the_end_are_cut_off(
    disk: Any, open_log: Callable[..., Log], tail: bytes
) -> None:
    """Zeros are what preallocation leaves, and what file systems put where data did not arrive."""
    log = open_log(disk)
    fill(log)
    log.abandon()
    data_of(disk).extend(tail)
    log = open_log(disk)
    assert (log.log_end_offset, log.truncated_bytes) == (24, len(tail))
    assert len(data_of(disk)) == log.size_bytes


def test_a_damaged_batch_ends_the_log(disk: Any, open_log: Callable[..., Log]) -> None:
    """All behind it goes, later segments too: a log has no holes."""
    log = open_log(disk, segment_bytes=450)
    fill(log)
    assert [segment.base_offset for segment in log.segments] == [0, 6, 12, 18]
    log.abandon()
    data_of(disk, "/d/t-0/00000000000000000006.log")[len(BATCHES[0]) + 65] ^= 1
    log = open_log(disk, segment_bytes=450)
    assert log.log_end_offset == 9
    assert offsets(log) == [0, 3, 6]
    assert sorted(name for name, _ in disk.listdir("/d/t-0") if name.endswith(".log")) == [
        "00000000000000000000.log",
        "00000000000000000006.log",
    ]
    log.append(BATCHES[0], 1, 1000)
    assert offsets(log) == [0, 3, 6, 9]


def test_what_was_flushed_is_not_scanned(disk: Any, open_log: Callable[..., Log]) -> None:
    """Damage below the recovery point is not looked for: a start takes the time of what was not flushed."""
    log = open_log(disk, segment_bytes=450)
    fill(log)
    log.flush()
    point = log.recovery_point
    log.append(BATCHES[0], 0, 1000)
    log.abandon()
    data_of(disk)[70] ^= 1
    log = open_log(disk, segment_bytes=450, recovery_point=point)
    assert log.log_end_offset == 27
    assert log.truncated_bytes == 0


def test_after_a_clean_stop_nothing_is_read(
    disk: Any, open_log: Callable[..., Log], monkeypatch: Any
) -> None:
    log = open_log(disk, segment_bytes=450)
    fill(log)
    log.close()
    opened: list[str] = []
    real = disk.open
    monkeypatch.setattr(disk, "open", lambda path, **how: opened.append(path) or real(path, **how))
    log = open_log(disk, segment_bytes=450, clean=True, recovery_point=24)
    assert (log.log_end_offset, log.recovery_point, opened) == (24, 24, [])
    assert offsets(log) == list(range(0, 24, 3))


@pytest.mark.parametrize("claimed", [21, 22, 27])
def test_a_checkpoint_that_the_log_does_not_bear_out_stops_its_use(
    disk: Any, open_log: Callable[..., Log], claimed: int
) -> None:
    log = open_log(disk)
    fill(log)
    log.close()
    log = open_log(disk, clean=True, recovery_point=claimed)
    with pytest.raises(OSError, match="checkpoint says"):
        log.append(BATCHES[0], 0, 1000)
    with pytest.raises(OSError, match="checkpoint says"):
        log.read(0, 1000, 1 << 62)
    log.abandon()
    assert open_log(disk).log_end_offset == 24


def test_indexes_are_rebuilt_as_they_were(disk: Any, open_log: Callable[..., Log]) -> None:
    options = {"segment_bytes": 1000, "index_interval_bytes": 100}
    log = open_log(disk, **options)
    for _ in range(6):
        fill(log)
    log.close()
    names = [name for name, _ in disk.listdir("/d/t-0") if name.endswith("index")]
    before = {name: bytes(data_of(disk, f"/d/t-0/{name}")) for name in names}
    assert sum(map(len, before.values())) > 300
    for damage in (
        lambda name: disk.unlink(name),
        lambda name: data_of(disk, name).__setitem__(slice(0, 4), b"\xff" * 4),
    ):
        for name in names:
            damage(f"/d/t-0/{name}")
        log = open_log(disk, **options)
        log.close()
        assert {name: bytes(data_of(disk, f"/d/t-0/{name}")) for name in names} == before


def test_a_lost_index_is_made_again_when_it_is_needed(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, segment_bytes=450, index_interval_bytes=10)
    fill(log)
    log.close()
    before = bytes(data_of(disk, SEGMENT + ".index"))
    disk.unlink(SEGMENT + ".index")
    log = open_log(disk, segment_bytes=450, index_interval_bytes=10, clean=True, recovery_point=24)
    assert offsets(log) == list(range(0, 24, 3))
    assert bytes(data_of(disk, SEGMENT + ".index")) == before


def test_preallocated_index_tails_of_a_crashed_kafka_are_ignored(
    disk: Any, open_log: Callable[..., Log]
) -> None:
    """Kafka maps files of 10 MiB and trims them when it stops cleanly; sealed ones are trimmed at once."""
    log = open_log(disk, index_interval_bytes=10)
    fill(log)
    log.close()
    sizes = {suffix: len(data_of(disk, SEGMENT + suffix)) for suffix in (".index", ".timeindex")}
    data_of(disk, SEGMENT + ".index").extend(bytes(8 * 1000))
    data_of(disk, SEGMENT + ".timeindex").extend(bytes(12 * 1000))
    log = open_log(disk, index_interval_bytes=10, clean=True, recovery_point=24)
    assert offsets(log) == list(range(0, 24, 3))
    found = log.offset_for_timestamp(1040)
    assert found is not None
    assert found.offset == 12
    log.append(BATCHES[0], 0, 1000)
    log.append(BATCHES[0], 0, 1000)
    log.close()
    assert sizes[".index"] < len(data_of(disk, SEGMENT + ".index")) < sizes[".index"] + 20


def test_temporary_files_and_orphans_are_removed(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk)
    fill(log)
    log.abandon()
    for name in (
        "00000000000000000009.index",
        "00000000000000000009.timeindex",
        "x.tmp",
        "00000000000000000000.log.deleted",
    ):
        disk.atomic_write(f"/d/t-0/{name}", b"12345678")
    open_log(disk)
    assert not {name for name, _ in disk.listdir("/d/t-0")} & {"00000000000000000009.index", "x.tmp"}
    assert not [name for name, _ in disk.listdir("/d/t-0") if name.endswith(".deleted")]


def test_old_message_formats_are_refused_not_cut_off(disk: Any, open_log: Callable[..., Log]) -> None:
    """A v1 message with a right checksum is data; it must not be taken for damage."""
    from aiokafka.record.legacy_records import LegacyRecordBatchBuilder

    builder = LegacyRecordBatchBuilder(magic=1, compression_type=0, batch_size=1000)
    builder.append(0, timestamp=1000, key=b"key", value=b"value" * 20)
    message = bytes(builder.build())
    disk.mkdir("/d/t-0")
    disk.atomic_write(SEGMENT + ".log", message)
    with pytest.raises(StartError, match="format v1"):
        open_log(disk)
    assert bytes(data_of(disk)) == message


def test_a_log_whose_files_end_before_its_start_begins_anew(disk: Any, open_log: Callable[..., Log]) -> None:
    fill(open_log(disk))
    log = open_log(disk, log_start_offset=100)
    assert (log.log_start_offset, log.log_end_offset) == (100, 100)
    log.append(BATCHES[0], 0, 1000)
    assert offsets(log) == [100]


def test_epochs_come_back_from_the_batches(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk)
    for epoch, batch in enumerate(BATCHES):
        log.append(batch, epoch, 1000)
    expected = (log.epochs.epochs, log.epochs.starts)
    log.abandon()
    for damage in (b"", b"0\n9\n", b"nonsense"):
        disk.atomic_write("/d/t-0/leader-epoch-checkpoint", damage)
        log = open_log(disk, recovery_point=24)
        assert (log.epochs.epochs, log.epochs.starts) == expected
        log.abandon()


def test_preallocation_is_given_back(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, preallocate=True, segment_bytes=450)
    fill(log)
    assert len(data_of(disk, "/d/t-0/00000000000000000018.log")) == 450
    assert len(data_of(disk)) == 2 * len(BATCHES[0])
    log.abandon()
    log = open_log(disk, preallocate=True, segment_bytes=450)
    assert offsets(log) == list(range(0, 24, 3))
    log.close()
    assert len(data_of(disk, "/d/t-0/00000000000000000018.log")) == 2 * len(BATCHES[0])


@pytest.mark.parametrize("policy", ["delete", "compact"])
def test_a_hole_between_segments_ends_the_log_unless_compaction_makes_holes(
    disk: Any, open_log: Callable[..., Log], policy: str
) -> None:
    """A machine's crash may take the end of one file and leave the next file."""
    options = {"segment_bytes": 450, "cleanup_policy": (policy,)}
    log = open_log(disk, **options)
    fill(log)
    log.abandon()
    del data_of(disk, "/d/t-0/00000000000000000006.log")[len(BATCHES[0]) :]
    log = open_log(disk, **options)
    assert offsets(log) == ([0, 3, 6] if policy == "delete" else [0, 3, 6, 12, 15, 18, 21])
    assert log.log_end_offset == (9 if policy == "delete" else 24)
