"""How the fuzzer spoils a valid frame: what a broken or hostile peer could send in its place.

Each mutation changes a bytearray in place. They know where lengths, counts and tags tend to hurt, not where they stand:
the place is always random, so that every field of every message comes to its turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

Mutation = Callable[[bytearray, Random, Sequence[bytes]], None]

EDGES = (0x00, 0x01, 0x7F, 0x80, 0xFF)
SHORTS = (0, 1, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)
INTS = (
    0,
    1,
    0x7FFF,
    0x8000,
    0xFFFF,
    0x10000,
    0x00FFFFFF,
    0x7FFFFFFE,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFE,
    0xFFFFFFFF,
)
VARINTS = (
    b"\x00",
    b"\x80\x00",  # zero in two bytes
    b"\x80\x80\x80\x80\x00",
    b"\xff\x7f",
    b"\x81\x80\x02",  # one above the longest string
    b"\xff\xff\xff\xff\x07",  # the largest int32
    b"\xff\xff\xff\xff\x0f",  # the largest uint32
    b"\xff\xff\xff\xff\x7f",
    b"\x80\x80\x80\x80\x80\x00",  # six bytes
    b"\xff" * 9 + b"\x01",
    b"\xff" * 12,
)


def spoiled(data: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """`data` after one to four mutations. others: valid frames, to take parts of."""
    out = bytearray(data)
    for _ in range(1 + int(random.random() ** 2 * 4)):
        MUTATIONS[int(random.random() * len(MUTATIONS))](out, random, others)
    return bytes(out)


def place(out: bytearray, random: Random) -> int:
    return int(random.random() * (len(out) + 1))


def flip_bits(out: bytearray, random: Random, others: Sequence[bytes]) -> None:
    for _ in range(random.choice((1, 1, 2, 8)) if out else 0):
        out[int(random.random() * len(out))] ^= 1 << int(random.random() * 8)


def set_edge(out: bytearray, random: Random, others: Sequence[bytes]) -> None:
    if out:
        out[int(random.random() * len(out))] = random.choice(EDGES)


def truncate(out: bytearray, random: Random, others: Sequence[bytes]) -> None:
    del out[place(out, random) :]


def extend(out: bytearray, random: Random, others: Sequence[bytes]) -> None:
    out += random.randbytes(random.choice((1, 4, 40)))


def set_short(out: bytearray, random: Random, others: Sequence[bytes]) -> None:
    """A classic string's length."""
    at = place(out, random)
    out[at : at + 2] = random.choice(SHORTS).to_bytes(2, "big")


def set_int(out: bytearray, random: Random, others: Sequence[bytes]) -> None:
    """A count, or the length of bytes or records."""
    at = place(out, random)
    out[at : at + 4] = random.choice(INTS).to_bytes(4, "big")


def set_varint(out: bytearray, random: Random, others: Sequence[bytes]) -> None:
    """A compact length or count, a tag, a size."""
    at = place(out, random)
    out[at : at + random.choice((0, 1, 1))] = random.choice(VARINTS)


def repeat(out: bytearray, random: Random, others: Sequence[bytes]) -> None:
    """A part twice or many times: elements beyond the count, tags that come again."""
    at = place(out, random)
    piece = out[at : at + random.choice((1, 2, 3, 4, 8, 30))]
    out[at:at] = piece * random.choice((1, 1, 2, 100))


def remove(out: bytearray, random: Random, others: Sequence[bytes]) -> None:
    at = place(out, random)
    del out[at : at + random.choice((1, 2, 4, 16))]


def splice(out: bytearray, random: Random, others: Sequence[bytes]) -> None:
    """The head of this frame and the tail of another."""
    other = random.choice(others)
    out[place(out, random) :] = other[int(random.random() * (len(other) + 1)) :]


def insert_tags(out: bytearray, random: Random, others: Sequence[bytes]) -> None:
    """A section of tagged fields, most often where the last one ends: repeated, out of order, empty, too long."""
    section = bytearray((random.choice((1, 2, 3, 127)),))
    for _ in range(random.choice((1, 2, 3))):
        section.append(random.choice((0, 0, 1, 2, 3, 127)))
        body = random.randbytes(random.choice((0, 1, 2, 5)))
        section.append(random.choice((len(body), len(body), len(body) + 1, 127)))
        section += body
    at = len(out) - 1 if out and random.random() < 0.5 else place(out, random)
    out[at : at + 1] = section


def replace_all(out: bytearray, random: Random, others: Sequence[bytes]) -> None:
    """Random bytes, behind a part that may be the header."""
    keep = min(len(out), random.choice((0, 8, 8, 14, 20)))
    out[keep:] = random.randbytes(random.choice((0, 1, 8, 60, 300)))


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    set_edge,
    truncate,
    extend,
    set_short,
    set_int,
    set_int,
    set_varint,
    set_varint,
    repeat,
    remove,
    splice,
    insert_tags,
    replace_all,
)
