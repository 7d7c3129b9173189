"""Longer stories of transactions: one right behind the other, many partitions, and what is deleted in the middle."""

from __future__ import annotations

import pytest

from conformance import Codec, Kafka, case, eventually
from conformance.transactions import (
    CLIENTS_ADD_VERSION,
    LAST_EXPLICIT_PRODUCE,
    LAST_PLAIN_END,
    TRANSACTION_APIS,
    added,
    committed_values,
    init,
    settled,
    transactional,
)
from wire.errors import ErrorCode
from wire.messages.add_partitions_to_txn import AddPartitionsToTxnRequest
from wire.messages.delete_records import DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic
from wire.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from wire.messages.end_txn import EndTxnRequest
from wire.messages.fetch import FetchRequest
from wire.messages.init_producer_id import InitProducerIdRequest
from wire.messages.produce import ProduceRequest

MARKERS = "KIP-98; TransactionMarkerChannelManager"
BUSY = ErrorCode.CONCURRENT_TRANSACTIONS


@case(AddPartitionsToTxnRequest, versions="0-3", feature="transactions", why=MARKERS, also=TRANSACTION_APIS)
def test_the_next_transaction_at_once(kafka: Kafka) -> None:
    """Right behind an end, AddPartitionsToTxn answers 0, or CONCURRENT_TRANSACTIONS until the markers are written."""
    topic, producer = kafka.topic(), transactional(kafka)
    for number in range(4):
        codes: set[int] = set()

        def add(codes: set[int] = codes) -> bool:
            codes.update(added(kafka.ask(producer.adding({topic.name: [0]}))).values())
            return 0 in codes

        assert eventually(add)
        assert codes <= {0, BUSY}
        assert producer.send(topic, b"%d" % number).error_code == 0
        assert producer.end(True).error_code == 0
    producer.wait_state("CompleteCommit")
    assert committed_values(kafka, topic) == [b"0", b"1", b"2", b"3"]


@case(InitProducerIdRequest, versions="0-5", feature="transactions", why=MARKERS, also=TRANSACTION_APIS)
@pytest.mark.parametrize("committed", [True, False])
def test_a_new_start_at_once(kafka: Kafka, committed: bool) -> None:
    """Right behind an end, InitProducerId answers 0, or CONCURRENT_TRANSACTIONS for a moment; the end holds."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    assert producer.end(committed).error_code == 0
    answer = eventually(lambda: settled(init(kafka, producer.transactional_id)))
    assert (answer.error_code, answer.producer_epoch) == (0, producer.epoch + 1)
    assert committed_values(kafka, topic) == ([b"a"] if committed else [])


@case(EndTxnRequest, versions="0-4", feature="transactions", why=MARKERS, also=TRANSACTION_APIS)
def test_the_same_end_at_once(kafka: Kafka) -> None:
    """Up to v4 the same end right behind the first answers 0, or CONCURRENT_TRANSACTIONS until the markers are written."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    codes = {producer.end(True).error_code for _ in range(5)}
    assert codes <= {0, BUSY}
    assert eventually(lambda: settled(producer.end(True))).error_code == 0
    assert kafka.offset(topic) == 2


@case(EndTxnRequest, feature="transactions", why=MARKERS, also=TRANSACTION_APIS)
def test_many_partitions(kafka: Kafka) -> None:
    """A transaction over many partitions of two topics ends in all of them."""
    topics = [kafka.topic(partitions=12), kafka.topic(partitions=12)]
    producer = transactional(kafka)
    request = producer.adding({topic.name: list(range(12)) for topic in topics})
    assert set(added(kafka.ask(request, CLIENTS_ADD_VERSION)).values()) == {0}
    for topic in topics:
        for index in (0, 5, 11):
            assert producer.send(topic, b"a", partition=index).error_code == 0
    producer.end(True)
    producer.wait_state("CompleteCommit")
    ends = [kafka.offset(topic, partition=index) for topic in topics for index in range(12)]
    assert ends == [2, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 2] * 2


