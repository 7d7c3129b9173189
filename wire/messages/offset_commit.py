"""OffsetCommit (key 8): committed offsets of a group.

v0 keeps them in ZooKeeper, v1 in __consumer_offsets with a time for each, v2 to v4 with a retention time for all. v6
leader epochs (KIP-320), v7 static members (KIP-345), v8 flexible, v9 the new group protocol (KIP-848), v10 topic ids.
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, String, Uuid

OffsetCommitRequestPartition = Group(
    "OffsetCommitRequestPartition",
    [
        Field("partition_index", Int32),
        Field("committed_offset", Int64),
        Field("commit_timestamp", Int64, "1", default=-1),  # -1: now
        # of the last record consumed; -1: unknown (KIP-320)
        Field("committed_leader_epoch", Int32, "6+", default=-1),
        Field("committed_metadata", String, nullable="0+"),  # any text the client wants to find again
    ],
)

OffsetCommitRequestTopic = Group(
    "OffsetCommitRequestTopic",
    [
        Field("name", String, "0-9"),
        Field("topic_id", Uuid, "10+"),
        Field("partitions", Array(OffsetCommitRequestPartition)),
    ],
)

OffsetCommitRequest = Message(
    "OffsetCommitRequest",
    key=8,
    kind="request",
    versions="0-10",
    flexible="8+",
    fields=[
        Field("group_id", String),
        # -1 or below: not a member (KIP-848: an epoch)
        Field("generation_id_or_member_epoch", Int32, "1+", default=-1),
        Field("member_id", String, "1+"),  # empty: not a member
        Field("retention_time_ms", Int64, "2-4", default=-1),  # -1: the broker's
        Field("group_instance_id", String, "7+", nullable="0+", default=None),  # static membership (KIP-345)
        Field("topics", Array(OffsetCommitRequestTopic)),
    ],
)

OffsetCommitResponsePartition = Group(
    "OffsetCommitResponsePartition",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
    ],
)

OffsetCommitResponseTopic = Group(
    "OffsetCommitResponseTopic",
    [
        Field("name", String, "0-9"),
        Field("topic_id", Uuid, "10+"),
        Field("partitions", Array(OffsetCommitResponsePartition)),
    ],
)

OffsetCommitResponse = Message(
    "OffsetCommitResponse",
    key=8,
    kind="response",
    versions="0-10",
    flexible="8+",
    fields=[
        Field("throttle_time_ms", Int32, "3+"),  # how long a quota makes the client wait
        Field("topics", Array(OffsetCommitResponseTopic)),
    ],
)
