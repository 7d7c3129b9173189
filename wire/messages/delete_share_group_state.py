"""DeleteShareGroupState (key 86): the share coordinator forgets partitions (KIP-932)."""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Message, String, Uuid

PartitionData = Group(
    "PartitionData",
    [
        Field("partition", Int32),
    ],
)

DeleteStateData = Group(
    "DeleteStateData",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(PartitionData)),
    ],
)

DeleteShareGroupStateRequest = Message(
    "DeleteShareGroupStateRequest",
    key=86,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("group_id", String),
        Field("topics", Array(DeleteStateData)),
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

DeleteStateResult = Group(
    "DeleteStateResult",
    [
        Field("topic_id", Uuid),
        Field("partitions", Array(PartitionResult)),
    ],
)

DeleteShareGroupStateResponse = Message(
    "DeleteShareGroupStateResponse",
    key=86,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("results", Array(DeleteStateResult)),
    ],
)
