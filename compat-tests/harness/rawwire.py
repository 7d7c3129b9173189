"""A Kafka client of raw sockets: a handful of requests as bytes, standard library only.

It is kept apart from `wire/` and from every client library on purpose: it probes brokers that those
refuse, and it must not share a mistake with the broker under test. Layouts are the non-flexible
versions, written out once.
"""

from __future__ import annotations

import socket
import struct

PRODUCE, LIST_OFFSETS, METADATA, API_VERSIONS, CREATE_TOPICS = 0, 2, 3, 18, 19


def parse_address(bootstrap: str) -> tuple[str, int]:
    """`HOST:PORT` of the first of a bootstrap list."""
    host, port = bootstrap.split(",")[0].rsplit(":", 1)
    return host.strip("[]"), int(port)


def connect(bootstrap: str, timeout_s: float = 10.0) -> socket.socket:
    sock = socket.create_connection(parse_address(bootstrap), timeout=timeout_s)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def read_exactly(sock: socket.socket, count: int) -> bytes:
    parts = []
    while count:
        data = sock.recv(count)
        if not data:
            raise ConnectionError("the broker closed the connection")
        parts.append(data)
        count -= len(data)
    return b"".join(parts)


def read_frame(sock: socket.socket) -> bytes:
    """One answer without its length: correlation id first."""
    (size,) = struct.unpack(">i", read_exactly(sock, 4))
    return read_exactly(sock, size)


def string(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">h", len(data)) + data


def request(key: int, version: int, correlation_id: int, body: bytes, client_id: str = "raw") -> bytes:
    """A whole frame with a request header v1; the correlation id stands at bytes 8 to 11."""
    header = struct.pack(">hhi", key, version, correlation_id) + string(client_id)
    return struct.pack(">i", len(header) + len(body)) + header + body


def with_correlation_id(frame: bytes, correlation_id: int) -> bytes:
    return frame[:8] + struct.pack(">i", correlation_id) + frame[12:]


def api_versions(bootstrap: str, timeout_s: float = 5.0) -> dict[int, tuple[int, int]]:
    """{key: (lowest, highest)} through ApiVersions v0, on a connection of its own."""
    with connect(bootstrap, timeout_s) as sock:
        sock.sendall(request(API_VERSIONS, 0, 7, b""))
        answer = read_frame(sock)
    correlation_id, error, count = struct.unpack_from(">ihi", answer)
    if correlation_id != 7 or error:
        raise ValueError(f"ApiVersions: correlation id {correlation_id}, error {error}")
    return {key: (low, high) for key, low, high in struct.iter_unpack(">hhh", answer[10 : 10 + 6 * count])}


def metadata_request(correlation_id: int, *topics: str, version: int = 4, create: bool = True) -> bytes:
    """Metadata v4 of the named topics (none: brokers only). create: they may be created by asking."""
    body = struct.pack(">i", len(topics)) + b"".join(map(string, topics)) + bytes([create])
    return request(METADATA, version, correlation_id, body)


def broker_count(bootstrap: str, timeout_s: float = 5.0) -> int:
    """How many brokers Metadata names: 0 while a broker is up but not yet in its own cluster."""
    with connect(bootstrap, timeout_s) as sock:
        sock.sendall(metadata_request(8))
        answer = read_frame(sock)
    return int(struct.unpack_from(">i", answer, 8)[0])  # correlation id, throttle_time_ms, count


def metadata_errors(bootstrap: str, topic: str, timeout_s: float = 5.0) -> set[int]:
    """The error codes, 0 too, that Metadata gives for a topic and its partitions; these may be served before."""
    with connect(bootstrap, timeout_s) as sock:
        sock.sendall(metadata_request(11, topic, create=False))
        answer = read_frame(sock)
    (brokers,) = struct.unpack_from(">i", answer, 8)
    at = 12
    for _ in range(brokers):
        at = behind_string(answer, behind_string(answer, at + 4) + 4)  # node id, host, port, rack
    at = behind_string(answer, at) + 4  # cluster id, controller id
    count, error = struct.unpack_from(">ih", answer, at)
    assert count == 1, answer
    at = behind_string(answer, at + 6) + 1  # name, is_internal
    (partitions,) = struct.unpack_from(">i", answer, at)
    at += 4
    errors = {int(error)}
    for _ in range(partitions):
        errors.add(*struct.unpack_from(">h", answer, at))
        at += 10  # error, index, leader
        for _ in ("replicas", "isr"):
            at += 4 + 4 * struct.unpack_from(">i", answer, at)[0]
    return errors


