"""DescribeConfigs, AlterConfigs and IncrementalAlterConfigs, and what they leave in the store."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pykbroker.config.broker import BROKER as SETTINGS
from pykbroker.core.controller.config_changes import Operation
from pykbroker.core.controller.creation import NewTopic
from pykbroker.core.controller.settings import Resource
from pykbroker.server.config_admin import NOTIFICATION_LIFE_MS
from tests.api.harness import Client, client_at
from wire.errors import ErrorCode
from wire.messages import alter_configs, incremental_alter_configs
from wire.messages.describe_configs import DescribeConfigsResource

TOPIC, BROKER, LOGGER, METRICS, GROUP = Resource
DEFAULT, STATIC, DYNAMIC_DEFAULT, DYNAMIC_BROKER, OF_TOPIC, OF_GROUP = 5, 4, 3, 2, 1, 8


async def describe(
    client: Client, kind: int, name: str, *keys: str, version: int = 4, **more: bool
) -> tuple[Any, dict[str, Any]]:
    """The resource's result, and its rows by name."""
    asked = DescribeConfigsResource(
        resource_type=kind, resource_name=name, configuration_keys=list(keys) or None
    )
    answer = await client.call("DescribeConfigs", version, resources=[asked], **more)
    (result,) = answer.results
    assert (result.resource_type, result.resource_name) == (kind, name)
    return result, {each.name: each for each in result.configs}


async def change(
    client: Client, kind: int, name: str, *ops: tuple[str, int, str | None], validate_only: bool = False
) -> Any:
    """IncrementalAlterConfigs of one resource."""
    configs = [
        incremental_alter_configs.AlterableConfig(name=key, config_operation=operation, value=value)
        for key, operation, value in ops
    ]
    resource = incremental_alter_configs.AlterConfigsResource(
        resource_type=kind, resource_name=name, configs=configs
    )
    answer = await client.call(
        "IncrementalAlterConfigs", 1, resources=[resource], validate_only=validate_only
    )
    (result,) = answer.responses
    return result


async def replace(client: Client, kind: int, name: str, version: int = 2, **configs: str | None) -> Any:
    """AlterConfigs of one resource."""
    resource = alter_configs.AlterConfigsResource(
        resource_type=kind,
        resource_name=name,
        configs=[
            alter_configs.AlterableConfig(name=key.replace("_", "."), value=value)
            for key, value in configs.items()
        ],
    )
    answer = await client.call("AlterConfigs", version, resources=[resource])
    (result,) = answer.responses
    return result


async def make(client: Client, name: str = "t", **config: str) -> None:
    settings = {key.replace("_", "."): value for key, value in config.items()}
    await client.cluster.controller.create_topics([NewTopic(name, 1, 1, config=settings)])


def notifications(tree: dict[str, bytes | None]) -> list[bytes | None]:
    return [data for path, data in sorted(tree.items()) if path.startswith("/config/changes/")]


# -- describe ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(5))
async def test_a_topics_settings_in_every_version(tmp_path: Path, version: int) -> None:
    async with client_at(tmp_path, {"log.segment.bytes": "1048576"}) as client:
        await make(client, retention_ms="5")
        more = {"include_synonyms": True} if version >= 1 else {}
        if version >= 3:
            more["include_documentation"] = True
        result, rows = await describe(client, TOPIC, "t", version=version, **more)
        assert result.error_code == 0
        assert len(rows) >= 33
        own, inherited, default = rows["retention.ms"], rows["segment.bytes"], rows["cleanup.policy"]
        assert (own.value, inherited.value, default.value) == ("5", "1048576", "delete")
        assert not any(each.is_sensitive or each.read_only for each in rows.values())
        if version == 0:
            assert (own.is_default, default.is_default) == (False, True)
        else:
            sources = [each.config_source for each in (own, inherited, default)]
            assert sources == [OF_TOPIC, STATIC, DEFAULT]
            synonyms = [(each.name, each.value, each.source) for each in inherited.synonyms]
            assert synonyms == [
                ("log.segment.bytes", "1048576", STATIC),
                ("log.segment.bytes", "1073741824", DEFAULT),
            ]
            assert [each.name for each in own.synonyms] == ["retention.ms"]
        if version >= 3:
            assert (own.config_type, default.config_type) == (5, 7)
            assert own.documentation


