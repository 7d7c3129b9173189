"""AlterPartitionReassignments (key 45): move partitions to other brokers, or cancel that (KIP-455).

v1 may forbid that the replication factor changes (KIP-860).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int16, Int32, Message, String

ReassignablePartition = Group(
    "ReassignablePartition",
    [
        Field("partition_index", Int32),
        Field("replicas", Array(Int32), nullable="0+", default=None),  # null: cancel the reassignment
    ],
)

ReassignableTopic = Group(
    "ReassignableTopic",
    [
        Field("name", String),
        Field("partitions", Array(ReassignablePartition)),
    ],
)

AlterPartitionReassignmentsRequest = Message(
    "AlterPartitionReassignmentsRequest",
    key=45,
    kind="request",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("timeout_ms", Int32, default=60000),
        Field("allow_replication_factor_change", Bool, "1+", default=True),  # KIP-860
        Field("topics", Array(ReassignableTopic)),
    ],
)

ReassignablePartitionResponse = Group(
    "ReassignablePartitionResponse",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
    ],
)

ReassignableTopicResponse = Group(
    "ReassignableTopicResponse",
    [
        Field("name", String),
        Field("partitions", Array(ReassignablePartitionResponse)),
    ],
)

AlterPartitionReassignmentsResponse = Message(
    "AlterPartitionReassignmentsResponse",
    key=45,
    kind="response",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("allow_replication_factor_change", Bool, "1+", default=True),  # as asked
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
        Field("responses", Array(ReassignableTopicResponse)),
    ],
)
