"""OffsetCommit (key 8): how far a group has come.

A topic or partition that does not exist is refused here; all others go to the group's coordinator, which decides for all.
v0: kept in the store, see server/store_offsets.py. v1: generation and member id, a commit time of the client's. v2-4: a
retention of the client's. v6: leader epoch (KIP-320). v7: static members. v8: flexible. v9: GROUP_ID_NOT_FOUND for a member
of an unknown group (KIP-848). v10: topics by id, UNKNOWN_TOPIC_ID.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from pykbroker.api.context import Context
from pykbroker.core.groups.commands import CommitOffsets, CommitResult, OffsetToCommit
from pykbroker.errors import ApiError
from pykbroker.server.pending import Early, Pending
from wire.errors import ErrorCode
from wire.messages.offset_commit import (
    OffsetCommitResponse,
    OffsetCommitResponsePartition,
    OffsetCommitResponseTopic,
)

IN_THE_STORE = 0
UNKNOWN_GROUP_IS_NAMED = 9
BY_TOPIC_ID = 10

Place = tuple[int, int]  # a partition's position in the request: topic, partition


def handle(ctx: Context, request: Any) -> Any | Coroutine[Any, Any, Any]:
    codes, wanted, places = resolve(ctx, request)
    if not wanted:
        return answer(request, codes)
    if ctx.version == IN_THE_STORE:
        return store(ctx, request, codes, wanted, places)
    command = CommitOffsets(
        group_id=request.group_id,
        member_id=request.member_id,
        instance_id=request.group_instance_id,
        generation=request.generation_id_or_member_epoch,
        offsets=tuple(wanted),
        retention_ms=request.retention_time_ms,
        unknown_group=ErrorCode.GROUP_ID_NOT_FOUND
        if ctx.version >= UNKNOWN_GROUP_IS_NAMED
        else ErrorCode.ILLEGAL_GENERATION,
    )
    pending = ctx.broker.groups.post(request.group_id, command)
    if pending.is_answered:
        return answer(request, fill_in(codes, places, pending.result))
    return wait(request, codes, places, pending)


async def wait(request: Any, codes: list[list[int]], places: list[Place], pending: Pending | Early) -> Any:
    return answer(request, fill_in(codes, places, await pending.wait()))


def resolve(ctx: Context, request: Any) -> tuple[list[list[int]], list[OffsetToCommit], list[Place]]:
    """Codes by place, and the offsets of partitions that exist, with their places."""
    image = ctx.broker.metadata.image
    by_id = ctx.version >= BY_TOPIC_ID
    unknown = ErrorCode.UNKNOWN_TOPIC_ID if by_id else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    codes: list[list[int]] = []
    wanted: list[OffsetToCommit] = []
    places: list[Place] = []
    for i, topic in enumerate(request.topics):
        known = image.topic_by_id(topic.topic_id) if by_id else image.topics.get(topic.name)
        if known is None:
            codes.append([unknown] * len(topic.partitions))
            continue
        count = len(known.partitions)
        row: list[int] = []
        codes.append(row)
        for j, each in enumerate(topic.partitions):
            if not 0 <= each.partition_index < count:
                row.append(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
                continue
            row.append(ErrorCode.NONE)
            places.append((i, j))
            wanted.append(
                OffsetToCommit(
                    known.name,
                    each.partition_index,
                    each.committed_offset,
                    each.committed_leader_epoch,
                    each.committed_metadata,
                    each.commit_timestamp,
                )
            )
    return codes, wanted, places


async def store(
    ctx: Context, request: Any, codes: list[list[int]], wanted: list[OffsetToCommit], places: list[Place]
) -> Any:
    from pykbroker.server.store_offsets import StoreOffsets

    offsets = StoreOffsets(ctx.broker.store, ctx.broker.groups.rules)
    results = [await offsets.commit(request.group_id, each) for each in wanted]
    return answer(request, fill_in(codes, places, results))


def fill_in(codes: list[list[int]], places: list[Place], result: CommitResult) -> list[list[int]]:
    """The coordinator's word on the partitions that it was asked for: one for all, or one for each."""
    if isinstance(result, ErrorCode):
        for i, j in places:
            codes[i][j] = result
    else:
        for (i, j), code in zip(places, result, strict=True):
            codes[i][j] = code
    return codes


def answer(request: Any, codes: list[list[int]]) -> Any:
    return OffsetCommitResponse(
        topics=[
            OffsetCommitResponseTopic(
                name=topic.name,
                topic_id=topic.topic_id,
                partitions=[
                    OffsetCommitResponsePartition(partition_index=each.partition_index, error_code=code)
                    for each, code in zip(topic.partitions, row, strict=True)
                ],
            )
            for topic, row in zip(request.topics, codes, strict=True)
        ]
    )


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """No coordinator: for the partitions that exist, that is the answer."""
    codes, _, places = resolve(ctx, request)
    return answer(request, fill_in(codes, places, error.code))
