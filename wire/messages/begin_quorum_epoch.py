"""BeginQuorumEpoch (key 53): a new KRaft leader announces itself to the voters (KIP-595).

v1 directory ids and endpoints (KIP-853).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Message, String, Uint16, Uuid

RequestPartitionData = Group(
    "PartitionData",
    [
        Field("partition_index", Int32),
        Field("voter_directory_id", Uuid, "1+"),  # log directory of the voter (KIP-853)
        Field("leader_id", Int32),
        Field("leader_epoch", Int32),
    ],
)

RequestTopicData = Group(
    "TopicData",
    [
        Field("topic_name", String),
        Field("partitions", Array(RequestPartitionData)),
    ],
)

LeaderEndpoint = Group(
    "LeaderEndpoint",
    [
        Field("name", String),
        Field("host", String),
        Field("port", Uint16),
    ],
)

BeginQuorumEpochRequest = Message(
    "BeginQuorumEpochRequest",
    key=53,
    kind="request",
    versions="0-1",
    flexible="1+",
    fields=[
        Field("cluster_id", String, nullable="0+", default=None),
        Field("voter_id", Int32, "1+", default=-1),
        Field("topics", Array(RequestTopicData)),
        Field("leader_endpoints", Array(LeaderEndpoint), "1+"),
    ],
)

ResponsePartitionData = Group(
    "PartitionData",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
        Field("leader_id", Int32),
        Field("leader_epoch", Int32),
    ],
)

ResponseTopicData = Group(
    "TopicData",
    [
        Field("topic_name", String),
        Field("partitions", Array(ResponsePartitionData)),
    ],
)

NodeEndpoint = Group(
    "NodeEndpoint",
    [
        Field("node_id", Int32),
        Field("host", String),
        Field("port", Uint16),
    ],
)

BeginQuorumEpochResponse = Message(
    "BeginQuorumEpochResponse",
    key=53,
    kind="response",
    versions="0-1",
    flexible="1+",
    fields=[
        Field("error_code", Int16),
        Field("topics", Array(ResponseTopicData)),
        Field("node_endpoints", Array(NodeEndpoint), "1+", tag=0),
    ],
)
