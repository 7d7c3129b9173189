"""AlterConfigs (key 33): set all settings of a resource at once: what is not named is removed (KIP-133).

v2 is flexible.
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int8, Int16, Int32, Message, String

AlterableConfig = Group(
    "AlterableConfig",
    [
        Field("name", String),
        Field("value", String, nullable="0+"),  # null: remove
    ],
)

AlterConfigsResource = Group(
    "AlterConfigsResource",
    [
        # ConfigResource: 2 topic, 4 broker, 8 logger, 16 client metrics, 32 group
        Field("resource_type", Int8),
        Field("resource_name", String),  # topic, broker id ('' for the default of all brokers), group ...
        Field("configs", Array(AlterableConfig)),
    ],
)

AlterConfigsRequest = Message(
    "AlterConfigsRequest",
    key=33,
    kind="request",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("resources", Array(AlterConfigsResource)),
        Field("validate_only", Bool),  # check, but change nothing
    ],
)

AlterConfigsResourceResponse = Group(
    "AlterConfigsResourceResponse",
    [
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
        # ConfigResource: 2 topic, 4 broker, 8 logger, 16 client metrics, 32 group
        Field("resource_type", Int8),
        Field("resource_name", String),  # topic, broker id ('' for the default of all brokers), group ...
    ],
)

AlterConfigsResponse = Message(
    "AlterConfigsResponse",
    key=33,
    kind="response",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("responses", Array(AlterConfigsResourceResponse)),
    ],
)
