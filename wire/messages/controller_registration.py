"""ControllerRegistration (key 70): a KRaft controller registers with the active one (KIP-919)."""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int16, Int32, Message, String, Uint16, Uuid

Listener = Group(
    "Listener",
    [
        Field("name", String),
        Field("host", String),
        Field("port", Uint16),
        Field("security_protocol", Int16),  # 0: PLAINTEXT, 1: SSL, 2: SASL_PLAINTEXT, 3: SASL_SSL
    ],
)

Feature = Group(
    "Feature",
    [
        Field("name", String),
        Field("min_supported_version", Int16),
        Field("max_supported_version", Int16),
    ],
)

ControllerRegistrationRequest = Message(
    "ControllerRegistrationRequest",
    key=70,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("controller_id", Int32),
        Field("incarnation_id", Uuid),
        Field("zk_migration_ready", Bool),
        Field("listeners", Array(Listener)),
        Field("features", Array(Feature)),
    ],
)

ControllerRegistrationResponse = Message(
    "ControllerRegistrationResponse",
    key=70,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
    ],
)
