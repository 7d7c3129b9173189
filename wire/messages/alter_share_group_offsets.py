"""AlterShareGroupOffsets (key 91): set the start offsets of a share group (KIP-932)."""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, String, Uuid

AlterShareGroupOffsetsRequestPartition = Group(
    "AlterShareGroupOffsetsRequestPartition",
    [
        Field("partition_index", Int32),
        Field("start_offset", Int64),  # where consumption goes on
    ],
)

AlterShareGroupOffsetsRequestTopic = Group(
    "AlterShareGroupOffsetsRequestTopic",
    [
        Field("topic_name", String),
        Field("partitions", Array(AlterShareGroupOffsetsRequestPartition)),
    ],
)

AlterShareGroupOffsetsRequest = Message(
    "AlterShareGroupOffsetsRequest",
    key=91,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("group_id", String),
        Field("topics", Array(AlterShareGroupOffsetsRequestTopic)),
    ],
)

AlterShareGroupOffsetsResponsePartition = Group(
    "AlterShareGroupOffsetsResponsePartition",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
    ],
)

AlterShareGroupOffsetsResponseTopic = Group(
    "AlterShareGroupOffsetsResponseTopic",
    [
        Field("topic_name", String),
        Field("topic_id", Uuid),
        Field("partitions", Array(AlterShareGroupOffsetsResponsePartition)),
    ],
)

AlterShareGroupOffsetsResponse = Message(
    "AlterShareGroupOffsetsResponse",
    key=91,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
        Field("responses", Array(AlterShareGroupOffsetsResponseTopic)),
    ],
)
