"""LeaveGroup (key 13): members leave a classic group.

v3 several at once, also static ones (KIP-345), v4 flexible, v5 a reason (KIP-800).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Message, String

MemberIdentity = Group(
    "MemberIdentity",
    [
        Field("member_id", String),  # empty: by group_instance_id
        Field("group_instance_id", String, nullable="0+", default=None),  # static membership (KIP-345)
        Field("reason", String, "5+", nullable="0+", default=None),  # for the broker's log (KIP-800)
    ],
)

LeaveGroupRequest = Message(
    "LeaveGroupRequest",
    key=13,
    kind="request",
    versions="0-5",
    flexible="4+",
    fields=[
        Field("group_id", String),
        Field("member_id", String, "0-2"),
        Field("members", Array(MemberIdentity), "3+"),  # several at once (KIP-345)
    ],
)

MemberResponse = Group(
    "MemberResponse",
    [
        Field("member_id", String),
        Field("group_instance_id", String, nullable="0+"),  # static membership (KIP-345)
        Field("error_code", Int16),
    ],
)

LeaveGroupResponse = Message(
    "LeaveGroupResponse",
    key=13,
    kind="response",
    versions="0-5",
    flexible="4+",
    fields=[
        Field("throttle_time_ms", Int32, "1+"),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("members", Array(MemberResponse), "3+"),
    ],
)
