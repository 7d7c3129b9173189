"""StreamsGroupDescribe (key 89): state, topology and members of streams groups (KIP-1071)."""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int16, Int32, Int64, Message, String, Uint16

StreamsGroupDescribeRequest = Message(
    "StreamsGroupDescribeRequest",
    key=89,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("group_ids", Array(String)),
        Field("include_authorized_operations", Bool),  # KIP-430
    ],
)

KeyValue = Group(
    "KeyValue",
    [
        Field("key", String),
        Field("value", String),
    ],
)

TopicInfo = Group(
    "TopicInfo",
    [
        Field("name", String),
        Field("partitions", Int32),
        Field("replication_factor", Int16),
        Field("topic_configs", Array(KeyValue)),
    ],
)

Subtopology = Group(
    "Subtopology",
    [
        Field("subtopology_id", String),
        Field("source_topics", Array(String)),
        Field("repartition_sink_topics", Array(String)),
        Field("state_changelog_topics", Array(TopicInfo)),
        Field("repartition_source_topics", Array(TopicInfo)),
    ],
)

Topology = Group(
    "Topology",
    [
        Field("epoch", Int32),
        Field("subtopologies", Array(Subtopology), nullable="0+", default=None),
    ],
)

Endpoint = Group(
    "Endpoint",
    [
        Field("host", String),
        Field("port", Uint16),
    ],
)

TaskOffset = Group(
    "TaskOffset",
    [
        Field("subtopology_id", String),
        Field("partition", Int32),
        Field("offset", Int64),
    ],
)

TaskIds = Group(
    "TaskIds",
    [
        Field("subtopology_id", String),
        Field("partitions", Array(Int32)),
    ],
)

Assignment = Group(
    "Assignment",
    [
        Field("active_tasks", Array(TaskIds)),
        Field("standby_tasks", Array(TaskIds)),
        Field("warmup_tasks", Array(TaskIds)),
    ],
)

Member = Group(
    "Member",
    [
        Field("member_id", String),
        Field("member_epoch", Int32),
        Field("instance_id", String, nullable="0+", default=None),
        Field("rack_id", String, nullable="0+", default=None),
        Field("client_id", String),
        Field("client_host", String),
        Field("topology_epoch", Int32),
        Field("process_id", String),  # one per instance of the application
        # where other instances can query its state
        Field("user_endpoint", Endpoint, nullable="0+", default=None),
        Field("client_tags", Array(KeyValue)),  # rack and zone tags of the instance
        Field("task_offsets", Array(TaskOffset)),
        Field("task_end_offsets", Array(TaskOffset)),
        Field("assignment", Assignment),
        Field("target_assignment", Assignment),
        Field("is_classic", Bool),
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
        Field("topology", Topology, nullable="0+", default=None),
        Field("members", Array(Member)),
        # bit n: AclOperation n is allowed; the default: not asked for
        Field("authorized_operations", Int32, default=-(2**31)),
    ],
)

StreamsGroupDescribeResponse = Message(
    "StreamsGroupDescribeResponse",
    key=89,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("groups", Array(DescribedGroup)),
    ],
)
