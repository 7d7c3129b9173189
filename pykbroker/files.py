"""The only home of open and fsync: a small interface to the file system, and its implementation on the machine's disk.

All of the broker's storage goes through `Files`, so that a memory disk that crashes or fills up can stand in for it
in tests and in simulation. The interface is what a log needs and no more: positional reads and writes (no shared
cursor), whole buffers or an OSError, explicit durability. Nothing here buffers: what `pwritev` returned from is in
the kernel and survives the death of the process; what `fsync` returned from survives the death of the machine.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Protocol

Buffer = bytes | bytearray | memoryview

READ_STEP = 64 * 1024  # bytes of a small file that are read at once


class File(Protocol):
    """One open file."""

    def pread(self, length: int, position: int) -> bytes:
        """Up to `length` bytes from `position`; fewer only where the file ends."""

    def pwritev(self, buffers: Sequence[Buffer], size: int, position: int) -> None:
        """Writes all of `buffers` one after the other at `position`. size: of all together; at most 1,024 buffers.

        Raises: OSError; some of the bytes may then have been written.
        """

    def truncate(self, size: int) -> None:
        """Cuts the file to `size` bytes, or lengthens it with zeros."""

    def allocate(self, size: int) -> None:
        """Sees to it that blocks for the first `size` bytes exist; the file is at least that long afterwards."""

    def fsync(self) -> None:
        """Returns when everything written so far is durable. May be called from another thread than the writer's."""

    def size(self) -> int: ...

    def close(self) -> None:
        """Closing twice does nothing."""


class FileLock(Protocol):
    """A lock that this process holds until `release`, or until it dies."""

    def release(self) -> None: ...


class Files(Protocol):
    """A file system. Paths are strings; errors are OSError with the errno that an operating system gives."""

    def open(self, path: str, *, create: bool = False, write: bool = True) -> File:
        """Opens a file for reading and, with `write`, for writing. create: makes it if it is missing.

        Raises: FileNotFoundError without `create`.
        """

    def read(self, path: str) -> bytes:
        """The whole of a small file."""

    def listdir(self, path: str) -> list[tuple[str, bool]]:
        """(name, whether it is a directory) of every entry of a directory, in no order."""

    def size(self, path: str) -> int:
        """Bytes of a file."""

    def modified_ms(self, path: str) -> int:
        """When the file's content was last changed, ms since the epoch."""

    def set_modified_ms(self, path: str, modified_ms: int) -> None:
        """Has `modified_ms` say so."""

    def exists(self, path: str) -> bool: ...

    def mkdir(self, path: str) -> bool:
        """Makes a directory and those above it; False if it was there."""

    def rename(self, old: str, new: str) -> None:
        """Replaces `new` if it is there."""

    def unlink(self, path: str) -> None:
        """Removes a file; a missing one is no error."""

    def rmdir(self, path: str) -> None:
        """Removes an empty directory; a missing one is no error."""

    def sync_directory(self, path: str) -> None:
        """Returns when the directory's entries (new, renamed and removed files) are durable."""

    def atomic_write(self, path: str, data: bytes, *, durable: bool = True) -> None:
        """Replaces a small file whole: who reads it, also after a crash, sees the old content or the new.

        durable: returns only when the new content would survive the machine. Without it the process may die, the
        machine not.
        """

    def lock(self, path: str) -> FileLock | None:
        """Takes the exclusive lock on a file (made if missing) without waiting; None if another process has it."""


