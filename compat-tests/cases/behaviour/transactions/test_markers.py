"""WriteTxnMarkers: a coordinator, or an administrator who finds one hanging (KIP-664), ends a transaction."""

from __future__ import annotations

import pytest

from conformance import Kafka, Topic, batches_in, case, records_in
from conformance.transactions import (
    LAST_PLAIN_END,
    TRANSACTION_APIS,
    Producer,
    committed_values,
    idempotent,
    transactional,
)
from wire.errors import ErrorCode
from wire.messages.write_txn_markers import (
    WritableTxnMarker,
    WritableTxnMarkerTopic,
    WriteTxnMarkersRequest,
)

HANDLER = "KIP-98; KafkaApis.handleWriteTxnMarkersRequest"
APPEND = "KIP-98; ProducerAppendInfo.appendEndTxnMarker"


def marker(
    producer: Producer, topics: dict[str, list[int]], *, committed: bool = False, **changed: int
) -> object:
    """A marker of this producer. changed: producer_epoch, coordinator_epoch, transaction_version."""
    fields = {"producer_epoch": producer.epoch, "coordinator_epoch": 0} | changed
    rows = [WritableTxnMarkerTopic(name=name, partition_indexes=indexes) for name, indexes in topics.items()]
    return WritableTxnMarker(producer_id=producer.id, transaction_result=committed, topics=rows, **fields)


def write(kafka: Kafka, topic: Topic, *markers: object) -> list[dict[tuple[str, int], int]]:
    """For each marker of the answer, its codes by topic and partition. Goes to the leader of partition 0."""
    answer = kafka.ask(WriteTxnMarkersRequest(markers=list(markers)), to=kafka.leader(topic))
    return [
        {(row.name, part.partition_index): part.error_code for row in each.topics for part in row.partitions}
        for each in answer.markers
    ]


@case(WriteTxnMarkersRequest, feature="transactions", why=APPEND, also=TRANSACTION_APIS)
@pytest.mark.parametrize("committed", [True, False])
def test_a_marker_ends_the_transaction(kafka: Kafka, committed: bool) -> None:
    """A marker of the producer ends its transaction in the partition, as committed or aborted."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    assert write(kafka, topic, marker(producer, {topic.name: [0]}, committed=committed)) == [
        {(topic.name, 0): 0}
    ]
    answer = kafka.fetch(topic, isolation_level=1)
    assert (answer.high_watermark, answer.last_stable_offset) == (2, 2)
    assert committed_values(kafka, topic) == ([b"a"] if committed else [])


@case(WriteTxnMarkersRequest, feature="transactions", why=APPEND, also=TRANSACTION_APIS)
def test_the_coordinators_epoch_is_written(kafka: Kafka) -> None:
    """The coordinator's epoch of the request stands in the value of the control record."""
    topic, producer = kafka.topic(), idempotent(kafka)
    write(kafka, topic, marker(producer, {topic.name: [0]}, coordinator_epoch=258))
    (record,) = records_in(kafka.fetch(topic).records, control=True)
    assert record.value is not None
    assert record.value[:6] == b"\0\0" + (258).to_bytes(4, "big")


@case(WriteTxnMarkersRequest, feature="transactions", why=APPEND, also=TRANSACTION_APIS)
def test_a_marker_without_a_transaction(kafka: Kafka) -> None:
    """A marker of a producer that the partition does not know is written all the same."""
    topic, producer = kafka.topic(), idempotent(kafka)
    assert write(kafka, topic, marker(producer, {topic.name: [0]})) == [{(topic.name, 0): 0}]
    (header,) = batches_in(kafka.fetch(topic).records)
    assert (header.is_control, header.producer_id) == (True, producer.id)


@case(
    WriteTxnMarkersRequest,
    feature="transactions",
    why=f"{APPEND}: checkCoordinatorEpoch",
    also=TRANSACTION_APIS,
)
def test_an_older_coordinator(kafka: Kafka) -> None:
    """A coordinator's epoch below the last one answers TRANSACTION_COORDINATOR_FENCED, and nothing is written."""
    topic, producer = kafka.topic(), idempotent(kafka)
    codes = [
        write(kafka, topic, marker(producer, {topic.name: [0]}, coordinator_epoch=epoch))[0][topic.name, 0]
        for epoch in (5, 5, 4)
    ]
    assert codes == [0, 0, ErrorCode.TRANSACTION_COORDINATOR_FENCED]
    assert kafka.offset(topic) == 2


