"""Reading and writing by construct alone: slow, and the measure of what the generated code must do.

The tests hold both against each other. In a running broker it is used to say which field of a malformed message is wrong
(`explain_parse`, `explain_build`): the generated code only knows that something is.
"""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

from construct import ConstructError

from wire.errors import WireError
from wire.primitives import Array, NullableStruct, TagSection
from wire.resolve import TAGS, GroupStruct

if TYPE_CHECKING:
    from wire.schema import Buffer, Message

# An explanation reads the message a second time, some 20 times slower; a hostile peer shall not buy seconds with it.
EXPLAIN_BYTES = 64 * 1024

FAILURES = (
    ConstructError,
    WireError,
    UnicodeError,
    struct.error,
    TypeError,
    AttributeError,
    ValueError,
    LookupError,
)


def reference_parse(message: Message, version: int, buf: Buffer, pos: int = 0) -> tuple[Any, int]:
    """As `Message.parse`. Raises: WireError with the field's path and the byte position."""
    tree = message.struct(version)
    stream = io.BytesIO(memoryview(buf)[pos:])
    try:
        container = tree.parse_stream(stream)
    except FAILURES as error:
        raise _wire_error(message, version, error, pos + stream.tell()) from None
    return to_object(tree, container), pos + stream.tell()


def reference_build(message: Message, version: int, obj: Any) -> list[bytes]:
    """As `Message.build`. Raises: WireError with the field's path."""
    tree = message.struct(version)
    stream = io.BytesIO()
    try:
        tree.build_stream(to_container(tree, obj), stream)
    except FAILURES as error:
        raise _wire_error(message, version, error, None) from None
    return [stream.getvalue()]


def _wire_error(message: Message, version: int, error: Exception, position: int | None) -> WireError:
    path = getattr(error, "path", "") or ""
    fields = ".".join(
        part for part in path.split(" -> ") if part not in ("(parsing)", "(building)", "", TAGS)
    )
    where = f"{message.name} v{version}: {fields}" if fields else f"{message.name} v{version}"
    if isinstance(error, WireError):
        text = error.message
    elif isinstance(error, ConstructError):
        text = (
            "the message ends within the field"
            if position is not None
            else str(error).strip().splitlines()[-1]
        )
    else:
        text = str(error)
    return WireError(text, where, position)


def to_object(tree: Any, value: Any) -> Any:
    """Objects of the groups' classes from what construct parsed."""
    if value is None:
        return None
    if isinstance(tree, Array):
        return [to_object(tree.subcon, element) for element in value]
    if isinstance(tree, NullableStruct):
        return to_object(tree.subcon, value)
    if not isinstance(tree, GroupStruct):
        return value
    made = {}
    for sub in tree.subcons:
        part = value[sub.name]
        if sub.name == TAGS:
            made[TagSection.UNKNOWN] = part[TagSection.UNKNOWN]
            for field in sub.subcon.fields:
                if field.name in part:
                    made[field.name] = to_object(field.subcon, part[field.name])
        else:
            made[sub.name] = to_object(sub.subcon, part)
    return tree.group(**made)


def to_container(tree: Any, obj: Any) -> Any:
    """What construct builds from, of objects."""
    if isinstance(tree, Array):
        return None if obj is None else [to_container(tree.subcon, element) for element in obj]
    if isinstance(tree, NullableStruct):
        return None if obj is None else to_container(tree.subcon, obj)
    if not isinstance(tree, GroupStruct):
        return obj
    if obj is None:  # construct would make an empty one
        raise WireError(f"None where a {tree.group.name} belongs")
    values = {}
    for sub in tree.subcons:
        if sub.name == TAGS:
            section = {TagSection.UNKNOWN: obj.unknown_tags}
            for field in sub.subcon.fields:
                value = getattr(obj, field.name)
                section[field.name] = value if field.is_default(value) else to_container(field.subcon, value)
            values[TAGS] = section
        else:
            values[sub.name] = to_container(sub.subcon, getattr(obj, sub.name))
    return values


def explain_parse(
    message: Message, version: int, buf: Buffer, start: int, end: int, at: int, error: Exception
) -> WireError:
    """The error of a message that the generated code could not read; with the field if that costs little."""
    if end - start <= EXPLAIN_BYTES:
        try:
            reference_parse(message, version, memoryview(buf)[:end], start)
        except WireError as found:
            return found
    text = error.message if isinstance(error, WireError) else f"malformed: {error}"
    return WireError(text, f"{message.name} v{version}", min(at, end))


def explain_build(message: Message, version: int, obj: Any, error: Exception) -> WireError:
    """The error of an object that the generated code could not write."""
    try:
        reference_build(message, version, obj)
    except WireError as found:
        return found
    text = error.message if isinstance(error, WireError) else str(error)
    return WireError(text, f"{message.name} v{version}")
