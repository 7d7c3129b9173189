"""The settings of a group (KIP-848, KIP-932, KIP-1071): its own overrides before its broker's. None of them acts yet.

DescribeConfigs and AlterConfigs know them as resource type 32 (Kafka: GroupConfig).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pykbroker.config.broker import BROKER, BrokerConfig
from pykbroker.config.described import Described, Source, Synonym
from pykbroker.config.setting import Table
from pykbroker.config.tables import group
from pykbroker.config.values import render
from pykbroker.errors import ApiError
from wire.errors import ErrorCode

GROUP = Table(group.ROWS)
"""Every group setting of Kafka 4.3.1."""


def broker_setting(name: str) -> str | None:
    """The broker setting behind a group setting: `group.` and its name, where there is such a one."""
    synonym = f"group.{name}"
    return synonym if synonym in BROKER else None


def describe_group(
    broker: BrokerConfig, overrides: Mapping[str, str], names: Iterable[str] | None = None
) -> list[Described]:
    """DescribeConfigs of a group. names: None or empty for all; unknown ones are left out."""
    wanted = set(names or ())
    return [_describe(broker, overrides, name) for name in GROUP if not wanted or name in wanted]


def _describe(broker: BrokerConfig, overrides: Mapping[str, str], name: str) -> Described:
    setting = GROUP[name]
    synonym = broker_setting(name)
    if name in overrides:
        value, source = setting.canonical(overrides[name]), Source.GROUP
    elif synonym is not None:
        value, source = broker.value(synonym) or "", broker.source(synonym)
    else:
        value, source = render(setting.parse(setting.default or "")) or "", Source.DEFAULT
    synonyms = (Synonym(name, value, source),) + (broker.synonyms(synonym) if synonym else ())
    return Described(name, value, source, synonyms, False, False, setting.type_code, setting.doc)


def checked_group_overrides(broker: BrokerConfig, configs: Mapping[str, str | None]) -> dict[str, str]:
    """The overrides of a group as they are stored.

    Raises: ApiError INVALID_CONFIG: a name that is not a group setting, null, a value that does not parse or fit, or lies
    outside the bounds that the broker sets (group.consumer.min.session.timeout.ms and its like).
    """
    nulls = [name for name, value in configs.items() if value is None]
    if nulls:
        raise _invalid("Null value not supported for group configs: " + ",".join(nulls))
    overrides = {name: value for name, value in configs.items() if value is not None}
    for name, value in overrides.items():
        _check_override(broker, name, value)
    for kind in ("consumer", "share", "streams"):
        session = _integer(broker, overrides, f"{kind}.session.timeout.ms")
        heartbeat = _integer(broker, overrides, f"{kind}.heartbeat.interval.ms")
        if heartbeat >= session:
            raise _invalid(
                f"{kind}.heartbeat.interval.ms ({heartbeat}) must be below {kind}.session.timeout.ms ({session})"
            )
    return overrides


def _check_override(broker: BrokerConfig, name: str, value: str) -> None:
    setting = GROUP.get(name)
    if setting is None:
        near = GROUP.nearest(name)
        raise _invalid(f"Unknown group config name: {name}" + (f" (nearest: {near})" if near else ""))
    try:
        parsed = setting.parse(value)
    except ValueError as error:
        raise _invalid(f"Invalid value {setting.shown(value)} for configuration {name}: {error}") from None
    kind, _, rest = name.partition(".")
    least, most = f"group.{kind}.min.{rest}", f"group.{kind}.max.{rest}"
    if least in BROKER and isinstance(parsed, int) and parsed < broker.integer(least):
        raise _invalid(f"{name} ({parsed}) is below {least} ({broker.integer(least)})")
    if most in BROKER and isinstance(parsed, int) and parsed > broker.integer(most):
        raise _invalid(f"{name} ({parsed}) is above {most} ({broker.integer(most)})")


def _integer(broker: BrokerConfig, overrides: Mapping[str, str], name: str) -> int:
    """A timeout or interval in force: the group's own, or its broker's."""
    if name in overrides:
        value = GROUP[name].parse(overrides[name])
        assert isinstance(value, int)
        return value
    return broker.integer(f"group.{name}")


def _invalid(message: str) -> ApiError:
    return ApiError(ErrorCode.INVALID_CONFIG, message)
