"""SyncGroup, Heartbeat, LeaveGroup and the end of a session: what members of a group do between rebalances."""

from __future__ import annotations

from pykbroker.core.groups.classic import ClassicGroup, session_key
from pykbroker.core.groups.commands import (
    Heartbeat,
    JoinExpired,
    Leave,
    LeaveResult,
    LeavingMember,
    LeftMember,
    SessionExpired,
    Sync,
    SyncResult,
)
from pykbroker.core.groups.rebalance import (
    Turn,
    answer_sync,
    complete_join,
    complete_join_if_ready,
    complete_sync,
    member_error,
    prepare_or_complete,
    remove_member,
)
from pykbroker.core.groups.states import GroupState
from pykbroker.core.machine import Decision, Ticket
from wire.errors import ErrorCode


def sync(turn: Turn, group: ClassicGroup, command: Sync, ticket: Ticket) -> None:
    error = sync_error(group, command)
    if error is not ErrorCode.NONE:
        turn.out.reply(ticket, SyncResult(error))
        return
    member = group.members[command.member_id]
    group.unsynced_ids.discard(command.member_id)
    if not group.unsynced_ids:
        turn.out.cancel(group.sync_key)
    if group.state is GroupState.STABLE:
        result = SyncResult(ErrorCode.NONE, group.protocol_type, group.protocol_name, member.assignment)
        turn.out.reply(ticket, result)
        return
    # The same member's SyncGroup that still waits belongs to a connection that its client gave up.
    answer_sync(turn, member, SyncResult(ErrorCode.REBALANCE_IN_PROGRESS))
    member.sync_ticket = ticket
    if group.leader == command.member_id:
        complete_sync(turn, group, command.assignments)


def sync_error(group: ClassicGroup, command: Sync) -> ErrorCode:
    error = member_error(group, command.member_id, command.instance_id)
    if error is not ErrorCode.NONE:
        return error
    if command.generation != group.generation:
        return ErrorCode.ILLEGAL_GENERATION
    if differs(command.protocol_type, group.protocol_type) or differs(
        command.protocol_name, group.protocol_name
    ):
        return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    if group.state is GroupState.PREPARING_REBALANCE:
        return ErrorCode.REBALANCE_IN_PROGRESS
    return ErrorCode.NONE


def differs(asked: str | None, actual: str | None) -> bool:
    """KIP-559: a client that names its protocol must name the group's."""
    return asked is not None and actual is not None and asked != actual


def heartbeat(out: Decision, group: ClassicGroup, command: Heartbeat) -> ErrorCode:
    """A member lives: its session begins anew."""
    member = group.members.get(command.member_id)
    if member is None or command.instance_id is not None:
        error = member_error(group, command.member_id, command.instance_id)
        if error is not ErrorCode.NONE:
            return error
        member = group.members[command.member_id]
    if command.generation != group.generation:
        return ErrorCode.ILLEGAL_GENERATION
    out.timers.append(member.session_timer)
    if group.state is GroupState.PREPARING_REBALANCE:
        return ErrorCode.REBALANCE_IN_PROGRESS
    return ErrorCode.NONE


def leave(turn: Turn, group: ClassicGroup, command: Leave) -> LeaveResult:
    """Each member for itself; one rebalance for all that left."""
    left = tuple(
        LeftMember(member.member_id, member.instance_id, leave_one(turn, group, member))
        for member in command.members
    )
    reasons = [
        f"{member.member_id or member.instance_id} leaves ({member.reason or 'no reason given'})"
        for member, result in zip(command.members, left, strict=True)
        if result.error is ErrorCode.NONE
    ]
    if reasons and group.state is not GroupState.EMPTY:
        prepare_or_complete(turn, group, "; ".join(reasons))
    return LeaveResult(ErrorCode.NONE, left)


def leave_one(turn: Turn, group: ClassicGroup, leaving: LeavingMember) -> ErrorCode:
    member_id = leaving.member_id
    if not member_id:
        # An administrator names the instance id only.
        owner = group.static_ids.get(leaving.instance_id or "")
        if owner is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        member_id = owner
    elif member_id in group.pending_ids:
        turn.out.cancel(session_key(group.group_id, member_id))
    else:
        error = member_error(group, member_id, leaving.instance_id)
        if error is not ErrorCode.NONE:
            return error
    remove_member(turn, group, member_id)
    return ErrorCode.NONE


def session_expired(turn: Turn, group: ClassicGroup, command: SessionExpired) -> None:
    member = group.members.get(command.member_id)
    if member is None:
        if command.member_id in group.pending_ids:
            group.pending_ids.discard(command.member_id)
            complete_join_if_ready(turn, group)
        return
    waits = member.join_ticket is not None or member.sync_ticket is not None
    if waits and not member.is_new:
        return  # It cannot heartbeat while it waits; its answer begins its session anew.
    remove_member(turn, group, command.member_id)
    prepare_or_complete(turn, group, f"the session of {command.member_id} expired")


def join_expired(turn: Turn, group: ClassicGroup, _command: JoinExpired) -> None:
    if group.state is GroupState.PREPARING_REBALANCE:
        complete_join(turn, group)
