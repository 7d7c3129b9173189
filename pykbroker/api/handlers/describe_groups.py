"""DescribeGroups (key 15): groups with their members.

A group that nobody knows is shown as Dead, without an error; from v6 on with GROUP_ID_NOT_FOUND (KIP-1043).
v3: authorized operations on request. v4: instance ids. v5: flexible. v6: error message.
"""

from __future__ import annotations

from typing import Any

from pykbroker.api.context import Context
from pykbroker.core.groups.commands import DescribeGroup, GroupDescription
from pykbroker.core.groups.states import GroupState
from pykbroker.errors import ApiError
from wire.errors import ErrorCode
from wire.messages.describe_groups import DescribedGroup, DescribedGroupMember, DescribeGroupsResponse

UNKNOWN_IS_AN_ERROR = 6
NOT_ASKED = -(2**31)
# Read, Delete, Describe, DescribeConfigs, AlterConfigs: what there is to be allowed on a group. Without an authorizer, all.
ALL_OPERATIONS = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11


async def handle(ctx: Context, request: Any) -> Any:
    version = ctx.version
    operations = ALL_OPERATIONS if request.include_authorized_operations else NOT_ASKED
    described = []
    for group_id in request.groups:
        try:
            found = await ctx.broker.groups.submit(group_id, DescribeGroup(group_id))
        except ApiError as error:
            described.append(refused(version, group_id, error))
            continue
        if found is None:
            described.append(unknown(version, group_id, operations))
        else:
            described.append(group(found, operations))
    return DescribeGroupsResponse(groups=described)


def group(found: GroupDescription, operations: int) -> Any:
    return DescribedGroup(
        error_code=0,
        group_id=found.group_id,
        group_state=found.state,
        protocol_type=found.protocol_type,
        protocol_data=found.protocol_name,
        members=[
            DescribedGroupMember(
                member_id=member.member_id,
                group_instance_id=member.instance_id,
                client_id=member.client_id,
                client_host=member.client_host,
                member_metadata=member.metadata,
                member_assignment=member.assignment,
            )
            for member in found.members
        ],
        authorized_operations=operations,
    )


def unknown(version: int, group_id: str, operations: int) -> Any:
    state = GroupState.DEAD.value
    if version < UNKNOWN_IS_AN_ERROR:
        return DescribedGroup(group_id=group_id, group_state=state, authorized_operations=operations)
    return DescribedGroup(
        error_code=ErrorCode.GROUP_ID_NOT_FOUND,
        error_message=f"Group {group_id} not found.",
        group_id=group_id,
        group_state=state,
    )


def refused(version: int, group_id: str, error: ApiError) -> Any:
    message = error.message or error.code.meaning
    return DescribedGroup(
        error_code=error.code,
        error_message=message if version >= UNKNOWN_IS_AN_ERROR else None,
        group_id=group_id,
    )


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The whole request failed."""
    return DescribeGroupsResponse(
        groups=[refused(ctx.version, group_id, error) for group_id in request.groups]
    )
