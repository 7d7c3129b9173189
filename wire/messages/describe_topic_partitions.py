"""DescribeTopicPartitions (key 75): topics and partitions page by page, with eligible leaders (KIP-966)."""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int16, Int32, Message, String, Uuid

TopicRequest = Group(
    "TopicRequest",
    [
        Field("name", String),
    ],
)

Cursor = Group(
    "Cursor",
    [
        Field("topic_name", String),
        Field("partition_index", Int32),
    ],
)

DescribeTopicPartitionsRequest = Message(
    "DescribeTopicPartitionsRequest",
    key=75,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("topics", Array(TopicRequest)),  # empty: all
        # partitions in one answer, also bounded by the broker
        Field("response_partition_limit", Int32, default=2000),
        Field("cursor", Cursor, nullable="0+", default=None),  # where to go on; null: from the start
    ],
)

DescribeTopicPartitionsResponsePartition = Group(
    "DescribeTopicPartitionsResponsePartition",
    [
        Field("error_code", Int16),
        Field("partition_index", Int32),
        Field("leader_id", Int32),
        Field("leader_epoch", Int32, default=-1),
        Field("replica_nodes", Array(Int32)),
        Field("isr_nodes", Array(Int32)),
        # out of sync, yet complete (KIP-966)
        Field("eligible_leader_replicas", Array(Int32), nullable="0+", default=None),
        Field("last_known_elr", Array(Int32), nullable="0+", default=None),  # KIP-966
        Field("offline_replicas", Array(Int32)),
    ],
)

DescribeTopicPartitionsResponseTopic = Group(
    "DescribeTopicPartitionsResponseTopic",
    [
        Field("error_code", Int16),
        Field("name", String, nullable="0+"),
        Field("topic_id", Uuid),
        Field("is_internal", Bool),
        Field("partitions", Array(DescribeTopicPartitionsResponsePartition)),
        # bit n: AclOperation n is allowed; the default: not asked for
        Field("topic_authorized_operations", Int32, default=-(2**31)),
    ],
)

DescribeTopicPartitionsResponse = Message(
    "DescribeTopicPartitionsResponse",
    key=75,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("topics", Array(DescribeTopicPartitionsResponseTopic)),
        Field("next_cursor", Cursor, nullable="0+", default=None),  # null: that was all
    ],
)
