"""A controller on a real embedded store in a directory of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pykbroker.config.broker import BrokerConfig
from pykbroker.core.cluster import znodes
from pykbroker.core.cluster.image import BrokerImage, ClusterImage, Endpoint
from pykbroker.server import registration
from pykbroker.server.controller import Controller
from pykbroker.server.metadata import MetadataCache
from zk.embedded import EmbeddedStore
from zk.errors import NoNode
from zk.files import Files
from zk.store import Store

ENDPOINTS = (Endpoint("PLAINTEXT", "127.0.0.1", 9092),)
BROKER_ID = 0


class CountingClock:
    """Time stands still unless the test moves it; randomness counts up, so that a test can be repeated."""

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self.time_ms = now_ms
        self._drawn = 0

    def now_ms(self) -> int:
        return self.time_ms

    def monotonic_ms(self) -> int:
        return self.time_ms

    def random_bytes(self, count: int) -> bytes:
        self._drawn += 1
        return self._drawn.to_bytes(count, "big")


@dataclass
class Cluster:
    """One broker's controller and what it works on. config is swapped as broker.py does it."""

    store: Store
    metadata: MetadataCache
    controller: Controller
    clock: CountingClock
    config: BrokerConfig
    cluster_id: str
    broker: BrokerImage | None = None

    @property
    def image(self) -> ClusterImage:
        return self.metadata.image

    async def data(self, path: str) -> bytes | None:
        return (await self.store.get(path))[0]

    async def tree(self, path: str = "/") -> dict[str, bytes | None]:
        """Everything below a path."""
        found: dict[str, bytes | None] = {}
        names, _ = await self.store.children(path)
        for name in sorted(names):
            child = f"{path.rstrip('/')}/{name}"
            found[child] = await self.data(child)
            found.update(await self.tree(child))
        return found

    async def gone(self, path: str) -> bool:
        try:
            await self.store.get(path)
        except NoNode:
            return True
        return False

    def reconfigure(self, old: ClusterImage, new: ClusterImage) -> None:
        self.config = self.config.with_dynamic(
            new.config(f"brokers/{BROKER_ID}"), new.config("brokers/<default>")
        )


@asynccontextmanager
async def store_at(
    directory: Path, clock: CountingClock, files: Files | None = None
) -> AsyncIterator[EmbeddedStore]:
    store = EmbeddedStore.open(str(directory), now_ms=clock.now_ms, files=files, sync="background")
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def cluster_at(
    directory: Path,
    settings: Mapping[str, str] | None = None,
    other_brokers: tuple[BrokerImage, ...] = (),
    files: Files | None = None,
) -> AsyncIterator[Cluster]:
    """The controller after its start.

    other_brokers: registered in the same store, as if they had come before. files: another disk for the store.
    """
    clock = CountingClock()
    async with store_at(directory / "zk", clock, files) as store:
        cluster_id = await registration.prepare(store, None, clock)
        for broker in other_brokers:
            await store.create(
                znodes.broker_path(broker.id), znodes.format_broker(broker, clock.now_ms()), ephemeral=True
            )
        metadata = MetadataCache()
        cluster = Cluster(
            store,
            metadata,
            Controller(BROKER_ID, store, metadata, clock, lambda: cluster.config),
            clock,
            BrokerConfig(settings or {}),
            cluster_id,
        )
        metadata.subscribe(cluster.reconfigure)
        cluster.broker = await cluster.controller.start(cluster_id, ENDPOINTS, None)
        yield cluster
