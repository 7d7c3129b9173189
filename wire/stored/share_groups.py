"""Share groups in __consumer_offsets (KIP-932): key types 9 to 15.

Type 9 is an early form that only 3.9 has. The state of the partitions stands elsewhere: see share_state.
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int8, Int32, Int64, Message, String, Uuid

ShareGroupPartitionMetadataKey = Message(
    "ShareGroupPartitionMetadataKey",
    key=9,
    kind="key",
    versions="9",
    flexible="none",
    fields=[
        Field("group_id", String),
    ],
)

TopicPartitionsInfo = Group(
    "TopicPartitionsInfo",
    [
        Field("topic_id", Uuid),
        Field("topic_name", String),
        Field("partitions", Array(Int32)),
    ],
)

TopicInfo = Group(
    "TopicInfo",
    [
        Field("topic_id", Uuid),
        Field("topic_name", String),
    ],
)

ShareGroupPartitionMetadataValue = Message(
    "ShareGroupPartitionMetadataValue",
    key=9,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("initialized_topics", Array(TopicPartitionsInfo)),
        Field("deleting_topics", Array(TopicInfo)),
    ],
)

ShareGroupMemberMetadataKey = Message(
    "ShareGroupMemberMetadataKey",
    key=10,
    kind="key",
    versions="10",
    flexible="none",
    fields=[
        Field("group_id", String),
        Field("member_id", String),
    ],
)

ShareGroupMemberMetadataValue = Message(
    "ShareGroupMemberMetadataValue",
    key=10,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("rack_id", String, nullable="0+"),
        Field("client_id", String),
        Field("client_host", String),
        Field("subscribed_topic_names", Array(String)),
    ],
)

ShareGroupMetadataKey = Message(
    "ShareGroupMetadataKey",
    key=11,
    kind="key",
    versions="11",
    flexible="none",
    fields=[
        Field("group_id", String),
    ],
)

ShareGroupMetadataValue = Message(
    "ShareGroupMetadataValue",
    key=11,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("epoch", Int32),
        Field("metadata_hash", Int64),  # of the subscribed topics (KIP-1101)
    ],
)

ShareGroupTargetAssignmentMetadataKey = Message(
    "ShareGroupTargetAssignmentMetadataKey",
    key=12,
    kind="key",
    versions="12",
    flexible="none",
    fields=[
        Field("group_id", String),
    ],
)

ShareGroupTargetAssignmentMetadataValue = Message(
    "ShareGroupTargetAssignmentMetadataValue",
    key=12,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("assignment_epoch", Int32),
        Field("assignment_timestamp", Int64, tag=0),
    ],
)

ShareGroupTargetAssignmentMemberKey = Message(
    "ShareGroupTargetAssignmentMemberKey",
    key=13,
    kind="key",
    versions="13",
    flexible="none",
    fields=[
        Field("group_id", String),
        Field("member_id", String),
    ],
)

TopicPartition = Group(
    "TopicPartition",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(Int32)),
    ],
)

ShareGroupTargetAssignmentMemberValue = Message(
    "ShareGroupTargetAssignmentMemberValue",
    key=13,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("topic_partitions", Array(TopicPartition)),
    ],
)

ShareGroupCurrentMemberAssignmentKey = Message(
    "ShareGroupCurrentMemberAssignmentKey",
    key=14,
    kind="key",
    versions="14",
    flexible="none",
    fields=[
        Field("group_id", String),
        Field("member_id", String),
    ],
)

TopicPartitions = Group(
    "TopicPartitions",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(Int32)),
    ],
)

ShareGroupCurrentMemberAssignmentValue = Message(
    "ShareGroupCurrentMemberAssignmentValue",
    key=14,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("member_epoch", Int32),
        Field("previous_member_epoch", Int32),
        Field("state", Int8),
        Field("assigned_partitions", Array(TopicPartitions)),
    ],
)

ShareGroupStatePartitionMetadataKey = Message(
    "ShareGroupStatePartitionMetadataKey",
    key=15,
    kind="key",
    versions="15",
    flexible="none",
    fields=[
        Field("group_id", String),
    ],
)

ShareGroupStatePartitionMetadataValue = Message(
    "ShareGroupStatePartitionMetadataValue",
    key=15,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("initializing_topics", Array(TopicPartitionsInfo)),
        Field("initialized_topics", Array(TopicPartitionsInfo)),
        Field("deleting_topics", Array(TopicInfo)),
    ],
)
