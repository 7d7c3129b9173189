"""State of share partitions in __share_group_state (KIP-932): key type 0 is a snapshot, 1 a change to it."""

from __future__ import annotations

from wire.schema import Array, Field, Group, Int8, Int16, Int32, Int64, Message, String, Uuid

ShareSnapshotKey = Message(
    "ShareSnapshotKey",
    key=0,
    kind="key",
    versions="0",
    flexible="none",
    fields=[
        Field("group_id", String),
        Field("topic_id", Uuid),
        Field("partition", Int32),
    ],
)

StateBatch = Group(
    "StateBatch",
    [
        Field("first_offset", Int64),
        Field("last_offset", Int64),
        Field("delivery_state", Int8),  # 0: available, 2: acknowledged, 4: archived
        Field("delivery_count", Int16),  # times handed out
    ],
)

ShareSnapshotValue = Message(
    "ShareSnapshotValue",
    key=0,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("snapshot_epoch", Int32),  # counted up with each snapshot
        Field("state_epoch", Int32),  # raised when a group's state is initialized anew
        Field("leader_epoch", Int32),
        Field("start_offset", Int64),
        # records behind the start offset that are done; -1: unknown (KIP-1226)
        Field("delivery_complete_count", Int32, tag=0, default=-1),
        Field("create_timestamp", Int64),
        Field("write_timestamp", Int64),
        Field("state_batches", Array(StateBatch)),
    ],
)

ShareUpdateKey = Message(
    "ShareUpdateKey",
    key=1,
    kind="key",
    versions="1",
    flexible="none",
    fields=[
        Field("group_id", String),
        Field("topic_id", Uuid),
        Field("partition", Int32),
    ],
)

ShareUpdateValue = Message(
    "ShareUpdateValue",
    key=1,
    kind="value",
    versions="0",
    flexible="0+",
    fields=[
        Field("snapshot_epoch", Int32),  # of the snapshot that it changes
        Field("leader_epoch", Int32),  # -1: unchanged
        Field("start_offset", Int64),  # -1: unchanged
        # records behind the start offset that are done; -1: unknown (KIP-1226)
        Field("delivery_complete_count", Int32, tag=0, default=-1),
        Field("state_batches", Array(StateBatch)),
    ],
)
