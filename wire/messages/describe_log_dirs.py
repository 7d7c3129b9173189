"""DescribeLogDirs (key 35): log directories and the size of their partitions (KIP-113).

v2 flexible, v3 a code for all, v4 size of the volume (KIP-827), v5 cordoned directories (KIP-1066).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int16, Int32, Int64, Message, String

DescribableLogDirTopic = Group(
    "DescribableLogDirTopic",
    [
        Field("topic", String),
        Field("partitions", Array(Int32)),
    ],
)

DescribeLogDirsRequest = Message(
    "DescribeLogDirsRequest",
    key=35,
    kind="request",
    versions="0-5",
    flexible="2+",
    fields=[
        Field("topics", Array(DescribableLogDirTopic), nullable="0+"),  # null: all
    ],
)

DescribeLogDirsPartition = Group(
    "DescribeLogDirsPartition",
    [
        Field("partition_index", Int32),
        Field("partition_size", Int64),
        Field("offset_lag", Int64),  # behind the high watermark, or of a future log behind the current one
        Field("is_future_key", Bool),  # it is being moved here from another directory
    ],
)

DescribeLogDirsTopic = Group(
    "DescribeLogDirsTopic",
    [
        Field("name", String),
        Field("partitions", Array(DescribeLogDirsPartition)),
    ],
)

DescribeLogDirsResult = Group(
    "DescribeLogDirsResult",
    [
        Field("error_code", Int16),
        Field("log_dir", String),
        Field("topics", Array(DescribeLogDirsTopic)),
        Field("total_bytes", Int64, "4+", default=-1),  # of the volume; -1: unknown (KIP-827)
        Field("usable_bytes", Int64, "4+", default=-1),
        Field("is_cordoned", Bool, "5+"),  # KIP-1066
    ],
)

DescribeLogDirsResponse = Message(
    "DescribeLogDirsResponse",
    key=35,
    kind="response",
    versions="0-5",
    flexible="2+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16, "3+"),
        Field("results", Array(DescribeLogDirsResult)),
    ],
)
