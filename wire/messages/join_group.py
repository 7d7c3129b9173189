"""JoinGroup (key 11): become a member of a classic group.

v1 a rebalance timeout of its own, v4 MEMBER_ID_REQUIRED (KIP-394), v5 static members (KIP-345), v6 flexible, v7 the
protocol type in the answer (KIP-559), v8 a reason (KIP-800), v9 the leader may skip the assignment (KIP-814).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Bytes, Field, Group, Int16, Int32, Message, String

JoinGroupRequestProtocol = Group(
    "JoinGroupRequestProtocol",
    [
        Field("name", String),
        Field("metadata", Bytes),  # for the assignor: of consumers a Subscription
    ],
)

JoinGroupRequest = Message(
    "JoinGroupRequest",
    key=11,
    kind="request",
    versions="0-9",
    flexible="6+",
    fields=[
        Field("group_id", String),
        Field("session_timeout_ms", Int32),  # without a heartbeat for so long, the member is out
        # how long members have to join again; -1: the session timeout
        Field("rebalance_timeout_ms", Int32, "1+", default=-1),
        Field("member_id", String),  # empty at first
        Field("group_instance_id", String, "5+", nullable="0+", default=None),  # static membership (KIP-345)
        Field("protocol_type", String),  # 'consumer', 'connect', ... the same for all members
        # assignors that the member knows, the best first
        Field("protocols", Array(JoinGroupRequestProtocol)),
        Field("reason", String, "8+", nullable="0+", default=None),  # for the broker's log (KIP-800)
    ],
)

JoinGroupResponseMember = Group(
    "JoinGroupResponseMember",
    [
        Field("member_id", String),
        Field("group_instance_id", String, "5+", nullable="0+", default=None),  # static membership (KIP-345)
        Field("metadata", Bytes),
    ],
)

JoinGroupResponse = Message(
    "JoinGroupResponse",
    key=11,
    kind="response",
    versions="0-9",
    flexible="6+",
    fields=[
        Field("throttle_time_ms", Int32, "2+"),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("generation_id", Int32, default=-1),  # -1 with an error
        Field("protocol_type", String, "7+", nullable="0+", default=None),
        Field("protocol_name", String, nullable="7+"),
        Field("leader", String),  # member id of the one who assigns
        Field("skip_assignment", Bool, "9+"),  # the leader need not assign (KIP-814)
        Field("member_id", String),  # its own; to be used from now on
        Field("members", Array(JoinGroupResponseMember)),  # for the leader only
    ],
)
