"""How a rebalance goes: prepare, wait for all to join, next generation, wait for all to sync.

    prepare          members that wait for an assignment are sent back; the wait for JoinGroups begins: the initial delay for
                     a group that was empty, else the longest rebalance timeout of its members
    complete_join    all have joined, or time is over: dynamic members that did not join are out (static ones may stay), a
                     leader that did not join is replaced, the generation goes up, every JoinGroup is answered
    complete_sync    the leader's SyncGroup says who gets what: the generation is stored, every SyncGroup is answered

A group whose last member is gone goes to Empty by the record that says so. Kafka: GroupMetadataManager, the classic part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pykbroker.core.groups.classic import ClassicGroup, Member
from pykbroker.core.groups.commands import (
    InitialDelayOver,
    JoinedMember,
    JoinExpired,
    JoinResult,
    SyncExpired,
    SyncResult,
)
from pykbroker.core.groups.records import GroupRecord, StoredGroup
from pykbroker.core.groups.rules import GroupRules
from pykbroker.core.groups.states import GroupState
from pykbroker.core.machine import Decision, Timer
from wire.errors import ErrorCode

CAN_REBALANCE = (GroupState.EMPTY, GroupState.STABLE, GroupState.COMPLETING_REBALANCE)


class Turn(NamedTuple):
    """One decision in the making."""

    rules: GroupRules
    now_ms: int
    out: Decision


def prepare_or_complete(turn: Turn, group: ClassicGroup, reason: str) -> None:
    """Something changed: begin a rebalance, or see whether the one that is under way has all it waits for."""
    if group.state in CAN_REBALANCE:
        prepare(turn, group, reason)
    else:
        complete_join_if_ready(turn, group)


def prepare(turn: Turn, group: ClassicGroup, reason: str) -> None:
    out = turn.out
    if group.state is GroupState.COMPLETING_REBALANCE:
        send_back(turn, group, ErrorCode.REBALANCE_IN_PROGRESS)
    group.unsynced_ids.clear()
    out.cancel(group.sync_key)
    initial = group.state is GroupState.EMPTY
    group.move(GroupState.PREPARING_REBALANCE, turn.now_ms)
    out.notes.append(f"group {group.group_id} rebalances from generation {group.generation}: {reason}")
    if initial:
        delay_ms = turn.rules.initial_rebalance_delay_ms
        remaining_ms = max(group.rebalance_timeout_ms - delay_ms, 0)
        group.member_came = False
        out.timers.append(
            Timer(group.join_key, delay_ms, InitialDelayOver(group.group_id, delay_ms, remaining_ms))
        )
    elif group.all_joined:
        complete_join(turn, group)
    else:
        wait_for_joins(turn, group)


def wait_for_joins(turn: Turn, group: ClassicGroup) -> None:
    expired = JoinExpired(group.group_id)
    turn.out.timers.append(Timer(group.join_key, group.rebalance_timeout_ms, expired))


def send_back(turn: Turn, group: ClassicGroup, error: ErrorCode) -> None:
    """Nobody gets an assignment of this generation."""
    for member in group.members.values():
        member.assignment = b""
        answer_sync(turn, member, SyncResult(error))


def initial_delay_over(turn: Turn, group: ClassicGroup, command: InitialDelayOver) -> None:
    """Wait on while members keep coming, up to the rebalance timeout in all (KIP-134)."""
    if group.state is not GroupState.PREPARING_REBALANCE:
        return
    if not group.member_came or command.remaining_ms == 0:
        complete_join(turn, group)
        return
    group.member_came = False
    delay_ms = min(turn.rules.initial_rebalance_delay_ms, command.remaining_ms)
    remaining_ms = max(command.remaining_ms - command.delay_ms, 0)
    again = InitialDelayOver(group.group_id, delay_ms, remaining_ms)
    turn.out.timers.append(Timer(group.join_key, delay_ms, again))


def complete_join_if_ready(turn: Turn, group: ClassicGroup) -> None:
    """All are here; but a group that was empty waits for its delay in any case."""
    if (
        group.state is GroupState.PREPARING_REBALANCE
        and group.previous_state is not GroupState.EMPTY
        and group.all_joined
    ):
        complete_join(turn, group)


def complete_join(turn: Turn, group: ClassicGroup) -> None:
    """The wait is over. Called in PreparingRebalance only."""
    out = turn.out
    out.cancel(group.join_key)
    late = [m for m in group.members.values() if m.join_ticket is None and m.instance_id is None]
    for member in late:
        remove_member(turn, group, member.member_id)
    if late:
        out.notes.append(
            f"group {group.group_id} goes on without {len(late)} members that did not join in time"
        )
    if not group.members:
        become_empty(turn, group)
    elif elect_leader(group):
        next_generation(turn, group)
    else:
        # Only static members are left and none has joined: wait on, until their sessions expire.
        wait_for_joins(turn, group)


def elect_leader(group: ClassicGroup) -> bool:
    """Keep a leader that has joined, else take the first member that has. False if none has."""
    leader = group.members.get(group.leader or "")
    if leader is not None and leader.join_ticket is not None:
        return True
    for member in group.members.values():
        if member.join_ticket is not None:
            group.leader = member.member_id
            return True
    return False


def become_empty(turn: Turn, group: ClassicGroup) -> None:
    """Applying the record makes it so."""
    stored = StoredGroup(group.protocol_type or "", group.generation + 1, None, None, turn.now_ms)
    turn.out.records.append(GroupRecord(group.group_id, stored))
    turn.out.notes.append(f"group {group.group_id} is empty, generation {stored.generation}")


def next_generation(turn: Turn, group: ClassicGroup) -> None:
    out = turn.out
    group.generation += 1
    group.protocol_name = group.select_protocol()
    group.subscribed_topics = group.compute_subscribed_topics()
    group.move(GroupState.COMPLETING_REBALANCE, turn.now_ms)
    group.unsynced_ids = set(group.members)
    out.notes.append(
        f"group {group.group_id} has generation {group.generation} with {len(group.members)} members"
    )
    for member in group.members.values():
        answer_join(turn, group, member, generation_for(group, member))
        member.is_new = False
        out.timers.append(member.session_timer)
    expired = SyncExpired(group.group_id, group.generation)
    out.timers.append(Timer(group.sync_key, group.rebalance_timeout_ms, expired))


def generation_for(group: ClassicGroup, member: Member) -> JoinResult:
    """What a JoinGroup gets when the generation stands: the leader sees all members."""
    return JoinResult(
        member_id=member.member_id,
        generation=group.generation,
        protocol_type=group.protocol_type,
        protocol_name=group.protocol_name,
        leader=group.leader or "",
        members=joined_members(group) if group.leader == member.member_id else (),
    )


def joined_members(group: ClassicGroup) -> tuple[JoinedMember, ...]:
    return tuple(
        JoinedMember(member.member_id, member.instance_id, member.metadata(group.protocol_name))
        for member in group.members.values()
    )


def complete_sync(turn: Turn, group: ClassicGroup, assignments: Mapping[str, bytes]) -> None:
    """The leader has decided. The record, once applied, makes the group Stable."""
    stored = group.to_store(assignments)
    if not fits(turn, stored):
        send_back(turn, group, ErrorCode.UNKNOWN_SERVER_ERROR)
        prepare(turn, group, "the leader's assignment is larger than message.max.bytes")
        return
    turn.out.records.append(GroupRecord(group.group_id, stored))
    for kept in stored.members:
        member = group.members[kept.member_id]
        result = SyncResult(ErrorCode.NONE, group.protocol_type, group.protocol_name, kept.assignment)
        answer_sync(turn, member, result)


def fits(turn: Turn, stored: StoredGroup) -> bool:
    """Does a generation surely fit into one batch of message.max.bytes."""
    size = 1024
    for member in stored.members:
        texts = len(member.member_id) + len(member.client_id) + len(member.client_host)
        texts += len(member.instance_id or "")
        size += 32 + 3 * texts + len(member.subscription) + len(member.assignment)
    return size <= turn.rules.max_batch_bytes


def sync_expired(turn: Turn, group: ClassicGroup, command: SyncExpired) -> None:
    """Members that joined and never asked for their assignment hold up the others (KAFKA-13435)."""
    if command.generation != group.generation or not group.unsynced_ids:
        return
    if group.state not in (GroupState.COMPLETING_REBALANCE, GroupState.STABLE):
        return
    late = sorted(group.unsynced_ids)
    for member_id in late:
        remove_member(turn, group, member_id)
    prepare(turn, group, f"{len(late)} members did not sync in time")


# --- members and their tickets ----------------------------------------------------------------------------------------


def answer_join(turn: Turn, group: ClassicGroup, member: Member, result: JoinResult) -> None:
    if member.join_ticket is not None:
        turn.out.reply(member.join_ticket, result)
        group.park_join(member, None)


def answer_sync(turn: Turn, member: Member, result: SyncResult) -> None:
    """A member could not heartbeat while it waited: its session begins anew."""
    if member.sync_ticket is not None:
        turn.out.reply(member.sync_ticket, result)
        member.sync_ticket = None
        turn.out.timers.append(member.session_timer)


def remove_member(turn: Turn, group: ClassicGroup, member_id: str) -> None:
    """Take a member out. Whatever it waits for is answered UNKNOWN_MEMBER_ID, so that it comes back as a new one.

    Kafka leaves the SyncGroup of a member that is removed without any answer.
    """
    member = group.members.get(member_id)
    if member is not None:
        answer_join(turn, group, member, JoinResult(ErrorCode.UNKNOWN_MEMBER_ID))
        answer_sync(turn, member, SyncResult(ErrorCode.UNKNOWN_MEMBER_ID))
        turn.out.cancel(member.session_timer.key)
    group.remove(member_id)


def member_error(group: ClassicGroup, member_id: str, instance_id: str | None) -> ErrorCode:
    """Is this a member of the group (KIP-345: is it still the one that owns its instance id)."""
    if instance_id is not None:
        owner = group.static_ids.get(instance_id)
        if owner is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        if owner != member_id:
            return ErrorCode.FENCED_INSTANCE_ID
    return ErrorCode.NONE if member_id in group.members else ErrorCode.UNKNOWN_MEMBER_ID
