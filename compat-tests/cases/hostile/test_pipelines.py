"""Many requests on one connection, and peers that do not read, do not end, or come in crowds."""

from __future__ import annotations

import time

from cases.hostile.bytes import framed, still_serves
from conformance import Kafka, batch, case, fetch_request, frame, produce_request
from wire.messages.api_versions import ApiVersionsRequest
from wire.messages.fetch import FetchRequest
from wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from wire.messages.produce import ProduceRequest

LONG_POLL_MS = 400


@case(MetadataRequest, feature="pipelines", why="SocketServer: a channel is muted until its answer is sent")
def test_a_hundred_requests_at_once(kafka: Kafka, version: int) -> None:
    """A hundred requests sent in one go are answered one by one, in their order."""
    connection = kafka.connection()
    connection.send_raw(b"".join(frame(MetadataRequest(topics=[]), version, number) for number in range(100)))
    answered = [int.from_bytes(connection.receive_frame()[:4], "big") for _ in range(100)]
    assert answered == list(range(100))


@case(
    ProduceRequest, versions="3+", feature="pipelines", why="KIP-98: five batches in flight keep their order"
)
def test_produced_in_order(kafka: Kafka, version: int) -> None:
    """Batches that are sent without waiting are appended in the order in which they were sent."""
    topic = kafka.topic()
    connection = kafka.connection(about=produce_request(topic, b""))
    for number in range(20):
        connection.send(produce_request(topic, batch(b"%d" % number)), version)
    offsets = [connection.receive().responses[0].partition_responses[0].base_offset for _ in range(20)]
    assert offsets == list(range(20))
    assert [record.value for record in kafka.records(topic)] == [b"%d" % number for number in range(20)]


@case(
    FetchRequest,
    versions="4+",
    feature="pipelines",
    why="SocketServer: a channel is muted until its answer is sent",
)
def test_behind_a_long_poll(kafka: Kafka, version: int) -> None:
    """A request behind a fetch that waits is answered after it, however quick it would be."""
    topic = kafka.topic()
    waiting = fetch_request(topic, max_wait_ms=LONG_POLL_MS)
    connection = kafka.connection(about=waiting)
    begun = time.monotonic()
    connection.send(waiting, version)
    connection.send(MetadataRequest(topics=[]))
    first = connection.receive()
    assert time.monotonic() - begun >= LONG_POLL_MS / 1000 * 0.9
    assert first.responses == [] or not first.responses[0].partitions[0].records
    assert connection.receive().brokers


@case(MetadataRequest, versions="latest", feature="pipelines", why="SocketServer.processCompletedReceives")
def test_garbage_behind_a_request(kafka: Kafka, version: int) -> None:
    """A request in front of a frame that is none is answered before the connection ends."""
    connection = kafka.connection()
    good = MetadataRequest(topics=[])
    connection.send(good, version)
    connection.send_raw(framed(b"\xff\xff\0\0\0\0\0\0\xff\xff"))
    assert connection.receive().brokers
    assert connection.wait_closed()
    assert still_serves(kafka)


@case(MetadataRequest, versions="latest", feature="half-open peers", why="KafkaChannel; Selector")
def test_a_peer_that_will_send_no_more(kafka: Kafka, version: int) -> None:
    """Who closes its sending side after a request still gets the answer, and then the connection ends."""
    connection = kafka.connection()
    connection.send(MetadataRequest(topics=[]), version)
    connection.half_close()
    assert connection.receive().brokers
    assert connection.wait_closed()


@case(FetchRequest, versions="latest", feature="half-open peers", why="DelayedFetch; SocketServer")
def test_a_peer_that_goes_while_it_waits(kafka: Kafka, version: int) -> None:
    """Who resets the connection while its fetch waits is forgotten; records go on."""
    topic = kafka.topic()
    for _ in range(10):
        waiting = fetch_request(topic, max_wait_ms=5_000)
        connection = kafka.connection(about=waiting)
        connection.send(waiting, version, answered=False)
        connection.reset()
    assert kafka.produce(topic, b"x").base_offset == 0
    assert kafka.fetch(topic).high_watermark == 1


@case(
    FetchRequest,
    versions="latest",
    feature="slow peers",
    why="SocketServer: one slow channel stops no other",
    also=(ProduceRequest,),
)
def test_a_peer_that_does_not_read(kafka: Kafka, version: int) -> None:
    """Answers of 20 MB that nobody reads hold up nobody else; read at last, they are whole and in order."""
    topic = kafka.topic(max_message_bytes=2 << 20)
    assert kafka.produce(topic, b"x" * (1 << 20)).error_code == 0
    request = fetch_request(topic, max_bytes=4 << 20, partition_max_bytes=4 << 20)
    connection = kafka.connection(about=request)
    for _ in range(20):
        connection.send(request, version)
    for _ in range(20):
        assert still_serves(kafka)
    for _ in range(20):
        assert len(connection.receive().responses[0].partitions[0].records) > 1 << 20


@case(ApiVersionsRequest, versions="latest", feature="crowds", why="SocketServer; max.connections")
def test_many_idle_connections(kafka: Kafka, version: int) -> None:
    """Two hundred connections that say nothing are no hindrance, and each one is served when it speaks."""
    request = ApiVersionsRequest(client_software_name="crowd", client_software_version="1")
    crowd = [kafka.connection() for _ in range(200)]
    assert still_serves(kafka)
    assert all(connection.ask(request, version).api_keys for connection in crowd)


@case(MetadataRequest, versions="latest", feature="crowds", why="SocketServer")
def test_connections_that_come_and_go(kafka: Kafka) -> None:
    """Two hundred connections that are opened and reset at once leave nothing behind that hinders."""
    for _ in range(200):
        kafka.connection().reset()
    assert still_serves(kafka)


@case(MetadataRequest, versions="4+", feature="large requests", why="socket.request.max.bytes")
def test_a_large_request(kafka: Kafka, version: int) -> None:
    """A request of some hundred kilobytes, with thousands of names, is answered in full."""
    names = [f"{'n' * 80}-{number}" for number in range(3000)]
    request = MetadataRequest(
        topics=[MetadataRequestTopic(name=name) for name in names], allow_auto_topic_creation=False
    )
    assert {row.name for row in kafka.ask(request, version).topics} == set(names)
