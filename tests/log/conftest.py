"""A disk in memory that fills up, fails and crashes: `Files` as the log knows it, for tests.

A machine's crash keeps what was fsynced. Of the rest it keeps, file by file, some first part of the writes, the last of them
torn at any byte. Names (new, renamed, removed) come back as they were at some moment since the last `sync_directory`:
journaling file systems keep the order of these, and nothing else.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable, Sequence

import pytest

from pykbroker.config.topic_settings import TopicSettings
from pykbroker.files import Buffer
from pykbroker.log.log import Log

NOW_MS = 1_700_000_000_000


class Inode:
    """A file's content now, as of the last fsync, and what was done to it since."""

    def __init__(self) -> None:
        self.modified_ms = NOW_MS
        self.data = bytearray()
        self.durable = b""
        self.pending: list[
            tuple[int, bytes | None]
        ] = []  # (position, bytes written) or (size, None) for a truncate

    def write(self, position: int, data: bytes) -> None:
        apply(self.data, position, data)
        self.pending.append((position, data))

    def truncate(self, size: int) -> None:
        apply(self.data, size, None)
        self.pending.append((size, None))

    def fsync(self) -> None:
        self.durable, self.pending = bytes(self.data), []

    def crashed(self, dice: random.Random) -> Inode:
        """What a machine that stops now leaves."""
        kept = Inode()
        kept.data[:] = self.durable
        count = dice.randint(0, len(self.pending))
        for number, (position, data) in enumerate(self.pending[:count]):
            if data is not None and number == count - 1:
                data = data[: dice.randint(0, len(data))]
            apply(kept.data, position, data)
        kept.fsync()
        return kept


def apply(data: bytearray, position: int, written: bytes | None) -> None:
    if written is None:
        if position < len(data):
            del data[position:]
        else:
            data.extend(bytes(position - len(data)))
        return
    if len(data) < position:
        data.extend(bytes(position - len(data)))
    data[position : position + len(written)] = written


class MemoryFile:
    """An open file of a MemoryDisk."""

    def __init__(self, disk: MemoryDisk, inode: Inode) -> None:
        self._disk = disk
        self._inode: Inode | None = inode
        disk.open_files += 1

    @property
    def inode(self) -> Inode:
        if self._inode is None:
            raise OSError(errno.EBADF, "the file is closed")
        return self._inode

    def pread(self, length: int, position: int) -> bytes:
        return bytes(self.inode.data[position : position + length])

    def pwritev(self, buffers: Sequence[Buffer], size: int, position: int) -> None:
        data = b"".join(buffers)
        assert len(data) == size
        room = self._disk.room(max(position + size - len(self.inode.data), 0))
        short = max(position + size - len(self.inode.data), 0) - room
        self.inode.write(position, data[: len(data) - short])
        self.inode.modified_ms = self._disk.now_ms
        if short:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def truncate(self, size: int) -> None:
        if self._disk.truncate_fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.inode.truncate(size)

    def allocate(self, size: int) -> None:
        more = max(size - len(self.inode.data), 0)
        if self._disk.room(more) < more:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if more:
            self.inode.truncate(size)

    def fsync(self) -> None:
        if self._disk.fsync_fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.inode.fsync()

    def size(self) -> int:
        return len(self.inode.data)

    def close(self) -> None:
        if self._inode is not None:
            self._inode = None
            self._disk.open_files -= 1


class MemoryLock:
    def __init__(self, disk: MemoryDisk, path: str) -> None:
        self._disk, self._path = disk, path

    def release(self) -> None:
        self._disk.locks.discard(self._path)


