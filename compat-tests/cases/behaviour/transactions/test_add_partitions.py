"""AddPartitionsToTxn: all partitions of a request become part of the transaction, or none."""

from __future__ import annotations

import pytest

from conformance import Kafka, case
from conformance.transactions import TRANSACTION_APIS, added, idempotent, transactional
from wire.errors import ErrorCode
from wire.messages.add_partitions_to_txn import AddPartitionsToTxnRequest

HANDLER = "KIP-98; KafkaApis.handleAddPartitionsToTxnRequest"
COORDINATOR = "KIP-98; TransactionCoordinator.handleAddPartitionsToTransaction"
VERIFY = "KIP-890; TransactionCoordinator.handleVerifyPartitionsInTransaction"


@case(AddPartitionsToTxnRequest, feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
def test_partitions_are_added(kafka: Kafka) -> None:
    """Each partition is answered with 0, the transaction is open, and has these partitions."""
    topic, other, producer = kafka.topic(partitions=3), kafka.topic(), transactional(kafka)
    codes = added(kafka.ask(producer.adding({topic.name: [0, 2], other.name: [0]})))
    assert codes == {(topic.name, 0): 0, (topic.name, 2): 0, (other.name, 0): 0}
    row = producer.described()
    assert row.transaction_state == "Ongoing"
    assert {each.topic: sorted(each.partitions) for each in row.topics} == {
        topic.name: [0, 2],
        other.name: [0],
    }


@case(AddPartitionsToTxnRequest, feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
def test_more_partitions(kafka: Kafka) -> None:
    """Further partitions join the open transaction, whose start time stays."""
    topic, producer = kafka.topic(partitions=2), transactional(kafka)
    kafka.ask(producer.adding({topic.name: [0]}))
    began = producer.described().transaction_start_time_ms
    kafka.ask(producer.adding({topic.name: [1]}))
    row = producer.described()
    assert row.transaction_start_time_ms == began > 0
    assert sorted(row.topics[0].partitions) == [0, 1]


@case(AddPartitionsToTxnRequest, feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
def test_the_same_partitions_again(kafka: Kafka) -> None:
    """Partitions that are part of it already are answered with 0."""
    topic, producer = kafka.topic(partitions=2), transactional(kafka)
    kafka.ask(producer.adding({topic.name: [0]}))
    assert added(kafka.ask(producer.adding({topic.name: [0]}))) == {(topic.name, 0): 0}
    assert set(added(kafka.ask(producer.adding({topic.name: [0, 1]}))).values()) == {0}


@case(AddPartitionsToTxnRequest, feature="transactions", why=HANDLER, also=TRANSACTION_APIS)
def test_a_partition_named_twice(kafka: Kafka) -> None:
    """A partition that a request names twice is added once and answered twice."""
    topic, producer = kafka.topic(), transactional(kafka)
    answer = kafka.ask(producer.adding({topic.name: [0, 0]}))
    rows = answer.results_by_topic_v3_and_below or answer.results_by_transaction[0].topic_results
    assert [[row.partition_index for row in each.results_by_partition] for each in rows] == [[0, 0]]
    assert list(producer.described().topics[0].partitions) == [0]


@case(AddPartitionsToTxnRequest, feature="transactions", why=HANDLER, also=TRANSACTION_APIS)
def test_an_unknown_topic(kafka: Kafka) -> None:
    """With an unknown topic nothing is added: UNKNOWN_TOPIC_OR_PARTITION for it, OPERATION_NOT_ATTEMPTED for the others."""
    topic, producer, absent = kafka.topic(), transactional(kafka), kafka.name("absent")
    codes = added(kafka.ask(producer.adding({topic.name: [0], absent: [0]})))
    assert codes == {
        (topic.name, 0): ErrorCode.OPERATION_NOT_ATTEMPTED,
        (absent, 0): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    }
    assert producer.described().transaction_state == "Empty"


@case(AddPartitionsToTxnRequest, feature="transactions", why=HANDLER, also=TRANSACTION_APIS)
def test_an_unknown_partition(kafka: Kafka) -> None:
    """A partition that a topic does not have answers UNKNOWN_TOPIC_OR_PARTITION, the others OPERATION_NOT_ATTEMPTED."""
    topic, producer = kafka.topic(), transactional(kafka)
    codes = added(kafka.ask(producer.adding({topic.name: [1, 0, -1]})))
    unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert codes == {
        (topic.name, 0): ErrorCode.OPERATION_NOT_ATTEMPTED,
        (topic.name, 1): unknown,
        (topic.name, -1): unknown,
    }


@case(AddPartitionsToTxnRequest, feature="transactions", why=HANDLER, also=TRANSACTION_APIS)
def test_unknown_partitions_leave_the_open_transaction(kafka: Kafka) -> None:
    """An unknown partition does not touch what the open transaction has already."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    assert added(kafka.ask(producer.adding({topic.name: [7]}))) == {
        (topic.name, 7): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    }
    row = producer.described()
    assert (row.transaction_state, list(row.topics[0].partitions)) == ("Ongoing", [0])


@case(AddPartitionsToTxnRequest, feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
def test_an_unknown_transactional_id(kafka: Kafka) -> None:
    """A transactional id that nobody initialized answers INVALID_PRODUCER_ID_MAPPING."""
    topic, producer = kafka.topic(), idempotent(kafka)
    codes = added(kafka.ask(producer.adding({topic.name: [0]}, transactional_id=kafka.transactional_id())))
    assert codes == {(topic.name, 0): ErrorCode.INVALID_PRODUCER_ID_MAPPING}


@case(AddPartitionsToTxnRequest, feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
def test_another_producer_id(kafka: Kafka) -> None:
    """A producer id that is not that of the transactional id answers INVALID_PRODUCER_ID_MAPPING, whatever the epoch."""
    topic, producer, other = kafka.topic(), transactional(kafka), idempotent(kafka)
    for epoch in (0, 9):
        request = producer.adding({topic.name: [0]}, producer_id=other.id, producer_epoch=epoch)
        assert added(kafka.ask(request)) == {(topic.name, 0): ErrorCode.INVALID_PRODUCER_ID_MAPPING}


@case(AddPartitionsToTxnRequest, feature="transactions", why="KIP-588", also=TRANSACTION_APIS)
def test_an_epoch_that_does_not_exist_yet(kafka: Kafka, version: int) -> None:
    """An epoch above the present one answers PRODUCER_FENCED too, below v2 INVALID_PRODUCER_EPOCH."""
    topic, producer = kafka.topic(), transactional(kafka)
    codes = added(kafka.ask(producer.adding({topic.name: [0]}, producer_epoch=1)))
    code = ErrorCode.PRODUCER_FENCED if version >= 2 else ErrorCode.INVALID_PRODUCER_EPOCH
    assert codes == {(topic.name, 0): code}


@case(AddPartitionsToTxnRequest, feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
def test_an_empty_transactional_id(kafka: Kafka) -> None:
    """An empty transactional id answers INVALID_REQUEST for each partition."""
    topic, producer = kafka.topic(partitions=2), transactional(kafka)
    codes = added(kafka.ask(producer.adding({topic.name: [0, 1]}, transactional_id="")))
    assert codes == {(topic.name, 0): ErrorCode.INVALID_REQUEST, (topic.name, 1): ErrorCode.INVALID_REQUEST}


@case(AddPartitionsToTxnRequest, feature="transactions", why=HANDLER, also=TRANSACTION_APIS)
def test_topics_go_before_the_transactional_id(kafka: Kafka) -> None:
    """With an unknown topic and an unknown transactional id, the topic is told: UNKNOWN_TOPIC_OR_PARTITION."""
    producer, absent = idempotent(kafka), kafka.name("absent")
    codes = added(kafka.ask(producer.adding({absent: [0]}, transactional_id=kafka.transactional_id())))
    assert codes == {(absent, 0): ErrorCode.UNKNOWN_TOPIC_OR_PARTITION}


@case(AddPartitionsToTxnRequest, feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
def test_no_partitions(kafka: Kafka) -> None:
    """A request without topics is answered without topics, and opens a transaction all the same."""
    producer = transactional(kafka)
    assert added(kafka.ask(producer.adding({}))) == {}
    row = producer.described()
    assert (row.transaction_state, list(row.topics)) == ("Ongoing", [])


@case(AddPartitionsToTxnRequest, versions="0-3", feature="transactions", why=HANDLER, also=TRANSACTION_APIS)
def test_internal_topics(kafka: Kafka) -> None:
    """A client may not add a partition of an internal topic: TOPIC_AUTHORIZATION_FAILED."""
    producer = transactional(kafka)
    codes = added(kafka.ask(producer.adding({"__transaction_state": [0]})))
    assert codes == {("__transaction_state", 0): ErrorCode.TOPIC_AUTHORIZATION_FAILED}


@case(AddPartitionsToTxnRequest, feature="transactions", why=COORDINATOR, also=TRANSACTION_APIS)
@pytest.mark.parametrize("committed", [True, False])
def test_the_next_transaction_begins_empty(kafka: Kafka, committed: bool) -> None:
    """After the end a new transaction has only the partitions that are added to it."""
    topic, producer = kafka.topic(partitions=2), transactional(kafka)
    producer.write(topic, b"a")
    (producer.commit if committed else producer.abort)()
    kafka.ask(producer.adding({topic.name: [1]}))
    row = producer.described()
    assert (row.transaction_state, list(row.topics[0].partitions)) == ("Ongoing", [1])


# --- between brokers


@case(AddPartitionsToTxnRequest, versions="4-5", feature="transactions", why=HANDLER, also=TRANSACTION_APIS)
def test_several_transactions(kafka: Kafka) -> None:
    """Several transactions in one request are answered each by itself, also where one fails."""
    topic, one, two, stranger = kafka.topic(), transactional(kafka), transactional(kafka), idempotent(kafka)
    request = one.adding({topic.name: [0]})
    unknown = kafka.transactional_id()
    request.transactions += two.adding({topic.name: [0, 5]}).transactions
    request.transactions += stranger.adding({topic.name: [0]}, transactional_id=unknown).transactions
    answer = kafka.ask(request)
    codes = {
        each.transactional_id: {
            row.partition_index: row.partition_error_code
            for topic_row in each.topic_results
            for row in topic_row.results_by_partition
        }
        for each in answer.results_by_transaction
    }
    assert answer.error_code == 0
    assert codes == {
        one.transactional_id: {0: 0},
        two.transactional_id: {0: ErrorCode.OPERATION_NOT_ATTEMPTED, 5: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION},
        unknown: {0: ErrorCode.INVALID_PRODUCER_ID_MAPPING},
    }


@case(AddPartitionsToTxnRequest, versions="4-5", feature="transactions", why=VERIFY, also=TRANSACTION_APIS)
def test_verifying(kafka: Kafka) -> None:
    """verify_only answers 0 for partitions of the transaction, TRANSACTION_ABORTABLE for others, and adds nothing."""
    topic, producer = kafka.topic(partitions=2), transactional(kafka)
    producer.add(topic, 0)
    codes = added(kafka.ask(producer.adding({topic.name: [0, 1]}, verify_only=True)))
    assert codes == {(topic.name, 0): 0, (topic.name, 1): ErrorCode.TRANSACTION_ABORTABLE}
    assert list(producer.described().topics[0].partitions) == [0]


@case(AddPartitionsToTxnRequest, versions="4-5", feature="transactions", why=VERIFY, also=TRANSACTION_APIS)
def test_verifying_without_a_transaction(kafka: Kafka) -> None:
    """verify_only without an open transaction answers TRANSACTION_ABORTABLE and opens none."""
    topic, producer = kafka.topic(), transactional(kafka)
    codes = added(kafka.ask(producer.adding({topic.name: [0]}, verify_only=True)))
    assert codes == {(topic.name, 0): ErrorCode.TRANSACTION_ABORTABLE}
    assert producer.described().transaction_state == "Empty"


@case(AddPartitionsToTxnRequest, versions="4-5", feature="transactions", why=VERIFY, also=TRANSACTION_APIS)
def test_verifying_somebody_else(kafka: Kafka) -> None:
    """verify_only checks producer id and epoch first: INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED."""
    topic, producer, other = kafka.topic(), transactional(kafka), idempotent(kafka)
    producer.add(topic)
    request = producer.adding({topic.name: [0]}, True, producer_id=other.id)
    assert added(kafka.ask(request)) == {(topic.name, 0): ErrorCode.INVALID_PRODUCER_ID_MAPPING}
    request = producer.adding({topic.name: [0]}, True, producer_epoch=4)
    assert added(kafka.ask(request)) == {(topic.name, 0): ErrorCode.PRODUCER_FENCED}
