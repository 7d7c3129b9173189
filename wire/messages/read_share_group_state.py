"""ReadShareGroupState (key 84): state of share partitions (KIP-932)."""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int8, Int16, Int32, Int64, Message, String, Uuid

PartitionData = Group(
    "PartitionData",
    [
        Field("partition", Int32),
        Field("leader_epoch", Int32),
    ],
)

ReadStateData = Group(
    "ReadStateData",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(PartitionData)),
    ],
)

ReadShareGroupStateRequest = Message(
    "ReadShareGroupStateRequest",
    key=84,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("group_id", String),
        Field("topics", Array(ReadStateData)),
    ],
)

StateBatch = Group(
    "StateBatch",
    [
        Field("first_offset", Int64),
        Field("last_offset", Int64),
        Field("delivery_state", Int8),  # 0: available, 2: acknowledged, 4: archived
        Field("delivery_count", Int16),  # times handed out
    ],
)

PartitionResult = Group(
    "PartitionResult",
    [
        Field("partition", Int32),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
        Field("state_epoch", Int32),  # raised when a group's state is initialized anew
        Field("start_offset", Int64),
        Field("state_batches", Array(StateBatch)),
    ],
)

ReadStateResult = Group(
    "ReadStateResult",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(PartitionResult)),
    ],
)

ReadShareGroupStateResponse = Message(
    "ReadShareGroupStateResponse",
    key=84,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("results", Array(ReadStateResult)),
    ],
)
