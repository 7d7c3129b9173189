"""Two other implementations of the protocol read what is built here, and write it again to the same bytes.

kio makes a class of each message version from Kafka's definitions, kafka-python reads Kafka's JSON at run time; both know
nothing of this package. What they write is what we wrote, so we read theirs too. Skipped where they are not installed.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import importlib
import io
import pkgutil
import re
import uuid
from random import Random
from typing import Any

import pytest

from tests.wire.declared import MESSAGES, random_object, versions
from wire import schema
from wire.schema import Group, Message

ROUNDS = 3


def built(message: Message, version: int, random: Random) -> tuple[Any, bytes]:
    made = random_object(message, version, message.flexible_version(version), random)
    tame(made, random)
    return made, b"".join(message.build(version, made))


def tame(made: Any, random: Random) -> None:
    """Into what the oracles can hold: known error codes, times that a datetime can be, no unknown tagged fields."""
    for field in made._group.fields:
        value = getattr(made, field.name)
        for element in value if isinstance(value, list) else [value]:
            if isinstance(element, schema.WireStruct) and element is not field.default:
                tame(element, random)
        if field.name.endswith("error_code"):
            setattr(made, field.name, random.randrange(-1, 120))
        elif field.type is schema.Int64 and value is not None:
            setattr(made, field.name, random.choice((0, 1, 5, 1_700_000_000_000)))
        elif field.type is schema.Int32 and field.name.endswith("_ms"):
            setattr(made, field.name, random.randrange(2**31))
    made.unknown_tags = None


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def kio_class(message: Message, version: int) -> Any:
    """kio's class, or None if it has none."""
    name = snake(message.name.removesuffix(message.kind.capitalize()))
    try:
        return getattr(importlib.import_module(f"kio.schema.{name}.v{version}.{message.kind}"), message.name)
    except ImportError:
        return None


def kio_differences(ours: Any, theirs: Any, path: str) -> list[str]:
    """Fields that kio read otherwise. It gives names without units, times as objects, the zero uuid as None."""
    if isinstance(ours, schema.WireStruct):
        group: Group = ours._group
        names = {re.sub(r"_ms$", "", snake(field.kafka_name)): field.name for field in group.fields}
        found = []
        for field in dataclasses.fields(theirs):
            plain = re.sub(r"_ms$", "", field.name.rstrip("_"))
            inner = (getattr(ours, names[plain]), getattr(theirs, field.name))
            found += kio_differences(*inner, f"{path}.{field.name}")
        return found
    if isinstance(ours, list):
        if theirs is None or len(ours) != len(theirs):
            return [path]
        return [
            bad for one, other in zip(ours, theirs, strict=True) for bad in kio_differences(one, other, path)
        ]
    if isinstance(theirs, datetime.datetime):
        theirs = round(theirs.timestamp() * 1000)
    elif isinstance(theirs, datetime.timedelta):
        theirs = round(theirs.total_seconds() * 1000)
    elif isinstance(theirs, uuid.UUID):
        theirs = theirs.bytes
    elif isinstance(theirs, enum.Enum):
        theirs = theirs.value
    elif theirs is None and ours == bytes(16):
        return []
    return [] if ours == theirs else [f"{path}: {ours!r} {theirs!r}"]


def test_kio_reads_the_same_values_and_writes_the_same_bytes() -> None:
    kio = pytest.importorskip("kio.serial")
    compared = 0
    for message in MESSAGES:
        random = Random(message.name)
        for version in versions(message):
            cls = kio_class(message, version)
            if cls is None:
                continue
            compared += 1
            read, write = kio.entity_reader(cls), kio.entity_writer(cls)
            for _ in range(ROUNDS):
                made, data = built(message, version, random)
                theirs, size = read(data, 0)
                assert size == len(data)
                assert kio_differences(made, theirs, f"{message.name} v{version}") == []
                again = io.BytesIO()
                write(again, theirs)
                assert again.getvalue() == data
    assert compared >= 600


def kafka_python_classes() -> dict[str, Any]:
    """Kafka's name -> class."""
    package = pytest.importorskip("kafka.protocol")
    api_message = pytest.importorskip("kafka.protocol.api_message")
    for module in pkgutil.walk_packages(package.__path__, "kafka.protocol."):
        if ".old" not in module.name and "generate" not in module.name:
            importlib.import_module(module.name)
    found: dict[str, Any] = {}
    waiting = list(api_message.ApiMessage.__subclasses__())
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        if getattr(cls, "_json", None) and cls._class_version is None:
            found[cls.name] = cls
    return found


def test_kafka_python_reads_it_and_writes_the_same_bytes() -> None:
    """It has the versions that Kafka 4.0 dropped, too."""
    classes = kafka_python_classes()
    compared = 0
    for message in MESSAGES:
        cls = classes.get(message.name)
        random = Random(message.name)
        for version in versions(message) if cls is not None else ():
            if version > cls.max_version:
                continue
            compared += 1
            for _ in range(ROUNDS):
                made = random_object(message, version, message.flexible_version(version), random)
                tame(made, random)
                if message.name == "ApiVersionsResponse":
                    made.error_code = 0  # with an error it expects version 0, as KIP-511 has it
                data = b"".join(message.build(version, made))
                theirs = cls.decode(data, version=version)
                theirs._header = None
                assert bytes(cls.encode(theirs, version=version)) == data, f"{message.name} v{version}"
    assert compared >= 450
