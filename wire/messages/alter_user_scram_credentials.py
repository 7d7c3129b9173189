"""AlterUserScramCredentials (key 51): set and remove SCRAM credentials (KIP-554)."""

from __future__ import annotations

from wire.schema import Array, Bytes, Field, Group, Int8, Int16, Int32, Message, String

ScramCredentialDeletion = Group(
    "ScramCredentialDeletion",
    [
        Field("name", String),
        Field("mechanism", Int8),  # 1: SCRAM-SHA-256, 2: SCRAM-SHA-512
    ],
)

ScramCredentialUpsertion = Group(
    "ScramCredentialUpsertion",
    [
        Field("name", String),
        Field("mechanism", Int8),  # 1: SCRAM-SHA-256, 2: SCRAM-SHA-512
        Field("iterations", Int32),
        Field("salt", Bytes),
        Field("salted_password", Bytes),  # the broker derives its keys from it and never sees the password
    ],
)

AlterUserScramCredentialsRequest = Message(
    "AlterUserScramCredentialsRequest",
    key=51,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("deletions", Array(ScramCredentialDeletion)),
        Field("upsertions", Array(ScramCredentialUpsertion)),
    ],
)

AlterUserScramCredentialsResult = Group(
    "AlterUserScramCredentialsResult",
    [
        Field("user", String),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
    ],
)

AlterUserScramCredentialsResponse = Message(
    "AlterUserScramCredentialsResponse",
    key=51,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("results", Array(AlterUserScramCredentialsResult)),
    ],
)
