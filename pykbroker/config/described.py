"""What DescribeConfigs tells of one setting, and where a value can come from."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class Source(IntEnum):
    """Where a value comes from, with its code on the wire (Kafka: DescribeConfigsResponse.ConfigSource).

    The order of precedence is that of the rows: a topic's own value first, the default last.
    """

    TOPIC = 1
    DYNAMIC_BROKER = 2
    DYNAMIC_DEFAULT_BROKER = 3
    STATIC_BROKER = 4
    DEFAULT = 5
    GROUP = 8


class Synonym(NamedTuple):
    """A name that this value could come from, and the value it has there; None for a secret."""

    name: str
    value: str | None
    source: Source


class Described(NamedTuple):
    """One row of a DescribeConfigs answer. The first synonym, if there is one, is where the value comes from."""

    name: str
    value: str | None
    source: Source
    synonyms: tuple[Synonym, ...]
    read_only: bool
    sensitive: bool
    type_code: int
    doc: str | None
