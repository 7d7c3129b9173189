"""Bugs of ListOffsets, OffsetForLeaderEpoch and DeleteRecords."""

from __future__ import annotations

from planted.bug import Bug, Edit

BY_TIME = "pykbroker/log/by_time.py"
EPOCHS = "pykbroker/log/epochs.py"
PARTITION = "pykbroker/server/partition.py"

BUGS = (
    Bug(
        "time-finds-the-start-of-a-compressed-batch",
        apis=("ListOffsets",),
        says="Seeking by time into a compressed batch begins with records that are older.",
        stands_for="redpanda-data/redpanda#25769",
        blind=True,
        edits=(
            Edit(
                BY_TIME,
                "if record.timestamp >= timestamp and",
                "if (header.codec or record.timestamp >= timestamp) and",
            ),
        ),
    ),
    Bug(
        "newest-record-is-the-last-of-a-compressed-batch",
        apis=("ListOffsets",),
        says="-3 gives the last offset of the compressed batch that holds the greatest timestamp.",
        stands_for="KAFKA-16342",
        blind=True,
        edits=(
            Edit(
                BY_TIME,
                "        return None\n    return TimestampOffset(record.timestamp, record.offset,",
                "        return None\n    return TimestampOffset(\n        record.timestamp,"
                " header.last_offset if header.codec else record.offset,",
            ),
        ),
    ),
    Bug(
        "end-without-its-epoch",
        apis=("ListOffsets",),
        says="The end of the log is told without a leader epoch, and consumers that seek there cannot see truncation.",
        stands_for="KAFKA-7568",
        blind=True,
        edits=(
            Edit(
                PARTITION,
                "return TimestampOffset(NO_TIMESTAMP, last, self.leader_epoch)",
                "return TimestampOffset(NO_TIMESTAMP, last, NO_EPOCH)",
            ),
        ),
    ),
    Bug(
        "future-epoch-has-an-end",
        apis=("OffsetForLeaderEpoch",),
        says="An epoch that was never led is answered with the latest one instead of -1 and -1.",
        stands_for="redpanda-data/redpanda#11864",
        blind=True,
        edits=(
            Edit(
                EPOCHS,
                "if slot == len(self.epochs):\n            return UNDEFINED",
                "if slot == len(self.epochs):\n            return self.latest, log_end_offset",
            ),
        ),
    ),
    Bug(
        "undefined-epoch-has-an-end",
        apis=("OffsetForLeaderEpoch",),
        says="Epoch -1 is answered with the end of the log, to which a follower then truncates.",
        stands_for="KAFKA-6857",
        blind=True,
        edits=(
            Edit(
                EPOCHS,
                "if epoch == UNDEFINED[0]:\n            return UNDEFINED",
                "if epoch == UNDEFINED[0]:\n            return -1, log_end_offset",
            ),
        ),
    ),
    Bug(
        "low-watermark-goes-back",
        apis=("DeleteRecords",),
        says="Deleting records that are gone already is answered with the offset asked for, below the log's start.",
        blind=True,
        edits=(
            Edit(
                PARTITION,
                "self._wake_fetches()\n        return self.log.log_start_offset",
                "self._wake_fetches()\n        return offset",
            ),
        ),
    ),
)
