"""Batches whose producer id, epoch, sequence and attributes do not belong together."""

from __future__ import annotations

import pytest

from conformance import Kafka, Record, batch, case, now_ms, produce_request
from conformance.transactions import idempotent
from wire.errors import ErrorCode
from wire.messages.add_partitions_to_txn import AddPartitionsToTxnRequest
from wire.messages.init_producer_id import InitProducerIdRequest
from wire.messages.produce import ProduceRequest
from wire.records.batch import CONTROL_BIT, TRANSACTIONAL_BIT

VALIDATION = "LogValidator.validateBatch"
ALSO = (InitProducerIdRequest,)


@case(ProduceRequest, versions="3+", feature="idempotence", why=VALIDATION, also=ALSO)
@pytest.mark.parametrize("sequence", [-1, -2, -(2**31)])
def test_an_id_without_sequence(kafka: Kafka, sequence: int) -> None:
    """A batch with a producer id and a negative sequence answers INVALID_RECORD and is not stored."""
    topic, producer = kafka.topic(), idempotent(kafka)
    assert producer.send(topic, b"x", sequence=sequence).error_code == ErrorCode.INVALID_RECORD
    assert kafka.offset(topic) == 0


@case(ProduceRequest, versions="3+", feature="idempotence", why="RecordBatch.hasProducerId")
@pytest.mark.parametrize("sequence", [0, 5])
def test_a_sequence_without_id(kafka: Kafka, sequence: int) -> None:
    """Without a producer id (-1) the sequence is not looked at: nothing is a repetition."""
    topic = kafka.topic()
    for _ in range(2):
        result = kafka.produce(topic, b"a", producer_id=-1, producer_epoch=0, base_sequence=sequence)
        assert result.error_code == 0
    assert kafka.offset(topic) == 2


@case(ProduceRequest, versions="latest", feature="idempotence", why="RecordBatch.hasProducerId")
def test_a_negative_id(kafka: Kafka) -> None:
    """An id below -1 is none: the sequence is not looked at."""
    topic = kafka.topic()
    for _ in range(2):
        assert kafka.produce(topic, b"a", producer_id=-7, producer_epoch=0, base_sequence=4).error_code == 0
    assert kafka.offset(topic) == 2


@case(
    ProduceRequest,
    versions="latest",
    feature="idempotence",
    why="the broker does not know which ids were given",
)
def test_an_id_that_was_never_given(kafka: Kafka) -> None:
    """A producer id that no broker gave works like any other."""
    topic = kafka.topic()
    fields = {"producer_id": 2**62 + 12345, "producer_epoch": 0}
    assert kafka.produce(topic, b"a", **fields, base_sequence=0).error_code == 0
    assert kafka.produce(topic, b"a", **fields, base_sequence=0).base_offset == 0
    assert kafka.offset(topic) == 1


@case(ProduceRequest, versions="3+", feature="idempotence", why=f"KIP-98; {VALIDATION}")
def test_control_batches_of_clients(kafka: Kafka) -> None:
    """A client's control batch answers INVALID_RECORD and is not stored."""
    topic = kafka.topic()
    marker = Record(0, now_ms(), b"\0\0\0\1", b"\0\0\0\0\0\0")
    assert kafka.produce(topic, marker, attributes=CONTROL_BIT).error_code == ErrorCode.INVALID_RECORD
    assert kafka.offset(topic) == 0


@case(ProduceRequest, versions="latest", feature="idempotence", why=f"KIP-98; {VALIDATION}", also=ALSO)
def test_control_batches_with_a_producer_id(kafka: Kafka) -> None:
    """A client's control batch with producer id and sequence answers INVALID_RECORD as well."""
    topic, producer = kafka.topic(), idempotent(kafka)
    marker = Record(0, now_ms(), b"\0\0\0\1", b"\0\0\0\0\0\0")
    refused = producer.send(topic, marker, attributes=CONTROL_BIT)
    assert refused.error_code == ErrorCode.INVALID_RECORD
    assert kafka.offset(topic) == 0


