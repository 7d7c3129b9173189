"""A store in this process: the tree in memory, its transactions on disk.

A write is decided, written to the log, applied and told to the watches in one go without an await, so that
writes need no lock and a failed one (a full disk: StorageError) has changed nothing. Then it waits until the
disk has it. Whoever waits first syncs in a thread, for all that was written until then; who comes meanwhile
is in the next round. So any number of concurrent writes share the syncs, and the log is always synced in its
order.

    sync="always"      a write returns when it would survive the machine
    sync="background"  a write returns when it would survive the process; `run` syncs soon after

`sync` may be set at any time. A broker starts with "background", since nothing is acknowledged to anyone
before it is ready, and waiting for the disk is a good part of its start; the first write that waits covers
everything before.

If a sync fails, nobody knows any more what the disk has (Linux may drop the pages and report the next sync as
good). Then the store closes: writes that wait fail with ConnectionLoss, later ones with SessionExpired, and
`wait_closed` returns.

Reads look into dicts and see what is applied, also when it is not yet durable: who reads it dies with the
same process, and a write that follows from it is behind it in the log.

Opening first ends, as transactions of the log, the sessions that embedded stores of former processes held: so
their ephemeral znodes never stand in the way of their successor. Sessions of network clients go on.

`run` is to be started by the owner in a nursery of its own: it syncs in the background and takes snapshots,
in a thread and from a copy of the dict. Without it everything works, but the log grows until `close`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Literal, NamedTuple

import trio

from zk.data import OPEN_ACL_UNSAFE, Acl, EventType, KeeperState, Stat, WatchEvent, check_path, parent_of
from zk.errors import (
    BadArguments,
    ConnectionLoss,
    CorruptStore,
    MultiError,
    NoNode,
    RuntimeInconsistency,
    SessionExpired,
    StorageError,
    ZkError,
)
from zk.files import DiskFiles, Files
from zk.operations import (
    Check,
    CloseSession,
    Create,
    CreateSession,
    Delete,
    Multi,
    Operation,
    SetAcl,
    SetData,
    Step,
)
from zk.sessions import EMBEDDED_SERVER_ID, SessionTable, is_embedded
from zk.snapshot import Snapshot
from zk.storage import Recovery, Storage
from zk.store import Watch
from zk.transactions import Txn
from zk.tree import Applied, Tree
from zk.watches import Watches

SNAPSHOT_EVERY = 1_000  # transactions: replaying them takes 0.01 to 0.06 s
SNAPSHOT_SHARE = 4  # nor before a quarter of the znodes' number: snapshots stay cheap beside the writes
SNAPSHOT_ON_CLOSE = 500  # a clean stop takes one so that the next start replays next to nothing
SESSION_TIMEOUT_MS = (
    18_000  # what the log says of our sessions, for a ZooKeeper that reads it; here they do not expire
)

Sync = Literal["always", "background"]


class StoreStatistics(NamedTuple):
    """A snapshot of the store's numbers. Counters count from the opening on."""

    zxid: int
    durable_zxid: int
    znodes: int
    ephemerals: int
    sessions: int
    watches: int
    writes: int
    syncs: int
    snapshots: int
    snapshot_failures: int
    since_snapshot: int


