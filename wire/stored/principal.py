"""Who a request comes from, as Envelope carries it (KIP-590); in front stands its version, an int16."""

from __future__ import annotations

from wire.schema import Bool, Field, Message, String

DefaultPrincipalData = Message(
    "DefaultPrincipalData",
    key=None,
    kind="data",
    versions="0",
    flexible="0+",
    fields=[
        Field("type", String),
        Field("name", String),
        Field("token_authenticated", Bool),
    ],
)
