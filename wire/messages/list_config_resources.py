"""ListConfigResources (key 74): names of configurable resources (KIP-1142).

v0 is ListClientMetricsResources under its new name, v1 lists all types.
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int8, Int16, Int32, Message, String

ListConfigResourcesRequest = Message(
    "ListConfigResourcesRequest",
    key=74,
    kind="request",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("resource_types", Array(Int8), "1+"),  # ConfigResource types; empty: all
    ],
)

ConfigResource = Group(
    "ConfigResource",
    [
        Field("resource_name", String),  # topic, broker id ('' for the default of all brokers), group ...
        # ConfigResource: 2 topic, 4 broker, 8 logger, 16 client metrics, 32 group
        Field("resource_type", Int8, "1+", default=16),
    ],
)

ListConfigResourcesResponse = Message(
    "ListConfigResourcesResponse",
    key=74,
    kind="response",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("config_resources", Array(ConfigResource)),
    ],
)
