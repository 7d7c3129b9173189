"""The walk that notes where each field stands reads what the parsers read, and fails where they fail."""

from __future__ import annotations

import re
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.wire.declared import MESSAGES, by_name, random_object, versions
from tests.wire.test_codegen import spoil
from wire.errors import WireError
from wire.schema import Message
from wire.tool.decoding import decode_body
from wire.tool.jsonform import made_of, of_piece, to_bytes, to_json
from wire.tool.trace import Piece, TraceError, trace

bounded = settings(max_examples=2, deadline=None, database=None, suppress_health_check=list(HealthCheck))
every_message = pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
seeds = st.integers(0, 2**32 - 1)


def traced(message: Message, version: int, data: bytes, pos: int = 0) -> Piece:
    root = Piece("body", message.name, "struct", pos, pos, pos, 1)
    assert trace(message, version, data, pos, root) == root.end
    return root


def own_bytes(piece: Piece) -> list[tuple[int, int]]:
    """The spans of bytes that rows show, in order."""
    spans = [(piece.start, piece.head)] if piece.head > piece.start else []
    if piece.type.endswith("records") and piece.value is not None:
        spans.append((piece.head, piece.end))
    return spans + [span for inner in piece.inner for span in own_bytes(inner)]


@every_message
@given(seed=seeds)
@bounded
def test_every_byte_belongs_to_one_piece_and_the_pieces_are_what_the_parser_reads(
    message: Message, seed: int
) -> None:
    random = Random(seed)
    for version in versions(message):
        made = random_object(message, version, message.flexible_version(version), random)
        data = b"..." + b"".join(message.build(version, made)) + b"behind"
        root = traced(message, version, data, 3)
        parsed, end = message.parse(version, data, 3)
        assert root.end == end == len(data) - 6
        at = 3
        for start, stop in own_bytes(root):
            assert start == at
            at = stop
        assert at == end
        assert made_of(message, version, of_piece(root), "body") == parsed


@every_message
@given(seed=seeds)
@bounded
def test_malformed_input_fails_in_the_field_and_at_the_byte_where_the_reference_stops(
    message: Message, seed: int
) -> None:
    random = Random(seed)
    for version in versions(message):
        made = random_object(message, version, message.flexible_version(version), random)
        bad = spoil(b"".join(message.build(version, made)), random)
        expected = failure(message.reference_parse, version, bad)
        assert (expected is None) == (failure(message.parse, version, bad) is None)
        root = Piece("body", message.name, "struct", 0, 0, 0, 1)
        if expected is None:
            assert trace(message, version, bad, 0, root) == message.parse(version, bad)[1]
            continue
        with pytest.raises(TraceError) as caught:
            trace(message, version, bad, 0, root)
        error = caught.value
        assert error.position is not None
        assert expected.position is not None
        assert 0 <= error.start <= error.position == expected.position <= len(bad)
        assert error.message == expected.message
        assert plain(error.path) == plain(expected.path.partition(": ")[2])
        read = own_bytes(root)
        assert all(one[1] <= other[0] for one, other in pairwise(read))
        assert not read or read[-1][1] <= error.position


def failure(parse: Any, version: int, data: bytes) -> WireError | None:
    try:
        parse(version, data)
    except WireError as error:
        return error
    return None


def plain(path: str) -> str:
    """Without indexes, and without the tag sections, which the reference does not name."""
    return re.sub(r"\[\d+\]|\.?\(tagged fields\)", "", path)


@every_message
@given(seed=seeds)
@bounded
def test_json_goes_back_to_the_same_bytes_for_good_input_and_for_bad(message: Message, seed: int) -> None:
    random = Random(seed)
    for version in versions(message):
        made = random_object(message, version, message.flexible_version(version), random)
        data = b"".join(message.build(version, made))
        written = to_json(decode_body(data, message, version))
        assert to_bytes(written) == data
        assert "raw" not in written
        bad = spoil(data, random)
        assert to_bytes(to_json(decode_body(bad, message, version))) == bad


def test_the_pieces_of_a_flexible_request() -> None:
    message = by_name("ApiVersionsRequest")
    root = traced(message, 3, b"\x05kcat\x041.7" + b"\x01\x90\x01\x02hi")
    assert [(p.name, p.type, p.start, p.head, p.end, p.value) for p in root.inner] == [
        ("client_software_name", "compact string", 0, 5, 5, "kcat"),
        ("client_software_version", "compact string", 5, 9, 9, "1.7"),
        ("tagged fields", "uvarint", 9, 10, 15, 1),
    ]
    label = root.inner[-1].inner[0]
    assert (label.name, label.start, label.head, label.end, label.value) == ("144", 10, 13, 15, (144, 2))
    assert label.inner[0].value == b"hi"


def test_a_bad_letter_is_pointed_at() -> None:
    with pytest.raises(TraceError, match="not UTF-8") as caught:
        traced(by_name("ApiVersionsRequest"), 3, b"\x05kc\xfft\x041.7\x00")
    assert (caught.value.path, caught.value.start, caught.value.position) == ("client_software_name", 3, 5)


def test_what_was_read_before_the_error_stays() -> None:
    message = by_name("FetchRequest")
    fetch = message.fields
    topics = next(field for field in fetch if field.name == "topics").type.element  # type: ignore[union-attr]
    made = message(max_wait_ms=500, topics=[topics(topic="a"), topics(topic="orders")])
    data = b"".join(message.build(4, made))
    root = Piece("body", message.name, "struct", 0, 0, 0, 1)
    with pytest.raises(TraceError) as caught:
        trace(message, 4, data[:-7], 0, root)
    assert caught.value.path == "topics[1].topic"
    assert of_piece(root) == {
        "replica_id": -1,
        "max_wait_ms": 500,
        "min_bytes": 0,
        "max_bytes": 2**31 - 1,
        "isolation_level": 0,
        "topics": [{"topic": "a", "partitions": []}, {}],
    }