@case(EndTxnRequest, feature="transactions", why=MARKERS, also=(*TRANSACTION_APIS, DeleteTopicsRequest))
@pytest.mark.parametrize("committed", [True, False])
def test_a_topic_that_is_deleted_in_the_middle(kafka: Kafka, committed: bool) -> None:
    """A topic that is deleted while the transaction is open does not hold up its end in the others."""
    kept, deleted, producer = kafka.topic(), kafka.topic(), transactional(kafka)
    producer.write(kept, b"a")
    producer.write(deleted, b"b")
    state = DeleteTopicState(name=deleted.name)
    request = DeleteTopicsRequest(topics=[state], topic_names=[deleted.name], timeout_ms=5000)
    assert kafka.ask(request).responses[0].error_code == 0
    assert producer.end(committed).error_code == 0
    producer.wait_state("CompleteCommit" if committed else "CompleteAbort")
    assert committed_values(kafka, kept) == ([b"a"] if committed else [])


@case(
    FetchRequest,
    versions="4+",
    feature="transactions",
    why="UnifiedLog",
    also=(*TRANSACTION_APIS, DeleteRecordsRequest),
)
def test_deleted_beginnings_of_aborted_transactions(kafka: Kafka) -> None:
    """After DeleteRecords cut into an aborted transaction, what is left of it is still marked as aborted."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    producer.write(topic, b"b")
    producer.abort()
    producer.write(topic, b"c")
    producer.commit()
    row = DeleteRecordsTopic(
        name=topic.name, partitions=[DeleteRecordsPartition(partition_index=0, offset=1)]
    )
    answer = kafka.ask(DeleteRecordsRequest(topics=[row], timeout_ms=5000))
    assert answer.topics[0].partitions[0].error_code == 0
    assert committed_values(kafka, topic, 1) == [b"c"]


@case(ProduceRequest, versions="3+", feature="transactions", why="KIP-98", also=TRANSACTION_APIS)
def test_a_thing_of_each_kind(kafka: Kafka) -> None:
    """Plain, idempotent, committed and aborted batches, compressed or not, in one partition: a consumer reads what holds."""
    topic, good, bad = kafka.topic(), transactional(kafka), transactional(kafka)
    kafka.produce(topic, b"1")
    bad.write(topic, b"x", codec=Codec.LZ4)
    good.write(topic, b"2", b"3", codec=Codec.GZIP)
    kafka.produce(topic, b"4", codec=Codec.SNAPPY)
    bad.abort()
    good.write(topic, b"5")
    good.commit()
    assert committed_values(kafka, topic) == [b"1", b"2", b"3", b"4", b"5"]


@case(
    EndTxnRequest,
    versions=f"0-{LAST_PLAIN_END}",
    feature="transactions",
    why="KIP-98: a client from before KIP-890, to the letter",
    also=TRANSACTION_APIS,
)
def test_a_client_of_old_transactions(kafka: Kafka) -> None:
    """Add, Produce up to v11 and EndTxn up to v4: one epoch and one run of sequences over many transactions."""
    topic, producer = kafka.topic(), transactional(kafka)
    for number in range(4):
        assert producer.write(topic, b"%d" % number, version=LAST_EXPLICIT_PRODUCE) == 2 * number
        producer.end(number % 2 == 0)
        producer.wait_state("CompleteCommit" if number % 2 == 0 else "CompleteAbort")
    assert (producer.epoch, producer.sequences[topic.name, 0]) == (0, 4)
    assert committed_values(kafka, topic) == [b"0", b"2"]


@case(InitProducerIdRequest, versions="3-5", feature="transactions", why="KIP-360", also=TRANSACTION_APIS)
def test_a_client_that_recovers(kafka: Kafka) -> None:
    """After an error a client aborts, raises its epoch, and starts its sequences anew."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    assert producer.send(topic, b"x", sequence=9).error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    producer.abort()
    answer = init(kafka, producer.transactional_id, producer.id, producer.epoch)
    assert (answer.error_code, answer.producer_epoch) == (0, producer.epoch + 1)
    producer.epoch = answer.producer_epoch
    producer.sequences.clear()
    producer.write(topic, b"b")
    producer.commit()
    assert committed_values(kafka, topic) == [b"b"]
