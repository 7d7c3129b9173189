"""Headers: which version goes with what, and the hand-written code against the declaration."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wire.declared import MESSAGES
from wire import headers
from wire.errors import WireError
from wire.headers import (
    RequestHeader,
    build_request_header,
    build_response_header,
    parse_request_header,
    parse_response_header,
    request_header_version,
    response_header_version,
    skip_tagged_fields,
)
from wire.messages.headers import RequestHeader as DeclaredRequestHeader
from wire.messages.headers import ResponseHeader as DeclaredResponseHeader

APIS = [
    (message.key, message) for message in MESSAGES if message.kind == "request" and message.key is not None
]


def test_the_table_of_first_flexible_versions_is_that_of_the_declarations() -> None:
    for message in MESSAGES:
        if message.kind in ("request", "response") and message.key is not None:
            first = message.flexible.first if message.flexible.last else headers.NEVER
            assert headers.FIRST_FLEXIBLE[message.key] == first, message.name
    assert headers.FIRST_FLEXIBLE.keys() == {key for key, _ in APIS}


def test_header_versions_of_the_special_cases() -> None:
    assert [request_header_version(7, version) for version in range(4)] == [0, 1, 1, 2]
    assert [response_header_version(18, version) for version in range(5)] == [0] * 5  # KIP-511
    assert request_header_version(18, 999) == 2  # above our range, and still to be answered
    assert [request_header_version(17, version) for version in range(2)] == [1, 1]  # never flexible


@given(
    st.sampled_from([key for key, _ in APIS]),
    st.integers(0, 20),
    st.integers(-(2**31), 2**31 - 1),
    st.none() | st.text(max_size=20),
)
@settings(max_examples=200, deadline=None, database=None)
def test_request_headers_are_those_of_the_declaration(
    key: int, version: int, correlation_id: int, client_id: str | None
) -> None:
    header_version = request_header_version(key, version)
    data = build_request_header(key, version, correlation_id, client_id)
    declared = DeclaredRequestHeader(
        request_api_key=key, request_api_version=version, correlation_id=correlation_id, client_id=client_id
    )
    assert [data] == DeclaredRequestHeader.build(header_version, declared)
    if header_version == 0:
        client_id = None
    for buffer in (data + b"body", bytearray(data), memoryview(data)):
        assert parse_request_header(buffer) == (
            RequestHeader(key, version, correlation_id, client_id),
            len(data),
        )
    for cut in range(len(data)):
        with pytest.raises(WireError):
            parse_request_header(data[:cut])


@given(st.sampled_from([key for key, _ in APIS]), st.integers(0, 20), st.integers(-(2**31), 2**31 - 1))
@settings(max_examples=100, deadline=None, database=None)
def test_response_headers_are_those_of_the_declaration(key: int, version: int, correlation_id: int) -> None:
    data = build_response_header(key, version, correlation_id)
    declared = DeclaredResponseHeader(correlation_id=correlation_id)
    assert [data] == DeclaredResponseHeader.build(response_header_version(key, version), declared)
    assert parse_response_header(key, version, data + b"body") == (correlation_id, len(data))
    with pytest.raises(WireError):
        parse_response_header(key, version, data[:-1])


def test_tagged_fields_of_a_header_are_skipped() -> None:
    data = build_request_header(3, 12, 5, "me")[:-1] + b"\x02\x00\x01a\x90\x01\x03abc"
    assert parse_request_header(data + b"body")[1] == len(data)
    many = b"\x82\x01" + b"".join(bytes((tag & 0x7F | 0x80, tag >> 7, 0)) for tag in range(130))
    assert skip_tagged_fields(b"x" + many + b"y", 1) == 1 + len(many)
    with pytest.raises(WireError):
        skip_tagged_fields(many[:-1], 0)


def test_bad_headers() -> None:
    with pytest.raises(WireError, match="unknown API key 999"):
        parse_request_header(b"\x03\xe7\x00\x00\x00\x00\x00\x01\xff\xff")
    with pytest.raises(WireError):
        parse_request_header(b"\x00\x03\x00\x01\x00\x00\x00\x01\x00\x02\xff\xff")  # not UTF-8
    with pytest.raises(WireError):
        build_request_header(3, 1, 2**31)
    with pytest.raises(WireError):
        build_request_header(3, 1, 0, "x" * 32768)
