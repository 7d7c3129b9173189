"""Produce: append one batch to each partition, answer when it is as safe as `acks` asks.

acks 1 and 0 answer after the write, -1 when the high watermark has passed the batch, within timeout_ms. acks=0 has no
answer: when something failed the connection is closed instead, so that the producer learns it. One partition's failure
does not touch the others. The batch is not unpacked here: what is in it is the log's business.

Versions: 0-2 bring message sets, which the log converts; as in Kafka a batch v2 is not refused there either, not even with
zstd. 2: log append time. 3: batches v2 and nothing else. 7: zstd. 8: record errors and a message for each partition
(KIP-467). 10: current leader (KIP-951). 13: topic ids (KIP-516).
"""

from __future__ import annotations

from typing import Any

import trio

from pykbroker.api.context import Context
from pykbroker.api.dispatch import Disconnect
from pykbroker.api.partitions import (
    FAILURES,
    NO_TRANSACTIONS,
    code_of,
    current_leader,
    message_of,
    node_endpoints,
)
from pykbroker.errors import ApiError, BadRecords
from pykbroker.log.validate import AppendOrigin, one_batch
from pykbroker.server.partition import Partition
from wire.errors import ErrorCode
from wire.messages.produce import (
    BatchIndexAndErrorMessage,
    LeaderIdAndEpoch,
    NodeEndpoint,
    PartitionProduceResponse,
    ProduceResponse,
    TopicProduceResponse,
)

ADMIN_CLIENT = "__admin_client"  # the one client id that may write to internal topics (Kafka's tools use it)

FIRST_WITH_BATCHES = 3
FIRST_WITH_ZSTD = 7
MAGIC_AT = 16
MAGIC_V2 = 2
ATTRIBUTES_AT = 22  # low byte; bits 0-2 codec, bit 4 transactional
CODEC_MASK = 0x07
TRANSACTIONAL = 0x10
ZSTD = 4

TELL_NO_START = (
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ErrorCode.NOT_LEADER_OR_FOLLOWER,
    ErrorCode.MESSAGE_TOO_LARGE,
    ErrorCode.RECORD_LIST_TOO_LARGE,
    ErrorCode.CORRUPT_MESSAGE,
    ErrorCode.KAFKA_STORAGE_ERROR,
)

Row = Any  # PartitionProduceResponse
Waiting = list[tuple[Partition, int, Row]]


def handle(ctx: Context, request: Any) -> Any:
    version, acks = ctx.version, request.acks
    replicas = ctx.broker.replicas
    plain = request.transactional_id is None and -1 <= acks <= 1
    responses = []
    failed = False
    waiting: Waiting | None = None
    for topic in request.topic_data:
        rows = []
        name = topic.name
        for data in topic.partition_data:
            try:
                if version < 13:
                    partition = replicas.partition(name, data.index)
                else:
                    partition = replicas.partition_by_id(topic.topic_id, data.index)
                if not plain or partition.is_internal or is_special(data.records, version):
                    check(ctx, request, partition, data.records)
                try:
                    appended = partition.append_as_leader(data.records, CLIENT, acks)
                except FAILURES as error:
                    failed = True
                    row = refused(ctx, topic, data.index, error)
                    row.log_start_offset = start_told(partition, data.records, error)
                    rows.append(row)
                    continue
            except FAILURES as error:
                failed = True
                rows.append(refused(ctx, topic, data.index, error))
                continue
            base_offset, last_offset, append_time_ms, log_start_offset, _ = appended
            row = new_row(data.index, 0, base_offset, append_time_ms, log_start_offset)
            rows.append(row)
            if partition.high_watermark <= last_offset and (acks == -1 or partition.awaits_flush):
                waiting = waiting or []
                waiting.append((partition, last_offset + 1, row))
        responses.append(new_topic(name, topic.topic_id, rows))
    if waiting:
        return wait(ctx, request, responses, waiting, failed)
    return finish(ctx, request, responses, failed)


CLIENT = AppendOrigin.CLIENT
new_row = (
    PartitionProduceResponse.cls
)  # called with index, error_code, base_offset, log_append_time_ms, log_start_offset
new_topic = TopicProduceResponse.cls  # called with name, topic_id, partition_responses


def is_special(records: Any, version: int) -> bool:
    """True for the few batches that need a closer look: none, transactional, zstd or a message set where they may not be."""
    if records is None:
        return True
    if len(records) <= ATTRIBUTES_AT:
        return False  # too short for anything: the log refuses it
    if records[MAGIC_AT] < MAGIC_V2:
        return version >= FIRST_WITH_BATCHES
    attributes = records[ATTRIBUTES_AT]
    return bool(attributes & TRANSACTIONAL) or (
        FIRST_WITH_BATCHES <= version < FIRST_WITH_ZSTD and attributes & CODEC_MASK == ZSTD
    )


