"""SyncGroup (key 14): the leader hands in, each member takes its assignment.

v3 static members (KIP-345), v4 flexible, v5 protocol type and name are checked (KIP-559).
"""

from __future__ import annotations

from wire.schema import Array, Bytes, Field, Group, Int16, Int32, Message, String

SyncGroupRequestAssignment = Group(
    "SyncGroupRequestAssignment",
    [
        Field("member_id", String),
        Field("assignment", Bytes),  # for the member: of consumers an Assignment
    ],
)

SyncGroupRequest = Message(
    "SyncGroupRequest",
    key=14,
    kind="request",
    versions="0-5",
    flexible="4+",
    fields=[
        Field("group_id", String),
        Field("generation_id", Int32),
        Field("member_id", String),
        Field("group_instance_id", String, "3+", nullable="0+", default=None),  # static membership (KIP-345)
        Field("protocol_type", String, "5+", nullable="0+", default=None),  # checked if set (KIP-559)
        Field("protocol_name", String, "5+", nullable="0+", default=None),
        Field("assignments", Array(SyncGroupRequestAssignment)),  # from the leader only
    ],
)

SyncGroupResponse = Message(
    "SyncGroupResponse",
    key=14,
    kind="response",
    versions="0-5",
    flexible="4+",
    fields=[
        Field("throttle_time_ms", Int32, "1+"),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("protocol_type", String, "5+", nullable="0+", default=None),  # KIP-559
        Field("protocol_name", String, "5+", nullable="0+", default=None),
        Field("assignment", Bytes),  # this member's
    ],
)
