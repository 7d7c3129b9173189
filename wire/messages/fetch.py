"""Fetch (key 1): record batches out of partitions, for consumers and followers.

v4 reads the record batches of KIP-98, v5 log start offsets (KIP-107), v7 fetch sessions (KIP-227), v9 leader epochs
(KIP-320), v10 zstd (KIP-110), v11 reading from a near replica (KIP-392), v12 flexible, truncation on fetch (KIP-595), v13
topic ids (KIP-516), v14 tiered storage (KIP-405), v15 the follower's broker epoch (KIP-903), v16 addresses of new leaders
(KIP-951), v17 directory ids (KIP-853), v18 the follower's high watermark (KIP-1166).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int8, Int16, Int32, Int64, Message, Records, String, Uuid

ReplicaState = Group(
    "ReplicaState",
    [
        Field("replica_id", Int32, default=-1),  # -1: a consumer
        Field("replica_epoch", Int64, default=-1),  # broker epoch; -1: unknown
    ],
)

FetchPartition = Group(
    "FetchPartition",
    [
        Field("partition", Int32),
        # fences stale clients and leaders; -1: unchecked (KIP-320)
        Field("current_leader_epoch", Int32, "9+", default=-1),
        Field("fetch_offset", Int64),
        # leader epoch of the last record fetched; -1: none (KIP-595)
        Field("last_fetched_epoch", Int32, "12+", default=-1),
        Field("log_start_offset", Int64, "5+", default=-1),  # the follower's; -1: a consumer (KIP-107)
        Field("partition_max_bytes", Int32),  # but at least one batch, if the partition is first with data
        Field("replica_directory_id", Uuid, "17+", tag=0),  # log directory of the follower (KIP-853)
        # that the follower knows; the default: unknown (KIP-1166)
        Field("high_watermark", Int64, "18+", tag=1, default=2**63 - 1),
    ],
)

FetchTopic = Group(
    "FetchTopic",
    [
        Field("topic", String, "0-12"),
        Field("topic_id", Uuid, "13+"),
        Field("partitions", Array(FetchPartition)),
    ],
)

ForgottenTopic = Group(
    "ForgottenTopic",
    [
        Field("topic", String, "7-12"),
        Field("topic_id", Uuid, "13+"),
        Field("partitions", Array(Int32)),
    ],
)

FetchRequest = Message(
    "FetchRequest",
    key=1,
    kind="request",
    versions="0-18",
    flexible="12+",
    fields=[
        Field("cluster_id", String, "12+", nullable="0+", tag=0, default=None),  # checked if set (KIP-595)
        Field("replica_id", Int32, "0-14", default=-1),  # -1: a consumer; else the follower's broker id
        # the same since v15, with the broker epoch (KIP-903)
        Field("replica_state", ReplicaState, "15+", tag=1),
        Field("max_wait_ms", Int32),  # how long to wait for min_bytes
        Field("min_bytes", Int32),
        # of the whole answer, but at least one batch (KIP-74)
        Field("max_bytes", Int32, "3+", default=2**31 - 1),
        Field("isolation_level", Int8, "4+"),  # 0: read_uncommitted, 1: read_committed (KIP-98)
        Field("session_id", Int32, "7+"),  # 0: no session yet (KIP-227)
        Field("session_epoch", Int32, "7+", default=-1),  # -1: no session, 0: start one, then counted up
        Field("topics", Array(FetchTopic)),  # in a session: only what changed
        Field("forgotten_topics_data", Array(ForgottenTopic), "7+"),  # what leaves the session
        Field("rack_id", String, "11+"),  # the consumer's rack, for a replica nearby (KIP-392)
    ],
)

EpochEndOffset = Group(
    "EpochEndOffset",
    [
        Field("epoch", Int32, default=-1),  # -1: none
        Field("end_offset", Int64, default=-1),  # -1: unknown
    ],
)

LeaderIdAndEpoch = Group(
    "LeaderIdAndEpoch",
    [
        Field("leader_id", Int32, default=-1),  # -1: unknown
        Field("leader_epoch", Int32, default=-1),
    ],
)

SnapshotId = Group(
    "SnapshotId",
    [
        Field("end_offset", Int64, default=-1),
        Field("epoch", Int32, default=-1),
    ],
)

AbortedTransaction = Group(
    "AbortedTransaction",
    [
        Field("producer_id", Int64),
        Field("first_offset", Int64),  # of the transaction
    ],
)

PartitionData = Group(
    "PartitionData",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
        Field("high_watermark", Int64),  # -1: unknown
        # no open transaction lies below; -1: unknown (KIP-98)
        Field("last_stable_offset", Int64, "4+", default=-1),
        Field("log_start_offset", Int64, "5+", default=-1),
        # where the reader's log must be cut (KIP-595)
        Field("diverging_epoch", EpochEndOffset, "12+", tag=0),
        Field("current_leader", LeaderIdAndEpoch, "12+", tag=1),  # whom to ask instead (KIP-595, KIP-951)
        Field("snapshot_id", SnapshotId, "12+", tag=2),  # read this snapshot first (KIP-630)
        # of the range read; null if read_uncommitted
        Field("aborted_transactions", Array(AbortedTransaction), "4+", nullable="0+"),
        Field("preferred_read_replica", Int32, "11+", default=-1),  # -1: stay here (KIP-392)
        Field("records", Records, nullable="0+"),  # whole batches, the last one may be cut off
    ],
)

FetchableTopicResponse = Group(
    "FetchableTopicResponse",
    [
        Field("topic", String, "0-12"),
        Field("topic_id", Uuid, "13+"),
        Field("partitions", Array(PartitionData)),
    ],
)

NodeEndpoint = Group(
    "NodeEndpoint",
    [
        Field("node_id", Int32),
        Field("host", String),
        Field("port", Int32),
        Field("rack", String, nullable="0+", default=None),  # broker.rack
    ],
)

FetchResponse = Message(
    "FetchResponse",
    key=1,
    kind="response",
    versions="0-18",
    flexible="12+",
    fields=[
        Field("throttle_time_ms", Int32, "1+"),  # how long a quota makes the client wait
        Field("error_code", Int16, "7+"),
        Field("session_id", Int32, "7+"),  # 0: no session
        Field("responses", Array(FetchableTopicResponse)),
        # addresses of the leaders named above (KIP-951)
        Field("node_endpoints", Array(NodeEndpoint), "16+", tag=0),
    ],
)
