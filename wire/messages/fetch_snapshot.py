"""FetchSnapshot (key 59): a piece of a KRaft snapshot (KIP-630).

v1 directory ids and endpoints (KIP-853).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, Records, String, Uint16, Uuid

SnapshotId = Group(
    "SnapshotId",
    [
        Field("end_offset", Int64),
        Field("epoch", Int32),
    ],
)

RequestPartitionSnapshot = Group(
    "PartitionSnapshot",
    [
        Field("partition", Int32),
        Field("current_leader_epoch", Int32),
        Field("snapshot_id", SnapshotId),
        Field("position", Int64),  # byte in the snapshot
        Field("replica_directory_id", Uuid, "1+", tag=0),  # log directory of the replica (KIP-853)
    ],
)

RequestTopicSnapshot = Group(
    "TopicSnapshot",
    [
        Field("name", String),
        Field("partitions", Array(RequestPartitionSnapshot)),
    ],
)

FetchSnapshotRequest = Message(
    "FetchSnapshotRequest",
    key=59,
    kind="request",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("cluster_id", String, nullable="0+", tag=0, default=None),
        Field("replica_id", Int32, default=-1),
        Field("max_bytes", Int32, default=2**31 - 1),  # of the whole answer
        Field("topics", Array(RequestTopicSnapshot)),
    ],
)

LeaderIdAndEpoch = Group(
    "LeaderIdAndEpoch",
    [
        Field("leader_id", Int32),  # -1: unknown
        Field("leader_epoch", Int32),
    ],
)

ResponsePartitionSnapshot = Group(
    "PartitionSnapshot",
    [
        Field("index", Int32),
        Field("error_code", Int16),
        Field("snapshot_id", SnapshotId),
        Field("current_leader", LeaderIdAndEpoch, tag=0),
        Field("size", Int64),
        Field("position", Int64),  # byte in the snapshot
        Field("unaligned_records", Records),  # a piece of the snapshot, batches may be cut anywhere
    ],
)

ResponseTopicSnapshot = Group(
    "TopicSnapshot",
    [
        Field("name", String),
        Field("partitions", Array(ResponsePartitionSnapshot)),
    ],
)

NodeEndpoint = Group(
    "NodeEndpoint",
    [
        Field("node_id", Int32),
        Field("host", String),
        Field("port", Uint16),
    ],
)

FetchSnapshotResponse = Message(
    "FetchSnapshotResponse",
    key=59,
    kind="response",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("topics", Array(ResponseTopicSnapshot)),
        Field("node_endpoints", Array(NodeEndpoint), "1+", tag=0),
    ],
)