async def test_only_the_keys_that_were_asked_for(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await make(client)
        _, rows = await describe(client, TOPIC, "t", "retention.ms", "nonsense", "segment.bytes")
        assert set(rows) == {"retention.ms", "segment.bytes"}
        assert list(rows["retention.ms"].synonyms) == []
        assert rows["retention.ms"].documentation is None


async def test_every_setting_of_this_broker(tmp_path: Path) -> None:
    async with client_at(tmp_path, {"num.partitions": "3"}) as client:
        _, rows = await describe(client, BROKER, "0", include_synonyms=True, include_documentation=True)
        assert len(rows) >= 300
        assert (rows["num.partitions"].value, rows["num.partitions"].config_source) == ("3", STATIC)
        assert rows["num.partitions"].read_only
        assert not rows["log.retention.ms"].read_only
        assert all(each.documentation for each in rows.values())
        assert rows["ssl.keystore.password"].is_sensitive
        assert rows["ssl.keystore.password"].value is None


async def test_the_resource_of_all_brokers_has_only_what_is_set(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        result, rows = await describe(client, BROKER, "")
        assert (result.error_code, rows) == (0, {})
        await change(client, BROKER, "", ("log.cleaner.threads", Operation.SET, "2"))
        _, rows = await describe(client, BROKER, "")
        assert [(name, each.value, each.config_source) for name, each in rows.items()] == [
            ("log.cleaner.threads", "2", DYNAMIC_DEFAULT)
        ]


@pytest.mark.parametrize(
    ("kind", "name", "code"),
    [
        (TOPIC, "nope", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
        (TOPIC, "bad name", ErrorCode.INVALID_TOPIC_EXCEPTION),
        (BROKER, "1", ErrorCode.INVALID_REQUEST),
        (BROKER, "one", ErrorCode.INVALID_REQUEST),
        (LOGGER, "", ErrorCode.INVALID_REQUEST),
        (LOGGER, "3", ErrorCode.INVALID_REQUEST),
        (GROUP, "", ErrorCode.INVALID_REQUEST),
        (METRICS, "m", ErrorCode.INVALID_REQUEST),
        (99, "x", ErrorCode.INVALID_REQUEST),
    ],
)
async def test_what_cannot_be_described(tmp_path: Path, kind: int, name: str, code: ErrorCode) -> None:
    async with client_at(tmp_path) as client:
        result, rows = await describe(client, kind, name)
        assert (result.error_code, rows) == (code, {})
        assert result.error_message


async def test_one_bad_resource_does_not_spoil_the_others(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await make(client)
        asked = [
            DescribeConfigsResource(resource_type=kind, resource_name=name, configuration_keys=[])
            for kind, name in ((TOPIC, "t"), (99, "x"), (BROKER, "0"))
        ]
        answer = await client.call("DescribeConfigs", 4, resources=asked)
        assert [each.error_code for each in answer.results] == [0, ErrorCode.INVALID_REQUEST, 0]
        assert [bool(each.configs) for each in answer.results] == [True, False, True]


# -- topics ------------------------------------------------------------------------------------------------------------


async def test_changes_of_a_topic_are_stored_told_and_notified(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await make(client, retention_ms="5", segment_bytes="1000")
        result = await change(
            client,
            TOPIC,
            "t",
            ("retention.ms", Operation.SET, "7"),
            ("segment.bytes", Operation.DELETE, None),
            ("cleanup.policy", Operation.APPEND, "compact"),
        )
        assert (result.error_code, result.error_message) == (0, None)
        expected = {"retention.ms": "7", "cleanup.policy": "delete,compact"}
        assert client.cluster.image.topics["t"].config == expected
        tree = await client.cluster.tree("/config")
        assert tree["/config/topics/t"] == (
            b'{"version":1,"config":{"retention.ms":"7","cleanup.policy":"delete,compact"}}'
        )
        assert notifications(tree) == [b'{"version":2,"entity_path":"topics/t"}']
        assert "/config/changes/config_change_0000000000" in tree
        _, rows = await describe(client, TOPIC, "t", "cleanup.policy")
        assert rows["cleanup.policy"].value == "delete,compact"
    async with client_at(tmp_path) as client:
        assert client.cluster.image.topics["t"].config == expected


async def test_alter_configs_replaces_everything(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await make(client, retention_ms="5", segment_bytes="1000")
        for version in range(3):
            assert (await replace(client, TOPIC, "t", version, flush_ms=str(version))).error_code == 0
            assert client.cluster.image.topics["t"].config == {"flush.ms": str(version)}
        assert (await replace(client, TOPIC, "t")).error_code == 0
        assert client.cluster.image.topics["t"].config == {}


@pytest.mark.parametrize(
    ("name", "op", "code", "says"),
    [
        ("nope", ("retention.ms", 0, "1"), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "does not exist"),
        ("", ("retention.ms", 0, "1"), ErrorCode.INVALID_REQUEST, "Default topic resources"),
        ("bad name", ("retention.ms", 0, "1"), ErrorCode.INVALID_TOPIC_EXCEPTION, "invalid"),
        ("t", ("nonsense", 0, "1"), ErrorCode.INVALID_CONFIG, "Unknown topic config name: nonsense"),
        ("t", ("retention.ms", 0, "soon"), ErrorCode.INVALID_CONFIG, "Invalid value soon for configuration"),
        (
            "t",
            ("retention.ms", 0, None),
            ErrorCode.INVALID_REQUEST,
            "Null value not supported for : retention.ms",
        ),
        ("t", ("retention.ms", 2, "1"), ErrorCode.INVALID_CONFIG, "type is not LIST"),
        ("t", ("nonsense", 3, "1"), ErrorCode.INVALID_CONFIG, "type is not LIST"),
        ("t", ("retention.ms", 7, "1"), ErrorCode.INVALID_REQUEST, "Unknown operations type 7"),
        # the change is looked at before the topic
        ("nope", ("retention.ms", 2, "1"), ErrorCode.INVALID_CONFIG, "type is not LIST"),
        ("nope", ("retention.ms", 0, "x"), ErrorCode.INVALID_CONFIG, "retention.ms"),
    ],
)
async def test_refused_changes_of_topics(
    tmp_path: Path, name: str, op: tuple[str, int, str | None], code: ErrorCode, says: str
) -> None:
    async with client_at(tmp_path) as client:
        await make(client)
        tree = await client.cluster.tree("/config")
        result = await change(client, TOPIC, name, op)
        assert result.error_code == code
        assert says in result.error_message
        assert await client.cluster.tree("/config") == tree


async def test_validate_only_changes_nothing(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await make(client)
        tree = await client.cluster.tree("/config")
        good = await change(client, TOPIC, "t", ("retention.ms", 0, "1"), validate_only=True)
        bad = await change(client, TOPIC, "t", ("retention.ms", 0, "x"), validate_only=True)
        assert (good.error_code, bad.error_code) == (0, ErrorCode.INVALID_CONFIG)
        assert await client.cluster.tree("/config") == tree


async def test_each_resource_may_appear_once_and_the_others_are_done(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await make(client, "a")
        await make(client, "b")
        resources = [
            incremental_alter_configs.AlterConfigsResource(
                resource_type=TOPIC,
                resource_name=name,
                configs=[
                    incremental_alter_configs.AlterableConfig(
                        name="flush.ms", config_operation=Operation.SET, value="9"
                    )
                ],
            )
            for name in ("a", "b", "a")
        ]
        answer = await client.call("IncrementalAlterConfigs", 0, resources=resources)
        codes = [(each.resource_name, each.error_code) for each in answer.responses]
        assert codes == [("a", ErrorCode.INVALID_REQUEST), ("b", 0), ("a", ErrorCode.INVALID_REQUEST)]
        assert client.cluster.image.topics["a"].config == {}
        assert client.cluster.image.topics["b"].config == {"flush.ms": "9"}


async def test_notifications_go_after_fifteen_minutes(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await make(client)
        for step_ms, left in ((0, 1), (NOTIFICATION_LIFE_MS, 2), (1, 2)):
            client.cluster.clock.time_ms += step_ms
            await change(client, TOPIC, "t", ("flush.ms", 0, "9"))
            assert len(notifications(await client.cluster.tree("/config"))) == left


# -- brokers -----------------------------------------------------------------------------------------------------------


async def test_this_brokers_own_value_comes_before_that_of_all(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await change(client, BROKER, "", ("message.max.bytes", 0, "2000"))
        assert client.cluster.config.integer("message.max.bytes") == 2000
        await change(client, BROKER, "0", ("message.max.bytes", 0, "3000"))
        assert client.cluster.config.integer("message.max.bytes") == 3000
        _, rows = await describe(client, BROKER, "0", "message.max.bytes", include_synonyms=True)
        row = rows["message.max.bytes"]
        assert (row.value, row.config_source) == ("3000", DYNAMIC_BROKER)
        assert [(each.value, each.source) for each in row.synonyms] == [
            ("3000", DYNAMIC_BROKER),
            ("2000", DYNAMIC_DEFAULT),
            ("1048588", DEFAULT),
        ]
        tree = await client.cluster.tree("/config")
        assert tree["/config/brokers/<default>"] == b'{"version":1,"config":{"message.max.bytes":"2000"}}'
        assert notifications(tree) == [
            b'{"version":2,"entity_path":"brokers/<default>"}',
            b'{"version":2,"entity_path":"brokers/0"}',
        ]
    async with client_at(tmp_path) as client:
        assert client.cluster.config.integer("message.max.bytes") == 3000
        await change(client, BROKER, "0", ("message.max.bytes", 1, None))
        assert client.cluster.config.integer("message.max.bytes") == 2000


@pytest.mark.parametrize(
    ("name", "op", "says"),
    [
        ("0", ("num.partitions", 0, "3"), "Cannot update these configs dynamically: num.partitions"),
        ("0", ("message.max.bytes", 0, "many"), "Invalid value many for configuration message.max.bytes"),
        ("0", ("listeners", 0, "PLAINTEXT://:1"), "Cannot update these configs dynamically: listeners"),
        ("1", ("message.max.bytes", 0, "1"), "Unexpected broker id, expected 0, but received 1"),
        ("x", ("message.max.bytes", 0, "1"), "must be an integer"),
        ("", ("cordoned.log.dirs", 0, "a"), "at default cluster level"),
    ],
)
async def test_refused_changes_of_brokers(
    tmp_path: Path, name: str, op: tuple[str, int, str | None], says: str
) -> None:
    async with client_at(tmp_path) as client:
        for result in (
            await change(client, BROKER, name, op),
            await replace(client, BROKER, name, **{op[0].replace(".", "_"): op[2]}),
        ):
            assert result.error_code == ErrorCode.INVALID_REQUEST
            assert says in result.error_message
        assert client.cluster.image.configs == {}


async def test_secrets_are_not_told_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Every setting whose value DescribeConfigs keeps to itself, and one that nobody knows."""
    caplog.set_level(logging.DEBUG)
    secret = [setting.name for setting in SETTINGS.rows() if setting.sensitive]
    assert "ssl.keystore.password" in secret
    async with client_at(tmp_path) as client:
        for name in secret:
            for result in (
                await change(client, BROKER, "0", (name, 0, "hunter2")),
                await replace(client, BROKER, "0", **{name.replace(".", "_"): "hunter2"}),
            ):
                assert result.error_code == ErrorCode.INVALID_REQUEST
                assert name in result.error_message
                assert "hunter2" not in result.error_message
        result = await change(client, BROKER, "0", ("listener.name.x.ssl.key.password", 0, "hunter2"))
        assert result.error_code == 0
    assert "hunter2" not in caplog.text


# -- groups, loggers, others -------------------------------------------------------------------------------------------


async def test_groups(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        name = "my group/ü"
        result = await change(client, GROUP, name, ("consumer.session.timeout.ms", 0, "50000"))
        assert (result.error_code, result.error_message) == (0, None)
        _, rows = await describe(client, GROUP, name)
        row = rows["consumer.session.timeout.ms"]
        assert (row.value, row.config_source) == ("50000", OF_GROUP)
        result = await change(client, GROUP, name, ("nonsense", 0, "1"))
        assert result.error_code == ErrorCode.INVALID_CONFIG
    async with client_at(tmp_path) as client:
        _, rows = await describe(client, GROUP, name)
        assert rows["consumer.session.timeout.ms"].value == "50000"
        result = await change(client, GROUP, "", ("consumer.session.timeout.ms", 0, "50000"))
        assert result.error_code == ErrorCode.INVALID_REQUEST


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    found = logging.getLogger("pykbroker.server.controller")
    before = found.level
    yield found
    found.setLevel(before)


async def test_log_levels_are_seen_and_set(tmp_path: Path, logger: logging.Logger) -> None:
    async with client_at(tmp_path) as client:
        _, rows = await describe(client, LOGGER, "0")
        assert {"root", logger.name} <= set(rows)
        tried = await change(client, LOGGER, "0", (logger.name, 0, "DEBUG"), validate_only=True)
        assert (tried.error_code, logger.level) == (0, logging.NOTSET)
        await change(client, LOGGER, "0", (logger.name, 0, "FATAL"))
        assert logger.level == logging.CRITICAL
        _, rows = await describe(client, LOGGER, "0", logger.name)
        assert {name: each.value for name, each in rows.items()} == {logger.name: "FATAL"}
        await change(client, LOGGER, "0", (logger.name, 1, None))
        assert logger.level == logging.NOTSET


@pytest.mark.parametrize(
    ("op", "code"),
    [
        (("pykbroker.server.controller", 0, "LOUD"), ErrorCode.INVALID_CONFIG),
        (("no.such.logger", 0, "INFO"), ErrorCode.INVALID_CONFIG),
        (("root", 1, None), ErrorCode.INVALID_REQUEST),
        (("root", 2, "INFO"), ErrorCode.INVALID_REQUEST),
    ],
)
async def test_log_levels_refused(tmp_path: Path, op: tuple[str, int, str | None], code: ErrorCode) -> None:
    async with client_at(tmp_path) as client:
        result = await change(client, LOGGER, "0", op)
        assert result.error_code == code
        assert result.error_message


async def test_what_has_no_configuration_to_change(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        for result in (
            await replace(client, LOGGER, "0", root="INFO"),
            await replace(client, METRICS, "m", x="1"),
            await change(client, METRICS, "m", ("x", 0, "1")),
            await change(client, 99, "m", ("x", 0, "1")),
        ):
            assert result.error_code == ErrorCode.INVALID_REQUEST
            assert "Unknown resource type" in result.error_message
