"""ListOffsets: the offset of a point in time, or of a named point, for each partition.

timestamp: ms, then the first readable record that is not older; -1 the end of what can be read, -2 and -4 the start of
the log, -3 the record with the greatest timestamp, -5 and -6 concern tiered storage, of which there is none. No such
record: offset -1. A name that the version does not have yet is refused for its partition.

Versions: 0 gives up to max_num_offsets beginnings of segments, by the time of their files, and knows -1 and -2 alone. 1: one
offset, by the time of the records (KIP-79). 2 isolation level. 4 leader epoch, in and out (KIP-320). 7: -3 (KIP-734). 8: -4
(KIP-405). 9: -5 (KIP-1005). 10 timeout, for tiered reads. 11: -6 (KIP-1023).
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from pykbroker.api.context import Context
from pykbroker.api.partitions import FAILURES, code_of
from pykbroker.errors import ApiError
from pykbroker.server.partition import (
    EARLIEST,
    EARLIEST_LOCAL,
    EARLIEST_PENDING_UPLOAD,
    ISOLATION_LEVELS,
    LATEST,
    LATEST_TIERED,
    MAX_TIMESTAMP,
)
from wire.errors import ErrorCode
from wire.messages.list_offsets import (
    ListOffsetsPartitionResponse,
    ListOffsetsResponse,
    ListOffsetsTopicResponse,
)

FIRST_BY_RECORD = 1
FIRST_VERSION = {
    LATEST: 0,
    EARLIEST: 0,
    MAX_TIMESTAMP: 7,
    EARLIEST_LOCAL: 8,
    LATEST_TIERED: 9,
    EARLIEST_PENDING_UPLOAD: 11,
}
NEVER = 1 << 15


def handle(ctx: Context, request: Any) -> Any:
    named = Counter(
        (topic.name, asked.partition_index) for topic in request.topics for asked in topic.partitions
    )
    topics = []
    for topic in request.topics:
        rows = [
            look_up(ctx, request, topic.name, asked, named[topic.name, asked.partition_index] > 1)
            for asked in topic.partitions
        ]
        topics.append(ListOffsetsTopicResponse(name=topic.name, partitions=rows))
    return ListOffsetsResponse(topics=topics)


def look_up(ctx: Context, request: Any, name: str, asked: Any, twice: bool) -> Any:
    """The row of one partition."""
    row = ListOffsetsPartitionResponse(partition_index=asked.partition_index)
    timestamp = asked.timestamp
    try:
        if (twice and ctx.version >= FIRST_BY_RECORD) or request.isolation_level not in ISOLATION_LEVELS:
            raise ApiError(ErrorCode.INVALID_REQUEST)
        if timestamp < 0 and ctx.version < FIRST_VERSION.get(timestamp, NEVER):
            raise ApiError(ErrorCode.UNSUPPORTED_VERSION)
        partition = ctx.broker.replicas.partition(name, asked.partition_index)
        partition.check_leader(asked.current_leader_epoch)
        if ctx.version < FIRST_BY_RECORD:
            if asked.max_num_offsets < 0:
                raise ApiError(ErrorCode.INVALID_REQUEST)
            row.old_style_offsets = partition.segment_offsets(timestamp, asked.max_num_offsets)
            return row
        found = partition.offset_for(timestamp, request.isolation_level)
    except FAILURES as error:
        row.error_code = int(code_of(error))
        return row
    if found is not None:
        row.timestamp, row.offset, row.leader_epoch = found
    return row


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The answer to a request that failed as a whole, which only a bug can do."""
    code = int(error.code)
    return ListOffsetsResponse(
        topics=[
            ListOffsetsTopicResponse(
                name=topic.name,
                partitions=[
                    ListOffsetsPartitionResponse(partition_index=asked.partition_index, error_code=code)
                    for asked in topic.partitions
                ],
            )
            for topic in request.topics
        ]
    )
