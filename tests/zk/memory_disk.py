"""A disk in memory for the store: it fills up, fails to sync, and crashes with or without the machine."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from typing import Any


class Blob:
    """A file's bytes: what the kernel has, and what of it the disk has."""

    def __init__(self) -> None:
        self.data = b""
        self.synced = b""


class MemoryFile:
    def __init__(self, disk: MemoryFiles, blob: Blob) -> None:
        self._disk = disk
        self._blob = blob
        self.closed = False

    def pwritev(self, buffers: Sequence[bytes], position: int) -> int:
        data = b"".join(buffers)
        assert not self.closed
        assert position <= len(self._blob.data), "a hole in the file"
        room = self._disk.room(self._blob, position + len(data))
        fits = max(min(len(data), room - position), 0)
        self._blob.data = self._blob.data[:position] + data[:fits] + self._blob.data[position + fits :]
        if fits < len(data):
            raise OSError(errno.ENOSPC, "No space left on device")
        return len(data)

    def truncate(self, size: int) -> None:
        assert not self.closed
        if self._disk.truncate_fails:
            raise OSError(errno.EIO, "Input/output error")
        self._blob.data = self._blob.data[:size].ljust(size, b"\0")

    def fsync(self) -> None:
        assert not self.closed
        self._disk.syncs += 1
        if self._disk.sync_fails:
            raise OSError(errno.EIO, "Input/output error")
        self._blob.synced = self._blob.data

    def close(self) -> None:
        self.closed = True


class MemoryLock:
    def __init__(self, disk: MemoryFiles, path: str) -> None:
        self._disk, self._path = disk, path
        disk.locks.add(path)

    def release(self) -> None:
        self._disk.locks.discard(self._path)


class MemoryFiles:
    """capacity: bytes that fit on the disk; None: any number."""

    def __init__(self) -> None:
        self.blobs: dict[str, Blob] = {}
        self.directories: set[str] = set()
        self.synced_entries: dict[str, Blob] = {}
        self.locks: set[str] = set()
        self.capacity: int | None = None
        self.truncate_fails = self.sync_fails = False
        self.syncs = 0

    def room(self, blob: Blob, wanted: int) -> int:
        """The size that `blob` may have."""
        if self.capacity is None:
            return wanted
        return self.capacity - sum(len(other.data) for other in self.blobs.values() if other is not blob)

    def crash(self, *, machine: bool) -> MemoryFiles:
        """What is found afterwards. machine: only what was synced."""
        after = MemoryFiles()
        after.directories = set(self.directories)
        for path, blob in (self.synced_entries if machine else self.blobs).items():
            copy = after.blobs[path] = Blob()
            copy.data = copy.synced = blob.synced if machine else blob.data
        after.synced_entries = dict(after.blobs)
        return after

    def image(self) -> dict[str, bytes]:
        return {path: blob.data for path, blob in self.blobs.items()}

    @classmethod
    def from_image(cls, image: dict[str, bytes], directories: set[str]) -> MemoryFiles:
        disk = cls()
        disk.directories = set(directories)
        for path, data in image.items():
            blob = disk.blobs[path] = disk.synced_entries[path] = Blob()
            blob.data = blob.synced = data
        return disk

    # -- the interface

    def open(self, path: str, *, create: bool = False, write: bool = True) -> MemoryFile:
        if path not in self.blobs:
            if not create:
                raise FileNotFoundError(errno.ENOENT, "No such file", path)
            self.blobs[path] = Blob()
        return MemoryFile(self, self.blobs[path])

    def read(self, path: str) -> bytes:
        return self.blobs[path].data

    def listdir(self, path: str) -> list[tuple[str, int]]:
        if path not in self.directories:
            raise FileNotFoundError(errno.ENOENT, "No such directory", path)
        entries: dict[str, Any] = dict.fromkeys(self.directories, -1)
        entries.update({name: len(blob.data) for name, blob in self.blobs.items()})
        below = path.rstrip("/") + "/"
        return [
            (name.removeprefix(below), size)
            for name, size in entries.items()
            if name.startswith(below) and "/" not in name.removeprefix(below)
        ]

    def mkdir(self, path: str) -> bool:
        made = path not in self.directories
        self.directories.add(path)
        return made

    def rename(self, old: str, new: str) -> None:
        self.blobs[new] = self.blobs.pop(old)

    def unlink(self, path: str) -> None:
        self.blobs.pop(path, None)

    def sync_directory(self, path: str) -> None:
        below = path.rstrip("/") + "/"
        if self.sync_fails:
            raise OSError(errno.EIO, "Input/output error")
        for name in [name for name in self.synced_entries if name.startswith(below)]:
            del self.synced_entries[name]
        self.synced_entries.update(
            {name: blob for name, blob in self.blobs.items() if name.startswith(below)}
        )

    def lock(self, path: str) -> MemoryLock | None:
        return None if path in self.locks else MemoryLock(self, path)
