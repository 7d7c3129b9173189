"""DescribeGroups (key 15): state and members of classic groups.

v3 authorized operations (KIP-430), v4 static members (KIP-345), v5 flexible, v6 GROUP_ID_NOT_FOUND and why
(KIP-1043).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Bytes, Field, Group, Int16, Int32, Message, String

DescribeGroupsRequest = Message(
    "DescribeGroupsRequest",
    key=15,
    kind="request",
    versions="0-6",
    flexible="5+",
    fields=[
        Field("groups", Array(String)),
        Field("include_authorized_operations", Bool, "3+"),  # KIP-430
    ],
)

DescribedGroupMember = Group(
    "DescribedGroupMember",
    [
        Field("member_id", String),
        Field("group_instance_id", String, "4+", nullable="0+", default=None),  # static membership (KIP-345)
        Field("client_id", String),
        Field("client_host", String),
        Field("member_metadata", Bytes),
        Field("member_assignment", Bytes),
    ],
)

DescribedGroup = Group(
    "DescribedGroup",
    [
        Field("error_code", Int16),
        Field("error_message", String, "6+", nullable="0+", default=None),  # KIP-1043
        Field("group_id", String),
        Field("group_state", String),  # Empty, PreparingRebalance, CompletingRebalance, Stable, Dead
        Field("protocol_type", String),
        Field("protocol_data", String),  # the assignor, if Stable
        Field("members", Array(DescribedGroupMember)),
        # bit n: AclOperation n is allowed; the default: not asked for
        Field("authorized_operations", Int32, "3+", default=-(2**31)),
    ],
)

DescribeGroupsResponse = Message(
    "DescribeGroupsResponse",
    key=15,
    kind="response",
    versions="0-6",
    flexible="5+",
    fields=[
        Field("throttle_time_ms", Int32, "1+"),  # how long a quota makes the client wait
        Field("groups", Array(DescribedGroup)),
    ],
)
