"""UpdateFeatures (key 57): raise or lower finalized features (KIP-584).

v1 kinds of downgrade, validate_only (KIP-778), v2 one code for all (KIP-1022).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int8, Int16, Int32, Message, String

FeatureUpdateKey = Group(
    "FeatureUpdateKey",
    [
        Field("feature", String),
        Field("max_version_level", Int16),  # 0: remove the feature
        Field("allow_downgrade", Bool, "0"),
        # 1: upgrade, 2: safe downgrade, 3: unsafe downgrade (KIP-778)
        Field("upgrade_type", Int8, "1+", default=1),
    ],
)

UpdateFeaturesRequest = Message(
    "UpdateFeaturesRequest",
    key=57,
    kind="request",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("timeout_ms", Int32, default=60000, kafka="timeoutMs"),
        Field("feature_updates", Array(FeatureUpdateKey)),
        Field("validate_only", Bool, "1+"),  # check, but change nothing
    ],
)

UpdatableFeatureResult = Group(
    "UpdatableFeatureResult",
    [
        Field("feature", String),
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
    ],
)

UpdateFeaturesResponse = Message(
    "UpdateFeaturesResponse",
    key=57,
    kind="response",
    versions="0-2",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
        Field("results", Array(UpdatableFeatureResult), "0-1"),
    ],
)
