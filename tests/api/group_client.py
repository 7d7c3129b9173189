"""Group requests through the real messages and handlers to a real coordinator over partitions in memory.

A request is built and parsed in its version, handled, and the answer built and parsed again, so that a test sees what a
client of that version sees.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import trio

from pykbroker.core.cluster.image import ClusterImage, PartitionImage, TopicImage
from pykbroker.core.groups.placement import OFFSETS_TOPIC
from pykbroker.errors import ApiError
from pykbroker.server.coordinator import GroupCoordinator
from tests.server.memory_partition import MemoryPartition
from wire.errors import ErrorCode

BROKER = 3
TOPIC_ID = bytes(range(16))
SETTINGS = {
    "group.min.session.timeout.ms": 6_000,
    "group.max.session.timeout.ms": 1_800_000,
    "group.initial.rebalance.delay.ms": 0,
    "group.max.size": 2**31 - 1,
    "offset.metadata.max.bytes": 4_096,
    "offsets.retention.minutes": 7 * 24 * 60,
    "offsets.retention.check.interval.ms": 600_000,
    "offsets.commit.timeout.ms": 5_000,
    "offsets.topic.compression.codec": 0,
    "message.max.bytes": 1_048_588,
}


def topic(name: str, partitions: int, topic_id: bytes) -> TopicImage:
    replicas = (BROKER,)
    rows = tuple(PartitionImage(i, BROKER, 0, replicas, replicas) for i in range(partitions))
    return TopicImage(name, topic_id, rows)


class VirtualClock:
    def __init__(self) -> None:
        self.drawn = 0

    def now_ms(self) -> int:
        return 1_700_000_000_000 + int(trio.current_time() * 1000)

    monotonic_ms = now_ms

    def random_bytes(self, count: int) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(count, "big")


class House:
    """A broker's parts as group handlers use them. partitions: of the offsets topic, by index."""

    id = BROKER

    def __init__(self, nursery: trio.Nursery) -> None:
        self.clock = VirtualClock()
        self.partitions: dict[int, MemoryPartition] = {}
        self.metadata = SimpleNamespace(image=ClusterImage())
        self.controller = self
        self.store: Any = None
        self.refuses_topics = False
        config: Any = SimpleNamespace(integer=SETTINGS.__getitem__)
        self.groups = GroupCoordinator(BROKER, config, self.clock, self.partition)
        self.groups.start(nursery)
        self.become(ClusterImage().with_topic(topic("t", 4, TOPIC_ID)))

    def partition(self, name: str, index: int) -> Any:
        assert name == OFFSETS_TOPIC
        return self.partitions.setdefault(index, MemoryPartition())

    def become(self, image: ClusterImage) -> None:
        old, self.metadata.image = self.metadata.image, image
        self.groups.image_changed(old, image)

    async def ensure_topic(self, name: str) -> TopicImage:
        """The controller's part."""
        if self.refuses_topics:
            raise ApiError(ErrorCode.INVALID_REPLICATION_FACTOR, "there are too few brokers")
        await trio.lowlevel.checkpoint()
        made = topic(name, 50, b"o" * 16)
        self.become(self.metadata.image.with_topic(made))
        return made


class Client:
    """One connection. ask("JoinGroup", 9, field=...) gives the answer as a client parses it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.client_id: str | None = "client"
        self.connection = SimpleNamespace(peer_host="127.0.0.9")

    async def ask(self, api: str, version: int, /, **fields: Any) -> Any:
        name = "".join("_" + c.lower() if c.isupper() else c for c in api).lstrip("_")
        messages = import_module(f"wire.messages.{name}")
        handler = import_module(f"pykbroker.api.handlers.{name}")
        request_type, response_type = getattr(messages, api + "Request"), getattr(messages, api + "Response")
        sent = b"".join(request_type.build(version, request_type(**fields)))
        request, _ = request_type.parse(version, sent, 0)
        ctx = SimpleNamespace(
            broker=self.house,
            version=version,
            client_id=self.client_id,
            connection=self.connection,
            endpoint=lambda broker: ("the.broker", 9092) if broker == BROKER else None,
        )
        try:
            response = handler.handle(ctx, request)
            if isinstance(response, Coroutine):
                response = await response
        except ApiError as error:
            if not hasattr(handler, "refuse"):  # what the dispatcher does then
                response = response_type(error_code=error.code)
            else:
                response = handler.refuse(ctx, request, error)
        received = b"".join(response_type.build(version, response))
        answer, end = response_type.parse(version, received, 0)
        assert end == len(received)
        return answer

    def group(self, api: str, name: str, /, **fields: Any) -> Any:
        """A struct of an API's messages."""
        module = "".join("_" + c.lower() if c.isupper() else c for c in api).lstrip("_")
        return getattr(import_module(f"wire.messages.{module}"), name)(**fields)

    async def join(self, version: int = 9, member_id: str = "", **changes: Any) -> Any:
        protocol = self.group(
            "JoinGroup", "JoinGroupRequestProtocol", name="range", metadata=b"\0\0\0\0\0\1\0\1t"
        )
        fields: dict[str, Any] = {
            "group_id": "g",
            "session_timeout_ms": 10_000,
            "rebalance_timeout_ms": 60_000,
            "member_id": member_id,
            "protocol_type": "consumer",
            "protocols": [protocol],
        }
        return await self.ask("JoinGroup", version, **{**fields, **changes})

    async def stable(self, version: int = 9) -> Any:
        """A stable group of this client alone: its JoinGroup answer."""
        joined = await self.join(version)
        if joined.error_code == ErrorCode.MEMBER_ID_REQUIRED:
            joined = await self.join(version, joined.member_id)
        assert joined.error_code == 0, joined
        synced = await self.sync(joined)
        assert synced.error_code == 0
        return joined

    async def sync(self, joined: Any, version: int = 5, **changes: Any) -> Any:
        assignment = self.group(
            "SyncGroup", "SyncGroupRequestAssignment", member_id=joined.member_id, assignment=b"mine"
        )
        fields: dict[str, Any] = {
            "group_id": "g",
            "generation_id": joined.generation_id,
            "member_id": joined.member_id,
            "protocol_type": "consumer",
            "protocol_name": "range",
            "assignments": [assignment],
        }
        return await self.ask("SyncGroup", version, **{**fields, **changes})

    async def commit(self, version: int, *partitions: int, joined: Any = None, **changes: Any) -> Any:
        """Commit offset 5 for these partitions of topic t (by id where the version does so)."""
        rows = [
            self.group(
                "OffsetCommit",
                "OffsetCommitRequestPartition",
                partition_index=partition,
                committed_offset=5,
                committed_metadata="m",
            )
            for partition in partitions
        ]
        name = {"topic_id": TOPIC_ID} if version >= 10 else {"name": "t"}
        asked = self.group("OffsetCommit", "OffsetCommitRequestTopic", partitions=rows, **name)
        fields: dict[str, Any] = {"group_id": "g", "topics": [asked]}
        if joined is not None:
            fields["member_id"] = joined.member_id
            fields["generation_id_or_member_epoch"] = joined.generation_id
        return await self.ask("OffsetCommit", version, **{**fields, **changes})


@asynccontextmanager
async def a_client(*, coordinates: bool = True) -> AsyncIterator[Client]:
    """coordinates: the offsets topic is there."""
    async with trio.open_nursery() as nursery:
        house = House(nursery)
        if coordinates:
            await house.ensure_topic(OFFSETS_TOPIC)
        yield Client(house)
        nursery.cancel_scope.cancel()
