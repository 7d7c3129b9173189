"""DescribeConfigs: which settings, of what, and where their values come from."""

from __future__ import annotations

import pytest

from conformance import Kafka, Setting, case
from conformance.admin import (
    BROKER,
    BROKER_LOGGER,
    CLIENT_METRICS,
    DEFAULT,
    GROUP_CONFIG,
    STATIC_BROKER,
    TOPIC,
    TOPIC_CONFIG,
    describe,
    entry,
)
from wire.errors import ErrorCode
from wire.messages.describe_configs import DescribeConfigsRequest, DescribeConfigsResource
from wire.messages.list_config_resources import ListConfigResourcesRequest

FEATURE = "describe configs"
WHY = "KIP-133; ConfigHelper.describeConfigs"
BOOLEAN, STRING, INT, SHORT, LONG, DOUBLE, LIST, CLASS, PASSWORD = range(1, 10)
OF_EVERY_TOPIC = {
    "cleanup.policy", "compression.type", "delete.retention.ms", "file.delete.delay.ms", "flush.messages", "flush.ms",
    "index.interval.bytes", "max.compaction.lag.ms", "max.message.bytes", "message.timestamp.type",
    "min.cleanable.dirty.ratio", "min.compaction.lag.ms", "min.insync.replicas", "preallocate",
    "retention.bytes", "retention.ms", "segment.bytes",
    "segment.index.bytes", "segment.jitter.ms", "segment.ms", "unclean.leader.election.enable",
}  # fmt: skip


def node(kafka: Kafka) -> str:
    return str(min(kafka.nodes))


# --- topics


@case(DescribeConfigsRequest, feature=FEATURE, why=WHY)
def test_topic(kafka: Kafka) -> None:
    """Null for the keys asks for all settings of a topic, set or not."""
    row = describe(kafka, TOPIC, kafka.topic().name)
    assert row.error_code == 0
    assert not row.error_message
    assert {config.name for config in row.configs} >= OF_EVERY_TOPIC


@case(DescribeConfigsRequest, feature=FEATURE, why="KAFKA-5704, ConfigHelper.describeConfigs")
def test_no_keys(kafka: Kafka) -> None:
    """An empty list of keys asks for all, too."""
    assert {
        config.name for config in describe(kafka, TOPIC, kafka.topic().name, []).configs
    } >= OF_EVERY_TOPIC


@case(DescribeConfigsRequest, feature=FEATURE, why=WHY)
def test_some_keys(kafka: Kafka) -> None:
    """Keys choose; unknown ones are left out, and one named twice comes once."""
    keys = ["retention.ms", "no.such", "cleanup.policy", "retention.ms"]
    row = describe(kafka, TOPIC, kafka.topic().name, keys)
    assert (row.error_code, sorted(config.name for config in row.configs)) == (
        0,
        ["cleanup.policy", "retention.ms"],
    )


@case(DescribeConfigsRequest, feature=FEATURE, why=WHY)
def test_unknown_keys_alone(kafka: Kafka) -> None:
    """Unknown keys alone answer nothing, and no error."""
    row = describe(kafka, TOPIC, kafka.topic().name, ["no.such", "log.retention.ms"])
    assert (row.error_code, list(row.configs)) == (0, [])


@case(DescribeConfigsRequest, feature=FEATURE, why=WHY)
def test_unknown_topic(kafka: Kafka) -> None:
    """A topic that is not there answers UNKNOWN_TOPIC_OR_PARTITION, and is not made by asking."""
    name = kafka.name("topic")
    row = describe(kafka, TOPIC, name)
    assert (row.error_code, row.resource_type, row.resource_name, list(row.configs)) == (
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, TOPIC, name, [],
    )  # fmt: skip
    assert describe(kafka, TOPIC, name).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@pytest.mark.parametrize("name", ["", "a b", "..", "x" * 250], ids=["empty", "blank", "dots", "long"])
