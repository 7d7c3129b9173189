"""ExpireDelegationToken (key 40): change when a token ends (KIP-48).

v2 is flexible.
"""

from __future__ import annotations

from wire.schema import Bytes, Field, Int16, Int32, Int64, Message

ExpireDelegationTokenRequest = Message(
    "ExpireDelegationTokenRequest",
    key=40,
    kind="request",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("hmac", Bytes),  # the token's secret
        Field("expiry_time_period_ms", Int64),  # negative: now
    ],
)

ExpireDelegationTokenResponse = Message(
    "ExpireDelegationTokenResponse",
    key=40,
    kind="response",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("error_code", Int16),
        Field("expiry_timestamp_ms", Int64),
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
    ],
)
