"""Small requests over raw sockets: what the broker's own request path costs, without a client library.

One-record Produce (v7, acks=all) and Metadata (v4, one topic), each with 64 requests in flight on one connection and
with one in flight on each of 50 connections; and connect, ApiVersions, close.
"""

from __future__ import annotations

import selectors
import socket
import struct
import time
from collections.abc import Callable
from contextlib import closing

from peers import Target
from procfs import CpuMeter

from clients import Figures, fresh_topic
from harness import rawwire

CONNECTIONS, IN_FLIGHT = 50, 64


def pipelined(target: Target, frame: bytes, count: int, window: int = IN_FLIGHT) -> Figures:
    """Requests a second on one connection with up to `window` unanswered. Answers must come in order."""
    with closing(rawwire.connect(target.bootstrap, 30)) as sock:
        meter, begin = CpuMeter(target.pid), time.perf_counter()
        sent = answered = 0
        pending = bytearray()
        while answered < count:
            if sent < count and sent - answered <= window // 2:
                more = min(window - (sent - answered), count - sent)
                sock.sendall(b"".join(rawwire.with_correlation_id(frame, sent + i) for i in range(more)))
                sent += more
            data = sock.recv(1 << 18)
            if not data:
                raise ConnectionError("the broker closed the connection")
            pending += data
            answered += _take_answers(pending, answered)
        return {"rate": count / (time.perf_counter() - begin), "cpu_us": meter.us_per(count)}


def _take_answers(pending: bytearray, expected_id: int) -> int:
    """Remove whole answers from the front; how many there were."""
    at = taken = 0
    while len(pending) - at >= 8:
        size, correlation_id = struct.unpack_from(">ii", pending, at)
        if len(pending) - at - 4 < size:
            break
        assert correlation_id == expected_id + taken, "correlation ids out of order"
        taken += 1
        at += 4 + size
    del pending[:at]
    return taken


def many_connections(target: Target, frame: bytes, count: int, connections: int = CONNECTIONS) -> Figures:
    """Requests a second over many connections, one in flight on each."""
    with selectors.DefaultSelector() as selector:
        socks: list[socket.socket] = []
        try:
            for _ in range(connections):
                sock = rawwire.connect(target.bootstrap, 30)
                sock.setblocking(False)
                selector.register(sock, selectors.EVENT_READ, bytearray())
                socks.append(sock)
            meter, begin = CpuMeter(target.pid), time.perf_counter()
            for sock in socks:
                sock.send(frame)
            answered = 0
            while answered < count:
                answered += _serve_ready(selector, frame)
            return {"rate": count / (time.perf_counter() - begin), "cpu_us": meter.us_per(count)}
        finally:
            for sock in socks:
                sock.close()


def _serve_ready(selector: selectors.BaseSelector, frame: bytes) -> int:
    answered = 0
    ready = selector.select(30)
    assert ready, "no answer in 30 s"
    for key, _ in ready:
        pending: bytearray = key.data
        sock: socket.socket = key.fileobj  # type: ignore[assignment]
        data = sock.recv(1 << 16)
        if not data:
            raise ConnectionError("the broker closed a connection")
        pending += data
        if len(pending) >= 4 and len(pending) - 4 >= struct.unpack_from(">i", pending)[0]:
            pending.clear()
            answered += 1
            sock.send(frame)
    return answered


def connects(target: Target, count: int) -> Figures:
    """Connect, ApiVersions, close: times a second."""
    meter, begin = CpuMeter(target.pid), time.perf_counter()
    for _ in range(count):
        rawwire.api_versions(target.bootstrap, 30)
    return {"rate": count / (time.perf_counter() - begin), "cpu_us": meter.us_per(count)}


def _check_produce(target: Target, frame: bytes) -> None:
    """The measured request is one that the broker accepts."""
    with closing(rawwire.connect(target.bootstrap, 30)) as sock:
        sock.sendall(frame)
        error = rawwire.produce_error(rawwire.read_frame(sock))
    assert error == 0, f"Produce answers error {error}"


def produce_one(target: Target, count: int, how: Callable[[Target, bytes, int], Figures]) -> Figures:
    batch = rawwire.record_batch(b"x" * 100, int(time.time() * 1000))
    with fresh_topic(target) as topic:
        frame = rawwire.produce_request(0, topic, batch)
        _check_produce(target, frame)
        how(target, frame, count // 10)
        return how(target, frame, count)


def metadata(target: Target, count: int, how: Callable[[Target, bytes, int], Figures]) -> Figures:
    with fresh_topic(target) as topic:
        frame = rawwire.metadata_request(0, topic)
        how(target, frame, count // 10)
        return how(target, frame, count)
