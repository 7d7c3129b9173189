"""What Produce answers: codes, offsets and the order of checks, apart from what is in the batch."""

from __future__ import annotations

import pytest

from conformance import Kafka, Topic, batch, case, produce_request
from conformance.partitions import deletion_of, nowhere, part, parts, produce_to
from wire.errors import ErrorCode
from wire.messages.add_partitions_to_txn import AddPartitionsToTxnRequest
from wire.messages.create_topics import CreateTopicsRequest
from wire.messages.delete_records import DeleteRecordsRequest
from wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData

TOPIC_IDS_FROM = 13


@case(ProduceRequest, versions="3+", feature="produce", why="KafkaApis.handleProduceRequest")
def test_the_whole_row(kafka: Kafka, version: int) -> None:
    """A batch that was stored: no error, no record errors, no message, no append time, log start offset 0, no leader."""
    topic = kafka.topic()
    row = kafka.produce(topic, b"a")
    assert (row.index, row.error_code, row.base_offset, row.log_append_time_ms) == (0, 0, 0, -1)
    assert row.log_start_offset == (0 if version >= 5 else -1)
    assert not row.record_errors
    assert row.error_message is None
    assert (row.current_leader.leader_id, row.current_leader.leader_epoch) == (-1, -1)


@case(ProduceRequest, versions="3+", feature="produce", why="ReplicaManager.appendRecords")
def test_acks_1(kafka: Kafka) -> None:
    """acks=1 answers with the offset of the record, which is there at once."""
    topic = kafka.topic()
    assert kafka.produce(topic, b"a", acks=1).base_offset == 0
    row = kafka.produce(topic, b"b", acks=1)
    assert (row.error_code, row.base_offset) == (0, 1)
    assert [record.value for record in kafka.records(topic)] == [b"a", b"b"]


@pytest.mark.parametrize("acks", [2, -2, 32767])
@case(ProduceRequest, versions="3+", feature="produce", why="ReplicaManager.isValidRequiredAcks")
def test_other_acks(kafka: Kafka, acks: int) -> None:
    """acks other than -1, 0 and 1 answer INVALID_REQUIRED_ACKS with base offset -1, and nothing is stored."""
    topic = kafka.topic()
    row = kafka.produce(topic, b"a", acks=acks)
    assert (row.error_code, row.base_offset) == (ErrorCode.INVALID_REQUIRED_ACKS, -1)
    assert kafka.offset(topic) == 0


@case(ProduceRequest, versions="3+", feature="produce", why="ReplicaManager.appendRecords")
def test_other_acks_refuse_every_partition(kafka: Kafka) -> None:
    """INVALID_REQUIRED_ACKS is told for each partition."""
    topic = kafka.topic(2)
    answer = kafka.ask(produce_to((topic, 0, batch(b"a")), (topic, 1, batch(b"b")), acks=5))
    assert [row.error_code for *_, row in parts(answer)] == [ErrorCode.INVALID_REQUIRED_ACKS] * 2


@case(ProduceRequest, versions="3+", feature="produce", why="KafkaApis.handleProduceRequest")
def test_unknown_topic_with_other_acks(kafka: Kafka, version: int) -> None:
    """Whether the topic exists is looked at before acks."""
    row = kafka.produce(nowhere(kafka), b"a", acks=5)
    assert row.error_code == (
        ErrorCode.UNKNOWN_TOPIC_ID if version >= TOPIC_IDS_FROM else ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    )


@case(ProduceRequest, versions="3+", feature="produce", why="ProduceRequest.validateRecords")
def test_bad_batch_with_other_acks(kafka: Kafka) -> None:
    """That there is no batch is seen before acks are."""
    row = kafka.produce(kafka.topic(), records=b"", acks=5)
    assert row.error_code == ErrorCode.INVALID_RECORD


