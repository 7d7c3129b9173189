"""Produce inside of transactions: who may write, and what the partition checks.

Up to v11 a partition has to be added first. From v12 on (KIP-890) the leader adds it itself.
"""

from __future__ import annotations

import pytest

from conformance import Kafka, case, produce_request
from conformance.transactions import (
    TRANSACTION_APIS,
    active_producers,
    committed_values,
    idempotent,
    refusal,
    transactional,
)
from wire.errors import ErrorCode
from wire.messages.describe_producers import DescribeProducersRequest
from wire.messages.produce import ProduceRequest

APPEND = "KIP-98; ProducerAppendInfo"
VERIFICATION = "KIP-890; ReplicaManager.maybeSendPartitionsToTransactionCoordinator"


@case(ProduceRequest, versions="3+", feature="transactions", why=APPEND, also=TRANSACTION_APIS)
def test_several_batches(kafka: Kafka) -> None:
    """Batches of a transaction follow each other by their sequences and are committed together."""
    topic, producer = kafka.topic(), transactional(kafka)
    offsets = [producer.write(topic, *values) for values in ([b"a"], [b"b", b"c"], [b"d"])]
    assert offsets == [0, 1, 3]
    assert committed_values(kafka, topic) == []
    producer.commit()
    assert committed_values(kafka, topic) == [b"a", b"b", b"c", b"d"]


@case(ProduceRequest, versions="3-10", feature="transactions", why=VERIFICATION, also=TRANSACTION_APIS)
def test_a_partition_that_was_not_added(kafka: Kafka) -> None:
    """Up to v10 a batch for a partition that was not added answers INVALID_TXN_STATE and is not stored."""
    topic, producer = kafka.topic(partitions=2), transactional(kafka)
    producer.add(topic, 1)
    wanted = ErrorCode.INVALID_TXN_STATE
    assert refusal(lambda: producer.send(topic, b"x").error_code, wanted) == wanted
    assert kafka.offset(topic) == 0


@case(ProduceRequest, versions="11", feature="transactions", why=VERIFICATION, also=TRANSACTION_APIS)
def test_a_partition_that_was_not_added_is_abortable(kafka: Kafka) -> None:
    """In v11 a batch for a partition that was not added answers TRANSACTION_ABORTABLE and is not stored."""
    topic, producer = kafka.topic(partitions=2), transactional(kafka)
    producer.add(topic, 1)
    wanted = ErrorCode.TRANSACTION_ABORTABLE
    assert refusal(lambda: producer.send(topic, b"x").error_code, wanted) == wanted
    assert kafka.offset(topic) == 0


@case(ProduceRequest, versions="12+", feature="transactions v2", why=VERIFICATION, also=TRANSACTION_APIS)
def test_the_leader_adds_the_partition(kafka: Kafka) -> None:
    """From v12 on a batch adds its partition to the transaction, and opens one if none is open."""
    topic, producer = kafka.topic(partitions=2), transactional(kafka)
    assert producer.send(topic, b"a").error_code == 0
    assert producer.send(topic, b"b", partition=1).error_code == 0
    row = producer.described()
    assert row.transaction_state == "Ongoing"
    assert sorted(row.topics[0].partitions) == [0, 1]
    producer.commit()
    assert committed_values(kafka, topic) == [b"a"]


@case(ProduceRequest, versions="12+", feature="transactions v2", why=VERIFICATION, also=TRANSACTION_APIS)
def test_without_adding_from_one_transaction_to_the_next(kafka: Kafka) -> None:
    """From v12 on transactions follow each other with nothing but Produce and EndTxn."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.send(topic, b"a")
    producer.commit()
    producer.send(topic, b"b")
    producer.abort()
    producer.send(topic, b"c")
    producer.commit()
    assert committed_values(kafka, topic) == [b"a", b"c"]


@case(ProduceRequest, versions="12+", feature="transactions v2", why=VERIFICATION, also=TRANSACTION_APIS)
def test_two_partitions_in_one_request(kafka: Kafka) -> None:
    """From v12 on one request may open the transaction in several partitions."""
    topic, producer = kafka.topic(partitions=2), transactional(kafka)
    request = produce_request(topic, producer.batch(b"a"), 0, transactional_id=producer.transactional_id)
    request.topic_data[0].partition_data += (
        produce_request(topic, producer.batch(b"b"), 1).topic_data[0].partition_data
    )
    codes = [row.error_code for row in kafka.ask(request).responses[0].partition_responses]
    assert codes == [0, 0]
    producer.commit()
    assert (committed_values(kafka, topic), committed_values(kafka, topic, partition=1)) == ([b"a"], [b"b"])


@case(ProduceRequest, versions="3+", feature="transactions", why=VERIFICATION, also=TRANSACTION_APIS)
def test_an_unknown_transactional_id(kafka: Kafka) -> None:
    """A transactional id that nobody initialized answers INVALID_PRODUCER_ID_MAPPING."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.transactional_id = kafka.transactional_id()
    assert producer.send(topic, b"x").error_code == ErrorCode.INVALID_PRODUCER_ID_MAPPING
    assert kafka.offset(topic) == 0


