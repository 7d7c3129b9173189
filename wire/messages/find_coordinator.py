"""FindCoordinator (key 10): the broker that coordinates a group or a transactional id.

v1 transactions and an error message (KIP-98), v3 flexible, v4 several keys at once (KIP-699), v5 TRANSACTION_ABORTABLE
(KIP-890), v6 share groups (KIP-932).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int8, Int16, Int32, Message, String

FindCoordinatorRequest = Message(
    "FindCoordinatorRequest",
    key=10,
    kind="request",
    versions="0-6",
    flexible="3+",
    fields=[
        Field("key", String, "0-3"),  # group id, transactional id, or share key
        Field("key_type", Int8, "1+"),  # 0: group, 1: transaction (KIP-98), 2: share (KIP-932)
        Field("coordinator_keys", Array(String), "4+"),  # several at once (KIP-699)
    ],
)

Coordinator = Group(
    "Coordinator",
    [
        Field("key", String),
        Field("node_id", Int32),
        Field("host", String),
        Field("port", Int32),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
    ],
)

FindCoordinatorResponse = Message(
    "FindCoordinatorResponse",
    key=10,
    kind="response",
    versions="0-6",
    flexible="3+",
    fields=[
        Field("throttle_time_ms", Int32, "1+"),  # how long a quota makes the client wait
        Field("error_code", Int16, "0-3"),
        Field("error_message", String, "1-3", nullable="0+"),
        Field("node_id", Int32, "0-3"),  # -1 with an error
        Field("host", String, "0-3"),
        Field("port", Int32, "0-3"),
        Field("coordinators", Array(Coordinator), "4+"),
    ],
)