def check(ctx: Context, request: Any, partition: Partition, records: Any) -> None:
    """What is refused before the log sees it. Raises: ApiError."""
    if records is None:
        raise ApiError(ErrorCode.INVALID_RECORD, "the request has no records for this partition")
    if request.transactional_id is not None:
        raise ApiError(ErrorCode.INVALID_REQUEST, NO_TRANSACTIONS)
    if is_special(records, ctx.version):
        if records[MAGIC_AT] < MAGIC_V2:
            raise ApiError(
                ErrorCode.INVALID_RECORD,
                f"Produce v{ctx.version} takes record batches of format v2, not a message set v{records[MAGIC_AT]}",
            )
        if records[ATTRIBUTES_AT] & TRANSACTIONAL:
            raise ApiError(ErrorCode.INVALID_REQUEST, NO_TRANSACTIONS)
        raise ApiError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, "zstd needs Produce version 7")
    if not -1 <= request.acks <= 1:
        if ctx.version >= FIRST_WITH_BATCHES:
            one_batch(records)
        raise ApiError(ErrorCode.INVALID_REQUIRED_ACKS, f"acks={request.acks}; allowed are -1 (all), 0 and 1")
    if partition.is_internal and ctx.client_id != ADMIN_CLIENT:
        raise ApiError(
            ErrorCode.INVALID_TOPIC_EXCEPTION, f"{partition.topic} is internal: clients do not write to it"
        )


def refused(ctx: Context, topic: Any, index: int, error: ApiError | OSError) -> Row:
    """The row of a partition to which nothing was appended."""
    row = PartitionProduceResponse(index=index, base_offset=-1)
    name = topic.name if ctx.version < 13 else ctx.broker.metadata.image.topic_names.get(topic.topic_id)
    fail(ctx, name, row, error)
    if isinstance(error, BadRecords):
        row.record_errors = [
            BatchIndexAndErrorMessage(batch_index=index, batch_index_error_message=text)
            for index, text in error.records
        ]
    return row


def start_told(partition: Partition, records: Any, error: ApiError | OSError) -> int:
    """Where the log begins, told with what the log itself refused; -1 where a batch did not get that far, or the log did not
    serve (ReplicaManager.appendRecordsToLeader, ProduceRequest.validateRecords)."""
    if code_of(error) in TELL_NO_START:
        return -1
    try:
        one_batch(records)
    except ApiError:
        return -1
    return partition.log_start_offset


def fail(ctx: Context, name: str | None, row: Row, error: ApiError | OSError) -> None:
    code = code_of(error)
    row.error_code = int(code)
    row.error_message = message_of(error)
    if code == ErrorCode.NOT_LEADER_OR_FOLLOWER and ctx.version >= 10:
        leader, epoch = current_leader(ctx, name, row.index)
        row.current_leader = LeaderIdAndEpoch(leader_id=leader, leader_epoch=epoch)


async def wait(ctx: Context, request: Any, responses: list[Any], waiting: Waiting, failed: bool) -> Any:
    """Answer when all that was appended is committed, or at the deadline."""
    deadline = trio.current_time() + max(0, request.timeout_ms) / 1000
    for partition, end_offset, row in waiting:
        try:
            if request.acks == -1:
                with trio.move_on_at(deadline) as scope:
                    await partition.wait_high_watermark(end_offset)
                if scope.cancelled_caught:
                    raise ApiError(ErrorCode.REQUEST_TIMED_OUT)
            else:
                await partition.wait_flushed(end_offset)
        except FAILURES as error:
            failed = True
            fail(ctx, partition.topic, row, error)
    return finish(ctx, request, responses, failed)


def finish(ctx: Context, request: Any, responses: list[Any], failed: bool) -> Any:
    if request.acks == 0:
        if failed:
            raise Disconnect(f"its Produce with acks=0 failed: {first_failure(responses)}")
        return None
    response = ProduceResponse.cls()
    response.responses = responses
    if failed and ctx.version >= 10:
        leaders = {
            row.current_leader.leader_id
            for topic in responses
            for row in topic.partition_responses
            if row.error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
        }
        response.node_endpoints = node_endpoints(ctx, leaders, NodeEndpoint)
    return response


def refuse(ctx: Context, request: Any, error: ApiError) -> Any:
    """The answer to a request that failed as a whole, which only a bug can do."""
    responses = []
    for topic in request.topic_data:
        rows = [refused(ctx, topic, data.index, error) for data in topic.partition_data]
        responses.append(
            TopicProduceResponse(name=topic.name, topic_id=topic.topic_id, partition_responses=rows)
        )
    return finish(ctx, request, responses, True)


def first_failure(responses: list[Any]) -> str:
    """One line for the log."""
    for topic in responses:
        for row in topic.partition_responses:
            if row.error_code:
                where = topic.name or "a topic id"
                code = ErrorCode(row.error_code)  # type: ignore[call-arg]
                return f"{where}-{row.index}: {code.name}, {row.error_message}"
    return "unknown"
