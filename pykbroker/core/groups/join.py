"""JoinGroup: a member comes, comes back, or comes again. The order of the checks is Kafka's.

group id, session timeout (whole request) -> does the group exist -> is there room -> protocols -> who is it.
"""

from __future__ import annotations

from pykbroker.core.groups.classic import ClassicGroup, Member, session_key
from pykbroker.core.groups.commands import Join, JoinProtocol, JoinResult, SessionExpired, SyncResult
from pykbroker.core.groups.rebalance import (
    Turn,
    answer_join,
    answer_sync,
    complete_join_if_ready,
    fits,
    generation_for,
    joined_members,
    member_error,
    prepare,
    prepare_or_complete,
    remove_member,
)
from pykbroker.core.groups.records import GroupRecord
from pykbroker.core.groups.states import GroupState
from pykbroker.core.machine import Ticket, Timer
from wire.errors import ErrorCode


def request_error(turn: Turn, command: Join) -> ErrorCode:
    """What can be said before the group is looked at."""
    rules = turn.rules
    if not command.group_id:
        return ErrorCode.INVALID_GROUP_ID
    if not rules.min_session_timeout_ms <= command.session_timeout_ms <= rules.max_session_timeout_ms:
        return ErrorCode.INVALID_SESSION_TIMEOUT
    return ErrorCode.NONE


def join(turn: Turn, group: ClassicGroup, command: Join, ticket: Ticket) -> None:
    member_id = command.member_id
    if not has_room(turn, group, member_id):
        remove_member(turn, group, member_id)
        refuse(turn, ticket, ErrorCode.GROUP_MAX_SIZE_REACHED)
        # Kafka lets the others wait for the rebalance timeout although nobody is missing any more.
        complete_join_if_ready(turn, group)
    elif not group.supports(command.protocol_type, command.protocols):
        refuse(turn, ticket, ErrorCode.INCONSISTENT_GROUP_PROTOCOL, member_id)
    elif not member_id:
        join_new(turn, group, command, ticket)
    elif member_id in group.pending_ids and command.instance_id is None:
        add(turn, group, command, member_id, ticket)
    else:
        join_known(turn, group, command, ticket)


def refuse(turn: Turn, ticket: Ticket, error: ErrorCode, member_id: str = "") -> None:
    turn.out.reply(ticket, JoinResult(error, member_id))


def has_room(turn: Turn, group: ClassicGroup, member_id: str) -> bool:
    """group.max.size (KIP-389).

    While members join, those that wait are counted, not all: if the limit was lowered, the last to come are out.
    """
    limit = turn.rules.max_size
    if group.state is GroupState.EMPTY:
        return True
    member = group.members.get(member_id)
    if group.state is GroupState.PREPARING_REBALANCE:
        return group.joining < limit or (member is not None and member.join_ticket is not None)
    return len(group.members) < limit or member is not None


def join_new(turn: Turn, group: ClassicGroup, command: Join, ticket: Ticket) -> None:
    member_id = f"{command.instance_id or command.client_id}-{command.fresh_uuid}"
    if command.instance_id is not None:
        old_id = group.static_ids.get(command.instance_id)
        if old_id is not None:
            replace_static(turn, group, command, old_id, member_id, ticket)
        else:
            add(turn, group, command, member_id, ticket)
    elif command.requires_known_id:
        # KIP-394: a client that never learns its id cannot pile up members that nobody is.
        group.pending_ids.add(member_id)
        expired = SessionExpired(group.group_id, member_id)
        key = session_key(group.group_id, member_id)
        turn.out.timers.append(Timer(key, command.session_timeout_ms, expired))
        refuse(turn, ticket, ErrorCode.MEMBER_ID_REQUIRED, member_id)
    else:
        add(turn, group, command, member_id, ticket)


def add(turn: Turn, group: ClassicGroup, command: Join, member_id: str, ticket: Ticket) -> None:
    """A new member of the group."""
    member = Member(
        group.group_id,
        member_id,
        command.instance_id,
        command.client_id,
        command.client_host,
        command.rebalance_timeout_ms,
        command.session_timeout_ms,
        unique(command.protocols),
    )
    member.is_new = True
    if group.state is GroupState.PREPARING_REBALANCE and group.previous_state is GroupState.EMPTY:
        group.member_came = True
    group.add(member, command.protocol_type)
    group.park_join(member, ticket)
    timer = member.session_timer
    turn.out.timers.append(Timer(timer.key, turn.rules.new_member_join_timeout_ms, timer.command))
    prepare_or_complete(turn, group, f"{member_id} joins ({command.reason or 'no reason given'})")


