"""ListClientMetricsResources (key 74): names of client metrics subscriptions (KIP-1000); since 4.1 ListConfigResources."""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Message, String

ListClientMetricsResourcesRequest = Message(
    "ListClientMetricsResourcesRequest", key=74, kind="request", versions="0", flexible="0+", fields=[]
)

ClientMetricsResource = Group(
    "ClientMetricsResource",
    [
        Field("name", String),
    ],
)

ListClientMetricsResourcesResponse = Message(
    "ListClientMetricsResourcesResponse",
    key=74,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("client_metrics_resources", Array(ClientMetricsResource)),
    ],
)
