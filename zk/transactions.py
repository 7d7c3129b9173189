"""Transactions: what has been decided, with every number filled in, so that applying one leaves nothing open.

They are ZooKeeper's (module org.apache.zookeeper.txn of zookeeper.jute), and encoded as it does in its log,
so that its tools and its server can read ours, and we theirs. ZooKeeper may append a digest of its whole tree
to a transaction: it is skipped.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from zk.data import Acl
from zk.jute import INT, JuteError, Reader, pack_acl, pack_buffer, pack_string


class OpCode:
    """ZooDefs.OpCode, as far as transactions have one."""

    CREATE = 1
    DELETE = 2
    SET_DATA = 5
    SET_ACL = 7
    CHECK = 13
    MULTI = 14
    CREATE2 = 15
    CREATE_SESSION = -10
    CLOSE_SESSION = -11
    ERROR = -1


class CreateTxn(NamedTuple):
    """parent_cversion: how many children the parent has ever had, this one included; -1: one more than
    before.
    """

    path: str
    data: bytes | None
    acl: tuple[Acl, ...]
    ephemeral: bool
    parent_cversion: int


class DeleteTxn(NamedTuple):
    path: str


class SetDataTxn(NamedTuple):
    """version: the new one."""

    path: str
    data: bytes | None
    version: int


class SetAclTxn(NamedTuple):
    """aversion: the new one."""

    path: str
    acl: tuple[Acl, ...]
    aversion: int


class CheckTxn(NamedTuple):
    path: str
    version: int


class CreateSessionTxn(NamedTuple):
    timeout_ms: int


class CloseSessionTxn(NamedTuple):
    """paths: the ephemerals to delete; None in logs of old servers: all that the session has."""

    paths: tuple[str, ...] | None


class ErrorTxn(NamedTuple):
    """A request that failed. ZooKeeper logs these, for they use up a zxid; we do neither."""

    code: int


class MultiTxn(NamedTuple):
    steps: tuple[StepTxn, ...]


StepTxn = CreateTxn | DeleteTxn | SetDataTxn | CheckTxn | ErrorTxn
Body = StepTxn | SetAclTxn | CreateSessionTxn | CloseSessionTxn | MultiTxn


class Txn(NamedTuple):
    """session_id, cxid: who asked, and that client's number of the request. zxid: this transaction's number.
    time: ms since 1970.
    """

    session_id: int
    cxid: int
    zxid: int
    time: int
    body: Body


_HEADER = struct.Struct(">qiqqi")
_STEP_TYPES = frozenset(
    (OpCode.CREATE, OpCode.CREATE2, OpCode.DELETE, OpCode.SET_DATA, OpCode.CHECK, OpCode.ERROR)
)


def encode(txn: Txn) -> bytes:
    code, body = _encode_body(txn.body)
    return _HEADER.pack(txn.session_id, txn.cxid, txn.zxid, txn.time, code) + body


def decode(raw: bytes) -> Txn:
    """Raises: JuteError."""
    if len(raw) < _HEADER.size:
        raise JuteError(f"{len(raw)} bytes are no transaction")
    session_id, cxid, zxid, time, code = _HEADER.unpack_from(raw)
    return Txn(session_id, cxid, zxid, time, _decode_body(code, Reader(raw, _HEADER.size)))


def _encode_body(body: Body) -> tuple[int, bytes]:
    code, pack = _ENCODERS[type(body)]
    return code, pack(body)


def _decode_body(code: int, reader: Reader) -> Body:
    parse = _DECODERS.get(code)
    if parse is None:
        raise JuteError(
            f"transactions of type {code} (containers, TTL znodes, reconfiguration) are not served"
        )
    return parse(reader)


def _pack_create(body: CreateTxn) -> bytes:
    return b"".join(
        (
            pack_string(body.path),
            pack_buffer(body.data),
            pack_acl(body.acl),
            b"\1" if body.ephemeral else b"\0",
            INT.pack(body.parent_cversion),
        )
    )


def _parse_create(reader: Reader) -> CreateTxn:
    path, data, acl, ephemeral = reader.string(), reader.buffer(), reader.acl(), reader.flag()
    return CreateTxn(path, data, acl, ephemeral, reader.i32() if reader.pos < reader.end else -1)


def _pack_set_data(body: SetDataTxn) -> bytes:
    return pack_string(body.path) + pack_buffer(body.data) + INT.pack(body.version)


def _pack_set_acl(body: SetAclTxn) -> bytes:
    return pack_string(body.path) + pack_acl(body.acl) + INT.pack(body.aversion)


def _pack_check(body: CheckTxn) -> bytes:
    return pack_string(body.path) + INT.pack(body.version)


def _pack_close(body: CloseSessionTxn) -> bytes:
    if body.paths is None:
        return b""
    return INT.pack(len(body.paths)) + b"".join(map(pack_string, body.paths))


def _parse_close(reader: Reader) -> CloseSessionTxn:
    return CloseSessionTxn(reader.strings() if reader.pos < reader.end else None)


def _pack_multi(body: MultiTxn) -> bytes:
    pieces = [INT.pack(len(body.steps))]
    for step in body.steps:
        code, raw = _encode_body(step)
        pieces += (INT.pack(code), pack_buffer(raw))
    return b"".join(pieces)


def _parse_multi(reader: Reader) -> MultiTxn:
    return MultiTxn(tuple([_parse_step(reader) for _ in range(reader.count(8))]))


def _parse_step(reader: Reader) -> StepTxn:
    code, raw = reader.i32(), reader.buffer()
    if code not in _STEP_TYPES or raw is None:
        raise JuteError(f"a multi holds a transaction of type {code}, which it cannot")
    step: Any = _decode_body(code, Reader(raw))
    return step  # type: ignore[no-any-return]


_ENCODERS: dict[type, tuple[int, Callable[[Any], bytes]]] = {
    CreateTxn: (OpCode.CREATE, _pack_create),
    DeleteTxn: (OpCode.DELETE, lambda body: pack_string(body.path)),
    SetDataTxn: (OpCode.SET_DATA, _pack_set_data),
    SetAclTxn: (OpCode.SET_ACL, _pack_set_acl),
    CheckTxn: (OpCode.CHECK, _pack_check),
    CreateSessionTxn: (OpCode.CREATE_SESSION, lambda body: INT.pack(body.timeout_ms)),
    CloseSessionTxn: (OpCode.CLOSE_SESSION, _pack_close),
    ErrorTxn: (OpCode.ERROR, lambda body: INT.pack(body.code)),
    MultiTxn: (OpCode.MULTI, _pack_multi),
}

_DECODERS: dict[int, Callable[[Reader], Body]] = {
    OpCode.CREATE: _parse_create,
    OpCode.CREATE2: _parse_create,
    OpCode.DELETE: lambda reader: DeleteTxn(reader.string()),
    OpCode.SET_DATA: lambda reader: SetDataTxn(reader.string(), reader.buffer(), reader.i32()),
    OpCode.SET_ACL: lambda reader: SetAclTxn(reader.string(), reader.acl(), reader.i32()),
    OpCode.CHECK: lambda reader: CheckTxn(reader.string(), reader.i32()),
    OpCode.CREATE_SESSION: lambda reader: CreateSessionTxn(reader.i32()),
    OpCode.CLOSE_SESSION: _parse_close,
    OpCode.ERROR: lambda reader: ErrorTxn(reader.i32()),
    OpCode.MULTI: _parse_multi,
}
