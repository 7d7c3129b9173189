"""Sockets and memory pipes keep what a Transport promises."""

from __future__ import annotations

import socket
from collections.abc import Callable

from pykbroker.server.transport import SocketTransport, Transport, drop
from tests.server.memory import MemoryTransport
from tests.server.transport_conformance import check_transport

Made = tuple[Transport, Callable[[bytes], None], Callable[[int], bytes]]


def test_socket_transport() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as peer,
    ):
        accepted, _ = server.accept()

        def read(count: int) -> bytes:
            data = b""
            while len(data) < count:
                data += peer.recv(count - len(data))
            return data

        def send(data: bytes) -> None:
            peer.sendall(data)
            accepted.setblocking(True)
            accepted.recv(1, socket.MSG_PEEK)
            accepted.setblocking(False)

        check_transport(lambda: (SocketTransport(accepted), send, read))


def test_a_full_socket_takes_nothing_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        transport = SocketTransport(accepted)
        for _ in range(1000):
            if transport.send([b"x" * 1_000_000, b"y"], 1_000_001) == 0:
                break
        else:
            raise AssertionError("a socket whose peer does not read took a gigabyte")
        transport.close()


def test_memory_transport() -> None:
    pipe = MemoryTransport()
    check_transport(lambda: (pipe, pipe.push, lambda count: pipe.take()[:count]))


def test_drop_copies_nothing_and_keeps_order() -> None:
    assert b"".join(drop([b"abc", b"def", b"gh"], 4)) == b"efgh"
    assert drop([b"abc"], 3) == []
