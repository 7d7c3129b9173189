"""Where transactions become durable: a directory with a log and snapshots, in ZooKeeper's own formats and
under its names.

    <directory>/.lock                      held as long as the store is open <directory>/version-2/log.<zxid>
    transactions, the first of which has this number in hex (zk/txnlog.py)
    <directory>/version-2/snapshot.<zxid>  the tree after this transaction (zk/snapshot.py)

`append` writes one record and returns when the kernel has it; a crash of the process loses nothing from then
on. Durability against a crash of the machine is apart: `unsynced` hands out what to sync, its `run` may be
called in a thread while more is appended, and `synced` takes note. One run covers everything appended before
it (group commit).

After a snapshot a new log file is begun. The two latest snapshots are kept, and the log from the older one
on: if the latest turns out damaged, nothing is lost. A crash at any point leaves files that mean the same: a
snapshot counts from its rename on, and a log file that a snapshot covers is only slow.

Opening replays the log over the latest snapshot, and cuts off what a crash left at the end of the last file.
What no crash leaves (zk/txnlog.py), or a gap between the transactions, is an error: to go on would be to
forget what was acknowledged.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from zk import snapshot as snapshots
from zk import txnlog
from zk.errors import CorruptStore, DirectoryInUse, ForeignDirectory
from zk.files import File, FileLock, Files
from zk.jute import JuteError
from zk.snapshot import Snapshot
from zk.transactions import Txn, decode

MAX_TXN_BYTES = 0xFFFFF  # jute.maxbuffer of ZooKeeper, without which it could not read our log
SNAPSHOTS_KEPT = 2
LOCK_NAME = ".lock"
DATA_NAME = "version-2"
_HARMLESS_NAMES = frozenset((LOCK_NAME, DATA_NAME, "myid", "lost+found"))


class Recovery(NamedTuple):
    """What opening found.

    snapshot_zxid: of the snapshot it began with (0: none). replayed: transactions applied over it. cut_bytes:
    length of the torn tail. bad_snapshots: names of newer snapshots that could not be read, with the reason.
    """

    snapshot_zxid: int
    replayed: int
    cut_bytes: int
    bad_snapshots: tuple[str, ...]


class SyncJob(NamedTuple):
    """What to sync for everything up to `zxid` to be durable. `run` blocks, and may be called in any thread."""

    zxid: int
    files: tuple[File, ...]
    directories: tuple[str, ...]
    sync_directory: Callable[[str], None]

    def run(self) -> None:
        """Raises: OSError; then nobody knows what is durable, and the store must not be written any more."""
        for file in self.files:
            file.fsync()
        for directory in self.directories:
            self.sync_directory(directory)


class Storage:
    """The files of one store, open for this process alone. Synchronous and not thread-safe, `SyncJob.run` and
    `write_snapshot` apart.
    """

    def __init__(self, files: Files, directory: str, lock: FileLock) -> None:
        self._files = files
        self.directory = directory
        self._data = f"{directory}/{DATA_NAME}"
        self._lock = lock
        self._log: File | None = None  # the next append begins a file if there is none
        self._size = 0  # of the current file, as far as it is good
        self._torn = False  # bytes of a failed write may stand behind `_size`
        self._retired: list[tuple[int, File]] = []  # complete, but not yet synced: last zxid in it, file
        self._dirty_directories: list[str] = []
        self._dirty = False
        self.last_zxid = 0
        self.since_snapshot = 0  # transactions appended or replayed since the latest snapshot

    # -- opening

    @classmethod
    def open(
        cls,
        files: Files,
        directory: str,
        restore: Callable[[Snapshot], None],
        apply: Callable[[Txn], object],
    ) -> tuple[Storage, Recovery]:
        """Opens or makes a store: calls `restore` with the latest snapshot, if there is one, and `apply` with
        every later transaction.

        Raises: DirectoryInUse, ForeignDirectory, CorruptStore, OSError.
        """
        made = _make_directory(files, directory)
        lock = files.lock(f"{directory}/{LOCK_NAME}")
        if lock is None:
            raise DirectoryInUse(
                f"{directory} is in use by another process: stop it, or choose another directory"
            )
        try:
            storage = cls(files, directory, lock)
            if files.mkdir(storage._data):
                made = [*made, directory, storage._data]
            storage._dirty_directories = made
            return storage, storage._recover(restore, apply)
        except BaseException:
            lock.release()
            raise

    def _recover(self, restore: Callable[[Snapshot], None], apply: Callable[[Txn], object]) -> Recovery:
        names = [name for name, _ in self._files.listdir(self._data)]
        snapshot, bad = self._load_snapshot(_numbered(names, "snapshot."))
        if snapshot is not None:
            restore(snapshot)
            self.last_zxid = snapshot.zxid
        replayed, cut_bytes = self._replay(_numbered(names, "log."), apply)
        self.since_snapshot = replayed
        return Recovery(snapshot.zxid if snapshot else 0, replayed, cut_bytes, tuple(bad))

    def _load_snapshot(self, found: list[tuple[int, str]]) -> tuple[Snapshot | None, list[str]]:
        bad: list[str] = []
        for zxid, name in reversed(found):
            try:
                return snapshots.decode(zxid, self._files.read(f"{self._data}/{name}")), bad
            except JuteError as error:
                bad.append(f"{name}: {error}")
        return None, bad

    def _replay(self, found: list[tuple[int, str]], apply: Callable[[Txn], object]) -> tuple[int, int]:
        """Applies what is later than the snapshot. Returns (transactions applied, bytes cut off)."""
        covered = self.last_zxid
        first = max((index for index, (zxid, _) in enumerate(found) if zxid <= covered + 1), default=0)
        replayed = cut_bytes = 0
        for begin_zxid, name in found[first:]:
            path = f"{self._data}/{name}"
            raw = self._files.read(path)
            records, end = txnlog.scan(path, raw)
            replayed += self._apply_records(path, raw, records, apply)
            reached = records[-1][0] if records else begin_zxid - 1
            if name == found[-1][1] and end and covered < reached == self.last_zxid:
                cut_bytes = len(raw) - end
                self._continue_file(path, end, cut_bytes)
        return replayed, cut_bytes

    def _apply_records(
        self, path: str, raw: bytes, records: list[tuple[int, int, int]], apply: Callable[[Txn], object]
    ) -> int:
        applied = 0
        for zxid, start, end in records:
            if zxid <= self.last_zxid:
                continue
            self._check_next(zxid, path)
            try:
                txn = decode(raw[start:end])
            except JuteError as error:
                raise self._corrupt(f"{path} holds at byte {start} what cannot be read: {error}") from None
            apply(txn)
            self.last_zxid = zxid
            applied += 1
        return applied

    def _check_next(self, zxid: int, path: str) -> None:
        if zxid != self.last_zxid + 1 and not _new_epoch(self.last_zxid, zxid):
            raise self._corrupt(
                f"transactions 0x{self.last_zxid + 1:x} to 0x{zxid - 1:x} are missing before {path}"
            )

    def _corrupt(self, what: str) -> CorruptStore:
        return CorruptStore(
            f"{self.directory}: {what}. Restore the files from a backup, or choose another directory"
        )

    def _continue_file(self, path: str, end: int, cut_bytes: int) -> None:
        self._log = self._files.open(path)
        self._size = end
        self._dirty = True  # what the kernel still had may be newer than what the disk has
        if cut_bytes:
            self._log.truncate(end)

    # -- appending

    def append(self, txn: Txn) -> None:
        """Returns when the kernel has the transaction.

        Raises: OSError, and the log is as before; ValueError if it is larger than MAX_TXN_BYTES.
        """
        record = txnlog.record_of(txn)
        if len(record) > MAX_TXN_BYTES:
            raise ValueError(f"a transaction of {len(record)} bytes is larger than {MAX_TXN_BYTES}")
        log = self._log if self._log is not None else self._begin_file(txn.zxid)
        if self._torn:
            log.truncate(self._size)
            self._torn = False
        try:
            log.pwritev([record], self._size)
        except OSError:
            self._torn = True
            self._mend(log)
            raise
        self._size += len(record)
        self._dirty = True
        self.last_zxid = txn.zxid
        self.since_snapshot += 1

    def _mend(self, log: File) -> None:
        """Takes away what a failed write left, so that a crash now does not leave it to be found; else the
        next append does.
        """
        try:
            log.truncate(self._size)
            self._torn = False
        except OSError:
            return

    def _begin_file(self, zxid: int) -> File:
        path = f"{self._data}/log.{zxid:x}"
        log = self._files.open(path, create=True)
        try:
            log.truncate(0)
            log.pwritev([txnlog.HEADER], 0)
        except OSError:
            log.close()
            self._files.unlink(path)
            raise
        self._log, self._size, self._torn = log, len(txnlog.HEADER), False
        if self._data not in self._dirty_directories:
            self._dirty_directories.append(self._data)
        return log

    def unsynced(self) -> SyncJob | None:
        """What would make everything appended so far durable; None: it is."""
        if not (self._dirty or self._retired or self._dirty_directories):
            return None
        files = [file for _, file in self._retired] + ([self._log] if self._log is not None else [])
        directories, self._dirty_directories = tuple(self._dirty_directories), []
        self._dirty = False
        return SyncJob(self.last_zxid, tuple(files), directories, self._files.sync_directory)

    def synced(self, job: SyncJob) -> None:
        """`job` has run without an error."""
        done = [file for zxid, file in self._retired if zxid <= job.zxid]
        self._retired = self._retired[len(done) :]
        for file in done:
            file.close()

    # -- snapshots

    def begin_snapshot(self) -> None:
        """From here on a new log file is written. The caller takes its picture of the tree now, at
        `last_zxid`.

        Raises: OSError, and nothing has changed.
        """
        if self._log is not None:
            if self._torn:
                self._log.truncate(self._size)
            self._retired.append((self.last_zxid, self._log))
            self._log, self._torn = None, False
        self.since_snapshot = 0

    def write_snapshot(self, snapshot: Snapshot) -> None:
        """Writes it and deletes what it makes superfluous. Blocks; may run in a thread while transactions are
        appended.

        Raises: OSError; the log alone still holds everything.
        """
        temporary = f"{self._data}/.snapshot"
        try:
            file = self._files.open(temporary, create=True)
            try:
                file.truncate(0)
                file.pwritev([snapshots.encode(snapshot)], 0)
                file.fsync()
            finally:
                file.close()
            self._files.rename(temporary, f"{self._data}/snapshot.{snapshot.zxid:x}")
            self._files.sync_directory(self._data)
        except OSError:
            self._files.unlink(temporary)
            raise
        self._purge()

    def _purge(self) -> None:
        """Keeps the two latest snapshots, and the log from the older of them on."""
        names = [name for name, _ in self._files.listdir(self._data)]
        found = _numbered(names, "snapshot.")
        if len(found) < SNAPSHOTS_KEPT:
            return
        oldest = found[-SNAPSHOTS_KEPT][0]
        logs = _numbered(names, "log.")
        needed = max((zxid for zxid, _ in logs if zxid <= oldest + 1), default=0)
        for name in [name for zxid, name in found if zxid < oldest] + [
            name for zxid, name in logs if zxid < needed
        ]:
            self._files.unlink(f"{self._data}/{name}")

    def close(self) -> None:
        """Gives up the files as they are. What must be durable is to be synced before."""
        for file in (*(file for _, file in self._retired), self._log):
            if file is not None:
                file.close()
        self._retired, self._log = [], None
        self._lock.release()


def _make_directory(files: Files, directory: str) -> list[str]:
    """Makes the directory, or looks whether it can be ours. Returns the directories whose entries changed.

    Raises: ForeignDirectory.
    """
    try:
        names = {name for name, _ in files.listdir(directory)}
    except FileNotFoundError:
        files.mkdir(directory)
        above = directory.rstrip("/").rpartition("/")[0]
        return [above or ("/" if directory.startswith("/") else ".")]
    except NotADirectoryError:
        raise ForeignDirectory(f"{directory} is a file: choose another directory") from None
    if DATA_NAME not in names and not names <= _HARMLESS_NAMES:
        foreign = min(names - _HARMLESS_NAMES)
        raise ForeignDirectory(
            f"{directory} is not empty and holds no store (there is {foreign!r}): choose another directory"
        )
    return []


def _numbered(names: list[str], prefix: str) -> list[tuple[int, str]]:
    """(zxid, name) of the files called <prefix><hex>, in order."""
    found = []
    for name in names:
        if name.startswith(prefix):
            try:
                found.append((int(name[len(prefix) :], 16), name))
            except ValueError:
                continue
    return sorted(found)


def _new_epoch(before: int, after: int) -> bool:
    """The high half of a zxid counts elections; after one, a ZooKeeper ensemble begins the low half anew."""
    return after >> 32 > before >> 32
