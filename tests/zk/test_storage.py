"""Log and snapshots on a disk that crashes at every byte."""

from __future__ import annotations

from dataclasses import dataclass, field
from zlib import adler32

import pytest

from tests.zk.memory_disk import MemoryFiles
from zk import txnlog
from zk.errors import CorruptStore, DirectoryInUse, ForeignDirectory, NodeExists, ZkError
from zk.operations import Create, Delete, Multi, Operation, SetData
from zk.snapshot import Snapshot
from zk.storage import Recovery, Storage
from zk.transactions import Txn
from zk.tree import Node, Tree

DATA = "/zk/version-2"


@dataclass
class Machine:
    """A tree over a storage, as the embedded store has it."""

    disk: MemoryFiles
    tree: Tree = field(default_factory=Tree)
    sessions: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.storage, self.recovery = Storage.open(self.disk, "/zk", self.restore, self.apply)

    storage: Storage = field(init=False)
    recovery: Recovery = field(init=False)

    def restore(self, snapshot: Snapshot) -> None:
        self.tree.load(snapshot.zxid, snapshot.nodes)
        self.sessions = snapshot.sessions

    def apply(self, txn: Txn) -> None:
        self.tree.apply(txn)

    def do(self, *operations: Operation) -> None:
        for operation in operations:
            txn = self.tree.decide(operation, 7, 1000)
            self.storage.append(txn)
            self.tree.apply(txn)

    def snapshot(self) -> Snapshot:
        self.storage.begin_snapshot()
        return Snapshot(self.tree.zxid, dict(self.tree.nodes), {7: 6000})

    def sync(self) -> None:
        job = self.storage.unsynced()
        if job is not None:
            job.run()
            self.storage.synced(job)


def reopened(disk: MemoryFiles, *, machine: bool = False) -> Machine:
    return Machine(disk.crash(machine=machine))


def with_file(disk: MemoryFiles, name: str, data: bytes) -> MemoryFiles:
    image = disk.image() | {f"{DATA}/{name}": data}
    return MemoryFiles.from_image(image, disk.directories)


SOME = (
    Create("/a", b"1"),
    Create("/a/b", None),
    SetData("/a", b""),
    Multi((Create("/a/s-", b"x" * 50, sequential=True), Delete("/a/b"))),
    Create("/e", ephemeral=True),
)


@pytest.fixture
def machine() -> Machine:
    machine = Machine(MemoryFiles())
    machine.do(*SOME)
    return machine


def test_the_log_alone_makes_the_tree_again(machine: Machine) -> None:
    again = reopened(machine.disk)
    assert again.tree.nodes == machine.tree.nodes
    assert again.tree.zxid == machine.tree.zxid == 5
    assert again.recovery == Recovery(0, 5, 0, ())


def test_a_log_torn_at_any_byte_of_its_last_record_keeps_all_before_it(machine: Machine) -> None:
    raw = machine.disk.image()[f"{DATA}/log.1"]
    before = dict(machine.tree.nodes)
    last = Create("/last", b"data", sequential=True)
    machine.do(last)
    whole = machine.disk.image()[f"{DATA}/log.1"]
    for size in range(len(raw), len(whole)):
        torn = Machine(with_file(machine.disk, "log.1", whole[:size]))
        assert torn.tree.nodes == before
        assert torn.recovery.cut_bytes == size - len(raw)
        torn.do(last)
        assert reopened(torn.disk).tree.nodes == machine.tree.nodes


def test_a_last_record_with_any_wrong_byte_is_not_applied(machine: Machine) -> None:
    raw = machine.disk.image()[f"{DATA}/log.1"]
    before = dict(machine.tree.nodes)
    machine.do(Create("/last", b"data"))
    whole = machine.disk.image()[f"{DATA}/log.1"]
    for position in range(len(raw), len(whole)):
        wrong = whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :]
        assert Machine(with_file(machine.disk, "log.1", wrong)).tree.nodes == before


def test_zeros_at_the_end_are_padding_as_zookeeper_writes_it(machine: Machine) -> None:
    raw = machine.disk.image()[f"{DATA}/log.1"]
    padded = Machine(with_file(machine.disk, "log.1", raw + bytes(5000)))
    assert padded.tree.nodes == machine.tree.nodes
    padded.do(Create("/more"))
    assert "/more" in reopened(padded.disk).tree.nodes


