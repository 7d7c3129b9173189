"""Fetch: read whole batches from each partition, wait for more if there are too few, leave out what a session knows.

A partition gives what stands in the log, at most partition_max_bytes of it, all together at most max_bytes; but the
first batch of the first partition that has one is always given whole (KIP-74). Fewer than min_bytes: the fetch waits
until appends may have brought them, for max_wait_ms at most, and reads again. An error, or a log that parts from the
reader's, is answered at once; a partition that is not known at all is not, or its reader would ask in a tight loop.

Versions: 0-1 want message sets of format v0, 2-3 of v1 (message_sets.py). 0-2 get no more than they ask for, not even a
first batch; 3: max_bytes for all partitions together. 4 record batches v2, isolation level. 5 log start offset; up to 5, a
storage error is told as NOT_LEADER_OR_FOLLOWER, which those clients retry. 7 sessions (KIP-227). 9 leader epoch (KIP-320).
10 zstd. 11 rack (KIP-392; this broker is always the one to read from). 12 diverging epochs (KIP-595). 13 topic ids
(KIP-516). 16 current leader (KIP-951).

A replica id is a claim that any client can make: nothing is moved by it and nothing beyond the high watermark is shown.
Until replication is served such a fetch is refused, since this broker's partitions have no other replicas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import trio

from pykbroker.api.context import Context
from pykbroker.api.partitions import FAILURES, code_of, current_leader, node_endpoints
from pykbroker.core.fetch_sessions import Answers, FetchPlan, SessionPartition
from pykbroker.errors import ApiError
from pykbroker.server.partition import ISOLATION_LEVELS, NO_EPOCH, READ_COMMITTED, Partition, PartitionRead
from pykbroker.server.waiters import FetchWaiter
from wire.errors import ErrorCode
from wire.messages.fetch import (
    EpochEndOffset,
    FetchableTopicResponse,
    FetchResponse,
    LeaderIdAndEpoch,
    NodeEndpoint,
    PartitionData,
)

FIRST_WITH_BATCHES = 4
FIRST_WITH_ZSTD = 10
UNKNOWN = (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNKNOWN_TOPIC_ID)
LEADER_ERRORS = (ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.FENCED_LEADER_EPOCH)

new_row = PartitionData.cls
new_topic = FetchableTopicResponse.cls


class Reading:
    """What one pass over the partitions of a fetch gave.

    byte_count: of all records. at_once: something is worth an answer whatever the byte count. watched: the partitions that
    can bring more, with the high watermark up to which they were read.
    """

    __slots__ = ("answers", "at_once", "byte_count", "watched")

    def __init__(self) -> None:
        self.answers: Answers = []
        self.byte_count = 0
        self.at_once = False
        self.watched: list[tuple[Partition, int]] = []


def handle(ctx: Context, request: Any) -> Any:
    broker, version = ctx.broker, ctx.version
    if request.isolation_level not in ISOLATION_LEVELS:
        raise ApiError(ErrorCode.INVALID_REQUEST, f"there is no isolation level {request.isolation_level}")
    plan = broker.replicas.fetch_sessions.begin(request, version >= 13, False, broker.clock.monotonic_ms())
    if plan.error:
        return FetchResponse(error_code=int(plan.error))
    replica_id = request.replica_id if version < 15 else request.replica_state.replica_id
    if replica_id >= 0:
        return answer(ctx, plan, refuse_follower(ctx, plan.partitions, replica_id))
    reading = read(ctx, request, plan.partitions)
    if is_enough(ctx, request, reading):
        return answer(ctx, plan, reading)
    return wait(ctx, request, plan, reading)


def is_enough(ctx: Context, request: Any, reading: Reading) -> bool:
    return (
        reading.byte_count >= min(request.min_bytes, ctx.broker.replicas.fetch_max_bytes, request.max_bytes)
        or reading.at_once
        or not reading.watched
        or request.max_wait_ms <= 0
    )


def read(ctx: Context, request: Any, partitions: Sequence[SessionPartition]) -> Reading:
    """One pass over all partitions, in order, until max_bytes are used up; the rest is still asked for its offsets."""
    isolation = request.isolation_level
    aborted: Any = [] if isolation == READ_COMMITTED else None
    left = min(request.max_bytes, ctx.broker.replicas.fetch_max_bytes)
    reading = Reading()
    answers = reading.answers
    for wanted in partitions:
        try:
            partition = find(ctx, wanted)
            got = read_one(ctx, partition, wanted, left, isolation, not reading.byte_count)
        except FAILURES as error:
            row = refused(ctx, wanted, error)
            reading.at_once = reading.at_once or row.error_code not in UNKNOWN
            answers.append((wanted, row))
            continue
        records = got.records
        row = new_row()
        row.partition_index = wanted.index
        row.high_watermark = got.high_watermark
        row.last_stable_offset = got.last_stable_offset
        row.log_start_offset = got.log_start_offset
        row.aborted_transactions = aborted
        row.records = records
        answers.append((wanted, row))
        if records:
            left = max(0, left - len(records))
            reading.byte_count += len(records)
            if wanted.fetch_offset < partition.log.segments[-1].base_offset:
                reading.at_once = True  # a read ends with its segment: waiting would not add to this one
        elif got.diverging is not None:
            epoch, end_offset = got.diverging
            row.diverging_epoch = EpochEndOffset(epoch=epoch, end_offset=end_offset)
            row.aborted_transactions = None
            reading.at_once = True
        elif wanted.fetch_offset < got.last_stable_offset and min(wanted.max_bytes, left) > 0:
            row.aborted_transactions = (
                None  # a batch that does not fit goes with its list (ReplicaManager.readFromLog)
            )
        reading.watched.append((partition, got.high_watermark))
    return reading


def read_one(
    ctx: Context, partition: Partition, wanted: SessionPartition, left: int, isolation: int, min_one: bool
) -> PartitionRead:
    """Raises: ApiError, OSError."""
    epoch = wanted.current_leader_epoch  # every negative number means none (FetchRequest.optionalEpoch)
    partition.check_leader(epoch if epoch >= 0 else NO_EPOCH)
    if ctx.version < FIRST_WITH_ZSTD:
        if partition.settings.compression_type == "zstd":
            raise ApiError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE)
        if ctx.version < FIRST_WITH_BATCHES:
            from pykbroker.api.message_sets import read_message_set

            return read_message_set(ctx.version, partition, wanted, left, min_one)
    limit, epoch = wanted.max_bytes, wanted.last_fetched_epoch
    return partition.read(
        wanted.fetch_offset,
        limit if limit < left else left,
        isolation,
        min_one,
        epoch if epoch >= 0 else NO_EPOCH,
    )


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The answer to a request that failed as a whole: below version 7 only partitions carry a code, from 13 on none does."""
    code = int(error.code)
    topics = [
        FetchableTopicResponse(
            topic=topic.topic,
            partitions=[
                PartitionData(
                    partition_index=asked.partition,
                    error_code=code,
                    high_watermark=-1,
                    last_stable_offset=-1,
                    records=b"",
                )
                for asked in topic.partitions
            ],
        )
        for topic in (request.topics if ctx.version < 13 else ())
    ]
    return FetchResponse(error_code=code, responses=topics)


