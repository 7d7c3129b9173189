"""InitializeShareGroupState (key 83): the share coordinator begins to keep partitions (KIP-932)."""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, String, Uuid

PartitionData = Group(
    "PartitionData",
    [
        Field("partition", Int32),
        Field("state_epoch", Int32),  # raised when a group's state is initialized anew
        Field("start_offset", Int64),
    ],
)

InitializeStateData = Group(
    "InitializeStateData",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(PartitionData)),
    ],
)

InitializeShareGroupStateRequest = Message(
    "InitializeShareGroupStateRequest",
    key=83,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("group_id", String),
        Field("topics", Array(InitializeStateData)),
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

InitializeStateResult = Group(
    "InitializeStateResult",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(PartitionResult)),
    ],
)

InitializeShareGroupStateResponse = Message(
    "InitializeShareGroupStateResponse",
    key=83,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("results", Array(InitializeStateResult)),
    ],
)
