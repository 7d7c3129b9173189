"""The shortest way through a broker: records in, records out."""

from __future__ import annotations

from conformance import Kafka, batch, case, produce_request, records_in
from wire.messages.fetch import FetchRequest
from wire.messages.produce import ProduceRequest


@case(ProduceRequest, versions="3+", feature="produce", why="KIP-98; ReplicaManager.appendToLocalLog")
def test_offsets_count_on(kafka: Kafka) -> None:
    """The first batch gets base offset 0, the next one the offset behind the last record."""
    topic = kafka.topic()
    first = kafka.produce(topic, b"a", b"b", b"c")
    second = kafka.produce(topic, b"d")
    assert (first.error_code, first.base_offset) == (0, 0)
    assert (second.error_code, second.base_offset) == (0, 3)


@case(
    ProduceRequest,
    versions="3+",
    feature="produce",
    why="KafkaApis.handleProduceRequest",
    also=(FetchRequest,),
)
def test_acks_0_is_not_answered(kafka: Kafka, version: int) -> None:
    """With acks=0 nothing is answered, the records are stored, and the connection goes on."""
    topic = kafka.topic()
    request = produce_request(topic, batch(b"silent"), acks=0)
    connection = kafka.connection(about=request)
    connection.send(request, version, answered=False)
    answer = connection.ask(produce_request(topic, batch(b"loud")), version)
    assert answer.responses[0].partition_responses[0].base_offset == 1
    assert [record.value for record in kafka.records(topic)] == [b"silent", b"loud"]


@case(FetchRequest, versions="4+", feature="fetch", why="ReplicaManager.readFromLog", also=(ProduceRequest,))
def test_whole_batches_are_read(kafka: Kafka) -> None:
    """A fetch in the middle of a batch gives the whole batch, and the high watermark."""
    topic = kafka.topic()
    kafka.produce(topic, b"a", b"b", b"c")
    answer = kafka.fetch(topic, 1)
    assert (answer.error_code, answer.high_watermark) == (0, 3)
    assert [record.value for record in records_in(answer.records)] == [b"a", b"b", b"c"]
