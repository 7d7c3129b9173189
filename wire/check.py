"""Debug switch: with PYKBROKER_WIRE_CHECK=1 every message is read and written by both paths, and the two must agree.

Some hundred times slower; for hunting a bug in generated code in a live broker. `wire.codegen` asks
`enabled` once per message version, so that it costs nothing when it is off. The broker turns a Disagreement into one line
of its log and the end of the connection (`pykbroker.api.dispatch`).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from wire.errors import WireError
from wire.reference import reference_build, reference_parse

if TYPE_CHECKING:
    from wire.schema import Buffer, Builder, Message, Parser


SHOWN_BYTES = 200


class Disagreement(AssertionError):
    """Generated code and construct did not do the same: a bug in this package. where: message, version and field."""

    def __init__(self, where: str, generated: Any, expected: Any, given: Any) -> None:
        super().__init__(
            f"{where}: generated code gives {_shown(generated)}, construct {_shown(expected)}; from {_shown(given)}"
        )
        self.where = where


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
        path = f"{message.name} v{version}"
        if isinstance(result, tuple) and isinstance(expected, tuple):
            if result[1] == expected[1]:
                raise Disagreement(*first_difference(path, result[0], expected[0]), given)
            result, expected = (f"an end at byte {outcome[1]}" for outcome in (result, expected))
        raise Disagreement(path, result, expected, given)


def first_difference(path: str, one: Any, other: Any) -> tuple[str, Any, Any]:
    """(path, value here, value there) of the first field that differs between two objects of a message."""
    from wire.schema import WireStruct, _same

    if isinstance(one, WireStruct) and isinstance(other, WireStruct) and one._group is other._group:
        for name in one._group.slots:
            mine, yours = getattr(one, name), getattr(other, name)
            if not _same(mine, yours):
                return first_difference(f"{path}.{name}", mine, yours)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (mine, yours) in enumerate(zip(one, other, strict=True)):
            if mine != yours:
                return first_difference(f"{path}[{index}]", mine, yours)
    return path, one, other


def _shown(value: Any) -> str:
    """On one line, and not longer than a log line may be."""
    if isinstance(value, bytes | bytearray | memoryview):
        more = "..." if len(value) > SHOWN_BYTES else ""
        return f"{len(value)} bytes {bytes(value[:SHOWN_BYTES]).hex()}{more}"
    text = repr(value).replace("\n", " ")
    return text if len(text) <= 2 * SHOWN_BYTES else f"{text[: 2 * SHOWN_BYTES]}..."
