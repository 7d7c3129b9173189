"""TxnOffsetCommit (key 28): committed offsets as part of a transaction (KIP-98).

v2 leader epochs (KIP-320), v3 flexible and fenced by the group's generation (KIP-447), v4 TRANSACTION_ABORTABLE, v5 adds
the group to the transaction by itself (KIP-890).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, String

TxnOffsetCommitRequestPartition = Group(
    "TxnOffsetCommitRequestPartition",
    [
        Field("partition_index", Int32),
        Field("committed_offset", Int64),
        Field("committed_leader_epoch", Int32, "2+", default=-1),
        Field("committed_metadata", String, nullable="0+"),  # any text the client wants to find again
    ],
)

TxnOffsetCommitRequestTopic = Group(
    "TxnOffsetCommitRequestTopic",
    [
        Field("name", String),
        Field("partitions", Array(TxnOffsetCommitRequestPartition)),
    ],
)

TxnOffsetCommitRequest = Message(
    "TxnOffsetCommitRequest",
    key=28,
    kind="request",
    versions="0-5",
    flexible="3+",
    fields=[
        Field("transactional_id", String),
        Field("group_id", String),
        Field("producer_id", Int64),
        Field("producer_epoch", Int16),
        # of the consumer, with member_id: fences zombies (KIP-447)
        Field("generation_id", Int32, "3+", default=-1),
        Field("member_id", String, "3+"),
        Field("group_instance_id", String, "3+", nullable="0+", default=None),  # static membership (KIP-345)
        Field("topics", Array(TxnOffsetCommitRequestTopic)),
    ],
)

TxnOffsetCommitResponsePartition = Group(
    "TxnOffsetCommitResponsePartition",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
    ],
)

TxnOffsetCommitResponseTopic = Group(
    "TxnOffsetCommitResponseTopic",
    [
        Field("name", String),
        Field("partitions", Array(TxnOffsetCommitResponsePartition)),
    ],
)

TxnOffsetCommitResponse = Message(
    "TxnOffsetCommitResponse",
    key=28,
    kind="response",
    versions="0-5",
    flexible="3+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("topics", Array(TxnOffsetCommitResponseTopic)),
    ],
)