@case(ProduceRequest, versions="3+", feature="transactions", why=VERIFICATION, also=TRANSACTION_APIS)
def test_another_producer_id(kafka: Kafka) -> None:
    """A producer id that is not that of the transactional id answers INVALID_PRODUCER_ID_MAPPING."""
    topic, producer, other = kafka.topic(), transactional(kafka), idempotent(kafka)
    producer.add(topic)
    refused = producer.send(topic, b"x", producer_id=other.id)
    assert refused.error_code == ErrorCode.INVALID_PRODUCER_ID_MAPPING


@case(ProduceRequest, versions="3+", feature="transactions", why=VERIFICATION, also=TRANSACTION_APIS)
def test_an_epoch_that_does_not_exist_yet(kafka: Kafka) -> None:
    """An epoch above that of the transactional id answers INVALID_PRODUCER_EPOCH."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.add(topic)
    assert producer.send(topic, b"x", producer_epoch=1).error_code == ErrorCode.INVALID_PRODUCER_EPOCH
    assert kafka.offset(topic) == 0


@case(
    ProduceRequest,
    versions="3+",
    feature="transactions",
    why="ReplicaManager.handleProduceAppend",
    also=TRANSACTION_APIS,
)
def test_two_producers_in_one_request(kafka: Kafka) -> None:
    """Transactional batches of two producer ids in one request answer INVALID_PRODUCER_ID_MAPPING; neither is stored."""
    topic, one, two = kafka.topic(partitions=2), transactional(kafka), transactional(kafka)
    one.add(topic, 0)
    two.add(topic, 1)
    request = produce_request(topic, one.batch(b"a"), 0, transactional_id=one.transactional_id)
    request.topic_data[0].partition_data += (
        produce_request(topic, two.batch(b"b"), 1).topic_data[0].partition_data
    )
    codes = {row.error_code for row in kafka.ask(request).responses[0].partition_responses}
    assert codes == {ErrorCode.INVALID_PRODUCER_ID_MAPPING}
    assert [kafka.offset(topic, partition=index) for index in (0, 1)] == [0, 0]


@case(
    ProduceRequest,
    versions="3+",
    feature="transactions",
    why=f"{APPEND}.appendDataBatch",
    also=TRANSACTION_APIS,
)
def test_a_plain_batch_in_the_middle(kafka: Kafka) -> None:
    """A batch of the producer that is not transactional, while its transaction is open, answers INVALID_TXN_STATE."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    assert producer.send(topic, b"x", attributes=0).error_code == ErrorCode.INVALID_TXN_STATE
    assert kafka.offset(topic) == 1


@case(
    ProduceRequest,
    versions="3+",
    feature="transactions",
    why=f"{APPEND}; UnifiedLog.append",
    also=TRANSACTION_APIS,
)
def test_a_repetition_in_the_transaction(kafka: Kafka) -> None:
    """A batch of the open transaction sent again is answered with its own offset and stored once."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    producer.write(topic, b"b")
    again = producer.send(topic, b"a", sequence=0)
    assert (again.error_code, again.base_offset) == (0, 0)
    producer.commit()
    assert committed_values(kafka, topic) == [b"a", b"b"]


@case(ProduceRequest, versions="3+", feature="transactions", why=APPEND, also=TRANSACTION_APIS)
def test_a_gap_in_the_transaction(kafka: Kafka) -> None:
    """A gap in the sequences answers OUT_OF_ORDER_SEQUENCE_NUMBER; the transaction stays open and can be aborted."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    assert producer.send(topic, b"x", sequence=2).error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    producer.abort()
    assert committed_values(kafka, topic) == []


