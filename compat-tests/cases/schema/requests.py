"""A well-formed request for every API that Apache Kafka announces, as plain data; 3.9 announces those between brokers too.

Each has an element in every array that matters, and does no harm: it is about a topic of ours, a name that nobody has, a
broker that does not exist (9999), a stale epoch, or it only validates. Values hold for all versions: what a version lacks is
left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from conformance import Kafka, Topic, all_requests, api_name, batch, make
from wire.schema import Message

NOBODY = 9999  # a broker id that no broker has
PRODUCER = 987_654_321  # a producer id that no broker gave out
UUID_TEXT = "AAAAAAAAAAAAAAAAAAAAAQ"

CONTROLLERS_OWN = {
    "Vote", "BeginQuorumEpoch", "EndQuorumEpoch", "FetchSnapshot", "BrokerRegistration", "BrokerHeartbeat",
    "ControllerRegistration", "AssignReplicasToDirs", "UpdateRaftVoter",
}  # fmt: skip
"""Served on a controller's listener alone, never announced to clients."""

UNUSUAL = {
    "Envelope": "between brokers only; on another listener Kafka closes the connection",
    "ListClientMetricsResources": "the older name of ListConfigResources v0",
    "Produce": "v0 to v2 are announced and not served: a case of its own",
}


class Scene(NamedTuple):
    """What requests can be about."""

    topic: Topic
    name: str  # a fresh one, for whatever needs one
    node: int  # a broker that exists

    @property
    def partitions(self) -> list[dict[str, Any]]:
        """The topic by name, with partition numbers under both names that they have."""
        return [{"name": self.topic.name, "partitions": [0]}]


def _acl(scene: Scene) -> dict[str, Any]:
    return {
        "resource_type_filter": 2,  # topics
        "resource_name_filter": scene.name,
        "principal_filter": None,
        "host_filter": None,
        "operation": 1,  # any
        "permission_type": 1,
    }


def _config(scene: Scene, **extra: Any) -> dict[str, Any]:
    setting = {"name": "retention.ms", "value": "86400000", **extra}
    resource = {"resource_type": 2, "resource_name": scene.topic.name, "configs": [setting]}
    return {"resources": [resource], "validate_only": True}


def _share_state(scene: Scene, **partition: Any) -> dict[str, Any]:
    row = {"topic_id": scene.topic.id, "partitions": [{"partition": 0, **partition}]}
    return {"group_id": scene.name, "topics": [row]}


def _heartbeat(scene: Scene) -> dict[str, Any]:
    """A member that nobody knows leaves."""
    return {"group_id": scene.name, "member_id": UUID_TEXT, "member_epoch": -1}


RECORDS: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "Produce": lambda s: {
        "acks": -1,
        "timeout_ms": 5000,
        "topic_data": [
            {
                "name": s.topic.name,
                "topic_id": s.topic.id,
                "partition_data": [{"index": 0, "records": batch(b"x")}],
            }
        ],
    },
    "Fetch": lambda s: {
        "max_bytes": 1 << 20,
        "topics": [
            {
                "topic": s.topic.name,
                "topic_id": s.topic.id,
                "partitions": [{"partition": 0, "partition_max_bytes": 1 << 16}],
            }
        ],
    },
    "ListOffsets": lambda s: {
        "replica_id": -1,
        "topics": [{"name": s.topic.name, "partitions": [{"partition_index": 0, "timestamp": -1}]}],
    },
    "DeleteRecords": lambda s: {
        "timeout_ms": 5000,
        "topics": [{"name": s.topic.name, "partitions": [{"partition_index": 0, "offset": 0}]}],
    },
    "OffsetForLeaderEpoch": lambda s: {
        "topics": [{"topic": s.topic.name, "partitions": [{"partition": 0, "leader_epoch": 0}]}]
    },
    "DescribeProducers": lambda s: {"topics": [{"name": s.topic.name, "partition_indexes": [0]}]},
}

