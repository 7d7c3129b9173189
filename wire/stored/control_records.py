"""Control records, which stand in the log among the data and end transactions or rule a KRaft quorum.

The key of each says its type, behind a version; most values hold their version as a first field.
"""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int16, Int32, Int64, Message, String, Uint16, Uuid

ControlRecordTypeSchema = Message(
    "ControlRecordTypeSchema",
    key=None,
    kind="data",
    versions="0",
    flexible="none",
    fields=[
        # 0 abort, 1 commit, 2 leader change, 3/4 snapshot header/footer, 5 KRaft version, 6 voters
        Field("type", Int16),
    ],
)

EndTxnMarker = Message(
    "EndTxnMarker",
    key=None,
    kind="data",
    versions="0",
    flexible="none",
    fields=[
        Field("coordinator_epoch", Int32),
    ],
)

Voter = Group(
    "Voter",
    [
        Field("voter_id", Int32),
        Field("voter_directory_id", Uuid, "1+"),  # log directory of the voter (KIP-853)
    ],
)

LeaderChangeMessage = Message(
    "LeaderChangeMessage",
    key=None,
    kind="data",
    versions="0-1",
    flexible="0+",
    fields=[
        Field("version", Int16),
        Field("leader_id", Int32),
        Field("voters", Array(Voter)),
        Field("granting_voters", Array(Voter)),
    ],
)

SnapshotHeaderRecord = Message(
    "SnapshotHeaderRecord",
    key=None,
    kind="data",
    versions="0",
    flexible="0+",
    fields=[
        Field("version", Int16),
        Field("last_contained_log_timestamp", Int64),
    ],
)

SnapshotFooterRecord = Message(
    "SnapshotFooterRecord",
    key=None,
    kind="data",
    versions="0",
    flexible="0+",
    fields=[
        Field("version", Int16),
    ],
)

KRaftVersionRecord = Message(
    "KRaftVersionRecord",
    key=None,
    kind="data",
    versions="0",
    flexible="0+",
    fields=[
        Field("version", Int16),
        Field("kraft_version", Int16, kafka="KRaftVersion"),
    ],
)

Endpoint = Group(
    "Endpoint",
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

VotersVoter = Group(
    "Voter",
    [
        Field("voter_id", Int32),
        Field("voter_directory_id", Uuid),  # log directory of the voter (KIP-853)
        Field("endpoints", Array(Endpoint)),
        Field("kraft_version_feature", KRaftVersionFeature, kafka="KRaftVersionFeature"),
    ],
)

VotersRecord = Message(
    "VotersRecord",
    key=None,
    kind="data",
    versions="0",
    flexible="0+",
    fields=[
        Field("version", Int16),
        Field("voters", Array(VotersVoter)),
    ],
)
