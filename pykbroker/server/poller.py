"""Who is ready: wakes connections when their sockets can be read or written.

Trio waits for one socket per task, and pays a task switch and an epoll_ctl for each wait. A broker's requests are
mostly answered at once, so here one task watches all sockets: it has an epoll of its own, edge-triggered, into which a
socket is put once and for all, and Trio only waits for that epoll to have anything. Where there is no epoll (macOS),
`TaskPoller` does the same with one task per connection; slower, but the connections notice no difference.
"""

from __future__ import annotations

import select
import sys
from typing import Protocol

import trio

from pykbroker.logs import get_logger
from pykbroker.server.connection import Connection

log = get_logger(__name__)

ROUNDS = 16  # of ready connections before Trio's other tasks have their turn


class Poller(Protocol):
    """Calls `on_ready` of the connections given to it until they are closed."""

    def add(self, connection: Connection) -> None: ...

    def remove(self, connection: Connection) -> None:
        """Before the transport is closed."""

    async def run(self) -> None:
        """Until cancelled."""


def ready(connection: Connection) -> bool:
    """`on_ready` of one connection; a bug there ends that connection and no other."""
    try:
        return connection.on_ready()
    except Exception:
        log.exception("a bug ended the connection of %s", connection.peer)
        connection.close()
        return False


class EpollPoller:
    """One task for all connections."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._connections: dict[int, Connection] = {}

    def add(self, connection: Connection) -> None:
        fd = connection.transport.fileno()
        self._connections[fd] = connection
        self._epoll.register(fd, select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)

    def remove(self, connection: Connection) -> None:
        fd = connection.transport.fileno()
        if self._connections.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    async def run(self) -> None:
        epoll, connections = self._epoll, self._connections
        again: list[Connection] = []
        try:
            while True:
                if again:
                    await trio.lowlevel.checkpoint()
                else:
                    await trio.lowlevel.wait_readable(epoll.fileno())
                for _ in range(ROUNDS):
                    events = epoll.poll(0)
                    if not events and not again:
                        break
                    turn, again = again, []
                    for fd, _mask in events:
                        connection = connections.get(fd)
                        if connection is not None and ready(connection):
                            again.append(connection)
                    for connection in turn:
                        if ready(connection):
                            again.append(connection)
        finally:
            epoll.close()


class TaskPoller:
    """One task per connection, for platforms without epoll."""

    def __init__(self) -> None:
        self._new, self._incoming = trio.open_memory_channel[Connection](1024)

    def add(self, connection: Connection) -> None:
        self._new.send_nowait(connection)

    def remove(self, connection: Connection) -> None:
        trio.lowlevel.notify_closing(connection.transport.fileno())

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            async for connection in self._incoming:
                nursery.start_soon(self._watch, connection)

    async def _watch(self, connection: Connection) -> None:
        try:
            while not connection.closed:
                if connection.blocked:
                    await trio.lowlevel.wait_writable(connection.transport.fileno())
                else:
                    await trio.lowlevel.wait_readable(connection.transport.fileno())
                while ready(connection):
                    await trio.lowlevel.checkpoint()
                while connection.waiting:  # muted: its answer wakes it, and the socket must not
                    answered = trio.Event()
                    connection.on_answered = answered.set
                    await answered.wait()
        except trio.ClosedResourceError:
            pass


def new_poller() -> Poller:
    """The best one of this platform."""
    if sys.platform == "linux":
        return EpollPoller()
    return TaskPoller()
