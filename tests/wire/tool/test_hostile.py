"""Whatever the bytes are, the tool tells what it can: no traceback, and nothing is made because a number says so."""

from __future__ import annotations

import tracemalloc
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.declared import MESSAGES, random_object, versions
from tests.wire.test_codegen import spoil
from tests.wire.test_hostile import CLAIMS
from wire.framing import frame
from wire.headers import build_request_header, build_response_header
from wire.tool.decoding import Decoded, decode_body, decode_request, decode_response, faults
from wire.tool.jsonform import to_bytes, to_json
from wire.tool.streams import Replies, exchanges, frames
from wire.tool.table import error_lines, lines_of

APIS = [message for message in MESSAGES if message.kind in ("request", "response")]
many = settings(max_examples=150, deadline=None, database=None)


def check(decoded: Decoded, data: bytes) -> None:
    """All that the tool makes of a message can be made."""
    assert decoded.data == data
    assert list(lines_of(decoded))
    assert list(lines_of(decoded, paths=True))
    if decoded.error:
        assert decoded.error.position is not None
        assert 0 <= decoded.error.start <= decoded.error.position <= len(data)
        assert sum("^" in line for line in error_lines(decoded.error, data, decoded.title)) > 0
    for fault, inside in faults(decoded):
        assert list(error_lines(fault, inside))
    assert to_bytes(to_json(decoded)) == data


@given(st.integers(0, 2**32 - 1))
@many
def test_spoilt_messages(seed: int) -> None:
    random = Random(seed)
    message = random.choice(APIS)
    version = random.choice(versions(message))
    assert message.key is not None
    body = b"".join(
        message.build(version, random_object(message, version, message.flexible_version(version), random))
    )
    header = build_request_header(message.key, version, 7, "me")
    if message.kind == "response":
        header = build_response_header(message.key, version, 7)
    whole = frame([header, body])
    data = spoil(whole, random) if random.random() < 0.8 else whole
    if message.kind == "response":
        check(decode_response(data, message, version), data)
    else:
        check(decode_request(data), data)


@given(st.binary(max_size=120))
@many
def test_any_bytes(data: bytes) -> None:
    check(decode_request(data), data)
    check(decode_request(data, True), data)
    assert b"".join(frame.data for frame in frames(data)) == data
    for found in exchanges(data, Replies(data)):
        check(found.request, found.request.data)


def test_a_claimed_size_costs_nothing() -> None:
    for message, version, data in CLAIMS:
        decode_body(data, message, version)  # the declaration is resolved at its first use
        tracemalloc.start()
        decoded = decode_body(data, message, version)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert decoded.error
        assert peak < 100_000
