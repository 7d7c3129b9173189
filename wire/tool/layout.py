"""Declarations as columns: the list of APIs, a message in all its versions, a message as one version writes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from wire import schema
from wire.catalog import all_messages, apis
from wire.errors import WireError
from wire.headers import request_header_version, response_header_version
from wire.messages.headers import RequestHeader, ResponseHeader
from wire.primitives import Array, NullableStruct, Sized, String, TagSection, Uuid
from wire.resolve import GroupStruct
from wire.schema import Field, Group, Message, Versions
from wire.tool.jsonform import nearest
from wire.tool.table import columns
from wire.tool.trace import type_name


class ApiRow(NamedTuple):
    """One API. flexible: the first version that is, or None. headers: their versions, in the first and the last version."""

    key: int
    name: str
    versions: str
    flexible: int | None
    request_headers: str
    response_headers: str


def api_rows() -> list[ApiRow]:
    """All APIs, by key."""
    made = []
    for key, (request, _) in apis().items():
        first, last = request.versions
        known = request.flexible
        flexible = known.first if known.first <= min(known.last, last) else None
        spans = [
            str(Versions(of(key, first), of(key, last)))
            for of in (request_header_version, response_header_version)
        ]
        made.append(
            ApiRow(
                key, request.name.removesuffix("Request"), str(request.versions), flexible, spans[0], spans[1]
            )
        )
    return made


def api_lines() -> Iterator[str]:
    """The list of APIs as columns."""
    headings = ("key", "API", "versions", "flexible", "request header", "response header")
    cells = [
        (str(row.key), row.name, row.versions, "no" if row.flexible is None else f"{row.flexible}+", *row[4:])
        for row in api_rows()
    ]
    yield from columns([headings, *cells], right=1)


def find(name: str) -> list[Message]:
    """The messages that a person may mean: by name, by API (both), or by API key. Raises: WireError."""
    folded = {message.name.lower(): message for message in all_messages()}
    if name.lower() in folded:
        return [folded[name.lower()]]
    if name.isdecimal() and int(name) in apis():
        return list(apis()[int(name)])
    both = [folded[name.lower() + kind] for kind in ("request", "response") if name.lower() + kind in folded]
    if not both:
        names = [message.name for message in all_messages()]
        names += [known.removesuffix("Request") for known in names if known.endswith("Request")]
        raise WireError(f"no such message: {name}{nearest(name, names)}")
    return both


def message_lines(message: Message) -> Iterator[str]:
    """A message in all its versions."""
    yield f"{message.name}: {_kind(message)}, versions {message.versions}, flexible {_flexible(message)}"
    rows = [("field", "type", "versions", "nullable", "tag", "default"), *_all_fields(message.fields, "  ")]
    yield from columns(rows)


def _all_fields(fields: tuple[Field, ...], before: str) -> Iterator[tuple[str, ...]]:
    for field in fields:
        tag = "" if field.tag is None else f"{field.tag} in {field.tagged}"
        nullable = str(field.nullable) if field.nullable.first <= field.nullable.last else ""
        yield before + field.name, field.type.name, str(field.versions), nullable, tag, default_text(field)
        element = field.type.element if isinstance(field.type, schema.Array) else field.type
        if isinstance(element, Group):
            yield from _all_fields(element.fields, before + "  ")


def version_lines(message: Message, version: int, header: bool) -> Iterator[str]:
    """A message as a version writes it, in the order of the wire. header: also what stands in front.

    Raises: WireError for a version that does not exist.
    """
    tree = message.struct(version)
    rows: list[tuple[str, ...]] = [("field", "type", "null", "tag", "default", "on the wire")]
    if header and message.key is not None and message.kind in ("request", "response"):
        request = message.kind == "request"
        declared = RequestHeader if request else ResponseHeader
        number = (request_header_version if request else response_header_version)(message.key, version)
        rows.append(("length", "int32", "", "", "", "4 bytes: how many follow"))
        rows.append((f"{declared.name} v{number}", "", "", "", "", ""))
        rows += _struct(declared.struct(number), "  ")
        rows.append((f"{message.name} v{version}", "", "", "", "", ""))
    rows += _struct(tree, "  ")
    flexible = "flexible" if message.flexible_version(version) else "classic"
    yield f"{message.name} v{version}: {_kind(message)}, {flexible} encoding"
    yield from columns(rows)


def _struct(tree: GroupStruct, before: str) -> Iterator[tuple[str, ...]]:
    fields = {field.name: field for field in tree.group.fields}
    for sub in tree.subcons:
        if not isinstance(sub.subcon, TagSection):
            yield from _field(fields[sub.name], sub.subcon, before, "")
            continue
        yield (
            f"{before}tagged fields",
            "",
            "",
            "",
            "",
            "uvarint n, then n of tag, size, content",
        )
        for tagged in sub.subcon.fields:
            yield from _field(fields[tagged.name], tagged.subcon, before + "  ", str(tagged.tag))


def _field(field: Field, con: Any, before: str, tag: str) -> Iterator[tuple[str, ...]]:
    null = "yes" if getattr(con, "nullable", isinstance(con, NullableStruct)) else ""
    yield before + field.name, type_name(con), null, tag, default_text(field), encoding(con)
    inner = con.subcon if isinstance(con, Array | NullableStruct) else con
    if isinstance(inner, GroupStruct):
        yield from _struct(inner, before + "  ")


def encoding(con: Any) -> str:
    """How a value is written."""
    if isinstance(con, Uuid):
        return "16 bytes"
    if isinstance(con, GroupStruct):
        return "its fields"
    if isinstance(con, NullableStruct):
        return "uvarint 0: null, else its fields" if con.tagged else "int8 below 0: null, else its fields"
    if not isinstance(con, Sized):
        return f"{con.length} byte{'s' if con.length > 1 else ''}"
    what = "elements" if isinstance(con, Array) else "bytes"
    if con.compact:
        return f"uvarint n + 1, then n {what}" + ("; 0: null" if con.nullable else "")
    prefix = "int16" if isinstance(con, String) else "int32"
    return f"{prefix} n, then n {what}" + ("; -1: null" if con.nullable else "")


def default_text(field: Field) -> str:
    """The default, if it is one of its own."""
    if not field.has_default:
        return ""
    value = field.default
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else repr(value) if value == "" else str(value)


def _kind(message: Message) -> str:
    if message.kind in ("request", "response"):
        return f"{message.kind} of API {message.key}"
    if message.kind in ("key", "value"):
        return f"record {message.kind} of type {message.key}"
    return message.kind


def _flexible(message: Message) -> str:
    flexible = message.flexible
    return str(flexible) if flexible.first <= min(flexible.last, message.versions.last) else "none"
