"""Frames: each request and each answer stands behind its length, an int32.

Bytes go in as they come, whole frames come out, however the stream was cut. A length is judged before a byte of its frame
is waited for: what is negative or above the limit ends the connection, and nothing is ever allocated for a number that a
peer only announced; the buffer holds what really came. Peers that speak something else are recognised by that number,
because it is their first four bytes.
"""

from __future__ import annotations

from collections.abc import Iterator

from wire.errors import FrameError

LENGTH_BYTES = 4

_FOREIGN = (
    (
        (b"GET ", b"POST", b"PUT ", b"HEAD", b"DELE", b"OPTI", b"PATC", b"CONN", b"TRAC", b"PRI "),
        "it is HTTP, not a Kafka request",
    ),
    ((b"SSH-",), "it is SSH, not a Kafka request"),
    (
        (b"\x16\x03\x00", b"\x16\x03\x01", b"\x16\x03\x02", b"\x16\x03\x03"),
        "it is TLS, which is not spoken here: a client needs security.protocol=PLAINTEXT",
    ),
)


def foreign_protocol(first: bytes) -> str:
    """What a stream is if it begins with these four bytes and is not Kafka's: "it is HTTP, not a Kafka request", or ""."""
    for starts, what in _FOREIGN:
        if bytes(first).startswith(starts):
            return what
    return ""


def check_length(first: bytes, limit: int, limit_name: str = "the limit") -> int:
    """The length that four bytes announce. Raises: FrameError if it is negative or above the limit, saying why."""
    length = int.from_bytes(first, "big", signed=True)
    if 0 <= length <= limit:
        return length
    reason = "is negative" if length < 0 else f"is above {limit_name} of {limit}"
    foreign = foreign_protocol(first)
    raise FrameError(foreign or f"a frame length of {length} {reason}")


class FrameReader:
    """Cuts a stream into frames.

        reader.feed(data)
        for frame in reader: ...

    limit: the largest frame in bytes. After a FrameError the stream is lost: every further iteration raises it again.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._data = bytearray()
        self._at = 0  # where the next frame's length stands

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Take in what came."""
        if self._at:
            del self._data[: self._at]
            self._at = 0
        self._data += data

    def __iter__(self) -> Iterator[bytes]:
        """The frames that are complete, without their lengths. Raises: FrameError."""
        while len(self._data) - self._at >= LENGTH_BYTES:
            body = self._at + LENGTH_BYTES
            end = body + check_length(bytes(self._data[self._at : body]), self.limit)
            if end > len(self._data):
                return
            frame = bytes(memoryview(self._data)[body:end])
            self._at = end
            yield frame

    @property
    def pending(self) -> int:
        """Bytes of a frame that is not complete."""
        return len(self._data) - self._at


def frame(buffers: list[bytes]) -> bytes:
    """One frame of these pieces."""
    body = b"".join(buffers)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body
