"""Two other implementations of the protocol read what is built here, and write it again to the same bytes.

kio makes a class of each message version from Kafka's definitions, kafka-python reads Kafka's JSON at run time; both know
nothing of this package. They see the same values, and what they write is read here as the object that it was built
from. What they do not have is listed with the reason, and the list cannot grow. Skipped where they are not installed.
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
from tests.wire.kafka_facts import CURRENT, OLD, defined
from wire import schema
from wire.schema import Group, Message

ROUNDS = 3
UNKNOWN_OPERATIONS = -(2**31)
STORED = {message.name for message in MESSAGES if message.kind in ("key", "value")}

# APIs that clients do not use, and those that kafka-python has not come to; and all records that brokers store or exchange.
NOT_IN_KAFKA_PYTHON = (
    "AlterPartition AssignReplicasToDirs BrokerHeartbeat BrokerRegistration ControlledShutdown ControllerRegistration "
    "AllocateProducerIds Envelope LeaderAndIsr StopReplica UnregisterBroker UpdateMetadata "
    "AddRaftVoter BeginQuorumEpoch EndQuorumEpoch FetchSnapshot RemoveRaftVoter UpdateRaftVoter Vote "
    "InitializeShareGroupState ReadShareGroupState ReadShareGroupStateSummary WriteShareGroupState DeleteShareGroupState "
    "AlterShareGroupOffsets DeleteShareGroupOffsets DescribeShareGroupOffsets "
    "ShareAcknowledge ShareFetch ShareGroupDescribe ShareGroupHeartbeat StreamsGroupDescribe StreamsGroupHeartbeat "
    "ConsumerGroupDescribe ConsumerGroupHeartbeat "
    "CreateDelegationToken DescribeDelegationToken ExpireDelegationToken RenewDelegationToken "
    "GetTelemetrySubscriptions ListClientMetricsResources PushTelemetry"
)


def not_in_kio() -> set[tuple[str, int]]:
    """Versions that Kafka 4 dropped, as kio follows the newest release, and what is no part of kafka-clients."""
    dropped = {(each.name, each.version) for each in defined(OLD)}
    dropped -= {(each.name, each.version) for each in defined(CURRENT)}
    stored = {(name, version) for name, version in every_version() if name in STORED}
    return dropped | stored


def not_in_kafka_python() -> set[tuple[str, int]]:
    names = {
        f"{api}{kind}" for api in NOT_IN_KAFKA_PYTHON.split() for kind in ("Request", "Response")
    } | STORED
    names |= {message.name for message in MESSAGES if message.kind in ("data", "header")}
    return {(name, version) for name, version in every_version() if name in names}


def every_version() -> set[tuple[str, int]]:
    return {(message.name, version) for message in MESSAGES for version in versions(message)}


def built(message: Message, version: int, random: Random) -> tuple[Any, bytes]:
    made = random_object(message, version, message.flexible_version(version), random)
    tame(made, version, random)
    return made, b"".join(message.build(version, made))


def tame(made: Any, version: int, random: Random) -> None:
    """Into what the oracles can hold: known error codes, times that a datetime can be, no unknown tagged fields."""
    for field in made._group.fields:
        value = getattr(made, field.name)
        for element in value if isinstance(value, list) else [value]:
            if isinstance(element, schema.WireStruct) and element is not field.default:
                tame(element, version, random)
        if version not in field.versions:
            continue
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
    name = snake(message.name)
    if message.kind in ("request", "response"):
        name = name.removesuffix(f"_{message.kind}")
    try:
        return getattr(importlib.import_module(f"kio.schema.{name}.v{version}.{message.kind}"), message.name)
    except ImportError:
        return None


def plain(name: str) -> str:
    """A name without what the oracles write differently: units, where words begin, whose the authorized operations are."""
    short = re.sub(r"_ms$", "", name.rstrip("_")).replace("_", "")
    return re.sub(r"^(cluster|topic)(?=authorizedoperations)", "", short)


def differences(ours: Any, theirs: Any, path: str) -> list[str]:
    """Fields that an oracle read otherwise. kio has objects for times, and None for the zero uuid;
    kafka-python has sets for operations, None for unknown ones and for a tagged struct that is not there."""
    if isinstance(ours, schema.WireStruct):
        group: Group = ours._group
        if theirs is None:
            return [] if ours == group.default else [path]
        names = {plain(snake(field.kafka_name)): field.name for field in group.fields}
        return [
            bad
            for name in field_names(theirs)
            for bad in differences(getattr(ours, names[plain(name)]), getattr(theirs, name), f"{path}.{name}")
        ]
    if isinstance(ours, list | tuple):
        if theirs is None or len(ours) != len(theirs):
            return [path]
        return [bad for one, other in zip(ours, theirs, strict=True) for bad in differences(one, other, path)]
    if isinstance(theirs, datetime.datetime):
        theirs = round(theirs.timestamp() * 1000)
    elif isinstance(theirs, datetime.timedelta):
        theirs = round(theirs.total_seconds() * 1000)
    elif isinstance(theirs, uuid.UUID):
        theirs = theirs.bytes
    elif isinstance(theirs, enum.Enum):
        theirs = theirs.value
    elif isinstance(theirs, set):
        ours = {bit for bit in range(32) if ours >> bit & 1}
    elif theirs is None and ours in (bytes(16), UNKNOWN_OPERATIONS):
        return []
    return [] if ours == theirs else [f"{path}: {ours!r} {theirs!r}"]


def field_names(theirs: Any) -> list[str]:
    """Of the version that it was read as."""
    if dataclasses.is_dataclass(theirs):
        return [field.name for field in dataclasses.fields(theirs)]
    return [name for name, field in theirs.fields.items() if field.for_version_q(theirs.version)]


def test_kio_reads_the_same_values_and_what_it_writes_is_read() -> None:
    kio = pytest.importorskip("kio.serial")
    missing = set()
    for message in MESSAGES:
        random = Random(message.name)
        for version in versions(message):
            cls = kio_class(message, version)
            if cls is None:
                missing.add((message.name, version))
                continue
            read, write = kio.entity_reader(cls), kio.entity_writer(cls)
            for _ in range(ROUNDS):
                made, data = built(message, version, random)
                theirs, size = read(data, 0)
                assert size == len(data)
                assert differences(made, theirs, f"{message.name} v{version}") == []
                again = io.BytesIO()
                write(again, theirs)
                assert again.getvalue() == data
                assert message.parse(version, again.getvalue()) == (made, len(data))
    assert missing <= not_in_kio()


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


def test_kafka_python_reads_the_same_values_and_what_it_writes_is_read() -> None:
    """It has the versions that Kafka 4.0 dropped, too."""
    classes = kafka_python_classes()
    missing = set()
    for message in MESSAGES:
        cls = classes.get(message.name)
        random = Random(message.name)
        for version in versions(message):
            if cls is None or not cls.min_version <= version <= cls.max_version:
                missing.add((message.name, version))
                continue
            for _ in range(ROUNDS):
                made = random_object(message, version, message.flexible_version(version), random)
                tame(made, version, random)
                if message.name == "ApiVersionsResponse":
                    made.error_code = 0  # with an error it expects version 0, as KIP-511 has it
                data = b"".join(message.build(version, made))
                theirs = cls.decode(data, version=version)
                assert differences(made, theirs, f"{message.name} v{version}") == []
                theirs._header = None
                again = bytes(cls.encode(theirs, version=version))
                assert again == data, f"{message.name} v{version}"
                assert message.parse(version, again) == (made, len(data))
    assert missing <= not_in_kafka_python()
