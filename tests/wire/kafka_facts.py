"""Kafka's own message definitions, as data.

They come from the folder PYKBROKER_PROTOCOL_DIR (files kafka-4.3.1.json, kafka-3.9.2.json), or from the tables in `facts`,
which `facts/make.py` makes from Kafka's jars.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from wire.schema import versions_of

CURRENT, OLD = "4.3.1", "3.9.2"

# 4.x gave these another layout than 3.9 within the same version.
CHANGED_BETWEEN_THE_LINES = {
    ("VoteRequest", 0),  # candidate -> replica: names only
    ("VoteRequest", 1),
    ("OffsetCommitValue", 4),  # more tagged fields, here and below
    ("TransactionLogValue", 1),
    ("ConsumerGroupMetadataValue", 0),
    ("ConsumerGroupTargetAssignmentMetadataValue", 0),
    ("ConsumerGroupCurrentMemberAssignmentValue", 0),  # in the struct of its partitions
    ("ShareGroupMetadataValue", 0),  # a field more; share groups were an early form in 3.9
    ("ReadShareGroupStateSummaryResponse", 0),
}


@cache
def kafka(line: str) -> dict[str, Any]:
    folder = os.environ.get("PYKBROKER_PROTOCOL_DIR") or Path(__file__).with_name("facts")
    return {m["name"]: m for m in json.loads(Path(folder, f"kafka-{line}.json").read_text())["messages"]}


def versions(message: dict[str, Any]) -> range:
    first, last = versions_of(message["validVersions"])
    return range(first, last + 1)


class Defined(NamedTuple):
    """A version of a message. name, version: ours. definition: Kafka's, of the message; kafka_version: its number there."""

    name: str
    version: int
    definition: dict[str, Any]
    kafka_version: int


def defined(line: str) -> Iterator[Defined]:
    """Every version of every message.

    Stored keys: our version is the record type, as 3.9 has it; 4.x says it elsewhere and split the two types of
    OffsetCommitKey.
    """
    for name, message in kafka(line).items():
        for version in versions(message):
            number = message["apiKey"] if message["type"] == "coordinator-key" else version
            yield Defined(name.removeprefix("Legacy"), number, message, version)
