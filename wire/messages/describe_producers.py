"""DescribeProducers (key 61): producers that wrote into partitions lately (KIP-664)."""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, String

TopicRequest = Group(
    "TopicRequest",
    [
        Field("name", String),
        Field("partition_indexes", Array(Int32)),
    ],
)

DescribeProducersRequest = Message(
    "DescribeProducersRequest",
    key=61,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("topics", Array(TopicRequest)),
    ],
)

ProducerState = Group(
    "ProducerState",
    [
        Field("producer_id", Int64),
        Field("producer_epoch", Int32),
        Field("last_sequence", Int32, default=-1),  # -1: none
        Field("last_timestamp", Int64, default=-1),
        Field("coordinator_epoch", Int32),
        Field("current_txn_start_offset", Int64, default=-1),  # -1: no open transaction
    ],
)

PartitionResponse = Group(
    "PartitionResponse",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
        Field("active_producers", Array(ProducerState)),
    ],
)

TopicResponse = Group(
    "TopicResponse",
    [
        Field("name", String),
        Field("partitions", Array(PartitionResponse)),
    ],
)

DescribeProducersResponse = Message(
    "DescribeProducersResponse",
    key=61,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("topics", Array(TopicResponse)),
    ],
)