class EmbeddedStore:
    """A `Store` over a directory of this process's own. Make one with `open`."""

    def __init__(
        self,
        storage: Storage,
        tree: Tree,
        sessions: SessionTable,
        now_ms: Callable[[], int],
        recovery: Recovery,
    ) -> None:
        self.sync: Sync = "always"
        self.recovery = recovery
        self.ended_sessions: tuple[int, ...] = ()  # of former processes, ended when this one opened the store
        self.snapshot_every = SNAPSHOT_EVERY
        self._storage = storage
        self._tree = tree
        self._sessions = sessions
        self._now_ms = now_ms
        self._watches: Watches[Watch] = Watches()
        self._session_id = 0
        self._closed = trio.Event()
        self._released = False  # the directory is given back, or about to be
        self._failure: OSError | None = None
        self._durable_zxid = 0
        self._syncing: trio.Event | None = None  # set when the sync under way has ended
        self._snapshotting: trio.Event | None = None  # likewise for the snapshot
        self._threads = trio.CapacityLimiter(2)  # a sync and a snapshot wait for nobody else's threads
        self._work = trio.Event()  # wakes `run`
        self._writes = self._syncs = self._snapshots = self._snapshot_failures = 0

    @classmethod
    def open(
        cls,
        directory: str,
        *,
        now_ms: Callable[[], int],
        files: Files | None = None,
        sync: Sync = "always",
        snapshot_every: int = SNAPSHOT_EVERY,
    ) -> EmbeddedStore:
        """Opens or makes the store in `directory`, ends its former sessions, and starts one. Synchronous, and
        waits for no disk.

        now_ms: wall clock, for ctime, mtime and session ids. files: the file system, the machine's if None.
        Raises: DirectoryInUse, ForeignDirectory, CorruptStore; OSError.
        """
        collecting = gc.isenabled()
        gc.disable()  # many small objects and no garbage: a third of the time otherwise
        try:
            store = cls._load(files or DiskFiles(), directory.rstrip("/") or "/", now_ms)
        finally:
            if collecting:
                gc.enable()
        store.sync = sync
        store.snapshot_every = snapshot_every
        try:
            store._start_session()
        except BaseException:
            store._storage.close()
            raise
        return store

    @classmethod
    def _load(cls, files: Files, directory: str, now_ms: Callable[[], int]) -> EmbeddedStore:
        tree, sessions, started_ms = Tree(), SessionTable(), now_ms()

        def restore(snapshot: Snapshot) -> None:
            try:
                tree.load(snapshot.zxid, snapshot.nodes)
            except KeyError as error:
                raise CorruptStore(f"{directory}: in its snapshot {error} has no parent") from None
            for session_id, timeout_ms in snapshot.sessions.items():
                sessions.add(session_id, timeout_ms, started_ms)

        def apply(txn: Txn) -> None:
            tree.apply(txn)
            sessions.apply(txn, started_ms)

        storage, recovery = Storage.open(files, directory, restore, apply)
        return cls(storage, tree, sessions, now_ms, recovery)

    def _start_session(self) -> None:
        self.ended_sessions = tuple(filter(is_embedded, self._sessions.ids()))
        for session_id in self.ended_sessions:
            self._write(CloseSession(), session_id)
        self._session_id = self._sessions.next_id(EMBEDDED_SERVER_ID, self._now_ms())
        self._write(CreateSession(SESSION_TIMEOUT_MS), self._session_id)

    # -- the session

    @property
    def session_id(self) -> int:
        return self._session_id

    @property
    def closed(self) -> bool:
        return self._closed.is_set()

    @property
    def failure(self) -> OSError | None:
        """Why the store closed by itself; None if it did not."""
        return self._failure

    async def wait_closed(self) -> None:
        await self._closed.wait()

    async def close(self) -> None:
        """Ends the session; returns when everything is durable and the directory is free. Again: does
        nothing.
        """
        if self._released:
            return
        self._released = True
        with trio.CancelScope() as scope:
            scope.shield = True  # bounded by the disk; half a close would leave the directory locked
            await self._finish()
        self._storage.close()

    async def _finish(self) -> None:
        if not self.closed:
            with suppress(StorageError):  # a full disk: then the next opening ends the session
                self._write(CloseSession(), self._session_id)
            self._end(KeeperState.CLOSED)
        with suppress(ConnectionLoss):  # `failure` says so
            await self._wait_durable(self._tree.zxid)
        while self._snapshotting is not None:
            await self._snapshotting.wait()
        if self._failure is None and self._storage.since_snapshot >= SNAPSHOT_ON_CLOSE:
            await self._take_snapshot()

    def _end(self, state: KeeperState) -> None:
        self._closed.set()
        self._work.set()
        for watch in self._watches.clear():
            watch(WatchEvent(EventType.NONE, None, -1, state))

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise SessionExpired(
                None, "the store is closed" + (f": {self._failure}" if self._failure else "")
            )

    # -- reading

    async def get(self, path: str, watch: Watch | None = None) -> tuple[bytes | None, Stat]:
        self._check_open()
        node = self._tree.nodes.get(path)
        if node is None:
            check_path(path)
            raise NoNode(path)
        if watch is not None:
            self._watches.watch_data(path, watch)
        return node.data, self._tree.stat(path, node)

    async def exists(self, path: str, watch: Watch | None = None) -> Stat | None:
        self._check_open()
        node = self._tree.nodes.get(path)
        if node is None:
            check_path(path)
        if watch is not None:
            self._watches.watch_data(path, watch)
        return None if node is None else self._tree.stat(path, node)

    async def children(self, path: str, watch: Watch | None = None) -> tuple[list[str], Stat]:
        self._check_open()
        node = self._tree.nodes.get(path)
        if node is None:
            check_path(path)
            raise NoNode(path)
        if watch is not None:
            self._watches.watch_children(path, watch)
        return self._tree.children(path), self._tree.stat(path, node)

    async def get_acl(self, path: str) -> tuple[tuple[Acl, ...], Stat]:
        self._check_open()
        check_path(path)
        node = self._tree.node(path)
        return node.acl, self._tree.stat(path, node)

    # -- writing

    async def create(
        self,
        path: str,
        data: bytes | None = None,
        *,
        ephemeral: bool = False,
        sequential: bool = False,
        acl: Sequence[Acl] = OPEN_ACL_UNSAFE,
    ) -> str:
        applied = await self._submit(Create(path, data, ephemeral, sequential, tuple(acl)))
        created = applied.results[0].path
        assert created is not None
        return created

    async def set(self, path: str, data: bytes | None, version: int = -1) -> Stat:
        return _stat(await self._submit(SetData(path, data, version)))

    async def set_acl(self, path: str, acl: Sequence[Acl], version: int = -1) -> Stat:
        return _stat(await self._submit(SetAcl(path, tuple(acl), version)))

    async def delete(self, path: str, version: int = -1) -> None:
        await self._submit(Delete(path, version))

    async def multi(self, operations: Iterable[Step]) -> list[str | Stat | None]:
        steps = tuple(operations)
        if not steps:
            return []
        applied = await self._submit(Multi(steps))
        return [
            result.path if isinstance(step, Create) else result.stat
            for step, result in zip(steps, applied.results, strict=True)
        ]

    async def ensure_paths(self, paths: Iterable[str]) -> None:
        """All of them in one round of syncing."""
        self._check_open()
        for path in paths:
            check_path(path)
            self._ensure(path)
        if self.sync == "always":
            await self._wait_durable(self._tree.zxid)

    def _ensure(self, path: str) -> None:
        if path not in self._tree.nodes:
            self._ensure(parent_of(path))
            self._write(Create(path), self._session_id)

    async def _submit(self, operation: Operation) -> Applied:
        self._check_open()
        _check_arguments(operation)
        applied = self._write(operation, self._session_id)
        if self.sync == "always":
            await self._wait_durable(self._tree.zxid)
        return applied

    def _write(self, operation: Operation, session_id: int) -> Applied:
        """Decide, append, apply, tell: no await, so nothing comes in between."""
        txn = self._tree.decide(operation, session_id, self._now_ms())
        try:
            self._storage.append(txn)
        except OSError as error:
            raise StorageError(error) from error
        except ValueError as error:
            raise BadArguments(None, str(error)) from None
        applied = self._tree.apply(txn)
        self._sessions.apply(txn, txn.time)
        self._writes += 1
        if self.sync == "background" or self._wants_snapshot():
            self._work.set()
        for watch, event in self._watches.trigger(applied.events):
            watch(event)
        return applied

    # -- durability

    async def _wait_durable(self, zxid: int) -> None:
        """Returns when the disk has everything up to `zxid`. Raises: ConnectionLoss."""
        while self._durable_zxid < zxid:
            if self._failure is not None:
                raise ConnectionLoss(None, f"the log could not be synced: {self._failure}")
            if self._syncing is not None:
                await self._syncing.wait()
            else:
                await self._sync_once()

    async def _sync_once(self) -> None:
        """One sync, in a thread, for all that is written when it begins."""
        self._syncing = trio.Event()
        try:
            await trio.lowlevel.checkpoint_if_cancelled()  # from here on a cancel does not come through
            job = self._storage.unsynced()
            if job is None:
                self._durable_zxid = self._storage.last_zxid
            else:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(job.run, limiter=self._threads)
                self._storage.synced(job)
                self._durable_zxid = job.zxid
                self._syncs += 1
        except OSError as error:
            self._failure = error
            if not self.closed:
                self._end(KeeperState.EXPIRED)
        finally:
            self._syncing.set()
            self._syncing = None

    async def run(self) -> None:
        """Syncs in the background and takes snapshots, until the store is closed or this is cancelled."""
        while not self.closed:
            await self._work.wait()
            self._work = trio.Event()
            with suppress(ConnectionLoss):  # the store has closed, and `failure` says why
                await self._wait_durable(self._tree.zxid)
            if self._wants_snapshot() and not self.closed:
                await self._take_snapshot()

    def _wants_snapshot(self) -> bool:
        since = self._storage.since_snapshot
        return since >= self.snapshot_every and since >= len(self._tree.nodes) // SNAPSHOT_SHARE

    async def _take_snapshot(self) -> None:
        """A failure (a full disk) is no harm: the log has everything, and the next try comes after as many
        transactions again.
        """
        self._snapshotting = trio.Event()
        try:
            self._storage.begin_snapshot()
            with trio.CancelScope(shield=True):
                picture = self._picture()
                await trio.to_thread.run_sync(self._storage.write_snapshot, picture, limiter=self._threads)
        except OSError:
            self._snapshot_failures += 1
        else:
            self._snapshots += 1
        finally:
            self._snapshotting.set()
            self._snapshotting = None

    def _picture(self) -> Snapshot:
        """The tree as it is now: znodes never change, so a copy of the dict is enough."""
        return Snapshot(self._tree.zxid, dict(self._tree.nodes), self._sessions.timeouts_ms())

    def statistics(self) -> StoreStatistics:
        return StoreStatistics(
            zxid=self._tree.zxid,
            durable_zxid=self._durable_zxid,
            znodes=len(self._tree.nodes),
            ephemerals=sum(map(len, self._tree.ephemerals.values())),
            sessions=len(self._sessions),
            watches=self._watches.count(),
            writes=self._writes,
            syncs=self._syncs,
            snapshots=self._snapshots,
            snapshot_failures=self._snapshot_failures,
            since_snapshot=self._storage.since_snapshot,
        )


def _stat(applied: Applied) -> Stat:
    stat = applied.results[0].stat
    assert stat is not None
    return stat


def _check_arguments(operation: Operation) -> None:
    """What ZooKeeper's client refuses before it asks the server. Raises: BadArguments; MultiError."""
    if isinstance(operation, Multi):
        for index, step in enumerate(operation.operations):
            try:
                _check_arguments(step)
            except ZkError as error:
                rest = len(operation.operations) - index - 1
                raise MultiError(
                    index, error, [0] * index + [error.code] + [RuntimeInconsistency.code] * rest
                ) from error
    elif isinstance(operation, Create):
        check_path(operation.path + "1" if operation.sequential else operation.path)
    elif isinstance(operation, Delete | SetData | SetAcl | Check):
        check_path(operation.path)