def test_a_bad_record_in_the_middle_is_an_error_and_not_forgotten(machine: Machine) -> None:
    raw = bytearray(machine.disk.image()[f"{DATA}/log.1"])
    raw[60] ^= 1
    disk = with_file(machine.disk, "log.1", bytes(raw))
    with pytest.raises(CorruptStore, match=r"log\.1 is damaged at byte 16, .*backup"):
        Machine(disk)
    assert not disk.locks
    assert disk.image()[f"{DATA}/log.1"] == raw


@pytest.mark.parametrize("size", range(17))
def test_a_crash_while_the_first_file_is_made(size: int) -> None:
    disk = MemoryFiles.from_image({f"{DATA}/log.1": txnlog.HEADER[:size]}, {"/zk", DATA})
    machine = Machine(disk)
    machine.do(Create("/a"))
    assert "/a" in reopened(disk).tree.nodes


def test_a_snapshot_and_the_log_after_it(machine: Machine) -> None:
    machine.storage.write_snapshot(machine.snapshot())
    machine.do(Create("/after", b"x"))
    again = reopened(machine.disk)
    assert again.tree.nodes == machine.tree.nodes
    assert again.recovery == Recovery(5, 1, 0, ())
    assert again.sessions == {7: 6000}
    assert again.tree.ephemerals == machine.tree.ephemerals
    assert f"{DATA}/log.6" in machine.disk.image()


def test_crashes_around_a_snapshot() -> None:
    """Before it is written, after it with nothing deleted, and after: always the same tree."""
    machine = Machine(MemoryFiles())
    for round_ in range(4):
        machine.do(Create(f"/n{round_}", b"x"), SetData(f"/n{round_}", b"y"))
        snapshot = machine.snapshot()
        expected = dict(machine.tree.nodes)
        before = machine.disk.image()
        assert reopened(machine.disk).tree.nodes == expected
        machine.storage.write_snapshot(snapshot)
        unpurged = MemoryFiles.from_image(before | machine.disk.image(), machine.disk.directories)
        assert Machine(unpurged).tree.nodes == expected
        assert reopened(machine.disk).tree.nodes == expected
        half = dict(before)
        half[f"{DATA}/.snapshot"] = b"ZKSN"
        assert Machine(MemoryFiles.from_image(half, machine.disk.directories)).tree.nodes == expected
    names = sorted(path.rpartition("/")[2] for path in machine.disk.image() if "version-2/" in path)
    assert names == ["log.7", "snapshot.6", "snapshot.8"]


def test_a_damaged_snapshot_is_made_good_by_the_one_before_and_the_log() -> None:
    machine = Machine(MemoryFiles())
    for name in ("/a", "/b", "/c"):
        machine.do(Create(name, b"x" * 20), Create(name + name))
        machine.storage.write_snapshot(machine.snapshot())
    machine.do(Create("/d"))
    raw = machine.disk.image()[f"{DATA}/snapshot.6"]
    for damaged in (raw[:50], raw[:-20], b"", raw[:100] + b"?" + raw[101:], bytes(len(raw))):
        again = Machine(with_file(machine.disk, "snapshot.6", damaged))
        assert again.tree.nodes == machine.tree.nodes
        assert again.recovery.snapshot_zxid == 4
        assert again.recovery.bad_snapshots[0].startswith("snapshot.6: ")


def test_a_snapshot_with_any_wrong_byte_is_not_taken(machine: Machine) -> None:
    machine.storage.write_snapshot(machine.snapshot())
    raw = machine.disk.image()[f"{DATA}/snapshot.5"]
    for position in range(len(raw) - 5):  # the "/" behind the checksum says nothing
        wrong = raw[:position] + bytes([raw[position] ^ 0x04]) + raw[position + 1 :]
        again = Machine(with_file(machine.disk, "snapshot.5", wrong))
        assert again.recovery.snapshot_zxid == 0
        assert again.tree.nodes == machine.tree.nodes


