"""What stands inside a `records` field: batches with their headers, and the records in them, each with its place
(messages of the formats before v2: `wire.tool.messageset`).

The message around it can be read whatever is in there, so nothing here is raised: what is wrong becomes the `fault` of a
piece, and the reading goes on behind the batch. A Fetch response may end with a batch that is cut off; that is no fault.

Compressed records are unpacked, with a bound for all batches together, and so is the number of records that are shown:
a few bytes can hold millions. Their places are those in the unpacked data.
"""

from __future__ import annotations

from wire.errors import WireError
from wire.records import batch as batches
from wire.records.batch import (
    HEADER,
    HEADER_SIZE,
    MAGIC_OFFSET,
    MAGIC_V2,
    BatchHeader,
    Codec,
    InvalidRecord,
    compute_crc,
    peek_size,
    read_header,
    require_v2,
)
from wire.records.compression import decompress
from wire.records.record import read_varint
from wire.tool.meaning import time_text
from wire.tool.messageset import message
from wire.tool.trace import NUMBERS, Piece

UNPACKED_BYTES = 64 * 1024 * 1024  # of all batches of an input together
SHOWN_RECORDS = 100_000  # likewise
HEADER_TYPES = tuple(
    {"i": "int32", "I": "uint32"}.get(letter) or NUMBERS[letter] for letter in HEADER.format[1:]
)
SIZES = {"int8": 1, "int16": 2, "int32": 4, "uint32": 4, "int64": 8}


class Unfolder:
    """Unfolds the `records` fields of one input, within its bounds."""

    def __init__(self, unpacked_bytes: int = UNPACKED_BYTES, shown_records: int = SHOWN_RECORDS) -> None:
        self.room = unpacked_bytes
        self.left = shown_records

    def __call__(self, piece: Piece) -> None:
        """Gives the piece of a `records` field its batches as inner pieces."""
        piece.shape = "batches"
        data: bytes = piece.value
        pos = 0
        while pos < len(data):
            at = piece.head + pos
            try:
                size = peek_size(data, pos, len(data))
                if size is None or pos + size > len(data):
                    piece.inner.append(_rest("(incomplete)", at, data[pos:], _missing(size, len(data) - pos)))
                    return
                old = data[pos + MAGIC_OFFSET] < MAGIC_V2
                if not old:
                    require_v2(data, pos, size)
            except WireError as error:
                rest = _rest("(unreadable)", at, data[pos:], "")
                rest.fault = WireError(error.message, "", at)
                piece.inner.append(rest)
                return
            name = f"[{len(piece.inner)}]"
            one = data[pos : pos + size]
            piece.inner.append(message(name, one, at, self) if old else self.batch(name, one, at))
            pos += size

    def batch(self, name: str, data: bytes, at: int) -> Piece:
        """One whole batch, which begins at byte `at` of the input."""
        header = read_header(data)
        piece = Piece(name, "record batch", "struct", at, at, at + len(data), 1)
        pos = at
        for field, type_, value in zip(header._fields, HEADER_TYPES, header, strict=True):
            end = pos + SIZES[type_]
            piece.inner.append(Piece(field, type_, "value", pos, end, end, value))
            pos = end
        _explain(piece, data, header)
        body = Piece("records", "records", "list", pos, pos, at + len(data), header.count)
        piece.inner.append(body)
        try:
            self.records(body, data[HEADER_SIZE:], header)
        except WireError as error:
            body.fault = WireError(error.message, "", error.position if error.position is not None else pos)
        return piece

    def records(self, body: Piece, packed: bytes, header: BatchHeader) -> None:
        """The records of a batch. Raises: WireError, with what was read left in `body`."""
        data, base = packed, body.head
        if header.codec != Codec.NONE:
            data = bytes(decompress(header.codec, packed, self.room))
            self.room -= len(data)
            body.type, body.head = f"{header.codec.name.lower()} records", body.end
            body.data, base = data, 0
            body.note = f"{len(packed)} bytes unpack to {len(data)}"
        if header.count < 0 or header.count > len(data):
            raise InvalidRecord(f"{len(data)} bytes cannot hold {header.count} records", "", base)
        reader = _RecordReader(data, base)
        for index in range(header.count):
            if self.left <= 0:
                body.note += f"; the last {header.count - index} are not shown"
                return
            self.left -= 1
            reader.record(index, header, body)
        if reader.pos != len(data):
            raise InvalidRecord(
                f"{len(data) - reader.pos} bytes remain after the last record", "", base + reader.pos
            )