CLUSTER: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "Metadata": lambda s: {"topics": [{"name": s.topic.name}]},
    "ApiVersions": lambda s: {"client_software_name": "conformance", "client_software_version": "1"},
    "CreateTopics": lambda s: {
        "timeout_ms": 5000,
        "validate_only": True,
        "topics": [{"name": s.name, "num_partitions": 1, "replication_factor": 1}],
    },
    "DeleteTopics": lambda s: {"timeout_ms": 5000, "topic_names": [s.name], "topics": [{"name": s.name}]},
    "CreatePartitions": lambda s: {
        "timeout_ms": 5000,
        "validate_only": True,
        "topics": [{"name": s.topic.name, "count": 2, "assignments": None}],
    },
    "DescribeConfigs": lambda s: {
        "resources": [
            {"resource_type": 2, "resource_name": s.topic.name, "configuration_keys": ["retention.ms"]}
        ],
        "include_synonyms": True,
        "include_documentation": True,
    },
    "AlterConfigs": _config,
    "IncrementalAlterConfigs": _config,
    "AlterReplicaLogDirs": lambda s: {"dirs": [{"path": "/nowhere", "topics": s.partitions}]},
    "DescribeLogDirs": lambda s: {"topics": [{"topic": s.topic.name, "partitions": [0]}]},
    "ElectLeaders": lambda s: {
        "timeout_ms": 5000,
        "topic_partitions": [{"topic": s.topic.name, "partitions": [0]}],
    },
    "AlterPartitionReassignments": lambda s: {
        "timeout_ms": 5000,
        "topics": [{"name": s.topic.name, "partitions": [{"partition_index": 0, "replicas": None}]}],
    },
    "ListPartitionReassignments": lambda s: {
        "timeout_ms": 5000,
        "topics": [{"name": s.topic.name, "partition_indexes": [0]}],
    },
    "DescribeQuorum": lambda s: {
        "topics": [{"topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}]
    },
    "UpdateFeatures": lambda s: {
        "timeout_ms": 5000,
        "validate_only": True,
        "feature_updates": [{"feature": "no.such.feature", "max_version_level": 1}],
    },
    "DescribeCluster": lambda s: {"include_cluster_authorized_operations": True},
    "UnregisterBroker": lambda s: {"broker_id": NOBODY},
    "ListConfigResources": lambda s: {"resource_types": [2]},
    "DescribeTopicPartitions": lambda s: {"topics": [{"name": s.topic.name}]},
    "AddRaftVoter": lambda s: {"cluster_id": s.name, "timeout_ms": 1000, "voter_id": NOBODY},
    "RemoveRaftVoter": lambda s: {"cluster_id": s.name, "voter_id": NOBODY},
    "GetTelemetrySubscriptions": lambda s: {},
    "PushTelemetry": lambda s: {"client_instance_id": b"\1" * 16},
}

CLASSIC_GROUPS: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "OffsetCommit": lambda s: {
        "group_id": s.name,
        "topics": [
            {
                "name": s.topic.name,
                "topic_id": s.topic.id,
                "partitions": [{"partition_index": 0, "committed_offset": 1, "committed_metadata": "m"}],
            }
        ],
    },
    "OffsetFetch": lambda s: {
        "group_id": s.name,
        "topics": [{"name": s.topic.name, "partition_indexes": [0]}],
        "groups": [
            {
                "group_id": s.name,
                "topics": [{"name": s.topic.name, "topic_id": s.topic.id, "partition_indexes": [0]}],
            }
        ],
    },
    "FindCoordinator": lambda s: {"key": s.name, "coordinator_keys": [s.name]},
    "JoinGroup": lambda s: {
        "group_id": s.name,
        "session_timeout_ms": 6000,
        "rebalance_timeout_ms": 1000,
        "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": b"\0\0\0\0\0\0\0\0"}],
        "reason": "conformance",
    },
    "Heartbeat": lambda s: {"group_id": s.name, "generation_id": 1, "member_id": "nobody"},
    "LeaveGroup": lambda s: {"group_id": s.name, "member_id": "nobody", "members": [{"member_id": "nobody"}]},
    "SyncGroup": lambda s: {
        "group_id": s.name,
        "generation_id": 1,
        "member_id": "nobody",
        "protocol_type": "consumer",
        "protocol_name": "range",
        "assignments": [{"member_id": "nobody", "assignment": b"a"}],
    },
    "DescribeGroups": lambda s: {"groups": [s.name], "include_authorized_operations": True},
    "ListGroups": lambda s: {"states_filter": ["Stable"], "types_filter": ["classic"]},
    "DeleteGroups": lambda s: {"groups_names": [s.name]},
    "OffsetDelete": lambda s: {
        "group_id": s.name,
        "topics": [{"name": s.topic.name, "partitions": [{"partition_index": 0}]}],
    },
}