@case(
    ProduceRequest,
    versions="3+",
    feature="transactions",
    why="KafkaApis.handleProduceRequest, RequestUtils",
    also=(*ALSO, AddPartitionsToTxnRequest),
)
def test_a_transactional_batch_outside_of_a_transactional_request(kafka: Kafka) -> None:
    """A transactional batch in a request without transactional id answers TRANSACTIONAL_ID_AUTHORIZATION_FAILED."""
    topic, producer = kafka.topic(), idempotent(kafka)
    refused = producer.send(topic, b"x", attributes=TRANSACTIONAL_BIT)
    assert refused.error_code == ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    assert kafka.offset(topic) == 0


@case(
    ProduceRequest,
    versions="3+",
    feature="transactions",
    why="KIP-98: only transactional batches belong to the id",
    also=(AddPartitionsToTxnRequest,),
)
def test_a_plain_batch_in_a_transactional_request(kafka: Kafka) -> None:
    """A batch that is not transactional is stored, whatever transactional id the request names."""
    topic = kafka.topic()
    answer = kafka.produce(topic, b"a", transactional_id=kafka.name("txn"))
    assert (answer.error_code, answer.base_offset) == (0, 0)


@case(
    ProduceRequest,
    versions="latest",
    feature="idempotence",
    why="UnifiedLog.analyzeAndValidateProducerState",
    also=ALSO,
)
def test_one_partition_refused_and_one_not(kafka: Kafka) -> None:
    """In one request to two partitions, an out-of-order batch in one does not touch the other."""
    topic, producer = kafka.topic(partitions=2), idempotent(kafka)
    producer.send(topic, b"a", partition=0)
    request = produce_request(topic, producer.batch(b"x", sequence=5), 0)
    request.topic_data[0].partition_data += (
        produce_request(topic, producer.batch(b"b"), 1).topic_data[0].partition_data
    )
    rows = {row.index: row.error_code for row in kafka.ask(request).responses[0].partition_responses}
    assert rows == {0: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 1: 0}


@case(ProduceRequest, versions="latest", feature="idempotence", why="KIP-98; ProducerAppendInfo", also=ALSO)
def test_pipelined_batches(kafka: Kafka) -> None:
    """Five requests in flight at once, one of them lost in the middle: what follows the gap is refused."""
    topic, producer = kafka.topic(), idempotent(kafka)
    connection = kafka.connection(about=produce_request(topic, b""))
    for sequence in (0, 1, 3, 4, 2):
        connection.send(produce_request(topic, producer.batch(b"%d" % sequence, sequence=sequence)))
    codes = [connection.receive().responses[0].partition_responses[0].error_code for _ in range(5)]
    gap = ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert codes == [0, 0, gap, gap, 0]


@case(ProduceRequest, versions="latest", feature="idempotence", why="KIP-98; ProducerAppendInfo", also=ALSO)
def test_an_unanswered_batch_again(kafka: Kafka) -> None:
    """A batch that was sent with acks=0 and again with acks=-1 is stored once."""
    topic, producer = kafka.topic(), idempotent(kafka)
    connection = kafka.connection(about=produce_request(topic, b""))
    connection.send(produce_request(topic, producer.batch(b"a", b"b"), acks=0), answered=False)
    answer = connection.ask(produce_request(topic, producer.batch(b"a", b"b")))
    row = answer.responses[0].partition_responses[0]
    assert (row.error_code, row.base_offset) == (0, 0)
    assert kafka.offset(topic) == 2


@case(
    ProduceRequest,
    versions="latest",
    feature="idempotence",
    why="UnifiedLog.append: of the first time",
    also=ALSO,
)
def test_a_repetition_has_the_log_append_time_of_the_first(kafka: Kafka) -> None:
    """With message.timestamp.type=LogAppendTime, a repetition is answered with the time of the first append."""
    topic, producer = kafka.topic(message_timestamp_type="LogAppendTime"), idempotent(kafka)
    first = producer.send(topic, b"a", timestamp_ms=1)
    again = producer.send(topic, b"a", sequence=0, timestamp_ms=1)
    assert first.log_append_time_ms > 1
    assert again.log_append_time_ms == first.log_append_time_ms


@case(
    ProduceRequest, versions="latest", feature="idempotence", why="UnifiedLog.append: AppendedBatch.timestamp", also=ALSO,
)  # fmt: skip
def test_a_repetition_of_create_time_shows_its_timestamp(kafka: Kafka) -> None:
    """With CreateTime, a repetition's log_append_time_ms is the largest timestamp of the batch, the first answer's is -1."""
    topic, producer = kafka.topic(), idempotent(kafka)
    first = producer.send(topic, b"a", timestamp_ms=1_700_000_000_000)
    again = producer.send(topic, b"a", sequence=0, timestamp_ms=1_700_000_000_000)
    assert first.log_append_time_ms == -1
    assert again.log_append_time_ms == 1_700_000_000_000


