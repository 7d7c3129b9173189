"""ShareGroupHeartbeat (key 76): a member of a share group: join, stay, leave (KIP-932).

v0 was an early form that only 3.9 has.
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Message, String, Uuid

ShareGroupHeartbeatRequest = Message(
    "ShareGroupHeartbeatRequest",
    key=76,
    kind="request",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("group_id", String),
        Field("member_id", String),
        Field("member_epoch", Int32),  # 0: join, -1: leave
        Field("rack_id", String, nullable="0+", default=None),  # null: unchanged
        Field("subscribed_topic_names", Array(String), nullable="0+", default=None),  # null: unchanged
    ],
)

TopicPartitions = Group(
    "TopicPartitions",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(Int32)),
    ],
)

Assignment = Group(
    "Assignment",
    [
        Field("topic_partitions", Array(TopicPartitions)),
    ],
)

ShareGroupHeartbeatResponse = Message(
    "ShareGroupHeartbeatResponse",
    key=76,
    kind="response",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
        Field("member_id", String, nullable="0+", default=None),
        Field("member_epoch", Int32),
        Field("heartbeat_interval_ms", Int32),  # how often the member is to call
        Field("assignment", Assignment, nullable="0+", default=None),  # null: unchanged
    ],
)
