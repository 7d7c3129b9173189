"""Bugs on the way of records out of the log."""

from __future__ import annotations

from planted.bug import Bug, Edit

FETCH = "pykbroker/api/handlers/fetch.py"
SESSIONS = "pykbroker/core/fetch_sessions.py"
WAITERS = "pykbroker/server/waiters.py"

BUGS = (
    Bug(
        "large-batch-from-the-first-partition-only",
        apis=("Fetch",),
        says="A consumer of several partitions never gets past a batch larger than max_bytes, unless it is in the first.",
        stands_for="redpanda-data/redpanda#1532",
        blind=True,
        edits=(Edit(FETCH, "left, isolation, not reading.byte_count)", "left, isolation, not answers)"),),
    ),
    Bug(
        "only-the-first-partition-wakes",
        apis=("Fetch",),
        says="A fetch that waits on several partitions sees records of all but the first only when max_wait_ms is over.",
        stands_for="KAFKA-14334",
        blind=True,
        edits=(
            Edit(
                WAITERS,
                "for partition in partitions:\n            partition.fetch_waiters[self]",
                "for partition in partitions[:1]:\n            partition.fetch_waiters[self]",
            ),
        ),
    ),
    Bug(
        "min-bytes-must-be-exceeded",
        apis=("Fetch",),
        says="A fetch that waits for exactly as many bytes as are then produced sleeps on until max_wait_ms.",
        blind=True,
        edits=(Edit(WAITERS, "if self._missing_bytes <= 0", "if self._missing_bytes < 0"),),
    ),
    Bug(
        "incremental-fetch-never-waits",
        apis=("Fetch",),
        says="Idle consumers with a fetch session are answered at once and ask in a tight loop.",
        stands_for="redpanda-data/redpanda#1115",
        blind=True,
        edits=(
            Edit(
                FETCH,
                "    reading = read(ctx, request, plan.partitions)\n    if is_enough(",
                "    reading = read(ctx, request, plan.partitions)\n    if plan.session is not None or is_enough(",
            ),
        ),
    ),
    Bug(
        "one-partition-forgotten-of-each-topic",
        apis=("Fetch",),
        says="A consumer that gives several partitions of a topic up keeps getting the records of all but one of them.",
        blind=True,
        edits=(
            Edit(SESSIONS, "for index in forgotten.partitions:", "for index in forgotten.partitions[:1]:"),
        ),
    ),
    Bug(
        "new-log-start-is-omitted",
        apis=("Fetch", "DeleteRecords"),
        says="After DeleteRecords a session's consumer is not told that the log starts later.",
        blind=True,
        edits=(
            Edit(
                SESSIONS,
                "\n            or self.sent_log_start_offset != answer.log_start_offset\n",
                "\n",
            ),
        ),
    ),
    Bug(
        "truncation-in-the-same-epoch-is-not-seen",
        apis=("Fetch",),
        says="A reader beyond the end of its epoch gets OFFSET_OUT_OF_RANGE instead of the place where the logs part.",
        blind=True,
        edits=(
            Edit(
                "pykbroker/server/partition.py",
                "if epoch < last_fetched_epoch or end_offset < offset:",
                "if epoch < last_fetched_epoch:",
            ),
        ),
    ),
    Bug(
        "one-past-the-end-is-in-range",
        apis=("Fetch",),
        says="A consumer one offset beyond the end waits for records instead of being reset, and misses one for ever.",
        blind=True,
        edits=(
            Edit(
                "pykbroker/log/log.py",
                "if offset < self.log_start_offset or offset > log_end:",
                "if offset < self.log_start_offset or offset > log_end + 1:",
            ),
        ),
    ),
    Bug(
        "leader-endpoint-tag-lost-in-v16",
        apis=("Fetch",),
        says="A client with an old leader epoch is told the leader's id but not where it is.",
        blind=True,
        edits=(Edit(FETCH, "if version >= 16 and reading.at_once:", "if version > 16 and reading.at_once:"),),
    ),
)
