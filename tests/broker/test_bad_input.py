"""Bad input ends the connection it came by, with one line in the log that says why; nobody else notices.

Each test holds a second, well-behaved connection open throughout and asks on it afterwards.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from tests.broker.client import API_VERSIONS, Client, batch, framed, header, request
from tests.broker.process import Serve, eventually

LIMIT = 104857600  # socket.request.max.bytes
TLS_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32)


@pytest.fixture
def bystander(serve: Serve) -> Iterator[Client]:
    """Was there before, and is served as if nothing had been."""
    with Client(serve.address) as other:
        assert other.alive()
        yield other
        assert other.alive()


def told(serve: Serve, before: int) -> str:
    """The one line that the log has got since then."""
    eventually(lambda: len(serve.complaints()) > before)
    (line,) = serve.complaints()[before:]
    return line


BAD = {
    "a length above the limit": (
        struct.pack(">i", LIMIT + 1),
        "a frame length of 104857601 is above socket.request.max.bytes of 104857600",
    ),
    "the largest length": (b"\x7f\xff\xff\xff", "a frame length of 2147483647 is above"),
    "a negative length": (struct.pack(">i", -1), "a frame length of -1 is negative"),
    "an empty frame": (framed(b""), "a request of 0 bytes is too short for a header"),
    "a frame shorter than a header": (
        framed(b"\0\x12\0\0"),
        "a request of 4 bytes is too short for a header",
    ),
    "an unknown key": (framed(header(999, 3, 1)), "the unknown API key 999 (version 3)"),
    "a negative key": (framed(header(-1, 0, 1)), "the unknown API key -1"),
    "a key not served yet": (framed(header(24, 0, 1)), "the unknown API key 24"),
    "a version above the range": (framed(header(3, 99, 1)), "Metadata v99; served are 0 to 13"),
    "a negative version": (framed(header(3, -1, 1)), "Metadata v-1; served are 0 to 13"),
    "a truncated body": (framed(header(3, 4, 1) + b"\0\0"), "Metadata v4:"),
    "a body that lacks its last byte": (framed(request("Metadata", 4, topics=[])[4:-1]), "Metadata v4:"),
    "a string longer than the frame": (framed(header(3, 0, 1) + b"\0\0\0\1\x7f\xffabc"), "Metadata v0:"),
    "an array count that the frame cannot hold": (
        framed(header(3, 4, 1) + b"\x7f\xff\xff\xff\1"),
        "Metadata v4:",
    ),
    "a compact array count that the frame cannot hold": (
        framed(header(3, 9, 1) + b"\0" + b"\xff\xff\xff\xff\x07" + b"\1\0\0\0"),
        "Metadata v9:",
    ),
    "an endless varint": (framed(header(3, 9, 1) + b"\0" + b"\xff" * 12), "Metadata v9:"),
    "a client id longer than the frame": (
        framed(struct.pack(">hhih", 3, 4, 1, 32767) + b"abc"),
        "Metadata v4:",
    ),
    "a client id that is no text": (
        framed(struct.pack(">hhih", 3, 4, 1, 2) + b"\xff\xfe" + bytes(5)),
        "Metadata v4:",
    ),
    "a record set longer than the frame": (
        framed(
            header(0, 7, 1)
            + struct.pack(">hhi", -1, 1, 1000)
            + struct.pack(">i", 1)
            + b"\0\1t"
            + struct.pack(">iii", 1, 0, 1 << 30)
        ),
        "Produce v7:",
    ),
    "HTTP GET": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "it is HTTP, not a Kafka request"),
    "HTTP POST": (b"POST /topics HTTP/1.1\r\n\r\n", "it is HTTP, not a Kafka request"),
    "HTTP CONNECT": (b"CONNECT a:1 HTTP/1.1\r\n\r\n", "it is HTTP, not a Kafka request"),
    "HTTP PATCH": (b"PATCH / HTTP/1.1\r\n\r\n", "it is HTTP, not a Kafka request"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "it is HTTP, not a Kafka request"),
    "TLS": (TLS_HELLO, "it is TLS, which is not spoken here"),
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", "it is SSH, not a Kafka request"),
}


@pytest.mark.parametrize("what", BAD)
def test_that_connection_closes_and_one_line_says_why(serve: Serve, bystander: Client, what: str) -> None:
    data, reason = BAD[what]
    before = len(serve.complaints())
    with Client(serve.address) as client:
        host, port = client.sock.getsockname()
        client.send(data)
        assert client.closed()
    line = told(serve, before)
    assert reason in line
    assert line.startswith(f"closed the connection of {host}:{port}: ")
    assert "Traceback" not in line


def test_what_was_right_before_is_answered(serve: Serve, bystander: Client) -> None:
    """Ten good requests and a bad one in one piece: ten answers, then the end."""
    before = len(serve.complaints())
    with Client(serve.address) as client:
        client.send(API_VERSIONS * 10 + framed(header(999, 0, 1)) + API_VERSIONS)
        assert [client.frame()[:4] for _ in range(10)] == [struct.pack(">i", 77)] * 10
        assert client.closed()
    assert "unknown API key 999" in told(serve, before)


def test_bytes_after_a_complete_body_are_ignored(serve: Serve, client: Client) -> None:
    """As Kafka does; in the old encoding and in the flexible one, alone and with the next request behind."""
    before = len(serve.complaints())
    for version in (4, 9):
        frame = request("Metadata", version, topics=[])
        client.send(framed(frame[4:] + b"\xde\xad\xbe\xef" * 10) + API_VERSIONS)
        assert client.answer("Metadata", version).cluster_id
        assert client.frame()[:4] == struct.pack(">i", 77)
    assert serve.complaints()[before:] == []


@pytest.mark.parametrize("version", [5, 99, 32767])
@pytest.mark.parametrize("body", [b"", b"\xff" * 100])
def test_api_versions_above_the_range(client: Client, version: int, body: bytes) -> None:
    """KIP-511: the body is not parsed; error 35 in version 0 with one row, its own; the connection stays."""
    client.send(framed(header(18, version, 5) + b"\0" + body))
    assert client.frame() == struct.pack(">ihihhh", 5, 35, 1, 18, 0, 4)
    assert client.alive()


def test_a_batch_with_a_bad_crc_is_not_stored(client: Client) -> None:
    client.create("crc")
    good = batch(b"first", b"second")
    for at in (20, 30, 61, len(good) - 1):  # its own CRC, the header, the first record, the last byte
        bad = bytearray(good)
        bad[at] ^= 0x10
        assert client.produce("crc", bytes(bad)).error_code == 2  # CORRUPT_MESSAGE
    assert client.fetch("crc").high_watermark == 0
    assert client.produce("crc", good).base_offset == 0
    assert bytes(client.fetch("crc").records)[61:] == good[61:]


@pytest.mark.parametrize("cut", [1, 16, 60, 61])
def test_a_cut_off_batch_is_not_stored(client: Client, cut: int) -> None:
    client.create(f"cut-{cut}")
    row = client.produce(f"cut-{cut}", batch(b"first", b"second")[:cut])
    assert row.error_code != 0
    assert client.fetch(f"cut-{cut}").high_watermark == 0


def test_acks_0_that_cannot_be_stored_closes_with_one_line(serve: Serve, bystander: Client) -> None:
    """There is no answer that could say it. A name that is quoted cannot forge a line of its own."""
    before = len(serve.complaints())
    from wire.messages.produce import PartitionProduceData, TopicProduceData

    data = TopicProduceData(
        name="no-such\n12:00:00.000 ERROR   forged \x1b[2J",
        partition_data=[PartitionProduceData(index=0, records=batch(b"x"))],
    )
    with Client(serve.address) as client:
        client.send(request("Produce", 9, acks=0, timeout_ms=1000, topic_data=[data], transactional_id=None))
        assert client.closed()
    line = told(serve, before)
    assert "acks=0" in line
    assert r"no-such\n12:00:00.000 ERROR   forged \x1b[2J" in line
