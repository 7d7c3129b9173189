"""Heartbeat (key 12): a member lives, and learns that its group rebalances.

While the group is being loaded, for longer than a request waits, the answer is "fine": the member need not do anything about
it, and its session begins anew when the group is there (as Kafka does). v3: static members (KIP-345). v4: flexible.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from pykbroker.api.context import Context
from pykbroker.core.groups.commands import Heartbeat
from pykbroker.errors import ApiError
from pykbroker.server.pending import Early, Pending
from wire.errors import ErrorCode
from wire.messages.heartbeat import HeartbeatResponse


def handle(ctx: Context, request: Any) -> Any | Coroutine[Any, Any, Any]:
    command = Heartbeat(request.group_id, request.member_id, request.group_instance_id, request.generation_id)
    pending = ctx.broker.groups.post(request.group_id, command)
    return HeartbeatResponse(error_code=pending.result) if pending.is_answered else wait(pending)


async def wait(pending: Pending | Early) -> Any:
    return HeartbeatResponse(error_code=await pending.wait())


def refuse(_ctx: Context, _request: Any, error: ApiError) -> Any:
    """The whole request failed."""
    loading = error.code is ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    return HeartbeatResponse(error_code=ErrorCode.NONE if loading else error.code)
