"""Nothing is allocated, and no time is spent, because a peer announced a number."""

from __future__ import annotations

import struct
import time
import tracemalloc
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.declared import MESSAGES, versions
from wire.errors import WireError
from wire.messages.fetch import FetchRequest
from wire.messages.list_offsets import ListOffsetsResponse
from wire.messages.metadata import MetadataRequest
from wire.messages.produce import ProduceRequest

HUGE = 2**31 - 1
HUGE_VARINT = b"\xff\xff\xff\xff\x07"

CLAIMS = [
    (MetadataRequest, 1, struct.pack(">i", HUGE)),  # an array of structs
    (MetadataRequest, 9, HUGE_VARINT),
    (MetadataRequest, 1, struct.pack(">ih", 1, 32767)),  # a string
    (ProduceRequest, 0, struct.pack(">hiihciii", -1, 0, 1, 1, b"t", 1, 0, HUGE)),  # records
    (ProduceRequest, 9, b"\x00" + struct.pack(">hi", -1, 0) + b"\x02\x02t\x02" + bytes(4) + HUGE_VARINT),
    (FetchRequest, 7, struct.pack(">iiiibiiiihcii", -1, 0, 0, 0, 0, 0, 0, 0, 1, 1, b"t", HUGE, 0)),  # numbers
    (ListOffsetsResponse, 0, struct.pack(">ihciihi", 1, 1, b"t", 1, 0, 0, HUGE)),  # int64s
    (MetadataRequest, 12, b"\x01\x00\x00" + HUGE_VARINT),  # tagged fields
    (MetadataRequest, 12, b"\x01\x00\x00\x01\x09" + HUGE_VARINT),  # one of them
]


@pytest.mark.parametrize(("message", "version", "data"), CLAIMS)
def test_a_claimed_size_costs_nothing(message: object, version: int, data: bytes) -> None:
    parser = message.parser(version)  # type: ignore[attr-defined]
    for buffer in (data, bytearray(data)):
        assert is_refused(
            parser, buffer
        )  # each kind of buffer has a parser of its own, made at its first use
        tracemalloc.start()
        begun = time.process_time()
        refused = is_refused(parser, buffer)
        took = time.process_time() - begun
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert refused
        assert took < 0.5
        assert peak < 100_000


def is_refused(parser: Callable[..., object], buffer: bytes | bytearray) -> bool:
    """Without pytest.raises, whose own memory would be counted."""
    try:
        parser(buffer)
    except WireError:
        return True
    return False


def test_a_large_malformed_message_is_not_read_a_second_time() -> None:
    """The reference would take many seconds of CPU time to explain it."""
    data = struct.pack(">i", 300_000) + b"\x00\x01t" * 299_999 + b"\x00\x09t"
    begun = time.process_time()
    with pytest.raises(WireError, match="MetadataRequest v1"):
        MetadataRequest.parse(1, data)
    assert time.process_time() - begun < 3


@given(st.binary(max_size=200), st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None, database=None)
def test_any_bytes_parse_or_raise_wire_error(data: bytes, seed: int) -> None:
    random = Random(seed)
    for _ in range(10):
        message = random.choice(MESSAGES)
        try:
            _, end = message.parse(random.choice(versions(message)), data)
        except WireError:
            continue
        assert end <= len(data)
