"""ConsumerGroupHeartbeat (key 68): a member of a consumer group of the new protocol: join, stay, leave (KIP-848).

v1 regular expressions, and the client picks its member id (KIP-848, KIP-1082).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Message, String, Uuid

TopicPartitions = Group(
    "TopicPartitions",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(Int32)),
    ],
)

ConsumerGroupHeartbeatRequest = Message(
    "ConsumerGroupHeartbeatRequest",
    key=68,
    kind="request",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("group_id", String),
        Field("member_id", String),  # chosen by the client (v0: empty at first)
        Field("member_epoch", Int32),  # 0: join, -1: leave, -2: a static member will be back
        Field("instance_id", String, nullable="0+", default=None),  # null: unchanged
        Field("rack_id", String, nullable="0+", default=None),  # null: unchanged
        Field("rebalance_timeout_ms", Int32, default=-1),  # to give partitions back; -1: unchanged
        Field("subscribed_topic_names", Array(String), nullable="0+", default=None),  # null: unchanged
        Field("subscribed_topic_regex", String, "1+", nullable="0+", default=None),  # RE2; null: unchanged
        Field("server_assignor", String, nullable="0+", default=None),  # null: the group's choice
        # what the member holds; null: unchanged
        Field("topic_partitions", Array(TopicPartitions), nullable="0+", default=None),
    ],
)

Assignment = Group(
    "Assignment",
    [
        Field("topic_partitions", Array(TopicPartitions)),
    ],
)

ConsumerGroupHeartbeatResponse = Message(
    "ConsumerGroupHeartbeatResponse",
    key=68,
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