def refuse_follower(ctx: Context, partitions: Sequence[SessionPartition], replica_id: int) -> Reading:
    """No partition has a replica on that broker as far as we serve it."""
    reading = Reading()
    reading.at_once = True
    for wanted in partitions:
        try:
            find(ctx, wanted)
            raise ApiError(
                ErrorCode.NOT_LEADER_OR_FOLLOWER, f"broker {replica_id} does not replicate from here"
            )
        except FAILURES as error:
            reading.answers.append((wanted, refused(ctx, wanted, error)))
    return reading


def find(ctx: Context, wanted: SessionPartition) -> Partition:
    """Raises: ApiError UNKNOWN_TOPIC_ID, INCONSISTENT_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER."""
    replicas = ctx.broker.replicas
    if ctx.version < 13:
        assert wanted.topic is not None
        return replicas.partition(wanted.topic, wanted.index)
    if wanted.topic is None:
        wanted.topic = ctx.broker.metadata.image.topic_names.get(wanted.topic_id)
        if wanted.topic is None:
            raise ApiError(ErrorCode.UNKNOWN_TOPIC_ID)
    try:
        return replicas.partition_by_id(wanted.topic_id, wanted.index)
    except ApiError as error:
        if error.code != ErrorCode.UNKNOWN_TOPIC_ID:
            raise
        # The session saw the topic, and now it is another one of the same name, or gone.
        replicas.partition(wanted.topic, wanted.index)
        raise ApiError(ErrorCode.INCONSISTENT_TOPIC_ID) from None


