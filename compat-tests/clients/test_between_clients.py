"""What one client wrote another reads: the batches of each library, every codec."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import pytest

from clients import drivers
from clients.drivers.base import Cannot, Driver, Message
from clients.topics import MakeTopic
from harness.process import BrokerProcess, ForeignBroker


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_all_read_what_one_wrote(
    driver: Driver,
    broker: BrokerProcess | ForeignBroker,
    make_topic: MakeTopic,
    client_names: Sequence[str],
    codec: str,
) -> None:
    """Values, keys, headers and times survive the way from any library to any other."""
    topic = make_topic("between", configs={"retention.ms": "-1"})  # the times are old
    sent = [
        Message(b"value %d " % i * 20, b"key %d" % i, 0, 1_700_000_000_000 + i, (("n", b"%d" % i),))
        for i in range(50)
    ]
    driver.produce(topic, sent, codec=codec)
    expected = [(m.key, m.value, m.timestamp_ms, m.headers) for m in sent]
    for name in client_names:
        with contextlib.suppress(Cannot), contextlib.closing(drivers.make(name, broker.bootstrap)) as reader:
            reader.needs(f"codec {codec}", f"{codec} of others")
            got = reader.read(topic, {0: 0}, len(sent))
            assert [(r.key, r.value, r.timestamp_ms, r.headers) for r in got] == expected, name
