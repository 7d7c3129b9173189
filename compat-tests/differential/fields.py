"""Messages as plain data: dicts of the fields that a version has, lists, numbers, strings and bytes.

Plain data can be compared, walked, changed and put together again without a word about any API. Names of fields are
those of the declarations in wire/messages; unknown tagged fields stand under `unknown_tags` where there are some.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from wire.catalog import apis
from wire.errors import WireError
from wire.headers import build_request_header, parse_request_header, parse_response_header
from wire.schema import UNKNOWN_TAGS, Array, Group, Message


class Request(NamedTuple):
    """A request frame (without its length) in fields."""

    key: int
    version: int
    correlation_id: int
    client_id: str | None
    body: dict[str, Any]


@cache
def declared() -> dict[int, tuple[Message, Message]]:
    """(request, response) by API key."""
    return apis()


def api_name(key: int) -> str:
    """`Fetch` for 1."""
    return declared()[key][0].name.removesuffix("Request")


def to_plain(group: Group, version: int, value: Any) -> dict[str, Any]:
    """An instance of a group as a dict of the fields that the version has."""
    plain = {
        field.name: _each(field.type, getattr(value, field.name), lambda g, v: to_plain(g, version, v))
        for field in group.fields
        if version in field.versions
    }
    if value.unknown_tags:
        plain[UNKNOWN_TAGS] = dict(value.unknown_tags)
    return plain


def from_plain(group: Group, plain: dict[str, Any]) -> Any:
    """The opposite of `to_plain`; fields that are not given have their defaults."""
    types = {field.name: field.type for field in group.fields}
    values = {
        name: _each(types[name], value, from_plain) if name in types else value
        for name, value in plain.items()
    }
    return group(**values)


def _each(type_: Any, value: Any, convert: Callable[[Group, Any], Any]) -> Any:
    """A value of a field, its structs converted."""
    if value is None:
        return None
    if isinstance(type_, Array):
        return [_each(type_.element, item, convert) for item in value]
    if isinstance(type_, Group):
        return convert(type_, value)
    return bytes(value) if isinstance(value, memoryview | bytearray) else value


def parse_request(frame: bytes) -> Request:
    """Raises: WireError; KeyError for an API that is not declared."""
    header, at = parse_request_header(frame)
    message = declared()[header.key][0]
    body, _ = message.parse(header.version, frame, at)
    return Request(*header, to_plain(message, header.version, body))


def build_request(request: Request) -> bytes:
    """The frame, without its length. Raises: WireError."""
    message = declared()[request.key][0]
    head = build_request_header(request.key, request.version, request.correlation_id, request.client_id)
    return b"".join([head, *message.build(request.version, from_plain(message, request.body))])


def parse_answer(key: int, version: int, frame: bytes) -> dict[str, Any]:
    """The fields of an answer. An ApiVersions answer with an error is in version 0 whatever was asked (KIP-511).

    Raises: WireError, also for bytes behind the message.
    """
    message = declared()[key][1]
    _, at = parse_response_header(key, version, frame)
    if key == 18 and frame[4:6] == b"\0\x23":
        version = 0
    body, end = message.parse(version, frame, at)
    if end != len(frame):
        raise WireError(f"{len(frame) - end} bytes behind the message", message.name, end)
    return to_plain(message, version, body)


def has_error(body: Any, codes: set[int]) -> bool:
    """Whether an answer holds one of these error codes, anywhere."""
    if isinstance(body, list):
        return any(has_error(item, codes) for item in body)
    if not isinstance(body, dict):
        return False
    return body.get("error_code") in codes or any(has_error(item, codes) for item in body.values())
