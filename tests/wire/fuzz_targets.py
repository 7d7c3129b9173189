"""What the fuzzer makes its frames of, and how each kind of them is read.

Requests and responses have a header in front. `records` fields hold record batches of every codec, some of them with
spoiled content under a right checksum, and are walked batch by batch: checksum, decompression, every record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.wire.declared import MESSAGES, random_object, versions
from tests.wire.mutations import spoiled
from wire import reference, schema
from wire.errors import FrameError, WireError
from wire.framing import FrameReader, frame
from wire.headers import (
    build_request_header,
    build_response_header,
    parse_request_header,
    parse_response_header,
)
from wire.records import batch as batches
from wire.records.batch import Codec, iterate_batches, read_header, verify_crc
from wire.records.compression import compress
from wire.records.record import Record, build_batch, read_records, unpack_records, walk_records
from wire.schema import Array, Group, Message

UNPACKED_BYTES = 256 * 1024
VARIANTS = 3


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
                fill_records(made, random)
                yield Valid(message, version, head(message, version) + b"".join(message.build(version, made)))


def head(message: Message, version: int) -> bytes:
    if message.key is None or message.kind not in ("request", "response"):
        return b""
    if message.kind == "request":
        return build_request_header(message.key, version, 1, "fuzz")
    return build_response_header(message.key, version, 1)


def fill_records(made: Any, random: Random) -> None:
    """Record batches into the `records` fields, in place of random bytes."""
    for field in made._group.fields:
        value = getattr(made, field.name)
        if field.type is schema.Records and value:
            setattr(made, field.name, b"".join(random_batch(random) for _ in range(random.choice((1, 1, 2)))))
        for element in value if isinstance(value, list) else [value]:
            if isinstance(element, schema.WireStruct) and element is not field.default:
                fill_records(element, random)


def random_batch(random: Random) -> bytes:
    """A batch of any codec. What is compressed may be spoiled, since no mutation of the frame gets there."""
    records = [
        Record(0, 1_700_000_000_000 + n, random.choice((None, b"", b"key")), value, headers)
        for n, (value, headers) in enumerate(random.choices(CONTENTS, k=random.choice((1, 2, 5))))
    ]
    codec = random.choice(list(Codec))
    plain = build_batch(records, attributes=random.choice((0, 0, 8, 0x10)))
    if random.random() < 0.5:
        return plain if codec == Codec.NONE else build_batch(records, codec=codec)
    body = spoiled(plain[batches.HEADER_SIZE :], random, [plain])
    packed = compress(codec, body * (3000 if random.random() < 0.1 else 1))
    header = read_header(plain)._replace(attributes=codec, batch_length=len(packed) + 49)
    return batches.pack_header(header, [packed]) + packed


CONTENTS = [
    (b"value", ()),
    (None, (("header", b"x"), ("empty", None))),
    (bytes(300), ()),
    (b"", (("", b""),)),
]


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
        read_batches(records)


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


def read_batches(data: Any) -> None:
    """Every batch by every reader, whatever the one before said of it. Raises: WireError of the last refusal."""
    refused: WireError | None = None
    for pos, header in iterate_batches(data):
        for step in (
            lambda at, head: verify_crc(data, head, at),
            lambda at, head: read_records(data, head, at, UNPACKED_BYTES),
            lambda at, head: walk_records(unpack_records(data, head, at, UNPACKED_BYTES), head),
        ):
            try:
                step(pos, header)
            except WireError as error:
                refused = error
    if refused is not None:
        raise refused


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
    frames = [Valid(None, 2, random_batch(random)) for _ in range(300)]
    return Target("records", frames, lambda data, valid, both: read_batches(data))


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
