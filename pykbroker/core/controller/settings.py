"""Which configuration an entity may get: topics, this broker or all brokers, groups.

Decides on one resource of AlterConfigs or IncrementalAlterConfigs: what will be stored, or why not. The tables of settings
say what there is; the codes are Kafka's, also where they are odd: a bad value of a topic is INVALID_CONFIG, one of a broker
INVALID_REQUEST.

Kafka counterparts: ConfigAdminManager, ConfigurationControlManager, DynamicBrokerConfig.validateConfigs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from pykbroker.core.cluster.image import DEFAULT_ENTITY, ClusterImage, TopicImage
from pykbroker.core.cluster.topics import invalid_topic_name
from pykbroker.core.cluster.znodes import sanitize
from pykbroker.core.controller.config_changes import ConfigChange, apply_changes, check_changes
from pykbroker.core.controller.creation import CheckConfig
from pykbroker.errors import ApiError
from wire.errors import ErrorCode

if TYPE_CHECKING:
    from pykbroker.config.broker import BrokerConfig
    from pykbroker.config.setting import Table


# Kafka opens and closes listeners while it runs; here that takes a restart, and an answer must not say otherwise.
AT_START_ONLY = frozenset({"listeners", "advertised.listeners", "listener.security.protocol.map"})


class Resource(IntEnum):
    """What has a configuration (ConfigResource.Type)."""

    TOPIC = 2
    BROKER = 4
    BROKER_LOGGER = 8
    CLIENT_METRICS = 16
    GROUP = 32


class Alteration(NamedTuple):
    """One resource's changes as asked for. kind: of `Resource`, or a number that nobody knows.

    incremental: the changes are made to what there is; otherwise they are SETs that replace all of it.
    """

    kind: int
    name: str
    changes: Sequence[ConfigChange]
    incremental: bool


class Planned(NamedTuple):
    """What will be stored. entity: path below /config. config: the whole of it."""

    entity: str
    config: dict[str, str]


def plan_alteration(image: ClusterImage, wanted: Alteration, broker_id: int, config: BrokerConfig) -> Planned:
    """Raises: INVALID_REQUEST, INVALID_CONFIG, INVALID_TOPIC_EXCEPTION, UNKNOWN_TOPIC_OR_PARTITION."""
    check_changes(wanted.changes)
    if wanted.kind == Resource.TOPIC:
        return _topic(image, wanted, config)
    if wanted.kind == Resource.BROKER:
        return _broker(image, wanted, broker_id, config)
    if wanted.kind == Resource.GROUP:
        return _group(image, wanted, config)
    raise _invalid_request(f"Unknown resource type {wanted.kind}")


def _topic(image: ClusterImage, wanted: Alteration, config: BrokerConfig) -> Planned:
    from pykbroker.config.topic import TOPIC

    # Operations, name, values, existence: the order of ConfigurationControlManager (ZkAdminManager had the last two
    # the other way round).
    topic = image.topics.get(wanted.name)
    changed = _changed(wanted, topic.config if topic else {}, TOPIC)
    if not wanted.name:
        raise _invalid_request("Default topic resources are not allowed.")
    invalid = invalid_topic_name(wanted.name)
    if invalid is not None:
        raise ApiError(ErrorCode.INVALID_TOPIC_EXCEPTION, invalid)
    checked = topic_config_check(config)(changed)
    if topic is None:
        raise ApiError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"The topic '{wanted.name}' does not exist.")
    return Planned(f"topics/{wanted.name}", checked)


def _broker(image: ClusterImage, wanted: Alteration, broker_id: int, config: BrokerConfig) -> Planned:
    from pykbroker.config.broker import BROKER

    if wanted.name:
        check_broker_name(wanted.name, broker_id)
    entity = f"brokers/{wanted.name or DEFAULT_ENTITY}"
    changed = _changed(wanted, image.config(entity), BROKER)
    check_dynamic(changed, per_broker=bool(wanted.name))
    return Planned(entity, changed)


def _group(image: ClusterImage, wanted: Alteration, config: BrokerConfig) -> Planned:
    from pykbroker.config.group import GROUP, checked_group_overrides

    if not wanted.name:
        raise _invalid_request("Default group resources are not allowed.")
    entity = f"groups/{sanitize(wanted.name)}"
    changed = _changed(wanted, image.config(entity), GROUP)
    return Planned(entity, checked_group_overrides(config, changed))


def _changed(wanted: Alteration, current: Mapping[str, str], table: Table) -> dict[str, str]:
    def is_list(name: str) -> bool:
        setting = table.get(name)
        return setting is not None and setting.type == "list"

    def default(name: str) -> str | None:
        return table[name].default

    return apply_changes(current if wanted.incremental else {}, wanted.changes, is_list, default)


def check_broker_name(name: str, broker_id: int) -> None:
    """Raises: INVALID_REQUEST unless the name is the id of this broker."""
    try:
        number = int(name)
    except ValueError:
        raise _invalid_request(f"Broker id must be an integer, but it is: {name}") from None
    if number != broker_id:
        raise _invalid_request(
            f"Unexpected broker id, expected {broker_id}, but received {name}: send it to that broker itself."
        )


def check_dynamic(config: Mapping[str, str], per_broker: bool) -> None:
    """What may stand in a broker's dynamic configuration. Names that Kafka does not know are taken, as it does.

    per_broker: of one broker; otherwise of all. Raises: INVALID_REQUEST.
    """
    from pykbroker.config.broker import BROKER
    from pykbroker.config.setting import PER_BROKER, REFUSALS

    known = [BROKER[name] for name in config if name in BROKER]
    fixed = [setting.name for setting in known if not setting.dynamic or setting.name in AT_START_ONLY]
    if fixed:
        raise _invalid_request(
            f"Cannot update these configs dynamically: {', '.join(fixed)}. Set them where the broker is started, and"
            " restart it."
        )
    for setting in known:
        value = config[setting.name]
        shown = setting.shown(value)
        try:
            setting.parse(value)
        except ValueError as error:
            raise _invalid_request(
                f"Invalid value {shown} for configuration {setting.name}: {error}"
            ) from None
        if setting.handling == "refused" and value != setting.kafka_default:
            raise _invalid_request(f"{setting.name}={shown} {REFUSALS.get(setting.why, 'is not served')}.")
    single = [setting.name for setting in known if setting.mode == PER_BROKER]
    if single and not per_broker:
        raise _invalid_request(
            f"Cannot update these configs at default cluster level, broker id must be specified: {', '.join(single)}"
        )


def topic_config_check(config: BrokerConfig) -> CheckConfig:
    """The check of a topic's configuration against the table, with this broker's settings behind it."""
    from pykbroker.config.topic import checked_overrides

    return lambda overrides: checked_overrides(config, overrides)


def unclean_election(config: BrokerConfig, topic: TopicImage) -> bool:
    """Whether a replica outside the ISR may lead the topic (unclean.leader.election.enable)."""
    from pykbroker.config.topic import topic_value

    return topic_value(config, topic.config, "unclean.leader.election.enable") is True


def _invalid_request(message: str) -> ApiError:
    return ApiError(ErrorCode.INVALID_REQUEST, message)
