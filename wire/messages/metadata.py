"""Metadata (key 3): brokers, topics, partitions and their leaders.

v1 the controller, racks, null for all topics; v2 the cluster id (KIP-78); v4 auto creation by choice; v5 offline replicas
(KIP-112); v7 leader epochs (KIP-320); v8 authorized operations (KIP-430); v9 flexible; v10 topic ids (KIP-516); v11
leaves the cluster's authorized operations to DescribeCluster (KIP-700); v12 topics asked by id; v13 a code for all
(KIP-1102).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int16, Int32, Message, String, Uuid

MetadataRequestTopic = Group(
    "MetadataRequestTopic",
    [
        Field("topic_id", Uuid, "10+"),  # KIP-516; all zero: by name
        Field("name", String, nullable="10+"),  # null: by id
    ],
)

MetadataRequest = Message(
    "MetadataRequest",
    key=3,
    kind="request",
    versions="0-13",
    flexible="9+",
    fields=[
        # null: all topics (v0 cannot be null: empty means all)
        Field("topics", Array(MetadataRequestTopic), nullable="1+"),
        Field("allow_auto_topic_creation", Bool, "4+", default=True),  # KIP-204; before v4 always allowed
        Field("include_cluster_authorized_operations", Bool, "8-10"),  # KIP-430
        Field("include_topic_authorized_operations", Bool, "8+"),  # KIP-430
    ],
)

MetadataResponseBroker = Group(
    "MetadataResponseBroker",
    [
        Field("node_id", Int32),
        Field("host", String),
        Field("port", Int32),
        Field("rack", String, "1+", nullable="0+", default=None),  # broker.rack
    ],
)

MetadataResponsePartition = Group(
    "MetadataResponsePartition",
    [
        Field("error_code", Int16),
        Field("partition_index", Int32),
        Field("leader_id", Int32),  # -1: none
        Field("leader_epoch", Int32, "7+", default=-1),  # KIP-320
        Field("replica_nodes", Array(Int32)),
        Field("isr_nodes", Array(Int32)),
        Field("offline_replicas", Array(Int32), "5+"),  # on brokers or disks that are down (KIP-112)
    ],
)

MetadataResponseTopic = Group(
    "MetadataResponseTopic",
    [
        Field("error_code", Int16),
        Field("name", String, nullable="12+"),  # null: asked by an id that is unknown
        Field("topic_id", Uuid, "10+"),
        Field("is_internal", Bool, "1+"),
        Field("partitions", Array(MetadataResponsePartition)),
        # bit n: AclOperation n is allowed; the default: not asked for
        Field("topic_authorized_operations", Int32, "8+", default=-(2**31)),
    ],
)

MetadataResponse = Message(
    "MetadataResponse",
    key=3,
    kind="response",
    versions="0-13",
    flexible="9+",
    fields=[
        Field("throttle_time_ms", Int32, "3+"),  # how long a quota makes the client wait
        Field("brokers", Array(MetadataResponseBroker)),
        Field("cluster_id", String, "2+", nullable="0+", default=None),
        Field("controller_id", Int32, "1+", default=-1),  # -1: none known
        Field("topics", Array(MetadataResponseTopic)),
        # bit n: AclOperation n is allowed; the default: not asked for
        Field("cluster_authorized_operations", Int32, "8-10", default=-(2**31)),
        Field("error_code", Int16, "13+"),  # REBOOTSTRAP_REQUIRED (KIP-1102)
    ],
)