@case(ProduceRequest, versions="3-10", feature="transactions", why=VERIFICATION, also=TRANSACTION_APIS)
def test_a_late_repetition(kafka: Kafka) -> None:
    """A batch that comes again after the commit, its epoch still the same, is not in a transaction: INVALID_TXN_STATE."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    producer.commit(version=4)
    wanted = ErrorCode.INVALID_TXN_STATE
    assert refusal(lambda: producer.send(topic, b"a", sequence=0).error_code, wanted) == wanted
    assert kafka.offset(topic) == 2


@case(
    ProduceRequest,
    versions="12+",
    feature="transactions v2",
    why="KIP-890: an epoch a transaction",
    also=TRANSACTION_APIS,
)
def test_a_late_repetition_in_the_old_epoch(kafka: Kafka) -> None:
    """A batch that comes again after the epoch was raised by the commit answers INVALID_PRODUCER_EPOCH."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.send(topic, b"a")
    producer.commit()
    late = producer.send(topic, b"a", sequence=0, producer_epoch=producer.epoch - 1)
    assert late.error_code == ErrorCode.INVALID_PRODUCER_EPOCH
    assert kafka.offset(topic) == 2


@case(ProduceRequest, versions="3-11", feature="transactions", why=APPEND, also=TRANSACTION_APIS)
@pytest.mark.parametrize("sequence", [3, 2**31 - 1])
def test_the_first_batch_in_a_partition(kafka: Kafka, sequence: int) -> None:
    """Up to v11, in a partition that does not know the producer, its first batch may have any sequence."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.add(topic)
    assert producer.send(topic, b"a", sequence=sequence).error_code == 0


@case(
    ProduceRequest,
    versions="12+",
    feature="transactions v2",
    why="KIP-890; ProducerAppendInfo.checkSequence",
    also=TRANSACTION_APIS,
)
@pytest.mark.parametrize("sequence", [3, 2**31 - 1])
def test_the_first_batch_of_an_epoch_in_a_partition(kafka: Kafka, sequence: int) -> None:
    """From v12 on the first sequence in a partition must be 0, known producer or not: OUT_OF_ORDER_SEQUENCE_NUMBER."""
    topic, producer = kafka.topic(), transactional(kafka)
    refused = producer.send(topic, b"a", sequence=sequence)
    assert refused.error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert kafka.offset(topic) == 0


@case(
    ProduceRequest,
    versions="3+",
    feature="transactions",
    why="KIP-664; UnifiedLog.activeProducers",
    also=(*TRANSACTION_APIS, DescribeProducersRequest),
)
def test_the_partition_knows_where_it_began(kafka: Kafka) -> None:
    """DescribeProducers shows where the open transaction began, and after its end the coordinator's epoch instead."""
    topic, producer = kafka.topic(), transactional(kafka)
    kafka.produce(topic, b"plain")
    producer.write(topic, b"a")
    producer.write(topic, b"b")
    state = active_producers(kafka, topic)[producer.id]
    assert (state.current_txn_start_offset, state.last_sequence, state.coordinator_epoch) == (1, 1, -1)
    producer.commit()
    state = active_producers(kafka, topic)[producer.id]
    assert state.current_txn_start_offset == -1
    assert state.coordinator_epoch >= 0
    assert state.producer_epoch == producer.epoch


@case(ProduceRequest, versions="3+", feature="transactions", why=APPEND, also=TRANSACTION_APIS)
@pytest.mark.parametrize("acks", [1, 0])
def test_acks_in_a_transaction(kafka: Kafka, acks: int) -> None:
    """The broker takes transactional batches with any acks; only the client libraries insist on acks=all."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.add(topic)
    request = produce_request(
        topic, producer.batch(b"a"), acks=acks, transactional_id=producer.transactional_id
    )
    connection = kafka.connection(about=request)
    version = kafka.version(ProduceRequest)
    connection.send(request, version, answered=acks != 0)
    if acks:
        assert connection.receive().responses[0].partition_responses[0].error_code == 0
    again = produce_request(
        topic, producer.batch(b"b", sequence=1), transactional_id=producer.transactional_id
    )
    assert connection.ask(again, version).responses[0].partition_responses[0].base_offset == 1
    producer.commit()
    assert committed_values(kafka, topic) == [b"a", b"b"]
