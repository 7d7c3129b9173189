"""IncrementalAlterConfigs and AlterConfigs of topics: operations, refusals, and that all or nothing of a resource holds."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Kafka, Topic, case, eventually
from conformance.admin import (
    APPEND,
    BROKER,
    BROKER_LOGGER,
    DEFAULT,
    DELETE,
    SET,
    SUBTRACT,
    TOPIC,
    TOPIC_CONFIG,
    alter,
    entry,
    replace,
    wait_value,
)
from wire.errors import ErrorCode
from wire.messages import alter_configs, incremental_alter_configs
from wire.messages.alter_configs import AlterConfigsRequest
from wire.messages.describe_configs import DescribeConfigsRequest
from wire.messages.incremental_alter_configs import IncrementalAlterConfigsRequest

FEATURE = "alter configs"
WHY = "KIP-339; ConfigurationControlManager.incrementalAlterConfigs"
ALSO = (DescribeConfigsRequest,)
RETENTION, POLICY = "retention.ms", "cleanup.policy"
WEEK_MS = "604800000"


def shown(kafka: Kafka, topic: Topic, key: str = RETENTION) -> tuple[str | None, int]:
    found = entry(kafka, TOPIC, topic.name, key)
    return found.value, found.config_source


def unchanged(kafka: Kafka, topic: Topic) -> None:
    """What was refused is not there, seen once a later change is."""
    assert alter(kafka, TOPIC, topic.name, ("segment.ms", SET, "12345")).error_code == 0
    wait_value(kafka, TOPIC, topic.name, "segment.ms", "12345")
    assert shown(kafka, topic) == (WEEK_MS, DEFAULT)


# --- operations


@case(IncrementalAlterConfigsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_set(kafka: Kafka) -> None:
    """SET gives the topic a value of its own."""
    topic = kafka.topic()
    row = alter(kafka, TOPIC, topic.name, (RETENTION, SET, "99"))
    assert (row.error_code, row.resource_type, row.resource_name) == (0, TOPIC, topic.name)
    assert not row.error_message
    eventually(lambda: shown(kafka, topic) == ("99", TOPIC_CONFIG))


@case(IncrementalAlterConfigsRequest, feature=FEATURE, why="KIP-339", also=ALSO)
def test_others_stay(kafka: Kafka) -> None:
    """What a request does not name stays as it is."""
    topic = kafka.topic(retention_ms=77)
    assert alter(kafka, TOPIC, topic.name, ("segment.ms", SET, "99")).error_code == 0
    wait_value(kafka, TOPIC, topic.name, "segment.ms", "99")
    assert shown(kafka, topic) == ("77", TOPIC_CONFIG)


@pytest.mark.parametrize("value", [None, "5"])
@case(IncrementalAlterConfigsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_delete(kafka: Kafka, value: str | None) -> None:
    """DELETE brings the default back, whatever value stands beside it."""
    topic = kafka.topic(retention_ms=77)
    assert alter(kafka, TOPIC, topic.name, (RETENTION, DELETE, value)).error_code == 0
    eventually(lambda: shown(kafka, topic) == (WEEK_MS, DEFAULT))


@pytest.mark.parametrize("key", [RETENTION, "no.such.config"])
@case(IncrementalAlterConfigsRequest, feature=FEATURE, why=WHY)
def test_delete_what_is_not_set(kafka: Kafka, key: str) -> None:
    """DELETE of what is not set, even of an unknown name, is no error."""
    assert alter(kafka, TOPIC, kafka.topic().name, (key, DELETE, None)).error_code == 0


@pytest.mark.parametrize(
    ("before", "operation", "value", "after"),
    [
        (None, APPEND, "compact", "delete,compact"),
        ("compact", APPEND, "delete", "compact,delete"),
        ("compact", APPEND, "compact", "compact"),
        (None, APPEND, "compact,delete", "delete,compact"),
        ("compact,delete", SUBTRACT, "compact", "delete"),
        ("compact,delete", SUBTRACT, "delete", "compact"),
        ("delete", SUBTRACT, "compact", "delete"),
        (None, SUBTRACT, "compact", "delete"),
    ],
)
@case(IncrementalAlterConfigsRequest, versions="latest", feature=FEATURE, why=WHY, also=ALSO)
def test_lists(kafka: Kafka, before: str | None, operation: int, value: str, after: str) -> None:
    """APPEND adds to a list (starting from the default) what is not in it yet, SUBTRACT takes away what is."""
    topic = kafka.topic(**({} if before is None else {"cleanup_policy": before}))
    assert alter(kafka, TOPIC, topic.name, (POLICY, operation, value)).error_code == 0
    eventually(lambda: shown(kafka, topic, POLICY) == (after, TOPIC_CONFIG))


@pytest.mark.parametrize("operation", [APPEND, SUBTRACT], ids=["append", "subtract"])
@case(IncrementalAlterConfigsRequest, feature=FEATURE, why=WHY)
def test_list_operation_on_another_type(kafka: Kafka, operation: int) -> None:
    """APPEND to and SUBTRACT from what is no list answer INVALID_CONFIG."""
    row = alter(kafka, TOPIC, kafka.topic().name, (RETENTION, operation, "1"))
    assert row.error_code == ErrorCode.INVALID_CONFIG
    assert row.error_message


@case(IncrementalAlterConfigsRequest, feature=FEATURE, why="ConfigDef.ValidList")
def test_append_what_the_list_does_not_take(kafka: Kafka) -> None:
    """The list that comes of it is validated: INVALID_CONFIG."""
    row = alter(kafka, TOPIC, kafka.topic().name, (POLICY, APPEND, "forget"))
    assert row.error_code == ErrorCode.INVALID_CONFIG


@pytest.mark.parametrize("operation", [SET, APPEND, SUBTRACT], ids=["set", "append", "subtract"])
@case(IncrementalAlterConfigsRequest, feature=FEATURE, why="ConfigAdminManager.preprocess")
def test_null_value(kafka: Kafka, operation: int) -> None:
    """A null value, but for DELETE, answers INVALID_REQUEST."""
    row = alter(kafka, TOPIC, kafka.topic().name, (POLICY, operation, None))
    assert row.error_code == ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize("operation", [4, 127, -1])
@case(
    IncrementalAlterConfigsRequest,
    versions="latest",
    feature=FEATURE,
    why="AlterConfigOp.OpType.forId",
    differs="unknown-config-operation",
)
def test_unknown_operation(kafka: Kafka, operation: int) -> None:
    """An operation that is not known answers an error: UNKNOWN_SERVER_ERROR in Kafka."""
    row = alter(kafka, TOPIC, kafka.topic().name, (RETENTION, operation, "1"))
    assert row.error_code in (ErrorCode.UNKNOWN_SERVER_ERROR, ErrorCode.INVALID_REQUEST)


# --- what is refused


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("no.such.config", "1"),
        ("", "1"),
        ("log.retention.ms", "1"),
        (RETENTION, "soon"),
        (RETENTION, ""),
        (RETENTION, "-2"),
        ("segment.bytes", "13"),
        ("min.insync.replicas", "0"),
        (POLICY, "forget"),
        ("compression.type", "rar"),
        ("preallocate", "maybe"),
    ],
)
@case(IncrementalAlterConfigsRequest, versions="latest", feature=FEATURE, why="LogConfig.validate", also=ALSO)
def test_invalid(kafka: Kafka, key: str, value: str) -> None:
    """An unknown name and a value out of range answer INVALID_CONFIG."""
    row = alter(kafka, TOPIC, kafka.topic().name, (key, SET, value))
    assert row.error_code == ErrorCode.INVALID_CONFIG
    assert row.error_message


@case(IncrementalAlterConfigsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_all_or_nothing(kafka: Kafka) -> None:
    """One bad change of a resource, and none of its changes holds."""
    topic = kafka.topic()
    row = alter(kafka, TOPIC, topic.name, (RETENTION, SET, "99"), ("segment.bytes", SET, "x"))
    assert row.error_code == ErrorCode.INVALID_CONFIG
    unchanged(kafka, topic)


@pytest.mark.parametrize("second", [SET, DELETE], ids=["set", "delete"])
@case(IncrementalAlterConfigsRequest, feature=FEATURE, why="ConfigAdminManager.preprocess", also=ALSO)
def test_key_twice(kafka: Kafka, second: int) -> None:
    """A key twice in a resource answers INVALID_REQUEST, and nothing is changed."""
    topic = kafka.topic()
    row = alter(kafka, TOPIC, topic.name, (RETENTION, SET, "1"), (RETENTION, second, "2"))
    assert row.error_code == ErrorCode.INVALID_REQUEST
    unchanged(kafka, topic)


@case(IncrementalAlterConfigsRequest, feature=FEATURE, why=WHY)
def test_unknown_topic(kafka: Kafka) -> None:
    """A topic that is not there answers UNKNOWN_TOPIC_OR_PARTITION."""
    name = kafka.name("topic")
    row = alter(kafka, TOPIC, name, (RETENTION, SET, "1"))
    assert (row.error_code, row.resource_name) == (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, name)


@case(IncrementalAlterConfigsRequest, feature=FEATURE, why="ControllerConfigurationValidator")
def test_empty_topic(kafka: Kafka) -> None:
    """There are no settings for all topics: an empty name answers INVALID_REQUEST."""
    assert alter(kafka, TOPIC, "", (RETENTION, SET, "1")).error_code == ErrorCode.INVALID_REQUEST


@case(IncrementalAlterConfigsRequest, feature=FEATURE, why="ControllerConfigurationValidator")
def test_illegal_topic(kafka: Kafka) -> None:
    """A name that no topic can have answers INVALID_TOPIC_EXCEPTION; with ZooKeeper it is only unknown."""
    code = alter(kafka, TOPIC, "a b", (RETENTION, SET, "1")).error_code
    assert code in kafka.either(v3=ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, v4=ErrorCode.INVALID_TOPIC_EXCEPTION)


@case(IncrementalAlterConfigsRequest, feature=FEATURE, why=WHY)
def test_no_changes(kafka: Kafka) -> None:
    """A topic with no changes answers no error, and one that is not there still UNKNOWN_TOPIC_OR_PARTITION."""
    assert alter(kafka, TOPIC, kafka.topic().name).error_code == 0
    assert alter(kafka, TOPIC, kafka.name("topic")).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@pytest.mark.parametrize("kind", [0, 1, 3, 64, -1])
@case(IncrementalAlterConfigsRequest, versions="latest", feature=FEATURE, why="ConfigAdminManager.preprocess")
def test_unknown_kind(kafka: Kafka, kind: int) -> None:
    """A kind of resource that is not known answers INVALID_REQUEST, and the kind as it was asked."""
    row = alter(kafka, kind, "x", ("a", SET, "1"))
    assert (row.error_code, row.resource_type) == (ErrorCode.INVALID_REQUEST, kind)


@case(IncrementalAlterConfigsRequest, feature=FEATURE, why="KIP-339", also=ALSO)
def test_validate_only(kafka: Kafka) -> None:
    """With validate_only a good change answers no error, a bad one its error, and nothing is changed."""
    topic = kafka.topic()
    assert alter(kafka, TOPIC, topic.name, (RETENTION, SET, "99"), validate_only=True).error_code == 0
    row = alter(kafka, TOPIC, topic.name, (RETENTION, SET, "x"), validate_only=True)
    assert row.error_code == ErrorCode.INVALID_CONFIG
    unchanged(kafka, topic)


# --- several resources


def change_many(kafka: Kafka, *topics: str) -> list[Any]:
    change = incremental_alter_configs.AlterableConfig(name=RETENTION, config_operation=SET, value="99")
    resources = [
        incremental_alter_configs.AlterConfigsResource(
            resource_type=TOPIC, resource_name=name, configs=[change]
        )
        for name in topics
    ]
    rows: list[Any] = kafka.ask(IncrementalAlterConfigsRequest(resources=resources)).responses
    return rows


@case(IncrementalAlterConfigsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_each_stands_for_itself(kafka: Kafka) -> None:
    """A bad resource does not hinder the good ones."""
    topic, unknown = kafka.topic(), kafka.name("topic")
    rows = {row.resource_name: row.error_code for row in change_many(kafka, unknown, topic.name)}
    assert rows == {unknown: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, topic.name: 0}
    wait_value(kafka, TOPIC, topic.name, RETENTION, "99")


@case(IncrementalAlterConfigsRequest, feature=FEATURE, why="ConfigAdminManager.preprocess", also=ALSO)
def test_resource_twice(kafka: Kafka) -> None:
    """A resource twice in a request answers INVALID_REQUEST for each, and nothing is changed."""
    topic = kafka.topic()
    assert [row.error_code for row in change_many(kafka, topic.name, topic.name)] == [42, 42]
    unchanged(kafka, topic)


@case(IncrementalAlterConfigsRequest, AlterConfigsRequest, feature=FEATURE, why=WHY)
def test_none(kafka: Kafka, api: Any) -> None:
    """A request about nothing is answered about nothing."""
    assert list(kafka.ask(api(resources=[])).responses) == []


# --- AlterConfigs


@case(AlterConfigsRequest, feature="replace configs", why="KIP-133", also=ALSO)
def test_replace(kafka: Kafka) -> None:
    """AlterConfigs sets what it names, and all else goes back to its default."""
    topic = kafka.topic(segment_ms=77)
    row = replace(kafka, TOPIC, topic.name, (RETENTION, "99"))
    assert (row.error_code, row.resource_type, row.resource_name) == (0, TOPIC, topic.name)
    eventually(lambda: shown(kafka, topic) == ("99", TOPIC_CONFIG))
    assert shown(kafka, topic, "segment.ms") == (WEEK_MS, DEFAULT)


@case(AlterConfigsRequest, feature="replace configs", why="KIP-133", also=ALSO)
def test_replace_by_nothing(kafka: Kafka) -> None:
    """AlterConfigs without settings removes all of the topic's own."""
    topic = kafka.topic(retention_ms=77)
    assert replace(kafka, TOPIC, topic.name).error_code == 0
    eventually(lambda: shown(kafka, topic) == (WEEK_MS, DEFAULT))


