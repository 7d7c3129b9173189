"""AlterReplicaLogDirs (key 34): move replicas between log directories of a broker (KIP-113).

v2 is flexible.
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Message, String

AlterReplicaLogDirTopic = Group(
    "AlterReplicaLogDirTopic",
    [
        Field("name", String),
        Field("partitions", Array(Int32)),
    ],
)

AlterReplicaLogDir = Group(
    "AlterReplicaLogDir",
    [
        Field("path", String),  # absolute
        Field("topics", Array(AlterReplicaLogDirTopic)),
    ],
)

AlterReplicaLogDirsRequest = Message(
    "AlterReplicaLogDirsRequest",
    key=34,
    kind="request",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("dirs", Array(AlterReplicaLogDir)),
    ],
)

AlterReplicaLogDirPartitionResult = Group(
    "AlterReplicaLogDirPartitionResult",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
    ],
)

AlterReplicaLogDirTopicResult = Group(
    "AlterReplicaLogDirTopicResult",
    [
        Field("topic_name", String),
        Field("partitions", Array(AlterReplicaLogDirPartitionResult)),
    ],
)

AlterReplicaLogDirsResponse = Message(
    "AlterReplicaLogDirsResponse",
    key=34,
    kind="response",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("results", Array(AlterReplicaLogDirTopicResult)),
    ],
)
