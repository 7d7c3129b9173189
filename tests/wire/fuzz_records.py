"""What the fuzzer puts into `records` fields: batches of every codec and message sets of both old formats, some of them with
spoiled content under a right checksum; and reading them by every reader that there is, conversion up and down included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from tests.wire.mutations import spoiled
from wire.errors import WireError
from wire.records import batch as batches
from wire.records.batch import MAGIC_OFFSET, MAGIC_V2, Codec, iterate_batches, read_header, verify_crc
from wire.records.compression import compress
from wire.records.convert import batch_of_messages, messages_of_batch
from wire.records.legacy import build_wrapper, open_wrapper, read_messages, write_message
from wire.records.record import Record, build_batch, read_records, unpack_records, walk_records

UNPACKED_BYTES = 256 * 1024
NOW_MS = 1_700_000_000_000
MAX_INT64 = 2**63 - 1
CONTENTS = [
    (b"value", ()),
    (None, (("header", b"x"), ("empty", None))),
    (bytes(300), ()),
    (b"", (("", b""),)),
]


def random_records(random: Random, old: bool) -> bytes:
    """A batch, or a message set."""
    return random_set(random) if old else random_batch(random)


def random_batch(random: Random) -> bytes:
    """A batch of any codec. What is compressed may be spoiled, since no mutation of the frame gets there."""
    records = [
        Record(0, NOW_MS + n, random.choice((None, b"", b"key")), value, headers)
        for n, (value, headers) in enumerate(random.choices(CONTENTS, k=random.choice((1, 2, 5))))
    ]
    codec = random.choice(list(Codec))
    plain = build_batch(records, attributes=random.choice((0, 0, 8, 0x10)))
    if random.random() < 0.5:
        return plain if codec == Codec.NONE else build_batch(records, codec=codec)
    body = spoiled(plain[batches.HEADER_SIZE :], random, [plain])
    packed = compress(codec, body * (3000 if random.random() < 0.1 else 1))
    header = read_header(plain)._replace(
        attributes=codec,
        batch_length=len(packed) + 49,
        base_offset=random.choice((0, 0, MAX_INT64)),
        base_timestamp=random.choice((NOW_MS, NOW_MS, MAX_INT64, -MAX_INT64 - 1)),
    )
    return batches.pack_header(header, [packed]) + packed


def random_set(random: Random) -> bytes:
    """Single messages, or a wrapper around some."""
    magic = random.choice((0, 1))
    out = bytearray()
    last = random.choice((0, 1, 4))
    for offset in range(last + 1):
        value, _ = random.choice(CONTENTS)
        write_message(out, magic, offset, NOW_MS, random.choice((None, b"", b"key")), value)
    codec = random.choice((Codec.NONE, Codec.GZIP, Codec.SNAPPY, Codec.LZ4))
    if codec == Codec.NONE:
        return bytes(out)
    inside = bytes(out) if random.random() < 0.5 else spoiled(bytes(out), random, [bytes(out)])
    inside *= 3000 if random.random() < 0.1 else 1
    return build_wrapper(inside, codec, magic, last, NOW_MS, random.choice((0, 0, 8)))


def read_records_field(data: Any) -> None:
    """By the format that its first message states. Raises: WireError of the last refusal."""
    if len(data) > MAGIC_OFFSET and data[MAGIC_OFFSET] < MAGIC_V2:
        read_set(bytes(data))
    else:
        read_batches(data)


def read_batches(data: Any) -> None:
    """Every batch by every reader, whatever the one before said of it."""
    for pos, header in iterate_batches(data):
        try_all(
            lambda at, head: verify_crc(data, head, at),
            lambda at, head: read_records(data, head, at, UNPACKED_BYTES),
            lambda at, head: walk_records(unpack_records(data, head, at, UNPACKED_BYTES), head),
            lambda at, head: messages_of_batch(data, head, at, 0, limit=UNPACKED_BYTES),
            lambda at, head: messages_of_batch(data, head, at, 1, limit=UNPACKED_BYTES),
            arguments=(pos, header),
        )


def read_set(data: bytes) -> None:
    """Every message, as if its checksum were right too, and the set as a batch."""
    try_all(
        lambda: consume(read_messages(data)),
        lambda: batch_of_messages(read_messages(data, verify=False), UNPACKED_BYTES),
    )
    for message in read_messages(data, verify=False):
        if message.codec != Codec.NONE:
            consume(open_wrapper(message, UNPACKED_BYTES))


def consume(messages: Iterable[Any]) -> None:
    for _ in messages:
        pass


def try_all(*steps: Callable[..., Any], arguments: tuple[Any, ...] = ()) -> None:
    """All of them. Raises: the last refusal."""
    refused: WireError | None = None
    for step in steps:
        try:
            step(*arguments)
        except WireError as error:
            refused = error
    if refused is not None:
        raise refused
