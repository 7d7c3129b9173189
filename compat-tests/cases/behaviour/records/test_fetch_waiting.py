"""How long Fetch waits: for min_bytes, for max_wait_ms, and what ends the waiting early."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from conformance import Connection, Kafka, batch, case, produce_request, records_in
from conformance.partitions import asked, fetch_of, nowhere, part
from wire.errors import ErrorCode
from wire.messages.delete_topics import DeleteTopicsRequest, DeleteTopicState
from wire.messages.fetch import FetchRequest
from wire.messages.produce import ProduceRequest

FEATURE = "long polls"
WHY = "DelayedFetch; ReplicaManager.fetchMessages"
ALSO = (ProduceRequest,)
LONG_MS = 20_000  # a wait that no check sits out
SOON_S = 5.0  # within which an answer is "at once", on a busy machine
TOPIC_IDS_FROM = 13


def took(work: Callable[[], Any]) -> tuple[Any, float]:
    """(result, seconds)"""
    start = time.monotonic()
    result = work()
    return result, time.monotonic() - start


def waiting(kafka: Kafka, version: int, request: Any) -> Connection:
    """A connection on which this fetch waits, and has not been answered for a while."""
    connection = kafka.connection(about=request)
    connection.send(request, version)
    assert connection.silent(0.15)
    return connection


@case(FetchRequest, versions="4+", feature=FEATURE, why=WHY)
def test_nothing_comes(kafka: Kafka) -> None:
    """Without records the answer comes after max_wait_ms, not before, with no records and no error."""
    topic = kafka.topic()
    answer, seconds = took(lambda: kafka.ask(fetch_of((topic, asked(0)), max_wait_ms=300)))
    assert (part(answer, topic).error_code, len(part(answer, topic).records)) == (0, 0)
    assert 0.28 <= seconds < SOON_S


@pytest.mark.parametrize("max_wait_ms", [0, -1])
@case(FetchRequest, versions="4+", feature=FEATURE, why=WHY)
def test_no_time_to_wait(kafka: Kafka, max_wait_ms: int) -> None:
    """With max_wait_ms of 0 or less the answer comes at once."""
    topic = kafka.topic()
    answer = kafka.ask(fetch_of((topic, asked(0)), max_wait_ms=max_wait_ms, min_bytes=1000), timeout_s=SOON_S)
    assert part(answer, topic).error_code == 0


@pytest.mark.parametrize("min_bytes", [0, -1])
@case(FetchRequest, versions="4+", feature=FEATURE, why=WHY)
def test_no_bytes_wanted(kafka: Kafka, min_bytes: int) -> None:
    """With min_bytes of 0 or less the answer comes at once, however long it might wait."""
    topic = kafka.topic()
    answer = kafka.ask(
        fetch_of((topic, asked(0)), max_wait_ms=LONG_MS, min_bytes=min_bytes), timeout_s=SOON_S
    )
    assert part(answer, topic).error_code == 0


@case(FetchRequest, versions="4+", feature=FEATURE, why=WHY, also=ALSO)
def test_enough_is_there(kafka: Kafka) -> None:
    """Where min_bytes are there already nothing waits."""
    topic = kafka.topic()
    data = batch(b"x" * 100)
    kafka.produce(topic, records=data)
    answer = kafka.ask(
        fetch_of((topic, asked(0)), max_wait_ms=LONG_MS, min_bytes=len(data)), timeout_s=SOON_S
    )
    assert len(records_in(part(answer, topic).records)) == 1


@case(FetchRequest, versions="4+", feature=FEATURE, why=WHY, also=ALSO)
def test_a_byte_is_missing(kafka: Kafka) -> None:
    """One byte less than min_bytes is waited for, and then what is there is given."""
    topic = kafka.topic()
    data = batch(b"x" * 100)
    kafka.produce(topic, records=data)
    request = fetch_of((topic, asked(0)), max_wait_ms=300, min_bytes=len(data) + 1)
    answer, seconds = took(lambda: kafka.ask(request))
    assert len(records_in(part(answer, topic).records)) == 1
    assert seconds >= 0.28


@case(FetchRequest, versions="4+", feature=FEATURE, why=WHY, also=ALSO)
def test_an_append_wakes(kafka: Kafka, version: int) -> None:
    """A fetch that waits is answered as soon as a record comes, and with it."""
    topic = kafka.topic()
    connection = waiting(kafka, version, fetch_of((topic, asked(0)), max_wait_ms=LONG_MS))
    kafka.produce(topic, b"here it is")
    row = part(connection.receive(timeout_s=SOON_S), topic)
    assert [record.value for record in records_in(row.records)] == [b"here it is"]
    assert row.high_watermark == 1


@case(FetchRequest, versions="latest", feature=FEATURE, why=WHY, also=ALSO)
def test_an_append_with_acks_0_and_1_wakes(kafka: Kafka, version: int) -> None:
    """It does not matter with which acks the record came."""
    topic = kafka.topic()
    for offset, acks in enumerate((0, 1)):
        connection = waiting(kafka, version, fetch_of((topic, asked(0, offset)), max_wait_ms=LONG_MS))
        producing = kafka.connection(about=produce_request(topic, None))
        producing.send(produce_request(topic, batch(b"a"), acks=acks), answered=acks != 0)
        assert len(records_in(part(connection.receive(timeout_s=SOON_S), topic).records)) == 1


@case(FetchRequest, versions="4+", feature=FEATURE, why=WHY, also=ALSO)
def test_too_little_does_not_wake(kafka: Kafka, version: int) -> None:
    """An append that does not reach min_bytes leaves the fetch waiting; the one that does ends it, with all of them."""
    topic = kafka.topic()
    data = batch(b"x" * 100)
    request = fetch_of((topic, asked(0)), max_wait_ms=LONG_MS, min_bytes=2 * len(data))
    connection = waiting(kafka, version, request)
    kafka.produce(topic, records=data)
    assert connection.silent(0.2)
    kafka.produce(topic, records=data)
    assert len(records_in(part(connection.receive(timeout_s=SOON_S), topic).records)) == 2


@case(FetchRequest, versions="4+", feature=FEATURE, why=WHY, also=ALSO)
def test_min_bytes_count_over_all_partitions(kafka: Kafka, version: int) -> None:
    """min_bytes are those of all partitions together."""
    topic = kafka.topic(2)
    data = batch(b"x" * 100)
    request = fetch_of((topic, asked(0)), (topic, asked(1)), max_wait_ms=LONG_MS, min_bytes=2 * len(data))
    connection = waiting(kafka, version, request)
    for partition in (0, 1):
        kafka.produce(topic, records=data, partition=partition)
    answer = connection.receive(timeout_s=SOON_S)
    assert [len(records_in(part(answer, topic, index).records)) for index in (0, 1)] == [1, 1]


@case(FetchRequest, versions="latest", feature=FEATURE, why=WHY, also=ALSO)
def test_other_partitions_do_not_wake(kafka: Kafka, version: int) -> None:
    """An append to a partition that was not asked for wakes nobody."""
    topic = kafka.topic(2)
    connection = waiting(kafka, version, fetch_of((topic, asked(0)), max_wait_ms=700))
    kafka.produce(topic, b"a", partition=1)
    assert connection.silent(0.2)
    assert len(part(connection.receive(), topic).records) == 0


@case(FetchRequest, versions="latest", feature=FEATURE, why=WHY, also=ALSO)
def test_min_bytes_above_max_bytes(kafka: Kafka) -> None:
    """More than max_bytes is never waited for."""
    topic = kafka.topic()
    data = batch(b"x" * 100)
    kafka.produce(topic, records=data)
    request = fetch_of((topic, asked(0)), max_wait_ms=LONG_MS, min_bytes=100_000, max_bytes=len(data))
    assert len(records_in(part(kafka.ask(request, timeout_s=SOON_S), topic).records)) == 1


@case(
    FetchRequest,
    versions="4+",
    feature=FEATURE,
    why="ReplicaManager.fetchMessages: errorReadingData",
    also=ALSO,
)
def test_an_error_is_told_at_once(kafka: Kafka) -> None:
    """An offset out of range is answered at once, also beside a partition that would wait."""
    topic = kafka.topic(2)
    request = fetch_of((topic, asked(0)), (topic, asked(1, 9)), max_wait_ms=LONG_MS)
    answer = kafka.ask(request, timeout_s=SOON_S)
    assert part(answer, topic, 0).error_code == 0
    assert part(answer, topic, 1).error_code == ErrorCode.OFFSET_OUT_OF_RANGE


@case(
    FetchRequest, versions="4+", feature=FEATURE, why="KafkaApis.handleFetchRequest: nothing is left to read"
)
def test_nothing_but_unknown_topics(kafka: Kafka) -> None:
    """Where no partition that was asked for exists nothing waits."""
    topic = nowhere(kafka)
    answer = kafka.ask(fetch_of((topic, asked(0)), max_wait_ms=LONG_MS), timeout_s=SOON_S)
    assert part(answer, topic).error_code in (
        ErrorCode.UNKNOWN_TOPIC_ID,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    )


@case(
    FetchRequest,
    versions="latest",
    feature=FEATURE,
    why="KafkaApis.handleFetchRequest: erroneous partitions are put in at the end",
)
def test_an_unknown_topic_does_not_hurry(kafka: Kafka, version: int) -> None:
    """An unknown topic beside a partition that has nothing new does not end the waiting."""
    topic, missing = kafka.topic(), nowhere(kafka)
    request = fetch_of((topic, asked(0)), (missing, asked(0)), max_wait_ms=300)
    answer, seconds = took(lambda: kafka.ask(request))
    assert part(answer, missing).error_code != 0
    assert seconds >= 0.28


@case(
    FetchRequest,
    versions="latest",
    feature=FEATURE,
    why="SocketServer: one request of a connection at a time",
    also=ALSO,
)
def test_requests_behind_a_waiting_fetch(kafka: Kafka, version: int) -> None:
    """A request behind a fetch that waits, on the same connection, is answered after it."""
    topic = kafka.topic()
    connection = kafka.connection(about=produce_request(topic, None))
    connection.send(fetch_of((topic, asked(0)), max_wait_ms=300), version)
    connection.send(produce_request(topic, batch(b"a")))
    first = connection.receive()
    second = connection.receive()
    assert len(part(first, topic).records) == 0
    assert part(second, topic).base_offset == 0


@case(FetchRequest, versions="latest", feature=FEATURE, why=WHY, also=ALSO)
def test_many_wait_for_one(kafka: Kafka, version: int) -> None:
    """One append wakes everybody who waits for the partition."""
    topic = kafka.topic()
    connections = [
        waiting(kafka, version, fetch_of((topic, asked(0)), max_wait_ms=LONG_MS)) for _ in range(3)
    ]
    kafka.produce(topic, b"a")
    for connection in connections:
        assert len(records_in(part(connection.receive(timeout_s=SOON_S), topic).records)) == 1


@case(FetchRequest, versions="latest", feature=FEATURE, why=WHY, also=(*ALSO, DeleteTopicsRequest))
def test_a_topic_deleted_under_a_waiting_fetch(kafka: Kafka, version: int) -> None:
    """A fetch that waits for a topic that is deleted meanwhile is answered early, with an error of the partition."""
    topic = kafka.topic()
    connection = waiting(kafka, version, fetch_of((topic, asked(0)), max_wait_ms=LONG_MS))
    state = DeleteTopicState(name=topic.name)
    deletion = DeleteTopicsRequest(topics=[state], topic_names=[topic.name], timeout_ms=10_000)
    kafka.ask(deletion)
    row = part(connection.receive(timeout_s=SOON_S), topic)
    assert row.error_code in (
        ErrorCode.UNKNOWN_TOPIC_ID,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.NOT_LEADER_OR_FOLLOWER,
    )


@case(FetchRequest, versions="latest", feature=FEATURE, why=WHY, also=ALSO)
def test_a_waiter_that_left(kafka: Kafka, version: int) -> None:
    """A client that goes while its fetch waits does no harm: the record comes to the others."""
    topic = kafka.topic()
    gone = waiting(kafka, version, fetch_of((topic, asked(0)), max_wait_ms=LONG_MS))
    stays = waiting(kafka, version, fetch_of((topic, asked(0)), max_wait_ms=LONG_MS))
    gone.reset()
    kafka.produce(topic, b"a")
    assert len(records_in(part(stays.receive(timeout_s=SOON_S), topic).records)) == 1
