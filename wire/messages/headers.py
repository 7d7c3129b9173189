"""Request and response headers, declared; `wire.headers` reads and writes them by hand.

v0 of the request header is for ControlledShutdown v0 alone, v1 adds the client id, v2 tagged fields (KIP-482). The response
header has tagged fields from v1.
"""

from __future__ import annotations

from wire.schema import Field, Int16, Int32, Message, String

RequestHeader = Message(
    "RequestHeader",
    key=None,
    kind="header",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("request_api_key", Int16),
        Field("request_api_version", Int16),
        Field("correlation_id", Int32),
        # classic also in v2, so that it can be read before the version is judged
        Field("client_id", String, "1+", nullable="0+", flexible="none"),
    ],
)

ResponseHeader = Message(
    "ResponseHeader",
    key=None,
    kind="header",
    versions="0-1",
    flexible="1+",
    fields=[
        Field("correlation_id", Int32),
    ],
)
