"""Kafka's data types as construct types: what declarations resolve to, and the reference that generated code is held to.

Two families (KIP-482). Classic versions prefix a string with an int16 length, bytes and arrays with an int32, and write -1
for null. Flexible ("compact") versions prefix all of them with an unsigned varint of length + 1, and write 0 for null; every
struct ends with a section of tagged fields. A nullable struct has an int8 in front, below 0 for null; as a tagged field,
an unsigned varint, 0 for null.

As in Kafka any negative length is a null, and a string holds at most 32,767 bytes. Beyond Kafka, which does not look, a
tag section must be in ascending order of tags and each field must fill exactly the size stated for it (KIP-482 says so).
No length, count or size goes beyond what the input still holds: it is compared before anything is read or made.

Values are those of the whole package: str, int, float, bool, bytes, lists, None; a uuid is 16 bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from construct import Construct, FormatField, Struct
from construct.core import stream_read

from wire.errors import WireError
from wire.runtime import MAX_INT32, MAX_STRING_BYTES, check_tag, tag_section, uvarint


def remaining(stream: io.BytesIO) -> int:
    """Bytes that are still to be read."""
    return stream.getbuffer().nbytes - stream.tell()


class UnsignedVarint(Construct):  # type: ignore[misc]
    """7 bits a byte, low bits first, at most 5 bytes. Only lengths, counts, tags and sizes use it: 0 to 2**31 - 1."""

    def _parse(self, stream: Any, context: Any, path: str) -> int:
        value = 0
        for shift in range(0, 35, 7):
            byte: int = stream_read(stream, 1, path)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if value > MAX_INT32:
                    raise WireError(f"the varint {value} is above the largest int32", path)
                return value
        raise WireError("a varint goes on after its fifth byte", path)

    def _build(self, obj: int, stream: Any, context: Any, path: str) -> int:
        stream.write(uvarint(obj))
        return obj


def number(fmt: str) -> Any:
    """A big-endian number, by its letter in `struct`."""
    return FormatField(">", fmt)


Int16 = number("h")
Int32 = number("l")
UVarint = UnsignedVarint()


class Uuid(Construct):  # type: ignore[misc]
    """16 bytes, as they are."""

    def _parse(self, stream: Any, context: Any, path: str) -> bytes:
        data: bytes = stream_read(stream, 16, path)
        return data

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        if not isinstance(obj, bytes | bytearray) or len(obj) != 16:
            raise WireError(f"a uuid is 16 bytes, not {obj!r:.60}", path)
        stream.write(obj)
        return obj


class Sized(Construct):  # type: ignore[misc]
    """What has a length or count in front.

    compact: unsigned varint of n + 1, else a classic int. nullable: whether None may stand here.
    """

    classic_length = Int32

    def __init__(self, compact: bool, nullable: bool) -> None:
        super().__init__()
        self.compact = compact
        self.nullable = nullable

    def _read_length(self, stream: Any, context: Any, path: str) -> int | None:
        if self.compact:
            length: int = UVarint._parsereport(stream, context, path) - 1
        else:
            length = self.classic_length._parsereport(stream, context, path)
        if length < 0:
            if not self.nullable:
                raise WireError("null, but it is not nullable", path)
            return None
        return length

    def _take(self, length: int, stream: Any, path: str) -> bytes:
        """The bytes behind the length."""
        if length > remaining(stream):
            raise WireError(f"a length of {length}; bytes left: {remaining(stream)}", path)
        data: bytes = stream_read(stream, length, path)
        return data

    def _write_length(self, length: int | None, stream: Any, context: Any, path: str) -> None:
        if length is None and not self.nullable:
            raise WireError("None, but it is not nullable", path)
        if self.compact:
            UVarint._build(0 if length is None else length + 1, stream, context, path)
        else:
            self.classic_length._build(-1 if length is None else length, stream, context, path)


class String(Sized):
    """UTF-8."""

    classic_length = Int16

    def _parse(self, stream: Any, context: Any, path: str) -> str | None:
        length = self._read_length(stream, context, path)
        if length is None:
            return None
        if length > MAX_STRING_BYTES:
            raise WireError(f"a string of {length} bytes", path)
        data = self._take(length, stream, path)
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise WireError(f"not UTF-8: {error.reason} at its byte {error.start}", path) from error

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        if obj is not None and not isinstance(obj, str):
            raise WireError(f"{type(obj).__name__} where a str belongs", path)
        data = None if obj is None else obj.encode()
        if data is not None and len(data) > MAX_STRING_BYTES:
            raise WireError(f"a string of {len(data)} bytes", path)
        self._write_length(None if data is None else len(data), stream, context, path)
        stream.write(data or b"")
        return obj


class Bytes(Sized):
    """Opaque bytes."""

    def _parse(self, stream: Any, context: Any, path: str) -> bytes | None:
        length = self._read_length(stream, context, path)
        if length is None:
            return None
        return self._take(length, stream, path)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        data = None if obj is None else bytes(memoryview(obj))
        self._write_length(None if data is None else len(data), stream, context, path)
        stream.write(data or b"")
        return obj


class Records(Bytes):
    """Record batches: bytes that the generated code hands on as a view of the input, and never copies on the way out."""


class Array(Sized):
    """Elements of one type behind their count, as a list."""

    def __init__(self, subcon: Any, compact: bool, nullable: bool) -> None:
        super().__init__(compact, nullable)
        self.subcon = subcon

    def _parse(self, stream: Any, context: Any, path: str) -> list[Any] | None:
        count = self._read_length(stream, context, path)
        if count is None:
            return None
        if count * smallest(self.subcon) > remaining(stream):
            raise WireError(f"{count} elements cannot fit into {remaining(stream)} bytes", path)
        return [self.subcon._parsereport(stream, context, path) for _ in range(count)]

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        self._write_length(None if obj is None else len(obj), stream, context, path)
        for element in obj or ():
            self.subcon._build(element, stream, context, path)
        return obj


class NullableStruct(Construct):  # type: ignore[misc]
    """A struct or None. marker: what stands in front, an int8 (below 0: None), or in a tagged field a varint (0: None)."""

    def __init__(self, subcon: Struct, marker: Any) -> None:
        super().__init__()
        self.subcon = subcon
        self.marker = marker
        self.tagged = marker is UVarint

    def _parse(self, stream: Any, context: Any, path: str) -> Any:
        mark = self.marker._parsereport(stream, context, path)
        if mark < self.tagged:
            return None
        return self.subcon._parsereport(stream, context, path)

    def _build(self, obj: Any, stream: Any, context: Any, path: str) -> Any:
        none = 0 if self.tagged else -1
        self.marker._build(none if obj is None else 1, stream, context, path)
        if obj is not None:
            self.subcon._build(obj, stream, context, path)
        return obj


class TaggedField:
    """One known field of a tag section. `is_default(value)`: it need not be written."""

    __slots__ = ("default", "is_default", "name", "subcon", "tag")

    def __init__(
        self, tag: int, name: str, subcon: Any, default: Any, is_default: Callable[[Any], bool]
    ) -> None:
        self.tag = tag
        self.name = name
        self.subcon = subcon
        self.default = default
        self.is_default = is_default


class TagSection(Construct):  # type: ignore[misc]
    """The tagged fields at the end of a flexible struct.

    Parses to {name: value of a known field that was there, UNKNOWN: {tag: bytes} or None}, and builds from the same.
    """

    UNKNOWN = "unknown_tags"

    def __init__(self, fields: list[TaggedField]) -> None:
        super().__init__()
        self.fields = sorted(fields, key=lambda field: field.tag)
        self.by_tag = {field.tag: field for field in fields}

    def _parse(self, stream: Any, context: Any, path: str) -> dict[str, Any]:
        count = UVarint._parsereport(stream, context, path)
        if count * 2 > remaining(stream):
            raise WireError(f"{count} tagged fields cannot fit into {remaining(stream)} bytes", path)
        values: dict[str, Any] = {self.UNKNOWN: None}
        unknown: dict[int, bytes] = {}
        last = -1
        for _ in range(count):
            tag = UVarint._parsereport(stream, context, path)
            size = UVarint._parsereport(stream, context, path)
            check_tag(tag, last, size, remaining(stream), path)
            last, field = tag, self.by_tag.get(tag)
            if field is None:
                unknown[tag] = stream_read(stream, size, path)
                continue
            before, inside = stream.tell(), f"{path} -> {field.name}"
            values[field.name] = field.subcon._parsereport(stream, context, inside)
            if stream.tell() - before != size:
                raise WireError(f"tag {tag} is {stream.tell() - before} bytes long and not {size}", inside)
        values[self.UNKNOWN] = unknown or None
        return values

    def _build(self, obj: dict[str, Any], stream: Any, context: Any, path: str) -> Any:
        known: dict[int, list[bytes]] = {}
        for field in self.fields:
            value = obj[field.name]
            if not field.is_default(value):
                body = io.BytesIO()
                field.subcon._build(value, body, context, f"{path} -> {field.name}")
                known[field.tag] = [body.getvalue()]
        stream.write(b"".join(tag_section(known, obj[self.UNKNOWN])))
        return obj


def smallest(con: Any) -> int:
    """The fewest bytes that a value can take, at least 1: as in Kafka, an array has no more elements than bytes follow."""
    return max(1, _smallest(con))


def _smallest(con: Any) -> int:
    if isinstance(con, FormatField):
        return int(con.length)
    if isinstance(con, Uuid):
        return 16
    if isinstance(con, Sized):
        return 1 if con.compact else int(con.classic_length.length)
    if isinstance(con, Struct):
        return sum(_smallest(sub.subcon) for sub in con.subcons)
    return 1  # a marker, a varint, a tag section
