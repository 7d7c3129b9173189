"""kafka-python (3.x)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kafka import (
    ConsumerRebalanceListener,
    KafkaAdminClient,
    KafkaConsumer,
    KafkaProducer,
    OffsetAndMetadata,
    TopicPartition,
)
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from kafka.errors import (
    BrokerResponseError,
    CommitFailedError,
    IllegalGenerationError,
    KafkaConnectionError,
    RebalanceInProgressError,
    UnknownMemberIdError,
    for_code,
)

from clients.drivers import base
from clients.drivers.base import BrokerError, Message, Received
from clients.members import Member

ACKS = {"0": 0, "1": 1, "all": "all"}
ASSIGNORS = {
    "range": RangePartitionAssignor,
    "roundrobin": RoundRobinPartitionAssignor,
    "cooperative-sticky": CooperativeStickyAssignor,
}
# A poll that times out while the member joins leaves kafka-python 3.0.12 with a generation but no assignment, now
# and then: it sends nothing more, and its session runs out. So polls are longer than a join takes.
POLL_MS = 1000
INVALID_CONFIG = 40  # some calls give errors as text only
QUICK_RECONNECT = {"reconnect_backoff_ms": 20, "reconnect_backoff_max_ms": 200}


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except BrokerResponseError as error:
        raise BrokerError(error.errno, str(error)) from error


def _check(code: int, text: object) -> None:
    if code:
        raise BrokerError(code, f"{for_code(code).__name__}: {text}")


def _received(batches: dict[TopicPartition, list[Any]]) -> list[Received]:
    return [
        Received(r.partition, r.offset, r.timestamp, r.key, r.value, tuple(r.headers))
        for records in batches.values()
        for r in records
    ]


def _places(topic: str, offsets: dict[int, int]) -> dict[TopicPartition, OffsetAndMetadata]:
    return {TopicPartition(topic, p): OffsetAndMetadata(o, "", -1) for p, o in offsets.items()}


class _Producer(base.Producer):
    def __init__(self, producer: KafkaProducer) -> None:
        self._producer = producer
        self._futures: list[Any] = []

    def send(self, topic: str, message: Message) -> None:
        future = self._producer.send(
            topic,
            value=message.value,
            key=message.key,
            headers=list(message.headers),
            partition=message.partition,
            timestamp_ms=message.timestamp_ms,
        )
        self._futures.append(future)

    def flush(self, timeout_s: float = 20.0) -> list[tuple[int, int]]:
        with _errors():
            self._producer.flush(timeout_s)
            done, self._futures = self._futures, []
            acks = [future.get(timeout_s) for future in done]
        return [(ack.partition, ack.offset) for ack in acks]

    def begin(self) -> None:
        self._producer.begin_transaction()

    def send_offsets(self, group: str, topic: str, offsets: dict[int, int]) -> None:
        with _errors():
            self._producer.send_offsets_to_transaction(_places(topic, offsets), group)

    def commit(self) -> None:
        with _errors():
            self._producer.commit_transaction()

    def abort(self) -> None:
        with _errors():
            self._producer.abort_transaction()

    def close(self) -> None:
        self._producer.close(5)


class _Reporting(ConsumerRebalanceListener):
    """What was polled but not committed is not this member's, once the partition is taken away."""

    def __init__(self, member: Member, consumer: KafkaConsumer) -> None:
        self._member, self._consumer = member, consumer

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._member.revoked(tp.partition for tp in revoked)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._member.holds(tp.partition for tp in self._consumer.assignment())


