"""Consumer groups of the new protocol in __consumer_offsets (KIP-848): key types 3 to 8 and 16.

A group is its epoch (3), the partition counts it was assigned with (4, up to 3.9), its members (5), the target assignment as
a whole and for each member (6, 7), what each member holds now (8), and its resolved regular expressions (16). A record
without value deletes.
"""

from __future__ import annotations

from wire.schema import Array, Bytes, Field, Group, Int8, Int32, Int64, Message, String, Uuid

ConsumerGroupMetadataKey = Message(
    "ConsumerGroupMetadataKey",
    key=3,
    kind="key",
    versions="3",
    flexible="none",
    fields=[
        Field("group_id", String),
    ],
)

ConsumerGroupMetadataValue = Message(
    "ConsumerGroupMetadataValue",
    key=3,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("epoch", Int32),  # of the group
        Field("metadata_hash", Int64, tag=0),  # of the subscribed topics (KIP-1101); 0: none
    ],
)

ConsumerGroupPartitionMetadataKey = Message(
    "ConsumerGroupPartitionMetadataKey",
    key=4,
    kind="key",
    versions="4",
    flexible="none",
    fields=[
        Field("group_id", String),
    ],
)

PartitionMetadata = Group(
    "PartitionMetadata",
    [
        Field("partition", Int32),
        Field("racks", Array(String)),
    ],
)

TopicMetadata = Group(
    "TopicMetadata",
    [
        Field("topic_id", Uuid),
        Field("topic_name", String),
        Field("num_partitions", Int32),
        Field("partition_metadata", Array(PartitionMetadata)),
    ],
)

ConsumerGroupPartitionMetadataValue = Message(
    "ConsumerGroupPartitionMetadataValue",
    key=4,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("topics", Array(TopicMetadata)),
    ],
)

ConsumerGroupMemberMetadataKey = Message(
    "ConsumerGroupMemberMetadataKey",
    key=5,
    kind="key",
    versions="5",
    flexible="none",
    fields=[
        Field("group_id", String),
        Field("member_id", String),
    ],
)

ClassicProtocol = Group(
    "ClassicProtocol",
    [
        Field("name", String),
        Field("metadata", Bytes),
    ],
)

ClassicMemberMetadata = Group(
    "ClassicMemberMetadata",
    [
        Field("session_timeout_ms", Int32),
        Field("supported_protocols", Array(ClassicProtocol)),
    ],
)

ConsumerGroupMemberMetadataValue = Message(
    "ConsumerGroupMemberMetadataValue",
    key=5,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("instance_id", String, nullable="0+"),
        Field("rack_id", String, nullable="0+"),
        Field("client_id", String),
        Field("client_host", String),
        Field("subscribed_topic_names", Array(String)),
        Field("subscribed_topic_regex", String, nullable="0+"),  # RE2
        Field("rebalance_timeout_ms", Int32, default=-1),  # -1: unset
        Field("server_assignor", String, nullable="0+"),
        # if it speaks the classic protocol; else None, and that is written: an absent tag is an empty struct to Kafka
        Field("classic_member_metadata", ClassicMemberMetadata, nullable="0+", tag=0),
    ],
)

ConsumerGroupTargetAssignmentMetadataKey = Message(
    "ConsumerGroupTargetAssignmentMetadataKey",
    key=6,
    kind="key",
    versions="6",
    flexible="none",
    fields=[
        Field("group_id", String),
    ],
)

ConsumerGroupTargetAssignmentMetadataValue = Message(
    "ConsumerGroupTargetAssignmentMetadataValue",
    key=6,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("assignment_epoch", Int32),
        Field("assignment_timestamp", Int64, tag=0),
    ],
)

ConsumerGroupTargetAssignmentMemberKey = Message(
    "ConsumerGroupTargetAssignmentMemberKey",
    key=7,
    kind="key",
    versions="7",
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

ConsumerGroupTargetAssignmentMemberValue = Message(
    "ConsumerGroupTargetAssignmentMemberValue",
    key=7,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("topic_partitions", Array(TopicPartition)),
    ],
)

ConsumerGroupCurrentMemberAssignmentKey = Message(
    "ConsumerGroupCurrentMemberAssignmentKey",
    key=8,
    kind="key",
    versions="8",
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
        Field(
            "assignment_epochs", Array(Int32), nullable="0+", tag=0
        ),  # since when each is assigned; none: member_epoch
    ],
)

ConsumerGroupCurrentMemberAssignmentValue = Message(
    "ConsumerGroupCurrentMemberAssignmentValue",
    key=8,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("member_epoch", Int32),
        Field("previous_member_epoch", Int32),  # fences answers that got lost
        Field("state", Int8),  # MemberState: 0 stable, 1 unrevoked partitions, 2 unreleased partitions
        Field("assigned_partitions", Array(TopicPartitions)),
        Field("partitions_pending_revocation", Array(TopicPartitions)),
    ],
)

ConsumerGroupRegularExpressionKey = Message(
    "ConsumerGroupRegularExpressionKey",
    key=16,
    kind="key",
    versions="16",
    flexible="none",
    fields=[
        Field("group_id", String),
        Field("regular_expression", String),
    ],
)

ConsumerGroupRegularExpressionValue = Message(
    "ConsumerGroupRegularExpressionValue",
    key=16,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("topics", Array(String)),  # that match
        Field("version", Int64),  # offset of the metadata that it was resolved with
        Field("timestamp", Int64),
    ],
)