class _RecordReader:
    """Reads record after record from `data`, which begins at byte `base` of what is shown."""

    def __init__(self, data: bytes, base: int) -> None:
        self.data = data
        self.base = base
        self.pos = 0
        self.end = len(data)

    def record(self, index: int, header: BatchHeader, body: Piece) -> None:
        at = self.base + self.pos
        piece = Piece(f"[{index}]", "record", "struct", at, at, at, 1)
        body.inner.append(piece)
        self.end = len(self.data)
        length = self.varint(piece, "length")
        if not 0 < length <= self.end - self.pos:
            self.fail(f"record {index} announces {length} bytes, and {self.end - self.pos} follow", piece)
        stop = self.end = self.pos + length
        attributes = int.from_bytes(self.data[self.pos : self.pos + 1], "big", signed=True)
        self.add(piece, "attributes", "int8", self.pos + 1, attributes)
        delta = self.varint(piece, "timestamp_delta", "varlong")
        piece.inner[-1].note = _time(header, delta)
        delta = self.varint(piece, "offset_delta")
        piece.inner[-1].note = f"offset {header.base_offset + delta}"
        self.sized(piece, "key")
        self.sized(piece, "value")
        self.headers(piece)
        piece.end = self.base + self.pos
        if self.pos != stop:
            self.fail(f"record {index} ends {stop - self.pos} bytes before the end that it announces", piece)

    def headers(self, piece: Piece) -> None:
        start = self.base + self.pos
        count = self.varint(piece, "headers")
        listed = piece.inner.pop()
        if not 0 <= count * 2 <= self.end - self.pos:
            self.pos = start - self.base
            self.fail(f"{self.end - self.pos} bytes cannot hold {count} record headers", piece)
        listed.shape, listed.type = "list", "[]header"
        piece.inner.append(listed)
        for index in range(count):
            at = self.base + self.pos
            header = Piece(f"[{index}]", "header", "struct", at, at, at, 1)
            listed.inner.append(header)
            if self.sized(header, "key") is None:
                self.pos = at - self.base
                self.fail("a record header without a key", piece)
            self.sized(header, "value")
            header.end = listed.end = self.base + self.pos

    def varint(self, into: Piece, name: str, type_: str = "varint") -> int:
        try:
            value, end = read_varint(self.data, self.pos, self.end)
        except InvalidRecord as error:
            return self.fail(error.message, into)
        self.add(into, name, type_, end, value)
        return value

    def sized(self, into: Piece, name: str) -> bytes | None:
        start = self.pos
        length = self.varint(into, name)
        piece = into.inner[-1]
        piece.type, piece.value = "varint bytes", None
        if length < -1 or length > self.end - self.pos:
            into.inner.pop()
            self.pos = start
            self.fail(f"{name}: {length} bytes are announced, and {self.end - self.pos} can follow", into)
        if length < 0:
            return None
        data = self.data[self.pos : self.pos + length]
        self.pos += length
        piece.value, piece.end, piece.head = data, self.base + self.pos, self.base + self.pos
        return data

    def add(self, into: Piece, name: str, type_: str, end: int, value: int) -> None:
        if end > self.end:
            self.fail("a record is cut off", into)
        start, self.pos = self.base + self.pos, end
        into.inner.append(Piece(name, type_, "value", start, self.base + end, self.base + end, value))
        into.end = self.base + end

    def fail(self, text: str, into: Piece) -> int:
        into.end = max(into.end, self.base + self.pos)
        raise InvalidRecord(text, "", self.base + self.pos)


def _rest(name: str, at: int, data: bytes, note: str) -> Piece:
    end = at + len(data)
    return Piece(name, "bytes", "value", at, end, end, data, note=note)


def _missing(size: int | None, there: int) -> str:
    of = "a batch header" if size is None else f"a batch of {size} bytes"
    return f"{there} bytes of {of}: a fetch may end so"


def _time(header: BatchHeader, delta: int) -> str:
    kind, time = "timestamp", header.base_timestamp + delta
    if header.is_log_append_time:
        kind, time = "append time", header.max_timestamp
    return f"{kind} {time_text(time) or time}"


def _explain(piece: Piece, data: bytes, header: BatchHeader) -> None:
    """Notes at the header's fields."""
    fields = {inner.name: inner for inner in piece.inner}
    fields["attributes"].note = attributes_text(header.attributes)
    computed = compute_crc(data, 0, len(data))
    if computed == header.crc:
        fields["crc"].note = "right"
    else:
        at = fields["crc"].start
        fields["crc"].fault = WireError(
            f"the checksum is {header.crc}, and of these bytes {computed}", "", at
        )
    fields["last_offset_delta"].note = f"last offset {header.last_offset}"


def attributes_text(attributes: int) -> str:
    """The bits of a batch's attributes in words."""
    number = attributes & batches.CODEC_MASK
    words = [Codec(number).name.lower() if number <= Codec.ZSTD else f"codec {number}, which does not exist"]
    names = (
        (batches.TIMESTAMP_TYPE_BIT, "append time"),
        (batches.TRANSACTIONAL_BIT, "transactional"),
        (batches.CONTROL_BIT, "control"),
        (batches.DELETE_HORIZON_BIT, "delete horizon"),
    )
    words += [name for bit, name in names if attributes & bit]
    if words[0] == "none":
        words[0] = "not compressed"
    return ", ".join(words)
