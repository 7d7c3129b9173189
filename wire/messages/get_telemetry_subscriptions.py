"""GetTelemetrySubscriptions (key 71): which metrics a client is to push (KIP-714)."""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Int8, Int16, Int32, Message, String, Uuid

GetTelemetrySubscriptionsRequest = Message(
    "GetTelemetrySubscriptionsRequest",
    key=71,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("client_instance_id", Uuid),  # all zero: the broker picks one
    ],
)

GetTelemetrySubscriptionsResponse = Message(
    "GetTelemetrySubscriptionsResponse",
    key=71,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("client_instance_id", Uuid),
        Field("subscription_id", Int32),
        Field("accepted_compression_types", Array(Int8)),  # CompressionType, the preferred first
        Field("push_interval_ms", Int32),
        Field("telemetry_max_bytes", Int32),
        Field("delta_temporality", Bool),  # counters as differences
        Field("requested_metrics", Array(String)),  # prefixes; empty: none, one empty string: all
    ],
)