def test_a_missing_log_file_is_an_error(machine: Machine) -> None:
    for name in ("/b", "/c", "/d"):
        machine.do(Create(name))
        machine.snapshot()  # begins a file, and never writes the snapshot
    image = machine.disk.image()
    del image[f"{DATA}/log.7"]
    with pytest.raises(CorruptStore, match="0x7 to 0x7 are missing"):
        Machine(MemoryFiles.from_image(image, machine.disk.directories))
    del image[f"{DATA}/log.1"]
    with pytest.raises(CorruptStore, match="0x1 to 0x7 are missing"):
        Machine(MemoryFiles.from_image(image, machine.disk.directories))


def test_a_log_that_ends_before_the_snapshot_is_not_continued(machine: Machine) -> None:
    """The machine died: the snapshot was durable, the last transactions before it in the log were not."""
    raw = machine.disk.image()[f"{DATA}/log.1"]
    machine.do(Create("/lost"))
    machine.storage.write_snapshot(machine.snapshot())
    again = Machine(with_file(machine.disk, "log.1", raw))
    assert "/lost" in again.tree.nodes
    again.do(Create("/next"))
    assert set(again.disk.image()) >= {f"{DATA}/log.1", f"{DATA}/log.7"}
    assert reopened(again.disk).tree.nodes == again.tree.nodes


def test_syncing_covers_files_that_are_complete_and_directories() -> None:
    machine = Machine(MemoryFiles())
    machine.do(*SOME)
    first = machine.storage.unsynced()
    assert first is not None
    first.run()
    assert reopened(machine.disk, machine=True).tree.nodes == machine.tree.nodes
    machine.do(Create("/after-the-sync-in-the-same-file"))
    machine.snapshot()
    machine.do(Create("/in-the-next-file"))
    machine.storage.synced(first)
    machine.sync()
    assert reopened(machine.disk, machine=True).tree.nodes == machine.tree.nodes
    assert machine.storage.unsynced() is None


def test_an_epoch_may_begin_anew_in_the_log_of_an_ensemble(machine: Machine) -> None:
    machine.tree.zxid = (3 << 32) - 1
    machine.do(Create("/elected"))
    assert reopened(machine.disk).tree.nodes == machine.tree.nodes


def test_a_held_directory_a_foreign_one_and_a_foreign_file() -> None:
    machine = Machine(MemoryFiles())
    with pytest.raises(DirectoryInUse, match="/zk is in use"):
        Machine(machine.disk)
    machine.storage.close()
    Machine(machine.disk)
    foreign = MemoryFiles.from_image({"/zk/homework.txt": b""}, {"/zk"})
    with pytest.raises(ForeignDirectory, match=r"homework\.txt"):
        Machine(foreign)
    assert set(foreign.image()) == {"/zk/homework.txt"}
    not_a_log = MemoryFiles.from_image({f"{DATA}/log.1": b"#!/bin/sh\necho hello world\n"}, {"/zk", DATA})
    with pytest.raises(CorruptStore, match="no transaction log"):
        Machine(not_a_log)


def test_transactions_of_kinds_that_we_do_not_serve_are_named(machine: Machine) -> None:
    raw = b"\0" * 19 + b"\6" + b"\0" * 8 + (19).to_bytes(4, "big")  # zxid 6, createContainer
    record = adler32(raw).to_bytes(8, "big") + len(raw).to_bytes(4, "big") + raw + b"B"
    log = machine.disk.image()[f"{DATA}/log.1"]
    with pytest.raises(CorruptStore, match="type 19"):
        Machine(with_file(machine.disk, "log.1", log + record))


def test_a_refused_operation_leaves_no_trace(machine: Machine) -> None:
    before = machine.disk.image()
    with pytest.raises(NodeExists):
        machine.do(Create("/a"))
    with pytest.raises(ZkError):
        machine.do(Multi((Create("/z"), Create("/a"))))
    assert machine.disk.image() == before


def test_a_node_in_a_snapshot_without_parent_is_noticed() -> None:
    tree = Tree()
    node: Node = tree.nodes["/"]
    with pytest.raises(KeyError):
        tree.load(1, {"/": node, "/a/b": node})
