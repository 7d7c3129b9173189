"""EndTxn: commit and abort, and what is answered when it comes again, too late or in the wrong place.

Up to v4 a retry names the same epoch as the first. From v5 on (KIP-890) each end raises the epoch: the old epoch is a retry
then, the present one a new end.
"""

from __future__ import annotations

import pytest

from conformance import Kafka, case
from conformance.transactions import TRANSACTION_APIS, committed_values, idempotent, transactional
from wire.errors import ErrorCode
from wire.messages.end_txn import EndTxnRequest

COORDINATOR = "KIP-98; TransactionCoordinator.endTransaction"
V2 = "KIP-890; TransactionCoordinator.endTransaction"
ends = pytest.mark.parametrize("committed", [True, False])


@case(EndTxnRequest, feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
@ends
def test_the_end(kafka: Kafka, committed: bool) -> None:
    """EndTxn answers 0; committed records can be read by all, aborted ones by readers of what is uncommitted alone."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a", b"b")
    assert producer.end(committed).error_code == 0
    producer.wait_state("CompleteCommit" if committed else "CompleteAbort")
    assert [record.value for record in kafka.records(topic)] == [b"a", b"b"]
    assert committed_values(kafka, topic) == ([b"a", b"b"] if committed else [])


@case(EndTxnRequest, versions="0-4", feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
@ends
def test_the_epoch_stays(kafka: Kafka, committed: bool) -> None:
    """Up to v4 an end leaves the epoch, and the producer goes on with it and its sequences."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a", version=11)
    producer.end(committed)
    producer.wait_state("CompleteCommit" if committed else "CompleteAbort")
    assert producer.described().producer_epoch == 0
    assert producer.write(topic, b"b", version=11) == 2


@case(EndTxnRequest, versions="5+", feature="transactions v2", why=V2, also=TRANSACTION_APIS)
@ends
def test_the_epoch_is_raised(kafka: Kafka, committed: bool) -> None:
    """From v5 on an end brings the producer's id and its next epoch, in which sequences begin at 0 again."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    answer = producer.end(committed)
    assert (answer.error_code, answer.producer_id, answer.producer_epoch) == (0, producer.id, 1)
    row = producer.wait_state("CompleteCommit" if committed else "CompleteAbort")
    assert row.producer_epoch == 1
    assert producer.send(topic, b"x", sequence=1).error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert producer.write(topic, b"b") == 2


@case(EndTxnRequest, versions="0-4", feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
@ends
def test_the_same_end_again(kafka: Kafka, committed: bool) -> None:
    """Up to v4 the same end again answers 0 and changes nothing."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    producer.end(committed)
    state = "CompleteCommit" if committed else "CompleteAbort"
    producer.wait_state(state)
    assert producer.end(committed).error_code == 0
    assert producer.described().transaction_state == state
    assert kafka.offset(topic) == 2


