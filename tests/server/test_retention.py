"""The task of retention: when it looks, what is told, and when the files are gone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from pykbroker.log.validate import AppendOrigin
from tests.server.data_path import NOW_MS, DataPath, batch, topic, topic_id
from wire.errors import ErrorCode
from wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic

DAY_MS = 86_400_000
SETTINGS = {"log.initial.task.delay.ms": "5000", "log.retention.check.interval.ms": "2000"}


@pytest.fixture
def broker(tmp_path: Path) -> Any:
    made = DataPath(tmp_path, settings=SETTINGS)
    yield made
    made.log_dirs.abandon()


def fill(broker: DataPath, name: str = "t", count: int = 3, timestamp: int = NOW_MS) -> None:
    """A batch in each segment."""
    for _ in range(count):
        made = batch(b"x" * 600, timestamp=timestamp)
        broker.partition(name).append_as_leader(made, AppendOrigin.CLIENT)


def small(name: str = "t", **config: str) -> Any:
    return topic(
        name, config={"segment.bytes": "1000", **{key.replace("_", "."): config[key] for key in config}}
    )


async def with_upkeep(broker: DataPath, body: Callable[[], Any]) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(broker.replicas.upkeep)
        await body()
        nursery.cancel_scope.cancel()


def aside(tmp_path: Path, name: str = "t-0") -> set[str]:
    return {path.name for path in (tmp_path / "log0" / name).iterdir() if path.name.endswith(".log.deleted")}


async def test_logs_are_looked_at_after_the_first_delay_and_then_every_interval(
    broker: DataPath, autojump_clock: Any
) -> None:
    broker.have(small(retention_bytes="700"))
    fill(broker)

    async def body() -> None:
        await trio.sleep(4.9)
        assert broker.partition().log_start_offset == 0
        await trio.sleep(0.2)
        assert broker.partition().log_start_offset == 1
        fill(broker)
        await trio.sleep(1.8)
        assert broker.partition().log_start_offset == 1
        await trio.sleep(0.2)
        assert broker.partition().log_start_offset == 4

    await with_upkeep(broker, body)


async def test_changed_settings_act_at_the_next_look(broker: DataPath, autojump_clock: Any) -> None:
    broker.have(small(), small("u"))
    fill(broker, timestamp=NOW_MS - DAY_MS)
    fill(broker, "u", timestamp=NOW_MS - DAY_MS)

    async def body() -> None:
        await trio.sleep(5.1)
        assert broker.partition().log_start_offset == 0
        broker.have(small(retention_ms=str(DAY_MS // 2)))
        await trio.sleep(2)
        assert (broker.partition().log_start_offset, broker.partition("u").log_start_offset) == (3, 0)
        broker.replicas.reconfigure(broker.config.with_dynamic(default={"log.retention.ms": "1000"}))
        await trio.sleep(2)
        assert broker.partition("u").log_start_offset == 3

    await with_upkeep(broker, body)


async def test_files_leave_the_disk_after_their_delay(
    broker: DataPath, tmp_path: Path, autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.have(small(retention_bytes="700", file_delete_delay_ms="1000"))
    fill(broker)
    removed, unlink = trio.Event(), broker.files.unlink

    def unlink_and_tell(path: str) -> None:
        unlink(path)
        trio.from_thread.run_sync(removed.set)

    monkeypatch.setattr(broker.files, "unlink", unlink_and_tell)

    async def body() -> None:
        await trio.sleep(5.9)
        assert aside(tmp_path) == {"00000000000000000000.log.deleted"}
        assert not removed.is_set()
        await removed.wait()
        assert aside(tmp_path) == set()
        assert trio.current_time() >= begun + 6

    begun = trio.current_time()
    await with_upkeep(broker, body)


async def test_what_a_stop_left_on_the_disk_the_next_start_removes(
    broker: DataPath, tmp_path: Path, autojump_clock: Any
) -> None:
    broker.have(small(retention_bytes="0"))
    fill(broker)

    async def body() -> None:
        await trio.sleep(5.1)

    await with_upkeep(broker, body)
    assert len(aside(tmp_path)) == 3
    broker.restart(crash=True)
    assert aside(tmp_path) == set()
    partition = broker.partition()
    assert (partition.log_start_offset, partition.high_watermark, partition.log_end_offset) == (3, 3, 3)


async def test_what_goes_is_told_with_its_reason(
    broker: DataPath, autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    broker.have(small(retention_bytes="700"))
    fill(broker)

    async def body() -> None:
        await trio.sleep(5.1)

    await with_upkeep(broker, body)
    told = [record.getMessage() for record in caplog.records if "deleting" in record.getMessage()]
    assert told == [
        "t-0: deleting segments 0 due to log retention size 700 breach; the log starts at offset 1"
    ]


async def test_a_disk_that_fails_is_told_and_tried_again(
    broker: DataPath, autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    broker.have(small(retention_bytes="0"), small("u", retention_bytes="0"))
    fill(broker)

    async def body() -> None:
        broker.files.full = True  # a new active segment cannot be made
        await trio.sleep(5.1)
        assert "old segments of t-0 cannot be deleted" in caplog.text
        broker.files.full = False
        fill(broker, "u", 1)
        await trio.sleep(2)
        assert (broker.partition().log_start_offset, broker.partition("u").log_start_offset) == (3, 1)

    await with_upkeep(broker, body)


async def test_a_waiting_fetch_learns_that_its_offset_is_gone(broker: DataPath, autojump_clock: Any) -> None:
    broker.have(small(retention_bytes="700"))
    fill(broker)
    asked = FetchRequest(
        max_wait_ms=60_000,
        min_bytes=1_000_000,
        max_bytes=1 << 20,
        topics=[
            FetchTopic(
                topic="t",
                topic_id=topic_id("t"),
                partitions=[FetchPartition(partition=0, fetch_offset=2, partition_max_bytes=1 << 20)],
            )
        ],
    )
    answers: list[Any] = []

    async def fetch() -> None:
        answers.append(await broker.handle("fetch", 12, asked))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(fetch)
        await trio.testing.wait_all_tasks_blocked()
        assert not answers
        broker.partition().delete_records(3)
    (row,) = answers[0].responses[0].partitions
    assert row.error_code == ErrorCode.OFFSET_OUT_OF_RANGE
    assert trio.current_time() < 60
