"""Settings of brokers, loggers, groups and client metrics: how they change, and who may be told.

What is global is put back: a case changes a setting that nothing depends on, each its own, since they run in parallel.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from conformance import Kafka, case, eventually, make
from conformance.admin import (
    APPEND,
    BROKER,
    BROKER_LOGGER,
    CLIENT_METRICS,
    DELETE,
    DYNAMIC_BROKER,
    DYNAMIC_DEFAULT_BROKER,
    GROUP_CONFIG,
    SET,
    SUBTRACT,
    TOPIC,
    alter,
    describe,
    entry,
    replace,
)
from wire.errors import ErrorCode
from wire.messages.alter_configs import AlterConfigsRequest
from wire.messages.describe_configs import DescribeConfigsRequest
from wire.messages.incremental_alter_configs import IncrementalAlterConfigsRequest
from wire.messages.list_config_resources import ListConfigResourcesRequest

FEATURE = "dynamic broker configs"
WHY = "KIP-226; DynamicBrokerConfig"
ALSO = (DescribeConfigsRequest,)
SESSION = "consumer.session.timeout.ms"
GROUP_DYNAMIC, CLIENT_METRICS_DYNAMIC = 8, 7  # ConfigSource


def node(kafka: Kafka) -> str:
    return str(min(kafka.nodes))


@contextmanager
def changed(kafka: Kafka, kind: int, name: str, key: str, value: str) -> Iterator[Any]:
    """The row of the answer to SET; DELETE afterwards."""
    row = alter(kafka, kind, name, (key, SET, value))
    try:
        yield row
    finally:
        alter(kafka, kind, name, (key, DELETE, None))


def sources(kafka: Kafka, key: str) -> list[tuple[str, int]]:
    found = entry(kafka, BROKER, node(kafka), key, synonyms=True)
    return [(each.value, each.source) for each in found.synonyms]


@case(IncrementalAlterConfigsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_one_broker(kafka: Kafka, version: int) -> None:
    """A setting of one broker holds at once, over the default, and goes with DELETE."""
    key = ("log.index.interval.bytes", "log.segment.delete.delay.ms")[version]
    before = sources(kafka, key)
    with changed(kafka, BROKER, node(kafka), key, "4999") as row:
        assert (row.error_code, row.resource_type, row.resource_name) == (0, BROKER, node(kafka))
        eventually(lambda: sources(kafka, key) == [("4999", DYNAMIC_BROKER), *before])
    eventually(lambda: sources(kafka, key) == before)


@case(IncrementalAlterConfigsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_all_brokers(kafka: Kafka, version: int) -> None:
    """An empty name sets it for all brokers: DYNAMIC_DEFAULT_BROKER_CONFIG, shown of the default and of each broker."""
    key = ("log.cleaner.delete.retention.ms", "log.cleaner.max.compaction.lag.ms")[version]
    before = sources(kafka, key)
    with changed(kafka, BROKER, "", key, "86400001") as row:
        assert (row.error_code, row.resource_name) == (0, "")
        eventually(lambda: sources(kafka, key) == [("86400001", DYNAMIC_DEFAULT_BROKER), *before])
        (found,) = describe(kafka, BROKER, "", [key]).configs
        assert (found.value, found.config_source) == ("86400001", DYNAMIC_DEFAULT_BROKER)
    eventually(lambda: sources(kafka, key) == before)


@case(IncrementalAlterConfigsRequest, versions="latest", feature=FEATURE, why=WHY, also=ALSO)
def test_one_over_all(kafka: Kafka) -> None:
    """A broker's own value stands over that of all brokers."""
    key = "background.threads"
    before = sources(kafka, key)
    with changed(kafka, BROKER, "", key, "11"), changed(kafka, BROKER, node(kafka), key, "12"):
        expected = [("12", DYNAMIC_BROKER), ("11", DYNAMIC_DEFAULT_BROKER), *before]
        eventually(lambda: sources(kafka, key) == expected)
    eventually(lambda: sources(kafka, key) == before)


