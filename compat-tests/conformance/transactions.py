"""The producer's side of sequences and transactions.

    producer = idempotent(kafka)                     # an id of its own, epoch 0
    producer.send(topic, b"a", b"b")                 # counts the sequences of each partition, as clients do
    producer.send(topic, b"x", sequence=7)           # any sequence, and it is not counted

    producer = transactional(kafka)                  # a transactional id of its own
    producer.add(topic); producer.send(topic, b"a")
    producer.commit()                                # and waits until the markers are written

Clients that know transactions of version 2 (KIP-890) add no partitions: Produce does so from v12 on, and each end raises the
epoch. Adding them all the same does no harm: what is written here works in both, in the highest versions of both sides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from conformance.kafka import STARTING, Kafka, Topic, eventually, produce_request
from conformance.records import batch
from wire.errors import ErrorCode
from wire.messages.add_offsets_to_txn import AddOffsetsToTxnRequest
from wire.messages.add_partitions_to_txn import (
    AddPartitionsToTxnRequest,
    AddPartitionsToTxnTopic,
    AddPartitionsToTxnTransaction,
)
from wire.messages.describe_producers import DescribeProducersRequest, TopicRequest
from wire.messages.describe_transactions import DescribeTransactionsRequest
from wire.messages.end_txn import EndTxnRequest
from wire.messages.fetch import FetchRequest
from wire.messages.init_producer_id import InitProducerIdRequest
from wire.messages.produce import ProduceRequest
from wire.messages.txn_offset_commit import (
    TxnOffsetCommitRequest,
    TxnOffsetCommitRequestPartition,
    TxnOffsetCommitRequestTopic,
)
from wire.records.batch import TRANSACTIONAL_BIT, iterate_batches
from wire.records.record import read_records
from wire.schema import Message

TRANSACTION_APIS = (  # what most histories of transactions send: for `also`
    ProduceRequest,
    FetchRequest,
    InitProducerIdRequest,
    AddPartitionsToTxnRequest,
    EndTxnRequest,
    DescribeTransactionsRequest,
)
READ_COMMITTED = 1  # isolation level of Fetch and ListOffsets
LATER = (
    ErrorCode.NOT_ENOUGH_REPLICAS
)  # what a leader answers that could not ask the transaction's coordinator just now
LAST_SEQUENCE = 2**31 - 1  # after it comes 0
LAST_EPOCH = 2**15 - 1  # never given to a client
CLIENTS_ADD_VERSION = 3  # the last AddPartitionsToTxn that clients send; above, brokers talk to brokers
LAST_EXPLICIT_PRODUCE = 11  # from Produce 12 on the broker adds the partition itself
LAST_PLAIN_END = 4  # from EndTxn 5 on the epoch is raised with each transaction


@dataclass
class Producer:
    """A producer id in an epoch. transactional_id None: idempotent only."""

    kafka: Kafka
    id: int
    epoch: int
    transactional_id: str | None = None
    sequences: dict[tuple[str, int], int] = field(default_factory=dict)  # the next one of each partition

    def batch(self, *values: Any, sequence: int = 0, **options: Any) -> bytes:
        """A batch of this producer; options as in records.batch, which they go before."""
        mine = {"producer_id": self.id, "producer_epoch": self.epoch, "base_sequence": sequence}
        if self.transactional_id is not None:
            mine["attributes"] = TRANSACTIONAL_BIT
        return batch(*values, **(mine | options))

    def send(
        self,
        topic: Topic,
        *values: Any,
        partition: int = 0,
        sequence: int | None = None,
        acks: int = -1,
        version: int | None = None,
        **options: Any,
    ) -> Any:
        """The partition's part of the answer to a Produce of one batch, not judged; sent again while the answer is LATER."""
        key = topic.name, partition
        first = self.sequences.get(key, 0) if sequence is None else sequence
        data = self.batch(*values, sequence=first, **options)
        request = produce_request(topic, data, partition, acks=acks, transactional_id=self.transactional_id)
        version = self._known(ProduceRequest, version)

        def ask() -> Any:
            (row,) = self.kafka.ask(request, version).responses[0].partition_responses
            return row

        result = eventually(lambda: None if (row := ask()).error_code == LATER else row)
        if sequence is None and not result.error_code:
            self.sequences[key] = (first + len(values)) & LAST_SEQUENCE
        return result

    def write(self, topic: Topic, *values: Any, partition: int = 0, **options: Any) -> int:
        """Adds the partition to the transaction and sends; the base offset. Asserts that both went well."""
        self.add(topic, partition)
        result = self.send(topic, *values, partition=partition, **options)
        assert result.error_code == 0, f"Produce: {ErrorCode(result.error_code)!r} {result.error_message}"
        return int(result.base_offset)

    def add(self, topic: Topic, *partitions: int) -> None:
        """Adds partitions (none given: 0) to the transaction, as clients do. Asserts that it went well."""
        request = self.adding({topic.name: list(partitions or (0,))})
        version = self._known(AddPartitionsToTxnRequest, CLIENTS_ADD_VERSION)
        codes = added(self.kafka.ask(request, version))
        assert set(codes.values()) == {0}, f"AddPartitionsToTxn: {codes}"

    def adding(self, topics: dict[str, list[int]], verify_only: bool = False, **changed: Any) -> Any:
        """An AddPartitionsToTxn of this producer in the forms of all versions; changed: transactional_id, producer_id ..."""
        who = self._who() | changed
        rows = [AddPartitionsToTxnTopic(name=name, partitions=indexes) for name, indexes in topics.items()]
        transaction = AddPartitionsToTxnTransaction(**who, verify_only=verify_only, topics=rows)
        old = {f"v3_and_below_{name}": value for name, value in {**who, "topics": rows}.items()}
        return AddPartitionsToTxnRequest(**old, transactions=[transaction])

    def add_offsets(self, group: str) -> int:
        """AddOffsetsToTxn; the error code."""
        return int(self.kafka.ask(AddOffsetsToTxnRequest(**self._who(), group_id=group)).error_code)

    def commit_offset(
        self,
        group: str,
        topic: Topic,
        offset: int,
        partition: int = 0,
        version: int | None = None,
        **changed: Any,
    ) -> int:
        """TxnOffsetCommit of one partition; its error code. changed: member_id, committed_metadata ..."""
        row = TxnOffsetCommitRequestPartition(
            partition_index=partition,
            committed_offset=offset,
            committed_metadata=changed.pop("committed_metadata", ""),
        )
        topics = [TxnOffsetCommitRequestTopic(name=topic.name, partitions=[row])]
        request = TxnOffsetCommitRequest(**{**self._who(), "group_id": group, "topics": topics, **changed})

        def ask() -> int:
            return int(self.kafka.ask(request, version).topics[0].partitions[0].error_code)

        return eventually(lambda: None if (code := ask()) in STARTING else (code,))[0]

    def end(self, committed: bool, version: int | None = None, **changed: Any) -> Any:
        """EndTxn; the answer, not judged and not waited for. The epoch that it may bring is taken over."""
        request = EndTxnRequest(**(self._who() | {"committed": committed} | changed))
        answer = self.kafka.ask(request, self._known(EndTxnRequest, version))
        if not answer.error_code and answer.producer_id >= 0:
            self.id, self.epoch = answer.producer_id, answer.producer_epoch
            self.sequences.clear()
        return answer

    def commit(self, version: int | None = None) -> None:
        """Commits, and waits until it is done in all partitions."""
        self._end(True, version)

    def abort(self, version: int | None = None) -> None:
        """Aborts, and waits until it is done in all partitions."""
        self._end(False, version)

    def _end(self, committed: bool, version: int | None) -> None:
        answer = self.end(committed, version)
        assert answer.error_code == 0, f"EndTxn: {ErrorCode(answer.error_code)!r}"
        self.wait_state("CompleteCommit" if committed else "CompleteAbort")

    def wait_state(self, state: str) -> Any:
        """The row of DescribeTransactions, once it is in this state."""

        def look() -> Any:
            row = self.described()
            assert row.transaction_state == state, f"the transaction is {row.transaction_state!r}"
            return row

        return eventually(look)

    def described(self) -> Any:
        """The row of DescribeTransactions."""
        return describe(self.kafka, self.transactional_id or "")

    def again(self, **options: Any) -> Producer:
        """What another process with the same transactional id gets: the next epoch; this one is fenced."""
        return transactional(self.kafka, self.transactional_id, **options)

    def _known(self, message: Message, version: int | None) -> int | None:
        """The version, or the highest below it that the broker knows."""
        return None if version is None else min(version, self.kafka.subject.version(message))

    def _who(self) -> dict[str, Any]:
        return {
            "transactional_id": self.transactional_id,
            "producer_id": self.id,
            "producer_epoch": self.epoch,
        }


