"""The cleaner over real logs: which it takes, what it leaves on the disk, and how a pass ends before its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from pykbroker.log.validate import AppendOrigin
from pykbroker.server.cleaner import Cleaner
from pykbroker.server.partition import Partition
from tests.server.data_path import NOW_MS, DataPath, topic
from wire.records.batch import iterate_batches
from wire.records.record import Record, build_batch, read_records

COMPACT = {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01", "segment.bytes": "4096"}


@pytest.fixture
def broker(tmp_path: Path) -> Any:
    made = DataPath(tmp_path, {"log.cleaner.backoff.ms": "100"})
    yield made
    made.log_dirs.abandon()


def put(partition: Partition, key: str, value: str) -> int:
    record = Record(0, NOW_MS, key.encode(), value.encode())
    return partition.append_as_leader(build_batch([record]), AppendOrigin.CLIENT, -1).base_offset


def fill(partition: Partition, rounds: int = 40) -> dict[str, str]:
    """Five keys, `rounds` values each; what a reader should end up with."""
    table: dict[str, str] = {}
    for number in range(rounds):
        for key in "abcde":
            table[key] = f"{number}" + "x" * 50
            put(partition, key, table[key])
    return table


def records_of(partition: Partition) -> list[Record]:
    found: list[Record] = []
    offset = partition.log_start_offset
    while offset < partition.high_watermark:
        data = partition.read(offset, 1 << 20).records
        for position, header in iterate_batches(data):
            found += read_records(data, header, position)
            offset = header.next_offset
    return found


def table_of(partition: Partition) -> dict[str, str]:
    return {(r.key or b"").decode(): (r.value or b"").decode() for r in records_of(partition)}


def names(path: Path, suffix: str) -> list[str]:
    return sorted(file.name for file in path.iterdir() if file.name.endswith(suffix))


def cleaner_of(broker: DataPath) -> Cleaner:
    return Cleaner(
        broker.log_dirs, lambda: list(broker.replicas), lambda: broker.replicas._config, broker.clock
    )


async def until(condition: Any) -> None:
    """Worker threads know no virtual time, so this waits for what they do."""
    with trio.fail_after(20):
        while not condition():  # noqa: ASYNC110  there is no event for what stands on the disk or in the broker's log
            await trio.sleep(0.01)


async def test_dirty_logs_are_compacted_and_their_old_files_go_later(
    broker: DataPath, tmp_path: Path
) -> None:
    broker.have(topic("t", config={**COMPACT, "file.delete.delay.ms": "400"}), topic("u"))
    table = fill(broker.partition("t"))
    put(broker.partition("u"), "k", "v")
    before = broker.partition().log.size_bytes
    cleaner = cleaner_of(broker)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cleaner.run)
        await until(lambda: cleaner.passes)
        assert names(tmp_path / "log0/t-0", ".deleted")
        await until(lambda: not names(tmp_path / "log0/t-0", ".deleted"))
        nursery.cancel_scope.cancel()
    partition = broker.partition("t")
    active = partition.log.segments[-1].base_offset
    assert partition.log.recovery_point >= active  # or a crash could lose what older records have gone for
    below = [record.key for record in records_of(partition) if record.offset < active]
    assert table_of(partition) == table
    assert sorted(set(below)) == sorted(below)
    assert (tmp_path / "log0/cleaner-offset-checkpoint").read_text() == f"0\n1\nt 0 {active}\n"
    for crash in (False, True):
        broker.restart(crash=crash)
        assert table_of(broker.partition("t")) == table
        assert broker.partition("t").log.cleaned_upto == active
        assert broker.partition("t").log.size_bytes < before / 2


def test_the_upkeep_of_a_broker_compacts(broker: DataPath) -> None:
    """Unless log.cleaner.enable says otherwise."""

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(broker.replicas.upkeep)
            await trio.sleep(5)
            nursery.cancel_scope.cancel()

    for enabled in (False, True):
        broker.settings["log.cleaner.enable"] = str(enabled).lower()
        broker.config = type(broker.config)(broker.settings)
        broker.restart()
        broker.have(topic("t", config=COMPACT))
        table = fill(broker.partition("t"))
        before = len(records_of(broker.partition("t")))
        trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0.05))
        assert (len(records_of(broker.partition("t"))) < before) == enabled
        assert table_of(broker.partition("t")) == table


async def test_a_damaged_log_is_left_alone_and_others_are_not(
    broker: DataPath, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker.have(topic("t", config=COMPACT), topic("u", config=COMPACT))
    for name in "tu":
        fill(broker.partition(name))
    damaged = tmp_path / "log0/t-0/00000000000000000000.log"
    data = bytearray(damaged.read_bytes())
    data[300] ^= 1
    damaged.write_bytes(data)
    cleaner = cleaner_of(broker)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cleaner.run)
        await until(lambda: cleaner.passes and "t-0 is not compacted any more" in caplog.text)
        nursery.cancel_scope.cancel()
    assert damaged.read_bytes() == data
    assert broker.partition("u").log.size_bytes < broker.partition("t").log.size_bytes / 2
    assert not names(tmp_path / "log0/t-0", ".cleaned")


async def test_a_full_disk_is_tried_again(
    broker: DataPath, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker.have(topic("t", config=COMPACT))
    table = fill(broker.partition("t"))
    before = broker.partition("t").log.size_bytes
    cleaner = cleaner_of(broker)
    async with trio.open_nursery() as nursery:
        broker.files.full = True
        nursery.start_soon(cleaner.run)
        await until(lambda: "t-0 cannot be compacted now" in caplog.text)
        await until(lambda: cleaner._busy)  # again
        await until(lambda: not cleaner._busy)
        assert caplog.text.count("cannot be compacted") == 1
        assert not names(tmp_path / "log0/t-0", ".cleaned")
        assert table_of(broker.partition("t")) == table
        broker.files.full = False
        await until(lambda: cleaner.passes)
        nursery.cancel_scope.cancel()
    assert broker.partition("t").log.size_bytes < before / 2
    assert table_of(broker.partition("t")) == table


@pytest.mark.parametrize("ends", ["stop", "delete"])
async def test_a_pass_ends_when_it_is_not_wanted(broker: DataPath, tmp_path: Path, ends: str) -> None:
    """Held back by log.cleaner.io.max.bytes.per.second it would take hours."""
    config = {"log.cleaner.io.max.bytes.per.second": "10.0", "log.cleaner.backoff.ms": "1000"}
    broker.replicas.reconfigure(type(broker.config)(config))
    broker.have(topic("t", config={**COMPACT, "segment.bytes": "100000"}))
    table = fill(broker.partition("t"), 500)
    cleaner = cleaner_of(broker)
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(cleaner.run)
            await until(lambda: cleaner._busy)
            if ends == "delete":
                broker.drop("t")
                await until(lambda: not cleaner._busy)
            nursery.cancel_scope.cancel()
    assert cleaner.passes == 0
    if ends == "stop":
        assert table_of(broker.partition("t")) == table
        assert not names(tmp_path / "log0/t-0", ".cleaned")


async def test_as_many_logs_at_once_as_there_are_threads(broker: DataPath) -> None:
    config = {"log.cleaner.io.max.bytes.per.second": "10.0", "log.cleaner.threads": "2"}
    broker.replicas.reconfigure(type(broker.config)(config))
    broker.have(topic("t", 3, config={**COMPACT, "segment.bytes": "100000"}))
    for index in range(3):
        fill(broker.partition("t", index), 500)
    cleaner = cleaner_of(broker)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cleaner.run)
        await until(lambda: cleaner._busy)
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert len(cleaner._busy) == 2
        nursery.cancel_scope.cancel()


async def test_appends_and_reads_go_on_during_passes(broker: DataPath) -> None:
    broker.have(topic("t", config={**COMPACT, "file.delete.delay.ms": "0"}))
    partition = broker.partition("t")
    table = fill(partition)
    cleaner = cleaner_of(broker)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cleaner.run)
        number = 0
        while cleaner.passes < 3:
            number += 1
            key = "abcdefgh"[number % 8]
            table[key] = f"later {number}" + "y" * 100
            put(partition, key, table[key])
            if number % 50 == 0:
                assert table_of(partition) == table
            await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    broker.restart(crash=True)
    assert table_of(broker.partition("t")) == table


async def test_a_pass_whose_segments_are_deleted_ends_and_the_next_one_does_it(
    broker: DataPath, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.have(topic("t", config={**COMPACT, "cleanup.policy": "compact,delete"}))
    partition = broker.partition()
    table = fill(partition)
    second, open_file = partition.log.segments[1].base_offset, broker.files.open

    def delete_first(path: str, *, create: bool = False, write: bool = True) -> Any:
        if path.endswith("00000000000000000000.log") and not write:  # the pass begins to read
            trio.from_thread.run_sync(partition.delete_records, second)
        return open_file(path, create=create, write=write)

    monkeypatch.setattr(broker.files, "open", delete_first)
    cleaner = cleaner_of(broker)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(cleaner.run)
        await until(lambda: cleaner.passes)
        nursery.cancel_scope.cancel()
    assert "not compacted any more" not in caplog.text
    assert partition.log_start_offset == second
    assert table_of(partition) == table
