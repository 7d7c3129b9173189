"""A TCP proxy on loopback that can swallow a broker's answers: what was stored, the client does not know.

A broker that is killed at a random moment has nearly always answered what it stored. With the answers swallowed
first, all that is in flight is stored and unacknowledged, and a client must send it again after the crash.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

from harness.rawwire import parse_address


class SwallowingProxy:
    """Forwards connections to `target` (HOST:PORT, may be set later); `swallow()` begins to drop answers."""

    def __init__(self) -> None:
        self.target = ""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._changed = threading.Condition()
        self._swallowing = False
        self._swallowed = 0
        self._socks: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def swallow(self) -> None:
        with self._changed:
            self._swallowing, self._swallowed = True, 0

    def wait_swallowed(self, frames: int, timeout_s: float = 10.0) -> bool:
        """Until so many answers were dropped since `swallow()`; False when time is up first."""
        with self._changed:
            return self._changed.wait_for(lambda: self._swallowed >= frames, timeout_s)

    def forward(self) -> None:
        """Cut every connection that lost answers, and forward again from now on."""
        self._cut()
        with self._changed:
            self._swallowing = False

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._cut()
        for thread in self._threads:
            thread.join(5)

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _cut(self) -> None:
        with self._changed:
            socks = list(self._socks)
        for sock in socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                broker = socket.create_connection(parse_address(self.target), 5)
            except OSError:
                client.close()
                continue
            broker.settimeout(None)
            for sock in (client, broker):
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                self._socks |= {client, broker}
            self._start(self._requests, client, broker)
            self._start(self._answers, broker, client)

    def _requests(self, client: socket.socket, broker: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(1 << 18):
                broker.sendall(data)
        self._shut(client, broker)
        with self._changed:
            self._socks -= {client}
        client.close()

    def _answers(self, broker: socket.socket, client: socket.socket) -> None:
        pending = bytearray()
        with contextlib.suppress(OSError):
            while data := broker.recv(1 << 18):
                pending += data
                frames = _whole_frames(pending)
                with self._changed:
                    if frames and self._swallowing:
                        self._swallowed += len(frames)
                        self._changed.notify_all()
                        continue
                if frames:
                    client.sendall(b"".join(frames))
        self._shut(client, broker)
        with self._changed:
            self._socks -= {broker}
        broker.close()

    @staticmethod
    def _shut(*socks: socket.socket) -> None:
        for sock in socks:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def _whole_frames(pending: bytearray) -> list[bytes]:
    """Takes whole frames off the front, each with its length."""
    frames, at = [], 0
    while len(pending) - at >= 4:
        end = at + 4 + struct.unpack_from(">i", pending, at)[0]
        if len(pending) < end:
            break
        frames.append(bytes(pending[at:end]))
        at = end
    del pending[:at]
    return frames
