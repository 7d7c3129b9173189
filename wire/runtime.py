"""What generated code calls in its rare branches, and the few rules that both paths share.

Here are the long varints, the sections of tagged fields, and nothing of construct: headers use some of it before the first
message is parsed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wire.errors import WireError

if TYPE_CHECKING:
    from wire.schema import Buffer

MAX_STRING_BYTES = 0x7FFF
MAX_INT32 = 0x7FFFFFFF


def uvarint(value: int) -> bytes:
    """The bytes of an unsigned varint."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def check_tag(tag: int, last: int, size: int, left: int, path: str = "") -> None:
    """The rules of a tag section that hold before the field is looked at."""
    if tag <= last:
        raise WireError(f"tag {tag} comes behind tag {last}", path)
    if size > left:
        raise WireError(f"tag {tag} announces {size} bytes of {left}", path)


def tag_section(known: dict[int, list[bytes]], unknown: dict[int, bytes] | None) -> list[bytes]:
    """The pieces of a tag section: known fields as pieces by tag, and unknown ones, all in ascending order of tags."""
    fields: dict[int, Any] = dict(known)
    for tag, data in (unknown or {}).items():
        if tag in fields or not 0 <= tag <= MAX_INT32:
            raise WireError(f"{tag} cannot be the tag of an unknown field")
        fields[tag] = [bytes(memoryview(data))]
    out = [uvarint(len(fields))]
    for tag in sorted(fields):
        out += (uvarint(tag), uvarint(sum(map(len, fields[tag]))), *fields[tag])
    return out


def long_varint(buf: Buffer, pos: int, first: int) -> tuple[int, int]:
    """(value, position) of a varint whose first byte, `first`, stands before pos and says that more follow."""
    value = first & 0x7F
    for shift in (7, 14, 21, 28):
        byte = buf[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value > MAX_INT32:
                break
            return value, pos
    raise WireError("a varint beyond the largest int32")


def long_string(buf: Buffer, pos: int, first: int) -> tuple[int, int]:
    """As `long_varint`, for the length of a string."""
    value, pos = long_varint(buf, pos, first)
    if value > MAX_STRING_BYTES + 1:
        raise WireError(f"a string of {value - 1} bytes")
    return value, pos


def next_tag(buf: Buffer, pos: int, end: int, last: int) -> tuple[int, int, int]:
    """(tag, position of its content, position behind it), checked."""
    tag, pos = varint(buf, pos)
    size, pos = varint(buf, pos)
    check_tag(tag, last, size, end - pos)
    return tag, pos, pos + size


def varint(buf: Buffer, pos: int) -> tuple[int, int]:
    """(value, position behind it)."""
    first = buf[pos]
    return (first, pos + 1) if first < 0x80 else long_varint(buf, pos + 1, first)


def unknown_fields(buf: Buffer, pos: int, end: int, count: int) -> tuple[dict[int, bytes] | None, int]:
    """The fields of a section of which none is known."""
    fields: dict[int, bytes] = {}
    last = -1
    if count > 0x7F:
        count, pos = long_varint(buf, pos, count)
    for _ in range(count):
        last, start, pos = next_tag(buf, pos, end, last)
        fields[last] = bytes(buf[start:pos])
    return fields or None, pos  # a count of 0 may be written in several bytes


def string_length(n: int) -> bytes:
    """The length in front of a compact string; n: its bytes + 1."""
    if n > MAX_STRING_BYTES + 1:
        raise WireError(f"a string of {n - 1} bytes")
    return uvarint(n)


def fail(text: str) -> Any:
    """Raise, from within an expression."""
    raise WireError(text)
