"""aiokafka: one event loop in a thread for the driver's calls, one asyncio.run for each group member."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import (
    BrokerResponseError,
    CommitFailedError,
    IllegalGenerationError,
    ProducerFenced,
    RebalanceInProgressError,
    UnknownMemberIdError,
    for_code,
)

from clients.drivers import base
from clients.drivers.base import BrokerError, Message, Received
from clients.members import Member

INVALID_PRODUCER_EPOCH = 47
ACKS = {"0": 0, "1": 1, "all": "all"}
ASSIGNORS = {
    "range": RangePartitionAssignor,
    "roundrobin": RoundRobinPartitionAssignor,
    "sticky": StickyPartitionAssignor,
}
T = TypeVar("T")


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except BrokerResponseError as error:
        raise BrokerError(error.errno, str(error)) from error
    except ProducerFenced as error:  # without a code of its own
        raise BrokerError(INVALID_PRODUCER_EPOCH, str(error)) from error


def _check(code: int, text: object) -> None:
    if code:
        raise BrokerError(code, f"{for_code(code).__name__}: {text}")


def _received(batches: dict[TopicPartition, list[Any]]) -> list[Received]:
    return [
        Received(r.partition, r.offset, r.timestamp, r.key, r.value, tuple(r.headers))
        for records in batches.values()
        for r in records
    ]


class LoopThread:
    """An event loop that runs in a thread, for callers that are not async."""

    def __init__(self) -> None:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main(ready)), daemon=True)
        self._thread.start()
        ready.wait()

    async def _main(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopped = asyncio.Event()
        ready.set()
        await self._stopped.wait()

    def run(self, work: Coroutine[Any, Any, T], timeout_s: float = 45.0) -> T:
        with _errors():
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)


class _Producer(base.Producer):
    def __init__(self, loop: LoopThread, config: dict[str, Any]) -> None:
        self._loop = loop
        self._futures: list[asyncio.Future[Any]] = []
        self._producer = loop.run(self._start(config))

    @staticmethod
    async def _start(config: dict[str, Any]) -> AIOKafkaProducer:
        producer = AIOKafkaProducer(**config)
        try:
            await producer.start()
        except BaseException:
            await producer.stop()
            raise
        return producer

    def send(self, topic: str, message: Message) -> None:
        self._futures.append(self._loop.run(self._send(topic, message)))

    async def _send(self, topic: str, message: Message) -> asyncio.Future[Any]:
        return await self._producer.send(
            topic,
            message.value,
            message.key,
            message.partition,
            message.timestamp_ms,
            list(message.headers),
        )

    def flush(self, timeout_s: float = 20.0) -> list[tuple[int, int]]:
        return self._loop.run(self._flush(timeout_s))

    async def _flush(self, timeout_s: float) -> list[tuple[int, int]]:
        done, self._futures = self._futures, []
        async with asyncio.timeout(timeout_s):
            await self._producer.flush()
            acks = [await future for future in done]
        return [(ack.partition, ack.offset) if ack else (-1, -1) for ack in acks]

    def begin(self) -> None:
        self._loop.run(self._producer.begin_transaction())

    def send_offsets(self, group: str, topic: str, offsets: dict[int, int]) -> None:
        places = {TopicPartition(topic, p): o for p, o in offsets.items()}
        self._loop.run(self._producer.send_offsets_to_transaction(places, group))

    def commit(self) -> None:
        self._loop.run(self._producer.commit_transaction())

    def abort(self) -> None:
        self._loop.run(self._producer.abort_transaction())

    def close(self) -> None:
        self._loop.run(self._producer.stop())


class _Orderly(ConsumerRebalanceListener):
    """A rebalance begins only between a member's commits, as aiokafka asks of its users."""

    def __init__(self, member: Member, busy: asyncio.Lock) -> None:
        self._member, self._busy = member, busy

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        async with self._busy:
            self._member.revoked(tp.partition for tp in revoked)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        pass


