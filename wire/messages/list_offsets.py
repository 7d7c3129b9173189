"""ListOffsets (key 2): the offset that belongs to a timestamp.

v0 gives offsets of segments, v1 one offset by the record's timestamp (KIP-79). v2 isolation, v4 leader epochs (KIP-320), v5
OFFSET_NOT_AVAILABLE (KIP-207), v6 flexible, v7 timestamp -3: the largest timestamp (KIP-734), v8 -4: the earliest offset
on local disk (KIP-405), v9 -5: the latest offset in tiered storage (KIP-1005), v10 a timeout (KIP-1075), v11 -6: the
earliest offset not yet in tiered storage (KIP-1023).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int8, Int16, Int32, Int64, Message, String

ListOffsetsPartition = Group(
    "ListOffsetsPartition",
    [
        Field("partition_index", Int32),
        Field("current_leader_epoch", Int32, "4+", default=-1),  # -1: unchecked (KIP-320)
        Field("timestamp", Int64),  # ms, or -1 latest, -2 earliest, -3 max timestamp, -4, -5, -6: see above
        Field("max_num_offsets", Int32, "0", default=1),  # how many segments' offsets to give
    ],
)

ListOffsetsTopic = Group(
    "ListOffsetsTopic",
    [
        Field("name", String),
        Field("partitions", Array(ListOffsetsPartition)),
    ],
)

ListOffsetsRequest = Message(
    "ListOffsetsRequest",
    key=2,
    kind="request",
    versions="0-11",
    flexible="6+",
    fields=[
        Field("replica_id", Int32),  # -1: a consumer, -2: a debugging client
        Field("isolation_level", Int8, "2+"),  # 0: read_uncommitted, 1: read_committed (KIP-98)
        Field("topics", Array(ListOffsetsTopic)),
        Field("timeout_ms", Int32, "10+"),  # for offsets in tiered storage (KIP-1075)
    ],
)

ListOffsetsPartitionResponse = Group(
    "ListOffsetsPartitionResponse",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
        Field("old_style_offsets", Array(Int64), "0"),  # newest first
        Field("timestamp", Int64, "1+", default=-1),  # of the record found; -1: none
        Field("offset", Int64, "1+", default=-1),  # -1: no such record
        Field("leader_epoch", Int32, "4+", default=-1),  # of the record found; -1: none (KIP-320)
    ],
)

ListOffsetsTopicResponse = Group(
    "ListOffsetsTopicResponse",
    [
        Field("name", String),
        Field("partitions", Array(ListOffsetsPartitionResponse)),
    ],
)

ListOffsetsResponse = Message(
    "ListOffsetsResponse",
    key=2,
    kind="response",
    versions="0-11",
    flexible="6+",
    fields=[
        Field("throttle_time_ms", Int32, "2+"),  # how long a quota makes the client wait
        Field("topics", Array(ListOffsetsTopicResponse)),
    ],
)
