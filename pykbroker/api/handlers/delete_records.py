"""DeleteRecords: let partitions start later. offset: the first to keep, -1 for the high watermark.

The records are gone from view at once; whole segments below the new start leave the disk. Versions: 2 flexible.
timeout_ms is how long followers may take to follow: with a single replica there is nothing to wait for.
"""

from __future__ import annotations

from typing import Any

from pykbroker.api.context import Context
from pykbroker.api.partitions import FAILURES, code_of
from pykbroker.core.cluster.topics import is_internal
from pykbroker.errors import ApiError
from wire.errors import ErrorCode
from wire.messages.delete_records import (
    DeleteRecordsPartitionResult,
    DeleteRecordsResponse,
    DeleteRecordsTopicResult,
)


def handle(ctx: Context, request: Any) -> Any:
    return DeleteRecordsResponse(
        topics=[
            DeleteRecordsTopicResult(
                name=topic.name,
                partitions=[delete(ctx, topic.name, asked) for asked in topic.partitions],
            )
            for topic in request.topics
        ]
    )


def delete(ctx: Context, name: str, asked: Any) -> Any:
    """The row of one partition: its low watermark, -1 with an error."""
    row = DeleteRecordsPartitionResult(partition_index=asked.partition_index, low_watermark=-1)
    try:
        partition = ctx.broker.replicas.partition(name, asked.partition_index)
        if is_internal(name):
            raise ApiError(ErrorCode.INVALID_TOPIC_EXCEPTION, f"{name} is internal")
        row.low_watermark = partition.delete_records(asked.offset)
    except FAILURES as error:
        row.error_code = int(code_of(error))
    return row


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The answer to a request that failed as a whole, which only a bug can do."""
    code = int(error.code)
    return DeleteRecordsResponse(
        topics=[
            DeleteRecordsTopicResult(
                name=topic.name,
                partitions=[
                    DeleteRecordsPartitionResult(
                        partition_index=asked.partition_index, low_watermark=-1, error_code=code
                    )
                    for asked in topic.partitions
                ],
            )
            for topic in request.topics
        ]
    )
