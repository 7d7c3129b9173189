"""OffsetDelete (key 47): remove committed offsets of a group for topics that it does not consume (KIP-496)."""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Message, String

OffsetDeleteRequestPartition = Group(
    "OffsetDeleteRequestPartition",
    [
        Field("partition_index", Int32),
    ],
)

OffsetDeleteRequestTopic = Group(
    "OffsetDeleteRequestTopic",
    [
        Field("name", String),
        Field("partitions", Array(OffsetDeleteRequestPartition)),
    ],
)

OffsetDeleteRequest = Message(
    "OffsetDeleteRequest",
    key=47,
    kind="request",
    versions="0",
    flexible="none",
    fields=[
        Field("group_id", String),
        Field("topics", Array(OffsetDeleteRequestTopic)),
    ],
)

OffsetDeleteResponsePartition = Group(
    "OffsetDeleteResponsePartition",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
    ],
)

OffsetDeleteResponseTopic = Group(
    "OffsetDeleteResponseTopic",
    [
        Field("name", String),
        Field("partitions", Array(OffsetDeleteResponsePartition)),
    ],
)

OffsetDeleteResponse = Message(
    "OffsetDeleteResponse",
    key=47,
    kind="response",
    versions="0",
    flexible="none",
    fields=[
        Field("error_code", Int16),
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("topics", Array(OffsetDeleteResponseTopic)),
    ],
)
