"""confluent-kafka: librdkafka behind its Python binding."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import confluent_kafka as ck
from confluent_kafka import admin

from clients.drivers import base
from clients.drivers.base import BrokerError, Message, Received
from clients.members import Member

NO_TIMESTAMP = 0  # librdkafka: now
TRANSACTION_S = 20.0


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except ck.KafkaException as error:
        raise BrokerError(error.args[0].code(), str(error)) from error


def _received(message: ck.Message) -> Received:
    return Received(
        message.partition(),
        message.offset(),
        message.timestamp()[1],
        message.key(),
        message.value(),
        tuple(message.headers() or ()),
    )


class _Producer(base.Producer):
    def __init__(self, config: dict[str, Any]) -> None:
        self._bootstrap = config["bootstrap.servers"]
        self._producer = ck.Producer(config)
        self._acks: list[tuple[int, int] | ck.KafkaError | None] = []

    def send(self, topic: str, message: Message) -> None:
        place = len(self._acks)
        self._acks.append(None)

        def delivered(error: ck.KafkaError | None, ack: ck.Message) -> None:
            self._acks[place] = error or (ack.partition(), ack.offset())

        self._producer.produce(
            topic,
            message.value,
            message.key,
            partition=-1 if message.partition is None else message.partition,
            timestamp=message.timestamp_ms or NO_TIMESTAMP,
            headers=list(message.headers),
            on_delivery=delivered,
        )
        self._producer.poll(0)

    def flush(self, timeout_s: float = 20.0) -> list[tuple[int, int]]:
        left = self._producer.flush(timeout_s)
        assert not left, f"{left} messages not acknowledged in {timeout_s:.0f} s"
        acks, self._acks = self._acks, []
        for ack in acks:
            if isinstance(ack, ck.KafkaError):
                raise BrokerError(ack.code(), str(ack))
        return acks  # type: ignore[return-value]

    def init_transactions(self) -> None:
        with _errors():
            self._producer.init_transactions(TRANSACTION_S)

    def begin(self) -> None:
        with _errors():
            self._producer.begin_transaction()

    def send_offsets(self, group: str, topic: str, offsets: dict[int, int]) -> None:
        places = [ck.TopicPartition(topic, p, offset) for p, offset in offsets.items()]
        consumer = ck.Consumer({"bootstrap.servers": self._bootstrap, "group.id": group, "log_level": 0})
        try:
            with _errors():
                metadata = consumer.consumer_group_metadata()
                self._producer.send_offsets_to_transaction(places, metadata, TRANSACTION_S)
        finally:
            consumer.close()

    def commit(self) -> None:
        with _errors():
            self._producer.commit_transaction(TRANSACTION_S)

    def abort(self) -> None:
        with _errors():
            self._producer.abort_transaction(TRANSACTION_S)

    def close(self) -> None:
        with contextlib.suppress(ck.KafkaException):  # of one that was fenced
            self._producer.flush(5)


class ConfluentDriver(base.Driver):
    name = "confluent-kafka"
    assignors = frozenset({"range", "roundrobin", "cooperative-sticky"})
    cannot = {"no partitions": "librdkafka refuses 0 partitions itself"}

    def __init__(self, bootstrap: str, settings: dict[str, Any] | None = None) -> None:
        """settings: librdkafka's, for all clients that this makes."""
        super().__init__(bootstrap)
        self._settings = settings or {}

    def _config(self, **more: Any) -> dict[str, Any]:
        return {"bootstrap.servers": self.bootstrap, "log_level": 0, **self._settings, **more}

    def producer(
        self,
        *,
        acks: str = "all",
        codec: str = "none",
        idempotent: bool = False,
        transactional_id: str | None = None,
        max_bytes: int | None = None,
    ) -> _Producer:
        config = {"acks": acks, "compression.type": codec, "linger.ms": 5, "enable.idempotence": idempotent}
        # Without that, a broker that went away is asked again only after up to 10 s.
        config |= {"reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200}
        if max_bytes is not None:
            config["message.max.bytes"] = max_bytes
        if transactional_id is not None:
            config["transactional.id"] = transactional_id
        producer = _Producer(self._config(**config))
        if transactional_id is not None:
            producer.init_transactions()
        return producer

    @contextlib.contextmanager
    def _consumer(self, group: str = "unused", **options: Any) -> Iterator[ck.Consumer]:
        config = {"group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest"}
        consumer = ck.Consumer(self._config(**config, **options))
        try:
            with _errors():
                yield consumer
        finally:
            consumer.close()

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
        options: dict[str, Any] = {
            "isolation.level": "read_committed" if committed_only else "read_uncommitted"
        }
        if partition_bytes is not None:
            options["max.partition.fetch.bytes"] = partition_bytes
            options["fetch.max.bytes"] = partition_bytes * 3 // 2
            options["message.max.bytes"] = (
                partition_bytes * 7 // 5
            )  # librdkafka wants it below fetch.max.bytes
        got: list[Received] = []
        with self._consumer(**options) as consumer:
            consumer.assign([ck.TopicPartition(topic, p, offset) for p, offset in starts.items()])
            late = base.deadline_in(timeout_s)
            while len(got) < count and not late():
                for message in consumer.consume(1000, 0.2):
                    if message.error():
                        raise BrokerError(message.error().code(), str(message.error()))
                    got.append(_received(message))
        return got

    def offsets_for_times(self, topic: str, times_ms: dict[int, int]) -> dict[int, int | None]:
        with self._consumer() as consumer:
            asked = [ck.TopicPartition(topic, p, time_ms) for p, time_ms in times_ms.items()]
            found = consumer.offsets_for_times(asked, timeout=10)
        return {tp.partition: tp.offset if tp.offset >= 0 else None for tp in found}

    def watermarks(self, topic: str, partition: int) -> tuple[int, int]:
        with self._consumer() as consumer:
            return consumer.get_watermark_offsets(ck.TopicPartition(topic, partition), timeout=10)

    def run_member(self, member: Member) -> None:
        options: dict[str, Any] = {
            "partition.assignment.strategy": member.assignor,
            "heartbeat.interval.ms": 200,
            "session.timeout.ms": 6000,
            "fetch.wait.max.ms": 100,
            "topic.metadata.refresh.interval.ms": 2000,
        }
        if member.instance_id:
            options["group.instance.id"] = member.instance_id
        with self._consumer(member.group, **options) as consumer:

            def revoked(_: ck.Consumer, partitions: list[ck.TopicPartition]) -> None:
                member.revoked(tp.partition for tp in partitions)

            consumer.subscribe([member.topic], on_revoke=revoked, on_lost=revoked)
            while not member.leaving.is_set():
                messages = consumer.consume(500, 0.05)
                for message in messages:
                    if message.error():
                        raise BrokerError(message.error().code(), str(message.error()))
                member.polled(map(_received, messages))
                if member.owes_a_commit:
                    _try_commit(consumer, member)
                member.holds(tp.partition for tp in consumer.assignment())

    def commit(self, group: str, topic: str, offsets: dict[int, int]) -> None:
        with self._consumer(group) as consumer:
            wanted = [ck.TopicPartition(topic, p, offset) for p, offset in offsets.items()]
            for done in consumer.commit(offsets=wanted, asynchronous=False):
                if done.error:
                    raise ck.KafkaException(done.error)

    def committed(self, group: str, topic: str, partitions: Sequence[int]) -> dict[int, int | None]:
        with self._consumer(group) as consumer:
            asked = [ck.TopicPartition(topic, p) for p in partitions]
            found = consumer.committed(asked, timeout=10)
        return {tp.partition: tp.offset if tp.offset >= 0 else None for tp in found}

    @functools.cached_property
    def _admin(self) -> admin.AdminClient:
        """One for the driver's life: the calls' futures die with their client."""
        return admin.AdminClient(self._config())

    @staticmethod
    def _only(futures: dict[Any, Future[Any]]) -> Any:
        """The one result of an admin call about one thing."""
        with _errors():
            (future,) = futures.values()
            return future.result(15)

    def create_topic(self, topic: str, partitions: int = 1, configs: dict[str, str] | None = None) -> None:
        self._only(self._admin.create_topics([admin.NewTopic(topic, partitions, 1, config=configs or {})]))

    def delete_topic(self, topic: str) -> None:
        self._only(self._admin.delete_topics([topic]))

    def topics(self) -> set[str]:
        return set(self._admin.list_topics(timeout=10).topics)

    def partition_count(self, topic: str) -> int:
        names = ck.TopicCollection([topic])
        return len(self._only(self._admin.describe_topics(names)).partitions)

    def create_partitions(self, topic: str, total: int) -> None:
        self._only(self._admin.create_partitions([admin.NewPartitions(topic, total)]))

    def _configs(self, kind: admin.ResourceType, name: str) -> dict[str, str | None]:
        found = self._only(self._admin.describe_configs([admin.ConfigResource(kind, name)]))
        return {key: entry.value for key, entry in found.items()}

    def topic_configs(self, topic: str) -> dict[str, str | None]:
        return self._configs(admin.ResourceType.TOPIC, topic)

    def broker_configs(self, broker_id: int) -> dict[str, str | None]:
        return self._configs(admin.ResourceType.BROKER, str(broker_id))

    def alter_topic_config(self, topic: str, name: str, value: str) -> None:
        entry = admin.ConfigEntry(name, value, incremental_operation=admin.AlterConfigOpType.SET)
        resource = admin.ConfigResource(admin.ResourceType.TOPIC, topic, incremental_configs=[entry])
        self._only(self._admin.incremental_alter_configs([resource]))

    def delete_records(self, topic: str, before: dict[int, int]) -> dict[int, int]:
        futures = self._admin.delete_records([ck.TopicPartition(topic, p, o) for p, o in before.items()])
        with _errors():
            return {tp.partition: future.result(15).low_watermark for tp, future in futures.items()}

    def groups(self) -> set[str]:
        with _errors():
            return {group.group_id for group in self._admin.list_consumer_groups().result(15).valid}

    def describe_group(self, group: str) -> tuple[str, int]:
        found = self._only(self._admin.describe_consumer_groups([group]))
        names = {
            "PREPARING_REBALANCING": "PreparingRebalance",
            "COMPLETING_REBALANCING": "CompletingRebalance",
        }
        return names.get(found.state.name, found.state.name.capitalize()), len(found.members)

    def delete_group(self, group: str) -> None:
        self._only(self._admin.delete_consumer_groups([group]))

    def broker_ids(self) -> set[int]:
        with _errors():
            return {node.id for node in self._admin.describe_cluster().result(15).nodes}


def _try_commit(consumer: ck.Consumer, member: Member) -> None:
    """Commit the positions; while the group rebalances the records stay owed and the next poll settles it."""
    try:
        consumer.commit(asynchronous=False)
    except ck.KafkaException as error:
        settled_by_polling = (
            ck.KafkaError.REBALANCE_IN_PROGRESS,
            ck.KafkaError.ILLEGAL_GENERATION,
            ck.KafkaError.UNKNOWN_MEMBER_ID,
            ck.KafkaError._NO_OFFSET,
        )
        if error.args[0].code() not in settled_by_polling:
            raise
    else:
        member.committed()