@case(EndTxnRequest, versions="0-4", feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
@ends
def test_the_other_end_afterwards(kafka: Kafka, committed: bool) -> None:
    """Up to v4 an abort of what is committed, and a commit of what is aborted, answer INVALID_TXN_STATE."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    producer.end(committed)
    producer.wait_state("CompleteCommit" if committed else "CompleteAbort")
    assert producer.end(not committed).error_code == ErrorCode.INVALID_TXN_STATE


@case(EndTxnRequest, versions="0-4", feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
@ends
def test_an_end_without_a_transaction(kafka: Kafka, committed: bool) -> None:
    """Up to v4 an end right after InitProducerId answers INVALID_TXN_STATE."""
    assert transactional(kafka).end(committed).error_code == ErrorCode.INVALID_TXN_STATE


@case(EndTxnRequest, versions="5+", feature="transactions v2", why=V2, also=TRANSACTION_APIS)
@ends
def test_a_retry_in_the_old_epoch(kafka: Kafka, committed: bool) -> None:
    """From v5 on the same end in the epoch that it closed is a retry: 0, with the same next epoch."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    producer.end(committed)
    producer.wait_state("CompleteCommit" if committed else "CompleteAbort")
    for _ in range(2):
        answer = producer.end(committed, producer_epoch=0)
        assert (answer.error_code, answer.producer_id, answer.producer_epoch) == (0, producer.id, 1)
    assert kafka.offset(topic) == 2


@case(EndTxnRequest, versions="5+", feature="transactions v2", why=V2, also=TRANSACTION_APIS)
@ends
def test_the_other_end_in_the_old_epoch(kafka: Kafka, committed: bool) -> None:
    """From v5 on the other end in the epoch that was closed answers INVALID_TXN_STATE."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    producer.end(committed)
    producer.wait_state("CompleteCommit" if committed else "CompleteAbort")
    assert producer.end(not committed, producer_epoch=0).error_code == ErrorCode.INVALID_TXN_STATE


@case(EndTxnRequest, versions="5+", feature="transactions v2", why=V2, also=TRANSACTION_APIS)
def test_an_abort_without_a_transaction(kafka: Kafka) -> None:
    """From v5 on an abort right after InitProducerId answers 0 and raises the epoch."""
    producer = transactional(kafka)
    answer = producer.end(False)
    assert (answer.error_code, answer.producer_id, answer.producer_epoch) == (0, producer.id, 1)
    assert producer.wait_state("CompleteAbort").producer_epoch == 1


@case(EndTxnRequest, versions="5+", feature="transactions v2", why=V2, also=TRANSACTION_APIS)
def test_a_commit_without_a_transaction(kafka: Kafka) -> None:
    """From v5 on too, a commit right after InitProducerId answers INVALID_TXN_STATE."""
    assert transactional(kafka).end(True).error_code == ErrorCode.INVALID_TXN_STATE


@case(EndTxnRequest, versions="5+", feature="transactions v2", why=V2, also=TRANSACTION_APIS)
@ends
def test_a_second_end_in_the_new_epoch(kafka: Kafka, committed: bool) -> None:
    """From v5 on, in the new epoch, a commit of nothing answers INVALID_TXN_STATE, an abort raises the epoch again."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    producer.commit()
    answer = producer.end(committed)
    if committed:
        assert answer.error_code == ErrorCode.INVALID_TXN_STATE
    else:
        assert (answer.error_code, answer.producer_epoch) == (0, 2)


@case(EndTxnRequest, versions="5+", feature="transactions v2", why=V2, also=TRANSACTION_APIS)
def test_many_transactions_in_a_row(kafka: Kafka) -> None:
    """Each of several transactions has an epoch of its own, and all are read in order."""
    topic, producer = kafka.topic(), transactional(kafka)
    for number in range(5):
        assert producer.epoch == number
        producer.write(topic, b"%d" % number)
        producer.commit()
    assert committed_values(kafka, topic) == [b"0", b"1", b"2", b"3", b"4"]


@case(EndTxnRequest, feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
@ends
def test_an_unknown_transactional_id(kafka: Kafka, committed: bool) -> None:
    """A transactional id that nobody initialized answers INVALID_PRODUCER_ID_MAPPING."""
    producer = idempotent(kafka)
    answer = producer.end(committed, transactional_id=kafka.transactional_id())
    assert answer.error_code == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    assert (answer.producer_id, answer.producer_epoch) == (-1, -1)


@case(EndTxnRequest, feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
def test_another_producer_id(kafka: Kafka) -> None:
    """A producer id that is not that of the transactional id answers INVALID_PRODUCER_ID_MAPPING, whatever its epoch."""
    topic, producer, other = kafka.topic(), transactional(kafka), idempotent(kafka)
    producer.add(topic)
    for epoch in (0, 8):
        answer = producer.end(True, producer_id=other.id, producer_epoch=epoch)
        assert answer.error_code == ErrorCode.INVALID_PRODUCER_ID_MAPPING


@case(EndTxnRequest, feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
def test_an_epoch_that_does_not_exist_yet(kafka: Kafka, version: int) -> None:
    """An epoch above the present one answers PRODUCER_FENCED, below v2 INVALID_PRODUCER_EPOCH."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.add(topic)
    code = ErrorCode.PRODUCER_FENCED if version >= 2 else ErrorCode.INVALID_PRODUCER_EPOCH
    assert producer.end(True, producer_epoch=3).error_code == code
    assert producer.described().transaction_state == "Ongoing"


@case(EndTxnRequest, feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
def test_an_empty_transactional_id(kafka: Kafka) -> None:
    """An empty transactional id answers INVALID_REQUEST."""
    assert transactional(kafka).end(True, transactional_id="").error_code == ErrorCode.INVALID_REQUEST


@case(EndTxnRequest, feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
@ends
def test_a_transaction_without_partitions(kafka: Kafka, committed: bool) -> None:
    """A transaction that was opened by an AddPartitionsToTxn without partitions can be ended."""
    producer = transactional(kafka)
    kafka.ask(producer.adding({}), 3)
    assert producer.end(committed).error_code == 0
    producer.wait_state("CompleteCommit" if committed else "CompleteAbort")


@case(EndTxnRequest, feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
@ends
def test_a_partition_that_was_added_and_not_written(kafka: Kafka, committed: bool) -> None:
    """A partition without records gets its marker like the others: its end moves by one."""
    topic, producer = kafka.topic(partitions=2), transactional(kafka)
    producer.write(topic, b"a")
    producer.add(topic, 1)
    producer.end(committed)
    producer.wait_state("CompleteCommit" if committed else "CompleteAbort")
    assert [kafka.offset(topic, partition=index) for index in (0, 1)] == [2, 1]
