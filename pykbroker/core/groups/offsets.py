"""Committed offsets: commit, fetch, delete, expire (Kafka: OffsetMetadataManager).

Offsets are kept by group, topic and partition, and change by records alone. A group that only commits (a consumer without
group management, an administrator's tool) comes into being by its first offset and is a *simple* group: Empty, without a
protocol type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pykbroker.core.groups.classic import ClassicGroup
from pykbroker.core.groups.commands import (
    CommitOffsets,
    CommitResult,
    DeleteOffsets,
    FetchedOffset,
    FetchOffsets,
    OffsetToCommit,
)
from pykbroker.core.groups.rebalance import Turn, member_error
from pykbroker.core.groups.records import OffsetRecord, StoredOffset
from pykbroker.core.groups.states import GroupState
from wire.errors import ErrorCode

TopicOffsets = dict[str, dict[int, StoredOffset]]  # of one group: topic -> partition -> offset


class Offsets:
    """All committed offsets of a shard, by group."""

    def __init__(self) -> None:
        self.by_group: dict[str, TopicOffsets] = {}

    def apply(self, record: OffsetRecord) -> None:
        group_id, topic, partition, stored = record
        if stored is not None:
            self.by_group.setdefault(group_id, {}).setdefault(topic, {})[partition] = stored
            return
        topics = self.by_group.get(group_id)
        if topics is None or topic not in topics:
            return
        topics[topic].pop(partition, None)
        if not topics[topic]:
            del topics[topic]
        if not topics:
            del self.by_group[group_id]

    def of(self, group_id: str) -> TopicOffsets:
        return self.by_group.get(group_id, {})

    def tombstones(self, group_id: str, topics: Iterable[str] | None = None) -> Iterator[OffsetRecord]:
        """Delete all that a group has committed, or that of some topics."""
        for topic, partitions in self.of(group_id).items():
            if topics is None or topic in topics:
                for partition in partitions:
                    yield OffsetRecord(group_id, topic, partition, None)


# --- commit -----------------------------------------------------------------------------------------------------------


def commit_error(group: ClassicGroup, command: CommitOffsets) -> ErrorCode:
    """May this be committed (Kafka: ClassicGroup.validateOffsetCommit)."""
    if command.generation < 0 and group.state is GroupState.EMPTY:
        return ErrorCode.NONE
    if command.generation >= 0 or command.member_id or command.instance_id is not None:
        error = member_error(group, command.member_id, command.instance_id)
        if error is not ErrorCode.NONE:
            return error
        if command.generation != group.generation:
            return ErrorCode.ILLEGAL_GENERATION
    elif group.state is not GroupState.EMPTY:
        return ErrorCode.UNKNOWN_MEMBER_ID  # a consumer without group management in a group that has members
    if group.state is GroupState.COMPLETING_REBALANCE:
        return ErrorCode.REBALANCE_IN_PROGRESS
    return ErrorCode.NONE


def commit(turn: Turn, group: ClassicGroup | None, command: CommitOffsets) -> CommitResult:
    """A commit also keeps the member's session alive."""
    if group is None:
        if command.generation >= 0:
            return command.unknown_group
    else:
        error = commit_error(group, command)
        if error is not ErrorCode.NONE:
            return error
        member = group.members.get(command.member_id)
        if member is not None:
            turn.out.timers.append(member.session_timer)
    rules = turn.rules
    size = 0
    results: list[ErrorCode] = []
    records: list[OffsetRecord] = []
    expires_ms = -1 if command.retention_ms == -1 else turn.now_ms + command.retention_ms
    for asked in command.offsets:
        metadata = asked.metadata or ""
        if len(metadata) > rules.offset_metadata_max_bytes:
            results.append(ErrorCode.OFFSET_METADATA_TOO_LARGE)
            continue
        results.append(ErrorCode.NONE)
        records.append(record_for(turn, command.group_id, asked, metadata, expires_ms))
        size += 100 + 3 * (len(metadata) + len(asked.topic) + len(command.group_id))
    if size > rules.max_batch_bytes:
        return ErrorCode.INVALID_COMMIT_OFFSET_SIZE
    turn.out.records.extend(records)
    return results


