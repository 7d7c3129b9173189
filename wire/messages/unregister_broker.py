"""UnregisterBroker (key 64): the cluster forgets a broker (KIP-500)."""

from __future__ import annotations

from wire.schema import Field, Int16, Int32, Message, String

UnregisterBrokerRequest = Message(
    "UnregisterBrokerRequest",
    key=64,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("broker_id", Int32),
    ],
)

UnregisterBrokerResponse = Message(
    "UnregisterBrokerResponse",
    key=64,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
    ],
)