def idempotent(kafka: Kafka) -> Producer:
    """A producer with a fresh id."""
    answer = init(kafka, None)
    assert answer.error_code == 0, f"InitProducerId: {ErrorCode(answer.error_code)!r}"
    return Producer(kafka, answer.producer_id, answer.producer_epoch)


def transactional(
    kafka: Kafka, transactional_id: str | None = None, *, timeout_ms: int = 60_000, version: int | None = None
) -> Producer:
    """A producer in the next epoch of this transactional id (None: a fresh one); waits for what is being aborted."""
    key = transactional_id or kafka.transactional_id()
    answer = eventually(lambda: settled(init(kafka, key, timeout_ms=timeout_ms, version=version)))
    assert answer.error_code == 0, f"InitProducerId: {ErrorCode(answer.error_code)!r}"
    return Producer(kafka, answer.producer_id, answer.producer_epoch, key)


def init(
    kafka: Kafka,
    transactional_id: str | None,
    producer_id: int = -1,
    producer_epoch: int = -1,
    *,
    timeout_ms: int = 60_000,
    version: int | None = None,
) -> Any:
    """The answer to InitProducerId, not judged; asked again while the broker fetches new ids or its log is read."""
    request = InitProducerIdRequest(
        transactional_id=transactional_id,
        transaction_timeout_ms=timeout_ms,
        producer_id=producer_id,
        producer_epoch=producer_epoch,
    )

    def ask() -> Any:
        answer = kafka.ask(request, version)
        return None if answer.error_code in STARTING else answer

    return eventually(ask)


