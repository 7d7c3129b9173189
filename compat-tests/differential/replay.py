"""Requests sent to a broker in the order of the recording, and what came of each.

A replay keeps what the client could know: a request is sent only when all answers are there that had come before it in the
recording, so a long poll or a join that waited for another connection waits here too. Nothing runs side by side: one
thread sends and reads, since answers stay in the socket until they are asked for.

What came is an answer in plain data, or a string: CLOSED, SILENT, or why the bytes were no answer.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

from differential.corpus import MARKER, Exchange, Recording
from differential.fields import Request, build_request, has_error, parse_answer, parse_request
from differential.translation import Translation
from harness import rawwire
from wire.errors import WireError

CLOSED = "the broker closed the connection"
SILENT = "no answer in time"
# Apache Kafka answers these a moment before every part of it knows
SETTLES = {0, 19, 20, 21, 33, 37, 44, 47}
MAKE_PARTITIONS = {19, 37}  # these wait for a leader, too
# Unknown or without a leader for now; a coordinator that loads, is not there, or not here.
RETRIABLE = {3, 5, 6, 14, 15, 16}

NO_ANSWER = "no answer, as asked (acks=0)"
METADATA, FIND_COORDINATOR, JOIN_GROUP, API_VERSIONS, INIT_PRODUCER_ID = 3, 10, 11, 18, 22

Outcome = dict[str, Any] | str


class Connections:
    """Connections to one broker by number, opened when first used and again after the broker closed one."""

    def __init__(self, bootstrap: str, timeout_s: float = 8.0) -> None:
        self.bootstrap = bootstrap
        self.timeout_s = timeout_s
        self._socks: dict[int, socket.socket] = {}

    def __enter__(self) -> Connections:
        return self

    def __exit__(self, *exc: object) -> None:
        for number in list(self._socks):
            self._drop(number)

    def _drop(self, number: int) -> None:
        with contextlib.suppress(KeyError):
            self._socks.pop(number).close()

    def send(self, number: int, frame: bytes) -> None:
        """A connection that does not take it is as closed: `receive` says so."""
        if number not in self._socks:
            self._socks[number] = rawwire.connect(self.bootstrap, self.timeout_s)
        with contextlib.suppress(OSError):
            self._socks[number].sendall(struct.pack(">i", len(frame)) + frame)

    def receive(self, number: int) -> bytes | str:
        """The next answer of a connection, without its length; CLOSED or SILENT, after which it is opened anew."""
        if number not in self._socks:
            return CLOSED
        try:
            return rawwire.read_frame(self._socks[number])
        except TimeoutError:
            self._drop(number)
            return SILENT
        except OSError:
            self._drop(number)
            return CLOSED


class Side:
    """One broker in one run: connections, its ids, and the marker that stands in all names.

    It is asked, and answers, in recorded ids and recorded names.
    """

    def __init__(self, connections: Connections, marker: bytes, settle_s: float = 0.04) -> None:
        assert len(marker) == len(MARKER)
        self.connections = connections
        self.marker = marker
        self.settle_s = settle_s  # what a moment is, for a broker that answers before all of it knows
        self.translation = Translation()

    def send(self, number: int, frame: bytes) -> None:
        """A recorded request, with what must be this broker's own put in its place."""
        request = parse_request(frame)
        body = self.translation.forward(request.body)
        if body != request.body:
            frame = build_request(request._replace(body=body))
        self.connections.send(number, frame.replace(MARKER, self.marker))

    def receive(self, number: int, key: int, version: int, correlation_id: int) -> Outcome:
        """What came for a request; ids not yet translated."""
        frame = self.connections.receive(number)
        if isinstance(frame, str):
            return frame
        got = struct.unpack_from(">i", frame.ljust(4, b"\0"))[0]
        if got != correlation_id:
            return f"correlation id {got} instead of {correlation_id}"
        return fields_of(key, version, frame.replace(self.marker, MARKER))

    def settle(self, key: int) -> None:
        """After a request that may be answered before all of the broker knows."""
        if key in SETTLES:
            time.sleep(self.settle_s * (4 if key in MAKE_PARTITIONS else 1))

    def alive(self, number: int) -> bool:
        """Whether a connection still answers: a broker closes it where acks=0 leaves no other way to tell of an error."""
        probe = rawwire.request(API_VERSIONS, 0, 0x0BADCAFE, b"")[4:]
        self.connections.send(number, probe)
        return not isinstance(self.connections.receive(number), str)


def fields_of(key: int, version: int, frame: bytes) -> Outcome:
    """An answer in plain data, or why it is none."""
    try:
        return parse_answer(key, version, frame)
    except WireError as error:
        return f"undecodable: {error}"


