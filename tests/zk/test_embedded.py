"""The embedded store: what a Store promises, and what survives which crash."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from tests.zk.memory_disk import MemoryFiles
from tests.zk.store_conformance import CHECKS, Heard, StoreCheck
from zk.data import EventType, KeeperState, Stat
from zk.embedded import EmbeddedStore, Sync
from zk.errors import (
    BadArguments,
    BadVersion,
    ConnectionLoss,
    DirectoryInUse,
    ForeignDirectory,
    MultiError,
    NodeExists,
    SessionExpired,
    StorageError,
)
from zk.operations import Check, Create, Delete, SetData
from zk.sessions import is_embedded


class Clock:
    def __init__(self) -> None:
        self.ms = 1_700_000_000_000

    def __call__(self) -> int:
        self.ms += 1
        return self.ms


def open_on(disk: MemoryFiles, *, sync: Sync = "always", snapshot_every: int = 1000) -> EmbeddedStore:
    return EmbeddedStore.open("/zk", now_ms=Clock(), files=disk, sync=sync, snapshot_every=snapshot_every)


async def everything(store: EmbeddedStore, path: str = "/") -> dict[str, object]:
    """Path -> (data, Stat) of the whole tree."""
    found: dict[str, object] = {path: await store.get(path)}
    for name in (await store.children(path))[0]:
        found.update(await everything(store, f"{path.rstrip('/')}/{name}"))
    return found


@pytest.mark.parametrize("sync", ["always", "background"])
@pytest.mark.parametrize("store_check", CHECKS, ids=lambda check: check.__name__)
async def test_the_embedded_store_conforms(store_check: StoreCheck, sync: Sync) -> None:
    store = open_on(MemoryFiles(), sync=sync)
    await store.create("/root")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.run)
        await store_check(store, "/root")
        await store.close()


async def test_a_store_on_a_real_disk(tmp_path: Path) -> None:
    store = EmbeddedStore.open(str(tmp_path / "new" / "zk"), now_ms=Clock())
    await store.create("/a", b"x")
    with pytest.raises(DirectoryInUse, match="in use"):
        EmbeddedStore.open(str(tmp_path / "new" / "zk"), now_ms=Clock())
    await store.close()
    again = EmbeddedStore.open(str(tmp_path / "new" / "zk"), now_ms=Clock())
    assert (await again.get("/a"))[0] == b"x"
    await again.close()


def test_a_directory_that_is_none_or_not_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello")
    for directory in (tmp_path / "file", tmp_path):
        with pytest.raises(ForeignDirectory, match="choose another"):
            EmbeddedStore.open(str(directory), now_ms=Clock())
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# -- durability


async def test_what_was_answered_survives_the_machine_and_concurrent_writes_share_syncs() -> None:
    disk = MemoryFiles()
    store = open_on(disk)
    async with trio.open_nursery() as nursery:
        for number in range(200):
            nursery.start_soon(store.create, f"/n{number}")
    assert store.statistics().syncs <= 3
    found = open_on(disk.crash(machine=True))
    assert len((await found.children("/"))[0]) == 201  # and /zookeeper


async def test_what_was_answered_in_the_background_survives_the_process() -> None:
    disk = MemoryFiles()
    store = open_on(disk, sync="background")
    await store.create("/a", b"x")
    assert disk.syncs == 0
    found = open_on(disk.crash(machine=False))
    assert (await found.get("/a"))[0] == b"x"
    lost = open_on(disk.crash(machine=True))
    assert await lost.exists("/a") is None


async def test_run_syncs_soon_in_the_background_and_a_later_always_covers_what_was_before() -> None:
    disk = MemoryFiles()
    store = open_on(disk, sync="background")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.run)
        await store.create("/a")
        with trio.fail_after(5):
            while store.statistics().durable_zxid < store.statistics().zxid:
                await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert await open_on(disk.crash(machine=True)).exists("/a")
    await store.create("/b")
    store.sync = "always"
    await store.create("/c")
    assert await open_on(disk.crash(machine=True)).exists("/b")


async def test_opening_waits_for_no_disk() -> None:
    disk = MemoryFiles()
    store = open_on(disk)
    await store.close()
    disk.syncs = 0
    open_on(disk)
    assert disk.syncs == 0


async def test_a_failed_sync_closes_the_store_because_nobody_knows_what_is_durable() -> None:
    disk = MemoryFiles()
    store = open_on(disk)
    heard = Heard()
    await store.exists("/a", heard)
    await store.exists("/b", heard)
    disk.sync_fails = True
    with pytest.raises(ConnectionLoss, match="synced"):
        await store.create("/c")
    assert store.closed
    assert isinstance(store.failure, OSError)
    assert [(event.type, event.state) for event in heard.events] == [(EventType.NONE, KeeperState.EXPIRED)]
    with pytest.raises(SessionExpired, match="Input/output"):
        await store.get("/")
    await store.close()
    assert not disk.locks


async def test_a_cancelled_writer_leaves_the_others_their_sync() -> None:
    store = open_on(MemoryFiles())
    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            scope.cancel()
            await store.create("/a")
        nursery.start_soon(store.create, "/b")
    assert scope.cancelled_caught
    assert await store.exists("/a")  # done all the same
    assert store.statistics().durable_zxid == store.statistics().zxid


async def test_a_full_disk_fails_the_write_and_changes_nothing() -> None:
    disk = MemoryFiles()
    store = open_on(disk)
    await store.create("/a", b"1")
    before = await everything(store)
    heard = Heard()
    await store.get("/a", heard)
    used = sum(map(len, disk.image().values()))
    for room in (0, 1, 20, 60):
        disk.capacity = used + room
        with pytest.raises(StorageError) as raised:
            await store.set("/a", b"2" * 100)
        assert isinstance(raised.value, OSError)
        assert raised.value.errno == errno.ENOSPC
        with pytest.raises(StorageError):
            await store.multi([Create("/b"), SetData("/a", b"2" * 100)])
        assert await everything(store) == before
        assert heard.events == []
    disk.capacity = None
    stat = await store.set("/a", b"3")
    assert stat.version == 1
    assert await heard.take() == (EventType.NODE_DATA_CHANGED, "/a")
    assert (await open_on(disk.crash(machine=True)).get("/a"))[0] == b"3"


async def test_a_write_that_cannot_be_taken_back_is_overwritten_by_the_next() -> None:
    disk = MemoryFiles()
    store = open_on(disk)
    await store.create("/a", b"1")
    disk.capacity = sum(map(len, disk.image().values())) + 50
    disk.truncate_fails = True
    with pytest.raises(StorageError):
        await store.set("/a", b"2" * 100)
    disk.capacity = None
    with pytest.raises(StorageError):  # the rest of the failed write is still there
        await store.set("/a", b"3")
    crashed = open_on(disk.crash(machine=False))
    assert (await crashed.get("/a"))[0] == b"1"
    assert crashed.recovery.cut_bytes == 50
    disk.truncate_fails = False
    await store.set("/a", b"4")
    assert (await open_on(disk.crash(machine=False)).get("/a"))[0] == b"4"


async def test_a_disk_that_is_full_from_the_start() -> None:
    disk = MemoryFiles()
    disk.capacity = 10
    with pytest.raises(StorageError):
        open_on(disk)
    assert not disk.locks
    disk.capacity = None
    await open_on(disk).create("/a")


# -- sessions


async def test_the_sessions_of_the_former_process_end_first_as_transactions() -> None:
    disk = MemoryFiles()
    store = open_on(disk)
    await store.create("/brokers")
    await store.multi([Create("/brokers/0", ephemeral=True), SetData("/brokers/0", b"x", 0)])
    former = await store.exists("/brokers/0")
    after = disk.crash(machine=True)
    again = open_on(after)
    assert again.ended_sessions == (store.session_id,)
    assert again.session_id != store.session_id
    assert is_embedded(again.session_id)
    assert await again.exists("/brokers/0") is None
    await again.create("/brokers/0", ephemeral=True)
    stat = await again.exists("/brokers/0")
    assert former is not None
    assert stat is not None
    assert stat.czxid > former.czxid
    third = open_on(after.crash(machine=True))  # the end is in the log: nothing is ended twice
    assert third.ended_sessions == (again.session_id,)


async def test_a_clean_stop_ends_the_session_itself() -> None:
    disk = MemoryFiles()
    store = open_on(disk)
    await store.create("/e", ephemeral=True)
    await store.close()
    again = open_on(disk.crash(machine=True))
    assert again.ended_sessions == ()
    assert await again.exists("/e") is None


async def test_a_controller_is_elected_and_its_writes_are_guarded_by_its_epoch() -> None:
    """As Kafka does it: one multi makes /controller and raises the epoch; every write checks the epoch's version."""
    store = open_on(MemoryFiles())
    await store.ensure_paths(["/brokers/topics", "/brokers/ids"])
    await store.create("/controller_epoch", b"0")
    _, before = await store.get("/controller_epoch")
    election = [
        Create("/controller", b"{}", ephemeral=True),
        SetData("/controller_epoch", b"1", before.version),
    ]
    elected = await store.multi(election)
    assert isinstance(elected[1], Stat)
    epoch_version = elected[1].version
    guard = Check("/controller_epoch", epoch_version)
    await store.multi([guard, Create("/brokers/topics/t", b"{}"), Create("/brokers/topics/t/partitions")])
    with pytest.raises(MultiError) as raised:
        await store.multi(election)
    assert (raised.value.index, type(raised.value.error)) == (0, NodeExists)
    await store.set("/controller_epoch", b"2")
    with pytest.raises(MultiError) as raised:
        await store.multi([guard, Delete("/brokers/topics/t/partitions")])
    assert (raised.value.index, type(raised.value.error)) == (0, BadVersion)
    for version in (1, 2):  # a counter: the version is the value (/brokers/seqid)
        await store.ensure_paths(["/brokers/seqid"])
        assert (await store.set("/brokers/seqid", b"")).version == version


