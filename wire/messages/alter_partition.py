"""AlterPartition (key 56): a leader tells the controller its new in-sync replicas (KIP-497).

v1 leader recovery state (KIP-704), v2 topic ids, v3 broker epochs of the replicas (KIP-903).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int8, Int16, Int32, Int64, Message, String, Uuid

BrokerState = Group(
    "BrokerState",
    [
        Field("broker_id", Int32),
        Field("broker_epoch", Int64, default=-1),  # of the broker's registration; -1: unchecked
    ],
)

RequestPartitionData = Group(
    "PartitionData",
    [
        Field("partition_index", Int32),
        Field("leader_epoch", Int32),
        Field("new_isr", Array(Int32), "0-2"),  # broker ids
        # the in-sync replicas and their registrations (KIP-903)
        Field("new_isr_with_epochs", Array(BrokerState), "3+"),
        Field("leader_recovery_state", Int8, "1+"),  # 0: recovered, 1: unclean, the log may differ (KIP-704)
        Field("partition_epoch", Int32),  # zkVersion of the state's znode, or KRaft's counter
    ],
)

RequestTopicData = Group(
    "TopicData",
    [
        Field("topic_name", String, "0-1"),
        Field("topic_id", Uuid, "2+"),
        Field("partitions", Array(RequestPartitionData)),
    ],
)

AlterPartitionRequest = Message(
    "AlterPartitionRequest",
    key=56,
    kind="request",
    versions="0-3",
    flexible="0+",
    fields=[
        Field("broker_id", Int32),
        Field("broker_epoch", Int64, default=-1),  # of the broker's registration; -1: unchecked
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
        Field("isr", Array(Int32)),
        Field("leader_recovery_state", Int8, "1+"),  # 0: recovered, 1: unclean, the log may differ (KIP-704)
        Field("partition_epoch", Int32),  # zkVersion of the state's znode, or KRaft's counter
    ],
)

ResponseTopicData = Group(
    "TopicData",
    [
        Field("topic_name", String, "0-1"),
        Field("topic_id", Uuid, "2+"),
        Field("partitions", Array(ResponsePartitionData)),
    ],
)

AlterPartitionResponse = Message(
    "AlterPartitionResponse",
    key=56,
    kind="response",
    versions="0-3",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("topics", Array(ResponseTopicData)),
    ],
)
