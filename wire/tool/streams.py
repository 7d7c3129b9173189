"""One direction of a connection as captured, cut into frames; and requests with the answers to them.

An answer does not say what it answers: its correlation id does, which stands in the request. Ids may come again later in a
stream; the answers are used up in their order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from wire.catalog import apis
from wire.errors import FrameError
from wire.framing import LENGTH_BYTES, check_length
from wire.tool.decoding import Decoded, decode_request, decode_response

HIGHEST_LENGTH = 2**31 - 1


class Frame(NamedTuple):
    """A frame with its length, and where it begins in its stream."""

    at: int
    data: bytes

    @property
    def correlation_id(self) -> int:
        """Of an answer."""
        return int.from_bytes(self.data[LENGTH_BYTES : LENGTH_BYTES + 4], "big", signed=True)


class Exchange(NamedTuple):
    """A request and the answer to it; None if the answer is not in the stream, or none of them is given."""

    request_at: int
    request: Decoded
    reply_at: int
    reply: Decoded | None


def frames(data: bytes) -> Iterator[Frame]:
    """The frames of a stream. What cannot be cut (the end is missing, or the length is none) is the last one."""
    pos = 0
    while pos < len(data):
        end = len(data)
        if end - pos >= LENGTH_BYTES:
            try:
                end = pos + LENGTH_BYTES + check_length(data[pos : pos + LENGTH_BYTES], HIGHEST_LENGTH)
            except FrameError:
                end = len(data)
        yield Frame(pos, data[pos:end])
        pos = end


class Replies:
    """The answers of a connection, by their correlation ids."""

    def __init__(self, data: bytes) -> None:
        self.waiting: dict[int, deque[Frame]] = {}
        for frame in frames(data):
            self.waiting.setdefault(frame.correlation_id, deque()).append(frame)

    def take(self, request: Decoded) -> tuple[int, Decoded | None]:
        """(where it begins, the answer) to a request."""
        key, version, correlation_id = (request.value(name) for name in _HEADER)
        waiting = self.waiting.get(correlation_id) if isinstance(correlation_id, int) else None
        if not waiting or not isinstance(key, int) or not isinstance(version, int):
            return -1, None
        frame = waiting.popleft()
        message = apis()[key][1]
        return frame.at, decode_response(frame.data, message, min(version, message.versions.last), True)

    def left(self) -> list[Frame]:
        """Answers to no request of the stream, in order."""
        return sorted(frame for waiting in self.waiting.values() for frame in waiting)


_HEADER = ("request_api_key", "request_api_version", "correlation_id")


def exchanges(requests: bytes, replies: Replies | None) -> Iterator[Exchange]:
    """Every request of a stream, with its answer if there is one."""
    for frame in frames(requests):
        request = decode_request(frame.data, True)
        yield Exchange(frame.at, request, *(replies.take(request) if replies else (-1, None)))