# -- snapshots


async def test_run_takes_snapshots_and_the_tree_after_them_is_the_same() -> None:
    disk = MemoryFiles()
    store = open_on(disk, snapshot_every=20)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.run)
        for number in range(100):
            await store.create(f"/n{number}", b"x" * number)
            if number % 3 == 0:
                await store.delete(f"/n{number}")
        nursery.cancel_scope.cancel()
    assert store.statistics().snapshots >= 3
    names = [path.rpartition("/")[2] for path in disk.image()]
    assert sum(name.startswith("snapshot.") for name in names) == 2
    before = await everything(store)
    again = open_on(disk.crash(machine=True))
    assert again.recovery.snapshot_zxid > 0
    assert await everything(again) == before


async def test_a_snapshot_that_does_not_fit_is_no_harm() -> None:
    disk = MemoryFiles()
    store = open_on(disk, snapshot_every=10)
    for number in range(20):
        await store.create(f"/n{number}", b"x" * 100)
    disk.capacity = sum(map(len, disk.image().values())) + 500
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.run)
        await store.create("/last")
        with trio.fail_after(5):
            while store.statistics().snapshot_failures == 0:
                await trio.lowlevel.checkpoint()
        nursery.cancel_scope.cancel()
    assert not any("snapshot" in path for path in disk.image())
    await store.create("/later")
    assert await everything(open_on(disk.crash(machine=True))) == await everything(store)


