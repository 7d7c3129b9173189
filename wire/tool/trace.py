"""Where each field of a message stands in its bytes.

The walk goes over the Struct that a declaration resolves to (`Message.struct`), and reads every single value with the very
construct type that the reference parser uses; only what holds other values (structs, arrays, sections of tagged fields) is
walked here, so that each piece can be noted with its place before the next is read. There is no second description of any
message, and the tests hold the walk against the parsers.

What was read before an error stays: a TraceError carries it, the full path of the field (with indexes) and the place.
Pieces are made for bytes that are there; a count is judged against the rest of the input before its first element.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from construct import ConstructError, FormatField

from wire.errors import WireError
from wire.primitives import (
    Array,
    NullableStruct,
    Records,
    Sized,
    String,
    TagSection,
    Uuid,
    UVarint,
    remaining,
    smallest,
)
from wire.reference import FAILURES
from wire.resolve import TAGS, GroupStruct
from wire.runtime import check_tag
from wire.schema import Message

NUMBERS = {
    "?": "bool",
    "b": "int8",
    "h": "int16",
    "H": "uint16",
    "l": "int32",
    "L": "uint32",
    "q": "int64",
    "d": "float64",
}

Unfold = Callable[["Piece"], None]


@dataclass(slots=True)
class Piece:
    """One piece of the input: `data[start:end]`.

    type: as it is shown ("int32", "compact string", "[]FetchTopic"). shape: "value"; "struct", "list" or "tags", which hold
    `inner` pieces; "batches" and "messages": records that were unfolded. head: end of its own bytes (a length, a count),
    where the inner ones begin. value: of a value, what was read; of a list or struct, None if it is null, else the count.
    data: the bytes in which the inner pieces stand, if those are others (decompressed). note: what a person should know.
    fault: what is wrong with the piece, although the message around it can be read.
    """

    name: str
    type: str
    shape: str
    start: int
    head: int
    end: int
    value: Any = None
    inner: list[Piece] = field(default_factory=list)
    data: bytes | None = None
    note: str = ""
    fault: WireError | None = None


class TraceError(WireError):
    """A message that cannot be read. start: where the piece begins that was being read; position: the byte at which it
    failed. path: with indexes, as in "topics[0].partitions[2].fetch_offset"."""

    def __init__(self, message: str, path: str, start: int, position: int) -> None:
        super().__init__(message, path, position)
        self.start = start


def trace(
    message: Message, version: int, data: bytes, pos: int, into: Piece, unfold: Unfold | None = None
) -> int:
    """Read the message at `data[pos:]`, its fields as inner pieces of `into`; the position behind it.

    unfold: told of each `records` field that was read. Raises: TraceError, with what was read left in `into`; WireError for
    a version that does not exist.
    """
    tree = message.struct(version)
    walk = _Walk(data, pos, unfold)
    into.start = into.head = into.end = walk.start = pos
    try:
        walk.struct(tree, into)
    except FAILURES as error:
        raise walk.failure(error) from None
    into.end = walk.stream.tell()
    return into.end


class _Walk:
    """One pass over one message."""

    def __init__(self, data: bytes, pos: int, unfold: Unfold | None) -> None:
        self.stream = io.BytesIO(data)
        self.stream.seek(pos)
        self.path: list[str] = []
        self.start = pos  # of what is being read
        self.unfold = unfold

    def failure(self, error: Exception) -> TraceError:
        """The error of what was being read, with its place."""
        position = self.stream.tell()
        if isinstance(error.__cause__, UnicodeDecodeError):
            self.start = position + error.__cause__.start - len(error.__cause__.object)
        if isinstance(error, WireError):
            text = error.message
        else:
            text = "the message ends within the field" if isinstance(error, ConstructError) else str(error)
        return TraceError(text, "".join(self.path).lstrip("."), self.start, position)

    def read(self, con: Any) -> Any:
        """One value, by its construct type."""
        self.start = self.stream.tell()
        return con._parsereport(self.stream, None, "")

    def struct(self, tree: GroupStruct, into: Piece) -> None:
        for sub in tree.subcons:
            if isinstance(sub.subcon, TagSection):
                self.tags(sub.subcon, into)
            else:
                into.inner.append(self.named(f".{sub.name}", sub.name, sub.subcon, into))

    def named(self, step: str, name: str, con: Any, parent: Piece) -> Piece:
        """A piece under a name; only when it is whole does the path step back."""
        self.path.append(step)
        piece = self.piece(name, con, parent)
        self.path.pop()
        return piece

    def piece(self, name: str, con: Any, parent: Piece) -> Piece:
        start = self.stream.tell()
        piece = Piece(name, type_name(con), "value", start, start, start)
        if isinstance(con, GroupStruct | NullableStruct):
            self.group(con, piece, parent)
        elif isinstance(con, Array):
            self.array(con, piece, parent)
        else:
            piece.value = self.read(con)
            piece.end = piece.head = self.stream.tell()
            if isinstance(con, Records) and piece.value is not None:
                piece.head -= len(piece.value)
                if self.unfold:
                    self.unfold(piece)
        piece.end = self.stream.tell()
        return piece

    def group(self, con: GroupStruct | NullableStruct, piece: Piece, parent: Piece) -> None:
        piece.shape, piece.value = "struct", 1
        if isinstance(con, NullableStruct):
            if self.read(con.marker) < con.tagged:
                piece.value = None
            piece.head = self.stream.tell()
            con = con.subcon
        if piece.value is not None:
            self.within(parent, piece, lambda: self.struct(con, piece))

    def array(self, con: Array, piece: Piece, parent: Piece) -> None:
        self.start = piece.start
        count = piece.value = con._read_length(self.stream, None, "")
        piece.head = self.stream.tell()
        if count is not None and count * smallest(con.subcon) > remaining(self.stream):
            raise WireError(f"{count} elements cannot fit into {remaining(self.stream)} bytes")
        if isinstance(con.subcon, FormatField):
            piece.value = count if count is None else self.numbers(con.subcon, count)
            piece.head = self.stream.tell()
            return
        piece.shape = "list"
        self.within(parent, piece, lambda: self.elements(con.subcon, count or 0, piece))

    def numbers(self, con: Any, count: int) -> list[Any]:
        """An array of numbers is one value."""
        made = []
        for index in range(count):
            self.path.append(f"[{index}]")
            made.append(self.read(con))
            self.path.pop()
        return made

    def elements(self, con: Any, count: int, piece: Piece) -> None:
        for index in range(count):
            step = f"[{index}]"
            piece.inner.append(self.named(step, step, con, piece))

    def within(self, parent: Piece, piece: Piece, action: Callable[[], None]) -> None:
        """Read what stands inside a piece; if that fails, what was read of it is kept."""
        try:
            action()
        except FAILURES:
            piece.end = self.stream.tell()
            parent.inner.append(piece)
            raise

    def tags(self, section: TagSection, into: Piece) -> None:
        start = self.stream.tell()
        piece = Piece(TAGS, "uvarint", "tags", start, start, start)
        self.path.append(f".({TAGS})")
        piece.value = count = self.read(UVarint)
        piece.head = self.stream.tell()
        if count * 2 > remaining(self.stream):
            raise WireError(f"{count} tagged fields cannot fit into {remaining(self.stream)} bytes")
        self.path.pop()
        self.within(into, piece, lambda: self.tagged_fields(section, count, piece))
        piece.end = self.stream.tell()
        into.inner.append(piece)

    def tagged_fields(self, section: TagSection, count: int, piece: Piece) -> None:
        last = -1
        for _ in range(count):
            start = self.stream.tell()
            self.path.append(f".({TAGS})")
            tag, size = self.read(UVarint), self.read(UVarint)
            self.start = start
            check_tag(tag, last, size, remaining(self.stream))
            self.path.pop()
            last, known = tag, section.by_tag.get(tag)
            content = self.stream.tell()
            label = Piece(str(tag), "tag, size", "tag", start, content, content + size, (tag, size))
            piece.inner.append(label)
            if known is None:
                label.inner.append(Piece(str(tag), "bytes", "value", content, content, content + size))
                label.inner[0].value = self.stream.read(size)
                label.inner[0].head = content + size
                continue
            step = f".{known.name}"
            label.inner.append(self.named(step, known.name, known.subcon, label))
            used = self.stream.tell() - content
            if used != size:
                self.path.append(step)
                self.start = content
                raise WireError(f"tag {tag} is {used} bytes long and not {size}")


def type_name(con: Any) -> str:
    """How a type is called, here and in the columns."""
    if isinstance(con, FormatField):
        return NUMBERS[con.fmtstr[1:]]
    if isinstance(con, Uuid):
        return "uuid"
    if isinstance(con, GroupStruct):
        return str(con.group.name)
    if isinstance(con, NullableStruct):
        return f"nullable {con.subcon.group.name}"
    if isinstance(con, Array):
        return f"{compactness(con)}[]{type_name(con.subcon).removeprefix('compact ')}"
    kind = "string" if isinstance(con, String) else "records" if isinstance(con, Records) else "bytes"
    return f"{compactness(con)}{kind}"


def compactness(con: Sized) -> str:
    return "compact " if con.compact else ""
