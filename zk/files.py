"""The few things that a store wants of a file system, and the machine's own as the default.

`Files` is deliberately a part of the interface that the broker's storage uses, so that one memory disk (that
crashes, or fills up) can stand in for both. Nothing buffers: what `pwritev` returned from survives the death
of the process, what `fsync` returned from that of the machine.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol


class File(Protocol):
    """One open file."""

    def pwritev(self, buffers: Sequence[bytes], position: int) -> int:
        """Writes all of `buffers` at `position`. Raises: OSError; some of the bytes may then have been
        written.
        """

    def truncate(self, size: int) -> None: ...

    def fsync(self) -> None:
        """Returns when everything written so far is durable. Is called from another thread than the writer's."""

    def close(self) -> None: ...


class FileLock(Protocol):
    def release(self) -> None: ...


class Files(Protocol):
    """A file system. Paths are strings; errors are OSError."""

    def open(self, path: str, *, create: bool = False, write: bool = True) -> File: ...

    def read(self, path: str) -> bytes:
        """The whole of a file."""

    def listdir(self, path: str) -> list[tuple[str, int]]:
        """(name, size in bytes) of every entry; a directory's size is -1. Raises: FileNotFoundError."""

    def mkdir(self, path: str) -> bool:
        """Makes a directory and those above it; False if it was there."""

    def rename(self, old: str, new: str) -> None:
        """Replaces `new` if it is there."""

    def unlink(self, path: str) -> None:
        """A missing file is no error."""

    def sync_directory(self, path: str) -> None:
        """Returns when the directory's entries are durable."""

    def lock(self, path: str) -> FileLock | None:
        """Takes the exclusive lock on a file (made if missing) without waiting; None if another holds it."""


class _DiskFile:
    """A file descriptor; also a lock, which it holds until it is closed."""

    __slots__ = ("_fd",)

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def pwritev(self, buffers: Sequence[bytes], position: int) -> int:
        view = memoryview(b"".join(buffers))
        done = 0
        while done < len(
            view
        ):  # a disk that fills up takes a part, and asking for the rest brings the error out
            done += os.pwrite(self._fd, view[done:], position + done)
        return done

    def truncate(self, size: int) -> None:
        os.ftruncate(self._fd, size)

    def fsync(self) -> None:
        os.fsync(self._fd)

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    release = close


class DiskFiles:
    """The machine's file system."""

    def open(self, path: str, *, create: bool = False, write: bool = True) -> _DiskFile:
        flags = (os.O_RDWR if write else os.O_RDONLY) | (os.O_CREAT if create else 0) | os.O_CLOEXEC
        return _DiskFile(os.open(path, flags, 0o644))

    def read(self, path: str) -> bytes:
        with open(path, "rb", buffering=0) as file:
            return file.read()

    def listdir(self, path: str) -> list[tuple[str, int]]:
        with os.scandir(path) as entries:
            return [(entry.name, -1 if entry.is_dir() else entry.stat().st_size) for entry in entries]

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

    def sync_directory(self, path: str) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def lock(self, path: str) -> _DiskFile | None:
        import fcntl

        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        except OSError:
            os.close(fd)
            raise
        return _DiskFile(fd)
