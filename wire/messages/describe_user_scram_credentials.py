"""DescribeUserScramCredentials (key 50): which SCRAM credentials users have (KIP-554)."""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int8, Int16, Int32, Message, String

UserName = Group(
    "UserName",
    [
        Field("name", String),
    ],
)

DescribeUserScramCredentialsRequest = Message(
    "DescribeUserScramCredentialsRequest",
    key=50,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("users", Array(UserName), nullable="0+"),  # null or empty: all
    ],
)

CredentialInfo = Group(
    "CredentialInfo",
    [
        Field("mechanism", Int8),  # 1: SCRAM-SHA-256, 2: SCRAM-SHA-512
        Field("iterations", Int32),
    ],
)

DescribeUserScramCredentialsResult = Group(
    "DescribeUserScramCredentialsResult",
    [
        Field("user", String),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
        Field("credential_infos", Array(CredentialInfo)),
    ],
)

DescribeUserScramCredentialsResponse = Message(
    "DescribeUserScramCredentialsResponse",
    key=50,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
        Field("results", Array(DescribeUserScramCredentialsResult)),
    ],
)
