"""Frames, headers and bodies: from bytes to a `Decoded`, which holds every piece that could be read and what went wrong.

Whether a length stands in front of a message is seen from the bytes: it does if the first four are exactly the number of
bytes behind them, and for a request also if they can be no API key and version. Of a request the header says the rest; of an
answer the request must be known.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from wire.catalog import apis
from wire.errors import ErrorCode, WireError
from wire.framing import foreign_protocol
from wire.headers import API_VERSIONS, request_header_version, response_header_version
from wire.messages.headers import RequestHeader, ResponseHeader
from wire.schema import Message
from wire.tool.trace import Piece, TraceError, trace
from wire.tool.unfold import Unfolder

LENGTH = 4
FRAMED = {"auto": None, "yes": True, "no": False}


@dataclass(slots=True)
class Decoded:
    """One message, as far as it could be read. data: all its bytes. parts: length, header, version and body, what is there,
    in order. message, version: of the body, once known. error: why the reading ended early."""

    data: bytes
    parts: list[Piece] = field(default_factory=list)
    message: Message | None = None
    version: int = -1
    error: TraceError | None = None

    def part(self, name: str) -> Piece | None:
        """One of the parts, if it is there."""
        return next((part for part in self.parts if part.name == name), None)

    def value(self, name: str) -> object:
        """The value of a field of the header."""
        header = self.part("header")
        return next((piece.value for piece in header.inner if piece.name == name), None) if header else None

    @property
    def title(self) -> str:
        return f"{self.message.name} v{self.version}" if self.message else "unknown message"


class _Reader:
    """Reads part after part of one message; the first error ends it."""

    def __init__(self, data: bytes) -> None:
        self.done = Decoded(data)
        self.pos = 0
        self.end = len(data)  # of the frame
        self.unfold = Unfolder()

    def fail(self, text: str, start: int, end: int, path: str = "") -> None:
        raise TraceError(text, path, start, end)

    def length(self) -> None:
        """The length in front. Raises: TraceError if it is not the number of bytes that follow."""
        data = self.done.data
        if len(data) < LENGTH:
            self.fail(f"{len(data)} bytes cannot hold the length in front", 0, len(data))
        stated = int.from_bytes(data[:LENGTH], "big", signed=True)
        piece = Piece("length", "int32", "value", 0, LENGTH, LENGTH, stated)
        self.done.parts.append(piece)
        self.pos = LENGTH
        if foreign := foreign_protocol(data[:LENGTH]):
            self.fail(foreign, 0, LENGTH, "length")
        if stated < 0:
            self.fail("a negative length", 0, LENGTH, "length")
        if stated != len(data) - LENGTH:
            piece.note = f"{len(data) - LENGTH} bytes follow"
            self.end = min(self.end, LENGTH + stated)

    def traced(self, name: str, message: Message, version: int) -> Piece:
        """A part that is a declared message."""
        if version not in message.versions:
            self.fail(
                f"{message.name} has the versions {message.versions}, and no {version}", self.pos, self.pos
            )
        part = Piece(name, f"{message.name} v{version}", "struct", self.pos, self.pos, self.pos, 1)
        self.done.parts.append(part)
        self.pos = trace(message, version, self.done.data[: self.end], self.pos, part, self.unfold)
        return part

    def body(self, message: Message, version: int) -> None:
        """The body, and a word about what stands behind it."""
        self.done.message, self.done.version = message, version
        self.traced("body", message, version)
        self.rest()

    def rest(self) -> None:
        data = self.done.data
        if self.pos < len(data):
            end = len(data)
            rest = Piece("rest", "bytes", "value", self.pos, end, end, data[self.pos :])
            rest.note = f"{end - self.pos} bytes behind the message"
            self.done.parts.append(rest)

    def request(self) -> None:
        """Header and body of a request."""
        data, start = self.done.data, self.pos
        if len(data) - start < 8:
            self.fail(
                f"{len(data) - start} bytes: too short for a request header",
                start,
                len(data),
                "request header",
            )
        key = int.from_bytes(data[start : start + 2], "big", signed=True)
        version = int.from_bytes(data[start + 2 : start + 4], "big", signed=True)
        known = apis().get(key)
        if known is None:
            self.fail(f"there is no API with the key {key}", start, start + 2, "request_api_key")
            return
        self.traced("header", RequestHeader, request_header_version(key, version))
        if version not in known[0].versions:
            text = f"{known[0].name} has the versions {known[0].versions}, and no {version}"
            self.fail(text, start + 2, start + 4, "request_api_version")
        self.body(known[0], version)

    def response(self, message: Message, version: int) -> None:
        """Header and body of an answer to a request of that version."""
        assert message.key is not None
        self.traced("header", ResponseHeader, response_header_version(message.key, version))
        unsupported = ErrorCode.UNSUPPORTED_VERSION.to_bytes(2, "big")
        if message.key == API_VERSIONS and self.done.data[self.pos : self.pos + 2] == unsupported:
            self.done.parts[-1].note = "the version of the request was refused: the answer is v0 (KIP-511)"
            version = 0
        self.body(message, version)

    def prefixed(self, message: Message) -> None:
        """A body behind its version."""
        data, start = self.done.data, self.pos
        if len(data) - start < 2:
            self.fail(f"{len(data) - start} bytes cannot hold a version", start, len(data), "version")
        version = int.from_bytes(data[start : start + 2], "big", signed=True)
        self.pos += 2
        self.done.parts.append(Piece("version", "int16", "value", start, self.pos, self.pos, version))
        if version not in message.versions:
            text = f"{message.name} has the versions {message.versions}, and no {version}"
            self.fail(text, start, self.pos, "version")
        self.body(message, version)


def decode_request(data: bytes, framed: bool | None = None) -> Decoded:
    """A request. framed: whether a length stands in front; None: to be seen."""
    reader = _Reader(data)
    try:
        if framed is None:
            framed = exact_length(data) or not plausible_request(data)
        if framed:
            reader.length()
        reader.request()
    except TraceError as error:
        reader.done.error = error
    return reader.done


def decode_response(data: bytes, message: Message, version: int, framed: bool | None = None) -> Decoded:
    """An answer to a request of that version."""
    reader = _Reader(data)
    try:
        if framed or (framed is None and exact_length(data)):
            reader.length()
        reader.response(message, version)
    except TraceError as error:
        reader.done.error = error
    return reader.done


def decode_body(data: bytes, message: Message, version: int | None) -> Decoded:
    """A bare body; version None: it stands in front, an int16."""
    reader = _Reader(data)
    try:
        if version is None:
            reader.prefixed(message)
        else:
            reader.body(message, version)
    except TraceError as error:
        reader.done.error = error
    return reader.done


def exact_length(data: bytes) -> bool:
    """Whether the first four bytes are the number of those behind them."""
    return len(data) >= LENGTH and int.from_bytes(data[:LENGTH], "big") == len(data) - LENGTH


def plausible_request(data: bytes) -> bool:
    """Whether the first four bytes can be an API key and one of its versions."""
    known = apis().get(int.from_bytes(data[:2], "big", signed=True))
    return known is not None and int.from_bytes(data[2:4], "big", signed=True) in known[0].versions


def faults(decoded: Decoded) -> list[tuple[WireError, bytes]]:
    """What is wrong inside pieces, with full paths, each with the bytes in which its position counts."""
    found: list[tuple[WireError, bytes]] = []

    def look(piece: Piece, data: bytes, path: str) -> None:
        inner = data if piece.data is None else piece.data
        if piece.fault:
            found.append((WireError(piece.fault.message, path, piece.fault.position), inner))
        for child in piece.inner:
            step = child.name if child.name.startswith("[") or not path else f".{child.name}"
            look(child, inner, path if child.shape in ("tag", "tags") else path + step)

    for part in decoded.parts:
        look(part, decoded.data, "")
    return found
