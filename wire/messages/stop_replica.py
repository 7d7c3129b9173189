"""StopReplica (key 5): the ZooKeeper controller stops or removes replicas.

v1 grouped by topic, broker epochs (KIP-380), v2 flexible, v3 leader epochs (KIP-570), v4 from KRaft controllers
(KIP-866). Only brokers up to 3.9.
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int16, Int32, Int64, Message, String

StopReplicaPartitionV0 = Group(
    "StopReplicaPartitionV0",
    [
        Field("topic_name", String),
        Field("partition_index", Int32),
    ],
)

StopReplicaTopicV1 = Group(
    "StopReplicaTopicV1",
    [
        Field("name", String),
        Field("partition_indexes", Array(Int32)),
    ],
)

StopReplicaPartitionState = Group(
    "StopReplicaPartitionState",
    [
        Field("partition_index", Int32),
        Field("leader_epoch", Int32, default=-1),
        Field("delete_partition", Bool),  # remove the log too
    ],
)

StopReplicaTopicState = Group(
    "StopReplicaTopicState",
    [
        Field("topic_name", String),
        Field("partition_states", Array(StopReplicaPartitionState)),
    ],
)

StopReplicaRequest = Message(
    "StopReplicaRequest",
    key=5,
    kind="request",
    versions="0-4",
    flexible="2+",
    fields=[
        Field("controller_id", Int32),
        Field("is_kraft_controller", Bool, "4+", kafka="isKRaftController"),  # KIP-866
        Field("controller_epoch", Int32),
        Field("broker_epoch", Int64, "1+", default=-1),  # of the broker's registration; -1: unchecked
        Field("delete_partitions", Bool, "0-2"),
        Field("ungrouped_partitions", Array(StopReplicaPartitionV0), "0"),
        Field("topics", Array(StopReplicaTopicV1), "1-2"),
        Field("topic_states", Array(StopReplicaTopicState), "3+"),
    ],
)

StopReplicaPartitionError = Group(
    "StopReplicaPartitionError",
    [
        Field("topic_name", String),
        Field("partition_index", Int32),
        Field("error_code", Int16),
    ],
)

StopReplicaResponse = Message(
    "StopReplicaResponse",
    key=5,
    kind="response",
    versions="0-4",
    flexible="2+",
    fields=[
        Field("error_code", Int16),
        Field("partition_errors", Array(StopReplicaPartitionError)),
    ],
)