NEW_GROUPS: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "ConsumerGroupHeartbeat": _heartbeat,
    "ConsumerGroupDescribe": lambda s: {"group_ids": [s.name], "include_authorized_operations": True},
    "ShareGroupHeartbeat": _heartbeat,
    "ShareGroupDescribe": lambda s: {"group_ids": [s.name], "include_authorized_operations": True},
    "ShareFetch": lambda s: {
        "group_id": s.name,
        "member_id": UUID_TEXT,
        "share_session_epoch": -1,
        "max_records": 10,
        "batch_size": 10,
    },
    "ShareAcknowledge": lambda s: {"group_id": s.name, "member_id": UUID_TEXT, "share_session_epoch": -1},
    "InitializeShareGroupState": lambda s: _share_state(s, state_epoch=0, start_offset=0),
    "ReadShareGroupState": lambda s: _share_state(s, leader_epoch=0),
    "WriteShareGroupState": lambda s: _share_state(s, state_epoch=0, leader_epoch=0, start_offset=0),
    "DeleteShareGroupState": _share_state,
    "ReadShareGroupStateSummary": lambda s: _share_state(s, leader_epoch=0),
    "StreamsGroupHeartbeat": _heartbeat,
    "StreamsGroupDescribe": lambda s: {"group_ids": [s.name], "include_authorized_operations": True},
    "DescribeShareGroupOffsets": lambda s: {
        "groups": [{"group_id": s.name, "topics": [{"topic_name": s.topic.name, "partitions": [0]}]}]
    },
    "AlterShareGroupOffsets": lambda s: {
        "group_id": s.name,
        "topics": [{"topic_name": s.topic.name, "partitions": [{"partition_index": 0, "start_offset": 0}]}],
    },
    "DeleteShareGroupOffsets": lambda s: {"group_id": s.name, "topics": [{"topic_name": s.topic.name}]},
}

TRANSACTIONS: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "InitProducerId": lambda s: {"transactional_id": None, "transaction_timeout_ms": 60_000},
    "AddPartitionsToTxn": lambda s: {
        "v3_and_below_transactional_id": s.name,
        "v3_and_below_producer_id": PRODUCER,
        "v3_and_below_topics": s.partitions,
        "transactions": [
            {"transactional_id": s.name, "producer_id": PRODUCER, "verify_only": True, "topics": s.partitions}
        ],
    },
    "AddOffsetsToTxn": lambda s: {"transactional_id": s.name, "producer_id": PRODUCER, "group_id": s.name},
    "EndTxn": lambda s: {"transactional_id": s.name, "producer_id": PRODUCER, "committed": True},
    "WriteTxnMarkers": lambda s: {
        "markers": [{"producer_id": PRODUCER, "topics": [{"name": s.name, "partition_indexes": [0]}]}]
    },
    "TxnOffsetCommit": lambda s: {
        "transactional_id": s.name,
        "group_id": s.name,
        "producer_id": PRODUCER,
        "topics": [{"name": s.topic.name, "partitions": [{"partition_index": 0, "committed_offset": 1}]}],
    },
    "DescribeTransactions": lambda s: {"transactional_ids": [s.name]},
    "ListTransactions": lambda s: {"state_filters": ["Ongoing"], "producer_id_filters": [PRODUCER]},
}

