"""What consumers of a classic group tell each other through JoinGroup and SyncGroup.

In front of each stands its version, an int16; who meets a newer one reads it as the newest known. No version is flexible.
The broker looks inside only to tell which topics a group consumes.
"""

from __future__ import annotations

from wire.schema import Array, Bytes, Field, Group, Int32, Message, String

TopicPartition = Group(
    "TopicPartition",
    [
        Field("topic", String),
        Field("partitions", Array(Int32)),
    ],
)

ConsumerProtocolSubscription = Message(
    "ConsumerProtocolSubscription",
    key=None,
    kind="data",
    versions="0-3",
    flexible="none",
    fields=[
        Field("topics", Array(String)),
        Field("user_data", Bytes, nullable="0+", default=None),  # the assignor's own
        Field("owned_partitions", Array(TopicPartition), "1+"),  # what it holds now (KIP-429)
        Field("generation_id", Int32, "2+", default=-1),  # of what it holds (KIP-792); -1: unknown
        Field("rack_id", String, "3+", nullable="0+", default=None),  # KIP-881
    ],
)

ConsumerProtocolAssignment = Message(
    "ConsumerProtocolAssignment",
    key=None,
    kind="data",
    versions="0-3",
    flexible="none",
    fields=[
        Field("assigned_partitions", Array(TopicPartition)),
        Field("user_data", Bytes, nullable="0+", default=None),  # the assignor's own
    ],
)
