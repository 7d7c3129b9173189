"""Envelope (key 58): a broker forwards a client's request to the controller (KIP-590)."""

from __future__ import annotations

from wire.schema import Bytes, Field, Int16, Message

EnvelopeRequest = Message(
    "EnvelopeRequest",
    key=58,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("request_data", Bytes),  # the forwarded request with its header
        Field("request_principal", Bytes, nullable="0+"),  # DefaultPrincipalData with its version in front
        Field("client_host_address", Bytes),  # 4 or 16 bytes
    ],
)

EnvelopeResponse = Message(
    "EnvelopeResponse",
    key=58,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("response_data", Bytes, nullable="0+", default=None),
        Field("error_code", Int16),
    ],
)
