"""ShareAcknowledge (key 79): acknowledge records of a share group (KIP-932).

v0 was an early form that only 3.9 has, v1 is the first stable one, v2 renews locks (KIP-1222).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int8, Int16, Int32, Int64, Message, String, Uuid

AcknowledgementBatch = Group(
    "AcknowledgementBatch",
    [
        Field("first_offset", Int64),
        Field("last_offset", Int64),
        # 0: gap, 1: accept, 2: release, 3: reject, 4: renew; one for all, or one each
        Field("acknowledge_types", Array(Int8)),
    ],
)

AcknowledgePartition = Group(
    "AcknowledgePartition",
    [
        Field("partition_index", Int32),
        Field("acknowledgement_batches", Array(AcknowledgementBatch)),
    ],
)

AcknowledgeTopic = Group(
    "AcknowledgeTopic",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(AcknowledgePartition)),
    ],
)

ShareAcknowledgeRequest = Message(
    "ShareAcknowledgeRequest",
    key=79,
    kind="request",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("group_id", String, nullable="0+", default=None),
        Field("member_id", String, nullable="0+"),
        Field("share_session_epoch", Int32),  # -1: close the session, 0: open one, then counted up
        Field("is_renew_ack", Bool, "2+"),  # the call only renews locks (KIP-1222)
        Field("topics", Array(AcknowledgeTopic)),
    ],
)

LeaderIdAndEpoch = Group(
    "LeaderIdAndEpoch",
    [
        Field("leader_id", Int32),  # -1: unknown
        Field("leader_epoch", Int32),
    ],
)

PartitionData = Group(
    "PartitionData",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
        Field("current_leader", LeaderIdAndEpoch),
    ],
)

ShareAcknowledgeTopicResponse = Group(
    "ShareAcknowledgeTopicResponse",
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

ShareAcknowledgeResponse = Message(
    "ShareAcknowledgeResponse",
    key=79,
    kind="response",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
        Field("acquisition_lock_timeout_ms", Int32, "2+"),  # how long acquired records stay with the member
        Field("responses", Array(ShareAcknowledgeTopicResponse)),
        Field("node_endpoints", Array(NodeEndpoint)),
    ],
)
