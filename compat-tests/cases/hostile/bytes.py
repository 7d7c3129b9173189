"""What hostile cases send, and how they look whether the broker lives."""

from __future__ import annotations

import struct

from conformance import Connection, Kafka
from wire.headers import build_request_header
from wire.messages.metadata import MetadataRequest
from wire.schema import Message


def framed(body: bytes) -> bytes:
    """Behind its length."""
    return struct.pack(">i", len(body)) + body


def raw_request(api: Message, version: int, body: bytes, correlation_id: int = 1) -> bytes:
    """A frame with a right header and this body."""
    assert api.key is not None
    return framed(build_request_header(api.key, version, correlation_id, "hostile") + body)


def still_serves(kafka: Kafka) -> bool:
    """Whether another client is answered, on a connection of its own."""
    with kafka.connection() as other:
        return bool(other.ask(MetadataRequest(topics=[]), kafka.subject.metadata_version).brokers)


def closes(kafka: Kafka, connection: Connection, data: bytes) -> bool:
    """Whether the broker closes the connection for these bytes, without an answer, and goes on serving others."""
    connection.send_raw(data)
    return connection.wait_closed() and still_serves(kafka)
