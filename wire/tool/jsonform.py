"""Messages as JSON, and back to the same bytes.

    {"message": "FetchRequest", "version": 12, "framed": true,
     "header": {"request_api_key": 1, ..., "client_id": "me"},
     "body": {"max_wait_ms": 500, "topics": [...], "unknown_tags": {"9": {"hex": "00ff"}}}}

`framed`: a length stands in front. Without `header` the body is bare; `"prefixed": true`: its version stands in front. A
tagged field that was not written is left out. Names are those of the declarations, as error messages have them.

Bytes are {"text": "orders"} where they are printable UTF-8, else {"hex": "00ff"}; {"base64": "AP8="} is taken too. A uuid is
written as Kafka's tools do (22 letters of base64); the form with dashes is taken too. A number that JSON has no word for
(NaN, infinity) is {"hex": ...} of its bytes. `wire.tool.recordsform` tells what is in `records`.

One rule makes the way back exact: what the fields alone would not give again (a varint longer than it need be, bytes behind
the message, input that ends early) stands beside them as `raw`, in hex, and if there is a `raw`, it is what counts.
"""

from __future__ import annotations

import base64
import binascii
import math
import struct
import uuid
from difflib import get_close_matches
from typing import Any

from wire import schema
from wire.catalog import all_messages
from wire.errors import WireError
from wire.headers import request_header_version, response_header_version
from wire.messages.headers import RequestHeader, ResponseHeader
from wire.resolve import TAGS
from wire.schema import UNKNOWN_TAGS, Array, Field, Group, Message, Type
from wire.tool import recordsform
from wire.tool.decoding import Decoded, faults
from wire.tool.trace import Piece

Json = dict[str, Any]

MEMBERS = {"message", "version", "framed", "prefixed", "header", "body", "errors", "raw"}


# from pieces


def to_json(decoded: Decoded) -> Json:
    """One message as JSON data."""
    made: Json = {}
    if decoded.message:
        made |= {"message": decoded.message.name, "version": decoded.version}
    for part in decoded.parts:
        if part.name == "length":
            made["framed"] = True
        elif part.name == "version":
            made["prefixed"] = True
        elif part.name in ("header", "body"):
            made[part.name] = of_piece(part)
    problems = [str(decoded.error)] if decoded.error else []
    problems += [str(fault) for fault, _ in faults(decoded)]
    if problems:
        made["errors"] = problems
    try:
        exact = not decoded.error and to_bytes(made) == decoded.data
    except WireError:
        exact = False
    if not exact:
        made["raw"] = decoded.data.hex()
    return made


def of_piece(piece: Piece) -> Any:
    """A piece as JSON data."""
    if piece.shape == "value":
        return of_value(piece.type, piece.value)
    if piece.value is None:
        return None
    if piece.shape == "list":
        return [of_piece(inner) for inner in piece.inner]
    if piece.shape == "batches":
        return recordsform.of_records(piece)
    made: Json = {}
    for inner in piece.inner:
        if inner.name == TAGS:
            made |= _of_tags(inner)
        else:
            made[inner.name] = of_piece(inner)
    return made


def _of_tags(piece: Piece) -> Json:
    made: Json = {}
    unknown = {}
    for label in piece.inner:
        for inner in label.inner:
            if inner.name == label.name:
                unknown[inner.name] = recordsform.of_bytes(inner.value)
            else:
                made[inner.name] = of_piece(inner)
    if unknown:
        made[UNKNOWN_TAGS] = unknown
    return made


def of_value(type_: str, value: Any) -> Any:
    """A single value."""
    if type_ == "uuid":
        return uuid_text(value)
    if isinstance(value, list):
        return [of_value("", element) for element in value]
    if isinstance(value, bytes):
        return recordsform.of_bytes(value)
    if isinstance(value, float) and not math.isfinite(value):
        return {"hex": struct.pack(">d", value).hex()}
    return value


