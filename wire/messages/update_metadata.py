"""UpdateMetadata (key 6): the ZooKeeper controller tells brokers about topics and brokers.

v1 several endpoints, v2 racks, v3 listener names, v4 offline replicas, v5 grouped by topic, broker epochs (KIP-380), v6
flexible, v7 topic ids (KIP-516), v8 from KRaft controllers (KIP-866). Only brokers up to 3.9.
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int8, Int16, Int32, Int64, Message, String, Uuid

UpdateMetadataPartitionState = Group(
    "UpdateMetadataPartitionState",
    [
        Field("topic_name", String, "0-4"),
        Field("partition_index", Int32),
        Field("controller_epoch", Int32),
        Field("leader", Int32),
        Field("leader_epoch", Int32),
        Field("isr", Array(Int32)),
        Field("zk_version", Int32),
        Field("replicas", Array(Int32)),
        Field("offline_replicas", Array(Int32), "4+"),
    ],
)

UpdateMetadataTopicState = Group(
    "UpdateMetadataTopicState",
    [
        Field("topic_name", String),
        Field("topic_id", Uuid, "7+"),
        Field("partition_states", Array(UpdateMetadataPartitionState)),
    ],
)

UpdateMetadataEndpoint = Group(
    "UpdateMetadataEndpoint",
    [
        Field("port", Int32),
        Field("host", String),
        Field("listener", String, "3+"),
        Field("security_protocol", Int16),  # 0: PLAINTEXT, 1: SSL, 2: SASL_PLAINTEXT, 3: SASL_SSL
    ],
)

UpdateMetadataBroker = Group(
    "UpdateMetadataBroker",
    [
        Field("id", Int32),
        Field("v0_host", String, "0"),
        Field("v0_port", Int32, "0"),
        Field("endpoints", Array(UpdateMetadataEndpoint), "1+"),
        Field("rack", String, "2+", nullable="0+"),  # broker.rack
    ],
)

UpdateMetadataRequest = Message(
    "UpdateMetadataRequest",
    key=6,
    kind="request",
    versions="0-8",
    flexible="6+",
    fields=[
        Field("controller_id", Int32),
        Field("is_kraft_controller", Bool, "8+", kafka="isKRaftController"),  # KIP-866
        Field("type", Int8, "8+", tag=0),  # 0: unknown, 1: some partitions, 2: all (KIP-866)
        Field("controller_epoch", Int32),
        Field("ungrouped_partition_states", Array(UpdateMetadataPartitionState), "0-4"),
        Field("broker_epoch", Int64, "5+", default=-1),  # of the broker's registration; -1: unchecked
        Field("topic_states", Array(UpdateMetadataTopicState), "5+"),
        Field("live_brokers", Array(UpdateMetadataBroker)),
    ],
)

UpdateMetadataResponse = Message(
    "UpdateMetadataResponse",
    key=6,
    kind="response",
    versions="0-8",
    flexible="6+",
    fields=[
        Field("error_code", Int16),
    ],
)
