"""LeaveGroup (key 13): members go, by their own will or an administrator's.

Until v2 one member, whose error is the answer's. v3: many at once, static ones by their instance id alone (KIP-345); each
has its own error. v4: flexible. v5: reason (KIP-800).
"""

from __future__ import annotations

from typing import Any

from pykbroker.api.context import Context
from pykbroker.core.groups.commands import Leave, LeaveResult, LeavingMember
from pykbroker.errors import ApiError
from wire.messages.leave_group import LeaveGroupResponse, MemberResponse

MANY_MEMBERS = 3


async def handle(ctx: Context, request: Any) -> Any:
    version = ctx.version
    if version >= MANY_MEMBERS:
        members = tuple(
            LeavingMember(each.member_id, each.group_instance_id, each.reason) for each in request.members
        )
    else:
        members = (LeavingMember(request.member_id),)
    return answer(version, await ctx.broker.groups.submit(request.group_id, Leave(request.group_id, members)))


def answer(version: int, result: LeaveResult) -> Any:
    if version < MANY_MEMBERS:
        error = result.error or next((left.error for left in result.members if left.error), result.error)
        return LeaveGroupResponse(error_code=error)
    return LeaveGroupResponse(
        error_code=result.error,
        members=[
            MemberResponse(
                member_id=left.member_id, group_instance_id=left.instance_id, error_code=left.error
            )
            for left in result.members
        ],
    )


def refuse(ctx: Context, _request: Any, error: ApiError) -> Any:
    """The whole request failed."""
    return answer(ctx.version, LeaveResult(error.code))
