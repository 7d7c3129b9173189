"""PushTelemetry (key 72): a client's metrics (KIP-714)."""

from __future__ import annotations

from wire.schema import Bool, Bytes, Field, Int8, Int16, Int32, Message, Uuid

PushTelemetryRequest = Message(
    "PushTelemetryRequest",
    key=72,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("client_instance_id", Uuid),
        Field("subscription_id", Int32),
        Field("terminating", Bool),  # the last push before the client closes
        Field("compression_type", Int8),
        Field("metrics", Bytes),  # OTLP MetricsData v1, compressed
    ],
)

PushTelemetryResponse = Message(
    "PushTelemetryResponse",
    key=72,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
    ],
)
