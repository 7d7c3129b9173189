"""Heartbeat (key 12): a member of a classic group is alive.

v3 static members (KIP-345), v4 flexible.
"""

from __future__ import annotations

from wire.schema import Field, Int16, Int32, Message, String

HeartbeatRequest = Message(
    "HeartbeatRequest",
    key=12,
    kind="request",
    versions="0-4",
    flexible="4+",
    fields=[
        Field("group_id", String),
        Field("generation_id", Int32),
        Field("member_id", String),
        Field("group_instance_id", String, "3+", nullable="0+", default=None),  # static membership (KIP-345)
    ],
)

HeartbeatResponse = Message(
    "HeartbeatResponse",
    key=12,
    kind="response",
    versions="0-4",
    flexible="4+",
    fields=[
        Field("throttle_time_ms", Int32, "1+"),  # how long a quota makes the client wait
        Field("error_code", Int16),
    ],
)
