"""ApiVersions: what this broker serves.

Every client asks this first. v0: keys and ranges. v1: throttle time. v3 (KIP-511): flexible, but its response header stays
version 0, because a client that asked with a version unknown to the broker must be able to read the answer; client software
name and version, which must be words (KIP-511). v4: supported features may start at level 0 (KIP-1022); no features are
carried until transactions are served.
"""

from __future__ import annotations

import struct
from typing import Any

from pykbroker.api.context import Context
from pykbroker.api.table import APIS, BY_KEY
from wire.errors import ErrorCode
from wire.messages.api_versions import ApiVersion, ApiVersionsResponse

API_VERSIONS = 18

_rows: list[Any] = []


def handle(ctx: Context, request: Any) -> Any:
    """Raises nothing: a bad client software name is answered INVALID_REQUEST."""
    if ctx.version >= 3 and not (
        is_word(request.client_software_name) and is_word(request.client_software_version)
    ):
        return ApiVersionsResponse(error_code=ErrorCode.INVALID_REQUEST)
    if not _rows:
        _rows.extend(ApiVersion(api_key=a.key, min_version=a.lowest, max_version=a.highest) for a in APIS)
    return ApiVersionsResponse(api_keys=_rows)


def is_word(text: str) -> bool:
    """A letter or digit, then letters, digits, '-', '.', and at the end no '-' or '.' (KIP-511)."""
    inner = text.replace("-", "").replace(".", "")
    return bool(text) and text[0] not in "-." and text[-1] not in "-." and inner.isascii() and inner.isalnum()


def unsupported(correlation_id: int) -> list[bytes]:
    """The answer to a version above our range: version 0, error 35, one row, so that the client can ask again."""
    own = BY_KEY[API_VERSIONS]
    body = struct.pack(
        ">ihihhh", correlation_id, ErrorCode.UNSUPPORTED_VERSION, 1, own.key, own.lowest, own.highest
    )
    return [struct.pack(">i", len(body)), body]
