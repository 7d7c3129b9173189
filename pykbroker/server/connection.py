"""One client connection as a machine over a Transport: bytes in, whole requests to the service, answers out, in order.

Nothing here waits or knows the event loop. The poller calls `on_ready` when the transport may have become readable or
writable, and the connection then goes as far as it can:

    OPEN, nothing pending      read what has come, serve every complete frame, send all answers at once
    a request is waited for    muted: nothing more is read or served until its answer is there (Kafka mutes the channel too)
    answers do not fit         muted: the peer does not read; nothing more is read until the kernel took them all
    closed                     nothing

So answers come strictly in the order of requests, and a peer that sends without reading can hold no more memory here than
the answers of one piece (SEND_ABOVE) and one received piece.

A frame that has not arrived whole is received straight into a buffer of its own. That buffer grows with the data that
really came (64 KiB for the first bytes, 1 MiB for the first 64 KiB, then doubled): a peer that only announces a length
costs next to nothing. A request is parsed where it lies in the receive buffer, which is never reused: a `records` field
stays a view of it until the log has written it.

Measured (2 cores, 50 connections with one request in flight each): 12 us of CPU per empty request this way, 44 us with one
Trio task per connection, which pays a task switch and an epoll_ctl per request (docs/decisions/0005-one-poller.md).
"""

from __future__ import annotations

import struct
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from pykbroker.logs import get_logger
from pykbroker.server.transport import Buffer, Transport, drop, is_disconnect
from wire.errors import FrameError
from wire.framing import check_length

log = get_logger(__name__)

RECEIVE_BYTES = 64 * 1024  # one read; larger pieces measured no faster
FRAME_BYTES = 64 * 1024  # smallest buffer of a frame that did not arrive whole
GROW_FACTOR = 16  # a buffer may be this much larger than what has come,
GROW_BYTES = 1024 * 1024  # as long as it is below this; then it doubles
SEND_ABOVE = 256 * 1024  # bytes of answers that are sent before the next request is served
TURN_BYTES = 1024 * 1024  # what one connection may read before the others have their turn
LENGTH_BYTES = 4
LENGTH = struct.Struct(">i")

Answer = list[Buffer]


class ProtocolError(Exception):
    """The peer broke the protocol: the connection is closed and the text is the one log line."""


class Service(Protocol):
    """What a connection hands its requests to (`api.dispatch`)."""

    def serve(self, connection: Connection, buffer: Buffer, start: int, end: int) -> Any:
        """The answer to the request at buffer[start:end]: a list of buffers, the first with the length prefix; None for
        no answer; or a coroutine that returns one of these. Raises ProtocolError."""

    def closed(self, connection: Connection, reason: str | None) -> None:
        """The connection is over; reason: what the peer did wrong, None for a normal end."""


