"""ReadShareGroupStateSummary (key 87): start offsets of share partitions (KIP-932).

v1 the count of delivered records (KIP-1226).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, String, Uuid

PartitionData = Group(
    "PartitionData",
    [
        Field("partition", Int32),
        Field("leader_epoch", Int32),
    ],
)

ReadStateSummaryData = Group(
    "ReadStateSummaryData",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(PartitionData)),
    ],
)

ReadShareGroupStateSummaryRequest = Message(
    "ReadShareGroupStateSummaryRequest",
    key=87,
    kind="request",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("group_id", String),
        Field("topics", Array(ReadStateSummaryData)),
    ],
)

PartitionResult = Group(
    "PartitionResult",
    [
        Field("partition", Int32),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
        Field("state_epoch", Int32),  # raised when a group's state is initialized anew
        Field("leader_epoch", Int32),
        Field("start_offset", Int64),
        # records behind the start offset that are done; -1: unknown (KIP-1226)
        Field("delivery_complete_count", Int32, "1+", default=-1),
    ],
)

ReadStateSummaryResult = Group(
    "ReadStateSummaryResult",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(PartitionResult)),
    ],
)

ReadShareGroupStateSummaryResponse = Message(
    "ReadShareGroupStateSummaryResponse",
    key=87,
    kind="response",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("results", Array(ReadStateSummaryResult)),
    ],
)
