"""ShareFetch (key 78): records for a member of a share group, and acknowledgements (KIP-932).

v0 was an early form that only 3.9 has, v1 is the first stable one, v2 acquires by records and renews locks (KIP-1206,
KIP-1222).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int8, Int16, Int32, Int64, Message, Records, String, Uuid

AcknowledgementBatch = Group(
    "AcknowledgementBatch",
    [
        Field("first_offset", Int64),
        Field("last_offset", Int64),
        # 0: gap, 1: accept, 2: release, 3: reject, 4: renew; one for all, or one each
        Field("acknowledge_types", Array(Int8)),
    ],
)

FetchPartition = Group(
    "FetchPartition",
    [
        Field("partition_index", Int32),
        # but at least one batch, if the partition is first with data
        Field("partition_max_bytes", Int32, "0"),
        Field("acknowledgement_batches", Array(AcknowledgementBatch)),
    ],
)

FetchTopic = Group(
    "FetchTopic",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(FetchPartition)),
    ],
)

ForgottenTopic = Group(
    "ForgottenTopic",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(Int32)),
    ],
)

ShareFetchRequest = Message(
    "ShareFetchRequest",
    key=78,
    kind="request",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("group_id", String, nullable="0+", default=None),
        Field("member_id", String, nullable="0+"),  # a uuid as text
        Field("share_session_epoch", Int32),  # -1: close the session, 0: open one, then counted up
        Field("max_wait_ms", Int32),
        Field("min_bytes", Int32),
        Field("max_bytes", Int32, default=2**31 - 1),
        Field("max_records", Int32, "1+"),  # soft: whole batches are handed out
        Field("batch_size", Int32, "1+"),
        Field("share_acquire_mode", Int8, "2+"),  # 0: by batches, 1: never more than max_records (KIP-1206)
        Field("is_renew_ack", Bool, "2+"),  # the call only renews locks (KIP-1222)
        Field("topics", Array(FetchTopic)),
        Field("forgotten_topics_data", Array(ForgottenTopic)),
    ],
)

LeaderIdAndEpoch = Group(
    "LeaderIdAndEpoch",
    [
        Field("leader_id", Int32),  # -1: unknown
        Field("leader_epoch", Int32),
    ],
)

AcquiredRecords = Group(
    "AcquiredRecords",
    [
        Field("first_offset", Int64),
        Field("last_offset", Int64),
        Field("delivery_count", Int16),  # times handed out
    ],
)

PartitionData = Group(
    "PartitionData",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
        Field("acknowledge_error_code", Int16),
        Field("acknowledge_error_message", String, nullable="0+", default=None),
        Field("current_leader", LeaderIdAndEpoch),
        Field("records", Records, nullable="0"),
        Field("acquired_records", Array(AcquiredRecords)),
    ],
)

ShareFetchableTopicResponse = Group(
    "ShareFetchableTopicResponse",
    [
        Field("topic_id", Uuid),
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

ShareFetchResponse = Message(
    "ShareFetchResponse",
    key=78,
    kind="response",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
        Field("acquisition_lock_timeout_ms", Int32, "1+"),  # how long acquired records stay with the member
        Field("responses", Array(ShareFetchableTopicResponse)),
        Field("node_endpoints", Array(NodeEndpoint)),
    ],
)