@case(IncrementalAlterConfigsRequest, versions="latest", feature=FEATURE, why=WHY, also=ALSO)
def test_topics_follow(kafka: Kafka) -> None:
    """A topic has the broker's dynamic value as its default, under its own name for it."""
    key, topic = "log.message.timestamp.before.max.ms", kafka.topic()
    with changed(kafka, BROKER, node(kafka), key, "9223372036854775806") as row:
        assert row.error_code == 0
        eventually(
            lambda: (
                entry(kafka, TOPIC, topic.name, "message.timestamp.before.max.ms").value
                == "9223372036854775806"
            )
        )
        found = entry(kafka, TOPIC, topic.name, "message.timestamp.before.max.ms", synonyms=True)
        assert found.config_source == DYNAMIC_BROKER
        assert (found.synonyms[0].name, found.synonyms[0].source) == (key, DYNAMIC_BROKER)


@case(IncrementalAlterConfigsRequest, versions="latest", feature=FEATURE, why=WHY, also=ALSO)
def test_validate_only(kafka: Kafka) -> None:
    """With validate_only nothing is changed."""
    row = alter(kafka, BROKER, node(kafka), ("num.network.threads", SET, "4"), validate_only=True)
    assert row.error_code == 0
    assert sources(kafka, "num.network.threads")[0][1] > DYNAMIC_DEFAULT_BROKER


@pytest.mark.parametrize(
    "key", ["broker.id", "log.retention.hours", "offsets.topic.num.partitions", "log.dirs"]
)
@pytest.mark.parametrize("scope", ["one", "all"])
@case(IncrementalAlterConfigsRequest, versions="latest", feature=FEATURE, why="DynamicBrokerConfig.validate")
def test_read_only(kafka: Kafka, key: str, scope: str) -> None:
    """A setting that is read at the start alone answers INVALID_REQUEST."""
    row = alter(kafka, BROKER, node(kafka) if scope == "one" else "", (key, SET, "5"))
    assert row.error_code == ErrorCode.INVALID_REQUEST
    assert row.error_message


@case(IncrementalAlterConfigsRequest, versions="latest", feature=FEATURE, why="DynamicBrokerConfig.validate")
def test_one_broker_alone(kafka: Kafka) -> None:
    """Listeners are the business of each broker: for all brokers they answer INVALID_REQUEST."""
    row = alter(kafka, BROKER, "", ("listeners", SET, "PLAINTEXT://127.0.0.1:1"))
    assert row.error_code == ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize("value", ["x", "-1", "", "1.5"])
@case(IncrementalAlterConfigsRequest, versions="latest", feature=FEATURE, why="DynamicBrokerConfig.validate")
def test_invalid_value(kafka: Kafka, value: str) -> None:
    """A value that the setting does not take answers INVALID_REQUEST: for a topic it would be INVALID_CONFIG."""
    row = alter(kafka, BROKER, node(kafka), ("log.cleaner.threads", SET, value))
    assert row.error_code == ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize("operation", [APPEND, SUBTRACT], ids=["append", "subtract"])
@case(IncrementalAlterConfigsRequest, versions="latest", feature=FEATURE, why="ConfigurationControlManager")
def test_list_operation_on_a_number(kafka: Kafka, operation: int) -> None:
    """APPEND to and SUBTRACT from what is no list answer INVALID_CONFIG."""
    row = alter(kafka, BROKER, node(kafka), ("log.cleaner.threads", operation, "1"))
    assert row.error_code == ErrorCode.INVALID_CONFIG


