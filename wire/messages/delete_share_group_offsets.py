"""DeleteShareGroupOffsets (key 92): a share group forgets topics (KIP-932)."""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Message, String, Uuid

DeleteShareGroupOffsetsRequestTopic = Group(
    "DeleteShareGroupOffsetsRequestTopic",
    [
        Field("topic_name", String),
    ],
)

DeleteShareGroupOffsetsRequest = Message(
    "DeleteShareGroupOffsetsRequest",
    key=92,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("group_id", String),
        Field("topics", Array(DeleteShareGroupOffsetsRequestTopic)),
    ],
)

DeleteShareGroupOffsetsResponseTopic = Group(
    "DeleteShareGroupOffsetsResponseTopic",
    [
        Field("topic_name", String),
        Field("topic_id", Uuid),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
    ],
)

DeleteShareGroupOffsetsResponse = Message(
    "DeleteShareGroupOffsetsResponse",
    key=92,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+", default=None),
        Field("responses", Array(DeleteShareGroupOffsetsResponseTopic)),
    ],
)
