"""Frames come out whole, however the stream was cut, and a bad length is refused before anything is made."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.errors import FrameError
from wire.framing import FrameReader, foreign_protocol, frame


@given(st.lists(st.binary(max_size=40), max_size=8), st.lists(st.integers(1, 60), max_size=30))
@settings(max_examples=200, deadline=None, database=None)
def test_frames_survive_any_split(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(frame([body]) for body in bodies)
    reader = FrameReader(limit=100)
    found: list[bytes] = []
    at = 0
    for cut in [*cuts, len(stream) + 1]:
        reader.feed(memoryview(stream)[at : at + cut])
        at += cut
        found += reader
    assert found == bodies
    assert reader.pending == 0


def test_a_frame_of_the_limit_passes_and_one_more_byte_does_not() -> None:
    reader = FrameReader(limit=10)
    reader.feed(frame([b"x" * 10]))
    assert list(reader) == [b"x" * 10]
    reader.feed(b"\x00\x00\x00\x0b")
    with pytest.raises(FrameError, match="11 is above the limit of 10"):
        list(reader)
    with pytest.raises(FrameError):  # and the stream stays lost
        list(reader)


def test_a_negative_length_is_refused() -> None:
    reader = FrameReader(limit=10)
    reader.feed(b"\xff\xff\xff\xff")
    with pytest.raises(FrameError, match="-1 is negative"):
        list(reader)


def test_frames_before_a_bad_length_still_come_out() -> None:
    reader = FrameReader(limit=10)
    reader.feed(frame([b"good"]) + b"\x7f\xff\xff\xff")
    frames = iter(reader)
    assert next(frames) == b"good"
    with pytest.raises(FrameError):
        next(frames)


def test_an_announced_length_allocates_nothing() -> None:
    tracemalloc.start()
    reader = FrameReader(limit=2**31 - 1)
    reader.feed(b"\x7f\xff\xff\xff")
    assert list(reader) == []
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"GET ", "HTTP"),
        (b"POST", "HTTP"),
        (b"SSH-", "SSH"),
        (b"\x16\x03\x01\x02", "TLS"),
        (b"\0\0\0\x10", ""),
    ],
)
def test_other_protocols_are_recognised_by_their_first_bytes(start: bytes, name: str) -> None:
    assert name in foreign_protocol(start)
    assert bool(foreign_protocol(start)) == bool(name)
    if name:
        reader = FrameReader(limit=104857600)
        reader.feed(start)
        with pytest.raises(FrameError, match=name):
            list(reader)
