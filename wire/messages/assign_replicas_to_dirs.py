"""AssignReplicasToDirs (key 73): a broker says which log directory holds which replica (KIP-858)."""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, Uuid

RequestPartitionData = Group(
    "PartitionData",
    [
        Field("partition_index", Int32),
    ],
)

RequestTopicData = Group(
    "TopicData",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(RequestPartitionData)),
    ],
)

RequestDirectoryData = Group(
    "DirectoryData",
    [
        Field("id", Uuid),  # of the log directory, from its meta.properties
        Field("topics", Array(RequestTopicData)),
    ],
)

AssignReplicasToDirsRequest = Message(
    "AssignReplicasToDirsRequest",
    key=73,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("broker_id", Int32),
        Field("broker_epoch", Int64, default=-1),  # of the broker's registration; -1: unchecked
        Field("directories", Array(RequestDirectoryData)),
    ],
)

ResponsePartitionData = Group(
    "PartitionData",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
    ],
)

ResponseTopicData = Group(
    "TopicData",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(ResponsePartitionData)),
    ],
)

ResponseDirectoryData = Group(
    "DirectoryData",
    [
        Field("id", Uuid),  # of the log directory, from its meta.properties
        Field("topics", Array(ResponseTopicData)),
    ],
)

AssignReplicasToDirsResponse = Message(
    "AssignReplicasToDirsResponse",
    key=73,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("directories", Array(ResponseDirectoryData)),
    ],
)
