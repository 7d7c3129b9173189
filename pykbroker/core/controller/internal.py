"""How the brokers' own topics are made: partitions, replicas and settings come from the coordinators' settings.

Kafka counterparts: AutoTopicCreationManager.creatableTopic, GroupCoordinator.groupMetadataTopicConfigs and
TransactionStateManager.transactionTopicConfigs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pykbroker.core.cluster.topics import GROUP_METADATA_TOPIC, TRANSACTION_STATE_TOPIC
from pykbroker.core.controller.creation import NewTopic

if TYPE_CHECKING:
    from pykbroker.config.broker import BrokerConfig


def internal_topic(name: str, config: BrokerConfig) -> NewTopic | None:
    """The topic as it is to be created; None if it is none of the brokers' own."""
    if name == GROUP_METADATA_TOPIC:
        return NewTopic(
            name,
            config.integer("offsets.topic.num.partitions"),
            config.integer("offsets.topic.replication.factor"),
            config={
                "cleanup.policy": "compact",
                "compression.type": "producer",
                "segment.bytes": str(config.integer("offsets.topic.segment.bytes")),
            },
        )
    if name == TRANSACTION_STATE_TOPIC:
        return NewTopic(
            name,
            config.integer("transaction.state.log.num.partitions"),
            config.integer("transaction.state.log.replication.factor"),
            config={
                "unclean.leader.election.enable": "false",
                "compression.type": "uncompressed",
                "cleanup.policy": "compact",
                "min.insync.replicas": str(config.integer("transaction.state.log.min.isr")),
                "segment.bytes": str(config.integer("transaction.state.log.segment.bytes")),
            },
        )
    return None
