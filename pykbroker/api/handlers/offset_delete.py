"""OffsetDelete (key 47, KIP-496): forget what a group has committed for partitions of topics that it no longer reads."""

from __future__ import annotations

from typing import Any

from pykbroker.api.context import Context
from pykbroker.core.groups.commands import DeleteOffsets
from wire.errors import ErrorCode
from wire.messages.offset_delete import (
    OffsetDeleteResponse,
    OffsetDeleteResponsePartition,
    OffsetDeleteResponseTopic,
)


async def handle(ctx: Context, request: Any) -> Any:
    image = ctx.broker.metadata.image
    asked = {
        topic.name: [
            each.partition_index
            for each in topic.partitions
            if image.partition(topic.name, each.partition_index) is not None
        ]
        for topic in request.topics
    }
    wanted = tuple((name, tuple(partitions)) for name, partitions in asked.items() if partitions)
    result = await ctx.broker.groups.submit(request.group_id, DeleteOffsets(request.group_id, wanted))
    if isinstance(result, ErrorCode):
        return OffsetDeleteResponse(error_code=result)
    codes = dict(zip((name for name, _ in wanted), result, strict=True))
    return OffsetDeleteResponse(topics=[answer(topic, asked, codes) for topic in request.topics])


def answer(topic: Any, asked: dict[str, list[int]], codes: dict[str, ErrorCode]) -> Any:
    known = set(asked[topic.name])
    unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    return OffsetDeleteResponseTopic(
        name=topic.name,
        partitions=[
            OffsetDeleteResponsePartition(
                partition_index=each.partition_index,
                error_code=codes[topic.name] if each.partition_index in known else unknown,
            )
            for each in topic.partitions
        ],
    )
