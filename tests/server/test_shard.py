"""A coordinator shard on Trio's virtual clock and a partition in memory: order, durability, failure, timers, waiting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from pykbroker.core.groups.commands import (
    CommitOffsets,
    DescribeGroup,
    FetchOffsets,
    Heartbeat,
    Join,
    JoinProtocol,
    OffsetToCommit,
    Sync,
    TopicsDeleted,
)
from pykbroker.core.groups.machine import GroupMachine
from pykbroker.core.groups.rules import GroupRules
from pykbroker.errors import ApiError
from pykbroker.server.shard import Shard, ShardState
from pykbroker.server.shard_log import PartitionLog
from tests.server.memory_partition import MemoryPartition
from wire.errors import ErrorCode
from wire.records.batch import CONTROL_BIT, TRANSACTIONAL_BIT, Codec, read_header
from wire.records.record import Record, build_batch


class VirtualClock:
    def now_ms(self) -> int:
        return int(trio.current_time() * 1000)

    monotonic_ms = now_ms

    def random_bytes(self, count: int) -> bytes:
        return bytes(count)


class House:
    """Shards over one partition: what the coordinator is to them."""

    def __init__(self, partition: MemoryPartition, nursery: trio.Nursery, rules: GroupRules) -> None:
        self.partition = partition
        self.nursery = nursery
        self.rules = rules
        self.failures = 0
        self.lock = trio.Lock()
        self.shard = self.open()

    def open(self) -> Shard:
        self.shard = Shard(
            "shard",
            0,
            GroupMachine(self.rules),
            PartitionLog(self.partition),  # type: ignore[arg-type]
            VirtualClock(),
            self.nursery,
            self.failed,
        )
        self.shard.open(self.lock)
        return self.shard

    def failed(self, _shard: Shard) -> None:
        self.failures += 1
        self.open()

    async def ask(self, command: Any) -> Any:
        pending = self.shard.post(command)
        return await pending.wait()

    def committed(self) -> int:
        pending = self.shard.post(FetchOffsets("g", (("t", (0,)),)))
        assert pending.is_answered
        offset: int = pending.result[0].offset
        return offset


@asynccontextmanager
async def house(partition: MemoryPartition | None = None, **rules: int) -> AsyncIterator[House]:
    async with trio.open_nursery() as nursery:
        yield House(partition or MemoryPartition(), nursery, GroupRules(**rules))
        nursery.cancel_scope.cancel()


def commit(offset: int, **changes: Any) -> CommitOffsets:
    return CommitOffsets(
        **{
            "group_id": "g",
            "member_id": "",
            "instance_id": None,
            "generation": -1,
            "offsets": (OffsetToCommit("t", 0, offset),),
            **changes,
        }
    )


def join(member_id: str = "", **changes: Any) -> Join:
    fields: dict[str, Any] = {
        "group_id": "g",
        "member_id": member_id,
        "instance_id": None,
        "client_id": "c",
        "client_host": "/h",
        "session_timeout_ms": 10_000,
        "rebalance_timeout_ms": 60_000,
        "protocol_type": "consumer",
        "protocols": (JoinProtocol("range", b""),),
        "requires_known_id": False,
        "fresh_uuid": "u",
    }
    return Join(**{**fields, **changes})


# --- answers --------------------------------------------------------------------------------------------------------


async def test_an_idle_shard_answers_at_once_and_runs_no_task(autojump_clock: MockClock) -> None:
    async with house() as h:
        pending = h.shard.post(DescribeGroup("g"))
        assert pending.is_answered
        assert pending.result is None
        assert not h.nursery.child_tasks


async def test_what_is_applied_is_visible_only_when_it_is_durable(autojump_clock: MockClock) -> None:
    """Also the answer of a command that wrote nothing waits for what it has seen."""
    async with house() as h:
        h.partition.replicates = False
        write = h.shard.post(commit(5))
        read = h.shard.post(FetchOffsets("g", (("t", (0,)),)))
        await wait_all_tasks_blocked()
        assert not write.is_answered
        assert not read.is_answered
        h.partition.replicate()
        assert (await write.wait()) == [ErrorCode.NONE]
        assert (await read.wait())[0].offset == 5


async def test_what_gathers_during_replication_goes_into_one_batch(autojump_clock: MockClock) -> None:
    async with house() as h:
        h.partition.replicates = False
        pendings = [h.shard.post(commit(offset)) for offset in range(10)]
        await wait_all_tasks_blocked()
        assert len(h.partition.log.batches) == 1
        h.partition.replicate()
        await wait_all_tasks_blocked()
        assert [pending.is_answered for pending in pendings] == [True] + [False] * 9
        assert len(h.partition.log.batches) == 2
        h.partition.replicate()
        assert [await pending.wait() for pending in pendings] == [[ErrorCode.NONE]] * 10
        assert h.committed() == 9


async def test_many_tombstones_are_split_into_batches(autojump_clock: MockClock) -> None:
    async with house() as h:
        offsets = tuple(OffsetToCommit("t", i, i) for i in range(100))
        await h.ask(commit(0, offsets=offsets))
        h.shard._max_batch_bytes = 1_000
        h.shard.tell(TopicsDeleted(frozenset("t")))
        assert len(h.partition.log.batches) > 5
        assert len(h.partition.records()) == 200
        assert h.shard.machine.durable() == ({}, {})  # type: ignore[attr-defined]


async def test_batches_are_compressed_as_the_setting_says(autojump_clock: MockClock) -> None:
    """offsets.topic.compression.codec"""
    async with house() as h:
        h.shard._codec = Codec.GZIP
        await h.ask(commit(7))
        partition = h.partition
    assert read_header(partition.log.batches[0]).codec is Codec.GZIP
    async with house(MemoryPartition(partition.log)) as h:
        await wait_all_tasks_blocked()
        assert h.committed() == 7


# --- timers ---------------------------------------------------------------------------------------------------------


async def test_a_group_of_one_from_join_to_the_end_of_its_session(autojump_clock: MockClock) -> None:
    async with house(initial_rebalance_delay_ms=3_000) as h:
        started = trio.current_time()
        joined = await h.ask(join())
        assert trio.current_time() - started == pytest.approx(3.0)
        synced = await h.ask(Sync("g", "c-u", None, 1, None, None, {"c-u": b"a"}))
        assert synced.assignment == b"a"
        for _ in range(5):
            await trio.sleep(9)
            assert await h.ask(Heartbeat("g", "c-u", None, joined.generation)) is ErrorCode.NONE
        await trio.sleep(10.1)
        assert (await h.ask(DescribeGroup("g"))).state == "Empty"


async def test_the_task_ends_when_nothing_is_left_to_wait_for(autojump_clock: MockClock) -> None:
    async with house() as h:
        await h.ask(commit(1))
        assert len(h.nursery.child_tasks) == 1, "it waits for the offset to expire"
        await trio.sleep(8 * 24 * 3600)
        assert not h.nursery.child_tasks
        assert await h.ask(DescribeGroup("g")) is None


async def test_a_heartbeat_that_came_in_time_does_not_lose_to_a_timer(autojump_clock: MockClock) -> None:
    """While an append hangs, heartbeats wait behind it; they are heard before sessions are looked at."""
    async with house() as h:
        await h.ask(join())
        await h.ask(Sync("g", "c-u", None, 1, None, None, {}))
        await trio.sleep(9)
        h.partition.replicates = False
        h.shard.post(commit(1, member_id="c-u", generation=1))
        beat = h.shard.post(Heartbeat("g", "c-u", None, 1))
        await trio.sleep(4)
        h.partition.replicates = True
        h.partition.replicate()
        assert await beat.wait() is ErrorCode.NONE
        assert await h.ask(Heartbeat("g", "c-u", None, 1)) is ErrorCode.NONE


# --- failure --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), ApiError(ErrorCode.NOT_ENOUGH_REPLICAS)]
)
async def test_a_failed_append_is_forgotten_with_the_shard(
    autojump_clock: MockClock, error: Exception
) -> None:
    async with house() as h:
        await h.ask(commit(1))
        h.partition.fails_with = error
        with pytest.raises(ApiError, match="NOT_COORDINATOR"):
            await h.ask(commit(2))
        h.partition.fails_with = None
        await wait_all_tasks_blocked()
        assert h.committed() == 1
        assert h.failures == 1


async def test_when_replication_fails_all_that_wait_are_sent_away(autojump_clock: MockClock) -> None:
    async with house() as h:
        parked = h.shard.post(join())
        h.partition.replicates = False
        pendings = [h.shard.post(commit(n, group_id="other")) for n in range(2)]
        await wait_all_tasks_blocked()
        assert not parked.is_answered
        h.partition.lose_leadership()
        for pending in (parked, *pendings):
            with pytest.raises(ApiError, match="NOT_COORDINATOR"):
                await pending.wait()


async def test_an_append_that_is_never_replicated_is_given_up(autojump_clock: MockClock) -> None:
    """offsets.commit.timeout.ms"""
    async with house() as h:
        h.partition.replicates = False
        started = trio.current_time()
        with pytest.raises(ApiError, match="NOT_COORDINATOR"):
            await h.ask(commit(1))
        assert trio.current_time() - started == pytest.approx(5.0)


async def test_a_bug_in_the_machine_goes_up_once_and_the_shard_is_replayed(autojump_clock: MockClock) -> None:
    async with house() as h:
        await h.ask(commit(1))
        with pytest.raises(KeyError):
            h.shard.post("no command of any machine")
        assert h.failures == 1
        await wait_all_tasks_blocked()
        assert h.committed() == 1


async def test_a_closed_shard_sends_away_and_stays_quiet(autojump_clock: MockClock) -> None:
    async with house() as h:
        parked = h.shard.post(join())
        await wait_all_tasks_blocked()
        h.shard.close()
        await wait_all_tasks_blocked()
        assert not h.nursery.child_tasks
        with pytest.raises(ApiError, match="NOT_COORDINATOR"):
            h.shard.post(DescribeGroup("g"))
        if not parked.is_answered:
            pytest.fail("somebody still waits")


async def test_too_many_in_the_mailbox_are_refused(autojump_clock: MockClock, monkeypatch: Any) -> None:
    monkeypatch.setattr("pykbroker.server.shard.MAX_MAIL", 3)
    async with house() as h:
        h.partition.replicates = False
        for n in range(4):
            h.shard.post(commit(n))
        with pytest.raises(ApiError, match="COORDINATOR_NOT_AVAILABLE"):
            h.shard.post(commit(4))


# --- who waits and goes ---------------------------------------------------------------------------------------------


async def test_nothing_is_left_of_a_caller_that_is_cancelled(autojump_clock: MockClock) -> None:
    """A connection that closes while its JoinGroup waits."""
    async with house(initial_rebalance_delay_ms=3_000) as h:
        with trio.move_on_after(1):
            await h.ask(join())
        assert h.shard.statistics().waiting == 0
        await trio.sleep(200)
        assert (await h.ask(DescribeGroup("g"))).state == "Empty", "nobody syncs, so nobody is left"


# --- loading --------------------------------------------------------------------------------------------------------


async def test_a_restart_replays_the_log(autojump_clock: MockClock) -> None:
    partition = MemoryPartition()
    async with house(partition) as h:
        await h.ask(join())
        await h.ask(Sync("g", "c-u", None, 1, None, None, {"c-u": b"a"}))
        await h.ask(commit(7, member_id="c-u", generation=1))
    async with house(MemoryPartition(partition.log)) as h:
        assert h.shard.state is ShardState.LOADING
        assert (await h.ask(DescribeGroup("g"))).state == "Stable", "who comes early waits"
        assert h.committed() == 7
        assert await h.ask(Heartbeat("g", "c-u", None, 1)) is ErrorCode.NONE
        await trio.sleep(10.1)
        assert (await h.ask(DescribeGroup("g"))).state == "Empty"


async def test_who_waits_too_long_for_a_shard_that_loads_is_told_to_come_back(
    autojump_clock: MockClock,
) -> None:
    partition = MemoryPartition()
    async with house(partition) as h:
        await h.ask(commit(7))
    async with house(MemoryPartition(partition.log)) as h:
        async with h.lock:  # another shard is being replayed
            await wait_all_tasks_blocked()
            with pytest.raises(ApiError, match="COORDINATOR_LOAD_IN_PROGRESS"):
                await h.ask(commit(8))
        await wait_all_tasks_blocked()
        assert h.committed() == 7, "who was sent away is forgotten"


async def test_a_load_that_fails_sends_away_who_waits(autojump_clock: MockClock) -> None:
    partition = MemoryPartition()
    async with house(partition) as h:
        await h.ask(commit(7))
    partition.log.broken = OSError(5, "Input/output error")
    async with house(MemoryPartition(partition.log)) as h:
        with pytest.raises(ApiError, match="NOT_COORDINATOR"):
            await h.ask(DescribeGroup("g"))


async def test_topics_deleted_while_loading_are_seen_to_afterwards(autojump_clock: MockClock) -> None:
    partition = MemoryPartition()
    async with house(partition) as h:
        await h.ask(commit(7))
    async with house(MemoryPartition(partition.log)) as h:
        h.shard.tell(TopicsDeleted(frozenset("t")))
        await wait_all_tasks_blocked()
        assert h.committed() == -1


async def test_a_log_that_cannot_be_read_is_not_served(autojump_clock: MockClock) -> None:
    partition = MemoryPartition()
    async with house(partition) as h:
        await h.ask(commit(7))
    partition.log.broken = OSError(5, "Input/output error")
    async with house(MemoryPartition(partition.log)) as h:
        await wait_all_tasks_blocked()
        with pytest.raises(ApiError, match="NOT_COORDINATOR"):
            h.shard.post(DescribeGroup("g"))


async def test_records_of_other_protocols_and_null_keys_are_passed_over(autojump_clock: MockClock) -> None:
    partition = MemoryPartition()
    async with house(partition) as h:
        await h.ask(commit(7))
    strange = [Record(0, 0, b"\0\3" + b"consumer group", b"\0\0"), Record(0, 0, None, b"x")]
    append(partition, build_batch(strange))
    async with house(MemoryPartition(partition.log)) as h:
        await wait_all_tasks_blocked()
        assert h.committed() == 7


@pytest.mark.parametrize(("marker", "offset"), [(b"\0\0\0\1", 7), (b"\0\0\0\0", -1), (None, -1)])
async def test_offsets_of_a_transaction_count_once_it_is_committed(
    autojump_clock: MockClock, marker: bytes | None, offset: int
) -> None:
    """Written by Kafka: this broker has no transactions yet."""
    source = MemoryPartition()
    async with house(source) as h:
        await h.ask(commit(7))
    partition = MemoryPartition()
    records = source.records()
    append(partition, build_batch(records, producer_id=1, producer_epoch=0, attributes=TRANSACTIONAL_BIT))
    if marker is not None:
        end = [Record(0, 0, marker, b"\0\0\0\0\0\0")]
        bits = TRANSACTIONAL_BIT | CONTROL_BIT
        append(partition, build_batch(end, producer_id=1, producer_epoch=0, attributes=bits))
    async with house(MemoryPartition(partition.log)) as h:
        await wait_all_tasks_blocked()
        assert h.committed() == offset


def append(partition: MemoryPartition, batch: bytes) -> None:
    from pykbroker.log.validate import AppendOrigin

    partition.append_as_leader(batch, AppendOrigin.COORDINATOR)
