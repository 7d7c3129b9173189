"""DescribeDelegationToken (key 41): tokens of owners (KIP-48).

v2 flexible, v3 who asked for it (KIP-373).
"""

from __future__ import annotations

from wire.schema import Array, Bytes, Field, Group, Int16, Int32, Int64, Message, String

DescribeDelegationTokenOwner = Group(
    "DescribeDelegationTokenOwner",
    [
        Field("principal_type", String),
        Field("principal_name", String),
    ],
)

DescribeDelegationTokenRequest = Message(
    "DescribeDelegationTokenRequest",
    key=41,
    kind="request",
    versions="0-3",
    flexible="2+",
    fields=[
        Field("owners", Array(DescribeDelegationTokenOwner), nullable="0+"),  # null: all
    ],
)

DescribedDelegationTokenRenewer = Group(
    "DescribedDelegationTokenRenewer",
    [
        Field("principal_type", String),
        Field("principal_name", String),
    ],
)

DescribedDelegationToken = Group(
    "DescribedDelegationToken",
    [
        Field("principal_type", String),
        Field("principal_name", String),
        Field("token_requester_principal_type", String, "3+"),
        Field("token_requester_principal_name", String, "3+"),
        Field("issue_timestamp", Int64),
        Field("expiry_timestamp", Int64),
        Field("max_timestamp", Int64),
        Field("token_id", String),
        Field("hmac", Bytes),  # the token's secret
        Field("renewers", Array(DescribedDelegationTokenRenewer)),
    ],
)

DescribeDelegationTokenResponse = Message(
    "DescribeDelegationTokenResponse",
    key=41,
    kind="response",
    versions="0-3",
    flexible="2+",
    fields=[
        Field("error_code", Int16),
        Field("tokens", Array(DescribedDelegationToken)),
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
    ],
)
