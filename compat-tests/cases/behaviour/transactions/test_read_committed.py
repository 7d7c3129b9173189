"""What readers of committed records get: up to the last stable offset, and a list of what was aborted."""

from __future__ import annotations

import pytest

from conformance import (
    EARLIEST,
    LATEST,
    Kafka,
    Topic,
    batches_in,
    case,
    fetch_request,
    now_ms,
    records_in,
)
from conformance.transactions import (
    READ_COMMITTED,
    TRANSACTION_APIS,
    committed_values,
    transactional,
)
from wire.messages.fetch import FetchRequest
from wire.messages.list_offsets import ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic
from wire.messages.produce import ProduceRequest

STABLE = "KIP-98; UnifiedLog.lastStableOffset"
ABORTED = "KIP-98; UnifiedLog.collectAbortedTransactions, TransactionIndex"
MARKERS = "KIP-98; EndTransactionMarker"
ends = pytest.mark.parametrize("committed", [True, False])


def aborted(answer: object) -> list[tuple[int, int]]:
    """(producer id, first offset) of each aborted transaction in a partition's part of a Fetch answer."""
    return [(row.producer_id, row.first_offset) for row in answer.aborted_transactions]  # type: ignore[attr-defined]


def list_offset(kafka: Kafka, topic: Topic, timestamp: int) -> int:
    """ListOffsets of partition 0 with read_committed."""
    row = ListOffsetsPartition(partition_index=0, timestamp=timestamp)
    request = ListOffsetsRequest(
        replica_id=-1,
        isolation_level=READ_COMMITTED,
        topics=[ListOffsetsTopic(name=topic.name, partitions=[row])],
    )
    (answer,) = kafka.ask(request).topics[0].partitions
    assert answer.error_code == 0
    return int(answer.offset)


@case(FetchRequest, versions="4+", feature="fetch", why=STABLE, also=(ProduceRequest,))
def test_without_transactions_all_is_stable(kafka: Kafka) -> None:
    """Without transactions the last stable offset is the high watermark, and nothing was aborted: an empty list."""
    topic = kafka.topic()
    kafka.produce(topic, b"a", b"b")
    answer = kafka.fetch(topic, isolation_level=READ_COMMITTED)
    assert (answer.high_watermark, answer.last_stable_offset) == (2, 2)
    assert answer.aborted_transactions is not None
    assert list(answer.aborted_transactions) == []
    assert [record.value for record in records_in(answer.records)] == [b"a", b"b"]


@case(
    FetchRequest,
    versions="4+",
    feature="fetch",
    why="FetchDataInfo.abortedTransactions",
    also=(ProduceRequest,),
)
def test_read_uncommitted_has_no_list(kafka: Kafka) -> None:
    """With read_uncommitted the list of aborted transactions is null."""
    topic = kafka.topic()
    kafka.produce(topic, b"a")
    assert kafka.fetch(topic).aborted_transactions is None


@case(FetchRequest, versions="4+", feature="transactions", why=STABLE, also=TRANSACTION_APIS)
def test_an_open_transaction(kafka: Kafka) -> None:
    """Records of an open transaction are given with read_uncommitted alone; the last stable offset stands before them."""
    topic, producer = kafka.topic(), transactional(kafka)
    kafka.produce(topic, b"before")
    producer.write(topic, b"a", b"b")
    loose = kafka.fetch(topic)
    strict = kafka.fetch(topic, isolation_level=READ_COMMITTED)
    assert [record.value for record in records_in(loose.records)] == [b"before", b"a", b"b"]
    assert [record.value for record in records_in(strict.records)] == [b"before"]
    assert (strict.high_watermark, strict.last_stable_offset) == (3, 1)
    assert list(strict.aborted_transactions) == []


