"""What a program of 2016 did with kafka-python, as a process of its own: the old library stands on its PYTHONPATH.

    python old_kafka_python.py HOST:PORT TOPIC GROUP API_VERSION COUNT

Produces COUNT messages in each codec, reads them, commits, reads on from there, and joins a group if the version has any.
Prints what it saw as one line of JSON. API_VERSION: 0.8.2, 0.9, 0.10, 0.10.1: the brokers that it believes to talk to.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

if sys.version_info >= (
    3,
    12,
):  # the six that it carries hooks into imports in a way that Python has given up
    import six

    sys.modules["kafka.vendor.six"] = six
    sys.modules["kafka.vendor.six.moves"] = six.moves

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

CODECS = (None, "gzip", "snappy", "lz4")
PATIENCE_S = 20


def produce(how: dict[str, Any], topic: str, count: int) -> list[int]:
    offsets = []
    for codec in CODECS:
        producer = KafkaProducer(compression_type=codec, linger_ms=50, acks="all", **how)
        name = str(codec).encode()
        sent = [
            producer.send(topic, b"%s %d" % (name, i) + b"v" * 100, key=name, partition=0)
            for i in range(count)
        ]
        sent.append(producer.send(topic, None, key=name, partition=0))
        offsets += [each.get(timeout=PATIENCE_S).offset for each in sent]
        producer.close()
    return offsets


def read(consumer: Any, count: int) -> list[tuple[int, int | None, str, str | None]]:
    """(offset, timestamp, key, value)"""
    found: list[Any] = []
    deadline = time.monotonic() + PATIENCE_S
    while len(found) < count and time.monotonic() < deadline:
        for records in consumer.poll(timeout_ms=200).values():
            found += records
    return [
        (r.offset, r.timestamp, r.key.decode(), None if r.value is None else r.value.decode()) for r in found
    ]


def main(bootstrap: str, topic: str, group: str, version: str, count: str) -> dict[str, Any]:
    api_version = tuple(map(int, version.split(".")))
    how = {"bootstrap_servers": bootstrap, "api_version": api_version}
    offsets = produce(how, topic, int(count))
    partition = TopicPartition(topic, 0)
    options = {"auto_offset_reset": "earliest", "enable_auto_commit": False, **how}
    seen: dict[str, Any] = {"offsets": offsets}
    consumer = KafkaConsumer(group_id=group, **options)
    consumer.assign([partition])
    seen["records"] = read(consumer, len(offsets))
    consumer.seek(partition, 3)
    consumer.commit()
    seen["committed"] = consumer.committed(partition)
    seen["beginning"] = consumer.beginning_offsets([partition])[partition]
    seen["end"] = consumer.end_offsets([partition])[partition]
    if api_version >= (0, 10, 1):
        found = consumer.offsets_for_times({partition: seen["records"][5][1]})[partition]
        seen["by time"] = found.offset
    consumer.close()
    if api_version >= (0, 9):
        member = KafkaConsumer(topic, group_id=group, **options)
        seen["as a member"] = [offset for offset, *_ in read(member, len(offsets) - 3)]
        member.close()
    return seen


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
