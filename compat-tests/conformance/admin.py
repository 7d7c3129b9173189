"""What cases about topics and settings share: requests with one entry, and the entry of the answer.

Codes of ConfigResource.Type, AlterConfigOp.OpType and ConfigSource stand here by Kafka's names. Nothing is judged here.
"""

from __future__ import annotations

from typing import Any

from conformance.kafka import Kafka, eventually
from wire.messages import alter_configs, incremental_alter_configs
from wire.messages.create_topics import (
    CreatableReplicaAssignment,
    CreatableTopic,
    CreatableTopicConfig,
    CreateTopicsRequest,
)
from wire.messages.describe_configs import DescribeConfigsRequest, DescribeConfigsResource
from wire.messages.metadata import MetadataRequest, MetadataRequestTopic

TOPIC, BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP_CONFIG = 2, 4, 8, 16, 32
SET, DELETE, APPEND, SUBTRACT = range(4)
TOPIC_CONFIG, DYNAMIC_BROKER, DYNAMIC_DEFAULT_BROKER, STATIC_BROKER, DEFAULT = range(1, 6)
NOTHING_TO_SAY = -(2**31)  # authorized operations that were not asked for


def new_topic(
    name: str,
    partitions: int = 1,
    replicas: int = 1,
    *,
    assigned: list[list[int]] | dict[int, list[int]] | None = None,
    configs: list[tuple[str, str | None]] | None = None,
) -> Any:
    """A row of CreateTopics. assigned: the brokers of each partition, which wants partitions=-1 and replicas=-1."""
    pairs = assigned.items() if isinstance(assigned, dict) else enumerate(assigned or ())
    return CreatableTopic(
        name=name,
        num_partitions=partitions,
        replication_factor=replicas,
        assignments=[CreatableReplicaAssignment(partition_index=i, broker_ids=ids) for i, ids in pairs],
        configs=[CreatableTopicConfig(name=key, value=value) for key, value in configs or ()],
    )


def create(kafka: Kafka, *topics: Any, validate_only: bool = False, timeout_ms: int = 10_000) -> list[Any]:
    """The rows of a CreateTopics answer. What was made is deleted after the run, if the broker is not ours."""
    request = CreateTopicsRequest(topics=list(topics), timeout_ms=timeout_ms, validate_only=validate_only)
    rows: list[Any] = kafka.ask(request).topics
    kafka.subject.topics += [row.name for row in rows if row.error_code == 0 and not validate_only]
    return rows


def create_one(kafka: Kafka, name: str, *args: Any, validate_only: bool = False, **options: Any) -> Any:
    """The one row about one new topic; args and options as in `new_topic`."""
    (row,) = create(kafka, new_topic(name, *args, **options), validate_only=validate_only)
    return row


def topic_row(kafka: Kafka, name: str) -> Any:
    """Metadata of one topic, which is not made by asking."""
    request = MetadataRequest(topics=[MetadataRequestTopic(name=name)], allow_auto_topic_creation=False)
    (row,) = kafka.ask(request).topics
    return row


def describe(
    kafka: Kafka,
    kind: int,
    name: str,
    keys: list[str] | None = None,
    *,
    to: int | None = None,
    **include: bool,
) -> Any:
    """The one row of a DescribeConfigs answer. include: `synonyms`, `documentation`."""
    resource = DescribeConfigsResource(resource_type=kind, resource_name=name, configuration_keys=keys)
    request = DescribeConfigsRequest(
        resources=[resource], **{f"include_{key}": value for key, value in include.items()}
    )
    (row,) = kafka.ask(request, to=_broker_of(kind, name, to)).results
    return row


def entry(kafka: Kafka, kind: int, name: str, key: str, **options: Any) -> Any:
    """How DescribeConfigs shows one setting."""
    row = describe(kafka, kind, name, [key], **options)
    assert row.error_code == 0, row.error_message
    (found,) = row.configs
    return found


def wait_value(kafka: Kafka, kind: int, name: str, key: str, value: str | None) -> None:
    """Until DescribeConfigs shows this value: a change travels to the brokers after it was answered."""
    eventually(lambda: entry(kafka, kind, name, key).value == value)


def alter(
    kafka: Kafka, kind: int, name: str, *changes: tuple[str, int, str | None], validate_only: bool = False
) -> Any:
    """The one row of an IncrementalAlterConfigs answer. changes: (name, SET or ..., value)."""
    resource = incremental_alter_configs.AlterConfigsResource(
        resource_type=kind,
        resource_name=name,
        configs=[
            incremental_alter_configs.AlterableConfig(name=key, config_operation=operation, value=value)
            for key, operation, value in changes
        ],
    )
    request = incremental_alter_configs.IncrementalAlterConfigsRequest(
        resources=[resource], validate_only=validate_only
    )
    (row,) = kafka.ask(request, to=_broker_of(kind, name)).responses
    return row


def replace(
    kafka: Kafka, kind: int, name: str, *configs: tuple[str, str | None], validate_only: bool = False
) -> Any:
    """The one row of an AlterConfigs answer, which sets just these."""
    resource = alter_configs.AlterConfigsResource(
        resource_type=kind,
        resource_name=name,
        configs=[alter_configs.AlterableConfig(name=key, value=value) for key, value in configs],
    )
    request = alter_configs.AlterConfigsRequest(resources=[resource], validate_only=validate_only)
    (row,) = kafka.ask(request, to=_broker_of(kind, name)).responses
    return row


def _broker_of(kind: int, name: str, to: int | None = None) -> int | None:
    """A broker's settings are its own business."""
    return int(name) if to is None and kind in (BROKER, BROKER_LOGGER) and name.isdecimal() else to