@case(IncrementalAlterConfigsRequest, versions="latest", feature=FEATURE, why=WHY, also=ALSO)
def test_unknown_setting(kafka: Kafka) -> None:
    """A setting that the broker does not know is kept for plug-ins, and not shown: it could be a secret."""
    key = kafka.name("my.plugin")
    with changed(kafka, BROKER, node(kafka), key, "7") as row:
        assert row.error_code == 0
        found = eventually(lambda: describe(kafka, BROKER, node(kafka), [key]).configs)[0]
        assert (found.value, found.is_sensitive, found.config_source) == (None, True, DYNAMIC_BROKER)


@pytest.mark.parametrize("name", ["9999", "x", "-1"])
@case(
    IncrementalAlterConfigsRequest,
    AlterConfigsRequest,
    versions="latest",
    feature=FEATURE,
    why="ConfigAdminManager.validateResourceNameIsCurrentNodeId",
)
def test_another_broker(kafka: Kafka, api: Any, name: str) -> None:
    """A broker's settings change at the broker itself: INVALID_REQUEST."""
    connection = kafka.connection(to=min(kafka.nodes))
    row = {"resource_type": BROKER, "resource_name": name, "configs": []}
    (answer,) = connection.ask(make(api, {"resources": [row]})).responses
    assert answer.error_code == ErrorCode.INVALID_REQUEST


# --- loggers


@case(
    IncrementalAlterConfigsRequest, feature="broker loggers", why="KIP-412", also=ALSO, line="4.x"
)  # needs Log4j
def test_logger_level(kafka: Kafka) -> None:
    """A level that is there already can be set again."""
    level = entry(kafka, BROKER_LOGGER, node(kafka), "root").value
    assert alter(kafka, BROKER_LOGGER, node(kafka), ("root", SET, level)).error_code == 0


@pytest.mark.parametrize(
    ("logger", "operation", "value", "code"),
    [
        ("root", SET, "LOUD", ErrorCode.INVALID_CONFIG),
        ("root", SET, "info", ErrorCode.INVALID_CONFIG),
        ("root", SET, "", ErrorCode.INVALID_CONFIG),
        ("no.such.logger", SET, "INFO", ErrorCode.INVALID_CONFIG),
        ("no.such.logger", DELETE, None, ErrorCode.INVALID_CONFIG),
        ("root", DELETE, None, ErrorCode.INVALID_REQUEST),
    ],
)
@case(
    IncrementalAlterConfigsRequest,
    versions="latest",
    feature="broker loggers",
    why="RuntimeLoggerManager.validateLogLevelConfigs",
    line="4.x",  # needs Log4j
)
def test_logger_refused(kafka: Kafka, logger: str, operation: int, value: str | None, code: int) -> None:
    """A level or logger that is not known answers INVALID_CONFIG; the root's level cannot be taken away."""
    assert alter(kafka, BROKER_LOGGER, node(kafka), (logger, operation, value)).error_code == code


@pytest.mark.parametrize("operation", [APPEND, SUBTRACT], ids=["append", "subtract"])
@case(IncrementalAlterConfigsRequest, versions="latest", feature="broker loggers", why="RuntimeLoggerManager")
def test_logger_is_no_list(kafka: Kafka, operation: int) -> None:
    """APPEND and SUBTRACT are not for loggers: INVALID_REQUEST."""
    row = alter(kafka, BROKER_LOGGER, node(kafka), ("root", operation, "INFO"))
    assert row.error_code == ErrorCode.INVALID_REQUEST


# --- groups


@case(
    IncrementalAlterConfigsRequest, feature="group configs", why="KIP-848; GroupConfig", also=ALSO, line="4.x"
)
def test_group(kafka: Kafka) -> None:
    """A group need not exist to have settings, over those of the broker; DELETE takes them away."""
    group = kafka.name("group")
    default = entry(kafka, GROUP_CONFIG, group, SESSION)
    assert alter(kafka, GROUP_CONFIG, group, (SESSION, SET, "46000")).error_code == 0
    eventually(lambda: entry(kafka, GROUP_CONFIG, group, SESSION).value == "46000")
    assert entry(kafka, GROUP_CONFIG, group, SESSION).config_source == GROUP_DYNAMIC
    assert alter(kafka, GROUP_CONFIG, group, (SESSION, DELETE, None)).error_code == 0
    eventually(lambda: entry(kafka, GROUP_CONFIG, group, SESSION).value == default.value)


