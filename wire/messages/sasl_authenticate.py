"""SaslAuthenticate (key 36): one step of a SASL exchange (KIP-152).

v1 the session's lifetime (KIP-368), v2 flexible.
"""

from __future__ import annotations

from wire.schema import Bytes, Field, Int16, Int64, Message, String

SaslAuthenticateRequest = Message(
    "SaslAuthenticateRequest",
    key=36,
    kind="request",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("auth_bytes", Bytes),  # the mechanism's own
    ],
)

SaslAuthenticateResponse = Message(
    "SaslAuthenticateResponse",
    key=36,
    kind="response",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
        Field("auth_bytes", Bytes),
        Field("session_lifetime_ms", Int64, "1+"),  # until it must be repeated; 0: no end (KIP-368)
    ],
)
