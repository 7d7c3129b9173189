"""DescribeClientQuotas (key 48): quotas that match (KIP-546).

v1 is flexible.
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Float64, Group, Int8, Int16, Int32, Message, String

ComponentData = Group(
    "ComponentData",
    [
        Field("entity_type", String),
        Field("match_type", Int8),  # 0: exactly `match`, 1: the default, 2: any named
        Field("match", String, nullable="0+"),
    ],
)

DescribeClientQuotasRequest = Message(
    "DescribeClientQuotasRequest",
    key=48,
    kind="request",
    versions="0-1",
    flexible="1+",
    fields=[
        Field("components", Array(ComponentData)),
        Field("strict", Bool),  # no entities of further types
    ],
)

EntityData = Group(
    "EntityData",
    [
        Field("entity_type", String),  # user, client-id or ip
        Field("entity_name", String, nullable="0+"),  # null: the default of that type
    ],
)

ValueData = Group(
    "ValueData",
    [
        Field("key", String),
        Field("value", Float64),
    ],
)

EntryData = Group(
    "EntryData",
    [
        Field("entity", Array(EntityData)),
        Field("values", Array(ValueData)),
    ],
)

DescribeClientQuotasResponse = Message(
    "DescribeClientQuotasResponse",
    key=48,
    kind="response",
    versions="0-1",
    flexible="1+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
        Field("entries", Array(EntryData), nullable="0+"),  # null with an error
    ],
)
