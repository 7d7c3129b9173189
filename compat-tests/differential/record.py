"""Record the corpus anew: every scenario, by its client, through a proxy in front of Apache Kafka.

    python compat-tests/differential/record.py [--only NAME ...] [--reference 4.3.1] [--bootstrap HOST:PORT]

The proxy notes each request and answer, and writes its own address into the answers that tell the client where brokers are.
What is noted is what the broker said. A scenario is one recording, and has connections of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from differential import scenarios
from differential.corpus import FOLDER, SETTINGS, Exchange, Recording, save
from differential.fields import declared, from_plain, parse_answer, parse_request
from differential.replay import warm_up
from differential.scenarios import Scenario
from harness.process import ForeignBroker
from harness.rawwire import parse_address, read_frame
from reference.kafka import VERSIONS, ApacheKafka
from wire.headers import build_response_header

TELLS_ADDRESSES = {0, 1, 3, 10, 60, 75, 78, 79}
API_VERSIONS = b"\0\x12"


class RecordingProxy:
    """Forwards to `target` and notes what passes. `finish()` ends it and gives the exchanges in the order of sending."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Lock()
        self._sent: list[list[Any]] = []  # connection, answered, request, answer
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    def finish(self) -> list[Exchange]:
        """Close everything; requests whose answer never came are left out."""
        for sock in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for sock in (self._listener, *self._open):
            sock.close()
        return kept(self._sent)

    def _start(self, work: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        connection = 0
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                broker = socket.create_connection(parse_address(self._target), 5)
                broker.settimeout(None)
                for sock in (client, broker):
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._open.append(sock)
                waiting: list[list[Any]] = []
                self._start(self._requests, client, broker, connection, waiting)
                self._start(self._answers, broker, client, waiting)
                connection += 1

    def _requests(
        self, client: socket.socket, broker: socket.socket, connection: int, waiting: list[list[Any]]
    ) -> None:
        with contextlib.suppress(OSError, struct.error):
            while True:
                frame = read_frame(client)
                silent = frame[:2] == b"\0\0" and _acks(frame) == 0
                with self._lock:
                    row = [connection, len(self._sent) + 1 if silent else None, frame, None]
                    self._sent.append(row)
                    if not silent:
                        waiting.append(row)
                broker.sendall(_framed(frame))
        with contextlib.suppress(OSError):
            broker.shutdown(socket.SHUT_WR)

    def _answers(self, broker: socket.socket, client: socket.socket, waiting: list[list[Any]]) -> None:
        with contextlib.suppress(OSError):
            while True:
                frame = read_frame(broker)
                with self._lock:
                    row = waiting.pop(0)
                    row[1], row[3] = len(self._sent), frame
                request = row[2]
                key, version = struct.unpack_from(">hh", request)
                client.sendall(_framed(self._with_own_address(key, version, frame)))
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_WR)

    def _with_own_address(self, key: int, version: int, frame: bytes) -> bytes:
        """The answer as the client gets it: every broker is where we are."""
        if key not in TELLS_ADDRESSES:
            return frame
        body = self._redirect(parse_answer(key, version, frame))
        message = declared()[key][1]
        head = build_response_header(key, version, struct.unpack_from(">i", frame)[0])
        return b"".join([head, *message.build(version, from_plain(message, body))])

    def _redirect(self, body: Any) -> Any:
        if isinstance(body, list):
            return [self._redirect(item) for item in body]
        if not isinstance(body, dict):
            return body
        ours = {"host": "127.0.0.1", "port": self.port} if body.get("port", 0) > 0 else {}
        return {name: self._redirect(value) for name, value in body.items()} | ours


def _framed(frame: bytes) -> bytes:
    return struct.pack(">i", len(frame)) + frame


def _acks(frame: bytes) -> int:
    return int(parse_request(frame).body["acks"])


def kept(rows: list[list[Any]]) -> list[Exchange]:
    """Exchanges of the rows that were answered, each ApiVersions request once: clients ask it on every connection.

    `answered` then counts only what is kept.
    """
    asked: set[bytes] = set()
    numbers = []
    for number, (_, answered, request, _) in enumerate(rows):
        seen = request[:4] + request[8:]  # all but the correlation id
        if answered is not None and not (request[:2] == API_VERSIONS and seen in asked):
            numbers.append(number)
        asked.add(seen)
    return [
        Exchange(connection, sum(number < answered for number in numbers), request, answer)
        for connection, answered, request, answer in (rows[number] for number in numbers)
    ]


@contextlib.contextmanager
def started(bootstrap: str | None, reference: str) -> Iterator[ForeignBroker | ApacheKafka]:
    """A broker for one scenario: fresh, so that an answer does not show what another scenario left."""
    broker = ForeignBroker(bootstrap) if bootstrap else VERSIONS[reference](settings=SETTINGS)
    try:
        broker.start()
        warm_up(broker.bootstrap)
        yield broker
    finally:
        broker.close()


def record(name: str, scenario: Scenario, broker: ForeignBroker | ApacheKafka) -> Recording:
    """Run the scenario through a proxy."""
    proxy = RecordingProxy(broker.bootstrap)
    try:
        scenario.run(proxy.bootstrap)
    finally:
        exchanges = proxy.finish()
    about = {"client": scenario.client(), "broker": broker.name, "does": scenario.does}
    return Recording(name, about, tuple(exchanges))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these scenarios")
    parser.add_argument("--reference", choices=sorted(VERSIONS), default="4.3.1")
    parser.add_argument("--bootstrap", metavar="HOST:PORT", help="a broker that runs already")
    arguments = parser.parse_args()
    for name, scenario in scenarios.SCENARIOS.items():
        if arguments.only and name not in arguments.only:
            continue
        if reason := scenario.missing():
            print(f"{name}: left out, {reason}", file=sys.stderr)
            continue
        with started(arguments.bootstrap, arguments.reference) as broker:
            recording = record(name, scenario, broker)
        path = save(recording, FOLDER)
        print(f"{name}: {len(recording.exchanges)} requests, {path.stat().st_size} bytes", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
