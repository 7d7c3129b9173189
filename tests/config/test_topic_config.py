"""Topic settings: overrides before the broker's, what a log gets to know, what CreateTopics and AlterConfigs may set."""

from __future__ import annotations

import pytest

from pykbroker.config.broker import BrokerConfig
from pykbroker.config.described import Described, Source, Synonym
from pykbroker.config.topic import (
    checked_overrides,
    describe_topic,
    resolve,
    topic_value,
)
from pykbroker.config.topic_settings import TopicSettings
from pykbroker.errors import ApiError
from wire.errors import ErrorCode

BROKER = BrokerConfig()


def described(broker: BrokerConfig, overrides: dict[str, str], name: str) -> Described:
    (row,) = describe_topic(broker, overrides, [name])
    return row


def test_the_defaults_of_both_tables_are_those_of_a_log() -> None:
    assert resolve(BROKER, {}) == TopicSettings()


def test_a_topic_takes_its_own_value_then_its_brokers() -> None:
    broker = BrokerConfig({"log.segment.bytes": "2000000", "log.cleanup.policy": "compact,delete"})
    assert resolve(broker, {}).segment_bytes == 2_000_000
    assert resolve(broker, {}).cleanup_policy == ("compact", "delete")
    assert resolve(broker, {"segment.bytes": "100"}).segment_bytes == 100
    dynamic = broker.with_dynamic(default={"log.segment.bytes": "3000000"})
    assert resolve(dynamic, {}).segment_bytes == 3_000_000


def test_units_of_the_broker_become_milliseconds() -> None:
    broker = BrokerConfig({"log.retention.hours": "1", "log.roll.hours": "2", "log.roll.jitter.hours": "3"})
    settings = resolve(broker, {})
    assert (settings.retention_ms, settings.segment_ms, settings.segment_jitter_ms) == (
        3_600_000,
        7_200_000,
        10_800_000,
    )
    assert described(broker, {}, "retention.ms").value == "3600000"
    assert described(broker, {}, "retention.ms").source is Source.DEFAULT, "as Kafka tells it"
    assert resolve(BrokerConfig({"log.retention.hours": "-1"}), {}).retention_ms == -1


def test_describe_lists_every_topic_setting() -> None:
    names = [row.name for row in describe_topic(BROKER, {})]
    assert len(names) == 36
    assert "internal.segment.bytes" not in names


def test_describe_with_synonyms() -> None:
    broker = BrokerConfig({"log.segment.bytes": "2000000"}).with_dynamic(
        broker={"log.segment.bytes": "3000000"}
    )
    row = described(broker, {"segment.bytes": " 4000000"}, "segment.bytes")
    assert (row.value, row.source, row.read_only, row.type_code) == ("4000000", Source.TOPIC, False, 3)
    assert row.synonyms == (
        Synonym("segment.bytes", "4000000", Source.TOPIC),
        Synonym("log.segment.bytes", "3000000", Source.DYNAMIC_BROKER),
        Synonym("log.segment.bytes", "2000000", Source.STATIC_BROKER),
        Synonym("log.segment.bytes", "1073741824", Source.DEFAULT),
    )


def test_describe_of_a_default_as_kafka_answers() -> None:
    row = described(BROKER, {}, "cleanup.policy")
    assert (row.value, row.source) == ("delete", Source.DEFAULT)
    assert row.synonyms == (Synonym("log.cleanup.policy", "delete", Source.DEFAULT),)
    row = described(BROKER, {}, "retention.ms")
    assert (row.value, row.source, row.synonyms) == ("604800000", Source.DEFAULT, ())
    row = described(BROKER, {}, "remote.storage.enable")
    assert (row.value, row.source, row.synonyms) == ("false", Source.DEFAULT, ())


def test_overrides_that_are_taken() -> None:
    configs = {
        "cleanup.policy": "compact",
        "retention.ms": "-1",
        "segment.bytes": "14",
        "min.cleanable.dirty.ratio": "0.1",
        "compression.type": "zstd",
        "leader.replication.throttled.replicas": "0:1,1:2",
        "remote.storage.enable": "false",
    }
    assert checked_overrides(BROKER, configs) == configs


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("retention.hours", "1", "Unknown topic config name: retention.hours (nearest: retention.ms)"),
        ("xyzzy", "1", "Unknown topic config name: xyzzy"),
        (
            "retention.ms",
            "soon",
            "Invalid value soon for configuration retention.ms: not a whole number; give -1 or more",
        ),
        ("retention.ms", "-2", "Invalid value -2 for configuration retention.ms: too small; give -1 or more"),
        ("segment.bytes", "1", "Invalid value 1 for configuration segment.bytes: too small; give 14 or more"),
        (
            "segment.ms",
            "99999999999999999999",
            "Invalid value 99999999999999999999 for configuration segment.ms: does not fit",
        ),
        (
            "cleanup.policy",
            "keep",
            "Invalid value keep for configuration cleanup.policy: 'keep' is not known",
        ),
        ("compression.type", "rar", "Invalid value rar for configuration compression.type: not known"),
        ("min.cleanable.dirty.ratio", "2", "out of range; give 0 to 1"),
        ("preallocate", "maybe", "not true or false; give true or false"),
        ("retention.bytes", None, "Null value not supported for topic configs: retention.bytes"),
        ("remote.storage.enable", "true", "no tiered storage"),
        ("min.compaction.lag.ms", "9223372036854775807", None),
    ],
)
def test_overrides_that_are_refused(name: str, value: str | None, said: str | None) -> None:
    if said is None:
        checked_overrides(BROKER, {name: value})
        return
    with pytest.raises(ApiError) as caught:
        checked_overrides(BROKER, {"flush.ms": "1", name: value})
    assert caught.value.code is ErrorCode.INVALID_CONFIG
    assert caught.value.message is not None
    assert said in caught.value.message


def test_values_that_contradict_each_other_are_refused() -> None:
    broker = BrokerConfig({"log.cleaner.max.compaction.lag.ms": "5"})
    with pytest.raises(ApiError, match="above max") as caught:
        checked_overrides(broker, {"min.compaction.lag.ms": "10"})
    assert caught.value.code is ErrorCode.INVALID_CONFIG


def test_an_unknown_topic_setting_has_no_value() -> None:
    with pytest.raises(KeyError):
        topic_value(BROKER, {}, "num.partitions")
