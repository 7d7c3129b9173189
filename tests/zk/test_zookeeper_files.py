"""Files that a real ZooKeeper wrote: what is read from them is what its clients saw, and we write the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.zk.memory_disk import MemoryFiles
from zk import txnlog
from zk.data import OPEN_ACL_UNSAFE, READ_ACL_UNSAFE, Acl
from zk.embedded import EmbeddedStore
from zk.sessions import is_embedded
from zk.transactions import ErrorTxn, MultiTxn, decode, encode

FILES = Path(__file__).parent / "zookeeper_3_8_4"
DATA = "/zk/version-2"
DIGEST_BYTES = 12  # that this version puts behind a transaction
LOCAL = Acl(31, "ip", "127.0.0.1")


def disk(*names: str) -> MemoryFiles:
    image = {f"{DATA}/{name}": (FILES / name).read_bytes() for name in names}
    return MemoryFiles.from_image(image, {"/zk", DATA})


@pytest.mark.parametrize("names", [("log.1",), ("snapshot.14",), ("log.1", "snapshot.14")])
async def test_the_tree_is_what_zookeepers_client_read(names: tuple[str, ...]) -> None:
    store = EmbeddedStore.open("/zk", now_ms=lambda: 1_800_000_000_000, files=disk(*names))
    tree = json.loads((FILES / "tree.json").read_text())
    session = tree.pop("session")
    for path, (data, stat) in tree.items():
        got, own = await store.get(path)
        assert (None if got is None else got.decode(), list(own)) == (data, stat)
    assert store.statistics().znodes == len(tree)
    assert (await store.get_acl("/a"))[0] is OPEN_ACL_UNSAFE
    assert (await store.get_acl("/acl"))[0] == (*READ_ACL_UNSAFE, LOCAL)
    assert (await store.get_acl("/a/none"))[0] == (LOCAL,)
    assert await store.create("/a/s-", sequential=True) == "/a/s-0000000005"
    assert not is_embedded(session)
    assert store.ended_sessions == ()
    assert store.statistics().sessions == 2  # the client's goes on, and so does its ephemeral
    await store.close()


def test_our_bytes_are_zookeepers() -> None:
    raw = (FILES / "log.1").read_bytes()
    records, end = txnlog.scan("log.1", raw)
    assert [zxid for zxid, _, _ in records] == list(range(1, 21))
    assert not any(raw[end:])
    assert raw.startswith(txnlog.HEADER)
    kinds = set()
    for _, start, stop in records:
        txn = decode(raw[start:stop])
        kinds.add(type(txn.body))
        assert raw[start:stop].startswith(encode(txn))
        assert stop - start - len(encode(txn)) in (0, DIGEST_BYTES), txn
        assert encode(decode(encode(txn))) == encode(txn)
    assert {ErrorTxn, MultiTxn} < kinds
    assert len(kinds) == 8


async def test_a_directory_of_zookeepers_goes_on_as_ours() -> None:
    files = disk("log.1")
    store = EmbeddedStore.open("/zk", now_ms=lambda: 1_800_000_000_000, files=files)
    await store.create("/ours", b"x", ephemeral=True)
    again = EmbeddedStore.open("/zk", now_ms=lambda: 1_800_000_000_000, files=files.crash(machine=True))
    assert again.ended_sessions == (store.session_id,)
    assert await again.exists("/ours") is None
    assert await again.exists("/stays")