@case(FetchRequest, versions="4+", feature="transactions", why=STABLE, also=TRANSACTION_APIS)
def test_read_uncommitted_sees_the_last_stable_offset(kafka: Kafka) -> None:
    """The last stable offset is told with read_uncommitted too."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a", b"b")
    answer = kafka.fetch(topic)
    assert (answer.high_watermark, answer.last_stable_offset) == (2, 0)


@case(FetchRequest, versions="4+", feature="transactions", why=STABLE, also=TRANSACTION_APIS)
def test_what_stands_behind_an_open_transaction(kafka: Kafka) -> None:
    """Plain records behind the beginning of an open transaction wait for its end."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    kafka.produce(topic, b"plain")
    assert committed_values(kafka, topic) == []
    producer.commit()
    assert committed_values(kafka, topic) == [b"a", b"plain"]


@case(FetchRequest, versions="4+", feature="transactions", why=STABLE, also=TRANSACTION_APIS)
def test_between_the_last_stable_offset_and_the_high_watermark(kafka: Kafka) -> None:
    """A read_committed fetch behind the last stable offset is in range: no error, and nothing."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a", b"b", b"c")
    for offset in (0, 1, 3):
        answer = kafka.fetch(topic, offset, isolation_level=READ_COMMITTED)
        assert (answer.error_code, len(answer.records or b"")) == (0, 0)


@case(FetchRequest, versions="4+", feature="transactions", why=STABLE, also=TRANSACTION_APIS)
@ends
def test_the_end_moves_the_last_stable_offset(kafka: Kafka, committed: bool) -> None:
    """After the end, commit or abort, the last stable offset is behind the marker."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a", b"b")
    (producer.commit if committed else producer.abort)()
    answer = kafka.fetch(topic, isolation_level=READ_COMMITTED)
    assert (answer.high_watermark, answer.last_stable_offset) == (3, 3)


@case(FetchRequest, versions="4+", feature="transactions", why=STABLE, also=TRANSACTION_APIS)
def test_two_open_transactions(kafka: Kafka) -> None:
    """The last stable offset is the beginning of the oldest open transaction, whichever ends first."""
    topic, one, two, three = kafka.topic(), transactional(kafka), transactional(kafka), transactional(kafka)
    for producer in (one, two, three):
        producer.write(topic, b"a", b"b")
    stable = []
    for producer in (two, one, three):
        producer.commit()
        stable.append(kafka.fetch(topic).last_stable_offset)
    assert stable == [0, 4, 9]


@case(FetchRequest, versions="4+", feature="transactions", why=ABORTED, also=TRANSACTION_APIS)
def test_an_aborted_transaction(kafka: Kafka) -> None:
    """Aborted records are given, with the producer id and first offset of their transaction in the list."""
    topic, producer = kafka.topic(), transactional(kafka)
    kafka.produce(topic, b"before")
    producer.write(topic, b"a")
    producer.write(topic, b"b")
    producer.abort()
    answer = kafka.fetch(topic, isolation_level=READ_COMMITTED)
    assert [record.value for record in records_in(answer.records)] == [b"before", b"a", b"b"]
    assert aborted(answer) == [(producer.id, 1)]


