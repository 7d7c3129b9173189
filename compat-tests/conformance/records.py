"""Record batches for cases: built by value, taken out of a Fetch answer."""

from __future__ import annotations

import struct
import time
from collections.abc import Sequence
from typing import Any

from wire.records.batch import (
    ATTRIBUTES_OFFSET,
    CRC_OFFSET,
    MAGIC_OFFSET,
    MAGIC_V2,
    BatchHeader,
    Codec,
    crc32c,
    iterate_batches,
)
from wire.records.legacy import open_wrapper, read_messages
from wire.records.record import Record, build_batch, read_records

__all__ = ["BatchHeader", "Codec", "Record", "batch", "batches_in", "now_ms", "records_in"]

LAST_OFFSET_DELTA_AT, MAX_TIMESTAMP_AT, COUNT_AT = 23, 35, 57  # of fields in a v2 batch


def now_ms() -> int:
    return int(time.time() * 1000)


def batch(*values: bytes | Record | None, timestamp_ms: int | None = None, **options: Any) -> bytes:
    """One v2 batch of these records; a plain value has no key and `timestamp_ms` (now).

    options: codec, producer_id, producer_epoch, base_sequence, attributes, leader_epoch, base_offset.
    """
    when = now_ms() if timestamp_ms is None else timestamp_ms
    records = [value if isinstance(value, Record) else Record(0, when, None, value) for value in values]
    return build_batch(records, **options)


def changed(data: bytes, at: int, fmt: str, value: int, *, crc: bool = True) -> bytes:
    """The batch with `value` packed in at byte `at`, and a checksum that is right again (unless crc=False)."""
    raw = bytearray(data)
    struct.pack_into(fmt, raw, at, value)
    if crc:
        struct.pack_into(">I", raw, CRC_OFFSET, crc32c(bytes(raw[ATTRIBUTES_OFFSET:])))
    return bytes(raw)


def batches_in(records: Any) -> list[BatchHeader]:
    """The headers of all whole batches in the `records` of an answer."""
    data = bytes(records or b"")
    return [header for _, header in iterate_batches(data)]


def records_in(records: Any, control: bool = False) -> Sequence[Record]:
    """All records of all whole batches, those of control batches only if asked for; also out of old message sets."""
    data = bytes(records or b"")
    if len(data) > MAGIC_OFFSET and data[MAGIC_OFFSET] < MAGIC_V2:
        return _messages_in(data)
    found: list[Record] = []
    for position, header in iterate_batches(data):
        if control or not header.is_control:
            found += read_records(data, header, position)
    return found


def _messages_in(data: bytes) -> list[Record]:
    """What a Fetch below v4 may give: message sets v0 and v1, compressed ones inside a wrapper."""
    found = []
    for message in read_messages(data):
        inner = open_wrapper(message) if message.codec else (message,)
        found += [Record(each.offset, each.timestamp, each.key, each.value) for each in inner]
    return found
