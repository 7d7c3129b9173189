"""WriteShareGroupState (key 85): new state of share partitions (KIP-932).

v1 the count of delivered records (KIP-1226).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int8, Int16, Int32, Int64, Message, String, Uuid

StateBatch = Group(
    "StateBatch",
    [
        Field("first_offset", Int64),
        Field("last_offset", Int64),
        Field("delivery_state", Int8),  # 0: available, 2: acknowledged, 4: archived
        Field("delivery_count", Int16),  # times handed out
    ],
)

PartitionData = Group(
    "PartitionData",
    [
        Field("partition", Int32),
        Field("state_epoch", Int32),  # raised when a group's state is initialized anew
        Field("leader_epoch", Int32),
        Field("start_offset", Int64),
        # records behind the start offset that are done; -1: unknown (KIP-1226)
        Field("delivery_complete_count", Int32, "1+", default=-1),
        Field("state_batches", Array(StateBatch)),
    ],
)

WriteStateData = Group(
    "WriteStateData",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(PartitionData)),
    ],
)

WriteShareGroupStateRequest = Message(
    "WriteShareGroupStateRequest",
    key=85,
    kind="request",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("group_id", String),
        Field("topics", Array(WriteStateData)),
    ],
)

PartitionResult = Group(
    "PartitionResult",
    [
        Field("partition", Int32),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
    ],
)

WriteStateResult = Group(
    "WriteStateResult",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(PartitionResult)),
    ],
)

WriteShareGroupStateResponse = Message(
    "WriteShareGroupStateResponse",
    key=85,
    kind="response",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("results", Array(WriteStateResult)),
    ],
)
