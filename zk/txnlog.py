"""One file of the transaction log as bytes, in the format of ZooKeeper's FileTxnLog.

    header              magic "ZKLG", version 2, database id
    records             Adler-32 of the transaction (8), its length (4), the transaction, "B"

ZooKeeper fills its files up with zeros in advance; we read that and do not do it.

A crash leaves a record at the end that is incomplete or does not fit its checksum, or zeros: reading ends
there. A bad record that a good one follows is not what a crash of the process leaves, so it is an error: to
go on would be to forget what was acknowledged.
"""

from __future__ import annotations

import struct
from zlib import adler32

from zk.errors import CorruptStore
from zk.jute import LONG
from zk.transactions import Txn, encode

HEADER = struct.pack(">4siq", b"ZKLG", 2, 0)
_RECORD_HEADER = struct.Struct(">qi")
_ZXID_OFFSET = 12  # of a transaction's number in it: behind session id and cxid
_END_OF_RECORD = b"B"


def record_of(txn: Txn) -> bytes:
    """A transaction as it stands in the log."""
    raw = encode(txn)
    return _RECORD_HEADER.pack(adler32(raw), len(raw)) + raw + _END_OF_RECORD


def scan(path: str, raw: bytes) -> tuple[list[tuple[int, int, int]], int]:
    """Where the transactions of a file are, as (zxid, start, end), and where its good part ends (0: not even
    a header).

    path: for the error. Raises: CorruptStore.
    """
    if len(raw) < len(HEADER) or (raw[:4] == bytes(4) and not any(raw)):
        return [], 0  # the crash came before the header: no transaction can have been in it
    if raw[:8] != HEADER[:8]:
        raise CorruptStore(f"{path} is no transaction log: choose another directory")
    found: list[tuple[int, int, int]] = []
    pos = len(HEADER)
    while (end := _record_end(raw, pos)) is not None:
        if not _is_good(raw, pos, end):
            following = _record_end(raw, end)
            if following is not None and _is_good(raw, end, following):
                raise CorruptStore(
                    f"{path} is damaged at byte {pos}, and good transactions follow: restore it from a backup"
                )
            break
        start = pos + _RECORD_HEADER.size
        found.append((LONG.unpack_from(raw, start + _ZXID_OFFSET)[0], start, end - 1))
        pos = end
    return found, pos


def _record_end(raw: bytes, pos: int) -> int | None:
    """Where the record at `pos` says that it ends; None if that is not in the file, or if there is padding."""
    start = pos + _RECORD_HEADER.size
    if start > len(raw):
        return None
    length: int = _RECORD_HEADER.unpack_from(raw, pos)[1]
    end = start + length + 1
    return end if length > _ZXID_OFFSET + LONG.size and end <= len(raw) else None


def _is_good(raw: bytes, pos: int, end: int) -> bool:
    checksum: int = _RECORD_HEADER.unpack_from(raw, pos)[0]
    return raw[end - 1 : end] == _END_OF_RECORD and checksum == adler32(
        raw[pos + _RECORD_HEADER.size : end - 1]
    )
