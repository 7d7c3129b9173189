"""Committed offsets in __consumer_offsets.

The key is of type 0 or 1 (both mean the same; 1 is written), a record without value deletes the offset. Value v1 had an
expiry of its own (OffsetCommit v2 to v4), v3 leader epochs (KIP-320), v4 is flexible, with the topic's id.
"""

from __future__ import annotations

from wire.schema import Field, Int32, Int64, Message, String, Uuid

OffsetCommitKey = Message(
    "OffsetCommitKey",
    key=1,
    kind="key",
    versions="0-1",
    flexible="none",
    fields=[
        Field("group", String, kafka="group"),
        Field("topic", String, kafka="topic"),
        Field("partition", Int32, kafka="partition"),
    ],
)

OffsetCommitValue = Message(
    "OffsetCommitValue",
    key=1,
    kind="value",
    versions="0-4",
    flexible="4+",
    fields=[
        Field("offset", Int64, kafka="offset"),
        # of the last record consumed; -1: unknown (KIP-320)
        Field("leader_epoch", Int32, "3+", default=-1, kafka="leaderEpoch"),
        Field("metadata", String, kafka="metadata"),
        Field("commit_timestamp", Int64, kafka="commitTimestamp"),  # ms
        # ms; -1: by offsets.retention.minutes
        Field("expire_timestamp", Int64, "1", default=-1, kafka="expireTimestamp"),
        # tells a topic from a later one of the same name
        Field("topic_id", Uuid, "4+", tag=0, kafka="topicId"),
    ],
)
