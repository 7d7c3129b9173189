"""`kafka`: what a case talks to the broker with.

    topic = kafka.topic(partitions=2, cleanup_policy="compact")
    answer = kafka.ask(ListOffsetsRequest(topics=[...]))

`ask` sends one request over a kept connection to the broker that the request belongs to (leader, coordinator, controller)
and returns the parsed answer, already checked as `connection.py` says. A request of the API that the case is about goes
out in the check's version, any other in the highest that both sides know; `version=` overrides. Requests are blind to
versions: a field that a version lacks is left out, so give name and id of a topic both.

Everything has a name of its own, so that cases do not meet; nothing need be cleaned up.
"""

from __future__ import annotations

import itertools
import os
import ssl
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from conformance.cases import Check, NotServed
from conformance.connection import Connection
from conformance.exchanges import Trace
from conformance.messages import message_of
from conformance.records import batch, records_in
from conformance.routing import GROUP, TRANSACTION, Controller, Coordinator, Leader, place_of
from conformance.security import Login, authenticate, tls_context
from conformance.subject import Subject
from harness.rawwire import parse_address
from wire.errors import ErrorCode
from wire.messages.create_topics import CreatableTopic, CreatableTopicConfig, CreateTopicsRequest
from wire.messages.describe_transactions import DescribeTransactionsRequest
from wire.messages.fetch import FetchPartition, FetchRequest, FetchTopic
from wire.messages.find_coordinator import FindCoordinatorRequest
from wire.messages.list_offsets import ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic
from wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from wire.messages.offset_fetch import OffsetFetchRequest, OffsetFetchRequestGroup
from wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from wire.records.record import Record
from wire.schema import Message

T = TypeVar("T")
PATIENCE_S = 15.0  # for what a broker does asynchronously
NO_ID = bytes(16)
LATEST, EARLIEST = -1, -2  # timestamps of ListOffsets
STARTING = {
    ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_COORDINATOR,
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
}  # what a coordinator answers while it comes up

_numbers = itertools.count(1)


class Topic(NamedTuple):
    """A topic that a case made. id: sixteen zero bytes where the broker has no topic ids."""

    name: str
    id: bytes
    partitions: int


