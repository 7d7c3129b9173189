"""DeleteRecords (key 21): move the log start of partitions forward (KIP-107).

v2 is flexible.
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, String

DeleteRecordsPartition = Group(
    "DeleteRecordsPartition",
    [
        Field("partition_index", Int32),
        Field("offset", Int64),  # the new log start; -1: the high watermark
    ],
)

DeleteRecordsTopic = Group(
    "DeleteRecordsTopic",
    [
        Field("name", String),
        Field("partitions", Array(DeleteRecordsPartition)),
    ],
)

DeleteRecordsRequest = Message(
    "DeleteRecordsRequest",
    key=21,
    kind="request",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("topics", Array(DeleteRecordsTopic)),
        Field("timeout_ms", Int32),
    ],
)

DeleteRecordsPartitionResult = Group(
    "DeleteRecordsPartitionResult",
    [
        Field("partition_index", Int32),
        Field("low_watermark", Int64),  # the log start now; -1 with an error
        Field("error_code", Int16),
    ],
)

DeleteRecordsTopicResult = Group(
    "DeleteRecordsTopicResult",
    [
        Field("name", String),
        Field("partitions", Array(DeleteRecordsPartitionResult)),
    ],
)

DeleteRecordsResponse = Message(
    "DeleteRecordsResponse",
    key=21,
    kind="response",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("topics", Array(DeleteRecordsTopicResult)),
    ],
)
