"""What one client wrote another reads: the batches of each library, every codec."""

from __future__ import annotations

import pytest

from clients import drivers
from clients.drivers.base import Driver, Message
from clients.topics import MakeTopic
from harness.process import BrokerProcess, ForeignBroker


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_all_read_what_one_wrote(
    driver: Driver, broker: BrokerProcess | ForeignBroker, make_topic: MakeTopic, codec: str
) -> None:
    """Values, keys, headers and times survive the way from any library to any other."""
    topic = make_topic("between", configs={"retention.ms": "-1"})
    sent = [
        Message(b"value %d " % i * 20, b"key %d" % i, 0, 1_700_000_000_000 + i, (("n", b"%d" % i),))
        for i in range(50)
    ]
    driver.produce(topic, sent, codec=codec)
    expected = [(m.key, m.value, m.timestamp_ms, m.headers) for m in sent]
    for name in drivers.NAMES:
        reader = drivers.driver_class(name)(broker.bootstrap)
        got = reader.read(topic, {0: 0}, len(sent))
        reader.close()
        assert [(r.key, r.value, r.timestamp_ms, r.headers) for r in got] == expected, name
