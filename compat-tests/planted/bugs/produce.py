"""Bugs on the way of a record into the log."""

from __future__ import annotations

from planted.bug import Bug, Edit

PRODUCERS = "pykbroker/log/producers.py"
VALIDATE = "pykbroker/log/validate.py"
LOG = "pykbroker/log/log.py"

BUGS = (
    Bug(
        "four-batches-remembered",
        apis=("Produce",),
        says="With five requests in flight, the oldest one sent again is refused with OUT_OF_ORDER_SEQUENCE_NUMBER.",
        stands_for="redpanda-data/redpanda#3038",
        blind=True,
        edits=(Edit(PRODUCERS, "REMEMBERED_BATCHES = 5", "REMEMBERED_BATCHES = 4"),),
    ),
    Bug(
        "duplicate-gets-the-last-offset",
        apis=("Produce",),
        says="A batch of several records sent again is answered with the offset of its last record, not its first.",
        blind=True,
        edits=(
            Edit(
                LOG,
                "first = earlier.last_offset - earlier.offset_delta",
                "first = earlier.last_offset",
            ),
        ),
    ),
    Bug(
        "new-epoch-takes-any-sequence",
        apis=("Produce",),
        says="After an epoch bump a batch whose predecessors got lost is stored as if nothing were missing.",
        blind=True,
        edits=(Edit(PRODUCERS, "if sequence != 0 and entry.epoch", "if sequence < 0 and entry.epoch"),),
    ),
    Bug(
        "restart-forgets-the-first-sequence",
        apis=("Produce",),
        says="A batch of several records sent again after a clean restart is refused instead of recognised.",
        blind=True,
        edits=(
            Edit(
                PRODUCERS,
                "first = advance_sequence(sequence, -delta)",
                "first = advance_sequence(sequence, 0)",
            ),
        ),
    ),
    Bug(
        "append-time-is-not-told",
        apis=("Produce",),
        says="On a LogAppendTime topic the answer has -1 for the time, and clients take their own for the record's.",
        stands_for="redpanda-data/redpanda#29189",
        blind=True,
        edits=(Edit(LOG, "now_ms if self._rules.log_append_time else NO_TIMESTAMP", "NO_TIMESTAMP"),),
    ),
    Bug(
        "largest-batch-is-refused",
        apis=("Produce",),
        says="A batch of exactly max.message.bytes is MESSAGE_TOO_LARGE.",
        blind=True,
        edits=(
            Edit(
                VALIDATE,
                "        if size > rules.max_message_bytes:\n            _too_large(size, rules)\n        computed",
                "        if size >= rules.max_message_bytes:\n            _too_large(size, rules)\n        computed",
            ),
        ),
    ),
    Bug(
        "keyless-record-is-corrupt",
        apis=("Produce",),
        says="A record without a key for a compacted topic gets CORRUPT_MESSAGE, and the producer tries again for ever.",
        stands_for="KAFKA-4808",
        blind=True,
        edits=(
            Edit(
                VALIDATE,
                "    code = ErrorCode.INVALID_RECORD\n",
                "    code = ErrorCode.CORRUPT_MESSAGE\n",
            ),
        ),
    ),
    Bug(
        "failed-acks-0-goes-unnoticed",
        apis=("Produce",),
        says="A producer with acks=0 whose records are refused goes on for ever: its connection is not closed.",
        blind=True,
        edits=(
            Edit(
                "pykbroker/api/handlers/produce.py",
                "        if failed:\n            raise Disconnect(",
                "        if failed and not responses:\n            raise Disconnect(",
            ),
        ),
    ),
)
