"""Fetch v0 to v3: what stands in a log as record batches, for consumers that know message sets only.

v0-1 get format v0, v2-3 format v1. v3 has KIP-74 already: a first batch comes whole, however large. Before, max_bytes of a
partition was a hard limit, and a set simply broke off there, in the middle of a message: a consumer that got not one whole
message knows by that how to tell its user that the limit is too low. A batch that fits as it stands in the log comes
whole all the same, also where it grows by the conversion, or such a consumer could not come past it.

Batches that have nothing to show (control batches) are read over for the same reason.
"""

from __future__ import annotations

from pykbroker.core.fetch_sessions import SessionPartition
from pykbroker.errors import ApiError
from pykbroker.log.convert import convert_down
from pykbroker.server.partition import READ_UNCOMMITTED, Partition, PartitionRead
from wire.errors import ErrorCode

FIRST_WITH_FORMAT_V1 = 2
FIRST_WITH_WHOLE_BATCH = 3
MOST = 1 << 20  # bytes that one answer converts for a partition: nobody else is served meanwhile


def read_message_set(
    version: int, partition: Partition, wanted: SessionPartition, left: int, min_one: bool
) -> PartitionRead:
    """As `Partition.read`, for Fetch `version`. left: bytes left of the answer. Raises: ApiError, OSError."""
    if not partition.settings.message_downconversion_enable:
        raise ApiError(
            ErrorCode.UNSUPPORTED_VERSION,
            f"{partition.topic} has message.downconversion.enable=false, and Fetch v{version} needs it",
        )
    hard = version < FIRST_WITH_WHOLE_BATCH
    magic = 0 if version < FIRST_WITH_FORMAT_V1 else 1
    limit = min(wanted.max_bytes, left)
    budget = min(limit, MOST)
    offset = wanted.fetch_offset
    while True:
        got = partition.read(offset, budget, READ_UNCOMMITTED, limit > 0 if hard else min_one)
        pieces, offset = convert_down(got.records, magic, wanted.fetch_offset, budget)
        if pieces:
            break
        if not got.records:
            return got
    records = b"".join(pieces)
    if hard:
        records = records[: limit if len(got.records) > limit else max(limit, len(pieces[0]))]
    return got._replace(records=records)
