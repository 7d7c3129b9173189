"""DeleteGroups (key 42): remove groups that have no members (KIP-229).

v2 is flexible.
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Message, String

DeleteGroupsRequest = Message(
    "DeleteGroupsRequest",
    key=42,
    kind="request",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("groups_names", Array(String)),
    ],
)

DeletableGroupResult = Group(
    "DeletableGroupResult",
    [
        Field("group_id", String),
        Field("error_code", Int16),
    ],
)

DeleteGroupsResponse = Message(
    "DeleteGroupsResponse",
    key=42,
    kind="response",
    versions="0-2",
    flexible="2+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("results", Array(DeletableGroupResult)),
    ],
)
