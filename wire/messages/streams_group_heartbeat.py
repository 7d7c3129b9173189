"""StreamsGroupHeartbeat (key 88): a member of a streams group: join, stay, leave (KIP-1071)."""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int8, Int16, Int32, Int64, Message, String, Uint16

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

Topology = Group(
    "Topology",
    [
        Field("epoch", Int32),
        Field("subtopologies", Array(Subtopology)),
    ],
)

TaskIds = Group(
    "TaskIds",
    [
        Field("subtopology_id", String),
        Field("partitions", Array(Int32)),
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

StreamsGroupHeartbeatRequest = Message(
    "StreamsGroupHeartbeatRequest",
    key=88,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("group_id", String),
        Field("member_id", String),
        Field("member_epoch", Int32),  # 0: join, -1: leave, -2: a static member will be back
        Field("endpoint_information_epoch", Int32),  # which table of endpoints the member holds
        Field("instance_id", String, nullable="0+", default=None),
        Field("rack_id", String, nullable="0+", default=None),
        # how long members have to join again; -1: the session timeout
        Field("rebalance_timeout_ms", Int32, default=-1),
        Field("topology", Topology, nullable="0+", default=None),  # when joining; else null
        Field("active_tasks", Array(TaskIds), nullable="0+", default=None),
        Field("standby_tasks", Array(TaskIds), nullable="0+", default=None),
        Field("warmup_tasks", Array(TaskIds), nullable="0+", default=None),
        Field("process_id", String, nullable="0+", default=None),  # one per instance of the application
        # where other instances can query its state
        Field("user_endpoint", Endpoint, nullable="0+", default=None),
        # rack and zone tags of the instance
        Field("client_tags", Array(KeyValue), nullable="0+", default=None),
        # how far standby and warm-up tasks are; null: unchanged
        Field("task_offsets", Array(TaskOffset), nullable="0+", default=None),
        Field("task_end_offsets", Array(TaskOffset), nullable="0+", default=None),
        Field("shutdown_application", Bool),
    ],
)

Status = Group(
    "Status",
    [
        Field("status_code", Int8),
        Field("status_detail", String),
    ],
)

TopicPartition = Group(
    "TopicPartition",
    [
        Field("topic", String),
        Field("partitions", Array(Int32)),
    ],
)

EndpointToPartitions = Group(
    "EndpointToPartitions",
    [
        Field("user_endpoint", Endpoint),  # where other instances can query its state
        Field("active_partitions", Array(TopicPartition)),
        Field("standby_partitions", Array(TopicPartition)),
    ],
)

StreamsGroupHeartbeatResponse = Message(
    "StreamsGroupHeartbeatResponse",
    key=88,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
        Field("member_id", String),
        Field("member_epoch", Int32),
        Field("heartbeat_interval_ms", Int32),  # how often the member is to call
        Field("acceptable_recovery_lag", Int32),
        Field("task_offset_interval_ms", Int32),
        Field("status", Array(Status), nullable="0+"),  # what the member should know, as a missing topic
        Field("active_tasks", Array(TaskIds), nullable="0+", default=None),
        Field("standby_tasks", Array(TaskIds), nullable="0+", default=None),
        Field("warmup_tasks", Array(TaskIds), nullable="0+", default=None),
        Field("endpoint_information_epoch", Int32),  # which table of endpoints the member holds
        Field("partitions_by_user_endpoint", Array(EndpointToPartitions), nullable="0+", default=None),
    ],
)