@case(FetchRequest, versions="4+", feature="transactions", why=ABORTED, also=TRANSACTION_APIS)
def test_a_committed_transaction_is_not_in_the_list(kafka: Kafka) -> None:
    """A committed transaction leaves the list empty."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    producer.commit()
    assert aborted(kafka.fetch(topic, isolation_level=READ_COMMITTED)) == []


@case(FetchRequest, versions="4+", feature="transactions", why=ABORTED, also=TRANSACTION_APIS)
def test_several_aborted_transactions(kafka: Kafka) -> None:
    """Each aborted transaction of a producer has its own entry; commits between have none."""
    topic, producer = kafka.topic(), transactional(kafka)
    for end in (producer.abort, producer.commit, producer.abort):
        producer.write(topic, b"a")
        end()
    assert aborted(kafka.fetch(topic, isolation_level=READ_COMMITTED)) == [(producer.id, 0), (producer.id, 4)]
    assert committed_values(kafka, topic) == [b"a"]


@case(FetchRequest, versions="4+", feature="transactions", why=ABORTED, also=TRANSACTION_APIS)
def test_the_list_is_in_the_order_of_the_markers(kafka: Kafka) -> None:
    """Aborted transactions that overlap are listed in the order in which they ended, not in which they began."""
    topic, one, two = kafka.topic(), transactional(kafka), transactional(kafka)
    one.write(topic, b"a")
    two.write(topic, b"b")
    two.abort()
    one.abort()
    assert aborted(kafka.fetch(topic, isolation_level=READ_COMMITTED)) == [(two.id, 1), (one.id, 0)]


@case(FetchRequest, versions="4+", feature="transactions", why=ABORTED, also=TRANSACTION_APIS)
def test_interleaved_transactions(kafka: Kafka) -> None:
    """Of transactions that overlap, one committed and one aborted, a consumer reads the committed one whole."""
    topic, good, bad = kafka.topic(), transactional(kafka), transactional(kafka)
    good.write(topic, b"1")
    bad.write(topic, b"x")
    good.write(topic, b"2")
    bad.write(topic, b"y")
    bad.abort()
    good.write(topic, b"3")
    good.commit()
    assert committed_values(kafka, topic) == [b"1", b"2", b"3"]


@case(FetchRequest, versions="4+", feature="transactions", why=ABORTED, also=TRANSACTION_APIS)
def test_the_list_is_of_the_range_that_is_read(kafka: Kafka) -> None:
    """An aborted transaction that ended before the fetch offset is not listed; one that reaches into the range is."""
    topic, producer = kafka.topic(), transactional(kafka)
    for _ in range(2):
        producer.write(topic, b"a", b"b")
        producer.abort()
    assert aborted(kafka.fetch(topic, 3, isolation_level=READ_COMMITTED)) == [(producer.id, 3)]
    assert aborted(kafka.fetch(topic, 4, isolation_level=READ_COMMITTED)) == [(producer.id, 3)]
    assert aborted(kafka.fetch(topic, 6, isolation_level=READ_COMMITTED)) == []


# --- markers


@case(FetchRequest, versions="4+", feature="transactions", why=MARKERS, also=TRANSACTION_APIS)
@ends
def test_the_marker(kafka: Kafka, committed: bool) -> None:
    """The end is a control batch of one record: its key says abort (0) or commit (1), its value the coordinator's epoch."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    (producer.commit if committed else producer.abort)()
    records = kafka.fetch(topic).records
    _, marker = batches_in(records)
    assert (marker.is_control, marker.is_transactional, marker.count) == (True, True, 1)
    record = records_in(records, control=True)[-1]
    assert record.key == (b"\0\0\0\1" if committed else b"\0\0\0\0")
    assert record.value is not None
    assert record.value[:2] == b"\0\0"
    assert int.from_bytes(record.value[2:6], "big") >= 0
    assert record.offset == 1


@case(FetchRequest, versions="4+", feature="transactions", why=MARKERS, also=TRANSACTION_APIS)
@ends
def test_the_marker_is_of_the_producer(kafka: Kafka, committed: bool) -> None:
    """The control batch has the producer's id, no sequence, and the epoch that holds after the end."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    (producer.commit if committed else producer.abort)()
    marker = batches_in(kafka.fetch(topic).records)[-1]
    assert (marker.producer_id, marker.producer_epoch, marker.base_sequence) == (
        producer.id,
        producer.epoch,
        -1,
    )


@case(FetchRequest, versions="4+", feature="transactions", why=MARKERS, also=TRANSACTION_APIS)
def test_each_partition_gets_a_marker(kafka: Kafka) -> None:
    """Each partition of the transaction ends with a marker of its own; others have none."""
    topic, producer = kafka.topic(partitions=3), transactional(kafka)
    for index in (0, 2):
        producer.write(topic, b"a", partition=index)
    producer.commit()
    counts = [len(batches_in(kafka.fetch(topic, partition=index).records)) for index in (0, 1, 2)]
    assert counts == [2, 0, 2]


@case(FetchRequest, versions="4+", feature="transactions", why=MARKERS, also=TRANSACTION_APIS)
def test_a_fetch_at_the_marker(kafka: Kafka) -> None:
    """A fetch at the marker's offset gives it, and the next offset is behind it."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    producer.commit()
    (marker,) = batches_in(kafka.fetch(topic, 1, isolation_level=READ_COMMITTED).records)
    assert (marker.base_offset, marker.next_offset) == (1, 2)
    assert kafka.produce(topic, b"b").base_offset == 2


