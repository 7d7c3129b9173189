"""CreateTopics (key 19): make topics.

v1 validate_only and messages, v4 defaults of the broker (KIP-464), v5 flexible and what was made (KIP-525), v6 quotas
(KIP-599), v7 topic ids (KIP-516).
"""

from __future__ import annotations

from wire.schema import Array, Bool, Field, Group, Int8, Int16, Int32, Message, String, Uuid

CreatableReplicaAssignment = Group(
    "CreatableReplicaAssignment",
    [
        Field("partition_index", Int32),
        Field("broker_ids", Array(Int32)),
    ],
)

CreatableTopicConfig = Group(
    "CreatableTopicConfig",
    [
        Field("name", String),
        Field("value", String, nullable="0+"),
    ],
)

CreatableTopic = Group(
    "CreatableTopic",
    [
        Field("name", String),
        Field("num_partitions", Int32),  # -1: the broker's default (KIP-464) or by assignments
        Field("replication_factor", Int16),  # -1: the broker's default (KIP-464) or by assignments
        # which brokers hold which partition; empty: the cluster decides
        Field("assignments", Array(CreatableReplicaAssignment)),
        Field("configs", Array(CreatableTopicConfig)),
    ],
)

CreateTopicsRequest = Message(
    "CreateTopicsRequest",
    key=19,
    kind="request",
    versions="0-7",
    flexible="5+",
    fields=[
        Field("topics", Array(CreatableTopic)),
        # how long to wait until the topics are there
        Field("timeout_ms", Int32, default=60000, kafka="timeoutMs"),
        Field("validate_only", Bool, "1+", kafka="validateOnly"),  # check, but change nothing
    ],
)

CreatableTopicConfigs = Group(
    "CreatableTopicConfigs",
    [
        Field("name", String),
        Field("value", String, nullable="0+"),
        Field("read_only", Bool),
        # ConfigSource: 1 topic, 2 broker, 3 default of brokers, 4 static, 5 built-in default
        Field("config_source", Int8, default=-1),
        Field("is_sensitive", Bool),  # passwords: the value is then null
    ],
)

CreatableTopicResult = Group(
    "CreatableTopicResult",
    [
        Field("name", String),
        Field("topic_id", Uuid, "7+"),  # KIP-516
        Field("error_code", Int16),
        Field("error_message", String, "1+", nullable="0+"),
        Field("topic_config_error_code", Int16, "5+", tag=0),  # why configs is null (KIP-525)
        Field("num_partitions", Int32, "5+", default=-1),  # KIP-525
        Field("replication_factor", Int16, "5+", default=-1),
        # all that the topic has (KIP-525)
        Field("configs", Array(CreatableTopicConfigs), "5+", nullable="0+"),
    ],
)

CreateTopicsResponse = Message(
    "CreateTopicsResponse",
    key=19,
    kind="response",
    versions="0-7",
    flexible="5+",
    fields=[
        Field("throttle_time_ms", Int32, "2+"),  # how long a quota makes the client wait
        Field("topics", Array(CreatableTopicResult)),
    ],
)
