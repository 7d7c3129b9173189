"""Frames that are none: the connection ends, the broker goes on, nothing is allocated for a number that was announced."""

from __future__ import annotations

import struct

import pytest

from cases.hostile.bytes import closes, framed, raw_request, still_serves
from cases.schema.requests import APIS, well_formed
from conformance import Kafka, case, frame
from wire.messages.api_versions import ApiVersionsRequest
from wire.messages.fetch import FetchRequest
from wire.messages.metadata import MetadataRequest
from wire.schema import Message

LENGTHS = {"-1": -1, "the smallest": -(2**31), "the largest": 2**31 - 1, "over 1 GiB": 1 << 30}

FOREIGN = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: broker\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": bytes.fromhex("16030100f8010000f40303") + bytes(240),
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "ones": b"\xff" * 64,
}


@pytest.mark.parametrize("what", LENGTHS)
@case(feature="frames", why="NetworkReceive.readFrom; socket.request.max.bytes")
def test_a_length_that_no_frame_has(kafka: Kafka, what: str) -> None:
    """A negative length, or one above the limit, closes the connection at once."""
    assert closes(kafka, kafka.connection(), struct.pack(">i", LENGTHS[what]))


@pytest.mark.parametrize("size", [0, 1, 7, 9])
@case(feature="frames", why="RequestHeader.parse")
def test_a_frame_shorter_than_a_header(kafka: Kafka, size: int) -> None:
    """A frame that ends within the request header closes the connection."""
    header = struct.pack(">hhihs", 3, 1, 1, 1, b"c")
    assert closes(kafka, kafka.connection(), framed(header[:size]))


@pytest.mark.parametrize("what", FOREIGN)
@case(feature="foreign protocols", why="NetworkReceive.readFrom")
def test_another_protocol(kafka: Kafka, what: str) -> None:
    """Bytes of another protocol close the connection; Kafka's own protocol goes on."""
    assert closes(kafka, kafka.connection(), FOREIGN[what])


@pytest.mark.parametrize("key", [-1, 999, 32767])
@case(feature="unknown requests", why="RequestHeader.parse")
def test_an_unknown_key(kafka: Kafka, key: int) -> None:
    """A request of an unknown API closes the connection."""
    assert closes(kafka, kafka.connection(), framed(struct.pack(">hhih", key, 0, 1, -1)))


@case(
    *APIS,
    versions="latest",
    feature="unknown versions",
    why="RequestHeader.parse; SocketServer.processCompletedReceives",
)
def test_a_version_above_all(kafka: Kafka, api: Message, version: int) -> None:
    """A version above those announced closes the connection; of ApiVersions it is answered UNSUPPORTED_VERSION."""
    data = bytearray(frame(well_formed(kafka, api), version))
    struct.pack_into(">h", data, 6, version + 100)
    if api is not ApiVersionsRequest:
        assert closes(kafka, kafka.connection(), bytes(data))
        return
    connection = kafka.connection()
    connection.send_raw(bytes(data))
    answer = connection.receive_frame()
    assert struct.unpack_from(">ih", answer) == (1, 35)
    assert connection.ask(ApiVersionsRequest(client_software_name="a", client_software_version="1"))


@case(*APIS, versions="latest", feature="unknown versions", why="RequestHeader.parse")
def test_a_negative_version(kafka: Kafka, api: Message, version: int) -> None:
    """A version below zero closes the connection, of ApiVersions too unless it is answered UNSUPPORTED_VERSION."""
    data = bytearray(frame(well_formed(kafka, api), version))
    struct.pack_into(">h", data, 6, -1)
    connection = kafka.connection()
    connection.send_raw(bytes(data))
    if not connection.wait_closed():
        assert api is ApiVersionsRequest
        assert struct.unpack_from(">ih", connection.receive_frame()) == (1, 35)
    assert still_serves(kafka)


@case(*APIS, versions="latest", feature="cut requests", why="RequestContext.parseRequest")
def test_a_body_without_its_last_byte(kafka: Kafka, api: Message, version: int) -> None:
    """A body that ends one byte too early, in a frame of that size, closes the connection."""
    whole = frame(well_formed(kafka, api), version)[4:]
    assert closes(kafka, kafka.connection(), framed(whole[:-1]))


@case(*APIS, versions="latest", feature="cut requests", why="RequestContext.parseRequest")
def test_no_body_at_all(kafka: Kafka, api: Message, version: int) -> None:
    """A frame that ends behind its header closes the connection."""
    assert closes(kafka, kafka.connection(), raw_request(api, version, b""))


@case(*APIS, versions="latest", feature="cut requests", why="KafkaChannel.read")
def test_half_a_frame_and_an_end(kafka: Kafka, api: Message, version: int) -> None:
    """Who sends half a request and goes is forgotten: the broker goes on."""
    data = frame(well_formed(kafka, api), version)
    with kafka.connection() as connection:
        connection.send_raw(data[: len(data) // 2])
    with kafka.connection() as connection:
        connection.send_raw(data[: len(data) // 2])
        connection.reset()
    assert still_serves(kafka)


@case(
    MetadataRequest,
    FetchRequest,
    versions="latest",
    feature="slow peers",
    why="SocketServer: one slow channel stops no other",
)
def test_half_a_frame_and_silence(kafka: Kafka, api: Message, version: int) -> None:
    """While one client sends half a request, others are served; when the rest comes, it is answered."""
    request = well_formed(kafka, api)
    data = frame(request, version)
    connection = kafka.connection(about=request)
    connection.send_raw(data[: len(data) // 2])
    assert connection.silent(0.2)
    assert still_serves(kafka)
    connection.send_raw(data[len(data) // 2 :])
    assert struct.unpack_from(">i", connection.receive_frame()) == (1,)


@case(*APIS, versions="latest", feature="slow peers", why="NetworkReceive.readFrom")
def test_one_byte_at_a_time(kafka: Kafka, api: Message, version: int) -> None:
    """A request that comes byte by byte is answered like any other."""
    request = well_formed(kafka, api)
    data = frame(request, version)
    connection = kafka.connection(about=request)
    for position in range(len(data)):
        connection.send_raw(data[position : position + 1])
    assert struct.unpack_from(">i", connection.receive_frame()) == (1,)
