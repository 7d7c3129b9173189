"""Record batches inside Produce and Fetch, in fields: so that a difference names a header field or a record, not a byte."""

from __future__ import annotations

from typing import Any

from wire.errors import WireError
from wire.records.batch import (
    ATTRIBUTES_OFFSET,
    CRC_OFFSET,
    HEADER_SIZE,
    LOG_OVERHEAD,
    MAGIC_V2,
    compute_crc,
    iterate_batches,
)
from wire.records.record import read_records

PRODUCER_ID = slice(43, 51)
FILLER_OFFSET = b"\xff" * 8
NOT_COMPARED = ("batch_length", "crc")  # they follow from the rest, and from a broker's own compression


def to_plain(data: bytes) -> Any:
    """A list of batches: header fields and records. What cannot be read so (older formats, damage) stays bytes.

    A batch that is cut off at the end is left out: Kafka cuts at the byte limit and readers ignore the rest. So is what 3.9
    fills up with behind message sets (differences.md, old-fetch-portion).
    """
    try:
        return [_batch(data, at, header) for at, header in iterate_batches(data)]
    except WireError:
        return data[: _end_of_messages(data)]


def _end_of_messages(data: bytes) -> int:
    """Where the filler begins: a batch with the offset -1 that ends too early, all zeros behind its length."""
    at = data.rfind(FILLER_OFFSET)
    length, rest = data[at + 8 : at + LOG_OVERHEAD], data[at + LOG_OVERHEAD :]
    is_filler = at >= 0 and not any(rest) and int.from_bytes(length, "big") > len(rest)
    return at if is_filler else len(data)


def _batch(data: bytes, at: int, header: Any) -> dict[str, Any]:
    fields = {name: value for name, value in header._asdict().items() if name not in NOT_COMPARED}
    if header.is_control:
        return {**fields, "control": data[at + HEADER_SIZE : at + header.size]}
    return {**fields, "records": [record._asdict() for record in read_records(data, header, at)]}


def producer_ids(data: bytes) -> list[int]:
    """Of each batch."""
    try:
        return [header.producer_id for _, header in iterate_batches(data)]
    except WireError:
        return []


def with_producer_ids(data: bytes, ids: dict[int, int]) -> bytes:
    """The same batches with producer ids exchanged, and right checksums where they were right before."""
    out = bytearray(data)
    for at, header in list(iterate_batches(data)) if set(producer_ids(data)) & ids.keys() else []:
        if header.magic == MAGIC_V2 and header.producer_id in ids:
            sound = compute_crc(data, at, header.size) == header.crc
            start = at + PRODUCER_ID.start
            out[start : start + 8] = ids[header.producer_id].to_bytes(8, "big", signed=True)
            if sound:
                crc = compute_crc(out, at, header.size)
                out[at + CRC_OFFSET : at + ATTRIBUTES_OFFSET] = crc.to_bytes(4, "big")
    return bytes(out)
