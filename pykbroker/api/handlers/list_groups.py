"""ListGroups (key 16): the groups that this broker coordinates.

v3: flexible. v4: filter by state, state in the answer (KIP-518). v5: filter by type, type in the answer (KIP-848).
"""

from __future__ import annotations

from typing import Any

from pykbroker.api.context import Context
from pykbroker.core.groups.commands import ListGroups
from wire.messages.list_groups import ListedGroup, ListGroupsResponse


async def handle(ctx: Context, request: Any) -> Any:
    command = ListGroups(tuple(request.states_filter), tuple(request.types_filter))
    shards = await ctx.broker.groups.submit_to_all(command)
    return ListGroupsResponse(
        groups=[
            ListedGroup(
                group_id=group.group_id,
                protocol_type=group.protocol_type,
                group_state=group.state,
                group_type=group.type,
            )
            for groups in shards
            for group in groups
        ]
    )
