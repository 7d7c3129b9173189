"""OffsetForLeaderEpoch: where the records of a leader epoch end, so that a reader finds where its log parts from ours.

Answers the greatest epoch in the log that is not above the one asked for, and the offset behind its last record; -1 and
-1 if the log knows none. Versions: 1 tells that epoch (KIP-279). 2 current leader epoch (KIP-320). 3 replica id, a
claim without effect. 4 flexible.
"""

from __future__ import annotations

from typing import Any

from pykbroker.api.context import Context
from pykbroker.api.partitions import FAILURES, code_of
from pykbroker.errors import ApiError
from wire.messages.offset_for_leader_epoch import (
    EpochEndOffset,
    OffsetForLeaderEpochResponse,
    OffsetForLeaderTopicResult,
)


def handle(ctx: Context, request: Any) -> Any:
    return OffsetForLeaderEpochResponse(
        topics=[
            OffsetForLeaderTopicResult(
                topic=topic.topic,
                partitions=[look_up(ctx, topic.topic, asked) for asked in topic.partitions],
            )
            for topic in request.topics
        ]
    )


def look_up(ctx: Context, name: str, asked: Any) -> Any:
    """The row of one partition."""
    row = EpochEndOffset(partition=asked.partition)
    try:
        partition = ctx.broker.replicas.partition(name, asked.partition)
        partition.check_leader(asked.current_leader_epoch)
        row.leader_epoch, row.end_offset = partition.epoch_end_offset(asked.leader_epoch)
    except FAILURES as error:
        row.error_code = int(code_of(error))
    return row


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The answer to a request that failed as a whole, which only a bug can do."""
    code = int(error.code)
    return OffsetForLeaderEpochResponse(
        topics=[
            OffsetForLeaderTopicResult(
                topic=topic.topic,
                partitions=[
                    EpochEndOffset(partition=asked.partition, error_code=code) for asked in topic.partitions
                ],
            )
            for topic in request.topics
        ]
    )
