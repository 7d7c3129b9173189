"""OffsetFetch (key 9): committed offsets of groups.

v0 reads them from ZooKeeper, v1 from __consumer_offsets. v2 all topics and a code for the group, v5 leader epochs (KIP-320),
v6 flexible, v7 stable offsets only (KIP-447), v8 several groups (KIP-709), v9 the new group protocol (KIP-848), v10 topic
ids.
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int16, Int32, Int64, Message, String, Uuid

OffsetFetchRequestTopic = Group(
    "OffsetFetchRequestTopic",
    [
        Field("name", String),
        Field("partition_indexes", Array(Int32)),
    ],
)

OffsetFetchRequestTopics = Group(
    "OffsetFetchRequestTopics",
    [
        Field("name", String, "8-9"),
        Field("topic_id", Uuid, "10+"),
        Field("partition_indexes", Array(Int32)),
    ],
)

OffsetFetchRequestGroup = Group(
    "OffsetFetchRequestGroup",
    [
        Field("group_id", String),
        # of the new protocol (KIP-848); null or empty: not a member
        Field("member_id", String, "9+", nullable="0+", default=None),
        Field("member_epoch", Int32, "9+", default=-1),  # -1: not a member
        Field("topics", Array(OffsetFetchRequestTopics), nullable="0+"),  # null: all that the group committed
    ],
)

OffsetFetchRequest = Message(
    "OffsetFetchRequest",
    key=9,
    kind="request",
    versions="0-10",
    flexible="6+",
    fields=[
        Field("group_id", String, "0-7"),
        # null: all that the group committed
        Field("topics", Array(OffsetFetchRequestTopic), "0-7", nullable="2+"),
        Field("groups", Array(OffsetFetchRequestGroup), "8+"),  # several groups at once (KIP-709)
        Field("require_stable", Bool, "7+"),  # refuse offsets of open transactions (KIP-447)
    ],
)

OffsetFetchResponsePartition = Group(
    "OffsetFetchResponsePartition",
    [
        Field("partition_index", Int32),
        Field("committed_offset", Int64),  # -1: none
        Field("committed_leader_epoch", Int32, "5+", default=-1),  # -1: unknown
        Field("metadata", String, nullable="0+"),
        Field("error_code", Int16),
    ],
)

OffsetFetchResponseTopic = Group(
    "OffsetFetchResponseTopic",
    [
        Field("name", String),
        Field("partitions", Array(OffsetFetchResponsePartition)),
    ],
)

OffsetFetchResponsePartitions = Group(
    "OffsetFetchResponsePartitions",
    [
        Field("partition_index", Int32),
        Field("committed_offset", Int64),  # -1: none
        Field("committed_leader_epoch", Int32, default=-1),  # -1: unknown
        Field("metadata", String, nullable="0+"),
        Field("error_code", Int16),
    ],
)

OffsetFetchResponseTopics = Group(
    "OffsetFetchResponseTopics",
    [
        Field("name", String, "8-9"),
        Field("topic_id", Uuid, "10+"),
        Field("partitions", Array(OffsetFetchResponsePartitions)),
    ],
)

OffsetFetchResponseGroup = Group(
    "OffsetFetchResponseGroup",
    [
        Field("group_id", String),
        Field("topics", Array(OffsetFetchResponseTopics)),
        Field("error_code", Int16),
    ],
)

OffsetFetchResponse = Message(
    "OffsetFetchResponse",
    key=9,
    kind="response",
    versions="0-10",
    flexible="6+",
    fields=[
        Field("throttle_time_ms", Int32, "3+"),  # how long a quota makes the client wait
        Field("topics", Array(OffsetFetchResponseTopic), "0-7"),
        Field("error_code", Int16, "2-7"),
        Field("groups", Array(OffsetFetchResponseGroup), "8+"),
    ],
)