class MemoryDisk:
    """A file system. capacity: bytes that fit, None for no bound."""

    def __init__(self, capacity: int | None = None) -> None:
        self.capacity = capacity
        self.names: dict[str, Inode] = {}
        self.moments: list[dict[str, Inode]] = [{}]  # `names` after the last sync and after each change since
        self.directories: set[str] = {"/"}
        self.locks: set[str] = set()
        self.open_files = 0
        self.truncate_fails = False
        self.fsync_fails = False
        self.now_ms = NOW_MS  # what files that are written to are stamped with

    def room(self, wanted: int) -> int:
        """How many of `wanted` more bytes fit."""
        if self.capacity is None:
            return wanted
        used = sum(len(inode.data) for inode in self.names.values())
        return max(min(wanted, self.capacity - used), 0)

    def crash(self, dice: random.Random) -> MemoryDisk:
        """The disk that a machine finds which stopped now."""
        after = MemoryDisk(self.capacity)
        after.directories = set(self.directories)
        after.names = {path: inode.crashed(dice) for path, inode in dice.choice(self.moments).items()}
        after.moments = [dict(after.names)]
        return after

    def _renamed(self) -> None:
        self.moments.append(dict(self.names))

    def _inode(self, path: str) -> Inode:
        if path not in self.names:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        return self.names[path]

    def open(self, path: str, *, create: bool = False, write: bool = True) -> MemoryFile:
        if create and path not in self.names:
            if self.room(1) < 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
            self.names[path] = Inode()
            self._renamed()
        return MemoryFile(self, self._inode(path))

    def read(self, path: str) -> bytes:
        return bytes(self._inode(path).data)

    def listdir(self, path: str) -> list[tuple[str, bool]]:
        if path not in self.directories:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
        parent = path.rstrip("/") + "/"
        below = [(name, False) for name in self.names] + [(name, True) for name in self.directories]
        return [
            (name[len(parent) :], is_directory)
            for name, is_directory in below
            if name.startswith(parent) and name != parent and "/" not in name[len(parent) :]
        ]

    def size(self, path: str) -> int:
        return len(self._inode(path).data)

    def modified_ms(self, path: str) -> int:
        return self._inode(path).modified_ms

    def set_modified_ms(self, path: str, modified_ms: int) -> None:
        self._inode(path).modified_ms = modified_ms

    def exists(self, path: str) -> bool:
        return path in self.names or path in self.directories

    def mkdir(self, path: str) -> bool:
        made = path not in self.directories
        while path and path not in self.directories:
            self.directories.add(path)
            path = path.rsplit("/", 1)[0]
        return made

    def rename(self, old: str, new: str) -> None:
        if old in self.directories:
            self.directories = {moved(path, old, new) for path in self.directories}
            self.names = {moved(path, old, new): inode for path, inode in self.names.items()}
            self._renamed()
            return
        self.names[new] = self._inode(old)
        del self.names[old]
        self._renamed()

    def unlink(self, path: str) -> None:
        if self.names.pop(path, None) is not None:
            self._renamed()

    def rmdir(self, path: str) -> None:
        if path in self.directories and self.listdir(path):
            raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), path)
        self.directories.discard(path)

    def sync_directory(self, path: str) -> None:
        self.moments = [dict(self.names)]

    def atomic_write(self, path: str, data: bytes, *, durable: bool = True) -> None:
        file = self.open(path + ".tmp", create=True)
        try:
            file.truncate(0)
            file.pwritev([data], len(data), 0)
            if durable:
                file.fsync()
        finally:
            file.close()
        self.rename(path + ".tmp", path)
        if durable:
            self.sync_directory(path.rsplit("/", 1)[0])

    def lock(self, path: str) -> MemoryLock | None:
        if path in self.locks:
            return None
        self.locks.add(path)
        return MemoryLock(self, path)


def moved(path: str, old: str, new: str) -> str:
    return new + path[len(old) :] if path == old or path.startswith(old + "/") else path


@pytest.fixture
def disk() -> MemoryDisk:
    return MemoryDisk()


@pytest.fixture
def new_disk() -> type[MemoryDisk]:
    """The class, for tests that make several."""
    return MemoryDisk


@pytest.fixture
def open_log() -> Callable[..., Log]:
    """open_log(files, segment_bytes=..., clean=..., recovery_point=..., ...): the log of partition t-0."""

    def open_it(files: MemoryDisk, now_ms: int = NOW_MS, **options: object) -> Log:
        how = {
            key: options.pop(key)
            for key in ("clean", "recovery_point", "log_start_offset", "pool")
            if key in options
        }
        settings = TopicSettings(**options)  # type: ignore[arg-type]
        return Log.open(files, "/d/t-0", "t", 0, settings, now_ms, **how)  # type: ignore[arg-type]

    return open_it
