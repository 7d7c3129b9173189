"""Pieces as columns: offset, bytes, field, type, value; and an error with a mark under its bytes.

A row shows the bytes of its piece alone: of an array its count, of a struct none. Fields of structs stand further in, below
the struct, or all with their full path. Offsets in decompressed data begin with a plus. Long bytes and values are cut: the
table is for reading, `--json` has everything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from wire.errors import WireError
from wire.tool.decoding import Decoded
from wire.tool.jsonform import uuid_text
from wire.tool.meaning import meaning
from wire.tool.trace import Piece, TraceError

SHOWN_BYTES = 8
SHOWN_VALUE = 60
LINE = 16  # bytes in a line of hex under an error
SHOWN_LINES = 4


class Row(NamedTuple):
    """The cells of one line."""

    offset: str
    bytes: str
    field: str
    type: str
    value: str


HEADINGS = Row("offset", "bytes", "field", "type", "value")


def lines_of(decoded: Decoded, paths: bool = False) -> Iterator[str]:
    """A message as lines: what it is, then its rows. paths: each field with its full path instead of further in."""
    yield f"{decoded.title}, {count(len(decoded.data), 'byte')}"
    yield from columns([HEADINGS, *_parts(decoded, paths)], right=1)


def columns(rows: list[Any], right: int = 0) -> Iterator[str]:
    """Lines with columns as wide as their widest cell. right: so many of the first are aligned to the right."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        cells = [
            cell.rjust(width) if column < right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _parts(decoded: Decoded, paths: bool) -> Iterator[Row]:
    for part in decoded.parts:
        if part.name in ("header", "body"):
            yield Row(str(part.start), "", part.type, "", f"({part.note})" if part.note else "")
            for inner in part.inner:
                yield from _rows(inner, decoded.data, "", "" if paths else "  ", paths)
        else:
            yield from _rows(part, decoded.data, "", "", paths)


def _rows(piece: Piece, data: bytes, plus: str, before: str, paths: bool) -> Iterator[Row]:
    """before: what stands in front of the name, the path so far or blanks."""
    name = f"tag {piece.name}" if piece.shape == "tag" else piece.name
    if paths:
        name = f"{before}{name}" if not before or name.startswith("[") else f"{before}.{name}"
    else:
        name = before + name
    own = data[piece.start : piece.head]
    yield Row(f"{plus}{piece.start}", hex_text(own), name, piece.type, value_text(piece))
    if piece.data is not None:
        data, plus = piece.data, "+"
    within = name if paths else before + "  "
    if paths and piece.shape in ("tag", "tags"):
        within = before  # tagged fields are fields of their struct
    for inner in piece.inner:
        yield from _rows(inner, data, plus, within, paths)


def hex_text(data: bytes) -> str:
    """The first bytes, and whether there are more."""
    return data[:SHOWN_BYTES].hex(" ") + (" .." if len(data) > SHOWN_BYTES else "")


def value_text(piece: Piece) -> str:
    """The value, what it means, and what is wrong with it."""
    text = _shape_text(piece)
    note = piece.note or meaning(piece)
    parts = [text, f"({note})" if note else "", f"<-- {piece.fault.message}" if piece.fault else ""]
    return "  ".join(part for part in parts if part)


def _shape_text(piece: Piece) -> str:
    value = piece.value
    if value is None:
        return "null"
    if piece.shape == "struct":
        return ""
    if piece.shape == "list":
        return count(value, "element")
    if piece.shape == "tags":
        return count(value, "field") if value else "none"
    if piece.shape == "tag":
        return count(value[1], "byte")
    if piece.shape == "batches":
        return f"{count(len(value), 'byte')}, {count(len(piece.inner), 'batch', 'batches')}"
    if piece.shape == "messages":
        return count(len(piece.inner), "message")
    return _single(piece.type, value)


def _single(type_: str, value: Any) -> str:
    if type_ == "uuid":
        return uuid_text(value)
    if isinstance(value, str):
        return cut(json.dumps(value, ensure_ascii=not value.isprintable()))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return cut(str(value[:SHOWN_VALUE]), f", {len(value)} in all")
    if isinstance(value, bytes):
        try:
            text = value[: 4 * SHOWN_VALUE].decode()
        except UnicodeDecodeError:
            text = "\0"
        shown = (
            json.dumps(text, ensure_ascii=False) if text.isprintable() else f"0x{value[:SHOWN_VALUE].hex()}"
        )
        return cut(shown, f", {count(len(value), 'byte')}")
    return str(value)


def cut(text: str, behind: str = "") -> str:
    """At most SHOWN_VALUE letters; behind: what is told if it had to be cut."""
    return text if len(text) <= SHOWN_VALUE else f"{text[: SHOWN_VALUE - 3]}...{behind}"


def count(number: int, thing: str, many: str = "") -> str:
    """ "1 byte", "2 bytes" """
    return f"{number} {thing if number == 1 else many or thing + 's'}"


def error_lines(error: WireError, data: bytes, context: str = "") -> Iterator[str]:
    """What is wrong and where: the place, and the bytes there with a mark under those that were being read."""
    where = f"{error.path}: " if error.path else ""
    inside = f" of {context}" if context else ""
    if error.position is None:
        yield f"error{inside}: {where}{error.message}"
        return
    start = error.start if isinstance(error, TraceError) else error.position
    stop = max(error.position, start + 1)
    yield f"error at byte {start} ({start:#x}){inside}: {where}{error.message}"
    first, last = start // LINE, (stop - 1) // LINE
    numbers = [number for number in range(max(0, first - 1), last + 1) if number < first + SHOWN_LINES]
    width = len(str((numbers[-1]) * LINE))
    for number in numbers:
        at = number * LINE
        yield f"  {at:>{width}}  {data[at : at + LINE].hex(' ')}".rstrip()
        marked = range(max(start, at), min(stop, at + LINE))
        if marked:
            marks = " " * (3 * (marked[0] - at)) + "^" * (3 * len(marked) - 1)
            yield f"  {'':{width}}  {marks}{' the input ends here' if start >= len(data) else ''}"