def behind_string(data: bytes, at: int) -> int:
    """Where a nullable string ends."""
    (size,) = struct.unpack_from(">h", data, at)
    return at + 2 + max(size, 0)


def list_offsets_request(correlation_id: int, topic: str, partitions: int) -> bytes:
    """ListOffsets v1 of the next offset of partitions 0 to `partitions` - 1."""
    body = struct.pack(">ii", -1, 1) + string(topic) + struct.pack(">i", partitions)
    body += b"".join(struct.pack(">iq", index, -1) for index in range(partitions))
    return request(LIST_OFFSETS, 1, correlation_id, body)


def partition_errors(bootstrap: str, topic: str, partitions: int, timeout_s: float = 5.0) -> set[int]:
    """The error codes, 0 too, that ListOffsets gives for these partitions: {0} when all have their leader."""
    with connect(bootstrap, timeout_s) as sock:
        sock.sendall(list_offsets_request(9, topic, partitions))
        answer = read_frame(sock)
    (size,) = struct.unpack_from(">h", answer, 8)
    start = 10 + size + 4
    return {error for _, error, _, _ in struct.iter_unpack(">ihqq", answer[start : start + 22 * partitions])}


def create_topic_request(
    correlation_id: int,
    topic: str,
    partitions: int = 1,
    version: int = 2,
    configs: dict[str, str] | None = None,
) -> bytes:
    """CreateTopics v2 (to v4 the same layout) of one topic with one replica."""
    settings = [string(text) for setting in (configs or {}).items() for text in setting]
    body = struct.pack(">i", 1) + string(topic) + struct.pack(">ihii", partitions, 1, 0, len(settings) // 2)
    body += b"".join(settings) + struct.pack(">i", 5000) + b"\0"
    return request(CREATE_TOPICS, version, correlation_id, body)


def create_topic(bootstrap: str, topic: str, partitions: int, configs: dict[str, str]) -> None:
    """Whether it came to be, `partition_errors` tells."""
    with connect(bootstrap) as sock:
        sock.sendall(create_topic_request(10, topic, partitions, configs=configs))
        read_frame(sock)


def produce_request(correlation_id: int, topic: str, batch: bytes, version: int = 7, acks: int = -1) -> bytes:
    """Produce v7 of one batch to partition 0."""
    body = struct.pack(">hhii", -1, acks, 5000, 1) + string(topic)
    body += struct.pack(">iii", 1, 0, len(batch)) + batch
    return request(PRODUCE, version, correlation_id, body)


def produce_error(answer: bytes) -> int:
    """The error code of partition 0 in an answer to `produce_request`."""
    (size,) = struct.unpack_from(">h", answer, 8)
    return int(struct.unpack_from(">h", answer, 10 + size + 8)[0])


def _crc32c_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ 0x82F63B78 if value & 1 else value >> 1
        table.append(value)
    return table


_CRC32C = _crc32c_table()


def crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC32C[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def varint(number: int) -> bytes:
    """Zigzag varint."""
    number = ((number << 1) ^ (number >> 63)) & (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def record_batch(value: bytes, timestamp_ms: int) -> bytes:
    """A v2 batch of one record without key, headers or producer id."""
    record = b"\0" + varint(0) + varint(0) + varint(-1) + varint(len(value)) + value + varint(0)
    record = varint(len(record)) + record
    covered = struct.pack(">hiqqqhii", 0, 0, timestamp_ms, timestamp_ms, -1, -1, -1, 1) + record
    body = struct.pack(">iB", -1, 2) + struct.pack(">I", crc32c(covered)) + covered
    return struct.pack(">qi", 0, len(body)) + body