def eventually(predicate: Callable[[], T], timeout_s: float = PATIENCE_S, every_s: float = 0.02) -> T:
    """The first result of `predicate` that is true; an AssertionError of its own counts as not yet.

    Raises: its AssertionError, or one that shows the last result, when time is up.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        late = time.monotonic() > deadline
        try:
            result = predicate()
        except AssertionError:
            if late:
                raise
        else:
            if result:
                return result
            assert not late, f"not so after {timeout_s:.0f} s; the last result is {result!r}"
        time.sleep(every_s)


class Kafka:
    """The broker under test, as one case sees it."""

    def __init__(
        self,
        subject: Subject,
        check: Check | None = None,
        trace: Trace | None = None,
        login: Login | None = None,
    ) -> None:
        self.subject = subject
        self.trace = trace or Trace()
        self._check = check
        self._login = login
        self._kept: dict[tuple[str, int], Connection] = {}
        self._opened: list[Connection] = []
        self._children: list[Kafka] = []
        self._coordinators: dict[Coordinator, int] = {}

    # --- asking

    @property
    def line(self) -> str | None:
        """ "3.9", "4.x", or None for a broker that is neither."""
        return self.subject.line

    def either(self, *, v3: T, v4: T) -> tuple[T, ...]:
        """What to expect where the lines of Kafka differ: `assert code in kafka.either(v3=..., v4=...)`."""
        return {"3.9": (v3,), "4.x": (v4,)}.get(self.line or "", (v3, v4))

    def version(self, message: Message) -> int:
        """The version in which `ask` sends a request of this kind."""
        if self._check is not None and self._check.api is message and self._check.version is not None:
            return self._check.version
        return self.subject.version(message)

    def announces(self, message: Message, version: int | None = None) -> bool:
        """Whether the broker announces this API (in this version)."""
        if version is None:
            return message.key in self.subject.announced
        return self.subject.announces(message, version)

    def ask(
        self,
        request: Any,
        version: int | None = None,
        *,
        to: int | None = None,
        timeout_s: float | None = None,
        client_id: str | None = "conformance",
    ) -> Any:
        """The answer to one request. to: a broker id, if not the one where the request belongs.

        Raises: NoAnswer, Closed, WrongAnswer (all AssertionErrors), WireError for a request that the version cannot hold.
        """
        version = self.version(message_of(request)) if version is None else version
        connection = self._connection_to(self._address(request, to))
        return connection.ask(request, version, timeout_s=timeout_s, client_id=client_id)

    def connection(
        self, to: int | None = None, *, about: Any = None, timeout_s: float = PATIENCE_S
    ) -> Connection:
        """A further one, closed with the case. to: a broker id; about: a request, to reach the broker where it belongs."""
        return self._open(self._address(about, to), timeout_s)

    def login(
        self, protocol: str, user: str | None = None, mechanism: str = "PLAIN", **options: Any
    ) -> Kafka:
        """The same broker through another listener (SSL, SASL_PLAINTEXT, SASL_SSL), as a user of --credentials.

        options: password (instead of the user's own), token=True (the user is a delegation token's id). Its connections
        authenticate when they open, which raises LoginRefused.
        """
        account = self.subject.accounts.get(user or "")
        password = options.pop("password", account.password if account else None)
        child = Kafka(
            self.subject, self._check, self.trace, Login(protocol, user, password, mechanism, **options)
        )
        self._children.append(child)
        return child

    def _connection_to(self, address: tuple[str, int]) -> Connection:
        kept = self._kept.get(address)
        if kept is None or kept.waiting:  # one that still owes an answer is lost for further questions
            kept = self._kept[address] = self._open(address)
        return kept

    def _open(self, address: tuple[str, int], timeout_s: float = PATIENCE_S) -> Connection:
        tls = tls_context(self._login.protocol, self.subject.ca_file) if self._login else None
        connection = Connection(address, self.trace, self.version, tls=tls, timeout_s=timeout_s)
        self._opened.append(connection)
        if self._login is not None:
            authenticate(connection, self._login)
        return connection

    def tls_context(self) -> ssl.SSLContext | None:
        return tls_context("SSL", self.subject.ca_file)

    def reconnect(self) -> None:
        """The broker was away: what was known of connections and coordinators is forgotten."""
        for connection in self._kept.values():
            connection.close()
        self._kept.clear()
        self._coordinators.clear()

    def close(self) -> None:
        """All connections."""
        for child in self._children:
            child.close()
        for connection in self._opened:
            connection.close()

    # --- where things are

    @property
    def _entry(self) -> tuple[str, int]:
        """The address that was given, of the listener in use."""
        return (
            self.subject.address
            if self._login is None
            else parse_address(self.subject.listeners[self._login.protocol])
        )

    @cached_property
    def nodes(self) -> dict[int, tuple[str, int]]:
        """Broker id -> address, of the listener in use."""
        if self._login is None or len(self.subject.nodes) == 1:
            return dict.fromkeys(self.subject.nodes, self._entry) if self._login else self.subject.nodes
        request = MetadataRequest(topics=[])
        answer = self._connection_to(self._entry).ask(request, self.subject.metadata_version)
        return {broker.node_id: (broker.host, broker.port) for broker in answer.brokers}

    def _address(self, request: Any, to: int | None) -> tuple[str, int]:
        if to is not None:
            return self.nodes[to]
        if request is None or len(self.nodes) == 1:
            return self._entry
        node = self.node_of(request)
        return self._entry if node is None else self.nodes[node]

    def node_of(self, request: Any) -> int | None:
        """The broker where the request belongs; None: any."""
        match place_of(request):
            case Leader(topic, partition):
                return self.leader(topic, partition)
            case Coordinator() as place:
                if place not in self._coordinators:
                    self._coordinators[place] = self.coordinator(place.key, place.kind)
                return self._coordinators[place]
            case Controller():
                return self.subject.controller
        return None

    def leader(self, topic: Topic | str | bytes, partition: int = 0) -> int | None:
        """The broker that leads a partition now (name, id or Topic); None if there is none."""
        key = topic.name if isinstance(topic, Topic) else topic
        wanted = (
            MetadataRequestTopic(name=key)
            if isinstance(key, str)
            else MetadataRequestTopic(topic_id=bytes(key), name=None)
        )
        (found,) = self._metadata([wanted]).topics
        for row in found.partitions:
            if row.partition_index == partition and row.leader_id >= 0:
                return int(row.leader_id)
        return None

    def _metadata(self, topics: list[Any], to: int | None = None, *, create: bool = False) -> Any:
        request = MetadataRequest(topics=topics, allow_auto_topic_creation=create)
        address = self._address(None, to)
        return self._connection_to(address).ask(request, self.subject.metadata_version)

    def coordinator(self, key: str, kind: int = GROUP) -> int:
        """The broker that coordinates a group (0), transactional id (1) or share group key (2), once there is one."""

        def look() -> int | None:
            request = FindCoordinatorRequest(key=key, key_type=kind, coordinator_keys=[key])
            version = self.subject.version(FindCoordinatorRequest)
            answer = self._connection_to(self._address(None, None)).ask(request, version)
            row = answer.coordinators[0] if version >= 4 else answer
            assert row.error_code in (0, *STARTING), f"FindCoordinator: {ErrorCode(row.error_code)!r}"
            return None if row.error_code else int(row.node_id)

        found = eventually(lambda: (node := look()) is not None and (node,))
        assert found
        return found[0]

    # --- things to work with

    def name(self, what: str = "case") -> str:
        """A name that no other case, worker or run uses."""
        return f"{what}-{os.getpid()}-{os.urandom(3).hex()}-{next(_numbers)}"

    def topic(
        self, partitions: int = 1, *, replicas: int = 1, name: str | None = None, **configs: Any
    ) -> Topic:
        """A fresh topic that is led. configs: its settings, `_` for `.`: `max_message_bytes=1000` is max.message.bytes.

        A broker without CreateTopics creates it by Metadata, if it is a topic like any other.
        """
        name = name or self.name("topic")
        if not self.announces(CreateTopicsRequest):
            if configs or replicas > 1:
                raise NotServed("CreateTopics is not announced")
            self._metadata([MetadataRequestTopic(name=name)], create=True)
            return self.wait_led(name, partitions)
        settings = [
            CreatableTopicConfig(name=key.replace("_", "."), value=str(value))
            for key, value in configs.items()
        ]
        creation = CreatableTopic(
            name=name, num_partitions=partitions, replication_factor=replicas, configs=settings
        )
        request = CreateTopicsRequest(topics=[creation], timeout_ms=10_000)
        (made,) = self.ask(request, self.subject.version(CreateTopicsRequest)).topics
        assert made.error_code == 0, (
            f"CreateTopics of {name}: {ErrorCode(made.error_code)!r} {made.error_message}"
        )
        self.subject.topics.append(name)
        return self.wait_led(name, partitions)

    def wait_led(self, name: str, partitions: int) -> Topic:
        """The topic, once every broker knows it with all its leaders, and the leaders serve it."""
        topic_id = NO_ID
        for node in self.nodes:

            def led(node: int = node) -> Any:
                (row,) = self._metadata([MetadataRequestTopic(name=name)], to=node).topics
                good = row.error_code == 0 and len(row.partitions) >= partitions
                return (
                    row
                    if good and all(p.leader_id >= 0 and p.error_code == 0 for p in row.partitions)
                    else None
                )

            row = eventually(led)
            topic_id = row.topic_id
        for index in range(partitions):
            eventually(lambda index=index: self._offset(name, index, LATEST).error_code == 0)
        return Topic(name, bytes(topic_id), partitions)

    def group(self, *, ready: bool = True) -> str:
        """A fresh group id; its coordinator is up and has read its log."""
        group = self.name("group")
        self.subject.groups.append(group)
        if ready:
            self.wait_coordinator(group)
        return group

    def wait_coordinator(self, group: str) -> None:
        """Until the coordinator of this group has loaded it. An OffsetFetch shows it and changes nothing. (A Heartbeat does
        not show it: Kafka answers it while it loads.)"""
        self.coordinator(group, GROUP)
        version = self.subject.version(OffsetFetchRequest)
        wanted = OffsetFetchRequestGroup(group_id=group, topics=[])
        request = OffsetFetchRequest(group_id=group, topics=[], groups=[wanted])

        def code() -> int:
            answer = self.ask(request, version)
            return int((answer.groups[0] if version >= 8 else answer).error_code)

        eventually(lambda: code() not in STARTING)

    def transactional_id(self, *, ready: bool = True) -> str:
        """A fresh transactional id; its coordinator is up and has read its log."""
        key = self.name("txn")
        if ready:
            self.coordinator(key, TRANSACTION)
            request = DescribeTransactionsRequest(transactional_ids=[key])
            if self.announces(DescribeTransactionsRequest):
                eventually(lambda: self.ask(request).transaction_states[0].error_code not in STARTING)
        return key

    # --- records

    def produce(
        self,
        topic: Topic,
        *values: bytes | Record | None,
        partition: int = 0,
        records: bytes | None = None,
        acks: int = -1,
        transactional_id: str | None = None,
        version: int | None = None,
        **options: Any,
    ) -> Any:
        """The partition's part of the answer to a Produce of one batch; not judged.

        values: as in records.batch, to which options go; records: ready bytes instead.
        """
        data = batch(*values, **options) if records is None else records
        request = produce_request(topic, data, partition, acks=acks, transactional_id=transactional_id)
        (answered,) = self.ask(request, version).responses
        (result,) = answered.partition_responses
        return result

    def fetch(
        self, topic: Topic, offset: int = 0, *, partition: int = 0, version: int | None = None, **options: Any
    ) -> Any:
        """The partition's part of the answer to a Fetch without session; not judged. options: as in fetch_request."""
        answer = self.ask(fetch_request(topic, offset, partition, **options), version)
        assert answer.error_code == 0, f"Fetch: {ErrorCode(answer.error_code)!r}"
        (found,) = answer.responses
        (result,) = found.partitions
        return result

    def records(self, topic: Topic, offset: int = 0, *, partition: int = 0, **options: Any) -> list[Record]:
        """All records from `offset` to the end, over as many fetches as it takes."""
        found: list[Record] = []
        while True:
            version = self.subject.version(FetchRequest)
            result = self.fetch(topic, offset, partition=partition, version=version, **options)
            assert result.error_code == 0, f"Fetch: {ErrorCode(result.error_code)!r}"
            batch_records = [
                record for record in records_in(result.records, control=True) if record.offset >= offset
            ]
            if not batch_records:
                return found
            found += [record for record in records_in(result.records) if record.offset >= offset]
            offset = batch_records[-1].offset + 1

    def offset(self, topic: Topic, timestamp: int = LATEST, partition: int = 0) -> int:
        """ListOffsets of one partition: the next offset (LATEST), the first (EARLIEST), or that of a time in ms."""
        row = self._offset(topic.name, partition, timestamp)
        assert row.error_code == 0, f"ListOffsets: {ErrorCode(row.error_code)!r}"
        return int(row.offset)

    def _offset(self, name: str, partition: int, timestamp: int) -> Any:
        wanted = ListOffsetsPartition(partition_index=partition, timestamp=timestamp)
        request = ListOffsetsRequest(replica_id=-1, topics=[ListOffsetsTopic(name=name, partitions=[wanted])])
        (row,) = self.ask(request, self.subject.version(ListOffsetsRequest)).topics
        return row.partitions[0]


