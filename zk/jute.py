"""ZooKeeper's serialization (jute) as plain functions: what transactions and snapshots are written in.

Integers are big-endian; a string or buffer is its length in four bytes and the bytes, -1 for null; a vector
is a count and its elements. This is the straight-line path for files, without construct: a store opens in
milliseconds, and imports nothing for it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from zk.data import OPEN_ACL_UNSAFE, Acl

INT = struct.Struct(">i")
LONG = struct.Struct(">q")
NULL = INT.pack(-1)
_MIN_ACL_BYTES = 12  # perms and two empty strings


class JuteError(ValueError):
    """The bytes are not what they should be."""


def pack_string(text: str) -> bytes:
    raw = text.encode()
    return INT.pack(len(raw)) + raw


def pack_buffer(data: bytes | None) -> bytes:
    return NULL if data is None else INT.pack(len(data)) + data


def pack_acl(acl: Sequence[Acl]) -> bytes:
    if acl is OPEN_ACL_UNSAFE:
        return _OPEN_ACL
    return _pack_acl(acl)


def _pack_acl(acl: Sequence[Acl]) -> bytes:
    return INT.pack(len(acl)) + b"".join(
        INT.pack(entry.perms) + pack_string(entry.scheme) + pack_string(entry.id) for entry in acl
    )


_OPEN_ACL = _pack_acl(OPEN_ACL_UNSAFE)


class Reader:
    """Reads one value after the other. Raises JuteError where the bytes end too early or make no sense.

    Lengths are held against what is left before anything is made.
    """

    __slots__ = ("buf", "end", "pos")

    def __init__(self, buf: bytes, pos: int = 0, end: int | None = None) -> None:
        self.buf = buf
        self.pos = pos
        self.end = len(buf) if end is None else end

    def _short(self, count: int, start: int) -> JuteError:
        return JuteError(f"{count} bytes expected at {start}, {self.end - start} are left")

    def i32(self) -> int:
        start = self.pos
        self.pos = start + 4
        if self.pos > self.end:
            raise self._short(4, start)
        value: int = INT.unpack_from(self.buf, start)[0]
        return value

    def i64(self) -> int:
        start = self.pos
        self.pos = start + 8
        if self.pos > self.end:
            raise self._short(8, start)
        value: int = LONG.unpack_from(self.buf, start)[0]
        return value

    def flag(self) -> bool:
        start = self.pos
        self.pos = start + 1
        if self.pos > self.end:
            raise self._short(1, start)
        return self.buf[start] != 0

    def buffer(self) -> bytes | None:
        length = self.i32()
        if length == -1:
            return None
        start = self.pos
        self.pos = start + length
        if length < 0 or self.pos > self.end:
            raise self._short(length, start)
        return self.buf[start : self.pos]

    def string(self) -> str:
        raw = self.buffer()
        if raw is None:
            raise JuteError(f"a string is null at {self.pos}")
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise JuteError(f"a string is not UTF-8 at {self.pos}: {error}") from None

    def count(self, smallest: int) -> int:
        """The count of a vector whose elements have at least `smallest` bytes; a null vector counts as empty."""
        count = self.i32()
        if count == -1:
            return 0
        if count < 0 or count * smallest > self.end - self.pos:
            raise JuteError(f"{count} elements announced at {self.pos}, {self.end - self.pos} bytes are left")
        return count

    def strings(self) -> tuple[str, ...]:
        return tuple([self.string() for _ in range(self.count(4))])

    def acl(self) -> tuple[Acl, ...]:
        end = self.pos + len(_OPEN_ACL)
        if end <= self.end and self.buf.startswith(_OPEN_ACL, self.pos):  # nearly always
            self.pos = end
            return OPEN_ACL_UNSAFE
        return tuple(
            [Acl(self.i32(), self.string(), self.string()) for _ in range(self.count(_MIN_ACL_BYTES))]
        )