@case(
    ProduceRequest,
    versions="8+",
    feature="idempotence",
    why="KIP-467: record errors are for records",
    also=ALSO,
)
def test_no_record_is_blamed(kafka: Kafka) -> None:
    """A refused sequence comes with no record errors, base offset -1 and log append time -1."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a")
    refused = producer.send(topic, b"x", sequence=9)
    assert list(refused.record_errors) == []
    assert (refused.base_offset, refused.log_append_time_ms) == (-1, -1)


@case(ProduceRequest, versions="latest", feature="idempotence", why="KIP-98; UnifiedLog.append", also=ALSO)
def test_a_refused_record_takes_no_sequence(kafka: Kafka) -> None:
    """A batch that is refused for another reason (too large) takes no sequence."""
    topic, producer = kafka.topic(max_message_bytes=500), idempotent(kafka)
    producer.send(topic, b"a")
    assert producer.send(topic, b"x" * 1000, sequence=1).error_code == ErrorCode.MESSAGE_TOO_LARGE
    assert producer.send(topic, b"b").base_offset == 1


@case(
    ProduceRequest,
    versions="latest",
    feature="idempotence",
    why="LogValidator goes before the producer's state",
    also=ALSO,
)
def test_size_goes_before_the_sequence(kafka: Kafka) -> None:
    """A batch that is too large and out of order answers MESSAGE_TOO_LARGE."""
    topic, producer = kafka.topic(max_message_bytes=500), idempotent(kafka)
    producer.send(topic, b"a")
    assert producer.send(topic, b"x" * 1000, sequence=9).error_code == ErrorCode.MESSAGE_TOO_LARGE


@case(
    ProduceRequest,
    versions="latest",
    feature="idempotence",
    why="LogValidator goes before the producer's state",
    also=ALSO,
)
def test_a_keyless_record_of_a_compacted_topic_goes_before_the_sequence(kafka: Kafka) -> None:
    """In a compacted topic, a repetition is validated like any batch: without a key it answers INVALID_RECORD."""
    topic, producer = kafka.topic(cleanup_policy="compact"), idempotent(kafka)
    keyed = Record(0, now_ms(), b"k", b"v")
    assert producer.send(topic, keyed).error_code == 0
    assert producer.send(topic, b"x", sequence=0).error_code == ErrorCode.INVALID_RECORD


@case(ProduceRequest, versions="latest", feature="idempotence", why="RecordBatch.ensureValid", also=ALSO)
def test_a_corrupt_repetition(kafka: Kafka) -> None:
    """A repetition with a wrong checksum answers CORRUPT_MESSAGE."""
    topic, producer = kafka.topic(), idempotent(kafka)
    data = bytearray(producer.batch(b"abc"))
    assert kafka.produce(topic, records=bytes(data)).error_code == 0
    data[-2] ^= 1
    assert kafka.produce(topic, records=bytes(data)).error_code == ErrorCode.CORRUPT_MESSAGE


@case(ProduceRequest, versions="3+", feature="idempotence", why=VALIDATION, also=ALSO)
def test_one_batch_a_request(kafka: Kafka) -> None:
    """Two batches for one partition in one request answer INVALID_RECORD; neither is stored."""
    topic, producer = kafka.topic(), idempotent(kafka)
    both = producer.batch(b"a") + producer.batch(b"b", sequence=1)
    assert kafka.produce(topic, records=both).error_code == ErrorCode.INVALID_RECORD
    assert kafka.offset(topic) == 0


@case(ProduceRequest, versions="latest", feature="idempotence", why="KIP-98: a state for each log", also=ALSO)
def test_topics_count_apart(kafka: Kafka) -> None:
    """Sequences in one topic say nothing about those in another."""
    one, two, producer = kafka.topic(), kafka.topic(), idempotent(kafka)
    producer.send(one, b"a")
    assert producer.send(two, b"a").base_offset == 0
    assert kafka.produce(two, records=batch(b"plain")).base_offset == 1
