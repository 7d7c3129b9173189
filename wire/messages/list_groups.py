"""ListGroups (key 16): the groups that a broker coordinates.

v3 flexible, v4 states (KIP-518), v5 types (KIP-848).
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Message, String

ListGroupsRequest = Message(
    "ListGroupsRequest",
    key=16,
    kind="request",
    versions="0-5",
    flexible="3+",
    fields=[
        Field("states_filter", Array(String), "4+"),  # empty: all (KIP-518)
        Field("types_filter", Array(String), "5+"),  # empty: all; classic, consumer, share ... (KIP-848)
    ],
)

ListedGroup = Group(
    "ListedGroup",
    [
        Field("group_id", String),
        Field("protocol_type", String),
        Field("group_state", String, "4+"),
        Field("group_type", String, "5+"),
    ],
)

ListGroupsResponse = Message(
    "ListGroupsResponse",
    key=16,
    kind="response",
    versions="0-5",
    flexible="3+",
    fields=[
        Field("throttle_time_ms", Int32, "1+"),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("groups", Array(ListedGroup)),
    ],
)
