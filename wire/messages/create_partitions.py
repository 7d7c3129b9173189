"""CreatePartitions (key 37): give topics more partitions (KIP-195).

v2 flexible, v3 quotas (KIP-599).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int16, Int32, Message, String

CreatePartitionsAssignment = Group(
    "CreatePartitionsAssignment",
    [
        Field("broker_ids", Array(Int32)),
    ],
)

CreatePartitionsTopic = Group(
    "CreatePartitionsTopic",
    [
        Field("name", String),
        Field("count", Int32),  # partitions in all, not new ones
        # of the new partitions; null: the cluster decides
        Field("assignments", Array(CreatePartitionsAssignment), nullable="0+"),
    ],
)

CreatePartitionsRequest = Message(
    "CreatePartitionsRequest",
    key=37,
    kind="request",
    versions="0-3",
    flexible="2+",
    fields=[
        Field("topics", Array(CreatePartitionsTopic)),
        Field("timeout_ms", Int32),
        Field("validate_only", Bool),  # check, but change nothing
    ],
)

CreatePartitionsTopicResult = Group(
    "CreatePartitionsTopicResult",
    [
        Field("name", String),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
    ],
)

CreatePartitionsResponse = Message(
    "CreatePartitionsResponse",
    key=37,
    kind="response",
    versions="0-3",
    flexible="2+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("results", Array(CreatePartitionsTopicResult)),
    ],
)
