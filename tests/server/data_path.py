"""The data path without sockets: real logs in a directory of the test's own, a small image, handlers called directly."""

from __future__ import annotations

import errno
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pykbroker.api.context import Context
from pykbroker.config.broker import BrokerConfig
from pykbroker.core.cluster.image import BrokerImage, ClusterImage, Endpoint, PartitionImage, TopicImage
from pykbroker.files import Buffer, DiskFile, DiskFiles
from pykbroker.log.directory import LogDirs
from pykbroker.server.metadata import MetadataCache
from pykbroker.server.partition import Partition
from pykbroker.server.replicas import Replicas
from wire.records.record import Record, build_batch, read_records

BROKER_ID = 0
NOW_MS = 1_700_000_000_000


class CountingClock:
    """Time stands still unless the test moves it; randomness counts up."""

    def __init__(self) -> None:
        self.time_ms = NOW_MS
        self._drawn = 0

    def now_ms(self) -> int:
        return self.time_ms

    def monotonic_ms(self) -> int:
        return self.time_ms

    def random_bytes(self, count: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(count, "big")


class BrittleFiles(DiskFiles):
    """A disk whose writes and fsyncs fail while the test says so."""

    def __init__(self) -> None:
        self.full = False
        self.fsync_fails = False
        self.fsyncs = 0

    def open(self, path: str, *, create: bool = False, write: bool = True) -> DiskFile:
        if self.full and create:
            raise OSError(errno.ENOSPC, "No space left on device")
        return BrittleFile(self, super().open(path, create=create, write=write))


class BrittleFile(DiskFile):
    def __init__(self, disk: BrittleFiles, file: DiskFile) -> None:
        self._disk = disk
        super().__init__(file._fd)

    def pwritev(self, buffers: Sequence[Buffer], size: int, position: int) -> None:
        if self._disk.full:
            super().pwritev([b"torn"], 4, position)
            raise OSError(errno.ENOSPC, "No space left on device")
        super().pwritev(buffers, size, position)

    def fsync(self) -> None:
        self._disk.fsyncs += 1
        if self._disk.fsync_fails:
            raise OSError(errno.EIO, "Input/output error")
        super().fsync()


def topic_id(name: str, generation: int = 0) -> bytes:
    return name.encode().ljust(15, b"\0")[:15] + bytes((generation,))


def topic(
    name: str,
    partitions: int = 1,
    config: dict[str, str] | None = None,
    *,
    leader: int = BROKER_ID,
    replicas: tuple[int, ...] = (BROKER_ID,),
    isr: tuple[int, ...] | None = None,
    leader_epoch: int = 0,
    generation: int = 0,
) -> TopicImage:
    images = tuple(
        PartitionImage(index, leader, leader_epoch, replicas if isr is None else isr, replicas)
        for index in range(partitions)
    )
    return TopicImage(name, topic_id(name, generation), images, config or {})


@dataclass
class DataPath:
    """As much of a broker as the data path needs; `restart` opens the same directories anew."""

    path: Path
    settings: dict[str, str] = field(default_factory=dict)
    dirs: int = 1
    files: BrittleFiles = field(default_factory=BrittleFiles)
    clock: CountingClock = field(default_factory=CountingClock)

    def __post_init__(self) -> None:
        self.id = BROKER_ID
        self.advertises = True
        self.config = BrokerConfig(self.settings)
        brokers = {
            number: BrokerImage(
                number, 1, (Endpoint("PLAINTEXT", f"host{number}", 9092 + number),), f"rack{number}"
            )
            for number in (0, 1)
        }
        self.metadata = MetadataCache(ClusterImage("c", brokers=brokers))
        self.start()

    def start(self) -> None:
        paths = [str(self.path / f"log{number}") for number in range(self.dirs)]
        log_dirs = LogDirs.open(self.files, paths)
        log_dirs.identify(BROKER_ID, "c")
        self.log_dirs = log_dirs
        self.replicas = Replicas(log_dirs, self.config, self.clock, BROKER_ID)
        self.replicas.load(self.metadata.image)

    def restart(self, *, crash: bool = False) -> None:
        if crash:
            self.log_dirs.abandon()
        else:
            assert self.replicas.close()
        self.start()

    def have(self, *topics: TopicImage) -> None:
        """These topics, new or changed."""
        self.metadata.swap(self.metadata.image.with_topics(topics))
        self.replicas.apply(self.metadata.image)

    def drop(self, *names: str) -> None:
        self.metadata.swap(self.metadata.image.without_topics(names))
        self.replicas.apply(self.metadata.image)

    def partition(self, name: str = "t", index: int = 0) -> Partition:
        return self.replicas.partition(name, index)

    def change(self, name: str, **what: Any) -> None:
        """Change the partitions' images of a topic."""
        old = self.metadata.image.topics[name]
        self.have(old._replace(partitions=tuple(each._replace(**what) for each in old.partitions)))

    def ctx(self, version: int, client_id: str | None = "test") -> Context:
        connection: Any = SimpleNamespace(listener="PLAINTEXT", local_host="here", local_port=1)
        context = Context(self, connection)  # type: ignore[arg-type]
        context.version = version
        context.client_id = client_id
        return context

    def handle(self, api: str, version: int, request: Any, client_id: str | None = "test") -> Any:
        """What the handler gives, sent over the wire in both directions: what a version lacks is not there."""
        module = import_module(f"wire.messages.{api}")
        camel = "".join(part.title() for part in api.split("_"))
        asked, answered = getattr(module, camel + "Request"), getattr(module, camel + "Response")
        raw = b"".join(map(bytes, asked.build(version, request)))
        parsed, _ = asked.parse(version, raw, 0)
        handler = import_module(f"pykbroker.api.handlers.{api}")
        result = handler.handle(self.ctx(version, client_id), parsed)

        def received(response: Any) -> Any:
            if response is None:
                return None
            return answered.parse(version, b"".join(map(bytes, answered.build(version, response))), 0)[0]

        if isinstance(result, Coroutine):
            return _later(result, received)
        return received(result)


async def _later(waiting: Coroutine[Any, Any, Any], received: Callable[[Any], Any]) -> Any:
    return received(await waiting)


def batch(*values: bytes, timestamp: int = NOW_MS, **how: Any) -> bytes:
    """One batch of records with these values; `how` goes to `build_batch`."""
    return build_batch([Record(0, timestamp, None, value, ()) for value in values or (b"v",)], **how)


def keyed(*keys: bytes, **how: Any) -> bytes:
    return build_batch([Record(0, NOW_MS, key, b"v", ()) for key in keys], **how)


def values(records: Buffer) -> list[bytes | None]:
    """The values of all records in a run of batches."""
    from wire.records.batch import iterate_batches

    found: list[bytes | None] = []
    for position, header in iterate_batches(records):
        found += [record.value for record in read_records(records, header, position)]
    return found
