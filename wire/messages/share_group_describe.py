"""ShareGroupDescribe (key 77): state and members of share groups (KIP-932).

v0 was an early form that only 3.9 has.
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int16, Int32, Message, String, Uuid

ShareGroupDescribeRequest = Message(
    "ShareGroupDescribeRequest",
    key=77,
    kind="request",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("group_ids", Array(String)),
        Field("include_authorized_operations", Bool),  # KIP-430
    ],
)

TopicPartitions = Group(
    "TopicPartitions",
    [
        Field("topic_id", Uuid),
        Field("topic_name", String),
        Field("partitions", Array(Int32)),
    ],
)

Assignment = Group(
    "Assignment",
    [
        Field("topic_partitions", Array(TopicPartitions)),
    ],
)

Member = Group(
    "Member",
    [
        Field("member_id", String),
        Field("rack_id", String, nullable="0+", default=None),
        Field("member_epoch", Int32),
        Field("client_id", String),
        Field("client_host", String),
        Field("subscribed_topic_names", Array(String)),
        Field("assignment", Assignment),
    ],
)

DescribedGroup = Group(
    "DescribedGroup",
    [
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),  # KIP-1043
        Field("group_id", String),
        Field("group_state", String),  # Empty, PreparingRebalance, CompletingRebalance, Stable, Dead
        Field("group_epoch", Int32),
        Field("assignment_epoch", Int32),
        Field("assignor_name", String),
        Field("members", Array(Member)),
        # bit n: AclOperation n is allowed; the default: not asked for
        Field("authorized_operations", Int32, default=-(2**31)),
    ],
)

ShareGroupDescribeResponse = Message(
    "ShareGroupDescribeResponse",
    key=77,
    kind="response",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("groups", Array(DescribedGroup)),
    ],
)
