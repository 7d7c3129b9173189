"""What a connection knows of the network: receive, send a list of buffers, two addresses, close.

A plain socket is the first Transport; a memory pipe (tests, simulation) and a TLS stream satisfy the same protocol, and one
conformance function (tests/server/transport_conformance.py) runs on all.

The socket is used directly, below trio's streams: `recv` is tried only after `wait_readable`, which is also the one
checkpoint of a busy connection, so that no connection can starve the others; an answer is first tried at once and waits only
if the kernel's buffer is full. Small answers are joined (one copy of a few KiB is cheaper than a long iovec); above that the
buffers go to `sendmsg` as they are, so record bytes are never copied on their way out.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from typing import Protocol

import trio

Buffer = bytes | bytearray | memoryview

JOIN_BELOW = 32 * 1024  # bytes; measured: joining wins up to about here, sendmsg above
IOV_MAX = 1024  # Linux takes no more buffers than this in one sendmsg


class Transport(Protocol):
    """A byte stream to one peer."""

    peer_host: str
    peer_port: int
    local_host: str
    local_port: int

    async def receive(self, limit: int) -> bytes:
        """Up to `limit` bytes, b"" at the end of the stream. Raises OSError if the peer is gone."""

    async def receive_into(self, target: memoryview) -> int:
        """Fill the start of `target`; the count, 0 at the end of the stream."""

    async def send(self, buffers: Sequence[Buffer], size: int) -> None:
        """Send all buffers (`size` bytes together) in order."""

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

    async def receive(self, limit: int) -> bytes:
        while True:
            await trio.lowlevel.wait_readable(self._sock)
            try:
                return self._sock.recv(limit)
            except BlockingIOError:
                continue

    async def receive_into(self, target: memoryview) -> int:
        while True:
            await trio.lowlevel.wait_readable(self._sock)
            try:
                return self._sock.recv_into(target)
            except BlockingIOError:
                continue

    async def send(self, buffers: Sequence[Buffer], size: int) -> None:
        if size <= JOIN_BELOW:
            rest: Sequence[Buffer] = [b"".join(buffers)] if len(buffers) > 1 else buffers
        else:
            rest = buffers
        while True:
            try:
                if len(rest) == 1:
                    sent = self._sock.send(rest[0])
                else:
                    sent = self._sock.sendmsg(rest[:IOV_MAX])
            except BlockingIOError:
                sent = 0
            size -= sent
            if size == 0:
                return
            rest = drop(rest, sent)
            await trio.lowlevel.wait_writable(self._sock)

    def close(self) -> None:
        trio.lowlevel.notify_closing(self._sock)
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
