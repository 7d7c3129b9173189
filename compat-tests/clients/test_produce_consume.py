"""Records go in and come out as they were: acks, codecs, keys, headers, times, sizes, partitions."""

from __future__ import annotations

import time

import pytest

from clients.drivers.base import BrokerError, Driver, Message
from clients.topics import MakeTopic, Names

UNKNOWN_TOPIC_OR_PARTITION = 3
BIG = 2_000_000  # more than the broker takes


def values_of(count: int) -> list[bytes]:
    """Values that compress, differ, and cross a batch's size now and then."""
    return [b"%06d " % i + b"pykbroker " * (i % 40) for i in range(count)]


@pytest.mark.parametrize("acks", ["0", "1", "all"])
@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_every_codec_with_every_acks(driver: Driver, make_topic: MakeTopic, acks: str, codec: str) -> None:
    """What is produced is read back, in order and byte for byte; offsets count from 0."""
    topic, values = make_topic("codec"), values_of(300)
    acked = driver.produce(topic, [Message(value) for value in values], acks=acks, codec=codec)
    got = driver.read(topic, {0: 0}, len(values))
    assert [record.value for record in got] == values
    assert [record.offset for record in got] == list(range(len(values)))
    if acks != "0":
        assert acked == [(0, offset) for offset in range(len(values))]


def test_keys_headers_and_nulls(driver: Driver, make_topic: MakeTopic) -> None:
    """Null is not empty; headers keep order and repeats; a tombstone is a record like any other."""
    topic = make_topic("shapes")
    again = "tracé" if "repeated headers" in driver.cannot else "trace"
    headers = (("trace", b"\x00\x01"), (again, b"again"), ("ünï", "wért".encode()))
    sent = [
        Message(b"v", b"k", headers=headers),
        Message(None, b"tombstone"),
        Message(b"no key", None),
    ]
    if "empty" not in driver.cannot:
        sent.append(Message(b"", b"", headers=(("empty", b""),)))
    if "null key and value" not in driver.cannot:
        sent.append(Message(None, None))
    driver.produce(topic, sent)
    got = driver.read(topic, {0: 0}, len(sent))
    assert [(r.key, r.value, r.headers) for r in got] == [(m.key, m.value, m.headers) for m in sent]


def test_create_time_is_kept(driver: Driver, make_topic: MakeTopic) -> None:
    """CreateTime: the producer's timestamp comes back, also when times run backwards."""
    topic = make_topic("times")
    now_ms = int(time.time() * 1000)
    times_ms = [now_ms, now_ms - 86_400_000, now_ms - 5, now_ms + 1]
    driver.produce(topic, [Message(b"x", timestamp_ms=t) for t in times_ms])
    assert [record.timestamp_ms for record in driver.read(topic, {0: 0}, 4)] == times_ms


def test_log_append_time_is_the_brokers(driver: Driver, make_topic: MakeTopic) -> None:
    """message.timestamp.type=LogAppendTime: the broker's clock, whatever the producer says."""
    driver.needs("append time")
    topic = make_topic("append-time", configs={"message.timestamp.type": "LogAppendTime"})
    before_ms = int(time.time() * 1000)
    driver.produce(topic, [Message(b"x", timestamp_ms=1_000_000_000_000)] * 3)
    after_ms = int(time.time() * 1000)
    got = driver.read(topic, {0: 0}, 3)
    assert len(got) == 3
    assert all(before_ms - 50 <= record.timestamp_ms <= after_ms + 50 for record in got)


@pytest.mark.parametrize("codec", ["none", "gzip"])
def test_offsets_for_times(driver: Driver, make_topic: MakeTopic, codec: str) -> None:
    """ListOffsets by time is exact to the record, also inside a compressed batch; none after the last."""
    topic = make_topic("by-time", 2)
    start_ms = int(time.time() * 1000) - 1_000_000
    driver.produce(
        topic, [Message(b"%d" % i, timestamp_ms=start_ms + 10 * i) for i in range(100)], codec=codec
    )
    found = driver.offsets_for_times(topic, {0: start_ms + 421, 1: start_ms})
    assert found[0] == 43
    assert found[1] is None
    assert driver.offsets_for_times(topic, {0: start_ms - 5}) == {0: 0}
    assert driver.offsets_for_times(topic, {0: start_ms + 990}) == {0: 99}
    assert driver.offsets_for_times(topic, {0: start_ms + 991}) == {0: None}
    assert driver.read(topic, {0: 43}, 57)[0].timestamp_ms == start_ms + 430


