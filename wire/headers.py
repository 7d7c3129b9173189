"""Request and response headers: what stands in front of every body, and which version of it.

A request header is int16 key, int16 version, int32 correlation id (v0); then the client id as a nullable classic string
(v1); then tagged fields (v2, which keeps the classic string, so that a broker can read it before it knows the version). A
response header is the correlation id (v0), then tagged fields (v1). Flexible versions of an API have the newer headers, but:

* ControlledShutdown v0 has request header v0.
* The answer to ApiVersions has header v0 always (KIP-511): who asks may not know what the broker can.
* ApiVersions above our range is a flexible request all the same, so its header can be read and answered.

The code is written by hand, since it runs for every request; `wire/messages/headers.py` declares the same, and tests
compare the two.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

from wire.errors import WireError

if TYPE_CHECKING:
    from wire.schema import Buffer

CONTROLLED_SHUTDOWN = 7
API_VERSIONS = 18

# API key -> first flexible version; 999: none so far. A test holds it against the declarations.
NEVER = 999
FIRST_FLEXIBLE = {
    0: 9,
    1: 12,
    2: 6,
    3: 9,
    4: 4,
    5: 2,
    6: 6,
    7: 3,
    8: 8,
    9: 6,
    10: 3,
    11: 6,
    12: 4,
    13: 4,
    14: 4,
    15: 5,
    16: 3,
    17: NEVER,
    18: 3,
    19: 5,
    20: 4,
    21: 2,
    22: 2,
    23: 4,
    24: 3,
    25: 3,
    26: 3,
    27: 1,
    28: 3,
    29: 2,
    30: 2,
    31: 2,
    32: 4,
    33: 2,
    34: 2,
    35: 2,
    36: 2,
    37: 2,
    38: 2,
    39: 2,
    40: 2,
    41: 2,
    42: 2,
    43: 2,
    44: 1,
    45: 0,
    46: 0,
    47: NEVER,
    48: 1,
    49: 1,
    50: 0,
    51: 0,
    52: 0,
    53: 1,
    54: 1,
    55: 0,
    56: 0,
    57: 0,
    58: 0,
    59: 0,
    60: 0,
    61: 0,
    62: 0,
    63: 0,
    64: 0,
    65: 0,
    66: 0,
    67: 0,
    68: 0,
    69: 0,
    70: 0,
    71: 0,
    72: 0,
    73: 0,
    74: 0,
    75: 0,
    76: 0,
    77: 0,
    78: 0,
    79: 0,
    80: 0,
    81: 0,
    82: 0,
    83: 0,
    84: 0,
    85: 0,
    86: 0,
    87: 0,
    88: 0,
    89: 0,
    90: 0,
    91: 0,
    92: 0,
}

_FIXED = struct.Struct(">hhi")
_FIXED_AND_LENGTH = struct.Struct(">hhih")
_CORRELATION_ID = struct.Struct(">i")


class RequestHeader(NamedTuple):
    """What a request says about itself. client_id: None if it was null or (header v0) missing."""

    key: int
    version: int
    correlation_id: int
    client_id: str | None


def request_header_version(key: int, version: int) -> int:
    """0, 1 or 2. Raises: WireError for an unknown key."""
    first = FIRST_FLEXIBLE.get(key)
    if first is None:
        raise WireError(f"unknown API key {key} (version {version})", "request header")
    if version >= first:
        return 2
    return 0 if key == CONTROLLED_SHUTDOWN and version == 0 else 1


def response_header_version(key: int, version: int) -> int:
    """0 or 1. Raises: WireError for an unknown key."""
    return 1 if request_header_version(key, version) == 2 and key != API_VERSIONS else 0


def parse_request_header(buf: Buffer, pos: int = 0) -> tuple[RequestHeader, int]:
    """(header, position of the body). Raises: WireError if it is cut off, malformed, or of an unknown key."""
    try:
        key, version, correlation_id = _FIXED.unpack_from(buf, pos)
        header_version = request_header_version(key, version)
        pos += 8
        client_id = None
        if header_version:
            length = int.from_bytes(buf[pos : pos + 2], "big", signed=True)
            pos += 2
            if length >= 0:
                client_id = str(buf[pos : pos + length], "utf-8")
                pos += length
        if header_version == 2:
            pos = skip_tagged_fields(buf, pos)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise WireError(f"malformed: {error}", "request header", pos) from None
    if pos > len(buf):
        raise WireError("cut off", "request header", len(buf))
    return RequestHeader(key, version, correlation_id, client_id), pos


def build_request_header(key: int, version: int, correlation_id: int, client_id: str | None = None) -> bytes:
    """The header of a request. Raises: WireError for an unknown key or a client id above 32,767 bytes."""
    header_version = request_header_version(key, version)
    try:
        if header_version == 0:
            return _FIXED.pack(key, version, correlation_id)
        data = b"" if client_id is None else client_id.encode()
        length = -1 if client_id is None else len(data)
        fixed = _FIXED_AND_LENGTH.pack(key, version, correlation_id, length)
    except (struct.error, UnicodeEncodeError) as error:
        raise WireError(str(error), "request header") from None
    return fixed + data + b"\0" if header_version == 2 else fixed + data


def parse_response_header(key: int, version: int, buf: Buffer, pos: int = 0) -> tuple[int, int]:
    """(correlation id, position of the body) of an answer to a request of that key and version. Raises: WireError."""
    try:
        correlation_id: int = _CORRELATION_ID.unpack_from(buf, pos)[0]
    except struct.error:
        raise WireError("cut off", "response header", len(buf)) from None
    pos += 4
    return correlation_id, skip_tagged_fields(buf, pos) if response_header_version(key, version) else pos


def build_response_header(key: int, version: int, correlation_id: int) -> bytes:
    """The header of the answer to a request of that key and version."""
    header = _CORRELATION_ID.pack(correlation_id)
    return header + b"\0" if response_header_version(key, version) else header


def skip_tagged_fields(buf: Buffer, pos: int, end: int | None = None) -> int:
    """The position behind a section of tagged fields, none of which is known. Raises: WireError."""
    end = len(buf) if end is None else end
    try:
        if buf[pos] == 0:
            return pos + 1
        from wire.runtime import unknown_fields

        return unknown_fields(buf, pos + 1, end, buf[pos])[1]
    except IndexError:
        raise WireError("cut off", "tagged fields", end) from None
