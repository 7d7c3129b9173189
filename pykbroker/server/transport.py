"""What a connection knows of the network: receive and send without waiting, two addresses, close.

A socket is the first Transport; a memory pipe (tests, simulation) and TLS over memory BIOs satisfy the same protocol,
and one conformance function (tests/server/transport_conformance.py) runs on all. Nothing here waits: waiting for readiness
is the poller's business (`server.poller`), which calls the connection when there is something to do.

Small answers are joined (one copy of a few KiB is cheaper than a long iovec); above that the buffers go to `sendmsg` as they
are, so record bytes are never copied on their way out.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from typing import Protocol

Buffer = bytes | bytearray | memoryview

JOIN_BELOW = 32 * 1024  # bytes; measured: joining wins up to about here, sendmsg above
IOV_MAX = 1024  # Linux takes no more buffers than this in one sendmsg


class Transport(Protocol):
    """A byte stream to one peer that never waits. All methods raise OSError when the peer is gone."""

    peer_host: str
    peer_port: int
    local_host: str
    local_port: int

    def receive(self, limit: int) -> bytes | None:
        """Up to `limit` bytes; b"" at the end of the stream, None if nothing is there yet."""

    def receive_into(self, target: memoryview) -> int | None:
        """Fill the start of `target`; the count, 0 at the end of the stream, None if nothing is there yet."""

    def send(self, buffers: Sequence[Buffer], size: int) -> int:
        """Send of `buffers` (`size` bytes together) what fits; the count, 0 if nothing fits now."""

    def fileno(self) -> int:
        """What the poller watches."""

    def close(self) -> None: ...


class SocketTransport:
    """A connected TCP socket, non-blocking."""

    __slots__ = ("_sock", "local_host", "local_port", "peer_host", "peer_port")

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self.peer_host, self.peer_port = sock.getpeername()[:2]
        self.local_host, self.local_port = sock.getsockname()[:2]

    def receive(self, limit: int) -> bytes | None:
        try:
            return self._sock.recv(limit)
        except BlockingIOError:
            return None

    def receive_into(self, target: memoryview) -> int | None:
        try:
            return self._sock.recv_into(target)
        except BlockingIOError:
            return None

    def send(self, buffers: Sequence[Buffer], size: int) -> int:
        try:
            if len(buffers) == 1:
                return self._sock.send(buffers[0])
            if size <= JOIN_BELOW:
                return self._sock.send(b"".join(buffers))
            return self._sock.sendmsg(buffers[:IOV_MAX])
        except BlockingIOError:
            return 0

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        self._sock.close()


def drop(buffers: Sequence[Buffer], count: int) -> list[Buffer]:
    """The buffers without their first `count` bytes, nothing copied."""
    for i, buffer in enumerate(buffers):
        if count < len(buffer):
            return [memoryview(buffer)[count:], *buffers[i + 1 :]]
        count -= len(buffer)
    return []


def is_disconnect(error: OSError) -> bool:
    """Did the peer just go away (nobody's fault, not worth a log line)?"""
    return error.errno in (errno.ECONNRESET, errno.EPIPE, errno.ETIMEDOUT, errno.ENOTCONN, errno.EBADF)