def test_a_big_message(driver: Driver, make_topic: MakeTopic) -> None:
    """900 KiB in one record, below message.max.bytes, with small ones around it."""
    topic = make_topic("big")
    values = [b"before", bytes(range(256)) * 3600, b"after"]
    driver.produce(topic, [Message(value) for value in values], max_bytes=BIG)
    got = driver.read(topic, {0: 0}, 3)
    assert [len(record.value or b"") for record in got] == [6, 921_600, 5]
    assert [record.value for record in got] == values


def test_too_big_a_message_is_refused(driver: Driver, make_topic: MakeTopic) -> None:
    """Above the topic's max.message.bytes: MESSAGE_TOO_LARGE (10), and nothing is stored."""
    topic = make_topic("too-big", configs={"max.message.bytes": "10000"})
    with pytest.raises(BrokerError) as refused:
        driver.produce(topic, [Message(b"x" * 20_000)], max_bytes=BIG)
    assert refused.value.code == 10
    assert driver.watermarks(topic, 0) == (0, 0)


def test_many_partitions(driver: Driver, make_topic: MakeTopic) -> None:
    """40 partitions at once: each keeps its own order and offsets."""
    partitions = 40
    topic = make_topic("many", partitions)
    sent = [Message(b"%d" % i, partition=i % partitions) for i in range(20 * partitions)]
    driver.produce(topic, sent)
    got = driver.read(topic, dict.fromkeys(range(partitions), 0), len(sent))
    assert len(got) == len(sent)
    for partition in range(partitions):
        mine = [(record.offset, record.value) for record in got if record.partition == partition]
        assert mine == [(n, b"%d" % (partition + n * partitions)) for n in range(20)]


def test_keys_choose_partitions_alike(driver: Driver, make_topic: MakeTopic) -> None:
    """Without a partition the client hashes the key: one key, one partition; the broker just obeys."""
    driver.needs("partitioner")
    topic = make_topic("keyed", 5)
    keys = [b"key-%d" % (i % 17) for i in range(170)]
    acked = driver.produce(topic, [Message(b"v", key, partition=None) for key in keys])
    homes: dict[bytes, set[int]] = {}
    for key, (partition, _) in zip(keys, acked, strict=True):
        homes.setdefault(key, set()).add(partition)
    assert all(len(partitions) == 1 for partitions in homes.values())
    assert len(set.union(*homes.values())) > 1


def test_a_topic_comes_into_being_when_used(driver: Driver, fresh_name: Names) -> None:
    """auto.create.topics.enable: the first Metadata request of a producer makes the topic."""
    topic = fresh_name("auto")
    assert driver.produce(topic, [Message(b"first")]) == [(0, 0)]
    assert [record.value for record in driver.read(topic, {0: 0}, 1)] == [b"first"]
    assert topic in driver.topics()


def test_idempotent_producer(driver: Driver, make_topic: MakeTopic) -> None:
    """InitProducerId and sequence numbers, over several batches in flight and two producers in turn."""
    topic, values = make_topic("idempotent"), values_of(3000)
    for half in (values[:1500], values[1500:]):
        driver.produce(topic, [Message(value) for value in half], idempotent=True)
    assert [record.value for record in driver.read(topic, {0: 0}, 3000)] == values


def test_reading_from_the_middle_and_at_the_end(driver: Driver, make_topic: MakeTopic) -> None:
    """A fetch from inside a batch gives the records from there on; at the end it waits for the next."""
    topic = make_topic("middle")
    driver.produce(topic, [Message(b"%d" % i) for i in range(50)])
    assert [record.offset for record in driver.read(topic, {0: 37}, 13)] == list(range(37, 50))
    assert driver.read(topic, {0: 50}, 1, timeout_s=0.5) == []
    assert driver.watermarks(topic, 0) == (0, 50)


def test_several_fetches_for_much_data(driver: Driver, make_topic: MakeTopic) -> None:
    """3 MiB with fetches limited to some 100 KiB: batches follow each other without a gap."""
    topic = make_topic("much", 3)
    sent = [Message(b"%05d" % i + bytes(1019), partition=i % 3) for i in range(3000)]
    driver.produce(topic, sent)
    got = driver.read(topic, {0: 0, 1: 0, 2: 0}, 3000, partition_bytes=100_000)
    assert len(got) == 3000
    for partition in range(3):
        mine = [record for record in got if record.partition == partition]
        assert [record.offset for record in mine] == list(range(1000))
        assert [int(record.value[:5]) for record in mine if record.value] == list(range(partition, 3000, 3))
