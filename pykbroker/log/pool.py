"""Open files of all logs of a broker, at most so many at once.

A broker with thousands of partitions would run out of descriptors if each segment held one. A Handle opens its file at
first use and gives it back when others need the room: the first one found that was not used since the last search (second
chance), so that using a file costs no more than setting a flag. A pinned handle is never closed under its user: a flush in
another thread pins what it works on.
"""

from __future__ import annotations

import errno
from typing import Protocol

from pykbroker.files import File, Files

DEFAULT_LIMIT = 512
LOADED_LIMIT = (
    64  # sealed segments whose indexes are in memory; 5 MiB each at most, for 1 GiB of small batches
)


class HoldsIndexes(Protocol):
    """A segment, as the pool sees it."""

    def forget_indexes(self) -> None: ...


class Handle:
    """A file that is open when it is needed."""

    __slots__ = ("_pins", "_pool", "closing", "file", "path", "retired", "used")

    def __init__(self, pool: FilePool, path: str) -> None:
        self._pool = pool
        self._pins = 0
        self.path = path
        self.file: File | None = None
        self.used = False
        self.closing = False
        self.retired = False

    def open(self, *, create: bool = False) -> File:
        """The file, open. Only for use at once: keep the handle, not the file."""
        if self.file is None:
            self.file = self._pool.make_room_and_open(self, create)
            self.used = False  # once is not often
        else:
            self.used = True
        return self.file

    @property
    def is_pinned(self) -> bool:
        return self._pins > 0

    def pin(self) -> File:
        """The file, which stays open until `unpin`, also across `close`."""
        file = self.open()
        self._pins += 1
        return file

    def unpin(self) -> None:
        self._pins -= 1
        if self.closing and not self._pins:
            self.close()

    def retire(self) -> None:
        """Closes the file for good: another one may soon have its path. `open` raises OSError from now on."""
        self.close()
        self.retired = True

    def close(self) -> None:
        """Closes the file, at once or with the last pin. The next `open` opens it again."""
        self.closing = self._pins > 0
        if not self.closing and self.file is not None:
            self._pool.forget(self)
            file, self.file = self.file, None
            file.close()


class FilePool:
    """The handles that are open. limit: how many may be; pinned ones are let through above it."""

    def __init__(self, files: Files, limit: int = DEFAULT_LIMIT) -> None:
        self.files = files
        self.limit = limit
        self._open: dict[Handle, None] = {}
        self._loaded: dict[HoldsIndexes, None] = {}

    def __len__(self) -> int:
        return len(self._open)

    def make_room_and_open(self, handle: Handle, create: bool) -> File:
        if handle.retired:
            raise OSError(errno.ESTALE, "the log is closed", handle.path)
        if len(self._open) >= self.limit:
            self._close_one()
        file = self.files.open(handle.path, create=create)
        self._open[handle] = None
        return file

    def forget(self, handle: Handle) -> None:
        self._open.pop(handle, None)

    def note_loaded(self, segment: HoldsIndexes) -> None:
        """A segment has its indexes in memory now; the one that has had them longest may have to give them back."""
        self._loaded.pop(segment, None)
        if len(self._loaded) >= LOADED_LIMIT:
            oldest = next(iter(self._loaded))
            del self._loaded[oldest]
            oldest.forget_indexes()
        self._loaded[segment] = None

    def forget_loaded(self, segment: HoldsIndexes) -> None:
        self._loaded.pop(segment, None)

    def _close_one(self) -> None:
        for _ in range(2):  # the first round takes everybody's chance, the second finds the oldest
            for handle in list(self._open):
                if handle.is_pinned:
                    continue
                if handle.used:
                    handle.used = False
                    self._open[handle] = self._open.pop(handle)
                    continue
                handle.close()
                return
