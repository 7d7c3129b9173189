"""DeleteAcls (key 31): remove rights that match (KIP-140).

v1 pattern types (KIP-290), v2 flexible, v3 user resources (KIP-373).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int8, Int16, Int32, Message, String

DeleteAclsFilter = Group(
    "DeleteAclsFilter",
    [
        # 1: any, 2: topic, 3: group, 4: cluster, 5: transactional id, 6: token
        Field("resource_type_filter", Int8),
        Field("resource_name_filter", String, nullable="0+"),  # null: any
        # 1: any, 2: match, 3: literal, 4: prefixed (KIP-290)
        Field("pattern_type_filter", Int8, "1+", default=3),
        Field("principal_filter", String, nullable="0+"),  # as 'User:alice'; null: any
        Field("host_filter", String, nullable="0+"),  # null: any
        Field("operation", Int8),  # AclOperation: 1 any, 2 all, 3 read, 4 write, 5 create ...
        Field("permission_type", Int8),  # 1: any, 2: deny, 3: allow
    ],
)

DeleteAclsRequest = Message(
    "DeleteAclsRequest",
    key=31,
    kind="request",
    versions="0-3",
    flexible="2+",
    fields=[
        Field("filters", Array(DeleteAclsFilter)),
    ],
)

DeleteAclsMatchingAcl = Group(
    "DeleteAclsMatchingAcl",
    [
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
        # ConfigResource: 2 topic, 4 broker, 8 logger, 16 client metrics, 32 group
        Field("resource_type", Int8),
        Field("resource_name", String),  # topic, broker id ('' for the default of all brokers), group ...
        Field("pattern_type", Int8, "1+", default=3),  # 3: literal, 4: prefixed (KIP-290)
        Field("principal", String),
        Field("host", String),
        Field("operation", Int8),  # AclOperation: 1 any, 2 all, 3 read, 4 write, 5 create ...
        Field("permission_type", Int8),  # 1: any, 2: deny, 3: allow
    ],
)

DeleteAclsFilterResult = Group(
    "DeleteAclsFilterResult",
    [
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
        Field("matching_acls", Array(DeleteAclsMatchingAcl)),  # what was removed
    ],
)

DeleteAclsResponse = Message(
    "DeleteAclsResponse",
    key=31,
    kind="response",
    versions="0-3",
    flexible="2+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("filter_results", Array(DeleteAclsFilterResult)),
    ],
)