def join_known(turn: Turn, group: ClassicGroup, command: Join, ticket: Ticket) -> None:
    """A member joins again: with news a rebalance, without news the generation as it stands."""
    error = member_error(group, command.member_id, command.instance_id)
    if error is not ErrorCode.NONE:
        refuse(turn, ticket, error, command.member_id)
        return
    member = group.members[command.member_id]
    unchanged = member.protocols == command.protocols
    if group.state is GroupState.COMPLETING_REBALANCE and unchanged:
        # It did not get the first answer.
        turn.out.reply(ticket, generation_for(group, member))
    elif group.state is GroupState.STABLE and unchanged and group.leader != member.member_id:
        turn.out.reply(ticket, generation_for(group, member))
    else:
        # A leader that joins again asks for a rebalance, for reasons that only it knows (the topics have changed).
        update(turn, group, member, command, ticket)
        reason = f"{member.member_id} joins again ({command.reason or 'no reason given'})"
        prepare_or_complete(turn, group, reason)


def update(turn: Turn, group: ClassicGroup, member: Member, command: Join, ticket: Ticket) -> None:
    """Take over what a known member asks for now.

    A JoinGroup of the same member that still waits belongs to a connection that its client gave up; Kafka never answers it.
    """
    answer_join(turn, group, member, JoinResult(ErrorCode.REBALANCE_IN_PROGRESS, member.member_id))
    group.offer(member, unique(command.protocols))
    member.rebalance_timeout_ms = command.rebalance_timeout_ms
    member.set_session_timeout(group.group_id, command.session_timeout_ms)
    group.park_join(member, ticket)


def replace_static(
    turn: Turn, group: ClassicGroup, command: Join, old_id: str, new_id: str, ticket: Ticket
) -> None:
    """A static member restarted: it takes its own place under a new member id (KIP-345)."""
    member = group.members[old_id]
    old_leader = group.leader or ""
    answer_join(turn, group, member, JoinResult(ErrorCode.FENCED_INSTANCE_ID, old_id))
    answer_sync(turn, member, SyncResult(ErrorCode.FENCED_INSTANCE_ID))
    turn.out.cancel(member.session_timer.key)
    group.rename(member, new_id)
    update(turn, group, member, command, ticket)
    turn.out.timers.append(member.session_timer)
    if group.state is GroupState.STABLE:
        stored = group.to_store()
        if group.select_protocol() == group.protocol_name and fits(turn, stored):
            turn.out.records.append(GroupRecord(group.group_id, stored))
            keep_generation(turn, group, member, command, old_leader)
        else:
            prepare(turn, group, f"static member {new_id} came back and changes what the group agreed on")
    elif group.state is GroupState.COMPLETING_REBALANCE:
        # The leader may already assign to the old id.
        prepare(turn, group, f"static member {new_id} came back while the leader assigns")
    else:
        complete_join_if_ready(turn, group)


def keep_generation(turn: Turn, group: ClassicGroup, member: Member, command: Join, old_leader: str) -> None:
    """No rebalance: the new member id is stored, and the member goes on with what it had.

    From v9 on a leader that came back is told that it is the leader and need not assign (KIP-814). Before that it is told
    its former id as the leader, so that it thinks itself a follower and assigns nothing.
    """
    is_leader = group.leader == member.member_id
    skips = command.skips_assignment
    result = JoinResult(
        member_id=member.member_id,
        generation=group.generation,
        protocol_type=group.protocol_type,
        protocol_name=group.protocol_name,
        leader=(group.leader or "") if skips else old_leader,
        members=joined_members(group) if skips and is_leader else (),
        skip_assignment=skips and is_leader,
    )
    answer_join(turn, group, member, result)


def unique(protocols: tuple[JoinProtocol, ...]) -> tuple[JoinProtocol, ...]:
    """The first of each name; a second one would count as a second member's offer."""
    names: dict[str, JoinProtocol] = {}
    for protocol in protocols:
        names.setdefault(protocol.name, protocol)
    return protocols if len(names) == len(protocols) else tuple(names.values())
