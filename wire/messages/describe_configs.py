"""DescribeConfigs (key 32): settings of topics, brokers and others (KIP-133).

v1 sources and synonyms (KIP-226), v3 types and documentation (KIP-569), v4 flexible.
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int8, Int16, Int32, Message, String

DescribeConfigsResource = Group(
    "DescribeConfigsResource",
    [
        # ConfigResource: 2 topic, 4 broker, 8 logger, 16 client metrics, 32 group
        Field("resource_type", Int8),
        Field("resource_name", String),  # topic, broker id ('' for the default of all brokers), group ...
        Field("configuration_keys", Array(String), nullable="0+"),  # null: all
    ],
)

DescribeConfigsRequest = Message(
    "DescribeConfigsRequest",
    key=32,
    kind="request",
    versions="0-4",
    flexible="4+",
    fields=[
        Field("resources", Array(DescribeConfigsResource)),
        Field("include_synonyms", Bool, "1+"),
        Field("include_documentation", Bool, "3+"),  # KIP-569
    ],
)

DescribeConfigsSynonym = Group(
    "DescribeConfigsSynonym",
    [
        Field("name", String),
        Field("value", String, nullable="0+"),
        Field("source", Int8),
    ],
)

DescribeConfigsResourceResult = Group(
    "DescribeConfigsResourceResult",
    [
        Field("name", String),
        Field("value", String, nullable="0+"),
        Field("read_only", Bool),  # cannot be changed while the broker runs
        Field("is_default", Bool, "0"),
        # ConfigSource: 1 topic, 2 broker, 3 default of brokers, 4 static, 5 built-in default
        Field("config_source", Int8, "1+", default=-1),
        Field("is_sensitive", Bool),  # passwords: the value is then null
        # where the value comes from, the strongest first (KIP-226)
        Field("synonyms", Array(DescribeConfigsSynonym), "1+"),
        # ConfigType: 1 boolean, 2 string, 3 int, 4 short, 5 long, 6 double, 7 list, 8 class, 9 password
        Field("config_type", Int8, "3+"),
        Field("documentation", String, "3+", nullable="0+"),
    ],
)

DescribeConfigsResult = Group(
    "DescribeConfigsResult",
    [
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
        # ConfigResource: 2 topic, 4 broker, 8 logger, 16 client metrics, 32 group
        Field("resource_type", Int8),
        Field("resource_name", String),  # topic, broker id ('' for the default of all brokers), group ...
        Field("configs", Array(DescribeConfigsResourceResult)),
    ],
)

DescribeConfigsResponse = Message(
    "DescribeConfigsResponse",
    key=32,
    kind="response",
    versions="0-4",
    flexible="4+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("results", Array(DescribeConfigsResult)),
    ],
)
