"""RemoveRaftVoter (key 81): one voter less in the KRaft quorum (KIP-853)."""

from __future__ import annotations

from wire.schema import Field, Int16, Int32, Message, String, Uuid

RemoveRaftVoterRequest = Message(
    "RemoveRaftVoterRequest",
    key=81,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("cluster_id", String, nullable="0+"),
        Field("voter_id", Int32),
        Field("voter_directory_id", Uuid),  # log directory of the voter (KIP-853)
    ],
)

RemoveRaftVoterResponse = Message(
    "RemoveRaftVoterResponse",
    key=81,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("error_message", String, nullable="0+"),
    ],
)
