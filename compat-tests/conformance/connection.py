"""One connection to a broker: whole requests, or whatever bytes a case wants to send.

    connection = kafka.connection()
    first = connection.send(FetchRequest(...), 12)       # not waiting: requests may be pipelined
    connection.send(MetadataRequest(), 9)
    answer = connection.receive()                        # answers come in the order of the requests
    connection.send_raw(b"\\x00\\x00\\x00\\x08...")
    assert connection.wait_closed()

Every answer is checked before a case sees it: its correlation id is that of the oldest request without answer, its header
has the version that belongs to the request's, its body is what the schema of the version says, and nothing stands behind it.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from conformance.exchanges import Exchange, Trace
from conformance.messages import frame, message_of, parse_answer
from wire.errors import WireError
from wire.schema import Message

ANSWER_TIMEOUT_S = 15.0
LARGEST_ANSWER = 128 * 1024 * 1024


class NoAnswer(AssertionError):
    """Nothing, or not all of an answer, came in time."""


class Closed(AssertionError):
    """The broker closed the connection where an answer was due."""


class WrongAnswer(AssertionError):
    """An answer that is not in the right schema, or not the one that was due."""


class Sent(NamedTuple):
    """A request on its way."""

    correlation_id: int
    message: Message
    version: int
    exchange: Exchange


class Connection:
    """To one address. `default_version(message)` says the version for requests that name none."""

    def __init__(
        self,
        address: tuple[str, int],
        trace: Trace,
        default_version: Callable[[Message], int],
        *,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        sock = socket.create_connection(address, timeout=timeout_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock if tls is None else tls.wrap_socket(sock, server_hostname=address[0])
        self._trace = trace
        self._default_version = default_version
        self._timeout_s = timeout_s
        self._buffer = bytearray()
        self._waiting: deque[Sent] = deque()
        self._last_id = 0
        self.peer = f"{address[0]}:{address[1]} from port {self._sock.getsockname()[1]}"

    @property
    def waiting(self) -> int:
        """Requests that were sent and not answered yet."""
        return len(self._waiting)

    def ask(
        self,
        request: Any,
        version: int | None = None,
        *,
        timeout_s: float | None = None,
        correlation_id: int | None = None,
        client_id: str | None = "conformance",
    ) -> Any:
        """The answer to one request; nothing else may be on its way. Raises: NoAnswer, Closed, WrongAnswer."""
        assert not self._waiting, "ask() while answers are due: use send() and receive()"
        self.send(request, version, correlation_id=correlation_id, client_id=client_id)
        return self.receive(timeout_s=timeout_s)

    def send(
        self,
        request: Any,
        version: int | None = None,
        *,
        correlation_id: int | None = None,
        client_id: str | None = "conformance",
        answered: bool = True,
        header_tags: bytes = b"",
        trailing: bytes = b"",
    ) -> Sent:
        """Send and go on. answered=False: no answer will come (acks=0). The rest as in `messages.frame`."""
        message = message_of(request)
        version = self._default_version(message) if version is None else version
        if correlation_id is None:
            self._last_id += 1
            correlation_id = self._last_id
        data = frame(request, version, correlation_id, client_id, header_tags=header_tags, trailing=trailing)
        exchange = Exchange(self.peer, self._trace.now_s(), data, request, version)
        if not answered:
            exchange.note = "no answer is due"
        sent = Sent(correlation_id, message, version, self._trace.add(exchange))
        if answered:
            self._waiting.append(sent)
        self._sock.sendall(data)
        return sent

    def receive(self, *, timeout_s: float | None = None, as_version: int | None = None) -> Any:
        """The answer to the oldest request that has none yet.

        as_version: the version that it is written in, if not the request's (ApiVersions answers a version that it does not
        know in v0). Raises: NoAnswer, Closed, WrongAnswer.
        """
        assert self._waiting, "nothing was asked"
        sent = self._waiting[0]
        exchange = sent.exchange
        version = sent.version if as_version is None else as_version
        try:
            data = self.receive_frame(timeout_s=timeout_s)
        except (NoAnswer, Closed) as error:
            exchange.note = str(error)
            raise
        self._waiting.popleft()
        exchange.received, exchange.answered_at_s = data, self._trace.now_s()
        try:
            correlation_id, exchange.response = parse_answer(sent.message, version, data)
            exchange.version = version
            assert correlation_id == sent.correlation_id, (
                f"the answer has correlation id {correlation_id}, the request {sent.correlation_id}"
            )
        except (WireError, AssertionError) as error:
            exchange.note = f"{sent.message.name} v{version} is answered wrongly: {error}"
            raise WrongAnswer(exchange.note) from None
        return exchange.response

    def send_raw(self, data: bytes) -> None:
        """Bytes as they are, length included if there is to be one."""
        self._trace.add(Exchange(self.peer, self._trace.now_s(), data, note="raw bytes"))
        self._sock.sendall(data)

    def receive_bytes(self, count: int) -> bytes:
        """So many bytes, whatever they are. Raises: NoAnswer, Closed."""
        self._fill(count, time.monotonic() + self._timeout_s)
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    def receive_frame(self, *, timeout_s: float | None = None) -> bytes:
        """One frame, without its length and not looked into. Raises: NoAnswer, Closed."""
        deadline = time.monotonic() + (self._timeout_s if timeout_s is None else timeout_s)
        self._fill(4, deadline)
        size = int.from_bytes(self._buffer[:4], "big", signed=True)
        if not 4 <= size <= LARGEST_ANSWER:
            raise WrongAnswer(f"the answer announces {size} bytes")
        self._fill(4 + size, deadline)
        data = bytes(self._buffer[4 : 4 + size])
        del self._buffer[: 4 + size]
        return data

    def _fill(self, size: int, deadline: float) -> None:
        while len(self._buffer) < size:
            if not self._read_more(deadline - time.monotonic()):
                have = f" after {len(self._buffer)} of {size} bytes" if self._buffer else ""
                raise NoAnswer(f"no answer in time{have}")

    def _read_more(self, timeout_s: float) -> bool:
        """More bytes came; False: not in time. Raises: Closed."""
        self._sock.settimeout(max(timeout_s, 0.001))
        try:
            data = self._sock.recv(65536)
        except TimeoutError:
            return False
        except OSError as error:
            raise Closed(f"the broker closed the connection ({error})") from None
        finally:
            self._sock.settimeout(self._timeout_s)
        if not data:
            raise Closed("the broker closed the connection")
        self._buffer += data
        return True

    def wait_closed(self, timeout_s: float = 10.0) -> bool:
        """Whether the broker closes the connection in time, without a further byte."""
        try:
            self._read_more(timeout_s)
        except Closed:
            return not self._buffer
        return False

    def silent(self, for_s: float) -> bool:
        """Whether nothing comes, and the connection stays, for so long."""
        try:
            return not self._buffer and not self._read_more(for_s)
        except Closed:
            return False

    def half_close(self) -> None:
        """Nothing more will be sent; answers can still come."""
        self._sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close so that the broker sees a reset, not an orderly end."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()

    def close(self) -> None:
        self._sock.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
