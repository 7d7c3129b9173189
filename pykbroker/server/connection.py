"""One client connection: bytes in, whole requests to the dispatcher, answers out, strictly in order.

Kafka mutes a channel while a request of it is handled, so answers come in the order of requests; here that order is simply
the order of one task's code. Per wake-up the task takes what has arrived (64 KiB at most), hands every complete frame to
`serve`, and answers all of them with one send. A frame that has not arrived whole is received straight into a buffer of its
own. That buffer grows with the data that really came (1 MiB first, then doubled): a peer that only announces a length
costs nothing.

A request is parsed where it lies in the receive buffer, which is immutable and never reused: a `records` field stays a view
of it until the log has written it.

A handler that must wait (a long poll, a join) is awaited here; the answers that stand before it are sent first.
"""

from __future__ import annotations

import struct
from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

import trio

from pykbroker.server.transport import Buffer, Transport, is_disconnect

RECEIVE_BYTES = 64 * 1024  # one read; larger pieces measured no faster
GROW_BYTES = 1024 * 1024  # first size of the buffer of a frame that did not arrive whole
LENGTH_BYTES = 4
LENGTH = struct.Struct(">i")

Answer = Sequence[Buffer]


class ProtocolError(Exception):
    """The peer broke the protocol: the connection is closed and the text is the one log line."""


class Service(Protocol):
    """What a connection hands its requests to (`api.dispatch`)."""

    def serve(self, connection: Connection, buffer: Buffer, start: int, end: int) -> Any:
        """The answer to the request at buffer[start:end]: buffers with their length prefix, None for no answer, or a
        coroutine that returns one of these. Raises ProtocolError."""

    def closed(self, connection: Connection, reason: str | None) -> None:
        """The connection is over; reason: what the peer did wrong, None for a normal end."""


# What a peer that speaks something else sends as its first four bytes, read as a length.
OTHER_PROTOCOLS = {
    b"GET ": "an HTTP request",
    b"POST": "an HTTP request",
    b"PUT ": "an HTTP request",
    b"HEAD": "an HTTP request",
    b"OPTI": "an HTTP request",
    b"PRI ": "an HTTP/2 request",
    b"SSH-": "an SSH client",
}


def recognise(prefix: bytes) -> str | None:
    """The protocol whose first four bytes these are, if it is one that people point at a Kafka port by mistake."""
    if prefix[:2] == b"\x16\x03":
        return "a TLS handshake (this listener is PLAINTEXT: set security.protocol=PLAINTEXT in the client)"
    return OTHER_PROTOCOLS.get(prefix)


class Connection:
    """One peer. `run` ends when the peer leaves, breaks the protocol, or is idle for too long.

    listener: name of the listener it came in by. last_active_ms: monotonic time of the last request, for the idle check;
    waiting: a request of it is being waited for, so it is not idle.
    """

    __slots__ = (
        "cancel_scope",
        "context",
        "last_active_ms",
        "listener",
        "local_host",
        "local_port",
        "max_frame_bytes",
        "peer_host",
        "peer_port",
        "service",
        "transport",
        "waiting",
    )

    def __init__(self, transport: Transport, service: Service, listener: str, max_frame_bytes: int) -> None:
        self.transport = transport
        self.service = service
        self.listener = listener
        self.max_frame_bytes = max_frame_bytes
        self.peer_host, self.peer_port = transport.peer_host, transport.peer_port
        self.local_host, self.local_port = transport.local_host, transport.local_port
        self.cancel_scope = trio.CancelScope()
        self.last_active_ms = 0
        self.waiting = False
        self.context: Any = None  # the dispatcher's own

    @property
    def peer(self) -> str:
        """HOST:PORT, for log lines."""
        return f"{self.peer_host}:{self.peer_port}"

    async def run(self) -> None:
        reason: str | None = None
        try:
            with self.cancel_scope:
                await self._run()
        except ProtocolError as error:
            reason = str(error)
        except trio.ClosedResourceError:
            pass
        except OSError as error:
            if not is_disconnect(error):
                reason = f"the connection failed: {error}"
        finally:
            self.transport.close()
            self.service.closed(self, reason)

    async def _run(self) -> None:
        receive, length_at, limit = self.transport.receive, LENGTH.unpack_from, self.max_frame_bytes
        serve, rest = self.service.serve, b""
        while data := await receive(RECEIVE_BYTES):
            if rest:
                data = rest + data
            at, size, answers, pending = 0, len(data), [], 0
            while size - at >= LENGTH_BYTES:
                (length,) = length_at(data, at)
                if not 0 <= length <= limit:
                    await self._send(answers, pending)
                    raise ProtocolError(self._bad_length(data[at : at + LENGTH_BYTES], length))
                start, end = at + LENGTH_BYTES, at + LENGTH_BYTES + length
                if end > size:
                    await self._send(answers, pending)
                    answers, pending = [], 0
                    whole = await self._receive_rest(memoryview(data)[start:], length)
                    if whole is None:
                        return
                    data, at, size, start, end = whole, 0, length, 0, length
                try:
                    answer = serve(self, data, start, end)
                except ProtocolError:
                    await self._send(answers, pending)  # what was right before it is answered
                    raise
                if answer is not None:
                    if isinstance(answer, Coroutine):
                        await self._send(answers, pending)
                        answers, pending = [], 0
                        self.waiting = True
                        answer = await answer
                        self.waiting = False
                        if answer is None:
                            at = end
                            continue
                    answers += answer
                    for buffer in answer:
                        pending += len(buffer)
                at = end
            rest = bytes(data[at:]) if at < size else b""
            if pending:
                await self.transport.send(answers, pending)

    async def _send(self, answers: Sequence[Buffer], size: int) -> None:
        if size:
            await self.transport.send(answers, size)

    async def _receive_rest(self, head: memoryview, length: int) -> bytes | bytearray | None:
        """A whole frame of which `head` has come; None if the peer leaves first."""
        buffer, have = bytearray(min(length, max(GROW_BYTES, len(head)))), len(head)
        buffer[:have] = head
        while have < length:
            if have == len(buffer):
                buffer.extend(bytes(min(length - have, have)))
            with memoryview(buffer) as view:
                count = await self.transport.receive_into(view[have:])
            if count == 0:
                return None
            have += count
        return buffer

    def _bad_length(self, prefix: bytes, length: int) -> str:
        other = recognise(bytes(prefix))
        if other:
            return f"it sent {other}, not a Kafka request"
        if length < 0:
            return f"it announced a request of {length} bytes"
        return f"it announced a request of {length} bytes, above socket.request.max.bytes={self.max_frame_bytes}"
