"""What every `Store` promises, whatever stands behind it: run `CHECKS` on each implementation.

A check gets a store and a path below which it may do what it likes (it exists and is empty, so that a real
ZooKeeper's tree can be shared).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio

from zk.data import OPEN_ACL_UNSAFE, READ_ACL_UNSAFE, Acl, EventType, Perms, WatchEvent
from zk.errors import (
    BadArguments,
    BadVersion,
    InvalidACL,
    MultiError,
    NoChildrenForEphemerals,
    NodeExists,
    NoNode,
    NotEmpty,
    RuntimeInconsistency,
    SessionExpired,
)
from zk.operations import Check, Create, Delete, SetData
from zk.store import Store

StoreCheck = Callable[[Store, str], Awaitable[None]]
CHECKS: list[StoreCheck] = []


def check(function: StoreCheck) -> StoreCheck:
    CHECKS.append(function)
    return function


class Heard:
    """A watch that remembers."""

    def __init__(self) -> None:
        self.events: list[WatchEvent] = []
        self._heard = trio.Event()

    def __call__(self, event: WatchEvent) -> None:
        self.events.append(event)
        self._heard.set()

    async def take(self) -> tuple[EventType, str | None]:
        """The one event that came, or comes within a second."""
        with trio.fail_after(1):
            await self._heard.wait()
        (event,) = self.events
        self.events, self._heard = [], trio.Event()
        return event.type, event.path


@check
async def data_and_no_data_are_told_apart(store: Store, root: str) -> None:
    for name, data in (("none", None), ("empty", b""), ("some", b"\0\xff")):
        path = f"{root}/{name}"
        assert await store.create(path, data) == path
        got, stat = await store.get(path)
        assert (got, stat.data_length) == (data, len(data or b""))
        for other in (b"", None, b"x"):
            await store.set(path, other)
            assert (await store.get(path))[0] == other


@check
async def stat_counts_versions_children_and_transactions(store: Store, root: str) -> None:
    path = await store.create(f"{root}/a", b"x")
    _, new = await store.get(path)
    assert (new.version, new.cversion, new.aversion, new.num_children) == (0, 0, 0, 0)
    assert new.czxid == new.mzxid == new.pzxid
    assert new.ctime == new.mtime > 0
    assert new.ephemeral_owner == 0
    written = await store.set(path, b"yy")
    assert (written.version, written.data_length, written.czxid) == (1, 2, new.czxid)
    assert written.mzxid > new.mzxid
    await store.create(f"{path}/child")
    await store.delete(f"{path}/child")
    stat = await store.exists(path)
    assert stat is not None
    assert (stat.version, stat.cversion, stat.num_children) == (1, 2, 0)
    assert stat.pzxid > stat.mzxid == written.mzxid


@check
async def missing_znodes(store: Store, root: str) -> None:
    assert await store.exists(f"{root}/no") is None
    for attempt in (
        store.get(f"{root}/no"),
        store.children(f"{root}/no"),
        store.set(f"{root}/no", b""),
        store.delete(f"{root}/no"),
        store.create(f"{root}/no/child"),
        store.get_acl(f"{root}/no"),
        store.set_acl(f"{root}/no", OPEN_ACL_UNSAFE),
    ):
        with pytest.raises(NoNode):
            await attempt


@check
async def a_znode_is_created_once(store: Store, root: str) -> None:
    await store.create(f"{root}/a", b"first")
    with pytest.raises(NodeExists):
        await store.create(f"{root}/a", b"second")
    assert (await store.get(f"{root}/a"))[0] == b"first"


@check
async def versions_guard_writes_and_deletes(store: Store, root: str) -> None:
    path = await store.create(f"{root}/a")
    assert (await store.set(path, b"1", version=0)).version == 1
    for attempt in (store.set(path, b"2", version=0), store.delete(path, version=0)):
        with pytest.raises(BadVersion):
            await attempt
    assert (await store.set(path, b"3", version=-1)).version == 2
    await store.delete(path, version=2)
    assert await store.exists(path) is None


@check
async def a_znode_with_children_stays(store: Store, root: str) -> None:
    await store.create(f"{root}/a")
    await store.create(f"{root}/a/b")
    names, stat = await store.children(f"{root}/a")
    assert (names, stat.num_children) == (["b"], 1)
    with pytest.raises(NotEmpty):
        await store.delete(f"{root}/a")
    await store.delete(f"{root}/a/b")
    await store.delete(f"{root}/a")


@check
async def ephemerals_name_their_owner_and_have_no_children(store: Store, root: str) -> None:
    path = await store.create(f"{root}/e", ephemeral=True)
    stat = await store.exists(path)
    assert stat is not None
    assert stat.ephemeral_owner == store.session_id != 0
    with pytest.raises(NoChildrenForEphemerals):
        await store.create(f"{path}/child")


@check
async def sequence_numbers_never_come_back(store: Store, root: str) -> None:
    first = await store.create(f"{root}/s-", sequential=True)
    assert first == f"{root}/s-0000000000"
    await store.create(f"{root}/other")  # counts too
    third = await store.create(f"{root}/s-", b"x", sequential=True, ephemeral=True)
    assert third == f"{root}/s-0000000002"
    await store.delete(third)
    assert await store.create(f"{root}/t", sequential=True) == f"{root}/t0000000003"
    await store.create(f"{root}/dir")
    assert await store.create(f"{root}/dir/", sequential=True) == f"{root}/dir/0000000000"


@check
async def paths_must_be_legal(store: Store, root: str) -> None:
    for path in (
        "",
        "a",
        f"{root}/",
        f"{root}//a",
        f"{root}/.",
        f"{root}/../a",
        f"{root}/a\0b",
        f"{root}/\x7f",
    ):
        for attempt in (store.create(path), store.get(path), store.exists(path), store.delete(path)):
            with pytest.raises(BadArguments):
                await attempt
    for path in (f"{root}/...", f"{root}/.a", f"{root}/<default>", f"{root}/a%20b", f"{root}/ä€"):
        await store.create(path)
    with pytest.raises(NodeExists):
        await store.create("/")


@check
async def a_multi_is_done_whole(store: Store, root: str) -> None:
    await store.create(f"{root}/old", b"")
    results = await store.multi(
        [
            Check(f"{root}/old", 0),
            Create(f"{root}/new", None),
            SetData(f"{root}/new", b"x", 0),
            Create(f"{root}/new/s", sequential=True),
            Delete(f"{root}/old"),
        ]
    )
    assert results[:2] == [None, f"{root}/new"]
    assert results[3:] == [f"{root}/new/s0000000000", None]
    _, stat = await store.get(f"{root}/new")
    assert results[2] == stat._replace(cversion=0, num_children=0)
    assert (stat.version, stat.czxid, stat.mzxid, stat.pzxid) == (1, stat.czxid, stat.czxid, stat.czxid)
    assert await store.exists(f"{root}/old") is None
    assert await store.multi([]) == []


@check
async def a_multi_that_fails_does_nothing(store: Store, root: str) -> None:
    await store.create(f"{root}/a", b"1")
    before = await store.get(f"{root}/a"), await store.exists(root)
    heard = Heard()
    await store.get(f"{root}/a", heard)
    with pytest.raises(MultiError) as raised:
        await store.multi(
            [
                SetData(f"{root}/a", b"2"),
                Create(f"{root}/a/s", sequential=True),
                Delete(f"{root}/a", 0),
                Create(f"{root}/z"),
            ]
        )
    assert raised.value.index == 2
    assert isinstance(raised.value.error, BadVersion)
    assert raised.value.results == (0, 0, BadVersion.code, RuntimeInconsistency.code)
    assert (await store.get(f"{root}/a"), await store.exists(root)) == before
    assert heard.events == []
    assert await store.create(f"{root}/a/s", sequential=True) == f"{root}/a/s0000000000"


@check
async def data_watches_fire_once(store: Store, root: str) -> None:
    path = await store.create(f"{root}/a")
    heard = Heard()
    await store.get(path, heard)
    await store.exists(path, heard)  # the same: told once
    await store.create(f"{path}/child")  # no concern of a data watch
    await store.set(path, b"x")
    assert await heard.take() == (EventType.NODE_DATA_CHANGED, path)
    await store.set(path, b"y")
    assert heard.events == []
    await store.exists(path, heard)
    await store.delete(f"{path}/child")
    await store.delete(path)
    assert await heard.take() == (EventType.NODE_DELETED, path)


@check
async def a_watch_waits_for_a_znode_to_come(store: Store, root: str) -> None:
    heard = Heard()
    assert await store.exists(f"{root}/a", heard) is None
    for read in (store.get(f"{root}/a", heard), store.children(f"{root}/a", heard)):
        with pytest.raises(NoNode):
            await read
    await store.multi([Create(f"{root}/a"), SetData(f"{root}/a", b"x")])
    assert await heard.take() == (EventType.NODE_CREATED, f"{root}/a")
    await store.create(f"{root}/a/b")
    await store.set(f"{root}/a", b"y")
    assert heard.events == []


@check
async def child_watches_fire_for_children_that_come_and_go(store: Store, root: str) -> None:
    heard = Heard()
    await store.create(f"{root}/a", b"")
    await store.children(f"{root}/a", heard)
    await store.set(f"{root}/a", b"x")  # no concern of a child watch
    await store.create(f"{root}/a/b")
    assert await heard.take() == (EventType.NODE_CHILDREN_CHANGED, f"{root}/a")
    await store.children(f"{root}/a", heard)
    await store.set(f"{root}/a/b", b"x")
    await store.delete(f"{root}/a/b")
    assert await heard.take() == (EventType.NODE_CHILDREN_CHANGED, f"{root}/a")
    await store.children(f"{root}/a", heard)
    await store.get(f"{root}/a", heard)
    await store.delete(f"{root}/a")
    assert await heard.take() == (EventType.NODE_DELETED, f"{root}/a")


@check
async def access_lists_are_kept_and_told(store: Store, root: str) -> None:
    mine = (Acl(Perms.READ | Perms.WRITE | Perms.ADMIN, "world", "anyone"),)
    await store.create(f"{root}/open")
    await store.create(f"{root}/mine", acl=mine + mine)
    assert (await store.get_acl(f"{root}/open"))[0] == OPEN_ACL_UNSAFE
    assert (await store.get_acl(f"{root}/mine"))[0] == mine
    stat = await store.set_acl(f"{root}/open", mine, version=0)
    assert (stat.aversion, stat.version) == (1, 0)
    with pytest.raises(BadVersion):
        await store.set_acl(f"{root}/open", READ_ACL_UNSAFE, version=0)
    for wrong in ((), (Acl(31, "world", "me"),), (Acl(31, "digest", "me"),), (Acl(31, "nobody", "knows"),)):
        with pytest.raises(InvalidACL):
            await store.create(f"{root}/wrong", acl=wrong)


@check
async def paths_are_ensured_with_their_parents(store: Store, root: str) -> None:
    await store.create(f"{root}/there", b"data")
    await store.ensure_paths([f"{root}/there", f"{root}/a/b/c", f"{root}/a/d"])
    assert sorted((await store.children(f"{root}/a"))[0]) == ["b", "d"]
    assert (await store.get(f"{root}/a/b/c"))[0] is None
    assert (await store.get(f"{root}/there"))[0] == b"data"


@check
async def many_writers_at_once(store: Store, root: str) -> None:
    made: list[str] = []

    async def make() -> None:
        made.append(await store.create(f"{root}/n", sequential=True))

    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(make)
    assert sorted(made) == [f"{root}/n{number:010d}" for number in range(50)]


@check
async def a_closed_store_does_nothing_any_more(store: Store, root: str) -> None:
    await store.create(f"{root}/e", ephemeral=True)
    heard = Heard()
    await store.get(f"{root}/e", heard)
    assert not store.closed
    await store.close()
    await store.close()
    await store.wait_closed()
    assert store.closed
    told = [event.type for event in heard.events]
    assert told in (
        [EventType.NODE_DELETED],
        [EventType.NONE],
    )  # which of the two a client hears depends on the way
    for attempt in (
        store.get(root),
        store.exists(root),
        store.create(f"{root}/a"),
        store.multi([Check(root)]),
    ):
        with pytest.raises(SessionExpired):
            await attempt