@case(FetchRequest, versions="4+", feature="transactions", why=MARKERS, also=TRANSACTION_APIS)
def test_batches_are_marked(kafka: Kafka) -> None:
    """Batches of a transaction carry the transactional bit, plain ones do not."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    kafka.produce(topic, b"plain")
    flags = [(each.is_transactional, each.is_control) for each in batches_in(kafka.fetch(topic).records)]
    assert flags == [(True, False), (False, False)]


# --- waiting


@case(FetchRequest, versions="4+", feature="transactions", why="DelayedFetch", also=TRANSACTION_APIS)
@ends
def test_the_end_wakes_a_waiting_reader(kafka: Kafka, committed: bool) -> None:
    """A read_committed fetch that waits is answered when the transaction ends, and not before."""
    topic, producer = kafka.topic(), transactional(kafka)
    request = fetch_request(topic, max_wait_ms=20_000, isolation_level=READ_COMMITTED)
    connection = kafka.connection(about=request)
    connection.send(request, kafka.version(FetchRequest))
    producer.write(topic, b"a")
    assert connection.silent(0.1)
    (producer.commit if committed else producer.abort)()
    (answer,) = connection.receive(timeout_s=10).responses[0].partitions
    assert [record.value for record in records_in(answer.records)] == [b"a"]


# --- ListOffsets


@case(
    ListOffsetsRequest,
    versions="2+",
    feature="transactions",
    why="KIP-98; Partition.fetchOffsetForTimestamp",
    also=TRANSACTION_APIS,
)
def test_the_latest_offset(kafka: Kafka) -> None:
    """With read_committed the latest offset is the last stable one; the earliest is not touched."""
    topic, producer = kafka.topic(), transactional(kafka)
    kafka.produce(topic, b"before")
    producer.write(topic, b"a", b"b")
    assert (list_offset(kafka, topic, LATEST), kafka.offset(topic)) == (1, 3)
    assert list_offset(kafka, topic, EARLIEST) == 0
    producer.commit()
    assert list_offset(kafka, topic, LATEST) == 4


@case(
    ListOffsetsRequest,
    versions="2+",
    feature="transactions",
    why="KIP-98; Partition.fetchOffsetForTimestamp",
    also=TRANSACTION_APIS,
)
def test_the_offset_of_a_time(kafka: Kafka) -> None:
    """With read_committed the record of a time is found below the last stable offset alone: -1 behind it."""
    topic, producer, when = kafka.topic(), transactional(kafka), now_ms()
    kafka.produce(topic, b"before", timestamp_ms=when - 1000)
    producer.write(topic, b"a", timestamp_ms=when)
    assert list_offset(kafka, topic, when - 1000) == 0
    assert list_offset(kafka, topic, when) == -1
    producer.commit()
    assert list_offset(kafka, topic, when) == 1


@case(
    ListOffsetsRequest,
    versions="2+",
    feature="transactions",
    why="KIP-98; Partition.fetchOffsetForTimestamp",
    also=TRANSACTION_APIS,
)
def test_the_latest_offset_after_an_abort(kafka: Kafka) -> None:
    """After an abort the latest offset is behind its marker."""
    topic, producer = kafka.topic(), transactional(kafka)
    producer.write(topic, b"a")
    producer.abort()
    assert list_offset(kafka, topic, LATEST) == 2
