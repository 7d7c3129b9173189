"""Partitions and Replicas over real logs: following the image, finding, committing, storage that fails, upkeep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from pykbroker.errors import ApiError
from pykbroker.log.validate import AppendOrigin
from pykbroker.server.partition import Partition
from pykbroker.server.waiters import FetchWaiter
from tests.server.data_path import DataPath, batch, topic, topic_id, values
from wire.errors import ErrorCode

CLIENT = AppendOrigin.CLIENT


@pytest.fixture
def broker(tmp_path: Path) -> Any:
    made = DataPath(tmp_path)
    yield made
    made.log_dirs.abandon()


def append(partition: Partition, *records: bytes, acks: int = -1, **how: Any) -> int:
    return partition.append_as_leader(batch(*records, **how), CLIENT, acks).base_offset


def code(call: Any, *arguments: Any) -> ErrorCode:
    with pytest.raises(ApiError) as raised:
        call(*arguments)
    return raised.value.code


# Following the image


def test_new_topic_gets_logs_and_a_gone_one_leaves_the_disk(broker: DataPath, tmp_path: Path) -> None:
    broker.have(topic("t", 2), topic("u"))
    assert sorted(path.name for path in (tmp_path / "log0").iterdir() if path.is_dir()) == [
        "t-0",
        "t-1",
        "u-0",
    ]
    gone = broker.partition("t", 1)
    broker.drop("t")
    assert gone.closed
    assert code(broker.partition, "t", 1) == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert code(gone.append_as_leader, batch(), CLIENT) == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert broker.log_dirs.purge() == 2
    assert [path.name for path in (tmp_path / "log0").iterdir() if path.is_dir()] == ["u-0"]


def test_topic_made_anew_under_its_name_is_empty_and_has_its_own_id(broker: DataPath) -> None:
    broker.have(topic("t"))
    append(broker.partition())
    broker.have(topic("t", generation=1))
    assert broker.partition().log_end_offset == 0
    assert broker.partition().log.topic_id == topic_id("t", 1)
    assert broker.replicas.partition_by_id(topic_id("t", 1), 0) is broker.partition()
    assert code(broker.replicas.partition_by_id, topic_id("t"), 0) == ErrorCode.UNKNOWN_TOPIC_ID


def test_more_partitions_leave_the_others_alone(broker: DataPath) -> None:
    broker.have(topic("t"))
    first = broker.partition()
    append(first)
    broker.have(topic("t", 3))
    assert broker.partition("t", 0) is first
    assert append(broker.partition("t", 2)) == 0


def test_partition_held_elsewhere_is_told_from_an_unknown_one(broker: DataPath) -> None:
    broker.have(topic("t", leader=1, replicas=(1,)))
    assert code(broker.partition, "t", 0) == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert code(broker.partition, "t", 1) == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert code(broker.replicas.partition_by_id, topic_id("t"), 0) == ErrorCode.NOT_LEADER_OR_FOLLOWER


def test_replica_taken_away_is_closed_and_deleted(broker: DataPath) -> None:
    broker.have(topic("t", 2))
    broker.change("t", replicas=(1,), isr=(1,), leader=1, leader_epoch=1)
    assert code(broker.partition, "t", 0) == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert not broker.log_dirs.logs


def test_new_partition_goes_to_the_directory_with_the_fewest(tmp_path: Path) -> None:
    broker = DataPath(tmp_path, dirs=3)
    broker.have(topic("t", 6))
    assert [len(directory.logs) for directory in broker.log_dirs.dirs] == [2, 2, 2]
    broker.log_dirs.abandon()


def test_changed_settings_reach_the_log(broker: DataPath) -> None:
    broker.have(topic("t"))
    broker.have(topic("t", config={"segment.bytes": "4096", "min.insync.replicas": "2"}))
    assert broker.partition().log.settings.segment_bytes == 4096
    for _ in range(10):
        append(broker.partition(), b"x" * 1000)
    assert len(broker.partition().log.segments) > 1


def test_changed_broker_settings_reach_the_log(broker: DataPath) -> None:
    broker.have(topic("t"), topic("u", config={"max.message.bytes": "500"}))
    broker.replicas.reconfigure(broker.config.with_dynamic(default={"message.max.bytes": "100"}))
    assert (
        code(broker.partition("t").append_as_leader, batch(b"x" * 200), CLIENT) == ErrorCode.MESSAGE_TOO_LARGE
    )
    assert append(broker.partition("u"), b"x" * 200) == 0


def test_records_are_looked_at_as_soon_as_the_broker_is_told_to(broker: DataPath) -> None:
    broker.have(topic("t"))
    for told in ("true", "false"):
        config = broker.config.with_dynamic(default={"pykbroker.validate.all.records": told})
        broker.replicas.reconfigure(config)
        assert broker.partition().log.settings.validate_all_records == (told == "true")


# Leadership


def test_older_leader_epoch_is_ignored(broker: DataPath) -> None:
    broker.have(topic("t", leader_epoch=5))
    broker.change("t", leader=1, leader_epoch=4)
    assert broker.partition().is_leader


def test_new_leader_epoch_stands_in_the_log_before_its_first_record(broker: DataPath) -> None:
    broker.have(topic("t", leader_epoch=3))
    append(broker.partition())
    broker.change("t", leader_epoch=7)
    assert broker.partition().epoch_end_offset(3) == (3, 1)
    assert broker.partition().epoch_end_offset(7) == (7, 1)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [(5, None), (-1, None), (4, ErrorCode.FENCED_LEADER_EPOCH), (6, ErrorCode.UNKNOWN_LEADER_EPOCH)],
)
def test_leader_epoch_of_a_client_is_checked(broker: DataPath, asked: int, answer: ErrorCode | None) -> None:
    broker.have(topic("t", leader_epoch=5))
    if answer is None:
        broker.partition().check_leader(asked)
    else:
        assert code(broker.partition().check_leader, asked) == answer


def test_min_insync_replicas_refuses_only_acks_all(broker: DataPath) -> None:
    broker.have(topic("t", replicas=(0, 1), isr=(0,), config={"min.insync.replicas": "2"}))
    partition = broker.partition()
    assert code(partition.append_as_leader, batch(), CLIENT, -1) == ErrorCode.NOT_ENOUGH_REPLICAS
    assert append(partition, acks=1) == 0


def test_min_insync_replicas_asks_for_no_more_than_there_are(broker: DataPath) -> None:
    broker.have(topic("t", config={"min.insync.replicas": "3"}))
    assert append(broker.partition()) == 0


# Committing


def test_high_watermark_follows_the_log_end_of_a_sole_replica(broker: DataPath) -> None:
    broker.have(topic("t"))
    append(broker.partition(), b"a", b"b")
    assert broker.partition().high_watermark == broker.partition().last_stable_offset == 2


async def test_high_watermark_waits_while_another_replica_is_in_sync(
    broker: DataPath, autojump_clock: Any
) -> None:
    broker.have(topic("t", replicas=(0, 1)))
    partition = broker.partition()
    append(partition, b"a")
    assert partition.high_watermark == 0
    assert partition.read(0, 1000).records == b""
    done = trio.Event()

    async def wait() -> None:
        await partition.wait_high_watermark(1)
        done.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        assert not done.is_set()
        broker.change("t", isr=(0,), partition_epoch=1)
    assert values(partition.read(0, 1000).records) == [b"a"]


async def test_waiting_produce_learns_that_the_leader_is_another(
    broker: DataPath, autojump_clock: Any
) -> None:
    broker.have(topic("t", replicas=(0, 1)))
    partition = broker.partition()
    append(partition)
    seen: list[ErrorCode] = []

    async def wait() -> None:
        try:
            await partition.wait_high_watermark(1)
        except ApiError as error:
            seen.append(error.code)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await trio.testing.wait_all_tasks_blocked()
        broker.change("t", leader=1, leader_epoch=1)
    assert seen == [ErrorCode.NOT_LEADER_OR_FOLLOWER]


async def test_fetch_waiter_wakes_at_its_bytes_and_not_before(broker: DataPath, autojump_clock: Any) -> None:
    broker.have(topic("t", 2))
    one, two = broker.partition("t", 0), broker.partition("t", 1)
    waiter = FetchWaiter([one, two], 2 * len(batch()))
    append(one)
    with trio.move_on_after(1) as scope:
        await waiter.wait()
    assert scope.cancelled_caught
    append(two)
    await waiter.wait()
    waiter.close()
    assert not one.fetch_waiters
    assert not two.fetch_waiters


async def test_deleting_a_topic_wakes_who_waits_for_it(broker: DataPath, autojump_clock: Any) -> None:
    broker.have(topic("t"))
    waiter = FetchWaiter([broker.partition()], 1_000_000)
    broker.drop("t")
    with trio.fail_after(1):
        await waiter.wait()
    waiter.close()


# Restart


def test_restart_keeps_records_and_high_watermark(broker: DataPath) -> None:
    broker.have(topic("t", 2))
    append(broker.partition("t", 1), b"a", b"b")
    broker.restart()
    assert broker.partition("t", 1).high_watermark == 2
    assert values(broker.partition("t", 1).read(0, 1000).records) == [b"a", b"b"]


def test_crash_keeps_what_was_written(broker: DataPath) -> None:
    broker.have(topic("t"))
    append(broker.partition(), b"a")
    append(broker.partition(), b"b")
    broker.restart(crash=True)
    assert values(broker.partition().read(0, 1000).records) == [b"a", b"b"]


def test_high_watermark_of_a_replicated_partition_comes_from_the_checkpoint(broker: DataPath) -> None:
    broker.have(topic("t"))
    append(broker.partition(), b"a")
    broker.have(topic("t", replicas=(0, 1), leader_epoch=1))
    append(broker.partition(), b"b")
    broker.restart()
    assert (broker.partition().high_watermark, broker.partition().log_end_offset) == (1, 2)


def test_log_that_the_cluster_does_not_know_is_set_aside_not_deleted(
    broker: DataPath, tmp_path: Path
) -> None:
    broker.have(topic("t"), topic("u"))
    append(broker.partition("t"))
    broker.metadata.swap(broker.metadata.image.without_topic("t").with_topic(topic("u", generation=1)))
    broker.restart()
    names = sorted(path.name for path in (tmp_path / "log0").iterdir() if path.is_dir())
    assert [name.split(".")[0] for name in names] == ["t-0", "u-0", "u-0"]
    assert sum(name.endswith("-stray") for name in names) == 2
    broker.have(topic("t", generation=1))
    assert broker.partition("t").log_end_offset == 0
    broker.restart()


# Storage that fails


def test_full_disk_refuses_and_recovers(broker: DataPath) -> None:
    broker.have(topic("t"))
    partition = broker.partition()
    append(partition, b"a")
    broker.files.full = True
    for _ in range(2):
        with pytest.raises(OSError, match="No space"):
            append(partition, b"b")
    assert values(partition.read(0, 1000).records) == [b"a"]
    broker.files.full = False
    assert append(partition, b"c") == 1
    broker.restart(crash=True)
    assert values(broker.partition().read(0, 1000).records) == [b"a", b"c"]


def test_log_that_cannot_be_made_answers_storage_error_until_it_can(broker: DataPath) -> None:
    broker.files.full = True
    broker.have(topic("t"))
    assert code(broker.partition, "t", 0) == ErrorCode.KAFKA_STORAGE_ERROR
    assert broker.replicas.statistics().failed == 1
    broker.files.full = False
    broker.replicas.retry_failed()
    assert append(broker.partition()) == 0
    assert broker.replicas.statistics().failed == 0


def test_new_leader_epoch_on_a_full_disk_is_known_all_the_same(broker: DataPath) -> None:
    broker.have(topic("t"))
    append(broker.partition())
    broker.files.full = True
    broker.change("t", leader_epoch=1)
    broker.files.full = False
    assert append(broker.partition()) == 1
    assert broker.partition().epoch_end_offset(0) == (0, 1)
    broker.restart(crash=True)
    assert broker.partition().epoch_end_offset(0) == (0, 1)


def test_topic_whose_log_could_not_be_made_can_be_deleted(broker: DataPath) -> None:
    broker.files.full = True
    broker.have(topic("t"))
    broker.files.full = False
    broker.drop("t")
    assert code(broker.partition, "t", 0) == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


# Durability


async def test_flush_messages_commits_after_the_fsync(broker: DataPath) -> None:
    broker.have(topic("t", config={"flush.messages": "2"}))
    partition = broker.partition()
    append(partition, b"a")
    assert partition.high_watermark == 1, "one record may wait for its fsync"
    append(partition, b"b")
    assert partition.high_watermark == 1
    await partition.wait_high_watermark(2)
    assert (partition.high_watermark, partition.log.recovery_point) == (2, 2)


async def test_many_waiters_share_an_fsync(broker: DataPath) -> None:
    broker.have(topic("t", config={"flush.messages": "1"}))
    partition = broker.partition()
    await partition.flush()
    before = broker.files.fsyncs
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            append(partition)
            nursery.start_soon(partition.wait_high_watermark, partition.log_end_offset)
    assert partition.high_watermark == 20
    assert broker.files.fsyncs - before <= 2


async def test_failed_fsync_fails_who_waits_and_stops_the_log(broker: DataPath) -> None:
    broker.have(topic("t", config={"flush.messages": "1"}))
    partition = broker.partition()
    append(partition)
    broker.files.fsync_fails = True
    with pytest.raises(OSError, match="Input/output"):
        await partition.wait_high_watermark(1)
    broker.files.fsync_fails = False
    with pytest.raises(OSError, match="a flush failed"):
        append(partition)
    assert not broker.replicas.close(), "not marked as left cleanly"
    broker.start()


async def test_waiting_for_a_flush_alone_does_not_wait_for_replicas(broker: DataPath) -> None:
    broker.have(topic("t", replicas=(0, 1), config={"flush.messages": "1"}))
    partition = broker.partition()
    append(partition, acks=1)
    await partition.wait_flushed(1)
    assert (partition.log.recovery_point, partition.high_watermark) == (1, 0)


class Upkeep:
    """The upkeep task, for as long as a test needs it."""

    def __init__(self, broker: DataPath, seconds: float) -> None:
        self._broker, self._seconds = broker, seconds

    async def run(self) -> None:
        """The broker's clock follows Trio's virtual one."""
        start, began = trio.current_time(), self._broker.clock.time_ms
        clock: Any = self._broker.clock
        clock.monotonic_ms = lambda: began + int((trio.current_time() - start) * 1000)
        with trio.move_on_after(self._seconds):
            await self._broker.replicas.upkeep()


def slow_autojump() -> trio.testing.MockClock:
    """A virtual clock that gives worker threads time to come back before it jumps."""
    return trio.testing.MockClock(autojump_threshold=0.05)


def test_flush_ms_is_kept(broker: DataPath) -> None:
    async def run() -> None:
        broker.have(topic("t", config={"flush.ms": "500"}), topic("u"))
        append(broker.partition("t"))
        append(broker.partition("u"))
        await Upkeep(broker, 0.9).run()

    trio.run(run, clock=slow_autojump())
    assert broker.partition("t").log.recovery_point == 1
    assert broker.partition("u").log.recovery_point == 0


def test_flush_ms_set_later_is_kept_too(broker: DataPath) -> None:
    async def run() -> None:
        broker.have(topic("t"))
        append(broker.partition("t"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Upkeep(broker, 20).run)
            await trio.sleep(10)
            broker.have(topic("t", config={"flush.ms": "500"}))

    trio.run(run, clock=slow_autojump())
    assert broker.partition("t").log.recovery_point == 1


def test_rolled_segments_are_flushed_and_the_recovery_point_noted(broker: DataPath, tmp_path: Path) -> None:
    async def run() -> None:
        broker.have(topic("t", config={"segment.bytes": "1024"}), topic("u"))
        for _ in range(10):
            append(broker.partition("t"), b"x" * 300)
        append(broker.partition("u"))
        await Upkeep(broker, 61).run()

    trio.run(run, clock=slow_autojump())
    text = (tmp_path / "log0" / "recovery-point-offset-checkpoint").read_text()
    assert text.split("\n")[2:-1] == ["t 0 10", "u 0 0"]


def test_quiet_broker_writes_no_checkpoints(broker: DataPath, tmp_path: Path) -> None:
    async def run() -> None:
        broker.have(topic("t"))
        await broker.replicas.checkpoint()
        before = broker.files.fsyncs
        await Upkeep(broker, 300).run()
        assert broker.files.fsyncs == before

    trio.run(run, clock=slow_autojump())


def test_log_start_is_kept_through_a_crash(broker: DataPath) -> None:
    broker.have(topic("t"))
    for _ in range(5):
        append(broker.partition())
    assert broker.partition().delete_records(3) == 3
    trio.run(broker.replicas.checkpoint)
    broker.restart(crash=True)
    assert (broker.partition().log_start_offset, broker.partition().log_end_offset) == (3, 5)


def test_deleted_logs_leave_the_disk(broker: DataPath, tmp_path: Path) -> None:
    async def run() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(Upkeep(broker, 10).run)
            broker.have(topic("t", 3))
            await trio.sleep(1)
            broker.drop("t")

    trio.run(run, clock=slow_autojump())
    assert not [path for path in (tmp_path / "log0").iterdir() if path.is_dir()]


def test_silent_producers_are_forgotten(broker: DataPath) -> None:
    async def run() -> None:
        broker.have(topic("t"))
        append(broker.partition(), producer_id=7, producer_epoch=0, base_sequence=0)
        broker.clock.time_ms += 2 * 24 * 60 * 60 * 1000
        append(
            broker.partition(),
            timestamp=broker.clock.time_ms,
            producer_id=8,
            producer_epoch=0,
            base_sequence=0,
        )
        await Upkeep(broker, 601).run()

    trio.run(run, clock=slow_autojump())
    assert list(broker.partition().log.producers.entries) == [8]