class DiskFile:
    """A file descriptor."""

    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def pread(self, length: int, position: int) -> bytes:
        data = os.pread(self._fd, length, position)
        if len(data) == length or not data:
            return data
        return self._pread_rest(data, length, position)

    def _pread_rest(self, data: bytes, length: int, position: int) -> bytes:
        """Linux returns at most 2 GiB at once, and signals may cut a read short."""
        pieces = [data]
        got = len(data)
        while got < length:
            data = os.pread(self._fd, length - got, position + got)
            if not data:
                break
            pieces.append(data)
            got += len(data)
        return b"".join(pieces)

    def pwritev(self, buffers: Sequence[Buffer], size: int, position: int) -> None:
        written = os.pwritev(self._fd, buffers, position)
        if written != size:
            self._pwritev_rest(buffers, position, written)

    def _pwritev_rest(self, buffers: Sequence[Buffer], position: int, written: int) -> None:
        """A disk that fills up takes part of a write; asking again for the rest brings the error out."""
        done = 0
        for buffer in buffers:
            view = memoryview(buffer)
            skip = min(max(written - done, 0), len(view))
            while skip < len(view):
                count = os.pwrite(self._fd, view[skip:], position + done + skip)
                if count == 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                skip += count
            done += len(view)

    def truncate(self, size: int) -> None:
        os.ftruncate(self._fd, size)

    def allocate(self, size: int) -> None:
        os.posix_fallocate(self._fd, 0, size)

    def fsync(self) -> None:
        os.fsync(self._fd)

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class DiskLock:
    """An advisory lock by fcntl, as Java's FileChannel.lock takes it: a Kafka broker and ours see each other's.

    Such a lock belongs to the process, and goes when the process closes *any* descriptor of the file. So what this process
    holds is remembered by device and inode, and looked up before the file is opened a second time.
    """

    __slots__ = ("_fd", "_identity")

    _held: set[tuple[int, int]] = set()

    def __init__(self, fd: int, identity: tuple[int, int]) -> None:
        self._fd = fd
        self._identity = identity
        self._held.add(identity)

    @classmethod
    def is_held_here(cls, path: str) -> bool:
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return False
        return (status.st_dev, status.st_ino) in cls._held

    def release(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            self._held.discard(self._identity)
            os.close(fd)


class DiskFiles:
    """The machine's file system."""

    def open(self, path: str, *, create: bool = False, write: bool = True) -> DiskFile:
        flags = (os.O_RDWR if write else os.O_RDONLY) | (os.O_CREAT if create else 0) | os.O_CLOEXEC
        return DiskFile(os.open(path, flags, 0o644))

    def read(self, path: str) -> bytes:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = os.read(fd, READ_STEP)
            if len(data) < READ_STEP:
                return data
            pieces = [data]
            while data:
                data = os.read(fd, READ_STEP)
                pieces.append(data)
            return b"".join(pieces)
        finally:
            os.close(fd)

    def listdir(self, path: str) -> list[tuple[str, bool]]:
        with os.scandir(path) as entries:
            return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]

    def size(self, path: str) -> int:
        return os.stat(path).st_size

    def modified_ms(self, path: str) -> int:
        return os.stat(path).st_mtime_ns // 1_000_000

    def set_modified_ms(self, path: str, modified_ms: int) -> None:
        os.utime(path, ns=(modified_ms * 1_000_000, modified_ms * 1_000_000))

    def exists(self, path: str) -> bool:
        return os.path.lexists(path)

    def mkdir(self, path: str) -> bool:
        if os.path.isdir(path):
            return False
        os.makedirs(path, exist_ok=True)
        return True

    def rename(self, old: str, new: str) -> None:
        os.replace(old, new)

    def unlink(self, path: str) -> None:
        try:
            os.unlink(path)
        except FileNotFoundError:
            return

    def rmdir(self, path: str) -> None:
        try:
            os.rmdir(path)
        except FileNotFoundError:
            return

    def sync_directory(self, path: str) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def atomic_write(self, path: str, data: bytes, *, durable: bool = True) -> None:
        beside = path + ".tmp"
        file = self.open(beside, create=True)
        try:
            file.truncate(0)
            file.pwritev([data], len(data), 0)
            if durable:
                file.fsync()
        finally:
            file.close()
        os.replace(beside, path)
        if durable:
            self.sync_directory(os.path.dirname(path) or ".")

    def lock(self, path: str) -> DiskLock | None:
        import fcntl

        if DiskLock.is_held_here(path):
            return None
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return None
            raise
        status = os.fstat(fd)
        return DiskLock(fd, (status.st_dev, status.st_ino))