def expects_answer(request: Request) -> bool:
    """Produce with acks=0 is the one request that is not answered."""
    return not (request.key == 0 and request.body["acks"] == 0)


def warm_up(bootstrap: str, timeout_s: float = 30.0) -> None:
    """Until groups and producer ids are served: Apache Kafka makes its internal topics when first asked.

    Raises: TimeoutError.
    """
    asked = (
        Request(FIND_COORDINATOR, 1, 1, "warm-up", {"key": f"{MARKER.decode()}-warm-up", "key_type": 0}),
        Request(
            INIT_PRODUCER_ID, 1, 1, "warm-up", {"transactional_id": None, "transaction_timeout_ms": 1000}
        ),
    )
    deadline = time.monotonic() + timeout_s
    with Connections(bootstrap) as connections:
        side = Side(connections, MARKER)
        for request in asked:
            while not (isinstance(got := ask(side, 0, request), dict) and got["error_code"] == 0):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{bootstrap} does not answer {request.body}: {got}")
                time.sleep(0.05)


def as_recorded(recording: Recording) -> list[Outcome | None]:
    """What the recorded broker said; None where it told the client to come again, which is a matter of moments."""
    outcomes: list[Outcome | None] = []
    for exchange in recording.exchanges:
        if exchange.answer is None:
            outcomes.append(NO_ANSWER)
        else:
            outcome = fields_of(exchange.key, exchange.version, exchange.answer)
            outcomes.append(None if has_error(outcome, RETRIABLE) else outcome)
    return outcomes


def play(recording: Recording, side: Side, served: dict[int, tuple[int, int]]) -> list[Outcome | None]:
    """What came of each exchange, in recorded ids; None where the broker does not announce the version."""
    outcomes: list[Outcome | None] = [None] * len(recording.exchanges)
    waiting: list[tuple[int, Exchange]] = []
    for position, exchange in enumerate(recording.exchanges):
        for due in _due(waiting, position):
            outcomes[due[0]] = _receive(side, due[1])
        low, high = served.get(exchange.key, (0, -1))
        if not low <= exchange.version <= high:
            continue
        side.send(exchange.connection, exchange.request)
        waiting.append((position, exchange))
        if exchange.answered > position + 1:
            # the next request may take another connection, and this one is to arrive before it
            time.sleep(side.settle_s)
    for position, exchange in _due(waiting, len(recording.exchanges)):
        outcomes[position] = _receive(side, exchange)
    return outcomes


def _due(waiting: list[tuple[int, Exchange]], position: int) -> Iterator[tuple[int, Exchange]]:
    """Takes out what must be answered before the request at `position` is sent; the earliest answer first."""
    due = sorted(
        (item for item in waiting if item[1].answered <= position), key=lambda item: item[1].answered
    )
    for item in due:
        waiting.remove(item)
        yield item


def _receive(side: Side, exchange: Exchange) -> Outcome:
    if exchange.answer is None:
        time.sleep(side.settle_s)  # what follows on another connection is to find it done
        return NO_ANSWER
    (correlation_id,) = struct.unpack_from(">i", exchange.request, 4)
    outcome = side.receive(exchange.connection, exchange.key, exchange.version, correlation_id)
    if isinstance(outcome, str):
        return outcome
    side.settle(exchange.key)
    if has_error(outcome, RETRIABLE):
        time.sleep(side.settle_s)  # so did the client, and its wait is not in the recording
    side.translation.learn(fields_of(exchange.key, exchange.version, exchange.answer), outcome)
    return side.translation.backward(outcome)


def ask(side: Side, number: int, request: Request, like: Outcome | None = None, again: int = 5) -> Outcome:
    """One generated request and what came. like: what the other side said to it, in whose ids the request is."""
    side.send(number, build_request(request))
    if not expects_answer(request):
        return NO_ANSWER if side.alive(number) else CLOSED
    outcome = side.receive(number, request.key, request.version, request.correlation_id)
    if isinstance(outcome, str):
        return outcome
    side.settle(request.key)
    if request.key == JOIN_GROUP:
        _let_time_pass(request.body)
    if (
        again
        and like
        and request.key == METADATA
        and has_error(outcome, RETRIABLE)
        and not has_error(like, RETRIABLE)
    ):
        time.sleep(side.settle_s)  # differences.md, auto-created-at-once: as a client, ask again
        return ask(side, number, request, like, again - 1)
    if like is not None:
        side.translation.learn(like, outcome)
    return side.translation.backward(outcome)


def _let_time_pass(join: dict[str, Any]) -> None:
    """A member with a short time to sync does not: it is out before the next request, on both sides."""
    allowed_ms = join.get("rebalance_timeout_ms", join["session_timeout_ms"])
    if 0 <= allowed_ms <= 1000:
        time.sleep((allowed_ms + 50) / 1000)
