"""A transaction that its producer leaves open is aborted by the coordinator, and the producer fenced."""

from __future__ import annotations

from functools import partial

import pytest

from conformance import Kafka, Setting, Topic, case, eventually
from conformance.groups import committed, fetched
from conformance.transactions import TRANSACTION_APIS, Producer, committed_values, transactional
from wire.errors import ErrorCode
from wire.messages.add_offsets_to_txn import AddOffsetsToTxnRequest
from wire.messages.end_txn import EndTxnRequest
from wire.messages.init_producer_id import InitProducerIdRequest
from wire.messages.offset_fetch import OffsetFetchRequest
from wire.messages.txn_offset_commit import TxnOffsetCommitRequest

WHY = "KIP-98; TransactionCoordinator.abortTimedOutTransactions"
TIMELY = (Setting("transaction.abort.timed.out.transaction.cleanup.interval.ms", at_most=1000),)
SHORT_MS = 200

timely = partial(
    case,
    InitProducerIdRequest,
    versions="latest",
    feature="transactions",
    why=WHY,
    also=TRANSACTION_APIS,
    needs=TIMELY,
)


def timed_out(kafka: Kafka) -> tuple[Topic, Producer]:
    """A topic with one batch of a transaction that the coordinator has aborted, and the producer."""
    topic, producer = kafka.topic(), transactional(kafka, timeout_ms=SHORT_MS)
    producer.write(topic, b"a")
    producer.wait_state("CompleteAbort")
    return topic, producer


@timely()
def test_a_transaction_that_is_left_open(kafka: Kafka) -> None:
    """After its timeout a transaction is aborted, and the epoch raised."""
    topic, producer = kafka.topic(), transactional(kafka, timeout_ms=SHORT_MS)
    producer.write(topic, b"a")
    row = producer.wait_state("CompleteAbort")
    assert row.producer_epoch == producer.epoch + 1
    assert committed_values(kafka, topic) == []
    assert kafka.fetch(topic, isolation_level=1).last_stable_offset == 2


@case(
    EndTxnRequest,
    versions="0-4",
    feature="transactions",
    why=f"{WHY}; KIP-588",
    also=TRANSACTION_APIS,
    needs=TIMELY,
)
def test_a_commit_that_comes_too_late(kafka: Kafka, version: int) -> None:
    """The commit of a transaction that timed out answers PRODUCER_FENCED, below v2 INVALID_PRODUCER_EPOCH."""
    _, producer = timed_out(kafka)
    code = ErrorCode.PRODUCER_FENCED if version >= 2 else ErrorCode.INVALID_PRODUCER_EPOCH
    assert producer.end(True).error_code == code


@case(
    EndTxnRequest,
    versions="5+",
    feature="transactions v2",
    why="KIP-890; the timeout raises the epoch as an end would",
    also=TRANSACTION_APIS,
    needs=TIMELY,
)
@pytest.mark.parametrize("committed", [True, False])
def test_an_end_that_comes_too_late(kafka: Kafka, committed: bool) -> None:
    """From v5 on an abort after the timeout is a retry and brings the next epoch, a commit answers INVALID_TXN_STATE."""
    _, producer = timed_out(kafka)
    answer = producer.end(committed)
    assert answer.error_code == (ErrorCode.INVALID_TXN_STATE if committed else 0)
    assert answer.producer_epoch == (-1 if committed else 1)


@timely()
def test_a_batch_that_comes_too_late(kafka: Kafka) -> None:
    """A further batch of a transaction that timed out answers INVALID_PRODUCER_EPOCH."""
    topic, producer = timed_out(kafka)
    assert producer.send(topic, b"b").error_code == ErrorCode.INVALID_PRODUCER_EPOCH


@timely()
def test_a_new_start_after_the_timeout(kafka: Kafka) -> None:
    """After a timeout InitProducerId without epoch goes on: same id, an epoch above, and it can write."""
    topic, producer = timed_out(kafka)
    again = producer.again()
    assert (again.id, again.epoch) == (producer.id, producer.epoch + 2)
    again.write(topic, b"b")
    again.commit()
    assert committed_values(kafka, topic) == [b"b"]


@timely(also=(*TRANSACTION_APIS, AddOffsetsToTxnRequest, TxnOffsetCommitRequest, OffsetFetchRequest))
def test_offsets_of_a_transaction_that_timed_out(kafka: Kafka) -> None:
    """Pending offsets are dropped by the timeout, and the group's offset is stable again."""
    topic, group = kafka.topic(), kafka.group()
    producer = transactional(kafka, timeout_ms=SHORT_MS)
    assert producer.add_offsets(group) == 0
    assert producer.commit_offset(group, topic, 5) in (0, ErrorCode.INVALID_PRODUCER_EPOCH)
    producer.wait_state("CompleteAbort")

    def is_stable() -> bool:
        _, topics = fetched(kafka, group, {topic: [0]}, require_stable=True)
        return not topics[0].partitions[0].error_code

    assert eventually(is_stable)
    assert committed(kafka, group, topic).committed_offset == -1


@timely()
def test_an_idle_producer_is_left_alone(kafka: Kafka) -> None:
    """Without an open transaction nothing times out: another one's abort passes, and the epoch stays."""
    topic, idle, busy = (
        kafka.topic(),
        transactional(kafka, timeout_ms=1),
        transactional(kafka, timeout_ms=SHORT_MS),
    )
    busy.write(topic, b"a")
    busy.wait_state("CompleteAbort")
    row = idle.described()
    assert (row.transaction_state, row.producer_epoch) == ("Empty", idle.epoch)