@case(ProduceRequest, versions="3+", feature="produce", why="LogValidator; ReplicaManager.appendRecords")
def test_bad_checksum_with_other_acks(kafka: Kafka) -> None:
    """What is in a batch is only looked at when acks are right."""
    data = bytearray(batch(b"a"))
    data[-1] ^= 1
    row = kafka.produce(kafka.topic(), records=bytes(data), acks=5)
    assert row.error_code == ErrorCode.INVALID_REQUIRED_ACKS


@case(ProduceRequest, versions="3-12", feature="produce", why="KafkaApis.handleProduceRequest")
def test_unknown_topic(kafka: Kafka) -> None:
    """A topic that does not exist answers UNKNOWN_TOPIC_OR_PARTITION, base offset -1 and its name."""
    topic = nowhere(kafka)
    answer = kafka.ask(produce_to((topic, 0, batch(b"a"))))
    ((name, _, row),) = parts(answer)
    assert name == topic.name
    assert (row.error_code, row.base_offset) == (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1)
    assert (row.log_append_time_ms, row.log_start_offset) == (-1, -1)


@case(ProduceRequest, versions="13+", feature="topic ids", why="KIP-516; KafkaApis.handleProduceRequest")
def test_unknown_topic_id(kafka: Kafka) -> None:
    """An id that no topic has answers UNKNOWN_TOPIC_ID, with the id and all the partitions that were asked for."""
    topic = nowhere(kafka)
    answer = kafka.ask(produce_to((topic, 0, batch(b"a")), (topic, 1, batch(b"b"))))
    assert [topic_id for topic_id, *_ in parts(answer)] == [topic.id] * 2
    assert sorted((index, row.error_code) for _, index, row in parts(answer)) == [
        (0, ErrorCode.UNKNOWN_TOPIC_ID),
        (1, ErrorCode.UNKNOWN_TOPIC_ID),
    ]


@case(ProduceRequest, versions="13+", feature="topic ids", why="KIP-516; KafkaApis.handleProduceRequest")
def test_zero_topic_id(kafka: Kafka) -> None:
    """The id of sixteen zero bytes is no topic's: UNKNOWN_TOPIC_ID."""
    topic = kafka.topic()._replace(id=bytes(16))
    row = kafka.produce(topic, b"a")
    assert row.error_code == ErrorCode.UNKNOWN_TOPIC_ID


@case(
    ProduceRequest,
    versions="3-12",
    feature="produce",
    why="KIP-204; KafkaApis.handleProduceRequest",
    also=(MetadataRequest,),
)
def test_produce_creates_no_topic(kafka: Kafka) -> None:
    """A Produce to a topic that does not exist does not create it."""
    topic = nowhere(kafka)
    kafka.produce(topic, b"a")
    wanted = MetadataRequest(topics=[MetadataRequestTopic(name=topic.name)], allow_auto_topic_creation=False)
    (row,) = kafka.ask(wanted).topics
    assert row.error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@pytest.mark.parametrize("partition", [1, -1, 2**31 - 1])