SECURITY: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "SaslHandshake": lambda s: {"mechanism": "PLAIN"},
    "SaslAuthenticate": lambda s: {"auth_bytes": b"\0nobody\0nothing"},
    "DescribeAcls": _acl,
    "CreateAcls": lambda s: {
        "creations": [
            {
                "resource_type": 2,
                "resource_name": s.name,
                "principal": "nobody",  # without a type: refused
                "host": "*",
                "operation": 3,
                "permission_type": 3,
            }
        ]
    },
    "DeleteAcls": lambda s: {"filters": [_acl(s)]},
    "CreateDelegationToken": lambda s: {
        "renewers": [{"principal_type": "User", "principal_name": "nobody"}],
        "max_lifetime_ms": 1000,
    },
    "RenewDelegationToken": lambda s: {"hmac": b"nothing", "renew_period_ms": 1000},
    "ExpireDelegationToken": lambda s: {"hmac": b"nothing", "expiry_time_period_ms": 1000},
    "DescribeDelegationToken": lambda s: {"owners": [{"principal_type": "User", "principal_name": "nobody"}]},
    "DescribeClientQuotas": lambda s: {
        "components": [{"entity_type": "user", "match_type": 0, "match": s.name}]
    },
    "AlterClientQuotas": lambda s: {
        "validate_only": True,
        "entries": [
            {
                "entity": [{"entity_type": "user", "entity_name": s.name}],
                "ops": [{"key": "producer_byte_rate", "value": 1e6}],
            }
        ],
    },
    "DescribeUserScramCredentials": lambda s: {"users": [{"name": s.name}]},
    "AlterUserScramCredentials": lambda s: {"deletions": [{"name": s.name, "mechanism": 1}]},
}

BETWEEN_BROKERS: dict[str, Callable[[Scene], dict[str, Any]]] = {
    "LeaderAndIsr": lambda s: {"controller_id": NOBODY, "controller_epoch": -1},
    "StopReplica": lambda s: {"controller_id": NOBODY, "controller_epoch": -1},
    "UpdateMetadata": lambda s: {"controller_id": NOBODY, "controller_epoch": -1},
    "ControlledShutdown": lambda s: {"broker_id": NOBODY},
    "AlterPartition": lambda s: {"broker_id": NOBODY, "broker_epoch": -1},
    "AllocateProducerIds": lambda s: {"broker_id": NOBODY, "broker_epoch": -1},
}

FEATURES = {
    "records": RECORDS,
    "cluster": CLUSTER,
    "classic groups": CLASSIC_GROUPS,
    "new groups": NEW_GROUPS,
    "transactions": TRANSACTIONS,
    "security": SECURITY,
    "between brokers": BETWEEN_BROKERS,
}
BUILDERS = {name: build for table in FEATURES.values() for name, build in table.items()}
APIS = tuple(api for api in all_requests() if api_name(api) in BUILDERS and api_name(api) not in UNUSUAL)


def scene(kafka: Kafka) -> Scene:
    """A topic that all schema cases share, and a name of this check's own."""
    shared = kafka.subject.shared
    if "schema topic" not in shared:
        shared["schema topic"] = kafka.topic()
        kafka.group()  # the first group brings the coordinators up
    return Scene(shared["schema topic"], kafka.name("schema"), min(kafka.subject.nodes))


def well_formed(kafka: Kafka, api: Message) -> Any:
    """A request of this API that every broker which serves it must answer."""
    return make(api, BUILDERS[api_name(api)](scene(kafka)))
