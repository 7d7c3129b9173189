"""FindCoordinator (key 10): which broker looks after a group.

The topic that holds the groups is created by the first who asks, and the answer waits for it; Kafka answers
COORDINATOR_NOT_AVAILABLE and has the client ask again for a second or two.

Key types: 0 group; 1 transaction and 2 share group are not served yet, and that is said with INVALID_REQUEST, which no
client takes for something that passes.
v1: key type, error message. v3: flexible. v4: many keys at once (KIP-699). v6: share groups (KIP-932).
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from pykbroker.api.context import Context
from pykbroker.core.groups.placement import OFFSETS_TOPIC
from pykbroker.errors import ApiError
from wire.errors import ErrorCode
from wire.messages.find_coordinator import Coordinator, FindCoordinatorResponse

GROUP = 0
UNSERVED = {
    1: "transactions are not served by this broker yet: use the producer without a transactional.id",
    2: "share groups are not served by this broker yet",
}
NO_NODE = -1


def handle(ctx: Context, request: Any) -> Any | Coroutine[Any, Any, Any]:
    if request.key_type == GROUP and OFFSETS_TOPIC not in ctx.broker.metadata.image.topics:
        return create_and_answer(ctx, request)
    return answer(ctx, request)


async def create_and_answer(ctx: Context, request: Any) -> Any:
    try:
        await ctx.broker.controller.ensure_topic(OFFSETS_TOPIC)
    except ApiError as error:
        reason = f"the topic {OFFSETS_TOPIC} could not be created: {error.message or error.code.name}"
        return refuse(ctx, request, ApiError(ErrorCode.COORDINATOR_NOT_AVAILABLE, reason))
    return answer(ctx, request)


def answer(ctx: Context, request: Any) -> Any:
    if ctx.version >= 4:
        return FindCoordinatorResponse(
            coordinators=[coordinator(ctx, key, request.key_type) for key in request.coordinator_keys]
        )
    found = coordinator(ctx, request.key, request.key_type)
    return FindCoordinatorResponse(
        error_code=found.error_code,
        error_message=found.error_message or ErrorCode.NONE.name,
        node_id=found.node_id,
        host=found.host,
        port=found.port,
    )


def coordinator(ctx: Context, key: str, key_type: int) -> Any:
    """One key's row."""
    try:
        node_id, host, port = locate(ctx, key, key_type)
    except ApiError as error:
        return refused(key, error)
    return Coordinator(key=key, node_id=node_id, host=host, port=port, error_code=0, error_message="")


def locate(ctx: Context, key: str, key_type: int) -> tuple[int, str, int]:
    """Broker id and address, as this client reaches it. Raises: ApiError."""
    if key_type != GROUP:
        reason = UNSERVED.get(key_type, f"there is no coordinator of type {key_type}")
        raise ApiError(ErrorCode.INVALID_REQUEST, reason)
    partition = ctx.broker.metadata.image.partition(OFFSETS_TOPIC, ctx.broker.groups.partition_for(key))
    endpoint = ctx.endpoint(partition.leader) if partition is not None and partition.leader >= 0 else None
    if partition is None or endpoint is None:
        raise ApiError(ErrorCode.COORDINATOR_NOT_AVAILABLE, "the group's partition has no leader now")
    return partition.leader, endpoint[0], endpoint[1]


def refused(key: str, error: ApiError) -> Any:
    return Coordinator(
        key=key,
        node_id=NO_NODE,
        host="",
        port=-1,
        error_code=error.code,
        error_message=error.message or error.code.meaning,
    )


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The whole request failed."""
    if ctx.version >= 4:
        return FindCoordinatorResponse(coordinators=[refused(key, error) for key in request.coordinator_keys])
    row = refused(request.key, error)
    return FindCoordinatorResponse(
        error_code=row.error_code, error_message=row.error_message, node_id=NO_NODE, host="", port=-1
    )
