"""AlterClientQuotas (key 49): set and remove quotas of users, clients and addresses (KIP-546).

v1 is flexible.
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Float64, Group, Int16, Int32, Message, String

EntityData = Group(
    "EntityData",
    [
        Field("entity_type", String),  # user, client-id or ip
        Field("entity_name", String, nullable="0+"),  # null: the default of that type
    ],
)

OpData = Group(
    "OpData",
    [
        Field("key", String),
        Field("value", Float64),  # the quota; ignored in a removal
        Field("remove", Bool),
    ],
)

RequestEntryData = Group(
    "EntryData",
    [
        Field("entity", Array(EntityData)),
        Field("ops", Array(OpData)),
    ],
)

AlterClientQuotasRequest = Message(
    "AlterClientQuotasRequest",
    key=49,
    kind="request",
    versions="0-1",
    flexible="1+",
    fields=[
        Field("entries", Array(RequestEntryData)),
        Field("validate_only", Bool),  # check, but change nothing
    ],
)

ResponseEntryData = Group(
    "EntryData",
    [
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
        Field("entity", Array(EntityData)),
    ],
)

AlterClientQuotasResponse = Message(
    "AlterClientQuotasResponse",
    key=49,
    kind="response",
    versions="0-1",
    flexible="1+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("entries", Array(ResponseEntryData)),
    ],
)
