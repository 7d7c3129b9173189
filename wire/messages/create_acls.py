"""CreateAcls (key 30): grant or deny rights (KIP-140).

v1 pattern types (KIP-290), v2 flexible, v3 user resources (KIP-373).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int8, Int16, Int32, Message, String

AclCreation = Group(
    "AclCreation",
    [
        # ConfigResource: 2 topic, 4 broker, 8 logger, 16 client metrics, 32 group
        Field("resource_type", Int8),
        Field("resource_name", String),  # topic, broker id ('' for the default of all brokers), group ...
        Field("resource_pattern_type", Int8, "1+", default=3),  # 3: literal, 4: prefixed (KIP-290)
        Field("principal", String),
        Field("host", String),
        Field("operation", Int8),  # AclOperation: 1 any, 2 all, 3 read, 4 write, 5 create ...
        Field("permission_type", Int8),  # 1: any, 2: deny, 3: allow
    ],
)

CreateAclsRequest = Message(
    "CreateAclsRequest",
    key=30,
    kind="request",
    versions="0-3",
    flexible="2+",
    fields=[
        Field("creations", Array(AclCreation)),
    ],
)

AclCreationResult = Group(
    "AclCreationResult",
    [
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
    ],
)

CreateAclsResponse = Message(
    "CreateAclsResponse",
    key=30,
    kind="response",
    versions="0-3",
    flexible="2+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("results", Array(AclCreationResult)),
    ],
)
