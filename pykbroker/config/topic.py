"""The settings of a topic: its own overrides before its broker's, checked, described, and typed for its logs.

Most topic settings have a broker setting that stands behind them, under another name: retention.ms comes from
log.retention.ms, or .minutes, or .hours. `SYNONYMS` is that map (Kafka: ServerTopicConfigSynonyms).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pykbroker.config.broker import BrokerConfig
from pykbroker.config.described import Described, Source, Synonym
from pykbroker.config.setting import Table
from pykbroker.config.tables import topic
from pykbroker.config.topic_settings import TopicSettings
from pykbroker.config.values import Value, render
from pykbroker.errors import ApiError
from wire.errors import ErrorCode

TOPIC = Table(topic.ROWS)
"""Every topic setting of Kafka 3.9.2 and 4.3.1."""

SYNONYMS = {
    "cleanup.policy": "log.cleanup.policy",
    "compression.gzip.level": "compression.gzip.level",
    "compression.lz4.level": "compression.lz4.level",
    "compression.type": "compression.type",
    "compression.zstd.level": "compression.zstd.level",
    "delete.retention.ms": "log.cleaner.delete.retention.ms",
    "file.delete.delay.ms": "log.segment.delete.delay.ms",
    "flush.messages": "log.flush.interval.messages",
    "flush.ms": "log.flush.interval.ms",
    "index.interval.bytes": "log.index.interval.bytes",
    "local.retention.bytes": "log.local.retention.bytes",
    "local.retention.ms": "log.local.retention.ms",
    "max.compaction.lag.ms": "log.cleaner.max.compaction.lag.ms",
    "max.message.bytes": "message.max.bytes",
    "message.downconversion.enable": "log.message.downconversion.enable",
    "message.format.version": "log.message.format.version",
    "message.timestamp.after.max.ms": "log.message.timestamp.after.max.ms",
    "message.timestamp.before.max.ms": "log.message.timestamp.before.max.ms",
    "message.timestamp.difference.max.ms": "log.message.timestamp.difference.max.ms",
    "message.timestamp.type": "log.message.timestamp.type",
    "min.cleanable.dirty.ratio": "log.cleaner.min.cleanable.ratio",
    "min.compaction.lag.ms": "log.cleaner.min.compaction.lag.ms",
    "min.insync.replicas": "min.insync.replicas",
    "preallocate": "log.preallocate",
    "retention.bytes": "log.retention.bytes",
    "retention.ms": "log.retention.ms",
    "segment.bytes": "log.segment.bytes",
    "segment.index.bytes": "log.index.size.max.bytes",
    "segment.jitter.ms": "log.roll.jitter.ms",
    "segment.ms": "log.roll.ms",
    "unclean.leader.election.enable": "unclean.leader.election.enable",
}
"""Topic setting -> the broker setting behind it. The others have none."""

FOR_ALL_TOPICS = {"validate_all_records": "pykbroker.validate.all.records"}
"""Field of TopicSettings -> the broker setting that it is, where no topic may have its own."""

_IN_FAMILY = {"retention.ms", "segment.ms", "segment.jitter.ms", "flush.ms"}


def topic_value(broker: BrokerConfig, overrides: Mapping[str, str], name: str) -> Value:
    """The value in force of one topic setting. Raises: KeyError when Kafka has no such setting."""
    setting = TOPIC[name]
    if name in overrides:
        return setting.parse(overrides[name])
    synonym = SYNONYMS.get(name)
    if synonym is None:
        return None if setting.default is None else setting.parse(setting.default)
    if name in _IN_FAMILY:
        value = broker.family_ms(synonym)
        return value if value is not None else setting.parse(setting.default or "")
    return broker.parsed(synonym)


def resolve(broker: BrokerConfig, overrides: Mapping[str, str]) -> TopicSettings:
    """What the logs of a topic with these overrides are to know."""
    values: dict[str, Any] = {}
    for field in TopicSettings.__dataclass_fields__:
        behind = FOR_ALL_TOPICS.get(field)
        if behind is None:
            value = topic_value(broker, overrides, field.replace("_", "."))
        else:
            value = broker.parsed(behind)
        values[field] = tuple(value) if isinstance(value, list) else value
    if "internal.segment.bytes" in overrides:
        values["segment_bytes"] = topic_value(broker, overrides, "internal.segment.bytes")
    return TopicSettings(**values)


def describe_topic(
    broker: BrokerConfig, overrides: Mapping[str, str], names: Iterable[str] | None = None
) -> list[Described]:
    """DescribeConfigs of a topic. names: None or empty for all; unknown ones are left out."""
    wanted = set(names or ())
    return [
        _describe(broker, overrides, name)
        for name in TOPIC
        if (name in overrides or not TOPIC[name].internal) and (not wanted or name in wanted)
    ]


def _describe(broker: BrokerConfig, overrides: Mapping[str, str], name: str) -> Described:
    setting = TOPIC[name]
    value = render(topic_value(broker, overrides, name))
    synonyms = broker.synonyms(SYNONYMS[name]) if name in SYNONYMS else ()
    if name in overrides:
        synonyms = (Synonym(name, value, Source.TOPIC), *synonyms)
    return Described(
        name=name,
        value=value,
        source=synonyms[0].source if synonyms else Source.DEFAULT,
        synonyms=synonyms,
        read_only=False,
        sensitive=setting.sensitive,
        type_code=setting.type_code,
        doc=setting.doc,
    )


# --- what CreateTopics and AlterConfigs may set ------------------------------------------------------------------


def checked_overrides(broker: BrokerConfig, configs: Mapping[str, str | None]) -> dict[str, str]:
    """The overrides of a topic as they are stored.

    Raises: ApiError INVALID_CONFIG: a name that is not a topic setting, null, a value that does not parse or fit, or
    values that contradict each other.
    """
    nulls = [name for name, value in configs.items() if value is None]
    if nulls:
        raise _invalid("Null value not supported for topic configs: " + ",".join(nulls))
    overrides = {name: value for name, value in configs.items() if value is not None}
    for name, value in overrides.items():
        check_override(name, value)
    least = topic_value(broker, overrides, "min.compaction.lag.ms")
    most = topic_value(broker, overrides, "max.compaction.lag.ms")
    assert isinstance(least, int)
    assert isinstance(most, int)
    if least > most:
        raise _invalid(f"min.compaction.lag.ms ({least}) is above max.compaction.lag.ms ({most})")
    return overrides


def check_override(name: str, value: str) -> None:
    """One name and value. Raises: ApiError INVALID_CONFIG."""
    setting = TOPIC.get(name)
    if setting is None:
        near = TOPIC.nearest(name)
        raise _invalid(f"Unknown topic config name: {name}" + (f" (nearest: {near})" if near else ""))
    try:
        parsed = setting.parse(value)
    except ValueError as error:
        raise _invalid(f"Invalid value {setting.shown(value)} for configuration {name}: {error}") from None
    if name == "remote.storage.enable" and parsed:
        raise _invalid("remote.storage.enable=true: this broker has no tiered storage")


def _invalid(message: str) -> ApiError:
    return ApiError(ErrorCode.INVALID_CONFIG, message)