@case(AlterConfigsRequest, feature="replace configs", why="ConfigAdminManager.preprocess", also=ALSO)
def test_replace_with_null(kafka: Kafka) -> None:
    """A null value answers INVALID_REQUEST, and nothing is changed."""
    topic = kafka.topic()
    assert replace(kafka, TOPIC, topic.name, (RETENTION, None)).error_code == ErrorCode.INVALID_REQUEST
    unchanged(kafka, topic)


@case(AlterConfigsRequest, feature="replace configs", why="ConfigAdminManager.preprocess", also=ALSO)
def test_replace_key_twice(kafka: Kafka) -> None:
    """A key twice answers INVALID_REQUEST, and nothing is changed."""
    topic = kafka.topic()
    row = replace(kafka, TOPIC, topic.name, (RETENTION, "1"), (RETENTION, "2"))
    assert row.error_code == ErrorCode.INVALID_REQUEST
    unchanged(kafka, topic)


@pytest.mark.parametrize(("key", "value"), [("no.such", "1"), (RETENTION, "x"), (RETENTION, "-2")])
@case(AlterConfigsRequest, feature="replace configs", why="LogConfig.validate", also=ALSO)
def test_replace_by_invalid(kafka: Kafka, key: str, value: str) -> None:
    """An unknown name and a value out of range answer INVALID_CONFIG, and what was set stays."""
    topic = kafka.topic(retention_ms=77)
    assert replace(kafka, TOPIC, topic.name, (key, value)).error_code == ErrorCode.INVALID_CONFIG
    assert shown(kafka, topic) == ("77", TOPIC_CONFIG)


