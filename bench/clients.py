"""What an application sees, with confluent-kafka: throughput of both directions and the time of one message.

librdkafka's consumer needs deep queues and a short backoff, or every broker looks four times slower. The Python
binding costs about 1 us a message and caps every broker at 100 B: look at the broker's CPU there.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from peers import Target
from procfs import CpuMeter

Figures = dict[str, float | None]
TIMEOUT_S = 120.0


def base(target: Target) -> dict[str, object]:
    return {"bootstrap.servers": target.bootstrap, "log_level": 0}


@contextmanager
def fresh_topic(target: Target) -> Iterator[str]:
    """A topic of one partition, ready, and deleted afterwards where the broker can."""
    admin = AdminClient(base(target))
    topic = "bench-" + uuid.uuid4().hex[:10]
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
    deadline = time.monotonic() + 15
    while topic not in (known := admin.list_topics(topic, timeout=5).topics) or known[topic].error:
        assert time.monotonic() < deadline, f"{topic} does not appear"
    try:
        yield topic
    finally:
        try:
            admin.delete_topics([topic])[topic].result(10)
        except KafkaException as error:
            print(f"{target.name}: {topic} not deleted: {error}")


def produce(target: Target, topic: str, count: int, size: int) -> Figures:
    """`count` records of `size` bytes, acks=all, linger.ms=5: messages a second, CPU us a message."""
    failed: list[object] = []
    producer = Producer(
        {
            **base(target),
            "acks": "all",
            "linger.ms": 5,
            "queue.buffering.max.messages": 2_000_000,
            "queue.buffering.max.kbytes": 1_000_000,
            "delivery.report.only.error": True,
            "on_delivery": lambda error, _: failed.append(error),
        }
    )
    producer.list_topics(topic, timeout=10)
    payload, send = os.urandom(size), producer.produce
    meter, begin = CpuMeter(target.pid), time.perf_counter()
    for number in range(count):
        send(topic, payload, None, 0)
        if not number & 0xFFFF:
            producer.poll(0)
    left = producer.flush(TIMEOUT_S)
    took_s = time.perf_counter() - begin
    assert not left, f"{left} of {count} not acknowledged"
    assert not failed, f"{len(failed)} of {count} failed: {failed[0]}"
    return {"rate": count / took_s, "cpu_us": meter.us_per(count)}


def consume(target: Target, topic: str, count: int) -> Figures:
    """All `count` records from the start: messages a second, CPU us a message."""
    consumer = Consumer(
        {
            **base(target),
            "group.id": "bench-" + uuid.uuid4().hex[:8],
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "queued.min.messages": 1_000_000,
            "queued.max.messages.kbytes": 1_000_000,
            "fetch.queue.backoff.ms": 5,
        }
    )
    consumer.list_topics(topic, timeout=10)
    consumer.assign([TopicPartition(topic, 0, 0)])
    got = 0
    meter, begin = CpuMeter(target.pid), time.perf_counter()
    while got < count and time.perf_counter() - begin < TIMEOUT_S:
        got += sum(1 for message in consumer.consume(10_000, 1.0) if message.error() is None)
    took_s = time.perf_counter() - begin
    cpu_us = meter.us_per(count)
    consumer.close()
    assert got == count, f"{got} of {count} consumed in {took_s:.0f} s"
    return {"rate": count / took_s, "cpu_us": cpu_us}


def there_and_back(target: Target, count: int, size: int) -> tuple[Figures, Figures]:
    """Produce into a fresh topic, then consume it."""
    with fresh_topic(target) as topic:
        return produce(target, topic, count, size), consume(target, topic, count)


def one_message(target: Target, count: int) -> Figures:
    """One record of 100 B and a flush, again and again, acks=all, linger.ms=0: milliseconds at p50 and p99."""
    warm_up = count // 10
    with fresh_topic(target) as topic:
        producer = Producer({**base(target), "acks": "all", "linger.ms": 0})
        times_ms = []
        meter = CpuMeter(target.pid)
        for number in range(count + warm_up):
            if number == warm_up:
                meter = CpuMeter(target.pid)
            begin = time.perf_counter()
            producer.produce(topic, b"x" * 100, partition=0)
            assert not producer.flush(10), "a record was not acknowledged in 10 s"
            times_ms.append((time.perf_counter() - begin) * 1e3)
        cpu_us = meter.us_per(count)
    times_ms = sorted(times_ms[warm_up:])
    return {"p50": times_ms[len(times_ms) // 2], "p99": times_ms[int(len(times_ms) * 0.99)], "cpu_us": cpu_us}
