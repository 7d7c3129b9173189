"""Transactions through the clients: all or nothing for readers of committed records, offsets too, one owner of an id."""

from __future__ import annotations

import contextlib

import pytest

from clients.drivers.base import BrokerError, Driver, Message, Producer
from clients.topics import MakeTopic, Names
from conformance.cases import NotServed, api_name
from conformance.kafka import Kafka
from conformance.subject import Subject
from wire.messages.add_offsets_to_txn import AddOffsetsToTxnRequest
from wire.messages.add_partitions_to_txn import AddPartitionsToTxnRequest
from wire.messages.end_txn import EndTxnRequest
from wire.messages.init_producer_id import InitProducerIdRequest
from wire.messages.txn_offset_commit import TxnOffsetCommitRequest

NEEDED = (
    InitProducerIdRequest,
    AddPartitionsToTxnRequest,
    AddOffsetsToTxnRequest,
    EndTxnRequest,
    TxnOffsetCommitRequest,
)
# INVALID_PRODUCER_EPOCH, PRODUCER_FENCED, librdkafka's _FENCED
FENCED = {47, 90, -144}


@pytest.fixture(autouse=True)
def _transactions_are_served(subject: Subject, driver: Driver) -> None:
    for request in NEEDED:
        if request.key not in subject.announced:
            raise NotServed(f"{api_name(request)} is not announced")
    driver.needs("transactions")


@pytest.fixture
def transactional_id(subject: Subject) -> str:
    """A fresh one whose coordinator is up: how long clients wait for that is not asked here."""
    with contextlib.closing(Kafka(subject)) as kafka:
        return kafka.transactional_id()


def open_with(driver: Driver, transactional_id: str) -> Producer:
    return driver.producer(transactional_id=transactional_id, idempotent=True)


def values(driver: Driver, topic: str, count: int, *, committed_only: bool) -> list[bytes | None]:
    """The first `count` values of partition 0."""
    got = driver.read(topic, {0: 0}, count, committed_only=committed_only)
    return [record.value for record in got]


def test_commit_and_abort(driver: Driver, make_topic: MakeTopic, transactional_id: str) -> None:
    """Of three transactions the aborted one is hidden from read_committed, and read_uncommitted sees all."""
    topic = make_topic("all-or-nothing")
    with open_with(driver, transactional_id) as producer:
        for value, end in ((b"a", producer.commit), (b"b", producer.abort), (b"c", producer.commit)):
            producer.begin()
            producer.send(topic, Message(value))
            producer.send(topic, Message(value * 2))
            producer.flush()
            end()
    assert values(driver, topic, 4, committed_only=True) == [b"a", b"aa", b"c", b"cc"]
    assert values(driver, topic, 6, committed_only=False) == [b"a", b"aa", b"b", b"bb", b"c", b"cc"]
    assert driver.watermarks(topic, 0) == (0, 9)  # each transaction ends with a marker


def test_an_open_transaction_holds_readers_back(
    driver: Driver, make_topic: MakeTopic, transactional_id: str
) -> None:
    """read_committed stops at the last stable offset: also what others wrote after it has to wait."""
    topic = make_topic("open")
    with open_with(driver, transactional_id) as producer:
        producer.begin()
        producer.send(topic, Message(b"in"))
        producer.flush()
        driver.produce(topic, [Message(b"outside")])
        assert driver.read(topic, {0: 0}, 1, 1.0, committed_only=True) == []
        assert values(driver, topic, 2, committed_only=False) == [b"in", b"outside"]
        producer.commit()
    assert values(driver, topic, 2, committed_only=True) == [b"in", b"outside"]


def test_several_partitions_at_once(driver: Driver, make_topic: MakeTopic, transactional_id: str) -> None:
    """One transaction over two topics and three partitions: all of it is there, or nothing."""
    one, two = make_topic("one"), make_topic("two", 2)
    with open_with(driver, transactional_id) as producer:
        for value, end in ((b"no", producer.abort), (b"yes", producer.commit)):
            producer.begin()
            producer.send(one, Message(value))
            producer.send(two, Message(value, partition=0))
            producer.send(two, Message(value, partition=1))
            producer.flush()
            end()
    assert [r.value for r in driver.read(one, {0: 0}, 1, committed_only=True)] == [b"yes"]
    got = driver.read(two, {0: 0, 1: 0}, 2, committed_only=True)
    assert sorted((r.partition, r.value) for r in got) == [(0, b"yes"), (1, b"yes")]


def test_offsets_go_with_the_records(
    driver: Driver, make_topic: MakeTopic, fresh_name: Names, transactional_id: str
) -> None:
    """Consume, transform, produce: the group's offset is committed with the records, and dropped with them."""
    driver.needs("send_offsets")
    source, target, group = make_topic("source"), make_topic("target"), fresh_name("group")
    driver.produce(source, [Message(b"%d" % i) for i in range(4)])
    with open_with(driver, transactional_id) as producer:
        for end, offset_after in ((producer.abort, None), (producer.commit, 4)):
            producer.begin()
            for record in driver.read(source, {0: 0}, 4):
                producer.send(target, Message((record.value or b"") * 2))
            producer.send_offsets(group, source, {0: 4})
            producer.flush()
            end()
            assert driver.committed(group, source, [0]) == {0: offset_after}
    assert values(driver, target, 4, committed_only=True) == [b"00", b"11", b"22", b"33"]


def test_a_second_producer_fences_the_first(
    driver: Driver, make_topic: MakeTopic, transactional_id: str
) -> None:
    """Whoever opens the same transactional id aborts what the first left open, and the first cannot go on."""
    driver.needs("fencing")
    topic = make_topic("fenced")
    first = open_with(driver, transactional_id)
    first.begin()
    first.send(topic, Message(b"first"))
    first.flush()
    with open_with(driver, transactional_id) as second:
        with pytest.raises(BrokerError) as fenced:
            first.commit()
        assert fenced.value.code in FENCED
        second.begin()
        second.send(topic, Message(b"second"))
        second.flush()
        second.commit()
    first.close()
    assert values(driver, topic, 1, committed_only=True) == [b"second"]
