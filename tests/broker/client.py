"""A client of raw sockets: sends what no stock client would, and reads answers frame by frame."""

from __future__ import annotations

import socket
import struct
from importlib import import_module
from typing import Any

from wire.headers import build_request_header, parse_response_header
from wire.messages.create_topics import CreatableTopic
from wire.messages.fetch import FetchPartition, FetchTopic
from wire.messages.metadata import MetadataRequestTopic
from wire.messages.produce import PartitionProduceData, TopicProduceData
from wire.records.record import Record, build_batch

KEYS = {
    "Produce": 0,
    "Fetch": 1,
    "ListOffsets": 2,
    "Metadata": 3,
    "OffsetCommit": 8,
    "OffsetFetch": 9,
    "FindCoordinator": 10,
    "JoinGroup": 11,
    "ApiVersions": 18,
    "CreateTopics": 19,
    "InitProducerId": 22,
    "DescribeConfigs": 32,
    "DeleteGroups": 42,
}
TIMEOUT_S = 10.0


def module_of(api: str) -> Any:
    name = "".join("_" + c.lower() if c.isupper() else c for c in api).lstrip("_")
    return import_module(f"wire.messages.{name}")


def header(key: int, version: int, correlation_id: int, client_id: str = "raw") -> bytes:
    """A request header of version 1, byte by byte."""
    name = client_id.encode()
    return struct.pack(">hhih", key, version, correlation_id, len(name)) + name


def framed(data: bytes) -> bytes:
    return struct.pack(">i", len(data)) + data


def request(api: str, version: int, correlation_id: int = 1, **fields: Any) -> bytes:
    """A whole frame, as a client would send it."""
    message = getattr(module_of(api), f"{api}Request")
    head = build_request_header(KEYS[api], version, correlation_id, "raw")
    return framed(b"".join([head, *message.build(version, message(**fields))]))


API_VERSIONS = framed(header(18, 0, 77))


class Client:
    """One connection. A context manager."""

    def __init__(self, address: tuple[str, int], receive_buffer_bytes: int | None = None) -> None:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        if receive_buffer_bytes is not None:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.sock.connect(address)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.sock.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def read(self, count: int) -> bytes:
        """Exactly so many bytes. Raises: EOFError."""
        parts = []
        while count:
            try:
                data = self.sock.recv(count)
            except ConnectionResetError:
                data = b""
            if not data:
                raise EOFError
            parts.append(data)
            count -= len(data)
        return b"".join(parts)

    def frame(self) -> bytes:
        """The next answer: correlation id and what follows. Raises: EOFError."""
        return self.read(struct.unpack(">i", self.read(4))[0])

    def closed(self) -> bool:
        """Waits for the broker to close; False if it says something instead."""
        try:
            self.read(1)
        except EOFError:
            return True
        return False

    def call(self, api: str, version: int, **fields: Any) -> Any:
        """The parsed answer to one request."""
        self.send(request(api, version, **fields))
        return self.answer(api, version)

    def answer(self, api: str, version: int) -> Any:
        data = self.frame()
        _, at = parse_response_header(KEYS[api], version, data)
        message = getattr(module_of(api), f"{api}Response")
        response, end = message.parse(version, data, at)
        assert end == len(data)
        return response

    # what tests do often

    def alive(self) -> bool:
        """Whether ApiVersions is answered."""
        self.send(API_VERSIONS)
        return self.frame()[:6] == struct.pack(">ih", 77, 0)

    def create(self, name: str, partitions: int = 1) -> int:
        """The error code of CreateTopics."""
        topic = CreatableTopic(name=name, num_partitions=partitions, replication_factor=1)
        return int(self.call("CreateTopics", 5, topics=[topic], timeout_ms=5000).topics[0].error_code)

    def produce(self, topic: str, records: bytes, acks: int = -1, transactional_id: str | None = None) -> Any:
        """The row of partition 0."""
        data = TopicProduceData(name=topic, partition_data=[PartitionProduceData(index=0, records=records)])
        answer = self.call(
            "Produce", 9, acks=acks, timeout_ms=5000, topic_data=[data], transactional_id=transactional_id
        )
        return answer.responses[0].partition_responses[0]

    def fetch(self, topic: str, offset: int = 0, isolation_level: int = 0) -> Any:
        """The row of partition 0."""
        return (
            self.call("Fetch", 11, **fetch_fields(topic, offset, 0, isolation_level))
            .responses[0]
            .partitions[0]
        )

    def metadata(self, *names: str, create: bool = False, version: int = 9) -> Any:
        topics = [MetadataRequestTopic(name=name) for name in names]
        return self.call("Metadata", version, topics=topics, allow_auto_topic_creation=create)


def fetch_fields(topic: str, offset: int, max_wait_ms: int, isolation_level: int = 0) -> dict[str, Any]:
    partition = FetchPartition(partition=0, fetch_offset=offset, partition_max_bytes=1 << 20)
    return {
        "max_wait_ms": max_wait_ms,
        "min_bytes": 1,
        "max_bytes": 1 << 20,
        "isolation_level": isolation_level,
        "topics": [FetchTopic(topic=topic, partitions=[partition])],
    }


def batch(*values: bytes, **fields: Any) -> bytes:
    """A record batch of version 2."""
    records = [
        Record(offset=number, timestamp=1_700_000_000_000, key=None, value=value, headers=[])
        for number, value in enumerate(values)
    ]
    return bytes(build_batch(records, **fields))
