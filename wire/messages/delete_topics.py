"""DeleteTopics (key 20): remove topics.

v3 TOPIC_DELETION_DISABLED, v4 flexible, v5 messages and quotas (KIP-599), v6 by topic id (KIP-516).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Message, String, Uuid

DeleteTopicState = Group(
    "DeleteTopicState",
    [
        Field("name", String, nullable="0+", default=None),  # null: by id
        Field("topic_id", Uuid),  # KIP-516
    ],
)

DeleteTopicsRequest = Message(
    "DeleteTopicsRequest",
    key=20,
    kind="request",
    versions="0-6",
    flexible="4+",
    fields=[
        Field("topic_names", Array(String), "0-5"),
        Field("topics", Array(DeleteTopicState), "6+"),
        Field("timeout_ms", Int32),
    ],
)

DeletableTopicResult = Group(
    "DeletableTopicResult",
    [
        Field("name", String, nullable="6+"),  # null: asked by an id that is unknown
        Field("topic_id", Uuid, "6+"),
        Field("error_code", Int16),
        Field("error_message", String, "5+", nullable="0+", default=None),
    ],
)

DeleteTopicsResponse = Message(
    "DeleteTopicsResponse",
    key=20,
    kind="response",
    versions="0-6",
    flexible="4+",
    fields=[
        Field("throttle_time_ms", Int32, "1+"),  # how long a quota makes the client wait
        Field("responses", Array(DeletableTopicResult)),
    ],
)
