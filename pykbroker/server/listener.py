"""Listening sockets and the connections that came in by them.

The sockets are bound before anything else is opened, so that a busy port ends the start at once, and a client that comes
early waits in the kernel's queue instead of being refused.

Limits: max.connections, max.connections.per.ip (a connection above them is closed at once, with a line in the log at most
once a second), connections.max.idle.ms (one task looks at all connections now and then: no timer per connection).
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

import trio

from pykbroker.clock import Clock
from pykbroker.errors import StartError
from pykbroker.logs import get_logger
from pykbroker.server.connection import Connection, Service
from pykbroker.server.poller import Poller
from pykbroker.server.transport import SocketTransport

log = get_logger(__name__)

EX_UNAVAILABLE = 69
ACCEPT_PAUSE_S = 0.1  # after the process ran out of file descriptors


def bind(name: str, host: str, port: int, backlog: int) -> socket.socket:
    """A listening socket. Raises StartError with the fix."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and host != "::":
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(backlog)
    except OSError as error:
        sock.close()
        raise StartError(f"listeners={name}://{address}: {why_not(error, port)}", EX_UNAVAILABLE) from error
    sock.setblocking(False)
    return sock


def why_not(error: OSError, port: int) -> str:
    """Cause and fix of a failed bind."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use; stop the other program or give another port (--listen HOST:PORT, 0 picks one)"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address; give one of its own, or 0.0.0.0 for all"
    if error.errno == errno.EACCES:
        return f"no permission for port {port}; give one above 1023"
    if isinstance(error, socket.gaierror):
        return "the host name is not known; give an address"
    return f"cannot listen there: {error.strerror or error}"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one listener grants. Counts, bytes and milliseconds as in the settings of the same names.

    per_ip_overrides: host -> count. The two socket buffers: -1 leaves the system's choice.
    """

    max_frame_bytes: int
    max_connections: int
    max_connections_per_ip: int
    max_idle_ms: int
    per_ip_overrides: Mapping[str, int] = field(default_factory=dict)
    send_buffer_bytes: int = -1
    receive_buffer_bytes: int = -1


class Listener:
    """One listening socket and its connections."""

    def __init__(
        self, name: str, sock: socket.socket, service: Service, poller: Poller, limits: Limits, clock: Clock
    ) -> None:
        self.name = name
        self.host, self.port = sock.getsockname()[:2]
        self.connections: set[Connection] = set()
        self._sock = sock
        self._service = service
        self._poller = poller
        self._limits = limits
        self._clock = clock
        self._complained_ms = -1_000_000
        self._nursery: trio.Nursery  # of `run`

    async def run(self) -> None:
        """Accept until cancelled; closes the socket and every connection."""
        try:
            async with trio.open_nursery() as nursery:
                self._nursery = nursery
                nursery.start_soon(self._close_idle)
                self._poller.add(self._sock.fileno(), self._accept_all)
                await trio.sleep_forever()
        finally:
            self._poller.remove(self._sock.fileno())
            self._sock.close()
            for connection in list(self.connections):
                connection.close()

    def _accept_all(self, _ended: bool = False) -> bool:
        while True:
            try:
                sock, _ = self._sock.accept()
            except BlockingIOError:
                return False
            except OSError as error:
                if error.errno in (errno.EMFILE, errno.ENFILE):
                    self._complain("out of file descriptors: raise the limit (ulimit -n)")
                    self._nursery.start_soon(self._accept_later)
                    return False
                continue  # that client was gone before we took it
            try:
                self._set_buffers(sock)
                transport = SocketTransport(sock)
            except OSError:
                sock.close()
                continue
            if self._room_for(transport.peer_host):
                self._open(transport)
            else:
                transport.close()

    async def _accept_later(self) -> None:
        await trio.sleep(ACCEPT_PAUSE_S)
        self._accept_all()

    def _open(self, transport: SocketTransport) -> None:
        connection = Connection(
            transport, self._service, self._nursery.start_soon, self.name, self._limits.max_frame_bytes
        )
        connection.last_active_ms = self._clock.monotonic_ms()
        connection.on_close = self._closed
        self.connections.add(connection)
        self._poller.add(transport.fileno(), connection.on_ready)

    def _closed(self, connection: Connection) -> None:
        self._poller.remove(connection.transport.fileno())
        self.connections.discard(connection)

    def _room_for(self, host: str) -> bool:
        limits = self._limits
        if len(self.connections) >= limits.max_connections:
            self._complain(
                f"a connection from {host} was closed: max.connections={limits.max_connections} reached"
            )
            return False
        most = limits.per_ip_overrides.get(host, limits.max_connections_per_ip)
        if most <= len(self.connections) and most <= sum(c.peer_host == host for c in self.connections):
            self._complain(f"a connection from {host} was closed: max.connections.per.ip={most} reached")
            return False
        return True

    def _set_buffers(self, sock: socket.socket) -> None:
        if self._limits.send_buffer_bytes > 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._limits.send_buffer_bytes)
        if self._limits.receive_buffer_bytes > 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._limits.receive_buffer_bytes)

    async def _close_idle(self) -> None:
        if self._limits.max_idle_ms <= 0:
            return
        pause_s = max(0.1, min(30.0, self._limits.max_idle_ms / 4000))
        while True:
            await trio.sleep(pause_s)
            oldest_ms = self._clock.monotonic_ms() - self._limits.max_idle_ms
            for connection in list(self.connections):
                if connection.last_active_ms < oldest_ms and not connection.waiting:
                    connection.close()

    def _complain(self, text: str) -> None:
        now_ms = self._clock.monotonic_ms()
        if now_ms - self._complained_ms >= 1000:
            self._complained_ms = now_ms
            log.warning("listener %s: %s", self.name, text)
