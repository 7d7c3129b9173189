"""LeaderAndIsr (key 4): the ZooKeeper controller tells a broker what it leads and follows.

v1 new partitions, v2 grouped by topic, broker epochs (KIP-380), v3 reassignments (KIP-455), v4 flexible, v5 topic ids
(KIP-516), v6 leader recovery state (KIP-704), v7 from KRaft controllers (KIP-866). Only brokers up to 3.9.
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int8, Int16, Int32, Int64, Message, String, Uuid

LeaderAndIsrPartitionState = Group(
    "LeaderAndIsrPartitionState",
    [
        Field("topic_name", String, "0-1"),
        Field("partition_index", Int32),
        Field("controller_epoch", Int32),
        Field("leader", Int32),
        Field("leader_epoch", Int32),
        Field("isr", Array(Int32)),
        Field("partition_epoch", Int32),  # zkVersion of the state's znode, or KRaft's counter
        Field("replicas", Array(Int32)),
        Field("adding_replicas", Array(Int32), "3+"),
        Field("removing_replicas", Array(Int32), "3+"),
        Field("is_new", Bool, "1+"),
        Field("leader_recovery_state", Int8, "6+"),  # 0: recovered, 1: unclean, the log may differ (KIP-704)
    ],
)

LeaderAndIsrTopicState = Group(
    "LeaderAndIsrTopicState",
    [
        Field("topic_name", String),
        Field("topic_id", Uuid, "5+"),
        Field("partition_states", Array(LeaderAndIsrPartitionState)),
    ],
)

LeaderAndIsrLiveLeader = Group(
    "LeaderAndIsrLiveLeader",
    [
        Field("broker_id", Int32),
        Field("host_name", String),
        Field("port", Int32),
    ],
)

LeaderAndIsrRequest = Message(
    "LeaderAndIsrRequest",
    key=4,
    kind="request",
    versions="0-7",
    flexible="4+",
    fields=[
        Field("controller_id", Int32),
        Field("is_kraft_controller", Bool, "7+", kafka="isKRaftController"),  # KIP-866
        Field("controller_epoch", Int32),
        Field("ungrouped_partition_states", Array(LeaderAndIsrPartitionState), "0-1"),
        Field("broker_epoch", Int64, "2+", default=-1),  # of the broker's registration; -1: unchecked
        # 0: unknown, 1: some partitions, 2: all that the broker has (KIP-516, KIP-866)
        Field("type", Int8, "5+"),
        Field("topic_states", Array(LeaderAndIsrTopicState), "2+"),
        Field("live_leaders", Array(LeaderAndIsrLiveLeader)),
    ],
)

LeaderAndIsrPartitionError = Group(
    "LeaderAndIsrPartitionError",
    [
        Field("topic_name", String, "0-4"),
        Field("partition_index", Int32),
        Field("error_code", Int16),
    ],
)

LeaderAndIsrTopicError = Group(
    "LeaderAndIsrTopicError",
    [
        Field("topic_id", Uuid),
        Field("partition_errors", Array(LeaderAndIsrPartitionError)),
    ],
)

LeaderAndIsrResponse = Message(
    "LeaderAndIsrResponse",
    key=4,
    kind="response",
    versions="0-7",
    flexible="4+",
    fields=[
        Field("error_code", Int16),
        Field("partition_errors", Array(LeaderAndIsrPartitionError), "0-4"),
        Field("topics", Array(LeaderAndIsrTopicError), "5+"),
    ],
)
