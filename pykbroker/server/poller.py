"""Who is ready: calls back when a socket can be read or written.

Trio waits for one socket per task, and pays a task switch and an epoll_ctl for each wait. A broker's requests are
mostly answered at once, so here one task watches all sockets: it has an epoll of its own, edge-triggered, into which a
socket is put once and for all, and Trio only waits for that epoll to have anything. Where there is no epoll (macOS),
`TaskPoller` does the same with one task per socket; slower, but nobody notices another difference.

A client that waits for each answer before it asks again comes back within some hundred microseconds. Going through Trio's
loop for each of its requests would cost more than the request (48 us for a bare checkpoint, measured). So after a turn
with work, and only while no other task can run, the task stays in its own epoll for up to LINGER_S. What it may delay by
that, by a millisecond at most each time, are deadlines, signals and answers from worker threads; never a task that is ready.
"""

from __future__ import annotations

import select
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import trio

from pykbroker.logs import get_logger

log = get_logger(__name__)

ROUNDS = 32  # of ready sockets before Trio's other tasks have their turn
LINGER_S = 0.001
ENDED = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR if sys.platform == "linux" else 0

OnReady = Callable[[bool], bool]
"""Does what can be done without waiting. Given True: the other side has ended the stream, so nothing will announce what is
still to be read. Returns True: there is more to do, but it is others' turn."""


class Poller(Protocol):
    """Calls `on_ready` of the sockets given to it whenever they may have become readable or writable."""

    def add(self, fd: int, on_ready: OnReady) -> None: ...

    def remove(self, fd: int) -> None:
        """Before the socket is closed."""

    async def run(self) -> None:
        """Until cancelled."""


def called(on_ready: OnReady, ended: bool = False) -> bool:
    """A bug behind one socket must not end the task of all."""
    try:
        return on_ready(ended)
    except Exception:
        log.exception("a bug in what serves a socket")
        return False


class Runnable(trio.abc.Instrument):
    """Which tasks Trio would run next. (`current_statistics` tells their number too, for 10 us a look.)"""

    def __init__(self) -> None:
        self.tasks: set[trio.lowlevel.Task] = set()

    def task_scheduled(self, task: trio.lowlevel.Task) -> None:
        self.tasks.add(task)

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.tasks.discard(task)


class EpollPoller:
    """One task for all sockets."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._watched: dict[int, OnReady] = {}
        self._runnable = Runnable()

    def add(self, fd: int, on_ready: OnReady) -> None:
        self._watched[fd] = on_ready
        self._epoll.register(fd, select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)

    def remove(self, fd: int) -> None:
        if self._watched.pop(fd, None) is not None and not self._epoll.closed:
            self._epoll.unregister(fd)

    async def run(self) -> None:
        trio.lowlevel.add_instrument(self._runnable)
        again: list[OnReady] = []
        try:
            while True:
                if again:
                    await trio.lowlevel.checkpoint()
                else:
                    await trio.lowlevel.wait_readable(self._epoll.fileno())
                again = self._turn(again)
        finally:
            trio.lowlevel.remove_instrument(self._runnable)
            self._epoll.close()

    def _turn(self, again: list[OnReady]) -> list[OnReady]:
        """Serve what is ready until nothing is, or until it is other tasks' turn; who has more to do."""
        poll, watched, others = self._epoll.poll, self._watched, self._runnable.tasks
        for _ in range(ROUNDS):
            events = poll(0 if again or others else LINGER_S)
            if not events and not again:
                break
            ready, again = again, []
            for fd, mask in events:
                on_ready = watched.get(fd)
                if on_ready is not None and called(on_ready, mask & ENDED != 0):
                    again.append(on_ready)
            for on_ready in ready:
                if called(on_ready):
                    again.append(on_ready)
        return again


class TaskPoller:
    """One task per socket, for platforms without epoll. A socket that is left readable (a muted connection) is looked
    at again after a pause, and so is one that may have become writable."""

    PAUSE_S = 0.002

    def __init__(self) -> None:
        self._new, self._incoming = trio.open_memory_channel[tuple[int, OnReady]](1024)
        self._watched: dict[int, OnReady] = {}

    def add(self, fd: int, on_ready: OnReady) -> None:
        self._watched[fd] = on_ready
        self._new.send_nowait((fd, on_ready))

    def remove(self, fd: int) -> None:
        if self._watched.pop(fd, None) is not None:
            trio.lowlevel.notify_closing(fd)

    async def run(self) -> None:
        async with trio.open_nursery() as nursery:
            async for fd, on_ready in self._incoming:
                nursery.start_soon(self._watch, fd, on_ready)

    async def _watch(self, fd: int, on_ready: OnReady) -> None:
        with suppress(trio.ClosedResourceError):
            while self._watched.get(fd) is on_ready:
                with trio.move_on_after(self.PAUSE_S * 10):
                    await trio.lowlevel.wait_readable(fd)
                while called(on_ready):
                    await trio.lowlevel.checkpoint()
                if self._watched.get(fd) is on_ready and select.select([fd], [], [], 0)[0]:
                    await trio.sleep(self.PAUSE_S)


def new_poller() -> Poller:
    """The best one of this platform."""
    if sys.platform == "linux":
        return EpollPoller()
    return TaskPoller()