@case(DescribeConfigsRequest, versions="latest", feature=FEATURE, why="ConfigHelper.describeConfigs")
def test_invalid_topic(kafka: Kafka, name: str) -> None:
    """A name that no topic can have answers INVALID_TOPIC_EXCEPTION."""
    assert describe(kafka, TOPIC, name).error_code == ErrorCode.INVALID_TOPIC_EXCEPTION


@case(DescribeConfigsRequest, versions="1+", feature=FEATURE, why="KIP-226")
def test_topic_source(kafka: Kafka) -> None:
    """A value set on the topic has the source TOPIC_CONFIG, one by default DEFAULT_CONFIG."""
    topic = kafka.topic(retention_ms=1234)
    own, default = (entry(kafka, TOPIC, topic.name, key) for key in ("retention.ms", "segment.ms"))
    assert (own.value, own.config_source, own.read_only) == ("1234", TOPIC_CONFIG, False)
    assert (default.value, default.config_source, default.read_only) == ("604800000", DEFAULT, False)


@case(DescribeConfigsRequest, versions="1+", feature=FEATURE, why="KIP-226")
def test_no_synonyms(kafka: Kafka) -> None:
    """Synonyms come only if asked for."""
    assert list(entry(kafka, TOPIC, kafka.topic(retention_ms=5).name, "retention.ms").synonyms) == []


@case(DescribeConfigsRequest, versions="1+", feature=FEATURE, why="KIP-226; ConfigHelper.configSynonyms")
def test_topic_synonyms(kafka: Kafka) -> None:
    """Synonyms are all places that give a value, the strongest first: the topic, then the broker under its own name."""
    topic = kafka.topic(max_message_bytes=5000, file_delete_delay_ms=1)
    found = entry(kafka, TOPIC, topic.name, "max.message.bytes", synonyms=True)
    assert [(each.name, each.value, each.source) for each in found.synonyms] == [
        ("max.message.bytes", "5000", TOPIC_CONFIG),
        ("message.max.bytes", "1048588", DEFAULT),
    ]


@case(DescribeConfigsRequest, versions="1+", feature=FEATURE, why="KIP-226; ConfigHelper.configSynonyms")
def test_synonym_of_a_default(kafka: Kafka) -> None:
    """A value by default has the broker's setting for its synonym; one that is null there is no synonym."""
    topic = kafka.topic()
    found = entry(kafka, TOPIC, topic.name, "segment.bytes", synonyms=True)
    assert [(each.name, each.source) for each in found.synonyms] == [("log.segment.bytes", DEFAULT)]
    assert list(entry(kafka, TOPIC, topic.name, "segment.jitter.ms", synonyms=True).synonyms) == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("cleanup.policy", LIST),
        ("compression.type", STRING),
        ("max.message.bytes", INT),
        ("min.cleanable.dirty.ratio", DOUBLE),
        ("preallocate", BOOLEAN),
        ("retention.ms", LONG),
        ("unclean.leader.election.enable", BOOLEAN),
    ],
)
@case(DescribeConfigsRequest, versions="3+", feature=FEATURE, why="KIP-569")
def test_types(kafka: Kafka, name: str, kind: int) -> None:
    """Each setting has its type."""
    assert entry(kafka, TOPIC, kafka.topic().name, name).config_type == kind


@case(DescribeConfigsRequest, versions="3+", feature=FEATURE, why="KIP-569")
def test_documentation(kafka: Kafka) -> None:
    """Documentation comes if asked for, else it is null."""
    topic = kafka.topic()
    assert entry(kafka, TOPIC, topic.name, "retention.ms", documentation=True).documentation
    assert entry(kafka, TOPIC, topic.name, "retention.ms").documentation is None


# --- brokers


@case(DescribeConfigsRequest, feature=FEATURE, why=WHY)
def test_broker(kafka: Kafka) -> None:
    """A broker describes itself, with all its settings."""
    found = {config.name: config for config in describe(kafka, BROKER, node(kafka)).configs}
    assert len(found) > 150
    assert found["log.segment.bytes"].value == "1073741824"


