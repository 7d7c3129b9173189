"""A memory pipe as a Transport, and a service that answers with the request's own bytes."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Sequence
from typing import Any

from pykbroker.server.connection import Connection, ProtocolError
from pykbroker.server.transport import Buffer


class MemoryTransport:
    """One end of a pipe. The test plays the peer: `push` what it sends, `take` what it got, `room` how much it takes."""

    def __init__(self, room: int = 1 << 30) -> None:
        self.peer_host, self.peer_port = "peer", 1
        self.local_host, self.local_port = "local", 2
        self.room = room
        self.closed = False
        self.ended = False
        self.largest_target = 0
        self._inbox = bytearray()
        self._outbox = bytearray()

    def push(self, data: bytes) -> None:
        self._inbox += data

    def end(self) -> None:
        self.ended = True

    def take(self) -> bytes:
        out = bytes(self._outbox)
        self._outbox.clear()
        return out

    def receive(self, limit: int) -> bytes | None:
        if not self._inbox:
            return b"" if self.ended else None
        data = bytes(self._inbox[:limit])
        del self._inbox[: len(data)]
        return data

    def receive_into(self, target: memoryview) -> int | None:
        self.largest_target = max(self.largest_target, len(target))
        if not self._inbox:
            return 0 if self.ended else None
        count = min(len(target), len(self._inbox))
        target[:count] = self._inbox[:count]
        del self._inbox[:count]
        return count

    def send(self, buffers: Sequence[Buffer], size: int) -> int:
        assert size == sum(map(len, buffers))
        data = b"".join(buffers)[: self.room]
        self.room -= len(data)
        self._outbox += data
        return len(data)

    def fileno(self) -> int:
        return -1

    def close(self) -> None:
        self.closed = True


class Echo:
    """Answers a frame with itself; b"bad" breaks the protocol, b"wait" waits, b"mute" has no answer."""

    def __init__(self) -> None:
        self.reasons: list[str | None] = []
        self.served: list[bytes] = []

    def serve(self, connection: Connection, buffer: Buffer, start: int, end: int) -> Any:
        body = bytes(buffer[start:end])
        self.served.append(body)
        if body == b"bad":
            raise ProtocolError("a bad request")
        if body == b"mute":
            return None
        if body.startswith(b"wait"):
            return self._later(body)
        return [struct.pack(">i", len(body)), body]

    async def _later(self, body: bytes) -> list[Buffer]:
        return [struct.pack(">i", len(body)), body]

    def closed(self, connection: Connection, reason: str | None) -> None:
        self.reasons.append(reason)


def frame(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


class Peer:
    """A connection over a memory pipe, with parked requests under the test's control."""

    def __init__(self, limit: int = 100 * 1024 * 1024, room: int = 1 << 30) -> None:
        self.transport = MemoryTransport(room)
        self.service = Echo()
        self.parked: list[tuple[Any, Any]] = []
        self.connection = Connection(
            self.transport,
            self.service,
            lambda step, waiting: self.parked.append((step, waiting)),
            "TEST",
            limit,
        )

    def say(self, data: bytes) -> bytes:
        """Send, let the connection go as far as it can, and return what it answered."""
        self.transport.push(data)
        while self.connection.on_ready():
            pass
        return self.transport.take()

    def finish_parked(self) -> bytes:
        """The oldest parked request gets its answer."""
        step, waiting = self.parked.pop(0)
        with contextlib.suppress(StopIteration):
            step(waiting).send(None)
        return self.transport.take()
