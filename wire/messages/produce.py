"""Produce (key 0): record batches into partitions.

v3 carries the record batches of KIP-98; before, message sets. v7 allows zstd (KIP-110), v8 names the bad records
(KIP-467), v9 is flexible, v10 names new leaders (KIP-951), v11 lets a client know TRANSACTION_ABORTABLE (KIP-890), v12
adds partitions to transactions by itself (KIP-890), v13 has topic ids for names (KIP-516).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, Records, String, Uuid

PartitionProduceData = Group(
    "PartitionProduceData",
    [
        Field("index", Int32),
        Field("records", Records, nullable="0+"),  # exactly one batch (since v3), null is refused
    ],
)

TopicProduceData = Group(
    "TopicProduceData",
    [
        Field("name", String, "0-12"),
        Field("topic_id", Uuid, "13+"),  # KIP-516
        Field("partition_data", Array(PartitionProduceData)),
    ],
)

ProduceRequest = Message(
    "ProduceRequest",
    key=0,
    kind="request",
    versions="0-13",
    flexible="9+",
    fields=[
        # null unless the batches belong to a transaction
        Field("transactional_id", String, "3+", nullable="0+", default=None),
        Field("acks", Int16),  # 0: no answer, 1: the leader, -1: all in-sync replicas
        Field("timeout_ms", Int32),  # how long the leader may wait for acks=-1
        Field("topic_data", Array(TopicProduceData)),
    ],
)

BatchIndexAndErrorMessage = Group(
    "BatchIndexAndErrorMessage",
    [
        Field("batch_index", Int32),  # the record's place in its batch, from 0
        Field("batch_index_error_message", String, nullable="0+", default=None),
    ],
)

LeaderIdAndEpoch = Group(
    "LeaderIdAndEpoch",
    [
        Field("leader_id", Int32, default=-1),  # -1: unknown
        Field("leader_epoch", Int32, default=-1),
    ],
)

PartitionProduceResponse = Group(
    "PartitionProduceResponse",
    [
        Field("index", Int32),
        Field("error_code", Int16),
        Field("base_offset", Int64),  # of the first record; of the first append, if this was a duplicate
        Field("log_append_time_ms", Int64, "2+", default=-1),  # -1: the topic keeps the producer's timestamps
        Field("log_start_offset", Int64, "5+", default=-1),
        # which records made the batch invalid (KIP-467)
        Field("record_errors", Array(BatchIndexAndErrorMessage), "8+"),
        Field("error_message", String, "8+", nullable="0+", default=None),  # what they have in common
        Field("current_leader", LeaderIdAndEpoch, "10+", tag=0),  # with NOT_LEADER_OR_FOLLOWER (KIP-951)
    ],
)

TopicProduceResponse = Group(
    "TopicProduceResponse",
    [
        Field("name", String, "0-12"),
        Field("topic_id", Uuid, "13+"),
        Field("partition_responses", Array(PartitionProduceResponse)),
    ],
)

NodeEndpoint = Group(
    "NodeEndpoint",
    [
        Field("node_id", Int32),
        Field("host", String),
        Field("port", Int32),
        Field("rack", String, nullable="0+", default=None),  # broker.rack
    ],
)

ProduceResponse = Message(
    "ProduceResponse",
    key=0,
    kind="response",
    versions="0-13",
    flexible="9+",
    fields=[
        Field("responses", Array(TopicProduceResponse)),
        Field("throttle_time_ms", Int32, "1+"),  # how long a quota makes the client wait
        # addresses of the leaders named above (KIP-951)
        Field("node_endpoints", Array(NodeEndpoint), "10+", tag=0),
    ],
)
