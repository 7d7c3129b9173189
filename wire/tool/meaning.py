"""What numbers mean: error codes, API keys, times. Told beside a value, and never in its place."""

from __future__ import annotations

from datetime import UTC, datetime

from wire.catalog import apis
from wire.errors import ErrorCode
from wire.tool.trace import Piece

FIRST_MS, LAST_MS = 10**11, 10**14  # 1973 to 5138: an int64 outside is no time of a record

_ERRORS = {int(code): code.name for code in ErrorCode}
_NUMBERS = {
    ("acks", -1): "all in-sync replicas",
    ("acks", 0): "no answer",
    ("acks", 1): "the leader",
    ("isolation_level", 0): "read_uncommitted",
    ("isolation_level", 1): "read_committed",
}


def meaning(piece: Piece) -> str:
    """A few words about a value, or nothing."""
    value = piece.value
    if not isinstance(value, int) or isinstance(value, bool) or piece.shape != "value":
        return ""
    if piece.name.endswith("error_code"):
        return _ERRORS.get(value, "no error code of Kafka's")
    if piece.name in ("api_key", "request_api_key"):
        return apis()[value][0].name.removesuffix("Request") if value in apis() else "no API of Kafka's"
    if (piece.type == "int64" and "timestamp" in piece.name) or piece.name == "log_append_time_ms":
        return time_text(value)
    return _NUMBERS.get((piece.name, value), "")


def time_text(ms: int) -> str:
    """A time in ms since 1970 as UTC, if it can be one of a record."""
    if not FIRST_MS <= ms <= LAST_MS:
        return ""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S") + f".{ms % 1000:03} UTC"