class AiokafkaDriver(base.Driver):
    name = "aiokafka"
    assignors = frozenset(ASSIGNORS)
    cannot = {
        "delete_group": "aiokafka's admin client has no call to delete a group",
        "look without creating": "aiokafka's Metadata request always allows the broker to create the topic",
        "null key and value": "aiokafka refuses a record with neither key nor value",
    }

    def __init__(self, bootstrap: str) -> None:
        super().__init__(bootstrap)
        self._loop_thread: LoopThread | None = None

    def close(self) -> None:
        if self._loop_thread:
            self._loop_thread.close()

    @property
    def _loop(self) -> LoopThread:
        if self._loop_thread is None:
            self._loop_thread = LoopThread()
        return self._loop_thread

    def producer(
        self,
        *,
        acks: str = "all",
        codec: str = "none",
        idempotent: bool = False,
        transactional_id: str | None = None,
        max_bytes: int | None = None,
    ) -> _Producer:
        config = {
            "bootstrap_servers": self.bootstrap,
            "acks": ACKS[acks],
            "compression_type": None if codec == "none" else codec,
            "enable_idempotence": idempotent,
            "linger_ms": 5,
            "transactional_id": transactional_id,
            "max_request_size": max_bytes or 1_048_576,
        }
        return _Producer(self._loop, config)

    @contextlib.asynccontextmanager
    async def _consumer(self, group: str | None = None, **options: Any) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
            **options,
        )
        try:
            await consumer.start()
            yield consumer
        finally:
            await consumer.stop()

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
        options: dict[str, Any] = {"isolation_level": "read_committed"} if committed_only else {}
        if partition_bytes is not None:
            options |= {
                "max_partition_fetch_bytes": partition_bytes,
                "fetch_max_bytes": partition_bytes * 3 // 2,
            }
        return self._loop.run(self._read(topic, starts, count, timeout_s, options), timeout_s + 10)

    async def _read(
        self, topic: str, starts: dict[int, int], count: int, timeout_s: float, options: dict[str, Any]
    ) -> list[Received]:
        got: list[Received] = []
        async with self._consumer(**options) as consumer:
            consumer.assign([TopicPartition(topic, p) for p in starts])
            for partition, offset in starts.items():
                consumer.seek(TopicPartition(topic, partition), offset)
            late = base.deadline_in(timeout_s)
            while len(got) < count and not late():
                got += _received(await consumer.getmany(timeout_ms=200))
        return got

    def offsets_for_times(self, topic: str, times_ms: dict[int, int]) -> dict[int, int | None]:
        async def work() -> dict[int, int | None]:
            async with self._consumer() as consumer:
                asked = {TopicPartition(topic, p): t for p, t in times_ms.items()}
                found = await consumer.offsets_for_times(asked)
            return {tp.partition: where.offset if where else None for tp, where in found.items()}

        return self._loop.run(work())

    def watermarks(self, topic: str, partition: int) -> tuple[int, int]:
        async def work() -> tuple[int, int]:
            asked = TopicPartition(topic, partition)
            async with self._consumer() as consumer:
                low = await consumer.beginning_offsets([asked])
                high = await consumer.end_offsets([asked])
            return low[asked], high[asked]

        return self._loop.run(work())

    def run_member(self, member: Member) -> None:
        with _errors():
            asyncio.run(self._run_member(member))

    async def _run_member(self, member: Member) -> None:
        options: dict[str, Any] = {
            "partition_assignment_strategy": (ASSIGNORS[member.assignor],),
            "heartbeat_interval_ms": 200,
            "session_timeout_ms": 6000,
            "metadata_max_age_ms": 2000,
            "group_instance_id": member.instance_id,
        }
        busy = asyncio.Lock()
        async with self._consumer(member.group, **options) as consumer:
            consumer.subscribe([member.topic], listener=_Orderly(member, busy))
            while not member.leaving.is_set():
                if not consumer.assignment():  # getmany would wait for one
                    member.holds(())
                    await asyncio.sleep(0.02)
                    continue
                # Outside the lock: once a rebalance has begun, getmany waits for its end, and that for the callback.
                member.polled(_received(await consumer.getmany(timeout_ms=50)))
                async with busy:
                    if member.owes_a_commit:
                        await _try_commit(consumer, member)
                member.holds(tp.partition for tp in consumer.assignment())
                await asyncio.sleep(0)

    def commit(self, group: str, topic: str, offsets: dict[int, int]) -> None:
        async def work() -> None:
            async with self._consumer(group) as consumer:
                consumer.assign([TopicPartition(topic, p) for p in offsets])
                await consumer.commit({TopicPartition(topic, p): o for p, o in offsets.items()})

        self._loop.run(work())

    def committed(self, group: str, topic: str, partitions: Sequence[int]) -> dict[int, int | None]:
        async def work() -> dict[int, int | None]:
            async with self._consumer(group) as consumer:
                consumer.assign([TopicPartition(topic, p) for p in partitions])
                return {p: await consumer.committed(TopicPartition(topic, p)) for p in partitions}

        return self._loop.run(work())

    @contextlib.asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        client = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            await client.start()
            yield client
        finally:
            await client.close()

    def _ask_admin(self, verb: str, *arguments: Any, **named: Any) -> Any:
        """One call of the admin client by its name."""

        async def work() -> Any:
            async with self._admin() as client:
                return await getattr(client, verb)(*arguments, **named)

        return self._loop.run(work())

    def create_topic(self, topic: str, partitions: int = 1, configs: dict[str, str] | None = None) -> None:
        answer = self._ask_admin("create_topics", [NewTopic(topic, partitions, 1, topic_configs=configs)])
        for name, code, *message in answer.topic_errors:
            _check(code, (name, *message))

    def delete_topic(self, topic: str) -> None:
        for name, code in self._ask_admin("delete_topics", [topic]).topic_error_codes:
            _check(code, name)

    def topics(self) -> set[str]:
        return set(self._ask_admin("list_topics"))

    def partition_count(self, topic: str) -> int:
        (found,) = self._ask_admin("describe_topics", [topic])
        _check(found["error_code"], topic)
        return len(found["partitions"])

    def create_partitions(self, topic: str, total: int) -> None:
        self._ask_admin("create_partitions", {topic: NewPartitions(total)})

    def _configs(self, kind: ConfigResourceType, name: str) -> dict[str, str | None]:
        (answer,) = self._ask_admin("describe_configs", [ConfigResource(kind, name)])
        ((code, message, _, _, entries),) = answer.resources
        _check(code, message)
        return {entry[0]: entry[1] for entry in entries}

    def topic_configs(self, topic: str) -> dict[str, str | None]:
        return self._configs(ConfigResourceType.TOPIC, topic)

    def broker_configs(self, broker_id: int) -> dict[str, str | None]:
        return self._configs(ConfigResourceType.BROKER, str(broker_id))

    def alter_topic_config(self, topic: str, name: str, value: str) -> None:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic, {name: value})
        for answer in self._ask_admin("alter_configs", [resource]):
            for code, message, *_ in answer.resources:
                _check(code, message)

    def delete_records(self, topic: str, before: dict[int, int]) -> dict[int, int]:
        asked = {TopicPartition(topic, p): RecordsToDelete(o) for p, o in before.items()}
        return {tp.partition: low for tp, low in self._ask_admin("delete_records", asked).items()}

    def groups(self) -> set[str]:
        return {group[0] for group in self._ask_admin("list_consumer_groups")}

    def describe_group(self, group: str) -> tuple[str, int]:
        (answer,) = self._ask_admin("describe_consumer_groups", [group])
        code, _, state, _, _, members, *_ = answer.groups[0]
        _check(code, group)
        return state, len(members)

    def delete_group(self, group: str) -> None:
        raise base.Cannot(self.cannot["delete_group"])

    def broker_ids(self) -> set[int]:
        return {broker["node_id"] for broker in self._ask_admin("describe_cluster")["brokers"]}


async def _try_commit(consumer: AIOKafkaConsumer, member: Member) -> None:
    """Commit the positions; while the group rebalances the records stay owed and the next poll settles it."""
    settled_by_polling = (
        CommitFailedError,
        IllegalGenerationError,
        RebalanceInProgressError,
        UnknownMemberIdError,
    )
    try:
        await consumer.commit()
    except settled_by_polling:
        return
    member.committed()
