"""EndQuorumEpoch (key 54): a KRaft leader steps down (KIP-595).

v1 candidates with directory ids, endpoints (KIP-853).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Message, String, Uint16, Uuid

ReplicaInfo = Group(
    "ReplicaInfo",
    [
        Field("candidate_id", Int32),
        Field("candidate_directory_id", Uuid),
    ],
)

RequestPartitionData = Group(
    "PartitionData",
    [
        Field("partition_index", Int32),
        Field("leader_id", Int32),
        Field("leader_epoch", Int32),
        Field("preferred_successors", Array(Int32), "0"),
        Field("preferred_candidates", Array(ReplicaInfo), "1+"),
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

EndQuorumEpochRequest = Message(
    "EndQuorumEpochRequest",
    key=54,
    kind="request",
    versions="0-1",
    flexible="1+",
    fields=[
        Field("cluster_id", String, nullable="0+", default=None),
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

EndQuorumEpochResponse = Message(
    "EndQuorumEpochResponse",
    key=54,
    kind="response",
    versions="0-1",
    flexible="1+",
    fields=[
        Field("error_code", Int16),
        Field("topics", Array(ResponseTopicData)),
        Field("node_endpoints", Array(NodeEndpoint), "1+", tag=0),
    ],
)
