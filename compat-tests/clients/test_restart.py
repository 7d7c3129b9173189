"""The broker goes away and comes back: in order (SIGTERM) and not (SIGKILL). Clients live through both.

What was acknowledged is there afterwards, in order and once; so are the topics, their settings and the committed
offsets. A process that is killed loses nothing that the operating system already holds.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator

import pytest

from clients.drivers.base import BrokerError, Driver, Message
from clients.members import Group
from clients.topics import MakeTopic, Names, wait_led
from harness.process import BrokerProcess

COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR = 14, 16
Interruption = Callable[[BrokerProcess], None]


@pytest.fixture(autouse=True)
def _dropped_sockets_are_collected(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """kafka-python leaves the sockets of refused connections to the garbage collector, and logs the errors.

    The log keeps the errors, those their frames, and these the sockets, until the next test: collected there they were
    warned of where no such warning is expected (LIBRARY_WARNINGS).
    """
    yield
    caplog.get_records("call").clear()
    gc.collect()


def cleanly(broker: BrokerProcess) -> None:
    broker.stop()
    broker.start()


def killed(broker: BrokerProcess) -> None:
    broker.kill9()
    broker.start()


def committed_at_last(driver: Driver, group: str, topic: str, wanted: dict[int, int | None]) -> None:
    """The committed offsets are these, at the latest in 15 s.

    A coordinator that still loads its partition says so, but not every client asks again: librdkafka hands the
    error up, aiokafka takes it for "no offset".
    """
    deadline = time.monotonic() + 15
    found: object = None
    while found != wanted:
        assert time.monotonic() < deadline, found
        try:
            found = driver.committed(group, topic, list(wanted))
        except BrokerError as error:
            if error.code not in (COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR):
                raise
            found = error


both = pytest.mark.parametrize("interruption", [cleanly, killed], ids=["SIGTERM", "SIGKILL"])


@both
def test_everything_is_there_afterwards(
    driver: Driver,
    own_broker: BrokerProcess,
    make_topic: MakeTopic,
    fresh_name: Names,
    interruption: Interruption,
) -> None:
    """Records of every kind, settings, committed offsets; and offsets go on where they stood."""
    topic, group = make_topic("kept", 3, {"retention.ms": "777777777777"}), fresh_name("group")
    sent = [
        Message(b"%d" % i, b"k%d" % i, i % 3, 1_700_000_000_000 + i, (("h", b"%d" % i),)) for i in range(300)
    ]
    driver.produce(topic, sent[:150], codec="gzip")
    driver.produce(topic, sent[150:])
    if "commit" not in driver.cannot:
        driver.commit(group, topic, {0: 11, 2: 22})
    interruption(own_broker)
    wait_led(driver.bootstrap, topic, 3)
    if "topic_configs" not in driver.cannot:
        assert driver.topic_configs(topic)["retention.ms"] == "777777777777"
    if "commit" not in driver.cannot:
        committed_at_last(driver, group, topic, {0: 11, 1: None, 2: 22})
    got = driver.read(topic, {0: 0, 1: 0, 2: 0}, 300)
    for partition in range(3):
        mine = [r for r in got if r.partition == partition]
        wanted = [m for m in sent if m.partition == partition]
        assert [r.offset for r in mine] == list(range(100))
        assert [(r.key, r.value, r.timestamp_ms, r.headers) for r in mine] == [
            (m.key, m.value, m.timestamp_ms, m.headers) for m in wanted
        ]
    assert driver.offsets_for_times(topic, {0: 1_700_000_000_150}) == {0: 50}
    assert driver.produce(topic, [Message(b"next", partition=1)]) == [(1, 100)]


@both
def test_an_idempotent_producer_lives_on(
    driver: Driver, own_broker: BrokerProcess, make_topic: MakeTopic, interruption: Interruption
) -> None:
    """Sequence numbers are remembered: the producer goes on, also with what was in flight."""
    topic = make_topic("lives")
    with driver.producer(idempotent=True) as producer:
        for i in range(400):
            producer.send(topic, Message(b"%d" % i))
        acked = producer.flush()
        for i in range(400, 600):
            producer.send(topic, Message(b"%d" % i))  # perhaps in flight when the broker goes
        interruption(own_broker)
        for i in range(600, 800):
            producer.send(topic, Message(b"%d" % i))
        acked += producer.flush(40)
    assert acked == [(0, offset) for offset in range(800)]
    assert [r.value for r in driver.read(topic, {0: 0}, 800)] == [b"%d" % i for i in range(800)]


@both
def test_a_group_lives_on(
    driver: Driver,
    own_broker: BrokerProcess,
    make_topic: MakeTopic,
    fresh_name: Names,
    interruption: Interruption,
) -> None:
    """Members find the coordinator again and go on from what was committed, each record to one of them."""
    topic = make_topic("group-lives", 4)
    with Group(driver, fresh_name("group"), topic, "range") as group:
        group.join()
        group.join()
        group.wait_shares(2, 2)
        sent = driver.produce(topic, [Message(b"a", partition=i % 4) for i in range(100)])
        group.wait_taken(100)
        interruption(own_broker)
        wait_led(driver.bootstrap, topic, 4)
        sent += driver.produce(topic, [Message(b"b", partition=i % 4) for i in range(100)])
        group.wait("200 records taken", lambda: len(group.taken()) >= 200, 40)
    group.assert_each_exactly_once(sent)