@case(DescribeConfigsRequest, versions="1+", feature=FEATURE, why="KIP-226")
def test_broker_source(kafka: Kafka) -> None:
    """A setting that nobody gave has the source DEFAULT_CONFIG; what cannot change while it runs is read-only."""
    fixed = entry(kafka, BROKER, node(kafka), "log.retention.hours")
    changeable = entry(kafka, BROKER, node(kafka), "message.max.bytes")
    assert (fixed.config_source, fixed.read_only) == (DEFAULT, True)
    assert (changeable.config_source, changeable.read_only) == (DEFAULT, False)


@case(
    DescribeConfigsRequest,
    versions="1+",
    feature=FEATURE,
    why="KIP-226; DynamicBrokerConfig.brokerConfigSynonyms",
    needs=(Setting("offsets.topic.num.partitions", at_most=49),),
)
def test_static_broker_source(kafka: Kafka) -> None:
    """A setting of server.properties has the source STATIC_BROKER_CONFIG, and the default behind it as a synonym."""
    found = entry(kafka, BROKER, node(kafka), "offsets.topic.num.partitions", synonyms=True)
    assert found.config_source == STATIC_BROKER
    name = "offsets.topic.num.partitions"
    assert [(each.name, each.value, each.source) for each in found.synonyms] == [
        (name, found.value, STATIC_BROKER),
        (name, "50", DEFAULT),
    ]


@case(DescribeConfigsRequest, feature=FEATURE, why=WHY)
def test_null_value(kafka: Kafka) -> None:
    """A setting without a value is shown, with null."""
    assert entry(kafka, BROKER, node(kafka), "log.retention.ms").value is None


@case(DescribeConfigsRequest, feature=FEATURE, why="KIP-133; ConfigHelper")
def test_sensitive(kafka: Kafka) -> None:
    """A password is marked and never shown, nor are its synonyms."""
    found = entry(kafka, BROKER, node(kafka), "ssl.key.password", synonyms=True)
    assert (found.is_sensitive, found.value) == (True, None)
    assert all(each.value is None for each in found.synonyms)


@case(DescribeConfigsRequest, versions="3+", feature=FEATURE, why="KIP-569")
def test_password_type(kafka: Kafka) -> None:
    """A password has the type PASSWORD."""
    assert entry(kafka, BROKER, node(kafka), "ssl.key.password").config_type == PASSWORD


@case(DescribeConfigsRequest, feature=FEATURE, why="ConfigHelper.resourceNameToBrokerId")
def test_another_broker(kafka: Kafka) -> None:
    """A broker describes no other: INVALID_REQUEST."""
    row = describe(kafka, BROKER, "9999", to=min(kafka.nodes))
    assert (row.error_code, list(row.configs)) == (ErrorCode.INVALID_REQUEST, [])


@pytest.mark.parametrize("name", ["x", "1.5", " ", "-"])
@case(DescribeConfigsRequest, versions="latest", feature=FEATURE, why="ConfigHelper.resourceNameToBrokerId")
def test_broker_that_is_no_number(kafka: Kafka, name: str) -> None:
    """The name of a broker is a number: INVALID_REQUEST."""
    assert describe(kafka, BROKER, name).error_code == ErrorCode.INVALID_REQUEST


@case(DescribeConfigsRequest, versions="1+", feature=FEATURE, why="KIP-226")
def test_all_brokers(kafka: Kafka) -> None:
    """An empty broker name asks for what is set for all brokers, and for nothing else."""
    row = describe(kafka, BROKER, "")
    assert row.error_code == 0
    assert {config.config_source for config in row.configs} <= {3}
    assert "log.retention.hours" not in {config.name for config in row.configs}


# --- loggers, groups, client metrics