@case(AlterConfigsRequest, feature="replace configs", why="KIP-133", also=ALSO)
def test_replace_validate_only(kafka: Kafka) -> None:
    """With validate_only nothing is changed."""
    topic = kafka.topic()
    assert replace(kafka, TOPIC, topic.name, (RETENTION, "99"), validate_only=True).error_code == 0
    unchanged(kafka, topic)


@case(AlterConfigsRequest, feature="replace configs", why="KIP-133")
def test_replace_of_unknown_topic(kafka: Kafka) -> None:
    """A topic that is not there answers UNKNOWN_TOPIC_OR_PARTITION."""
    row = replace(kafka, TOPIC, kafka.name("topic"), (RETENTION, "1"))
    assert row.error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@pytest.mark.parametrize("kind", [0, 3, BROKER_LOGGER, 99])
@case(AlterConfigsRequest, versions="latest", feature="replace configs", why="ConfigAdminManager.preprocess")
def test_replace_of_unknown_kind(kafka: Kafka, kind: int) -> None:
    """A kind that is not known answers INVALID_REQUEST; so do loggers, which only change one by one."""
    assert replace(kafka, kind, str(min(kafka.nodes)), ("a", "1")).error_code == ErrorCode.INVALID_REQUEST


@case(AlterConfigsRequest, feature="replace configs", why="DynamicBrokerConfig.validate")
def test_replace_read_only(kafka: Kafka) -> None:
    """A setting that cannot change while the broker runs answers INVALID_REQUEST."""
    row = replace(kafka, BROKER, str(min(kafka.nodes)), ("broker.id", "5"))
    assert row.error_code == ErrorCode.INVALID_REQUEST


@case(
    AlterConfigsRequest,
    versions="latest",
    feature="replace configs",
    why="ConfigAdminManager.preprocess",
    differs="alter-configs-twice",
)
def test_replace_resource_twice(kafka: Kafka) -> None:
    """A topic twice in a request changes nothing; Kafka never answers, where INVALID_REQUEST for each would be right."""
    topic = kafka.topic()
    config = alter_configs.AlterableConfig(name=RETENTION, value="99")
    resource = alter_configs.AlterConfigsResource(
        resource_type=TOPIC, resource_name=topic.name, configs=[config]
    )
    connection = kafka.connection()
    connection.send(AlterConfigsRequest(resources=[resource] * 2))
    if not connection.silent(0.3):
        assert [row.error_code for row in connection.receive().responses] == [ErrorCode.INVALID_REQUEST] * 2
    unchanged(kafka, topic)
