"""Streams groups in __consumer_offsets (KIP-1071): key types 17 and 19 to 23."""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int8, Int16, Int32, Int64, Message, String, Uint16

StreamsGroupMetadataKey = Message(
    "StreamsGroupMetadataKey",
    key=17,
    kind="key",
    versions="17",
    flexible="none",
    fields=[
        Field("group_id", String),
    ],
)

LastAssignmentConfig = Group(
    "LastAssignmentConfig",
    [
        Field("key", String),
        Field("value", String),
    ],
)

StreamsGroupMetadataValue = Message(
    "StreamsGroupMetadataValue",
    key=17,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("epoch", Int32),
        Field("metadata_hash", Int64),  # of the topology's topics (KIP-1101)
        Field("validated_topology_epoch", Int32, tag=0, default=-1),  # -1: none yet
        # what the last assignment was made with
        Field("last_assignment_configs", Array(LastAssignmentConfig), nullable="0+", tag=1),
    ],
)

StreamsGroupMemberMetadataKey = Message(
    "StreamsGroupMemberMetadataKey",
    key=19,
    kind="key",
    versions="19",
    flexible="none",
    fields=[
        Field("group_id", String),
        Field("member_id", String),
    ],
)

Endpoint = Group(
    "Endpoint",
    [
        Field("host", String),
        Field("port", Uint16),
    ],
)

KeyValue = Group(
    "KeyValue",
    [
        Field("key", String),
        Field("value", String),
    ],
)

StreamsGroupMemberMetadataValue = Message(
    "StreamsGroupMemberMetadataValue",
    key=19,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("instance_id", String, nullable="0+"),
        Field("rack_id", String, nullable="0+"),
        Field("client_id", String),
        Field("client_host", String),
        # how long members have to join again; -1: the session timeout
        Field("rebalance_timeout_ms", Int32, default=-1),
        Field("topology_epoch", Int32),
        Field("process_id", String),  # one per instance of the application
        # where other instances can query its state
        Field("user_endpoint", Endpoint, nullable="0+", default=None),
        Field("client_tags", Array(KeyValue)),  # rack and zone tags of the instance
    ],
)

StreamsGroupTargetAssignmentMetadataKey = Message(
    "StreamsGroupTargetAssignmentMetadataKey",
    key=20,
    kind="key",
    versions="20",
    flexible="none",
    fields=[
        Field("group_id", String),
    ],
)

StreamsGroupTargetAssignmentMetadataValue = Message(
    "StreamsGroupTargetAssignmentMetadataValue",
    key=20,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("assignment_epoch", Int32),
        Field("assignment_timestamp", Int64, tag=0),
    ],
)

StreamsGroupTargetAssignmentMemberKey = Message(
    "StreamsGroupTargetAssignmentMemberKey",
    key=21,
    kind="key",
    versions="21",
    flexible="none",
    fields=[
        Field("group_id", String),
        Field("member_id", String),
    ],
)

TaskIds = Group(
    "TaskIds",
    [
        Field("subtopology_id", String),
        Field("partitions", Array(Int32)),
    ],
)

StreamsGroupTargetAssignmentMemberValue = Message(
    "StreamsGroupTargetAssignmentMemberValue",
    key=21,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("active_tasks", Array(TaskIds)),
        Field("standby_tasks", Array(TaskIds)),
        Field("warmup_tasks", Array(TaskIds)),
    ],
)

StreamsGroupCurrentMemberAssignmentKey = Message(
    "StreamsGroupCurrentMemberAssignmentKey",
    key=22,
    kind="key",
    versions="22",
    flexible="none",
    fields=[
        Field("group_id", String),
        Field("member_id", String),
    ],
)

StreamsGroupCurrentMemberAssignmentTaskIds = Group(
    "TaskIds",
    [
        Field("subtopology_id", String),
        Field("partitions", Array(Int32)),
        Field("assignment_epochs", Array(Int32), nullable="0+", tag=0),
    ],
)

StreamsGroupCurrentMemberAssignmentValue = Message(
    "StreamsGroupCurrentMemberAssignmentValue",
    key=22,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("member_epoch", Int32),
        Field("previous_member_epoch", Int32),
        Field("state", Int8),
        Field("active_tasks", Array(StreamsGroupCurrentMemberAssignmentTaskIds)),
        Field("standby_tasks", Array(StreamsGroupCurrentMemberAssignmentTaskIds)),
        Field("warmup_tasks", Array(StreamsGroupCurrentMemberAssignmentTaskIds)),
        Field("active_tasks_pending_revocation", Array(StreamsGroupCurrentMemberAssignmentTaskIds)),
        Field("standby_tasks_pending_revocation", Array(StreamsGroupCurrentMemberAssignmentTaskIds)),
        Field("warmup_tasks_pending_revocation", Array(StreamsGroupCurrentMemberAssignmentTaskIds)),
    ],
)

StreamsGroupTopologyKey = Message(
    "StreamsGroupTopologyKey",
    key=23,
    kind="key",
    versions="23",
    flexible="none",
    fields=[
        Field("group_id", String),
    ],
)

TopicConfig = Group(
    "TopicConfig",
    [
        Field("key", String, kafka="key"),
        Field("value", String, kafka="value"),
    ],
)

TopicInfo = Group(
    "TopicInfo",
    [
        Field("name", String),
        Field("partitions", Int32),
        Field("replication_factor", Int16),
        Field("topic_configs", Array(TopicConfig)),
    ],
)

CopartitionGroup = Group(
    "CopartitionGroup",
    [
        Field("source_topics", Array(Int16)),  # indexes into the subtopology's lists
        Field("source_topic_regex", Array(Int16)),
        Field("repartition_source_topics", Array(Int16)),
    ],
)

Subtopology = Group(
    "Subtopology",
    [
        Field("subtopology_id", String),
        Field("source_topics", Array(String)),
        Field("source_topic_regex", Array(String)),
        Field("state_changelog_topics", Array(TopicInfo)),
        Field("repartition_sink_topics", Array(String)),
        Field("repartition_source_topics", Array(TopicInfo)),
        Field("copartition_groups", Array(CopartitionGroup)),
    ],
)

StreamsGroupTopologyValue = Message(
    "StreamsGroupTopologyValue",
    key=23,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("epoch", Int32),
        Field("subtopologies", Array(Subtopology)),
    ],
)
