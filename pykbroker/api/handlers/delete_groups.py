"""DeleteGroups (key 42, KIP-229): groups without members, with all that they have committed. v2: flexible."""

from __future__ import annotations

from typing import Any

from pykbroker.api.context import Context
from pykbroker.core.groups.commands import DeleteGroup
from pykbroker.errors import ApiError
from wire.errors import ErrorCode
from wire.messages.delete_groups import DeletableGroupResult, DeleteGroupsResponse


async def handle(ctx: Context, request: Any) -> Any:
    results = []
    for group_id in dict.fromkeys(request.groups_names):
        try:
            error = await ctx.broker.groups.submit(group_id, DeleteGroup(group_id))
        except ApiError as failure:
            error = failure.code
        results.append(result(group_id, error))
    return DeleteGroupsResponse(results=results)


def result(group_id: str, error: ErrorCode) -> Any:
    return DeletableGroupResult(group_id=group_id, error_code=error)


def refuse(_ctx: Context, request: Any, error: ApiError) -> Any:
    """The whole request failed."""
    return DeleteGroupsResponse(results=[result(group_id, error.code) for group_id in request.groups_names])
