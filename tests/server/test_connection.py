"""A connection takes any split of bytes, answers in order, and gives a hostile peer nothing."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykbroker.server.connection import GROW_BYTES, SEND_ABOVE
from tests.server.memory import Peer, frame


def test_answers_every_frame_that_came_whole_with_one_send() -> None:
    peer = Peer()
    assert peer.say(frame(b"one") + frame(b"two") + frame(b"thr")[:5]) == frame(b"one") + frame(b"two")
    assert peer.say(frame(b"thr")[5:]) == frame(b"thr")


@settings(max_examples=60, deadline=None)
@given(
    bodies=st.lists(
        st.binary(max_size=200).filter(lambda b: b not in (b"bad", b"mute") and b[:4] != b"wait")
    ),
    cuts=st.lists(st.integers(1, 60), min_size=1),
)
def test_any_split_of_the_bytes_gives_the_same_answers(bodies: list[bytes], cuts: list[int]) -> None:
    peer, stream, got, at, i = Peer(), b"".join(map(frame, bodies)), b"", 0, 0
    while at < len(stream):
        step = cuts[i % len(cuts)]
        got += peer.say(stream[at : at + step])
        at, i = at + step, i + 1
    assert got == stream


def test_a_frame_above_one_read_is_received_into_a_buffer_of_its_own() -> None:
    body = bytes(range(256)) * 20_000  # 5 MB
    peer = Peer(room=1 << 30)
    assert peer.say(frame(body) + frame(b"next")) == frame(body) + frame(b"next")


def test_an_announced_length_allocates_nothing() -> None:
    """Only what came is held: 1 MiB at first, then never more than twice what is there."""
    peer = Peer(limit=2**31 - 1)
    peer.say(struct.pack(">i", 2**31 - 1) + b"x" * 100)
    peer.say(b"y" * 10)
    assert peer.transport.largest_target <= GROW_BYTES
    peer.say(b"z" * (3 * GROW_BYTES))
    assert peer.transport.largest_target <= 3 * GROW_BYTES


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (struct.pack(">i", -1), "-1 is negative"),
        (struct.pack(">i", 1001), "above socket.request.max.bytes of 1000"),
        (b"GET / HTTP/1.1\r\n", "HTTP"),
        (bytes.fromhex("16030100f8"), "TLS"),
        (b"SSH-2.0-x\r\n", "SSH"),
    ],
)
def test_a_bad_length_closes_with_one_reason(data: bytes, words: str) -> None:
    peer = Peer(limit=1000)
    assert peer.say(data) == b""
    (reason,) = peer.service.reasons
    assert reason is not None
    assert words in reason
    assert peer.transport.closed


def test_what_was_right_before_a_bad_request_is_answered() -> None:
    peer = Peer()
    assert peer.say(frame(b"good") + frame(b"bad") + frame(b"never")) == frame(b"good")
    assert peer.service.reasons == ["a bad request"]
    assert peer.service.served == [b"good", b"bad"]


def test_a_parked_request_mutes_the_connection_until_its_answer() -> None:
    peer = Peer()
    assert peer.say(frame(b"a") + frame(b"wait1") + frame(b"b")) == frame(b"a")
    assert peer.say(frame(b"c")) == b""
    assert peer.service.served == [b"a", b"wait1"]
    assert peer.finish_parked() == frame(b"wait1") + frame(b"b") + frame(b"c")


def test_a_request_without_answer_keeps_the_order() -> None:
    assert Peer().say(frame(b"mute") + frame(b"x")) == frame(b"x")


def test_a_peer_that_does_not_read_is_not_served_on() -> None:
    """It holds no more than the answers of one piece, however much it asks."""
    peer = Peer(room=0)
    body = b"q" * 60_000
    for _ in range(200):
        peer.transport.push(frame(body))
    peer.connection.on_ready()
    held = len(peer.service.served) * len(body)
    assert held <= SEND_ABOVE + 2 * len(body)
    peer.transport.room = 1 << 30
    while peer.connection.on_ready():
        pass
    assert peer.transport.take() == frame(body) * 200


def test_the_peer_leaving_is_no_fault() -> None:
    peer = Peer()
    peer.transport.end()
    peer.say(b"")
    assert peer.service.reasons == [None]
    assert peer.transport.closed


def test_a_parked_answer_to_a_peer_that_left_is_dropped() -> None:
    peer = Peer()
    peer.say(frame(b"wait"))
    peer.connection.close()
    assert peer.finish_parked() == b""
    assert peer.service.reasons == [None]
