"""RenewDelegationToken (key 39): a token lives on (KIP-48).

v2 is flexible.
"""

from __future__ import annotations

from wire.schema import Bytes, Field, Int16, Int32, Int64, Message

RenewDelegationTokenRequest = Message(
    "RenewDelegationTokenRequest",
    key=39,
    kind="request",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("hmac", Bytes),  # the token's secret
        Field("renew_period_ms", Int64),  # -1: the broker's default
    ],
)

RenewDelegationTokenResponse = Message(
    "RenewDelegationTokenResponse",
    key=39,
    kind="response",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("error_code", Int16),
        Field("expiry_timestamp_ms", Int64),
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
    ],
)