def settled(answer: Any) -> Any:
    """The answer, unless it says that something is still under way: for `eventually`."""
    return None if answer.error_code == ErrorCode.CONCURRENT_TRANSACTIONS else answer


def refusal(ask: Callable[[], int], wanted: ErrorCode) -> int:
    """The code with which something is refused whose partition was not added to the transaction.

    Kafka's leaders ask the coordinator for several producers in one go, and word all refusals for the version of the first
    of them. Beside other clients the answer may be that of another version, so it is asked a few times for the wanted one.
    """
    words = {ErrorCode.INVALID_TXN_STATE, ErrorCode.TRANSACTION_ABORTABLE}
    code = ask()
    for _ in range(20):
        if code == wanted or code not in words:
            break
        code = ask()
    return code


def describe(kafka: Kafka, transactional_id: str) -> Any:
    """The row of DescribeTransactions."""
    (row,) = kafka.ask(DescribeTransactionsRequest(transactional_ids=[transactional_id])).transaction_states
    return row


def added(answer: Any) -> dict[tuple[str, int], int]:
    """The codes in an AddPartitionsToTxn answer of any version for one transaction, by partition."""
    transactions = answer.results_by_transaction
    topics = transactions[0].topic_results if transactions else answer.results_by_topic_v3_and_below
    return {
        (topic.name, row.partition_index): row.partition_error_code
        for topic in topics
        for row in topic.results_by_partition
    }


def committed_values(kafka: Kafka, topic: Topic, offset: int = 0, partition: int = 0) -> list[bytes | None]:
    """What a consumer with isolation.level=read_committed makes of one Fetch: the broker gives aborted records too, and the
    consumer leaves out what `aborted_transactions` and the markers say.
    """
    version = kafka.subject.version(FetchRequest)
    result = kafka.fetch(topic, offset, partition=partition, version=version, isolation_level=READ_COMMITTED)
    assert result.error_code == 0, f"Fetch: {ErrorCode(result.error_code)!r}"
    aborted = sorted((row.first_offset, row.producer_id) for row in result.aborted_transactions or ())
    data, left_out, values = bytes(result.records or b""), set(), []
    for position, header in iterate_batches(data):
        while aborted and aborted[0][0] <= header.last_offset:
            left_out.add(aborted.pop(0)[1])
        if header.is_control:
            left_out.discard(header.producer_id)
        elif not header.is_transactional or header.producer_id not in left_out:
            values += [record.value for record in read_records(data, header, position)]
    return values


def active_producers(kafka: Kafka, topic: Topic, partition: int = 0) -> dict[int, Any]:
    """Producer id -> its state in a partition, from DescribeProducers."""
    request = DescribeProducersRequest(topics=[TopicRequest(name=topic.name, partition_indexes=[partition])])
    row = kafka.ask(request).topics[0].partitions[0]
    assert row.error_code == 0, f"DescribeProducers: {ErrorCode(row.error_code)!r}"
    return {state.producer_id: state for state in row.active_producers}
