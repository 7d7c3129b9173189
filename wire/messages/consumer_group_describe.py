"""ConsumerGroupDescribe (key 69): state and members of consumer groups of the new protocol (KIP-848).

v1 says which protocol a member speaks (KIP-1099).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int8, Int16, Int32, Message, String, Uuid

ConsumerGroupDescribeRequest = Message(
    "ConsumerGroupDescribeRequest",
    key=69,
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
        Field("instance_id", String, nullable="0+", default=None),
        Field("rack_id", String, nullable="0+", default=None),
        Field("member_epoch", Int32),
        Field("client_id", String),
        Field("client_host", String),
        Field("subscribed_topic_names", Array(String)),
        Field("subscribed_topic_regex", String, nullable="0+", default=None),  # RE2
        Field("assignment", Assignment),
        Field("target_assignment", Assignment),  # where it is to get to
        # 0: classic protocol, 1: consumer protocol, -1: unknown (KIP-1099)
        Field("member_type", Int8, "1+", default=-1),
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

ConsumerGroupDescribeResponse = Message(
    "ConsumerGroupDescribeResponse",
    key=69,
    kind="response",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("groups", Array(DescribedGroup)),
    ],
)
