"""The group coordinator of one partition of __consumer_offsets, as a machine (see core/machine.py).

    commands.py  what it is asked            states.py     states and legal moves
    join.py      JoinGroup                   rebalance.py  how a rebalance goes
    membership.py SyncGroup, Heartbeat,      offsets.py    committed offsets
                 LeaveGroup, sessions        records.py    what is written
    queries.py   describe and list

This file finds the group, hands the command on, and forgets groups that nothing is left of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pykbroker.core.groups import membership, offsets, queries, rebalance, records
from pykbroker.core.groups.classic import ClassicGroup
from pykbroker.core.groups.commands import (
    CommitOffsets,
    DeleteGroup,
    DeleteOffsets,
    DescribeGroup,
    ExpireOffsets,
    FetchOffsets,
    Heartbeat,
    InitialDelayOver,
    Join,
    JoinExpired,
    Leave,
    LeaveResult,
    LeftMember,
    ListGroups,
    SessionExpired,
    Sync,
    SyncExpired,
    SyncResult,
    TopicsDeleted,
)
from pykbroker.core.groups.join import join, refuse, request_error
from pykbroker.core.groups.offsets import Offsets
from pykbroker.core.groups.rebalance import Turn
from pykbroker.core.groups.records import GroupRecord, Record, StoredGroup, StoredOffset
from pykbroker.core.groups.rules import GroupRules
from pykbroker.core.groups.states import GroupState
from pykbroker.core.machine import Decision, Reply, Ticket, Timer
from wire.errors import ErrorCode

EXPIRE_KEY = ("expire",)


class GroupMachine:
    """All groups of one partition. Before `loaded` records are replayed, after it they are this machine's own."""

    def __init__(self, rules: GroupRules) -> None:
        self.rules = rules
        self.groups: dict[str, ClassicGroup] = {}
        self.offsets = Offsets()
        self._is_loaded = False
        self._expiry_is_set = False
        self._handlers: dict[type, Callable[[Turn, Any, Ticket | None], None]] = {
            Join: self._join,
            Sync: self._sync,
            Leave: self._leave,
            CommitOffsets: self._commit,
            FetchOffsets: self._fetch,
            DescribeGroup: self._describe,
            ListGroups: self._list,
            DeleteGroup: self._delete_group,
            DeleteOffsets: self._delete_offsets,
            TopicsDeleted: self._topics_deleted,
            ExpireOffsets: self._expire,
            SessionExpired: self._on_timer(membership.session_expired),
            JoinExpired: self._on_timer(membership.join_expired),
            InitialDelayOver: self._on_timer(rebalance.initial_delay_over),
            SyncExpired: self._on_timer(rebalance.sync_expired),
        }

    # --- the machine -------------------------------------------------------------------------------------------------

    def decide(self, command: Any, now_ms: int, ticket: Ticket | None = None) -> Decision:
        """What follows from one of the values in commands.py; its result goes to `ticket`."""
        out = Decision()
        if type(command) is Heartbeat:
            group = self._named(command.group_id)
            if group is not None:
                error = membership.heartbeat(out, group, command)
            else:
                error = ErrorCode.UNKNOWN_MEMBER_ID if command.group_id else ErrorCode.INVALID_GROUP_ID
            if ticket is not None:
                out.replies.append(Reply(ticket, error))
            return out
        self._handlers[type(command)](Turn(self.rules, now_ms, out), command, ticket)
        if not self._expiry_is_set and (self.groups or out.records):
            self._expiry_is_set = True
            out.timers.append(Timer(EXPIRE_KEY, self.rules.offsets_check_interval_ms, ExpireOffsets()))
        return out

    def apply(self, record: Record) -> None:
        group_id = record.group_id
        if not isinstance(record, GroupRecord):
            self.offsets.apply(record)
            if record.stored is not None and group_id not in self.groups:
                self.groups[group_id] = ClassicGroup(group_id, -1)
            elif record.stored is None and not self._is_loaded:
                self._forget_hollow(group_id)
        elif record.stored is None:
            group = self.groups.pop(group_id, None)
            if group is not None:
                group.move(GroupState.DEAD, group.state_timestamp_ms)
        elif self._is_loaded:
            self.groups[group_id].settle(record.stored)
        else:
            self.groups[group_id] = ClassicGroup.restored(group_id, record.stored)

    def loaded(self, now_ms: int) -> Decision:
        """Sessions of the members found begin now. A group over group.max.size, which was lowered, rebalances."""
        self._is_loaded = True
        turn = Turn(self.rules, now_ms, Decision())
        for group in self.groups.values():
            turn.out.timers.extend(member.session_timer for member in group.members.values())
            if len(group.members) > self.rules.max_size:
                rebalance.prepare(turn, group, "it is over group.max.size")
        if self.groups:
            self._expiry_is_set = True
            turn.out.timers.append(Timer(EXPIRE_KEY, self.rules.offsets_check_interval_ms, ExpireOffsets()))
        return turn.out

    def parked(self) -> Iterator[Ticket]:
        for group in self.groups.values():
            yield from group.tickets()

    encode = staticmethod(records.encode)
    decode = staticmethod(records.decode)

    def durable(self) -> tuple[dict[str, StoredGroup], dict[str, dict[tuple[str, int], StoredOffset]]]:
        """What replaying the records must give back: generations and offsets, by group."""
        groups = {group.group_id: group.stored for group in self.groups.values() if group.stored is not None}
        committed = {
            group_id: {
                (topic, partition): stored
                for topic, partitions in topics.items()
                for partition, stored in partitions.items()
            }
            for group_id, topics in self.offsets.by_group.items()
        }
        return groups, committed

    # --- members -----------------------------------------------------------------------------------------------------

    def _join(self, turn: Turn, command: Join, ticket: Ticket | None) -> None:
        assert ticket is not None
        error = request_error(turn, command)
        group = self.groups.get(command.group_id)
        if error is ErrorCode.NONE and group is None and command.member_id:
            error = ErrorCode.UNKNOWN_MEMBER_ID
        if error is not ErrorCode.NONE:
            refuse(turn, ticket, error, command.member_id)
            return
        if group is None:
            group = self.groups[command.group_id] = ClassicGroup(command.group_id, turn.now_ms)
        join(turn, group, command, ticket)
        self._forget_hollow(command.group_id)

    def _named(self, group_id: str) -> ClassicGroup | None:
        """The group that these requests are about. The one without a name only keeps offsets: nobody can be in it."""
        return self.groups.get(group_id) if group_id else None

    def _sync(self, turn: Turn, command: Sync, ticket: Ticket | None) -> None:
        assert ticket is not None
        group = self._named(command.group_id)
        if group is not None:
            membership.sync(turn, group, command, ticket)
        else:
            error = ErrorCode.UNKNOWN_MEMBER_ID if command.group_id else ErrorCode.INVALID_GROUP_ID
            turn.out.reply(ticket, SyncResult(error))

    def _leave(self, turn: Turn, command: Leave, ticket: Ticket | None) -> None:
        group = self._named(command.group_id)
        if group is not None:
            turn.out.reply(ticket, membership.leave(turn, group, command))
            self._forget_hollow(command.group_id)
        elif not command.group_id:
            turn.out.reply(ticket, LeaveResult(ErrorCode.INVALID_GROUP_ID))
        else:
            left = [
                LeftMember(m.member_id, m.instance_id, ErrorCode.UNKNOWN_MEMBER_ID) for m in command.members
            ]
            turn.out.reply(ticket, LeaveResult(ErrorCode.NONE, tuple(left)))

    def _on_timer(
        self, act: Callable[[Turn, ClassicGroup, Any], None]
    ) -> Callable[[Turn, Any, Ticket | None], None]:
        """A timer of a group that may be gone by now."""

        def handle(turn: Turn, command: Any, _ticket: Ticket | None) -> None:
            group = self.groups.get(command.group_id)
            if group is not None:
                act(turn, group, command)
                self._forget_hollow(command.group_id)

        return handle

    def _forget_hollow(self, group_id: str) -> None:
        """Ids handed out to clients that never came back leave nothing behind."""
        group = self.groups.get(group_id)
        if group is not None and group.is_hollow and group_id not in self.offsets.by_group:
            del self.groups[group_id]

    # --- offsets -----------------------------------------------------------------------------------------------------

    def _commit(self, turn: Turn, command: CommitOffsets, ticket: Ticket | None) -> None:
        turn.out.reply(ticket, offsets.commit(turn, self.groups.get(command.group_id), command))

    def _fetch(self, turn: Turn, command: FetchOffsets, ticket: Ticket | None) -> None:
        turn.out.reply(ticket, offsets.fetch(self.offsets, command))

    def _delete_offsets(self, turn: Turn, command: DeleteOffsets, ticket: Ticket | None) -> None:
        group = self._named(command.group_id)
        if group is not None:
            turn.out.reply(ticket, offsets.delete(turn, group, self.offsets, command))
        else:
            error = ErrorCode.GROUP_ID_NOT_FOUND if command.group_id else ErrorCode.INVALID_GROUP_ID
            turn.out.reply(ticket, error)

    def _topics_deleted(self, turn: Turn, command: TopicsDeleted, _ticket: Ticket | None) -> None:
        for group_id in self.offsets.by_group:
            turn.out.records.extend(self.offsets.tombstones(group_id, command.topics))

    def _expire(self, turn: Turn, _command: ExpireOffsets, _ticket: Ticket | None) -> None:
        """Offsets that are too old, then groups of which nothing is left; and again, as long as there is any group."""
        self._expiry_is_set = False
        for group in list(self.groups.values()):
            if (
                offsets.expire(turn, group, self.offsets)
                and group.state is GroupState.EMPTY
                and not group.pending_ids
            ):
                if group.stored is not None:
                    turn.out.records.append(GroupRecord(group.group_id, None))
                self._forget_hollow(group.group_id)

    # --- groups as a whole -------------------------------------------------------------------------------------------

    def _describe(self, turn: Turn, command: DescribeGroup, ticket: Ticket | None) -> None:
        group = self.groups.get(command.group_id)
        turn.out.reply(ticket, None if group is None else queries.describe(group))

    def _list(self, turn: Turn, command: ListGroups, ticket: Ticket | None) -> None:
        turn.out.reply(ticket, queries.list_groups(self.groups.values(), command))

    def _delete_group(self, turn: Turn, command: DeleteGroup, ticket: Ticket | None) -> None:
        """DeleteGroups (KIP-229): an empty group with all its offsets."""
        group = self.groups.get(command.group_id)
        if group is None:
            turn.out.reply(ticket, ErrorCode.GROUP_ID_NOT_FOUND)
        elif group.state is not GroupState.EMPTY:
            turn.out.reply(ticket, ErrorCode.NON_EMPTY_GROUP)
        else:
            turn.out.records.extend(self.offsets.tombstones(command.group_id))
            turn.out.records.append(GroupRecord(command.group_id, None))
            turn.out.reply(ticket, ErrorCode.NONE)
