"""The suite's connections notice what is wrong with an answer: a scripted peer stands in for the broker."""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "compat-tests"))

from conformance import Closed, NoAnswer, WrongAnswer
from conformance.connection import Connection
from conformance.exchanges import Trace
from wire.messages.heartbeat import HeartbeatRequest, HeartbeatResponse

ASK = HeartbeatRequest(group_id="g", generation_id=1, member_id="m")
RIGHT = {
    3: struct.pack(">iih", 1, 0, 25),  # correlation id, throttle time, UNKNOWN_MEMBER_ID
    4: struct.pack(">ibihb", 1, 0, 0, 25, 0),  # with the tagged fields of header and body
}


class Peer:
    """Takes one connection; sends `answers` as soon as a request came, then closes if it is to."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()
        self.trace = Trace()
        self._done = threading.Event()
        self._threads: list[threading.Thread] = []

    def answer(self, *frames: bytes, close: bool = False) -> Connection:
        """A connection on which these frames are answered to the first request."""

        def serve() -> None:
            sock, _ = self._listener.accept()
            with sock:
                sock.recv(65536)
                for data in frames:
                    sock.sendall(struct.pack(">i", len(data)) + data)
                if not close:
                    self._done.wait(10)

        thread = threading.Thread(target=serve)
        thread.start()
        self._threads.append(thread)
        return Connection(self.address, self.trace, lambda message: message.versions.last, timeout_s=5)

    def close(self) -> None:
        self._done.set()
        self._listener.close()
        for thread in self._threads:
            thread.join(10)


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


@pytest.mark.parametrize("version", RIGHT)
def test_a_right_answer(peer: Peer, version: int) -> None:
    with peer.answer(RIGHT[version]) as connection:
        assert connection.ask(ASK, version) == HeartbeatResponse(error_code=25)
    shown = peer.trace.shown()[-1]
    assert "HeartbeatRequest v" in shown["request"]
    assert "error_code: 25 UNKNOWN_MEMBER_ID" in shown["response"]
    assert "00 19" in shown["received_hex"]
    assert not shown["note"]


WRONG: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "another correlation id": (3, lambda right: struct.pack(">i", 2) + right[4:]),
    "a byte too many": (3, lambda right: right + b"\0"),
    "a byte too few": (3, lambda right: right[:-1]),
    "the newer header": (3, lambda right: right[:4] + b"\0" + right[4:]),
    "the older header": (4, lambda right: right[:4] + right[5:]),
    "the schema of the version before": (4, lambda right: RIGHT[3]),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_answer(peer: Peer, what: str) -> None:
    version, spoil = WRONG[what]
    with peer.answer(spoil(RIGHT[version])) as connection, pytest.raises(WrongAnswer):
        connection.ask(ASK, version)
    assert "is answered wrongly" in peer.trace.shown()[-1]["note"]


def test_no_answer(peer: Peer) -> None:
    with peer.answer() as connection, pytest.raises(NoAnswer):
        connection.ask(ASK, 3, timeout_s=0.05)
    assert peer.trace.shown()[-1]["note"] == "no answer in time"


def test_an_end_in_place_of_an_answer(peer: Peer) -> None:
    with peer.answer(close=True) as connection, pytest.raises(Closed):
        connection.ask(ASK, 3)


def test_an_answer_is_no_orderly_end(peer: Peer) -> None:
    with peer.answer(RIGHT[3], close=True) as connection:
        connection.send(ASK, 3, answered=False)
        assert not connection.wait_closed()


def test_silence(peer: Peer) -> None:
    with peer.answer(RIGHT[3]) as connection:
        assert connection.silent(0.02)
        connection.send(ASK, 3)
        assert connection.receive().error_code == 25
        assert connection.silent(0.02)
