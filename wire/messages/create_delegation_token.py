"""CreateDelegationToken (key 38): a token that stands for a user (KIP-48).

v2 flexible, v3 for another owner (KIP-373).
"""

from __future__ import annotations

from wire.schema import Array, Bytes, Field, Group, Int16, Int32, Int64, Message, String

CreatableRenewers = Group(
    "CreatableRenewers",
    [
        Field("principal_type", String),
        Field("principal_name", String),
    ],
)

CreateDelegationTokenRequest = Message(
    "CreateDelegationTokenRequest",
    key=38,
    kind="request",
    versions="0-3",
    flexible="2+",
    fields=[
        Field("owner_principal_type", String, "3+", nullable="0+"),  # null: who asks (KIP-373)
        Field("owner_principal_name", String, "3+", nullable="0+"),
        Field("renewers", Array(CreatableRenewers)),
        Field("max_lifetime_ms", Int64),  # -1: the broker's limit
    ],
)

CreateDelegationTokenResponse = Message(
    "CreateDelegationTokenResponse",
    key=38,
    kind="response",
    versions="0-3",
    flexible="2+",
    fields=[
        Field("error_code", Int16),
        Field("principal_type", String),
        Field("principal_name", String),
        Field("token_requester_principal_type", String, "3+"),
        Field("token_requester_principal_name", String, "3+"),
        Field("issue_timestamp_ms", Int64),
        Field("expiry_timestamp_ms", Int64),
        Field("max_timestamp_ms", Int64),
        Field("token_id", String),
        Field("hmac", Bytes),  # the token's secret
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
    ],
)
