"""Vote (key 52): a KRaft candidate asks for votes (KIP-595).

v1 directory ids and endpoints (KIP-853), v2 pre-votes (KIP-996). The field names of v0 and v1 are those of 4.x.
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int16, Int32, Int64, Message, String, Uint16, Uuid

RequestPartitionData = Group(
    "PartitionData",
    [
        Field("partition_index", Int32),
        Field("replica_epoch", Int32),
        Field("replica_id", Int32),
        Field("replica_directory_id", Uuid, "1+"),  # log directory of the replica (KIP-853)
        Field("voter_directory_id", Uuid, "1+"),  # log directory of the voter (KIP-853)
        Field("last_offset_epoch", Int32),
        Field("last_offset", Int64),
        Field("pre_vote", Bool, "2+"),  # would you vote for me? changes nothing (KIP-996)
    ],
)

RequestTopicData = Group(
    "TopicData",
    [
        Field("topic_name", String),
        Field("partitions", Array(RequestPartitionData)),
    ],
)

VoteRequest = Message(
    "VoteRequest",
    key=52,
    kind="request",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("cluster_id", String, nullable="0+", default=None),
        Field("voter_id", Int32, "1+", default=-1),
        Field("topics", Array(RequestTopicData)),
    ],
)

ResponsePartitionData = Group(
    "PartitionData",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
        Field("leader_id", Int32),
        Field("leader_epoch", Int32),
        Field("vote_granted", Bool),
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

VoteResponse = Message(
    "VoteResponse",
    key=52,
    kind="response",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("error_code", Int16),
        Field("topics", Array(ResponseTopicData)),
        Field("node_endpoints", Array(NodeEndpoint), "1+", tag=0),
    ],
)
