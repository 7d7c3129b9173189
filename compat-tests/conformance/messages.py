"""Requests as frames and answers as objects, through the declarations in `wire`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from wire.catalog import all_messages
from wire.headers import build_request_header, parse_response_header, request_header_version
from wire.schema import Array, Group, Message


def message_of(request: Any) -> Message:
    """The declaration behind an object such as FetchRequest(...)."""
    message = request._group
    assert isinstance(message, Message), f"{message.name} is a part of a message"
    return message


def response_of(request: Message) -> Message:
    """The declaration of the answer to a request."""
    name = request.name.removesuffix("Request")
    module = "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")
    answer = getattr(import_module(f"wire.messages.{module}"), name + "Response")
    assert isinstance(answer, Message)
    return answer


def make(group: Group, values: dict[str, Any]) -> Any:
    """A message from plain data, structs as dicts: make(ListOffsetsRequest, {"replica_id": -1, "topics": [{"name": "t"}]}).

    Raises: TypeError for a field that it does not have.
    """
    types = {field.name: field.type for field in group.fields}
    return group(**{name: _made(types.get(name), value) for name, value in values.items()})


def _made(kind: Any, value: Any) -> Any:
    if isinstance(kind, Array) and value is not None:
        return [_made(kind.element, item) for item in value]
    return make(kind, value) if isinstance(kind, Group) and isinstance(value, dict) else value


def all_requests() -> list[Message]:
    """Every request that Kafka has, by key."""
    requests = [message for message in all_messages() if message.kind == "request"]
    return sorted(requests, key=lambda message: message.key or 0)


def frame(
    request: Any,
    version: int,
    correlation_id: int = 1,
    client_id: str | None = "conformance",
    *,
    header_tags: bytes = b"",
    trailing: bytes = b"",
) -> bytes:
    """A whole request on the wire, length included.

    header_tags: a tagged-field section to put in place of the empty one of header v2 (its count included).
    trailing: bytes behind the body, inside the frame.
    """
    message = message_of(request)
    assert message.key is not None
    header = build_request_header(message.key, version, correlation_id, client_id)
    if header_tags:
        assert request_header_version(message.key, version) == 2, "only header v2 has tagged fields"
        header = header[:-1] + header_tags
    body = b"".join([header, *(bytes(part) for part in message.build(version, request)), trailing])
    return len(body).to_bytes(4, "big") + body


def parse_answer(request: Message, version: int, data: bytes) -> tuple[int, Any]:
    """(correlation id, response) of a frame without its length.

    Raises: WireError if it is not what the version's schema says; AssertionError if bytes remain behind it.
    """
    assert request.key is not None
    correlation_id, pos = parse_response_header(request.key, version, data)
    response, end = response_of(request).parser(version)(data, pos)
    left = data[end:]
    assert not left, f"{len(left)} bytes stand behind the answer's end: {left[:32].hex(' ')}"
    return correlation_id, response
