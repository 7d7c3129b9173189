"""ListPartitionReassignments (key 46): reassignments under way (KIP-455)."""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Message, String

ListPartitionReassignmentsTopics = Group(
    "ListPartitionReassignmentsTopics",
    [
        Field("name", String),
        Field("partition_indexes", Array(Int32)),
    ],
)

ListPartitionReassignmentsRequest = Message(
    "ListPartitionReassignmentsRequest",
    key=46,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("timeout_ms", Int32, default=60000),
        Field("topics", Array(ListPartitionReassignmentsTopics), nullable="0+", default=None),  # null: all
    ],
)

OngoingPartitionReassignment = Group(
    "OngoingPartitionReassignment",
    [
        Field("partition_index", Int32),
        Field("replicas", Array(Int32)),
        Field("adding_replicas", Array(Int32)),
        Field("removing_replicas", Array(Int32)),
    ],
)

OngoingTopicReassignment = Group(
    "OngoingTopicReassignment",
    [
        Field("name", String),
        Field("partitions", Array(OngoingPartitionReassignment)),
    ],
)

ListPartitionReassignmentsResponse = Message(
    "ListPartitionReassignmentsResponse",
    key=46,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
        Field("topics", Array(OngoingTopicReassignment)),
    ],
)