def refused(ctx: Context, wanted: SessionPartition, error: ApiError | OSError) -> Any:
    """The row of a partition that could not be read: no offsets, no records."""
    code = code_of(error)
    if code == ErrorCode.KAFKA_STORAGE_ERROR and ctx.version <= 5:
        code = ErrorCode.NOT_LEADER_OR_FOLLOWER
    row = PartitionData(
        partition_index=wanted.index,
        error_code=int(code),
        high_watermark=-1,
        last_stable_offset=-1,
        aborted_transactions=[] if code in UNKNOWN else None,
        records=b"",
    )
    if ctx.version >= 16 and code in LEADER_ERRORS:
        leader, epoch = current_leader(ctx, wanted.topic, wanted.index)
        row.current_leader = LeaderIdAndEpoch(leader_id=leader, leader_epoch=epoch)
    return row


async def wait(ctx: Context, request: Any, plan: FetchPlan, reading: Reading) -> Any:
    """Answer when there is enough, or what there is at the deadline."""
    wanted_bytes = min(request.min_bytes, ctx.broker.replicas.fetch_max_bytes, request.max_bytes)
    waiter = FetchWaiter([partition for partition, _ in reading.watched], wanted_bytes - reading.byte_count)
    try:
        with trio.move_on_after(request.max_wait_ms / 1000) as scope:
            # Between the first reading and this line other connections may have had their turn.
            if all(partition.high_watermark == seen for partition, seen in reading.watched):
                await waiter.wait()
            while True:
                reading = read(ctx, request, plan.partitions)
                if is_enough(ctx, request, reading):
                    break
                waiter.rearm(wanted_bytes - reading.byte_count)
                await waiter.wait()
        if scope.cancelled_caught:
            reading = read(ctx, request, plan.partitions)
    finally:
        waiter.close()
    return answer(ctx, plan, reading)


def answer(ctx: Context, plan: FetchPlan, reading: Reading) -> Any:
    version = ctx.version
    broker = ctx.broker
    error, session_id, sent = broker.replicas.fetch_sessions.finish(
        plan, reading.answers, version >= 13, broker.clock.monotonic_ms()
    )
    response = FetchResponse.cls()
    response.error_code = int(error)
    response.session_id = session_id
    response.responses = by_topic(sent)
    if version >= 16 and reading.at_once:
        leaders = {row.current_leader.leader_id for _, row in sent if row.error_code in LEADER_ERRORS}
        response.node_endpoints = node_endpoints(ctx, leaders, NodeEndpoint)
    return response


def by_topic(sent: Answers) -> list[Any]:
    """Neighbouring partitions of one topic share an entry; the order of the partitions stays."""
    topics = []
    last: str | bytes | None = None
    rows: list[Any] = []
    for wanted, row in sent:
        key = wanted.key[0]
        if key != last:
            last, rows = key, []
            topic = new_topic()
            topic.topic = wanted.topic or ""
            topic.topic_id = wanted.topic_id
            topic.partitions = rows
            topics.append(topic)
        rows.append(row)
    return topics