@case(ProduceRequest, versions="3+", feature="produce", why="KafkaApis.handleProduceRequest")
def test_unknown_partition(kafka: Kafka, partition: int) -> None:
    """A partition that the topic does not have answers UNKNOWN_TOPIC_OR_PARTITION."""
    row = kafka.produce(kafka.topic(), b"a", partition=partition)
    assert (row.index, row.error_code) == (partition, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    assert row.base_offset == -1


@case(ProduceRequest, versions="3+", feature="produce", why="KafkaApis.handleProduceRequest")
def test_each_partition_has_its_own_answer(kafka: Kafka) -> None:
    """One partition's failure does not touch the others of its topic."""
    topic = kafka.topic(2)
    answer = kafka.ask(
        produce_to((topic, 0, batch(b"a")), (topic, 7, batch(b"b")), (topic, 1, batch(b"c", b"d")))
    )
    assert part(answer, topic, 0).error_code == 0
    assert part(answer, topic, 7).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert part(answer, topic, 1).error_code == 0
    assert (kafka.offset(topic), kafka.offset(topic, partition=1)) == (1, 2)


@case(ProduceRequest, versions="3+", feature="produce", why="KafkaApis.handleProduceRequest")
def test_topics_have_their_own_answers(kafka: Kafka) -> None:
    """Topics that exist are written to beside one that does not, and each is answered once."""
    first, missing, second = kafka.topic(), nowhere(kafka), kafka.topic()
    answer = kafka.ask(
        produce_to((first, 0, batch(b"a")), (missing, 0, batch(b"b")), (second, 0, batch(b"c")))
    )
    assert len(answer.responses) == 3
    assert (part(answer, first).error_code, part(answer, second).error_code) == (0, 0)
    assert part(answer, missing).error_code != 0
    assert (kafka.offset(first), kafka.offset(second)) == (1, 1)


@case(ProduceRequest, versions="3+", feature="produce", why="LogValidator; ReplicaManager.appendToLocalLog")
def test_a_bad_batch_beside_a_good_one(kafka: Kafka) -> None:
    """A batch with a wrong checksum fails alone: the partition beside it is written."""
    topic = kafka.topic(2)
    bad = bytearray(batch(b"bad"))
    bad[-1] ^= 1
    answer = kafka.ask(produce_to((topic, 0, bytes(bad)), (topic, 1, batch(b"good"))))
    assert part(answer, topic, 0).error_code == ErrorCode.CORRUPT_MESSAGE
    assert (part(answer, topic, 1).error_code, part(answer, topic, 1).base_offset) == (0, 0)


@case(ProduceRequest, versions="3+", feature="produce", why="KafkaApis.handleProduceRequest")
def test_no_topics(kafka: Kafka) -> None:
    """A request without topics is answered with none."""
    assert not kafka.ask(produce_to()).responses


@case(ProduceRequest, versions="3+", feature="produce", why="KafkaApis.handleProduceRequest")
def test_no_partitions(kafka: Kafka) -> None:
    """A topic without partitions brings no rows."""
    topic = kafka.topic()
    row = TopicProduceData(name=topic.name, topic_id=topic.id, partition_data=[])
    answer = kafka.ask(ProduceRequest(acks=-1, timeout_ms=1000, topic_data=[row]))
    assert not list(parts(answer))


@case(
    ProduceRequest,
    versions="3+",
    feature="produce",
    why="KafkaApis.handleProduceRequest",
    also=(MetadataRequest,),
)
def test_acks_0_to_an_unknown_partition(kafka: Kafka, version: int) -> None:
    """With acks=0 a failure is told by closing the connection, so that the client fetches metadata anew."""
    topic = kafka.topic()
    request = produce_request(topic, batch(b"a"), 9, acks=0)
    connection = kafka.connection(about=produce_request(topic, batch(b"a")))
    connection.send(request, version, answered=False)
    assert connection.wait_closed()


@case(ProduceRequest, versions="3+", feature="produce", why="KafkaApis.handleProduceRequest")
def test_acks_0_with_a_bad_batch(kafka: Kafka, version: int) -> None:
    """With acks=0 a batch with a wrong checksum closes the connection."""
    topic = kafka.topic()
    data = bytearray(batch(b"a"))
    data[-1] ^= 1
    request = produce_request(topic, bytes(data), acks=0)
    connection = kafka.connection(about=request)
    connection.send(request, version, answered=False)
    assert connection.wait_closed()


@case(
    ProduceRequest,
    versions="3+",
    feature="produce",
    why="SocketServer, one request of a connection at a time",
)
def test_acks_0_keeps_the_order(kafka: Kafka, version: int) -> None:
    """Several requests with acks=0, and one with acks=1 behind them, are appended in the order of sending."""
    topic = kafka.topic()
    connection = kafka.connection(about=produce_request(topic, None))
    for number in range(5):
        connection.send(produce_request(topic, batch(b"%d" % number), acks=0), version, answered=False)
    answer = connection.ask(produce_request(topic, batch(b"5"), acks=1), version)
    assert part(answer, topic).base_offset == 5
    assert [record.value for record in kafka.records(topic)] == [b"0", b"1", b"2", b"3", b"4", b"5"]


@case(
    ProduceRequest,
    versions="3+",
    feature="produce",
    why="SocketServer, one request of a connection at a time",
)
def test_pipelined_requests(kafka: Kafka, version: int) -> None:
    """Requests sent without waiting are answered in their order, with consecutive offsets."""
    topic = kafka.topic()
    connection = kafka.connection(about=produce_request(topic, None))
    for number in range(5):
        connection.send(produce_request(topic, batch(b"%d" % number)), version)
    assert [part(connection.receive(), topic).base_offset for _ in range(5)] == [0, 1, 2, 3, 4]


@case(
    ProduceRequest,
    versions="5+",
    feature="produce",
    why="KIP-107; UnifiedLog.append",
    also=(DeleteRecordsRequest,),
)
def test_log_start_offset(kafka: Kafka) -> None:
    """The answer tells where the log starts, also after records were deleted."""
    topic = kafka.topic()
    kafka.produce(topic, b"a", b"b", b"c")
    kafka.ask(deletion_of((topic, 0, 2)))
    row = kafka.produce(topic, b"d")
    assert (row.base_offset, row.log_start_offset) == (3, 2)


@case(
    ProduceRequest,
    versions="3+",
    feature="produce",
    why="Partition.effectiveMinIsr",
    also=(CreateTopicsRequest,),
)
def test_min_insync_replicas_above_the_number_of_replicas(kafka: Kafka) -> None:
    """min.insync.replicas counts for no more than there are replicas: acks=all to a single one is served."""
    row = kafka.produce(kafka.topic(min_insync_replicas=2), b"a")
    assert (row.error_code, row.base_offset) == (0, 0)


@case(ProduceRequest, versions="3-12", feature="produce", why="KafkaApis.handleProduceRequest")
def test_a_topic_named_twice(kafka: Kafka) -> None:
    """A topic that stands twice in a request, with different partitions, is written to in both."""
    topic = kafka.topic(2)
    rows = [
        TopicProduceData(
            name=topic.name,
            topic_id=topic.id,
            partition_data=[PartitionProduceData(index=index, records=batch(b"a"))],
        )
        for index in (0, 1)
    ]
    answer = kafka.ask(ProduceRequest(acks=-1, timeout_ms=1000, topic_data=rows))
    assert [part(answer, topic, index).error_code for index in (0, 1)] == [0, 0]


@case(
    ProduceRequest,
    versions="3+",
    feature="internal topics",
    why="ReplicaManager.appendToLocalLog; Topic.isInternal",
)
def test_the_offsets_topic(kafka: Kafka) -> None:
    """Clients do not write to the topic of the committed offsets: INVALID_TOPIC_EXCEPTION."""
    kafka.group()
    refuses_clients(kafka, "__consumer_offsets")


@case(
    ProduceRequest,
    versions="latest",
    feature="internal topics",
    why="ReplicaManager.appendToLocalLog; Topic.isInternal",
    also=(AddPartitionsToTxnRequest,),
)
def test_the_transactions_topic(kafka: Kafka) -> None:
    """Clients do not write to the topic of the transactions: INVALID_TOPIC_EXCEPTION."""
    kafka.transactional_id()
    refuses_clients(kafka, "__transaction_state")


def refuses_clients(kafka: Kafka, name: str) -> None:
    (found,) = kafka.ask(MetadataRequest(topics=[MetadataRequestTopic(name=name)])).topics
    row = kafka.produce(Topic(name, found.topic_id, len(found.partitions)), b"a")
    assert (row.error_code, row.base_offset) == (ErrorCode.INVALID_TOPIC_EXCEPTION, -1)