@case(
    WriteTxnMarkersRequest, feature="transactions", why=f"{APPEND}: checkProducerEpoch", also=TRANSACTION_APIS
)
def test_an_older_producer_epoch(kafka: Kafka) -> None:
    """A producer epoch below the last one answers INVALID_PRODUCER_EPOCH, and nothing is written."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a", producer_epoch=3)
    codes = write(kafka, topic, marker(producer, {topic.name: [0]}, producer_epoch=2))
    assert codes == [{(topic.name, 0): ErrorCode.INVALID_PRODUCER_EPOCH}]
    assert kafka.offset(topic) == 1


@case(WriteTxnMarkersRequest, feature="transactions", why=APPEND, also=TRANSACTION_APIS)
def test_a_higher_producer_epoch_fences(kafka: Kafka) -> None:
    """A marker with a higher producer epoch fences the epochs before it, and the next batch begins at 0."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a")
    write(kafka, topic, marker(producer, {topic.name: [0]}, producer_epoch=1))
    assert producer.send(topic, b"x").error_code == ErrorCode.INVALID_PRODUCER_EPOCH
    refused = producer.send(topic, b"x", producer_epoch=1, sequence=1)
    assert refused.error_code == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert producer.send(topic, b"b", producer_epoch=1, sequence=0).base_offset == 2


@case(WriteTxnMarkersRequest, feature="transactions", why=HANDLER, also=TRANSACTION_APIS)
def test_unknown_partitions(kafka: Kafka) -> None:
    """Unknown topics and partitions answer UNKNOWN_TOPIC_OR_PARTITION; in the others the marker is written."""
    topic, producer, absent = kafka.topic(), idempotent(kafka), kafka.name("absent")
    unknown = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    codes = write(kafka, topic, marker(producer, {topic.name: [0, 7], absent: [0]}))
    assert codes == [{(topic.name, 0): 0, (topic.name, 7): unknown, (absent, 0): unknown}]
    assert write(kafka, topic, marker(producer, {absent: [0]})) == [{(absent, 0): unknown}]
    assert kafka.offset(topic) == 1


@case(WriteTxnMarkersRequest, feature="transactions", why=HANDLER, also=TRANSACTION_APIS)
def test_no_markers(kafka: Kafka) -> None:
    """A request without markers is answered without markers."""
    assert write(kafka, kafka.topic()) == []


@case(WriteTxnMarkersRequest, feature="transactions", why=HANDLER, also=TRANSACTION_APIS)
def test_several_markers(kafka: Kafka) -> None:
    """Markers of several producers in one request are each written and answered."""
    topic, one, two = kafka.topic(), idempotent(kafka), idempotent(kafka)
    answer = kafka.ask(
        WriteTxnMarkersRequest(markers=[marker(one, {topic.name: [0]}), marker(two, {topic.name: [0]})]),
        to=kafka.leader(topic),
    )
    assert {each.producer_id for each in answer.markers} == {one.id, two.id}
    assert kafka.offset(topic) == 2


@case(WriteTxnMarkersRequest, versions="2", feature="transactions v2", why="KIP-1228", also=TRANSACTION_APIS)
@pytest.mark.parametrize("transaction_version", [0, 1])
def test_the_same_epoch_in_old_transactions(kafka: Kafka, transaction_version: int) -> None:
    """For transaction versions 0 and 1 a marker of the producer's own epoch ends the transaction."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a", version=11)
    each = marker(producer, {topic.name: [0]}, transaction_version=transaction_version)
    assert write(kafka, topic, each) == [{(topic.name, 0): 0}]
    producer.abort(version=LAST_PLAIN_END)


@case(WriteTxnMarkersRequest, versions="2", feature="transactions v2", why="KIP-1228", also=TRANSACTION_APIS)
def test_the_same_epoch_in_new_transactions(kafka: Kafka) -> None:
    """For transaction version 2 a marker must raise the epoch: the same one answers INVALID_PRODUCER_EPOCH."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    each = marker(producer, {topic.name: [0]}, transaction_version=2)
    assert write(kafka, topic, each) == [{(topic.name, 0): ErrorCode.INVALID_PRODUCER_EPOCH}]
    each = marker(producer, {topic.name: [0]}, transaction_version=2, producer_epoch=producer.epoch + 1)
    assert write(kafka, topic, each) == [{(topic.name, 0): 0}]
