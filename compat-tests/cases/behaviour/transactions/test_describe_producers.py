"""DescribeProducers: what a partition knows of its producers."""

from __future__ import annotations

from conformance import Kafka, case, now_ms
from conformance.transactions import active_producers, idempotent
from wire.errors import ErrorCode
from wire.messages.delete_records import DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic
from wire.messages.describe_producers import DescribeProducersRequest, TopicRequest
from wire.messages.init_producer_id import InitProducerIdRequest
from wire.messages.produce import ProduceRequest

WHY = "KIP-664; UnifiedLog.activeProducers"
HANDLER = "KIP-664; KafkaApis.handleDescribeProducersRequest"
ALSO = (ProduceRequest, InitProducerIdRequest)


def ask(kafka: Kafka, name: str, *partitions: int) -> list[tuple[int, int]]:
    """(partition, error code) of each answered partition."""
    answer = kafka.ask(
        DescribeProducersRequest(topics=[TopicRequest(name=name, partition_indexes=list(partitions))])
    )
    (topic,) = answer.topics
    assert topic.name == name
    return [(row.partition_index, row.error_code) for row in topic.partitions]


@case(DescribeProducersRequest, feature="idempotence", why=WHY, also=ALSO)
def test_no_producer(kafka: Kafka) -> None:
    """A partition without idempotent producers has none, plain batches or not."""
    topic = kafka.topic()
    kafka.produce(topic, b"plain")
    assert active_producers(kafka, topic) == {}


@case(DescribeProducersRequest, feature="idempotence", why=WHY, also=ALSO)
def test_an_idempotent_producer(kafka: Kafka) -> None:
    """After a batch its producer is described: epoch, no coordinator (-1), and no open transaction (-1)."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a", producer_epoch=3)
    state = active_producers(kafka, topic)[producer.id]
    assert (state.producer_epoch, state.coordinator_epoch, state.current_txn_start_offset) == (3, -1, -1)


@case(DescribeProducersRequest, feature="idempotence", why=WHY, also=ALSO)
def test_the_last_sequence(kafka: Kafka) -> None:
    """last_sequence is that of the last record of the last batch, also across the wrap."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a", b"b", b"c")
    assert active_producers(kafka, topic)[producer.id].last_sequence == 2
    other = idempotent(kafka)
    other.send(topic, b"a", b"b", b"c", sequence=2**31 - 1)
    assert active_producers(kafka, topic)[other.id].last_sequence == 1


@case(DescribeProducersRequest, feature="idempotence", why=WHY, also=ALSO)
def test_the_last_timestamp(kafka: Kafka) -> None:
    """last_timestamp is the largest timestamp of the last batch, not the time of its arrival."""
    topic, producer = kafka.topic(), idempotent(kafka)
    when = now_ms() - 100_000
    producer.send(topic, b"a", timestamp_ms=when + 5)
    producer.send(topic, b"b", timestamp_ms=when)
    assert active_producers(kafka, topic)[producer.id].last_timestamp == when


@case(DescribeProducersRequest, feature="idempotence", why=WHY, also=ALSO)
def test_refused_and_repeated_batches_change_nothing(kafka: Kafka) -> None:
    """Neither a repetition nor a refused batch moves the last sequence."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a")
    producer.send(topic, b"b")
    producer.send(topic, b"a", sequence=0)
    producer.send(topic, b"x", sequence=8)
    producer.send(topic, b"x", sequence=8, producer_epoch=5)
    state = active_producers(kafka, topic)[producer.id]
    assert (state.last_sequence, state.producer_epoch) == (1, 0)


@case(DescribeProducersRequest, feature="idempotence", why=WHY, also=ALSO)
def test_several_producers(kafka: Kafka) -> None:
    """All producers of a partition are listed, and those of another partition are not."""
    topic, producers = kafka.topic(partitions=2), [idempotent(kafka) for _ in range(3)]
    for producer in producers[:2]:
        producer.send(topic, b"a")
    producers[2].send(topic, b"a", partition=1)
    assert set(active_producers(kafka, topic)) == {producers[0].id, producers[1].id}
    assert set(active_producers(kafka, topic, 1)) == {producers[2].id}


@case(DescribeProducersRequest, feature="idempotence", why=WHY, also=(*ALSO, DeleteRecordsRequest))
def test_deleted_records_leave_the_producer(kafka: Kafka) -> None:
    """A producer whose records were all deleted by DeleteRecords is still described."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a")
    row = DeleteRecordsTopic(
        name=topic.name, partitions=[DeleteRecordsPartition(partition_index=0, offset=-1)]
    )
    kafka.ask(DeleteRecordsRequest(topics=[row], timeout_ms=5000))
    assert active_producers(kafka, topic)[producer.id].last_sequence == 0


@case(DescribeProducersRequest, feature="idempotence", why=HANDLER)
def test_unknown_topic(kafka: Kafka) -> None:
    """Each partition that is asked of a topic that does not exist answers UNKNOWN_TOPIC_OR_PARTITION."""
    code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert ask(kafka, kafka.name("absent"), 0, 3) == [(0, code), (3, code)]


@case(DescribeProducersRequest, feature="idempotence", why=HANDLER)
def test_unknown_partition(kafka: Kafka) -> None:
    """A partition that the topic does not have answers UNKNOWN_TOPIC_OR_PARTITION, the others their producers."""
    topic = kafka.topic(partitions=2)
    code = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert ask(kafka, topic.name, 0, 2, 1, -1) == [(0, 0), (2, code), (1, 0), (-1, code)]


@case(DescribeProducersRequest, feature="idempotence", why=HANDLER)
def test_invalid_topic_names(kafka: Kafka) -> None:
    """A name that no topic can have answers INVALID_TOPIC_EXCEPTION, with a message."""
    for name in ("", "a b", "..", "x" * 250):
        row = TopicRequest(name=name, partition_indexes=[0])
        partition = kafka.ask(DescribeProducersRequest(topics=[row])).topics[0].partitions[0]
        assert partition.error_code == ErrorCode.INVALID_TOPIC_EXCEPTION
        assert partition.error_message


@case(DescribeProducersRequest, feature="idempotence", why=HANDLER)
def test_empty_questions(kafka: Kafka) -> None:
    """No topics, and a topic without partitions, answer just that."""
    assert list(kafka.ask(DescribeProducersRequest(topics=[])).topics) == []
    assert ask(kafka, kafka.topic().name) == []


@case(DescribeProducersRequest, feature="idempotence", why=HANDLER)
def test_a_partition_named_twice(kafka: Kafka) -> None:
    """A partition that is named twice is answered twice."""
    assert ask(kafka, kafka.topic().name, 0, 0) == [(0, 0), (0, 0)]


@case(DescribeProducersRequest, feature="idempotence", why=HANDLER)
def test_answers_in_the_order_of_the_question(kafka: Kafka) -> None:
    """Topics and partitions are answered in the order in which they were asked."""
    topics = [kafka.topic(partitions=3).name, kafka.name("absent"), kafka.topic(partitions=3).name]
    rows = [TopicRequest(name=name, partition_indexes=[2, 0, 1]) for name in topics]
    answer = kafka.ask(DescribeProducersRequest(topics=rows))
    assert [topic.name for topic in answer.topics] == topics
    assert [[row.partition_index for row in topic.partitions] for topic in answer.topics] == [[2, 0, 1]] * 3
