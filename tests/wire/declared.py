"""What the tests of this folder share: all messages and versions, and random values for them."""

from __future__ import annotations

from random import Random
from typing import Any

from wire import schema
from wire.catalog import all_messages
from wire.schema import Array, Field, Group, Message, Type

MESSAGES = all_messages()
BITS = {"b": 8, "h": 16, "H": 16, "l": 32, "L": 32, "q": 64}
TEXTS = ("", "a", "orders", "größe", "日本", "\x00", "x" * 126, "x" * 127, "x" * 128, "x" * 300)
UNKNOWN_TAGS = (3, 9, 127, 128, 2**31 - 2)  # Kafka's writer keeps 2**31 - 1 for itself
SIZES = (0, 1, 5, 126, 127, 128, 300)


def by_name(name: str) -> Message:
    return next(message for message in MESSAGES if message.name == name)


def versions(message: Message) -> range:
    return range(message.versions.first, message.versions.last + 1)


def random_object(group: Group, version: int, flexible: bool, random: Random) -> Any:
    """An object with values at the edges and in between, in the fields that the version has, and now and then with
    tagged fields that nobody knows."""
    made = group(
        **{
            field.name: random_value(field, version, flexible, random)
            for field in group.fields
            if version in field.versions and not (tagged(field, version, flexible) and random.random() < 0.4)
        }
    )
    if flexible and random.random() < 0.15:
        known = {field.tag for field in group.fields}
        tags = sorted({random.choice(UNKNOWN_TAGS) for _ in range(2)} - known)
        made.unknown_tags = {tag: random.randbytes(random.choice(SIZES)) for tag in tags} or None
    return made


def tagged(field: Field, version: int, flexible: bool) -> bool:
    return flexible and field.tag is not None and version in field.tagged


def random_value(field: Field, version: int, flexible: bool, random: Random) -> Any:
    if version in field.nullable and random.random() < 0.25:
        return None
    kind = field.type
    if isinstance(kind, Array):
        element = kind.element
        return [
            random_element(element, version, flexible, random) for _ in range(random.choice((0, 1, 1, 2, 3)))
        ]
    return random_element(kind, version, flexible, random)


def random_element(kind: Type | Group, version: int, flexible: bool, random: Random) -> Any:
    if isinstance(kind, Group):
        return random_object(kind, version, flexible, random)
    if kind is schema.Bool:
        return random.random() < 0.5
    if kind is schema.Float64:
        return random.uniform(-1e9, 1e9)
    if kind.fmt:
        return random_integer(kind.fmt, random)
    if kind is schema.Uuid:
        return random.randbytes(16)
    if kind is schema.String:
        return random.choice(TEXTS)
    return random.randbytes(random.choice(SIZES))


def random_integer(fmt: str, random: Random) -> int:
    span = 1 << BITS[fmt]
    low = 0 if fmt.isupper() else -(span >> 1)
    return random.choice((low, low + span - 1, 0, 1, random.randrange(low, low + span)))
