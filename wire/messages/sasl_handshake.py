"""SaslHandshake (key 17): which SASL mechanism will be used.

After v0 the exchange itself follows without Kafka's framing of messages, after v1 in SaslAuthenticate (KIP-152).
"""

from __future__ import annotations

from wire.schema import Array, Field, Int16, Message, String

SaslHandshakeRequest = Message(
    "SaslHandshakeRequest",
    key=17,
    kind="request",
    versions="0-1",
    flexible="none",
    fields=[
        Field("mechanism", String),
    ],
)

SaslHandshakeResponse = Message(
    "SaslHandshakeResponse",
    key=17,
    kind="response",
    versions="0-1",
    flexible="none",
    fields=[
        Field("error_code", Int16),
        Field("mechanisms", Array(String)),  # what the broker offers
    ],
)
