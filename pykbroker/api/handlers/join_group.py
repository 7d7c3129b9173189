"""JoinGroup (key 11): become a member of a group, or join its next generation. Answered when the others have joined too.

v1: rebalance timeout beside the session timeout. v4: a new member first gets its id (KIP-394). v5: static members (KIP-345).
v6: flexible. v7: protocol type in the answer, null protocol name (KIP-559). v8: reason (KIP-800). v9: the leader may be told
to skip the assignment (KIP-814).
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from pykbroker.api.context import Context
from pykbroker.clock import Clock, random_uuid
from pykbroker.core.groups.commands import Join, JoinProtocol, JoinResult
from pykbroker.errors import ApiError
from pykbroker.server.pending import Early, Pending
from wire.messages.join_group import JoinGroupResponse, JoinGroupResponseMember

KNOWN_ID_REQUIRED = 4
NULL_PROTOCOL_NAME = 7
SKIP_ASSIGNMENT = 9


def handle(ctx: Context, request: Any) -> Any | Coroutine[Any, Any, Any]:
    version = ctx.version
    command = Join(
        group_id=request.group_id,
        member_id=request.member_id,
        instance_id=request.group_instance_id,
        client_id=ctx.client_id or "",
        client_host="/" + ctx.connection.peer_host,  # as Java prints an address
        session_timeout_ms=request.session_timeout_ms,
        rebalance_timeout_ms=request.rebalance_timeout_ms if version else request.session_timeout_ms,
        protocol_type=request.protocol_type,
        protocols=tuple(JoinProtocol(each.name, bytes(each.metadata)) for each in request.protocols),
        fresh_uuid="" if request.member_id else uuid_text(ctx.broker.clock),
        requires_known_id=version >= KNOWN_ID_REQUIRED,
        skips_assignment=version >= SKIP_ASSIGNMENT,
        reason=request.reason,
    )
    pending = ctx.broker.groups.post(request.group_id, command)
    return answer(version, pending.result) if pending.is_answered else wait(version, pending)


async def wait(version: int, pending: Pending | Early) -> Any:
    return answer(version, await pending.wait())


def answer(version: int, result: JoinResult) -> Any:
    name = result.protocol_name
    return JoinGroupResponse(
        error_code=result.error,
        generation_id=result.generation,
        protocol_type=result.protocol_type,
        protocol_name="" if name is None and version < NULL_PROTOCOL_NAME else name,
        leader=result.leader,
        skip_assignment=result.skip_assignment,
        member_id=result.member_id,
        members=[
            JoinGroupResponseMember(
                member_id=member.member_id, group_instance_id=member.instance_id, metadata=member.metadata
            )
            for member in result.members
        ],
    )


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The whole request failed."""
    return answer(ctx.version, JoinResult(error.code, request.member_id))


def uuid_text(clock: Clock) -> str:
    """A random UUID in the usual 36 characters."""
    digits = random_uuid(clock).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
