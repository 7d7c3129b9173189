"""SyncGroup (key 14): the leader says who gets what; everybody gets theirs. Followers wait for the leader.

v3: static members (KIP-345). v4: flexible. v5: protocol type and name, which are then mandatory (KIP-559).
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from pykbroker.api.context import Context
from pykbroker.core.groups.commands import Sync, SyncResult
from pykbroker.errors import ApiError
from pykbroker.server.pending import Early, Pending
from wire.errors import ErrorCode
from wire.messages.sync_group import SyncGroupResponse

NAMES_ARE_MANDATORY = 5


def handle(ctx: Context, request: Any) -> Any | Coroutine[Any, Any, Any]:
    if ctx.version >= NAMES_ARE_MANDATORY and (
        request.protocol_type is None or request.protocol_name is None
    ):
        return answer(SyncResult(ErrorCode.INCONSISTENT_GROUP_PROTOCOL))
    command = Sync(
        group_id=request.group_id,
        member_id=request.member_id,
        instance_id=request.group_instance_id,
        generation=request.generation_id,
        protocol_type=request.protocol_type,
        protocol_name=request.protocol_name,
        assignments={each.member_id: bytes(each.assignment) for each in request.assignments},
    )
    pending = ctx.broker.groups.post(request.group_id, command)
    return answer(pending.result) if pending.is_answered else wait(pending)


async def wait(pending: Pending | Early) -> Any:
    return answer(await pending.wait())


def answer(result: SyncResult) -> Any:
    return SyncGroupResponse(
        error_code=result.error,
        protocol_type=result.protocol_type,
        protocol_name=result.protocol_name,
        assignment=result.assignment,
    )


def refuse(_ctx: Context, _request: Any, error: ApiError) -> Any:
    """The whole request failed."""
    return answer(SyncResult(error.code))
