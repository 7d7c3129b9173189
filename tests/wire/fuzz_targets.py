"""What the fuzzer makes its frames of, and how each kind of them is read.

Requests and responses have a header in front; what is in their `records` fields is read too (`fuzz_records`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.wire.declared import MESSAGES, random_object, versions
from tests.wire.fuzz_records import random_records, read_records_field
from wire import reference, schema
from wire.errors import FrameError, WireError
from wire.framing import FrameReader, frame
from wire.headers import (
    build_request_header,
    build_response_header,
    parse_request_header,
    parse_response_header,
)
from wire.schema import Array, Group, Message

VARIANTS = 3
OLD_RECORDS = {"ProduceRequest": range(3), "FetchResponse": range(4)}  # versions that carry message sets


@dataclass(frozen=True, slots=True)
class Valid:
    """A frame that is right. message: None for record batches without one."""

    message: Message | None
    version: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """valid: what the frames are made of. read(frame, what it was, both): both: read it by construct too.

    Raises: WireError, and nothing else if all is well.
    """

    name: str
    valid: list[Valid]
    read: Callable[[Any, Valid, bool], None]


class Disagreement(Exception):
    """Generated code and construct do not do the same."""


# frames


def valid_frames(kinds: Iterable[str]) -> Iterator[Valid]:
    """Of every message and version of these kinds, the same ones always."""
    for message in MESSAGES:
        if message.kind not in kinds:
            continue
        for version in versions(message):
            random = Random(f"{message.name} v{version}")
            for _ in range(VARIANTS):
                made = random_object(message, version, message.flexible_version(version), random)
                fill_records(
                    made, message.name in OLD_RECORDS and version in OLD_RECORDS[message.name], random
                )
                yield Valid(message, version, head(message, version) + b"".join(message.build(version, made)))


def head(message: Message, version: int) -> bytes:
    if message.key is None or message.kind not in ("request", "response"):
        return b""
    if message.kind == "request":
        return build_request_header(message.key, version, 1, "fuzz")
    return build_response_header(message.key, version, 1)


def fill_records(made: Any, old: bool, random: Random) -> None:
    """Records into the `records` fields, in place of random bytes: batches, or message sets if old."""
    for field in made._group.fields:
        value = getattr(made, field.name)
        if field.type is schema.Records and value:
            setattr(
                made,
                field.name,
                b"".join(random_records(random, old) for _ in range(random.choice((1, 1, 2)))),
            )
        for element in value if isinstance(value, list) else [value]:
            if isinstance(element, schema.WireStruct) and element is not field.default:
                fill_records(element, old, random)


# reading


def read_request(data: Any, valid: Valid, both: bool) -> None:
    """As the broker does: the header says what it is."""
    header, pos = parse_request_header(data)
    message = REQUESTS[header.key]
    if header.version not in message.versions:
        raise WireError(f"{message.name} v{header.version}")
    read_body(message, header.version, data, pos, both)


def read_response(data: Any, valid: Valid, both: bool) -> None:
    """As a client does, which knows what it asked."""
    assert valid.message is not None
    pos = 0
    if valid.message.key is not None:
        _, pos = parse_response_header(valid.message.key, valid.version, data)
    read_body(valid.message, valid.version, data, pos, both)


def read_stored(data: Any, valid: Valid, both: bool) -> None:
    assert valid.message is not None
    read_body(valid.message, valid.version, data, 0, both)


def read_body(message: Message, version: int, data: Any, pos: int, both: bool) -> None:
    try:
        made, end = message.parser(version)(data, pos, len(data))
    except WireError:
        if both and outcome_by_construct(message, version, data, pos) is not None:
            raise Disagreement("construct reads it") from None
        raise
    if not pos <= end <= len(data):
        raise Disagreement(f"it ends at byte {end} of {len(data)}")
    if both and outcome_by_construct(message, version, data, pos) != (made, end):
        raise Disagreement("construct reads something else")
    for records in records_of(message, made):
        read_records_field(records)


def outcome_by_construct(message: Message, version: int, data: Any, pos: int) -> Any:
    try:
        return reference.reference_parse(message, version, data, pos)
    except WireError:
        return None


def records_of(message: Group, made: Any) -> Iterator[Any]:
    """The values of all `records` fields."""
    for field in RECORDS_BELOW.get(message.name, ()):
        value = getattr(made, field.name)
        if field.type is schema.Records:
            yield value or b""
        elif isinstance(field.type, Array):
            for element in value or ():
                yield from records_of(field.type.element, element)  # type: ignore[arg-type]


def read_stream(data: Any, valid: Valid, both: bool) -> None:
    """Frames out of a stream that comes in pieces."""
    reader = FrameReader(limit=1000)
    middle = len(data) // 3
    for piece in (data[:middle], data[middle:]):
        reader.feed(piece)
        for whole in reader:
            if len(whole) > reader.limit:
                raise Disagreement("a frame beyond the limit")
    if reader.pending:
        raise FrameError("it ends within a frame")


def with_records_below(group: Group, found: dict[str, list[Any]]) -> bool:
    """Notes by the group's name which of its fields are or hold `records`."""
    fields = []
    for field in group.fields:
        inner = field.type.element if isinstance(field.type, Array) else field.type
        if inner is schema.Records or (isinstance(inner, Group) and with_records_below(inner, found)):
            fields.append(field)
    if fields:
        found[group.name] = fields
    return bool(fields)


RECORDS_BELOW: dict[str, list[Any]] = {}
for _message in MESSAGES:
    with_records_below(_message, RECORDS_BELOW)
REQUESTS = {m.key: m for m in MESSAGES if m.kind == "request" and m.key is not None}


# targets


def requests() -> Target:
    frames = [f for f in valid_frames({"request"}) if f.message is not None and f.message.key is not None]
    return Target("requests", frames, read_request)


def responses() -> Target:
    return Target("responses", list(valid_frames({"response"})), read_response)


def stored() -> Target:
    return Target("stored", list(valid_frames({"key", "value", "data", "header"})), read_stored)


def records() -> Target:
    random = Random("records")
    frames = [Valid(None, 0, random_records(random, old=n % 2 == 0)) for n in range(400)]
    return Target("records", frames, lambda data, valid, both: read_records_field(data))


def stream() -> Target:
    random = Random("stream")
    sizes = (0, 1, 10, 100, 1000)
    frames = [
        Valid(None, 0, b"".join(frame([random.randbytes(random.choice(sizes))]) for _ in range(3)))
        for _ in range(100)
    ]
    return Target("stream", frames, read_stream)


TARGETS: dict[str, Callable[[], Target]] = {
    made.__name__: made for made in (requests, responses, stored, records, stream)
}
