"""ControlledShutdown (key 7): a broker asks the ZooKeeper controller to take its leaderships away.

v0 has a request header without client id; v2 broker epochs (KIP-380), v3 flexible. Only brokers up to 3.9.
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, String

ControlledShutdownRequest = Message(
    "ControlledShutdownRequest",
    key=7,
    kind="request",
    versions="0-3",
    flexible="3+",
    fields=[
        Field("broker_id", Int32),
        Field("broker_epoch", Int64, "2+", default=-1),  # of the broker's registration; -1: unchecked
    ],
)

RemainingPartition = Group(
    "RemainingPartition",
    [
        Field("topic_name", String),
        Field("partition_index", Int32),
    ],
)

ControlledShutdownResponse = Message(
    "ControlledShutdownResponse",
    key=7,
    kind="response",
    versions="0-3",
    flexible="3+",
    fields=[
        Field("error_code", Int16),
        Field("remaining_partitions", Array(RemainingPartition)),  # those that the broker still leads
    ],
)
