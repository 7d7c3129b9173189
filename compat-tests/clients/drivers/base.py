"""The verbs that scenarios use, and what goes in and comes out.

A driver turns each verb into calls of one client library and that library's exceptions into
`BrokerError` with Kafka's code. What a library cannot do stands in `Driver.cannot` with the reason; the
scenario is then skipped (`Cannot`), by itself or where the scenario looks there.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.cases import ClientCannot

if TYPE_CHECKING:
    from clients.members import Member

Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """What a producer sends. A partition of None leaves the choice to the client; no timestamp means now."""

    value: bytes | None
    key: bytes | None = None
    partition: int | None = 0
    timestamp_ms: int | None = None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Received:
    """What a consumer got."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def deadline_in(timeout_s: float) -> Callable[[], bool]:
    """A question that is answered with True once the time is up."""
    end = time.monotonic() + timeout_s
    return lambda: time.monotonic() > end


class BrokerError(Exception):
    """The broker refused, with Kafka's error code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"error {code}: {text}")
        self.code = code


class Cannot(ClientCannot):
    """The library has no such thing, or the program for it cannot be had; the text says why. The scenario is skipped."""


class Producer(ABC):
    """An open producer. `send` only hands over; `flush` waits and reports.

    One with a transactional id has done InitProducerId when it is open; then each `begin` is followed by `commit` or
    `abort`, which wait for what was sent.
    """

    @abstractmethod
    def send(self, topic: str, message: Message) -> None: ...

    @abstractmethod
    def flush(self, timeout_s: float = 20.0) -> list[tuple[int, int]]:
        """(partition, offset) of every message sent since the last flush, in order of sending.

        Raises: BrokerError or the client's own error if one of them was not acknowledged.
        """

    @abstractmethod
    def begin(self) -> None:
        """Begin a transaction. Raises, as the three below: BrokerError, at the latest in `commit`."""

    @abstractmethod
    def send_offsets(self, group: str, topic: str, offsets: dict[int, int]) -> None:
        """Commit offsets of a group as part of the transaction."""

    @abstractmethod
    def commit(self) -> None: ...

    @abstractmethod
    def abort(self) -> None: ...

    @abstractmethod
    def close(self) -> None: ...

    def __enter__(self) -> Producer:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class Driver(ABC):
    """One client library, pointed at one broker."""

    name = ""
    codecs: frozenset[str] = frozenset({"none", "gzip", "snappy", "lz4", "zstd"})
    assignors: frozenset[str] = frozenset()
    cannot: dict[str, str] = {}

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap

    def close(self) -> None:  # noqa: B027 - most drivers keep nothing
        """Release what the driver keeps between calls."""

    def needs(self, *what: str) -> None:
        """Go on only if the library has it: words of `cannot`, or `codec NAME`, `assignor NAME`. Raises: Cannot."""
        for words in what:
            kind, _, name = words.partition(" ")
            if words in self.cannot:
                raise Cannot(self.cannot[words])
            if (kind == "codec" and name not in self.codecs) or (
                kind == "assignor" and name not in self.assignors
            ):
                raise Cannot(f"{self.name} has no {words}")

    # Producing and reading

    @abstractmethod
    def producer(
        self,
        *,
        acks: str = "all",
        codec: str = "none",
        idempotent: bool = False,
        transactional_id: str | None = None,
        max_bytes: int | None = None,
    ) -> Producer:
        """An open producer; acks is "0", "1" or "all". max_bytes: how big a message the client lets through."""

    def produce(
        self,
        topic: str,
        messages: Iterable[Message],
        *,
        acks: str = "all",
        codec: str = "none",
        idempotent: bool = False,
        max_bytes: int | None = None,
    ) -> list[tuple[int, int]]:
        """Send all and wait: (partition, offset) each, the offset meaningless where acks is "0"."""
        with self.producer(acks=acks, codec=codec, idempotent=idempotent, max_bytes=max_bytes) as producer:
            for message in messages:
                producer.send(topic, message)
            return producer.flush()

    @abstractmethod
    def read(
        self,
        topic: str,
        starts: dict[int, int],
        count: int,
        timeout_s: float = 20.0,
        *,
        partition_bytes: int | None = None,
        committed_only: bool = False,
    ) -> list[Received]:
        """Assign the partitions at these offsets and read until `count` records came, or time is up.

        partition_bytes limits a fetch of one partition, and one and a half times that a whole fetch;
        committed_only is isolation.level=read_committed.
        """

    @abstractmethod
    def offsets_for_times(self, topic: str, times_ms: dict[int, int]) -> dict[int, int | None]:
        """The first offset at or after a time, by partition; None (or the end, by client) if there is none."""

    @abstractmethod
    def watermarks(self, topic: str, partition: int) -> tuple[int, int]:
        """The earliest and the next offset."""

    # Groups

    @abstractmethod
    def run_member(self, member: Member) -> None:
        """Be a group member until it is told to leave: read, commit, report. Runs in the member's thread."""

    @abstractmethod
    def commit(self, group: str, topic: str, offsets: dict[int, int]) -> None: ...

    @abstractmethod
    def committed(self, group: str, topic: str, partitions: Sequence[int]) -> dict[int, int | None]: ...

    # Administration

    @abstractmethod
    def create_topic(
        self, topic: str, partitions: int = 1, configs: dict[str, str] | None = None
    ) -> None: ...

    @abstractmethod
    def delete_topic(self, topic: str) -> None: ...

    @abstractmethod
    def topics(self) -> set[str]: ...

    @abstractmethod
    def partition_count(self, topic: str) -> int:
        """Raises: BrokerError 3 for a topic that is not there."""

    @abstractmethod
    def create_partitions(self, topic: str, total: int) -> None: ...

    @abstractmethod
    def topic_configs(self, topic: str) -> dict[str, str | None]: ...

    @abstractmethod
    def broker_configs(self, broker_id: int) -> dict[str, str | None]: ...

    @abstractmethod
    def alter_topic_config(self, topic: str, name: str, value: str) -> None: ...

    @abstractmethod
    def delete_records(self, topic: str, before: dict[int, int]) -> dict[int, int]:
        """The new low watermark by partition."""

    @abstractmethod
    def groups(self) -> set[str]: ...

    @abstractmethod
    def describe_group(self, group: str) -> tuple[str, int]:
        """State in Kafka's words (Stable, Empty, Dead ...) and the number of members."""

    @abstractmethod
    def delete_group(self, group: str) -> None: ...

    @abstractmethod
    def broker_ids(self) -> set[int]:
        """The brokers of the cluster as the client sees it."""
