"""UpdateRaftVoter (key 82): a voter's new endpoints and versions (KIP-853)."""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Message, String, Uint16, Uuid

Listener = Group(
    "Listener",
    [
        Field("name", String),
        Field("host", String),
        Field("port", Uint16),
    ],
)

KRaftVersionFeature = Group(
    "KRaftVersionFeature",
    [
        Field("min_supported_version", Int16),
        Field("max_supported_version", Int16),
    ],
)

UpdateRaftVoterRequest = Message(
    "UpdateRaftVoterRequest",
    key=82,
    kind="request",
    versions="0",
    flexible="0+",
    fields=[
        Field("cluster_id", String, nullable="0+"),
        Field("current_leader_epoch", Int32),
        Field("voter_id", Int32),
        Field("voter_directory_id", Uuid),  # log directory of the voter (KIP-853)
        Field("listeners", Array(Listener)),
        Field("kraft_version_feature", KRaftVersionFeature, kafka="KRaftVersionFeature"),
    ],
)

CurrentLeader = Group(
    "CurrentLeader",
    [
        Field("leader_id", Int32, default=-1),
        Field("leader_epoch", Int32, default=-1),
        Field("host", String),
        Field("port", Int32),
    ],
)

UpdateRaftVoterResponse = Message(
    "UpdateRaftVoterResponse",
    key=82,
    kind="response",
    versions="0",
    flexible="0+",
    fields=[
        Field("throttle_time_ms", Int32),  # how long a quota makes the client wait
        Field("error_code", Int16),
        Field("current_leader", CurrentLeader, tag=0),
    ],
)