class KafkaPythonDriver(base.Driver):
    name = "kafka-python"
    assignors = frozenset(ASSIGNORS)
    cannot = {"null key and value": "kafka-python refuses a record with neither key nor value"}

    def producer(
        self,
        *,
        acks: str = "all",
        codec: str = "none",
        idempotent: bool = False,
        transactional_id: str | None = None,
        max_bytes: int | None = None,
    ) -> _Producer:
        producer = KafkaProducer(
            bootstrap_servers=self.bootstrap,
            acks=ACKS[acks],
            compression_type=None if codec == "none" else codec,
            enable_idempotence=idempotent,
            linger_ms=5,
            transactional_id=transactional_id,
            max_request_size=max_bytes or 1_048_576,
            **QUICK_RECONNECT,
        )
        if transactional_id:
            with _errors():
                producer.init_transactions()
        return _Producer(producer)

    @contextlib.contextmanager
    def _consumer(self, group: str | None = None, **options: Any) -> Iterator[KafkaConsumer]:
        consumer = KafkaConsumer(
            bootstrap_servers=self.bootstrap,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
            **QUICK_RECONNECT,
            **options,
        )
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
        options: dict[str, Any] = {"isolation_level": "read_committed"} if committed_only else {}
        if partition_bytes is not None:
            options |= {
                "max_partition_fetch_bytes": partition_bytes,
                "fetch_max_bytes": partition_bytes * 3 // 2,
            }
        got: list[Received] = []
        with self._consumer(**options) as consumer:
            consumer.assign([TopicPartition(topic, p) for p in starts])
            for partition, offset in starts.items():
                consumer.seek(TopicPartition(topic, partition), offset)
            late = base.deadline_in(timeout_s)
            while len(got) < count and not late():
                got += _received(consumer.poll(timeout_ms=200))
        return got

    def offsets_for_times(self, topic: str, times_ms: dict[int, int]) -> dict[int, int | None]:
        with self._consumer() as consumer:
            found = consumer.offsets_for_times({TopicPartition(topic, p): t for p, t in times_ms.items()})
        return {tp.partition: where.offset if where else None for tp, where in found.items()}

    def watermarks(self, topic: str, partition: int) -> tuple[int, int]:
        asked = TopicPartition(topic, partition)
        with self._consumer() as consumer:
            return consumer.beginning_offsets([asked])[asked], consumer.end_offsets([asked])[asked]

    def run_member(self, member: Member) -> None:
        options: dict[str, Any] = {
            "partition_assignment_strategy": (ASSIGNORS[member.assignor],),
            "heartbeat_interval_ms": 200,
            "session_timeout_ms": 6000,
            "metadata_max_age_ms": 2000,
            "group_instance_id": member.instance_id,
        }
        with self._consumer(member.group, **options) as consumer:
            consumer.subscribe([member.topic], listener=_Reporting(member, consumer))
            while not member.leaving.is_set():
                try:
                    member.polled(_received(consumer.poll(timeout_ms=POLL_MS)))
                except (
                    KafkaConnectionError
                ):  # the broker is away: kafka-python now and then says so, and goes on
                    member.leaving.wait(0.05)
                    continue
                if member.owes_a_commit:
                    _try_commit(consumer, member)
                member.holds(tp.partition for tp in consumer.assignment())

    def commit(self, group: str, topic: str, offsets: dict[int, int]) -> None:
        with self._consumer(group) as consumer:
            consumer.assign([TopicPartition(topic, p) for p in offsets])
            consumer.commit(_places(topic, offsets))

    def committed(self, group: str, topic: str, partitions: Sequence[int]) -> dict[int, int | None]:
        with self._consumer(group) as consumer:
            return {p: consumer.committed(TopicPartition(topic, p)) for p in partitions}

    @contextlib.contextmanager
    def _admin(self) -> Iterator[KafkaAdminClient]:
        client = KafkaAdminClient(bootstrap_servers=self.bootstrap, **QUICK_RECONNECT)
        try:
            with _errors():
                yield client
        finally:
            client.close()

    def create_topic(self, topic: str, partitions: int = 1, configs: dict[str, str] | None = None) -> None:
        wanted = {"num_partitions": partitions, "replication_factor": 1, "configs": configs or {}}
        with self._admin() as client:
            client.create_topics({topic: wanted})

    def delete_topic(self, topic: str) -> None:
        with self._admin() as client:
            client.delete_topics([topic])

    def topics(self) -> set[str]:
        with self._admin() as client:
            return set(client.list_topics())

    def partition_count(self, topic: str) -> int:
        with self._admin() as client:
            (found,) = client.describe_topics([topic])
        _check(found["error_code"], topic)
        return len(found["partitions"])

    def create_partitions(self, topic: str, total: int) -> None:
        with self._admin() as client:
            client.create_partitions({topic: total})

    def _configs(self, kind: ConfigResourceType, name: str) -> dict[str, str | None]:
        with self._admin() as client:
            found = client.describe_configs([ConfigResource(kind, name)], config_filter="all")
        return {key: entry["value"] for key, entry in found[kind.name.lower()][name].items()}

    def topic_configs(self, topic: str) -> dict[str, str | None]:
        return self._configs(ConfigResourceType.TOPIC, topic)

    def broker_configs(self, broker_id: int) -> dict[str, str | None]:
        return self._configs(ConfigResourceType.BROKER, str(broker_id))

    def alter_topic_config(self, topic: str, name: str, value: str) -> None:
        with self._admin() as client:
            done = client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {name: value})])
        outcome = done["topic"][topic]
        if outcome != "OK":
            raise BrokerError(INVALID_CONFIG if "InvalidConfig" in outcome else -1, outcome)

    def delete_records(self, topic: str, before: dict[int, int]) -> dict[int, int]:
        with self._admin() as client:
            done = client.delete_records({TopicPartition(topic, p): o for p, o in before.items()})
        return {tp.partition: result["low_watermark"] for tp, result in done.items()}

    def groups(self) -> set[str]:
        with self._admin() as client:
            return {group["group_id"] for group in client.list_groups()}

    def describe_group(self, group: str) -> tuple[str, int]:
        with self._admin() as client:
            found = client.describe_groups([group])[group]
        return found["group_state"], len(found["members"])

    def delete_group(self, group: str) -> None:
        with self._admin() as client:
            outcome = client.delete_groups([group])[group]
        if outcome != "OK":
            names = {for_code(code).__name__: code for code in (24, 68, 69)}
            raise BrokerError(names.get(outcome, -1), outcome)

    def broker_ids(self) -> set[int]:
        with self._admin() as client:
            return {broker["broker_id"] for broker in client.describe_cluster()["brokers"]}


def _try_commit(consumer: KafkaConsumer, member: Member) -> None:
    """Commit the positions; while the group rebalances the records stay owed and the next poll settles it."""
    settled_by_polling = (
        CommitFailedError,
        IllegalGenerationError,
        KafkaConnectionError,
        RebalanceInProgressError,
        UnknownMemberIdError,
    )
    try:
        consumer.commit()
    except settled_by_polling:
        return
    member.committed()