@case(AlterConfigsRequest, feature="group configs", why="KIP-848; GroupConfig", also=ALSO, line="4.x")
def test_replace_group(kafka: Kafka) -> None:
    """AlterConfigs of a group replaces all that is set on it."""
    group = kafka.name("group")
    assert replace(kafka, GROUP_CONFIG, group, (SESSION, "46000")).error_code == 0
    eventually(lambda: entry(kafka, GROUP_CONFIG, group, SESSION).value == "46000")
    assert replace(kafka, GROUP_CONFIG, group).error_code == 0
    eventually(lambda: entry(kafka, GROUP_CONFIG, group, SESSION).value != "46000")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("no.such", "1"),
        (SESSION, "x"),
        (SESSION, "1"),
        (SESSION, "3600000"),
        ("consumer.heartbeat.interval.ms", "0"),
        ("consumer.heartbeat.interval.ms", "3600000"),
    ],
)
@case(
    IncrementalAlterConfigsRequest,
    versions="latest",
    feature="group configs",
    why="GroupConfig.validate",
    line="4.x",
)
def test_group_refused(kafka: Kafka, key: str, value: str) -> None:
    """An unknown name, and a value outside the broker's bounds, answer INVALID_CONFIG."""
    row = alter(kafka, GROUP_CONFIG, kafka.name("group"), (key, SET, value))
    assert row.error_code == ErrorCode.INVALID_CONFIG


@case(
    IncrementalAlterConfigsRequest,
    versions="latest",
    feature="group configs",
    why="ControllerConfigurationValidator",
    line="4.x",
)
def test_group_without_name(kafka: Kafka) -> None:
    """There are no settings for all groups: an empty name answers INVALID_REQUEST."""
    assert alter(kafka, GROUP_CONFIG, "", (SESSION, SET, "46000")).error_code == ErrorCode.INVALID_REQUEST


# --- client metrics


@case(
    IncrementalAlterConfigsRequest,
    feature="client metrics",
    why="KIP-714; ClientMetricsConfigs",
    also=(*ALSO, ListConfigResourcesRequest),
)
def test_client_metrics(kafka: Kafka) -> None:
    """A subscription is there once something is set on it."""
    name = kafka.name("metrics")
    with changed(kafka, CLIENT_METRICS, name, "interval.ms", "1000") as row:
        assert row.error_code == 0
        eventually(lambda: entry(kafka, CLIENT_METRICS, name, "interval.ms").value == "1000")
        assert entry(kafka, CLIENT_METRICS, name, "interval.ms").config_source == CLIENT_METRICS_DYNAMIC


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("no.such", "1", ErrorCode.INVALID_REQUEST),
        ("interval.ms", "99", ErrorCode.INVALID_REQUEST),
        ("interval.ms", "3600001", ErrorCode.INVALID_REQUEST),
        ("match", "client_id", ErrorCode.INVALID_CONFIG),
        ("match", "colour=blue", ErrorCode.INVALID_CONFIG),
        ("match", "client_id=[", ErrorCode.INVALID_CONFIG),
    ],
)
@case(
    IncrementalAlterConfigsRequest,
    versions="latest",
    feature="client metrics",
    why="KIP-714; ClientMetricsConfigs.validate",
    also=(*ALSO, ListConfigResourcesRequest),
)
def test_client_metrics_refused(kafka: Kafka, key: str, value: str, code: int) -> None:
    """An unknown name and a wrong interval answer INVALID_REQUEST, a wrong pattern INVALID_CONFIG."""
    assert alter(kafka, CLIENT_METRICS, kafka.name("metrics"), (key, SET, value)).error_code == code