def record_for(
    turn: Turn, group_id: str, asked: OffsetToCommit, metadata: str, expires_ms: int
) -> OffsetRecord:
    committed_ms = turn.now_ms if asked.timestamp_ms == -1 else asked.timestamp_ms
    stored = StoredOffset(asked.offset, asked.leader_epoch, metadata, committed_ms, expires_ms)
    return OffsetRecord(group_id, asked.topic, asked.partition, stored)


# --- fetch ------------------------------------------------------------------------------------------------------------


def fetch(offsets: Offsets, command: FetchOffsets) -> list[FetchedOffset]:
    """An unknown group is one that has committed nothing."""
    committed = offsets.of(command.group_id)
    if command.topics is None:
        return [
            fetched(topic, partition, stored)
            for topic, partitions in committed.items()
            for partition, stored in partitions.items()
        ]
    found: list[FetchedOffset] = []
    for topic, wanted in command.topics:
        partitions = committed.get(topic, {})
        for partition in wanted:
            stored = partitions.get(partition)
            if stored is None:
                found.append(FetchedOffset(topic, partition))
            else:
                found.append(fetched(topic, partition, stored))
    return found


def fetched(topic: str, partition: int, stored: StoredOffset) -> FetchedOffset:
    return FetchedOffset(topic, partition, stored.offset, stored.leader_epoch, stored.metadata)


# --- delete and expire ------------------------------------------------------------------------------------------------


def delete(
    turn: Turn, group: ClassicGroup, offsets: Offsets, command: DeleteOffsets
) -> ErrorCode | list[ErrorCode]:
    """OffsetDelete (KIP-496): not for topics that the group reads; other protocols than a consumer's only when empty."""
    if group.state is not GroupState.EMPTY and not group.uses_consumer_protocol:
        return ErrorCode.NON_EMPTY_GROUP
    committed = offsets.of(command.group_id)
    results: list[ErrorCode] = []
    for topic, partitions in command.topics:
        if group.is_subscribed_to(topic):
            results.append(ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC)
            continue
        results.append(ErrorCode.NONE)
        for partition in partitions:
            if partition in committed.get(topic, {}):
                turn.out.records.append(OffsetRecord(command.group_id, topic, partition, None))
    return results


def expire(turn: Turn, group: ClassicGroup, offsets: Offsets) -> bool:
    """Tombstones for what a group no longer needs (KIP-211). True if nothing of it is left.

    Offsets of a simple group count from their commit; those of an empty group from when it became empty; of a consumer
    group at work only topics that nobody subscribes to any more expire, from their commit.
    """
    committed = offsets.of(group.group_id)
    if not committed:
        return True
    since_empty = False
    if group.protocol_type is not None:
        if group.state is GroupState.EMPTY:
            since_empty = group.state_timestamp_ms != -1
        elif group.state is not GroupState.STABLE or group.subscribed_topics is None:
            return False
    all_gone = True
    for topic, partitions in committed.items():
        subscribed = group.state is not GroupState.EMPTY and group.is_subscribed_to(topic)
        for partition, stored in partitions.items():
            base_ms = group.state_timestamp_ms if since_empty else stored.commit_timestamp_ms
            if subscribed or not is_expired(turn, stored, base_ms):
                all_gone = False
            else:
                turn.out.records.append(OffsetRecord(group.group_id, topic, partition, None))
    return all_gone


def is_expired(turn: Turn, stored: StoredOffset, base_ms: int) -> bool:
    if stored.expire_timestamp_ms != -1:
        return turn.now_ms >= stored.expire_timestamp_ms
    return turn.now_ms - base_ms >= turn.rules.offsets_retention_ms
