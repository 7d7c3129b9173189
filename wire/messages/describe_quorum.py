"""DescribeQuorum (key 55): voters and observers of the KRaft quorum (KIP-595).

v1 times (KIP-836), v2 directory ids, addresses and messages (KIP-853).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, String, Uint16, Uuid

RequestPartitionData = Group(
    "PartitionData",
    [
        Field("partition_index", Int32),
    ],
)

RequestTopicData = Group(
    "TopicData",
    [
        Field("topic_name", String),
        Field("partitions", Array(RequestPartitionData)),
    ],
)

DescribeQuorumRequest = Message(
    "DescribeQuorumRequest",
    key=55,
    kind="request",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("topics", Array(RequestTopicData)),
    ],
)

ReplicaState = Group(
    "ReplicaState",
    [
        Field("replica_id", Int32),  # -1: a consumer
        Field("replica_directory_id", Uuid, "2+"),  # log directory of the replica (KIP-853)
        Field("log_end_offset", Int64),
        Field("last_fetch_timestamp", Int64, "1+", default=-1),  # ms; -1: unknown (KIP-836)
        Field("last_caught_up_timestamp", Int64, "1+", default=-1),  # ms; -1: unknown (KIP-836)
    ],
)

ResponsePartitionData = Group(
    "PartitionData",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
        Field("error_message", String, "2+", nullable="0+"),
        Field("leader_id", Int32),
        Field("leader_epoch", Int32),
        Field("high_watermark", Int64),
        Field("current_voters", Array(ReplicaState)),
        Field("observers", Array(ReplicaState)),
    ],
)

ResponseTopicData = Group(
    "TopicData",
    [
        Field("topic_name", String),
        Field("partitions", Array(ResponsePartitionData)),
    ],
)

Listener = Group(
    "Listener",
    [
        Field("name", String),
        Field("host", String),
        Field("port", Uint16),
    ],
)

Node = Group(
    "Node",
    [
        Field("node_id", Int32),
        Field("listeners", Array(Listener)),
    ],
)

DescribeQuorumResponse = Message(
    "DescribeQuorumResponse",
    key=55,
    kind="response",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("error_code", Int16),
        Field("error_message", String, "2+", nullable="0+"),
        Field("topics", Array(ResponseTopicData)),
        Field("nodes", Array(Node), "2+"),
    ],
)
