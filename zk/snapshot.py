"""A whole tree as the bytes of one file, in the format of ZooKeeper's FileSnap.

    FileHeader          magic "ZKSN", version 2, database id -1 sessions            count, then id (8) and
    timeout in ms (4) ACL lists           count, then number (8) and the list; znodes refer to the number; -1
    is world:anyone with all rights znodes              path, data, ACL's number, StatPersisted; parents
    first; the root's path is ""; the path "/" ends them seal                Adler-32 of everything before
    (8), and the string "/"

Newer servers put a digest and the zxid behind the seal; we read up to it. Our snapshots are of one moment; a
ZooKeeper's may hold later effects than its name says ("fuzzy"), and become right when the log is applied over
them.

Loading is most of a store's start, so its loop is written out: 2-3 us a znode.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple
from zlib import adler32

from zk.data import OPEN_ACL_UNSAFE, Acl
from zk.jute import INT, LONG, JuteError, Reader, pack_acl, pack_buffer, pack_string
from zk.tree import Node

_HEADER = struct.Struct(">4siq")
_HEADER_BYTES = _HEADER.pack(b"ZKSN", 2, -1)
_SESSION = struct.Struct(">qi")
_ACL_AND_STAT = struct.Struct(
    ">qqqqqiiiqq"
)  # number of the ACL list; czxid mzxid ctime mtime versions owner pzxid
_REST_OF_NODE = struct.Struct(">qqqqqiiiqqi")  # the same, and the length of the next path
_END_OF_NODES = pack_string("/")
_OPEN_ACL_NUMBER = -1
_CONTAINER_OWNER = -1 << 63


class Snapshot(NamedTuple):
    """zxid: the last transaction in it. nodes: parents before children. sessions: id -> timeout in ms."""

    zxid: int
    nodes: dict[str, Node]
    sessions: dict[int, int]


def encode(snapshot: Snapshot) -> bytes:
    numbers: dict[tuple[Acl, ...], int] = {OPEN_ACL_UNSAFE: _OPEN_ACL_NUMBER}
    nodes = _encode_nodes(snapshot.nodes, numbers)
    del numbers[OPEN_ACL_UNSAFE]
    body = b"".join(
        [
            _HEADER_BYTES,
            INT.pack(len(snapshot.sessions)),
            *(_SESSION.pack(*session) for session in snapshot.sessions.items()),
            INT.pack(len(numbers)),
            *(LONG.pack(number) + pack_acl(acl) for acl, number in numbers.items()),
            *nodes,
            _END_OF_NODES,
        ]
    )
    return body + LONG.pack(adler32(body)) + _END_OF_NODES


def _encode_nodes(nodes: Mapping[str, Node], numbers: dict[tuple[Acl, ...], int]) -> list[bytes]:
    """Gives every ACL list that it meets a number."""
    pieces: list[bytes] = []
    for path, node in nodes.items():
        number = numbers.setdefault(node.acl, len(numbers))
        pieces += (
            pack_string("" if path == "/" else path),
            pack_buffer(node.data),
            _ACL_AND_STAT.pack(number, *node[2:]),
        )
    return pieces


def decode(zxid: int, raw: bytes) -> Snapshot:
    """Raises: JuteError."""
    if raw[: _HEADER.size] != _HEADER_BYTES:
        raise JuteError("this is no snapshot")
    reader = Reader(raw, _HEADER.size)
    sessions = {reader.i64(): reader.i32() for _ in range(reader.count(_SESSION.size))}
    acls = {reader.i64(): reader.acl() for _ in range(reader.count(12))}
    acls[_OPEN_ACL_NUMBER] = OPEN_ACL_UNSAFE
    try:
        nodes, end = _decode_nodes(raw, reader.pos, acls)
        seal: int = LONG.unpack_from(raw, end)[0]
    except (struct.error, KeyError, UnicodeDecodeError) as error:
        raise JuteError(
            f"the znodes are cut off, garbled or of a kind that is not served: {error!r}"
        ) from None
    if adler32(memoryview(raw)[:end]) != seal:
        raise JuteError("the checksum is wrong")
    return Snapshot(zxid, nodes, sessions)


def _decode_nodes(raw: bytes, pos: int, acls: Mapping[int, tuple[Acl, ...]]) -> tuple[dict[str, Node], int]:
    """The znodes from `pos`, and where they end. A slice past the end is short, so the next unpack fails.

    Raises: struct.error, KeyError, UnicodeDecodeError.
    """
    nodes: dict[str, Node] = {}
    unpack_length, unpack_rest, new = INT.unpack_from, _REST_OF_NODE.unpack_from, tuple.__new__
    (length,) = unpack_length(raw, pos)
    start = pos + 4
    while True:
        pos = start + length
        path = raw[start:pos].decode() or "/"
        if length == 1 and path == "/":
            return nodes, pos
        (data_length,) = unpack_length(raw, pos)
        pos += 4
        data: bytes | None = None
        if data_length >= 0:
            data = raw[pos : pos + data_length]
            pos += data_length
        following = unpack_rest(raw, pos)
        number, czxid, mzxid, ctime, mtime, version, cversion, aversion, owner, pzxid, length = following
        if length < 0 or owner == _CONTAINER_OWNER:
            raise KeyError(path)
        node = (data, acls[number], czxid, mzxid, ctime, mtime, version, cversion, aversion, owner, pzxid)
        nodes[path] = new(Node, node)
        start = pos + _REST_OF_NODE.size
