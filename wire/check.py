"""Debug switch: with PYKBROKER_WIRE_CHECK=1 every message is read and written by both paths, and the two must agree.

Some hundred times slower; for hunting a bug in generated code in a live broker. `wire.codegen` asks
`enabled` once per message version.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from wire.errors import WireError
from wire.reference import reference_build, reference_parse

if TYPE_CHECKING:
    from wire.schema import Buffer, Builder, Message, Parser


class Disagreement(AssertionError):
    """Generated code and construct did not do the same: a bug in this package."""


def enabled() -> bool:
    """Whether the switch is on."""
    return os.environ.get("PYKBROKER_WIRE_CHECK") == "1"


def checked_parser(message: Message, version: int, parse: Parser) -> Parser:
    """A parser that raises Disagreement where the reference would do something else."""

    def checked(buf: Buffer, pos: int = 0, end: int | None = None) -> tuple[Any, int]:
        end = len(buf) if end is None else end
        expected = _outcome(lambda: reference_parse(message, version, memoryview(buf)[:end], pos))
        result = _outcome(lambda: parse(buf, pos, end))
        _compare(message, version, bytes(memoryview(buf)[pos:end]), result, expected)
        if isinstance(result, WireError):
            raise result
        return result  # type: ignore[no-any-return]

    return checked


def checked_builder(message: Message, version: int, build: Builder) -> Builder:
    """A builder that raises Disagreement where the reference would write something else."""

    def checked(obj: Any) -> list[Any]:
        expected = _outcome(lambda: b"".join(reference_build(message, version, obj)))
        buffers = _outcome(lambda: build(obj))
        joined = buffers if isinstance(buffers, WireError) else b"".join(buffers)
        _compare(message, version, obj, joined, expected)
        if isinstance(buffers, WireError):
            raise buffers
        return buffers  # type: ignore[no-any-return]

    return checked


def _outcome(action: Any) -> Any:
    try:
        return action()
    except WireError as error:
        return error


def _compare(message: Message, version: int, given: Any, result: Any, expected: Any) -> None:
    if isinstance(result, WireError) and isinstance(expected, WireError):
        return
    if result != expected:
        raise Disagreement(f"{message.name} v{version}: {result!r} is not {expected!r}, from {given!r}")