async def test_closing_after_many_writes_makes_the_next_start_short() -> None:
    disk = MemoryFiles()
    store = open_on(disk, sync="background")
    for number in range(600):
        await store.create(f"/n{number}")
    await store.close()
    again = open_on(disk)
    assert again.recovery.replayed == 0
    assert len((await again.children("/"))[0]) == 601


# -- limits, and the death of the process


async def test_a_transaction_that_a_zookeeper_could_not_read_is_refused() -> None:
    store = open_on(MemoryFiles())
    with pytest.raises(BadArguments, match="larger"):
        await store.create("/a", bytes(1 << 20))
    await store.create("/a", bytes(1_000_000))
    await store.close()


async def test_a_multi_with_an_illegal_path_says_which() -> None:
    store = open_on(MemoryFiles())
    with pytest.raises(MultiError) as raised:
        await store.multi([Create("/a"), Create("b"), Check("/a")])
    assert raised.value.index == 1
    assert raised.value.results == (0, BadArguments.code, -2)
    with pytest.raises(MultiError) as raised:
        await store.multi([Create("/a"), SetData("/a", b"", 5)])
    assert isinstance(raised.value.error, BadVersion)
    await store.close()


WRITER = """
import sys, time, trio
from zk.embedded import EmbeddedStore
async def main():
    store = EmbeddedStore.open(sys.argv[1], now_ms=lambda: time.time_ns() // 1_000_000)
    await store.create("/e", ephemeral=True)
    while True:
        print(await store.create("/n", sequential=True), flush=True)
trio.run(main)
"""


async def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    directory = str(tmp_path / "zk")
    with subprocess.Popen(  # noqa: ASYNC220 - nothing else runs in this test
        [sys.executable, "-c", WRITER, directory], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as writer:
        assert writer.stdout is not None
        answered = [writer.stdout.readline() for _ in range(30)]
        with pytest.raises(DirectoryInUse):
            EmbeddedStore.open(directory, now_ms=Clock())
        os.kill(writer.pid, signal.SIGKILL)
        answered += writer.stdout.read().splitlines(keepends=True)
    store = EmbeddedStore.open(directory, now_ms=Clock())
    names, _ = await store.children("/")
    assert {line.decode().strip()[1:] for line in answered if line.endswith(b"\n")} <= set(names)
    assert "e" not in names
    assert len(store.ended_sessions) == 1
    await store.close()
