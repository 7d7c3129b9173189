"""OffsetFetch (key 9): how far groups have come; -1 where nothing was committed.

v0: read from the store, see server/store_offsets.py. v2: null topics ask for all; an error of the group has a field of its
own, before that it stands at each partition. v5: leader epoch. v6: flexible. v7: require_stable asks not to be told offsets
that a transaction may still replace (KIP-447); there are none until transactions are served. v8: many groups (KIP-709).
v9: member id and epoch, which groups of the classic protocol do not look at (KIP-848). v10: topics by id, UNKNOWN_TOPIC_ID.
"""

from __future__ import annotations

from typing import Any

from pykbroker.api.context import Context
from pykbroker.core.groups.commands import NO_EPOCH, NO_OFFSET, FetchedOffset, FetchOffsets
from pykbroker.errors import ApiError
from wire.errors import ErrorCode
from wire.messages.offset_fetch import (
    OffsetFetchResponse,
    OffsetFetchResponseGroup,
    OffsetFetchResponsePartition,
    OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic,
    OffsetFetchResponseTopics,
)

IN_THE_STORE = 0
GROUP_ERROR = 2
MANY_GROUPS = 8
BY_TOPIC_ID = 10


async def handle(ctx: Context, request: Any) -> Any:
    if ctx.version == IN_THE_STORE:
        return await from_store(ctx, request)
    if ctx.version < MANY_GROUPS:
        return await one_group(ctx, request)
    by_id = ctx.version >= BY_TOPIC_ID
    groups = []
    for asked in request.groups:
        try:
            found = await (by_ids if by_id else by_names)(ctx, asked.group_id, asked.topics)
        except ApiError as error:
            groups.append(OffsetFetchResponseGroup(group_id=asked.group_id, error_code=error.code))
        else:
            groups.append(OffsetFetchResponseGroup(group_id=asked.group_id, topics=found))
    return OffsetFetchResponse(groups=groups)


async def fetch(ctx: Context, group_id: str, topics: Any) -> list[FetchedOffset]:
    """topics: as in the request, with names; None for all."""
    wanted = None if topics is None else tuple((each.name, tuple(each.partition_indexes)) for each in topics)
    found: list[FetchedOffset] = await ctx.broker.groups.submit(group_id, FetchOffsets(group_id, wanted))
    return found


async def by_names(ctx: Context, group_id: str, topics: Any) -> list[Any]:
    found = await fetch(ctx, group_id, topics)
    return [
        OffsetFetchResponseTopics(name=name, partitions=[partition(each) for each in offsets])
        for name, offsets in by_topic(found)
    ]


async def by_ids(ctx: Context, group_id: str, topics: Any) -> list[Any]:
    """Topics that are gone have no id to be named by: asked for, they are unknown; in "all", they are left out."""
    image = ctx.broker.metadata.image
    if topics is None:
        found = await fetch(ctx, group_id, None)
        return [
            OffsetFetchResponseTopics(
                topic_id=image.topics[name].topic_id, partitions=[partition(each) for each in offsets]
            )
            for name, offsets in by_topic(found)
            if name in image.topics
        ]
    names = [image.topic_names.get(topic.topic_id) for topic in topics]
    wanted = tuple(
        (name, tuple(topic.partition_indexes)) for name, topic in zip(names, topics, strict=True) if name
    )
    found = await ctx.broker.groups.submit(group_id, FetchOffsets(group_id, wanted))
    rows = iter(found)
    answers = []
    for name, topic in zip(names, topics, strict=True):
        if name is None:
            partitions = [unknown(index, ErrorCode.UNKNOWN_TOPIC_ID) for index in topic.partition_indexes]
        else:
            partitions = [partition(next(rows)) for _ in topic.partition_indexes]
        answers.append(OffsetFetchResponseTopics(topic_id=topic.topic_id, partitions=partitions))
    return answers


def by_topic(found: list[FetchedOffset]) -> list[tuple[str, list[FetchedOffset]]]:
    """In the order in which they came."""
    topics: dict[str, list[FetchedOffset]] = {}
    for each in found:
        topics.setdefault(each.topic, []).append(each)
    return list(topics.items())


def partition(each: FetchedOffset) -> Any:
    return OffsetFetchResponsePartitions(
        partition_index=each.partition,
        committed_offset=each.offset,
        committed_leader_epoch=each.leader_epoch,
        metadata=each.metadata,
        error_code=0,
    )


def unknown(index: int, error: ErrorCode) -> Any:
    return OffsetFetchResponsePartitions(
        partition_index=index,
        committed_offset=NO_OFFSET,
        committed_leader_epoch=NO_EPOCH,
        metadata="",
        error_code=error,
    )


# --- one group, v0 to v7 ----------------------------------------------------------------------------------------------


async def one_group(ctx: Context, request: Any) -> Any:
    found = await fetch(ctx, request.group_id, request.topics)
    return OffsetFetchResponse(
        topics=[
            OffsetFetchResponseTopic(name=name, partitions=[old_partition(each) for each in offsets])
            for name, offsets in by_topic(found)
        ]
    )


def old_partition(each: FetchedOffset, error: ErrorCode = ErrorCode.NONE) -> Any:
    return OffsetFetchResponsePartition(
        partition_index=each.partition,
        committed_offset=each.offset,
        committed_leader_epoch=each.leader_epoch,
        metadata=each.metadata,
        error_code=error,
    )


async def from_store(ctx: Context, request: Any) -> Any:
    from pykbroker.server.store_offsets import StoreOffsets

    image = ctx.broker.metadata.image
    offsets = StoreOffsets(ctx.broker.store, ctx.broker.groups.rules)
    topics = []
    for topic in request.topics:
        rows = []
        for index in topic.partition_indexes:
            known = image.partition(topic.name, index) is not None
            offset = await offsets.fetch(request.group_id, topic.name, index) if known else None
            if offset is None:
                # Clients of that time take it for "nothing committed".
                row = old_partition(FetchedOffset(topic.name, index), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
            else:
                row = old_partition(FetchedOffset(topic.name, index, offset))
            rows.append(row)
        topics.append(OffsetFetchResponseTopic(name=topic.name, partitions=rows))
    return OffsetFetchResponse(topics=topics)


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The whole request failed."""
    if ctx.version >= MANY_GROUPS:
        return OffsetFetchResponse(
            groups=[
                OffsetFetchResponseGroup(group_id=each.group_id, error_code=error.code)
                for each in request.groups
            ]
        )
    if ctx.version >= GROUP_ERROR:
        return OffsetFetchResponse(error_code=error.code)
    return OffsetFetchResponse(
        topics=[
            OffsetFetchResponseTopic(
                name=topic.name,
                partitions=[
                    old_partition(FetchedOffset(topic.name, index), error.code)
                    for index in topic.partition_indexes
                ],
            )
            for topic in request.topics
        ]
    )
