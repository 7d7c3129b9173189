"""The trace of a case: what was sent and what came, in fields and in hex, with times.

Every connection of a case writes into one Trace; a failure's report shows the last exchanges.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from wire.errors import ErrorCode
from wire.records.batch import CorruptBatch, InvalidRecord, iterate_batches
from wire.schema import Array, Group, WireStruct

KEPT = 40  # exchanges that a trace keeps
SHOWN = 8  # exchanges that a report shows
HEX_BYTES = 768  # bytes of each that a report shows


@dataclass
class Exchange:
    """One request and its answer; either may be raw bytes without an object, and an answer may be missing."""

    peer: str  # which connection, and to whom
    sent_at_s: float  # since the case began
    sent: bytes
    request: Any = None
    version: int | None = None
    received: bytes | None = None
    response: Any = None
    answered_at_s: float | None = None
    note: str = ""  # what went wrong with the answer

    def shown(self) -> dict[str, Any]:
        """Plain data for the reports."""
        return {
            "peer": self.peer,
            "sent_at_ms": round(self.sent_at_s * 1000, 1),
            "answered_after_ms": None
            if self.answered_at_s is None
            else round((self.answered_at_s - self.sent_at_s) * 1000, 1),
            "request": fields(self.request, self.version) if self.request is not None else "(raw bytes)",
            "sent_hex": hex_dump(self.sent),
            "response": fields(self.response, self.version) if self.response is not None else "",
            "received_hex": "" if self.received is None else hex_dump(self.received),
            "note": self.note,
        }


@dataclass
class Trace:
    """What all connections of one case did, in order."""

    started_s: float = field(default_factory=time.monotonic)
    exchanges: deque[Exchange] = field(default_factory=lambda: deque(maxlen=KEPT))

    def now_s(self) -> float:
        return time.monotonic() - self.started_s

    def add(self, exchange: Exchange) -> Exchange:
        self.exchanges.append(exchange)
        return exchange

    def shown(self) -> list[dict[str, Any]]:
        return [exchange.shown() for exchange in list(self.exchanges)[-SHOWN:]]


def hex_dump(data: bytes) -> str:
    """Lines of sixteen bytes: position, hex, ASCII."""
    lines = []
    for start in range(0, min(len(data), HEX_BYTES), 16):
        part = data[start : start + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
        lines.append(f"{start:04x}  {part.hex(' '):47}  {text}")
    if len(data) > HEX_BYTES:
        lines.append(f"... {len(data)} bytes in all")
    return "\n".join(lines)


def fields(obj: Any, version: int | None) -> str:
    """A message as an indented list of the fields that its version has."""
    group = obj._group
    head = group.name if version is None else f"{group.name} v{version}"
    return "\n".join([head, *_struct_lines(group, obj, version, "  ")])


def _struct_lines(group: Group, obj: WireStruct, version: int | None, indent: str) -> list[str]:
    lines = []
    for declared in group.fields:
        if version is not None and version not in declared.versions:
            continue
        lines += _value_lines(declared.name, declared.type, getattr(obj, declared.name), version, indent)
    if getattr(obj, "unknown_tags", None):
        lines.append(f"{indent}unknown tagged fields: {obj.unknown_tags}")  # type: ignore[attr-defined]
    return lines


def _value_lines(name: str, kind: Any, value: Any, version: int | None, indent: str) -> list[str]:
    if isinstance(value, WireStruct):
        return [f"{indent}{name}:", *_struct_lines(value._group, value, version, indent + "  ")]
    if isinstance(kind, Array) and value is not None:
        if not isinstance(kind.element, Group) or not value:
            return [f"{indent}{name}: [{', '.join(_scalar(name, item) for item in value)}]"]
        lines = [f"{indent}{name}:"]
        for item in value:
            inner = _struct_lines(kind.element, item, version, indent + "    ")
            first = inner[0].lstrip() if inner else ""
            lines += [f"{indent}  - {first}", *inner[1:]]
        return lines
    return [f"{indent}{name}: {_scalar(name, value)}"]


def _scalar(name: str, value: Any) -> str:
    if value is None:
        return "null"
    if name == "error_code" and isinstance(value, int):
        return error_name(value)
    if isinstance(value, bytes | bytearray | memoryview):
        data = bytes(value)
        if len(data) == 16 and name.endswith("id"):
            return data.hex()
        batches = _batches(data) if name == "records" else ""
        shown = data[:48].hex(" ") + (" ..." if len(data) > 48 else "")
        return f"{len(data)} bytes{': ' + shown if shown else ''}{batches}"
    return repr(value)


def _batches(data: bytes) -> str:
    try:
        return "".join(
            f"; batch {header.base_offset}-{header.last_offset}" for _, header in iterate_batches(data)
        )
    except (CorruptBatch, InvalidRecord) as error:
        return f"; {error}"


def error_name(code: int) -> str:
    """`25 UNKNOWN_MEMBER_ID`."""
    try:
        return f"{code} {ErrorCode(code).name}"
    except ValueError:
        return f"{code} (no error code of Kafka's)"
