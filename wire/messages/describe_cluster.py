"""DescribeCluster (key 60): brokers and controller of the cluster (KIP-700).

v1 brokers or controllers (KIP-919), v2 fenced brokers (KIP-1073).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int8, Int16, Int32, Message, String

DescribeClusterRequest = Message(
    "DescribeClusterRequest",
    key=60,
    kind="request",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("include_cluster_authorized_operations", Bool),  # KIP-430
        Field("endpoint_type", Int8, "1+", default=1),  # 1: brokers, 2: controllers (KIP-919)
        Field("include_fenced_brokers", Bool, "2+"),  # KIP-1073
    ],
)

DescribeClusterBroker = Group(
    "DescribeClusterBroker",
    [
        Field("broker_id", Int32),
        Field("host", String),
        Field("port", Int32),
        Field("rack", String, nullable="0+", default=None),  # broker.rack
        Field("is_fenced", Bool, "2+"),
    ],
)

DescribeClusterResponse = Message(
    "DescribeClusterResponse",
    key=60,
    kind="response",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
        Field("endpoint_type", Int8, "1+", default=1),  # 1: brokers, 2: controllers (KIP-919)
        Field("cluster_id", String),
        Field("controller_id", Int32, default=-1),
        Field("brokers", Array(DescribeClusterBroker)),
        # bit n: AclOperation n is allowed; the default: not asked for
        Field("cluster_authorized_operations", Int32, default=-(2**31)),
    ],
)
