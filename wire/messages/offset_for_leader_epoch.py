"""OffsetForLeaderEpoch (key 23): where a leader epoch ends (KIP-101).

For followers and consumers that look for where logs diverge. v2 fences (KIP-320), v3 replica id for consumers (KIP-392),
v4 flexible.
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, String

OffsetForLeaderPartition = Group(
    "OffsetForLeaderPartition",
    [
        Field("partition", Int32),
        Field("current_leader_epoch", Int32, "2+", default=-1),  # -1: unchecked (KIP-320)
        Field("leader_epoch", Int32),  # the epoch whose end is asked for
    ],
)

OffsetForLeaderTopic = Group(
    "OffsetForLeaderTopic",
    [
        Field("topic", String),
        Field("partitions", Array(OffsetForLeaderPartition)),
    ],
)

OffsetForLeaderEpochRequest = Message(
    "OffsetForLeaderEpochRequest",
    key=23,
    kind="request",
    versions="0-4",
    flexible="4+",
    fields=[
        # -1: a consumer, -2: unknown; else the follower's broker id
        Field("replica_id", Int32, "3+", default=-2),
        Field("topics", Array(OffsetForLeaderTopic)),
    ],
)

EpochEndOffset = Group(
    "EpochEndOffset",
    [
        Field("error_code", Int16),
        Field("partition", Int32),
        # the largest known epoch not above the one asked for; -1: none
        Field("leader_epoch", Int32, "1+", default=-1),
        Field("end_offset", Int64, default=-1),  # -1: unknown
    ],
)

OffsetForLeaderTopicResult = Group(
    "OffsetForLeaderTopicResult",
    [
        Field("topic", String),
        Field("partitions", Array(EpochEndOffset)),
    ],
)

OffsetForLeaderEpochResponse = Message(
    "OffsetForLeaderEpochResponse",
    key=23,
    kind="response",
    versions="0-4",
    flexible="4+",
    fields=[
        Field("throttle_time_ms", Int32, "2+"),  # how long a quota makes the client wait
        Field("topics", Array(OffsetForLeaderTopicResult)),
    ],
)