def uuid_text(data: bytes) -> str:
    """As Kafka's tools print it."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


# to bytes


def to_bytes(data: Json) -> bytes:
    """The bytes of one message. Raises: WireError that says where the JSON is wrong."""
    if not isinstance(data, dict):
        raise WireError(f"{_kind(data)} where a message belongs: an object with message, version and body")
    if "raw" in data:
        return recordsform.hex_bytes(data["raw"], "raw")
    if unknown := sorted(set(data) - MEMBERS):
        raise WireError(f"a message has no {unknown[0]!r}{nearest(unknown[0], sorted(MEMBERS))}")
    message = _message(data.get("message"))
    version = _integer(data.get("version"), "version")
    if version not in message.versions:
        raise WireError(f"{message.name} has the versions {message.versions}, and no {version}", "version")
    body = b"".join(message.build(version, made_of(message, version, data.get("body", {}), "body")))
    if data.get("prefixed"):
        body = struct.pack(">h", version) + body
    if "header" in data:
        body = _header(message, version, data["header"]) + body
    return len(body).to_bytes(4, "big") + body if data.get("framed") else body


def _message(name: Any) -> Message:
    names = {message.name: message for message in all_messages()}
    if name not in names:
        raise WireError(f"no message is called {name!r}{nearest(str(name), list(names))}", "message")
    return names[name]


def _header(message: Message, version: int, data: Any) -> bytes:
    if message.kind == "request" and isinstance(data, dict):
        data = {"request_api_key": message.key, "request_api_version": version, **data}
    if message.key is None or message.kind not in ("request", "response"):
        raise WireError(f"in front of {message.name} there is no header", "header")
    declared = RequestHeader if message.kind == "request" else ResponseHeader
    number = (request_header_version if message.kind == "request" else response_header_version)(
        message.key, version
    )
    return b"".join(declared.build(number, made_of(declared, number, data, "header")))


def made_of(group: Group, version: int, data: Any, path: str) -> Any:
    """An object of a group from JSON data. Raises: WireError."""
    if not isinstance(data, dict):
        raise WireError(f"{_kind(data)} where an object with the fields of {group.name} belongs", path)
    made = group()
    fields = {field.name: field for field in group.fields}
    for name, value in data.items():
        where = f"{path}.{name}"
        if name == UNKNOWN_TAGS:
            made.unknown_tags = _unknown_tags(value, where)
        elif name not in fields:
            raise WireError(f"{group.name} has no such field{nearest(name, list(fields))}", where)
        elif version not in fields[name].versions:
            raise WireError(
                f"it is a field of the versions {fields[name].versions}, and not of {version}", where
            )
        else:
            setattr(made, name, _field(fields[name], version, value, where))
    return made


def _unknown_tags(value: Any, path: str) -> dict[int, bytes]:
    if not isinstance(value, dict) or not all(tag.isdecimal() for tag in value):
        raise WireError("an object belongs here, with numbers of tags as its keys", path)
    return {int(tag): recordsform.bytes_of(data, f"{path}.{tag}") for tag, data in value.items()}


def _field(field: Field, version: int, value: Any, path: str) -> Any:
    if value is None:
        if version not in field.nullable:
            raise WireError(f"null, but it is not nullable in version {version}", path)
        return None
    kind = field.type
    if not isinstance(kind, Array):
        return _value(kind, version, value, path)
    if not isinstance(value, list):
        raise WireError(f"{_kind(value)} where an array belongs", path)
    return [_value(kind.element, version, item, f"{path}[{index}]") for index, item in enumerate(value)]


def _value(kind: Type | Group, version: int, value: Any, path: str) -> Any:
    if isinstance(kind, Group):
        return made_of(kind, version, value, path)
    if kind is schema.Bool:
        return _expect(value, bool, "true or false", path)
    if kind is schema.Float64:
        if isinstance(value, dict):
            data = recordsform.bytes_of(value, path)
            if len(data) != 8:
                raise WireError(f"a float64 has 8 bytes, not {len(data)}", path)
            return struct.unpack(">d", data)[0]
        return float(_expect(value, (int, float), "a number", path))
    if kind.fmt:
        return _integer(value, path)
    if kind is schema.String:
        return _expect(value, str, "a string", path)
    if kind is schema.Uuid:
        return uuid_bytes(_expect(value, str, "a uuid", path), path)
    if kind is schema.Records:
        return recordsform.records_of(value, path)
    return recordsform.bytes_of(value, path)


def uuid_bytes(text: str, path: str) -> bytes:
    """A uuid of either form."""
    try:
        if len(text) == 22:
            return base64.b64decode(text + "==", altchars=b"-_", validate=True)
        return uuid.UUID(text).bytes
    except (ValueError, binascii.Error):
        raise WireError(f"{text!r} is no uuid", path) from None


def _integer(value: Any, path: str) -> int:
    made: int = _expect(value, int, "an integer", path)
    return made


def _expect(value: Any, types: Any, what: str, path: str) -> Any:
    if not isinstance(value, types) or (isinstance(value, bool) and types is not bool):
        raise WireError(f"{_kind(value)} where {what} belongs", path)
    return value


def _kind(value: Any) -> str:
    names = {
        dict: "an object",
        list: "an array",
        str: "a string",
        bool: "true or false",
        type(None): "nothing",
    }
    return names.get(type(value), "a number")


def nearest(name: str, names: list[str]) -> str:
    """ "; nearest: NAME", or nothing."""
    close = get_close_matches(name, names, 1)
    return f"; nearest: {close[0]}" if close else ""
