"""Recorded traffic: one file of JSON lines for each client and scenario.

The first line says what was recorded. Each further line is one request, in the order in which they were sent:

    connection   its number in the recording
    answered     how many requests had been sent when its answer came: those must wait for it in a replay
    api, version what it is, for the reader; the frame says the same
    request      the frame without its length, and `answer` likewise (null: there was none, as with acks=0)

Frames are base64, with `z:` in front where they are compressed. All names of topics and groups begin with MARKER; a replay
writes a marker of its own, of the same length, over it in the raw bytes, so that nothing else of a frame changes. (Records
must not contain it: their checksums would not hold.)
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from differential.fields import api_name

MARKER = b"diff0000"
# of every broker here: timestamps of recorded and random records are old ones, and a topic's own retention.ms would let them
# go on one side first
SETTINGS = {"log.retention.ms": "-1", "log.initial.task.delay.ms": "86400000"}
FOLDER = Path(__file__).parent / "corpus"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request frame and its answer, both without their lengths."""

    connection: int
    answered: int
    request: bytes
    answer: bytes | None

    @property
    def key(self) -> int:
        return int.from_bytes(self.request[:2], "big")

    @property
    def version(self) -> int:
        return int.from_bytes(self.request[2:4], "big")


@dataclass(frozen=True, slots=True)
class Recording:
    """`about`: client, its version, the scenario, the broker."""

    name: str
    about: dict[str, str]
    exchanges: tuple[Exchange, ...]

    def __str__(self) -> str:
        return self.name


def load(path: Path) -> Recording:
    """Raises: OSError, ValueError."""
    about, *lines = (json.loads(line) for line in path.read_text().splitlines())
    exchanges = (
        Exchange(row["connection"], row["answered"], unpack(row["request"]), unpack(row["answer"]))
        for row in lines
    )
    return Recording(path.stem, about, tuple(exchanges))


def load_all(folder: Path = FOLDER) -> list[Recording]:
    """All recordings of the repository, by name."""
    return [load(path) for path in sorted(folder.glob("*.jsonl"))]


def save(recording: Recording, folder: Path = FOLDER) -> Path:
    """Writes the file and says where."""
    path = folder / f"{recording.name}.jsonl"
    rows: Iterable[dict[str, Any]] = (
        {
            "connection": exchange.connection,
            "answered": exchange.answered,
            "api": api_name(exchange.key),
            "version": exchange.version,
            "request": pack(exchange.request),
            "answer": pack(exchange.answer),
        }
        for exchange in recording.exchanges
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in (recording.about, *rows)))
    return path


def pack(frame: bytes | None) -> str | None:
    """Base64, of the compressed frame where that is shorter."""
    if frame is None:
        return None
    small = zlib.compress(frame, 9)
    plain = base64.b64encode(frame).decode()
    packed = "z:" + base64.b64encode(small).decode()
    return packed if len(packed) < len(plain) else plain


def unpack(text: str | None) -> bytes | None:
    """Raises: ValueError."""
    if text is None:
        return None
    return zlib.decompress(base64.b64decode(text[2:])) if text.startswith("z:") else base64.b64decode(text)