@case(DescribeConfigsRequest, versions="1+", feature=FEATURE, why="KIP-412", line="4.x")  # needs Log4j
def test_loggers(kafka: Kafka) -> None:
    """A broker's loggers have levels; the one at the root is always there."""
    row = describe(kafka, BROKER_LOGGER, node(kafka))
    levels = {config.name: config.value for config in row.configs}
    assert row.error_code == 0
    assert levels["root"] in ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "OFF", "ALL")


@pytest.mark.parametrize("name", ["", "9999", "x"])
@case(DescribeConfigsRequest, versions="latest", feature=FEATURE, why="KIP-412; ConfigHelper")
def test_loggers_of_nobody(kafka: Kafka, name: str) -> None:
    """Loggers are asked of the broker that has them, by its number: INVALID_REQUEST."""
    row = describe(kafka, BROKER_LOGGER, name, to=min(kafka.nodes))
    assert row.error_code == ErrorCode.INVALID_REQUEST


@case(
    DescribeConfigsRequest, versions="1+", feature=FEATURE, why="KIP-848, KIP-1043; GroupConfig", line="4.x"
)
def test_group(kafka: Kafka) -> None:
    """A group that does not exist has settings, by default those of the broker."""
    found = entry(kafka, GROUP_CONFIG, kafka.name("group"), "consumer.session.timeout.ms")
    assert found.value == kafka.subject.setting("group.consumer.session.timeout.ms")


@case(DescribeConfigsRequest, versions="1+", feature=FEATURE, why="KIP-848; ConfigHelper", line="4.x")
def test_empty_group(kafka: Kafka) -> None:
    """An empty group name answers INVALID_REQUEST."""
    assert describe(kafka, GROUP_CONFIG, "").error_code == ErrorCode.INVALID_REQUEST


@case(
    DescribeConfigsRequest,
    versions="1+",
    feature=FEATURE,
    why="KIP-714; ConfigHelper",
    also=(ListConfigResourcesRequest,),
)
def test_client_metrics(kafka: Kafka) -> None:
    """A client metrics subscription that does not exist has the defaults."""
    row = describe(kafka, CLIENT_METRICS, kafka.name("metrics"))
    assert row.error_code == 0
    assert {config.name for config in row.configs} in (set(), {"interval.ms", "match", "metrics"})


@case(DescribeConfigsRequest, versions="latest", feature=FEATURE, why="KIP-714; ConfigHelper")
def test_empty_client_metrics(kafka: Kafka) -> None:
    """An empty subscription name answers INVALID_REQUEST."""
    assert describe(kafka, CLIENT_METRICS, "").error_code == ErrorCode.INVALID_REQUEST


# --- all of them


@pytest.mark.parametrize("kind", [0, 1, 3, 5, 64, 127, -1])
@case(DescribeConfigsRequest, versions="latest", feature=FEATURE, why="ConfigHelper.describeConfigs")
def test_unknown_kind(kafka: Kafka, kind: int) -> None:
    """A kind of resource that is not known answers INVALID_REQUEST, and the kind as it was asked."""
    row = describe(kafka, kind, "x")
    assert (row.error_code, row.resource_type) == (ErrorCode.INVALID_REQUEST, kind)


@case(DescribeConfigsRequest, feature=FEATURE, why=WHY)
def test_several(kafka: Kafka) -> None:
    """Each resource stands for itself, one asked twice is answered twice, and the order is that of the request."""
    topic = kafka.topic()
    names = [topic.name, kafka.name("topic"), topic.name]
    resources = [
        DescribeConfigsResource(resource_type=TOPIC, resource_name=name, configuration_keys=["retention.ms"])
        for name in names
    ]
    rows = kafka.ask(DescribeConfigsRequest(resources=resources)).results
    assert sorted((row.resource_name, row.error_code) for row in rows) == sorted(
        zip(names, [0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 0], strict=True)
    )


@case(DescribeConfigsRequest, feature=FEATURE, why=WHY)
def test_none(kafka: Kafka) -> None:
    """A request about nothing is answered about nothing."""
    assert list(kafka.ask(DescribeConfigsRequest(resources=[])).results) == []
