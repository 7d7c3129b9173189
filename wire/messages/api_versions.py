"""ApiVersions (key 18): what this broker serves.

v3 is flexible and names the client's software (KIP-511), and features (KIP-584); v4 allows feature level 0 (KIP-1022). The
answer's header is version 0 always: who asks does not yet know what the broker can (KIP-511).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int16, Int32, Int64, Message, String

ApiVersionsRequest = Message(
    "ApiVersionsRequest",
    key=18,
    kind="request",
    versions="0-4",
    flexible="3+",
    fields=[
        Field("client_software_name", String, "3+"),
        Field("client_software_version", String, "3+"),
    ],
)

ApiVersion = Group(
    "ApiVersion",
    [
        Field("api_key", Int16),
        Field("min_version", Int16),
        Field("max_version", Int16),
    ],
)

SupportedFeatureKey = Group(
    "SupportedFeatureKey",
    [
        Field("name", String),
        Field("min_version", Int16),  # 0 only since v4 (KIP-1022)
        Field("max_version", Int16),
    ],
)

FinalizedFeatureKey = Group(
    "FinalizedFeatureKey",
    [
        Field("name", String),
        Field("max_version_level", Int16),
        Field("min_version_level", Int16),
    ],
)

ApiVersionsResponse = Message(
    "ApiVersionsResponse",
    key=18,
    kind="response",
    versions="0-4",
    flexible="3+",
    fields=[
        Field("error_code", Int16),
        Field("api_keys", Array(ApiVersion)),  # what is served, ascending
        Field("throttle_time_ms", Int32, "1+"),  # how long a quota makes the client wait
        Field("supported_features", Array(SupportedFeatureKey), "3+", tag=0),
        Field("finalized_features_epoch", Int64, "3+", tag=1, default=-1),  # -1: unknown (KIP-584)
        Field("finalized_features", Array(FinalizedFeatureKey), "3+", tag=2),
        Field("zk_migration_ready", Bool, "3+", tag=3),  # KIP-866
    ],
)