def produce_request(
    topic: Topic,
    records: bytes | None,
    partition: int = 0,
    *,
    acks: int = -1,
    transactional_id: str | None = None,
) -> Any:
    """A Produce of these bytes to one partition."""
    data = PartitionProduceData(index=partition, records=records)
    row = TopicProduceData(name=topic.name, topic_id=topic.id, partition_data=[data])
    return ProduceRequest(transactional_id=transactional_id, acks=acks, timeout_ms=10_000, topic_data=[row])


def fetch_request(
    topic: Topic,
    offset: int = 0,
    partition: int = 0,
    *,
    max_wait_ms: int = 0,
    min_bytes: int = 1,
    max_bytes: int = 1 << 20,
    partition_max_bytes: int = 1 << 20,
    isolation_level: int = 0,
    **options: Any,
) -> Any:
    """A Fetch of one partition, without session. options: further fields of FetchPartition (current_leader_epoch ...)."""
    wanted = FetchPartition(
        partition=partition, fetch_offset=offset, partition_max_bytes=partition_max_bytes, **options
    )
    return FetchRequest(
        max_wait_ms=max_wait_ms,
        min_bytes=min_bytes,
        max_bytes=max_bytes,
        isolation_level=isolation_level,
        topics=[FetchTopic(topic=topic.name, topic_id=topic.id, partitions=[wanted])],
    )
