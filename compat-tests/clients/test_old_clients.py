"""Clients that know nothing of record batches v2: old kafka-python, and librdkafka that asks for no versions.

They write and read message sets of format v0 (brokers of 0.8 and 0.9) or v1 (0.10), and so does nobody else here. What they
write today's clients must be able to read, and the other way round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from clients import old_libraries
from clients.drivers.base import Driver, Message
from clients.topics import MakeTopic, Names
from conformance.cases import NotServed
from harness import rawwire
from harness.fetched import Unavailable

if TYPE_CHECKING:
    from clients.drivers.confluent import ConfluentDriver

RELEASES = ["1.4.7", "2.0.2"]
BROKERS = ["0.8.2", "0.9", "0.10", "0.10.1"]  # that the client believes to talk to
FALLBACKS = ["0.8.0", "0.8.2.1", "0.9.0"]  # from 0.10 on librdkafka asks for versions whatever it is told
CODECS = ["none", "gzip", "snappy", "lz4"]
EACH = 20

NOW_MS = 1_795_643_297_646
HEADERS = (("h", b"x"),)


@pytest.fixture(autouse=True)
def _old_versions_are_served(broker: Any) -> None:
    lowest, _ = rawwire.api_versions(broker.bootstrap)[1]
    if lowest:
        raise NotServed(f"Fetch below v{lowest} is not announced (KIP-896)")


@pytest.mark.parametrize("driver", ["confluent-kafka"], indirect=True)
@pytest.mark.parametrize("broker_version", BROKERS)
@pytest.mark.parametrize("release", RELEASES)
def test_old_kafka_python(
    driver: Driver, make_topic: MakeTopic, fresh_name: Names, release: str, broker_version: str
) -> None:
    """Produce in every codec, read, commit, ask for offsets, join a group; and a client of today reads the same."""
    topic = make_topic("old")
    try:
        seen = old_libraries.run(
            release, driver.bootstrap, topic, fresh_name("old"), broker_version, str(EACH)
        )
    except Unavailable as error:
        pytest.skip(str(error))
    count = 4 * (EACH + 1)
    names = ["None", "gzip", "snappy", "lz4"]
    values = [value for name in names for value in [*(f"{name} {i}" + "v" * 100 for i in range(EACH)), None]]
    assert seen["offsets"] == [record[0] for record in seen["records"]] == list(range(count))
    assert [record[3] for record in seen["records"]] == values
    assert [record[2] for record in seen["records"]] == [name for name in names for _ in range(EACH + 1)]
    assert (seen["beginning"], seen["end"], seen["committed"]) == (0, count, 3)
    has_times = broker_version.startswith("0.10")
    times = [record[1] for record in seen["records"]]
    assert all(times) if has_times else not any(times)
    if broker_version == "0.10.1":
        assert times[seen["by time"]] == times[5] > max([0, *times[: seen["by time"]]])
    if broker_version != "0.8.2":
        assert seen["as a member"] == list(range(3, count))
    today = driver.read(topic, {0: 0}, count)
    assert [each.value for each in today] == [None if value is None else value.encode() for value in values]
    assert [each.offset for each in today] == list(range(count))


def believing(version: str) -> dict[str, Any]:
    return {"api.version.request": False, "broker.version.fallback": version}


@pytest.mark.parametrize("driver", ["confluent-kafka"], indirect=True)
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("version", FALLBACKS)
def test_librdkafka_with_an_old_version_to_fall_back_on(
    driver: ConfluentDriver, make_topic: MakeTopic, version: str, codec: str
) -> None:
    """Old writes, old and new read; new writes with headers, old reads without."""
    topic = make_topic("fallback")
    sent = [Message(b"v%d" % i, b"k", timestamp_ms=NOW_MS + i, headers=HEADERS) for i in range(50)]
    plain = [Message(each.value, each.key, timestamp_ms=each.timestamp_ms) for each in sent]
    old_driver = type(driver)(driver.bootstrap, believing(version))
    old_driver.produce(topic, plain, codec=codec)
    driver.produce(topic, sent, codec=codec)
    old = old_driver.read(topic, {0: 0}, 100)
    new = driver.read(topic, {0: 0}, 100)
    for got in (old, new):
        assert [(r.offset, r.key, r.value) for r in got] == [
            (offset, m.key, m.value) for offset, m in enumerate(sent + sent)
        ]
    assert [r.headers for r in old] == [()] * 100
    assert [r.headers for r in new] == [()] * 50 + [HEADERS] * 50
    assert not any(record.timestamp_ms > 0 for record in [*old, *new[:50]])
    assert [record.timestamp_ms for record in new[50:]] == [m.timestamp_ms for m in sent]
