"""Consumer groups (KIP-848): sessions, settings of a group, and who does not give partitions back."""

from __future__ import annotations

from typing import Any

from conformance import Kafka, Setting, case, eventually
from conformance.consumer_groups import LEAVE_STATIC, NEW_GROUPS, Consumer, described, joined
from wire.errors import ErrorCode
from wire.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from wire.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from wire.messages.incremental_alter_configs import (
    AlterableConfig,
    AlterConfigsResource,
    IncrementalAlterConfigsRequest,
)

GROUP_RESOURCE = 32
CASE: dict[str, Any] = {
    "versions": "latest",
    "feature": "consumer groups",
    "why": "KIP-848: group.consumer.session.timeout.ms",
    "also": (ConsumerGroupDescribeRequest, IncrementalAlterConfigsRequest),
    "needs": (
        *NEW_GROUPS,
        Setting("group.consumer.min.session.timeout.ms", at_most=1000),
        Setting("group.consumer.min.heartbeat.interval.ms", at_most=500),
    ),
}


def group_of(kafka: Kafka, **settings: int) -> str:
    """A fresh group with settings of its own: session_timeout_ms is consumer.session.timeout.ms."""
    group = kafka.group()
    configs = [
        AlterableConfig(name=f"consumer.{name.replace('_', '.')}", value=str(value))
        for name, value in settings.items()
    ]
    resource = AlterConfigsResource(resource_type=GROUP_RESOURCE, resource_name=group, configs=configs)
    (row,) = kafka.ask(IncrementalAlterConfigsRequest(resources=[resource])).responses
    assert row.error_code == 0, row.error_message
    return group


@case(ConsumerGroupHeartbeatRequest, **CASE)
def test_the_interval_of_a_group(kafka: Kafka) -> None:
    """The interval of heartbeats can be set for a group, and its members are told at their next heartbeat."""
    topic, group = kafka.topic(), group_of(kafka, heartbeat_interval_ms=700)
    member = Consumer(kafka, group, topic)
    member.join()
    assert eventually(lambda: member.heartbeat().heartbeat_interval_ms == 700)


@case(ConsumerGroupHeartbeatRequest, **CASE)
def test_a_session_expires(kafka: Kafka) -> None:
    """Who sends no heartbeat for the session timeout is out, and the others get its partitions."""
    topic, group = (
        kafka.topic(partitions=2),
        group_of(kafka, heartbeat_interval_ms=300, session_timeout_ms=2000),
    )
    first = joined(kafka, topic, group=group)
    assert eventually(lambda: first.heartbeat().heartbeat_interval_ms == 300)  # the settings are heeded
    second = Consumer(kafka, group, topic)
    second.join()
    first.settle(epoch=second.epoch)
    assert first.settle({topic.id: [0, 1]}) == {topic.id: [0, 1]}
    assert second.heartbeat().error_code == ErrorCode.UNKNOWN_MEMBER_ID


@case(ConsumerGroupHeartbeatRequest, **CASE)
def test_an_instance_stays_away(kafka: Kafka) -> None:
    """An instance that left for a while and does not come back within the session timeout is out."""
    topic, group = kafka.topic(), group_of(kafka, heartbeat_interval_ms=300, session_timeout_ms=1000)
    member = joined(kafka, topic, group=group, instance=kafka.name("instance"))
    assert eventually(lambda: member.heartbeat().heartbeat_interval_ms == 300)  # the settings are heeded
    member.leave(LEAVE_STATIC)
    assert len(described(kafka, group).members) == 1
    assert eventually(lambda: described(kafka, group).members == [])


@case(ConsumerGroupHeartbeatRequest, **CASE)
def test_who_does_not_give_back(kafka: Kafka) -> None:
    """Who does not give a partition back within its rebalance timeout is out, though it sends heartbeats."""
    topic, group = kafka.topic(partitions=2), kafka.group()
    first = joined(kafka, topic, group=group, rebalance_timeout_ms=500)
    second = Consumer(kafka, group, topic)
    second.join()

    def expelled() -> bool:
        return bool(first.heartbeat().error_code == ErrorCode.UNKNOWN_MEMBER_ID)

    assert eventually(expelled)
    assert second.settle({topic.id: [0, 1]}) == {topic.id: [0, 1]}
