"""AddRaftVoter (key 80): one more voter in the KRaft quorum (KIP-853).

v1 may answer before the change is committed (KIP-1186).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int16, Int32, Message, String, Uint16, Uuid

Listener = Group(
    "Listener",
    [
        Field("name", String),
        Field("host", String),
        Field("port", Uint16),
    ],
)

AddRaftVoterRequest = Message(
    "AddRaftVoterRequest",
    key=80,
    kind="request",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("cluster_id", String, nullable="0+"),  # checked if set
        Field("timeout_ms", Int32),
        Field("voter_id", Int32),
        Field("voter_directory_id", Uuid),  # log directory of the voter (KIP-853)
        Field("listeners", Array(Listener)),
        # answer when the change is committed, else when it is written (KIP-1186)
        Field("ack_when_committed", Bool, "1+", default=True),
    ],
)

AddRaftVoterResponse = Message(
    "AddRaftVoterResponse",
    key=80,
    kind="response",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
    ],
)
