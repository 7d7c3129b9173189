"""DescribeShareGroupOffsets (key 90): start offsets of share groups (KIP-932).

v1 the lag (KIP-1226).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, String, Uuid

DescribeShareGroupOffsetsRequestTopic = Group(
    "DescribeShareGroupOffsetsRequestTopic",
    [
        Field("topic_name", String),
        Field("partitions", Array(Int32)),
    ],
)

DescribeShareGroupOffsetsRequestGroup = Group(
    "DescribeShareGroupOffsetsRequestGroup",
    [
        Field("group_id", String),
        Field("topics", Array(DescribeShareGroupOffsetsRequestTopic), nullable="0+"),  # null: all
    ],
)

DescribeShareGroupOffsetsRequest = Message(
    "DescribeShareGroupOffsetsRequest",
    key=90,
    kind="request",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("groups", Array(DescribeShareGroupOffsetsRequestGroup)),
    ],
)

DescribeShareGroupOffsetsResponsePartition = Group(
    "DescribeShareGroupOffsetsResponsePartition",
    [
        Field("partition_index", Int32),
        Field("start_offset", Int64),
        Field("leader_epoch", Int32),
        Field("lag", Int64, "1+", default=-1),  # records to be consumed; -1: unknown (KIP-1226)
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
    ],
)

DescribeShareGroupOffsetsResponseTopic = Group(
    "DescribeShareGroupOffsetsResponseTopic",
    [
        Field("topic_name", String),
        Field("topic_id", Uuid),
        Field("partitions", Array(DescribeShareGroupOffsetsResponsePartition)),
    ],
)

DescribeShareGroupOffsetsResponseGroup = Group(
    "DescribeShareGroupOffsetsResponseGroup",
    [
        Field("group_id", String),
        Field("topics", Array(DescribeShareGroupOffsetsResponseTopic)),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
    ],
)

DescribeShareGroupOffsetsResponse = Message(
    "DescribeShareGroupOffsetsResponse",
    key=90,
    kind="response",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("groups", Array(DescribeShareGroupOffsetsResponseGroup)),
    ],
)
