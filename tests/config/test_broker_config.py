"""BrokerConfig: which value is in force, where it comes from, and how DescribeConfigs tells it."""

from __future__ import annotations

import pytest

from pykbroker.config.broker import BROKER, BrokerConfig
from pykbroker.config.described import Described, Source, Synonym


def described(config: BrokerConfig, name: str) -> Described:
    (row,) = config.describe([name])
    return row


def test_values_have_their_types() -> None:
    config = BrokerConfig({"num.partitions": " 3 ", "listeners": "A://:1, B://:2"})
    assert config.integer("num.partitions") == 3
    assert config.boolean("auto.create.topics.enable") is True
    assert config.number("log.cleaner.min.cleanable.ratio") == 0.5
    assert config.listing("listeners") == ["A://:1", "B://:2"]
    assert config.text("broker.rack") is None
    assert config.listing("log.dirs") == []
    assert config.integer_or_none("log.retention.ms") is None
    assert config.integer("group.initial.rebalance.delay.ms") == 0


def test_asking_for_the_wrong_thing_is_a_bug() -> None:
    config = BrokerConfig()
    with pytest.raises(TypeError):
        config.integer("broker.rack")
    with pytest.raises(TypeError):
        config.integer("log.retention.ms")  # has no value: integer_or_none
    with pytest.raises(KeyError):
        config.integer("no.such.setting")


def test_precedence() -> None:
    """A dynamic value of this broker, of all brokers, the static one, the default."""
    name = "message.max.bytes"
    config = BrokerConfig()
    assert (config.value(name), config.source(name)) == ("1048588", Source.DEFAULT)
    config = BrokerConfig({name: "1"})
    assert (config.value(name), config.source(name)) == ("1", Source.STATIC_BROKER)
    everyones = config.with_dynamic(default={name: "2"})
    assert (everyones.value(name), everyones.source(name)) == ("2", Source.DYNAMIC_DEFAULT_BROKER)
    mine = everyones.with_dynamic(broker={name: "3"})
    assert (mine.value(name), mine.source(name)) == ("3", Source.DYNAMIC_BROKER)
    assert mine.with_dynamic(broker={}).value(name) == "2"
    assert config.value(name) == "1"  # a change makes a new value
    assert (mine.broker_dynamic, mine.default_dynamic) == ({name: "3"}, {name: "2"})


def test_a_stored_dynamic_value_that_does_not_parse_is_left_out() -> None:
    config = BrokerConfig().with_dynamic(
        {"message.max.bytes": "many"}, {"log.segment.bytes": "x", "own.name": "y"}
    )
    assert config.integer("message.max.bytes") == 1048588
    assert config.default_dynamic == {"own.name": "y"}


def test_describe_lists_every_known_setting() -> None:
    rows = BrokerConfig().describe()
    names = [row.name for row in rows]
    assert names == [name for name in BROKER if not BROKER[name].internal]
    assert len(names) >= 340
    assert all(row.doc and row.type_code for row in rows)


def test_describe_tells_value_source_type_and_doc() -> None:
    row = described(BrokerConfig({"auto.create.topics.enable": "FALSE"}), "auto.create.topics.enable")
    assert row == Described(
        name="auto.create.topics.enable",
        value="false",
        source=Source.STATIC_BROKER,
        synonyms=(
            Synonym("auto.create.topics.enable", "false", Source.STATIC_BROKER),
            Synonym("auto.create.topics.enable", "true", Source.DEFAULT),
        ),
        read_only=True,
        sensitive=False,
        type_code=1,
        doc=BROKER["auto.create.topics.enable"].doc,
    )


def test_describe_says_what_can_change_while_it_runs() -> None:
    assert described(BrokerConfig(), "num.partitions").read_only
    assert not described(BrokerConfig(), "message.max.bytes").read_only


def test_describe_never_tells_a_secret() -> None:
    row = described(
        BrokerConfig({"zookeeper.ssl.keystore.password": "secret"}), "zookeeper.ssl.keystore.password"
    )
    assert (row.value, row.sensitive, row.source) == (None, True, Source.STATIC_BROKER)
    assert "secret" not in repr(row)


def test_describe_tells_of_an_unknown_name_but_not_its_value() -> None:
    row = described(BrokerConfig({"plugin.own": "secret"}), "plugin.own")
    assert (row.value, row.sensitive, row.type_code, row.source) == (None, True, 0, Source.STATIC_BROKER)
    assert "secret" not in repr(row)
    assert BrokerConfig().describe(["plugin.own"]) == []


def test_an_internal_setting_is_described_once_it_is_set() -> None:
    assert BrokerConfig().describe(["producer.id.expiration.check.interval.ms"]) == []
    assert (
        described(
            BrokerConfig({"producer.id.expiration.check.interval.ms": "5"}),
            "producer.id.expiration.check.interval.ms",
        ).value
        == "5"
    )


def test_synonyms_of_a_family_as_kafka_tells_them() -> None:
    """What stands before the first of the name itself is left out (ConfigHelper.configSynonyms)."""
    hours = (
        Synonym("log.retention.hours", "24", Source.STATIC_BROKER),
        Synonym("log.retention.hours", "168", Source.DEFAULT),
    )
    ms = Synonym("log.retention.ms", "-1", Source.STATIC_BROKER)
    assert described(BrokerConfig(), "log.retention.ms").synonyms == ()
    config = BrokerConfig({"log.retention.hours": "24"})
    assert described(config, "log.retention.hours").synonyms == hours
    assert described(config, "log.retention.ms").synonyms == ()
    config = BrokerConfig({"log.retention.hours": "24", "log.retention.ms": "-1"})
    assert described(config, "log.retention.hours").synonyms == hours
    assert described(config, "log.retention.minutes").synonyms == ()
    assert described(config, "log.retention.ms").synonyms == (ms, *hours)


@pytest.mark.parametrize(
    ("static", "expected_ms"),
    [
        ({}, 168 * 3_600_000),
        ({"log.retention.hours": "1"}, 3_600_000),
        ({"log.retention.hours": "1", "log.retention.minutes": "2"}, 120_000),
        ({"log.retention.minutes": "2", "log.retention.ms": "3"}, 3),
        ({"log.retention.hours": "-1"}, -1),
    ],
)
def test_a_family_says_one_thing_in_several_units(static: dict[str, str], expected_ms: int) -> None:
    assert BrokerConfig(static).family_ms("log.retention.ms") == expected_ms


def test_the_resource_without_a_name_tells_what_is_set_for_all_brokers() -> None:
    config = BrokerConfig({"num.partitions": "3"}, {"message.max.bytes": "5"}, {"message.max.bytes": "6"})
    (row,) = config.describe_default()
    assert (row.name, row.value, row.source) == ("message.max.bytes", "5", Source.DYNAMIC_DEFAULT_BROKER)
    assert row.synonyms == (Synonym("message.max.bytes", "5", Source.DYNAMIC_DEFAULT_BROKER),)
    assert config.describe_default(["other"]) == []
