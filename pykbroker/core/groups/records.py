"""What a group coordinator writes into __consumer_offsets, as values, and their form as Kafka's keys and values.

A record's key begins with its kind, an int16: 0 and 1 are offsets, 2 is group metadata (newer kinds belong to newer
protocols). A value begins with its version: offsets are written as version 3, or 1 where an old client gave its own
retention; group metadata as version 3, which is what Kafka 3.9 writes and what every Kafka since 2.3 can read.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from wire.errors import WireError
from wire.stored.group_metadata import GroupMetadataKey, GroupMetadataValue, MemberMetadata
from wire.stored.offset_commit import OffsetCommitKey, OffsetCommitValue

OFFSET_KINDS = (0, 1)
OFFSET_KIND = 1
GROUP_KIND = 2
OFFSET_VALUE = 3
OFFSET_VALUE_WITH_EXPIRY = 1
GROUP_VALUE = 3

INT16 = struct.Struct(">h")


class StoredOffset(NamedTuple):
    """An offset as it is kept. leader_epoch -1: unknown. expire_timestamp_ms -1: by offsets.retention.minutes."""

    offset: int
    leader_epoch: int
    metadata: str
    commit_timestamp_ms: int
    expire_timestamp_ms: int = -1


class OffsetRecord(NamedTuple):
    """`stored` None: the offset is deleted (a tombstone)."""

    group_id: str
    topic: str
    partition: int
    stored: StoredOffset | None


class StoredMember(NamedTuple):
    """subscription: the member's metadata for the protocol in use."""

    member_id: str
    instance_id: str | None
    client_id: str
    client_host: str
    rebalance_timeout_ms: int
    session_timeout_ms: int
    subscription: bytes
    assignment: bytes


class StoredGroup(NamedTuple):
    """One generation of a group. state_timestamp_ms: when it got into its state, -1 unknown. No members: it is empty."""

    protocol_type: str
    generation: int
    protocol_name: str | None
    leader: str | None
    state_timestamp_ms: int
    members: tuple[StoredMember, ...] = ()


class GroupRecord(NamedTuple):
    """`stored` None: the group is deleted (a tombstone)."""

    group_id: str
    stored: StoredGroup | None


Record = OffsetRecord | GroupRecord


def encode(record: Record) -> tuple[bytes, bytes | None]:
    """A record as key and value; a tombstone's value is None."""
    if isinstance(record, OffsetRecord):
        return encode_offset(record)
    key = INT16.pack(GROUP_KIND) + b"".join(
        GroupMetadataKey.build(GROUP_KIND, GroupMetadataKey(group=record.group_id))
    )
    stored = record.stored
    if stored is None:
        return key, None
    value = GroupMetadataValue(
        protocol_type=stored.protocol_type,
        generation=stored.generation,
        protocol=stored.protocol_name,
        leader=stored.leader,
        current_state_timestamp=stored.state_timestamp_ms,
        members=[
            MemberMetadata(
                member_id=member.member_id,
                group_instance_id=member.instance_id,
                client_id=member.client_id,
                client_host=member.client_host,
                rebalance_timeout=member.rebalance_timeout_ms,
                session_timeout=member.session_timeout_ms,
                subscription=member.subscription,
                assignment=member.assignment,
            )
            for member in stored.members
        ],
    )
    return key, INT16.pack(GROUP_VALUE) + b"".join(GroupMetadataValue.build(GROUP_VALUE, value))


def encode_offset(record: OffsetRecord) -> tuple[bytes, bytes | None]:
    key_fields = OffsetCommitKey(group=record.group_id, topic=record.topic, partition=record.partition)
    key = INT16.pack(OFFSET_KIND) + b"".join(OffsetCommitKey.build(OFFSET_KIND, key_fields))
    stored = record.stored
    if stored is None:
        return key, None
    version = OFFSET_VALUE if stored.expire_timestamp_ms < 0 else OFFSET_VALUE_WITH_EXPIRY
    value = OffsetCommitValue(
        offset=stored.offset,
        leader_epoch=stored.leader_epoch,
        metadata=stored.metadata,
        commit_timestamp=stored.commit_timestamp_ms,
        expire_timestamp=stored.expire_timestamp_ms,
    )
    return key, INT16.pack(version) + b"".join(OffsetCommitValue.build(version, value))


def decode(key: bytes, value: bytes | None) -> Record | None:
    """The reverse of `encode`; None for a kind that belongs to another protocol.

    Raises: WireError if it is not what its kind and version say.
    """
    kind = prefix(key)
    if kind in OFFSET_KINDS:
        fields, _ = OffsetCommitKey.parse(kind, key, 2)
        return OffsetRecord(fields.group, fields.topic, fields.partition, decode_offset(value))
    if kind == GROUP_KIND:
        fields, _ = GroupMetadataKey.parse(kind, key, 2)
        return GroupRecord(fields.group, decode_group(value))
    return None


def decode_offset(value: bytes | None) -> StoredOffset | None:
    if value is None:
        return None
    fields, _ = OffsetCommitValue.parse(prefix(value), value, 2)
    return StoredOffset(
        fields.offset,
        fields.leader_epoch,
        fields.metadata,
        fields.commit_timestamp,
        fields.expire_timestamp,
    )


def decode_group(value: bytes | None) -> StoredGroup | None:
    if value is None:
        return None
    fields, _ = GroupMetadataValue.parse(prefix(value), value, 2)
    members = tuple(
        StoredMember(
            member.member_id,
            member.group_instance_id,
            member.client_id,
            member.client_host,
            # Version 0 had no rebalance timeout: the session timeout stood for both.
            member.session_timeout if member.rebalance_timeout == -1 else member.rebalance_timeout,
            member.session_timeout,
            bytes(member.subscription),
            bytes(member.assignment),
        )
        for member in fields.members
    )
    return StoredGroup(
        fields.protocol_type,
        fields.generation,
        fields.protocol,
        fields.leader,
        fields.current_state_timestamp,
        members,
    )


def prefix(data: bytes) -> int:
    """The int16 that says kind or version."""
    if len(data) < INT16.size:
        raise WireError(f"a stored key or value of {len(data)} bytes has no version")
    number: int = INT16.unpack_from(data)[0]
    return number