class Connection:
    """One peer.

    spawn: starts an async function as a task of the server. listener: name of the listener it came in by. last_active_ms:
    monotonic time of the last request; waiting: a request is being waited for; both for the idle check.
    """

    __slots__ = (
        "_at",
        "_data",
        "_ended",
        "_frame",
        "_have",
        "_outgoing",
        "_outgoing_bytes",
        "_readable",
        "_spawn",
        "closed",
        "context",
        "last_active_ms",
        "listener",
        "local_host",
        "local_port",
        "max_frame_bytes",
        "on_close",
        "peer_host",
        "peer_port",
        "service",
        "transport",
        "waiting",
    )

    def __init__(
        self,
        transport: Transport,
        service: Service,
        spawn: Callable[..., None],
        listener: str,
        max_frame_bytes: int,
    ) -> None:
        self.transport = transport
        self.service = service
        self.listener = listener
        self.max_frame_bytes = max_frame_bytes
        self.peer_host, self.peer_port = transport.peer_host, transport.peer_port
        self.local_host, self.local_port = transport.local_host, transport.local_port
        self.last_active_ms = 0
        self.waiting = False
        self.closed = False
        self.on_close: Callable[[Connection], None] | None = None
        self.context: Any = None  # the service's own
        self._spawn = spawn
        self._readable = False
        self._ended = False
        self._data: Buffer = b""  # received, of which _at bytes are served
        self._at = 0
        self._frame: bytearray | None = (
            None  # a frame that has not arrived whole, of which _have bytes are there
        )
        self._have = 0
        self._outgoing: list[Buffer] = []
        self._outgoing_bytes = 0

    @property
    def peer(self) -> str:
        """HOST:PORT, for log lines."""
        return f"{self.peer_host}:{self.peer_port}"

    def on_ready(self, ended: bool = False) -> bool:
        """The transport may have become readable or writable. True: there is more to read, but it is others' turn.

        ended: the peer has ended the stream, which is told once only, maybe together with its last bytes.
        """
        self._readable = True
        self._ended = self._ended or ended
        return self._guarded(self._pump)

    def close(self, reason: str | None = None) -> None:
        """End the connection; reason as in `Service.closed`."""
        if self.closed:
            return
        self.closed = True
        self._data, self._frame, self._outgoing = b"", None, []
        if self.on_close is not None:
            self.on_close(self)
        self.transport.close()
        self.service.closed(self, reason)

    def _guarded(self, step: Callable[[], bool]) -> bool:
        """Whatever goes wrong on one connection ends that connection and no other."""
        if self.closed:
            return False
        try:
            return step()
        except ProtocolError as error:
            self.close(str(error))
        except OSError as error:
            self.close(None if is_disconnect(error) else f"the connection failed: {error}")
        except Exception:
            log.exception("a bug ended the connection of %s", self.peer)
            self.close()
        return False

    def _pump(self) -> bool:
        """Go as far as possible; True if it stopped only for the others' sake."""
        budget = TURN_BYTES
        while True:
            if self._outgoing_bytes and not self._flush():
                return False
            if self.waiting or self.closed:
                return False
            if self._at < len(self._data):
                if self._serve():
                    continue
                if self._outgoing_bytes or self.waiting:
                    continue
            if not self._readable:
                return False
            if budget <= 0:
                return True
            budget -= self._receive()

    def _receive(self) -> int:
        """One read; the bytes that came."""
        if self._frame is not None:
            return self._receive_frame(self._frame)
        data = self.transport.receive(RECEIVE_BYTES)
        if data is None:
            self._readable = False
            return 0
        if not data:
            self.close()
            return 0
        if len(data) < RECEIVE_BYTES and not self._ended:
            self._readable = False  # edge: what comes after a short read is announced anew
        self._data = bytes(self._data[self._at :]) + data if self._at < len(self._data) else data
        self._at = 0
        return len(data)

    def _receive_frame(self, frame: bytearray) -> int:
        if self._have == len(frame):  # only in a frame above FRAME_BYTES; its length stands in front
            frame.extend(bytes(frame_room(self._have, self._frame_bytes(frame)) - self._have))
        with memoryview(frame) as view:
            count = self.transport.receive_into(view[self._have :])
        if count is None:
            self._readable = False
            return 0
        if count == 0:
            self.close()
            return 0
        self._have += count
        if self._have == self._frame_bytes(frame):
            self._data, self._at, self._frame = frame, 0, None
        return count

    def _frame_bytes(self, frame: bytearray) -> int:
        return LENGTH_BYTES + int(LENGTH.unpack_from(frame)[0])

    def _serve(self) -> bool:
        """Serve the complete frames of what has come; True if some may be left."""
        data, at, size = self._data, self._at, len(self._data)
        serve, limit, length_at = self.service.serve, self.max_frame_bytes, LENGTH.unpack_from
        answers, pending = self._outgoing, self._outgoing_bytes
        try:
            while size - at >= LENGTH_BYTES:
                (length,) = length_at(data, at)
                if not 0 <= length <= limit:
                    check_length(bytes(data[at : at + LENGTH_BYTES]), limit, "socket.request.max.bytes")
                start, end = at + LENGTH_BYTES, at + LENGTH_BYTES + length
                if end > size:
                    self._begin_frame(memoryview(data)[at:], end - at)
                    at = size
                    return False
                answer = serve(self, data, start, end)
                at = end
                if type(answer) is list:
                    answers += answer
                    for buffer in answer:
                        pending += len(buffer)
                    if pending > SEND_ABOVE:
                        return True
                elif answer is not None:
                    self.waiting = True
                    self._spawn(self._wait, answer)
                    return False
            return False
        except (ProtocolError, FrameError) as error:
            self._outgoing_bytes = pending
            if pending:
                self._flush()  # what was right before it is answered
            raise ProtocolError(str(error)) from None
        finally:
            self._at, self._outgoing_bytes = at, pending
            if at == size:
                self._data, self._at = b"", 0

    def _begin_frame(self, head: memoryview, size: int) -> None:
        self._frame = bytearray(frame_room(len(head), size))
        self._frame[: len(head)] = head
        self._have = len(head)

    async def _wait(self, waiting: Awaitable[Answer | None]) -> None:
        """Until a parked request has its answer; then go on where the connection stood."""
        try:
            answer = await waiting
        except ProtocolError as error:
            self.close(str(error))
            return
        self.waiting = False
        if self.closed:
            return
        if answer:
            self._outgoing += answer
            self._outgoing_bytes += sum(map(len, answer))
        while self._guarded(self._pump):
            pass

    def _flush(self) -> bool:
        """Send what fits; True if all is sent."""
        while True:
            sent = self.transport.send(self._outgoing, self._outgoing_bytes)
            self._outgoing_bytes -= sent
            if not self._outgoing_bytes:
                self._outgoing = []
                return True
            if not sent:
                return False
            self._outgoing = drop(self._outgoing, sent)


def frame_room(have: int, size: int) -> int:
    """Bytes for a frame of `size` bytes of which `have` have come; more than `have`, if the frame is."""
    return min(size, max(2 * have, FRAME_BYTES, min(GROW_FACTOR * have, GROW_BYTES)))
