"""WriteTxnMarkers (key 27): a transaction coordinator ends transactions in partitions (KIP-98).

v1 is flexible, v2 has transaction versions (KIP-1228).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int8, Int16, Int32, Int64, Message, String

WritableTxnMarkerTopic = Group(
    "WritableTxnMarkerTopic",
    [
        Field("name", String),
        Field("partition_indexes", Array(Int32)),
    ],
)

WritableTxnMarker = Group(
    "WritableTxnMarker",
    [
        Field("producer_id", Int64),
        Field("producer_epoch", Int16),
        Field("transaction_result", Bool),  # true: commit, false: abort
        Field("topics", Array(WritableTxnMarkerTopic)),
        Field("coordinator_epoch", Int32),  # fences coordinators that have been replaced
        Field("transaction_version", Int8, "2+"),  # 2: a marker raises the producer's epoch (KIP-1228)
    ],
)

WriteTxnMarkersRequest = Message(
    "WriteTxnMarkersRequest",
    key=27,
    kind="request",
    versions="0-2",
    flexible="1+",
    fields=[
        Field("markers", Array(WritableTxnMarker)),
    ],
)

WritableTxnMarkerPartitionResult = Group(
    "WritableTxnMarkerPartitionResult",
    [
        Field("partition_index", Int32),
        Field("error_code", Int16),
    ],
)

WritableTxnMarkerTopicResult = Group(
    "WritableTxnMarkerTopicResult",
    [
        Field("name", String),
        Field("partitions", Array(WritableTxnMarkerPartitionResult)),
    ],
)

WritableTxnMarkerResult = Group(
    "WritableTxnMarkerResult",
    [
        Field("producer_id", Int64),
        Field("topics", Array(WritableTxnMarkerTopicResult)),
    ],
)

WriteTxnMarkersResponse = Message(
    "WriteTxnMarkersResponse",
    key=27,
    kind="response",
    versions="0-2",
    flexible="1+",
    fields=[
        Field("markers", Array(WritableTxnMarkerResult)),
    ],
)
