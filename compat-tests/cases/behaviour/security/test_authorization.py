"""What a user without rights is answered, API by API: which code, at which level, and what is hidden from him.

alice, who is no super user, asks about resources that are closed by ACLs for somebody else (see conformance.acls).
Codes are looked for in the whole answer: what is refused has the expected one, and nothing has another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from conformance import AUTHORIZER, Credentials, Feature, Kafka, Listener, Topic, batch, case, make
from conformance.acls import APIS, CLUSTER, GROUPS, THE_CLUSTER, TOPICS, TRANSACTIONS, closed
from wire.errors import ErrorCode
from wire.messages.add_offsets_to_txn import AddOffsetsToTxnRequest
from wire.messages.alter_client_quotas import AlterClientQuotasRequest
from wire.messages.alter_configs import AlterConfigsRequest
from wire.messages.alter_partition_reassignments import AlterPartitionReassignmentsRequest
from wire.messages.alter_replica_log_dirs import AlterReplicaLogDirsRequest
from wire.messages.alter_user_scram_credentials import AlterUserScramCredentialsRequest
from wire.messages.consumer_group_describe import ConsumerGroupDescribeRequest
from wire.messages.consumer_group_heartbeat import ConsumerGroupHeartbeatRequest
from wire.messages.create_acls import CreateAclsRequest
from wire.messages.create_partitions import CreatePartitionsRequest
from wire.messages.create_topics import CreateTopicsRequest
from wire.messages.delete_acls import DeleteAclsRequest
from wire.messages.delete_groups import DeleteGroupsRequest
from wire.messages.delete_records import DeleteRecordsRequest
from wire.messages.delete_topics import DeleteTopicsRequest
from wire.messages.describe_acls import DescribeAclsRequest
from wire.messages.describe_client_quotas import DescribeClientQuotasRequest
from wire.messages.describe_configs import DescribeConfigsRequest
from wire.messages.describe_groups import DescribeGroupsRequest
from wire.messages.describe_log_dirs import DescribeLogDirsRequest
from wire.messages.describe_producers import DescribeProducersRequest
from wire.messages.describe_topic_partitions import DescribeTopicPartitionsRequest
from wire.messages.describe_transactions import DescribeTransactionsRequest
from wire.messages.describe_user_scram_credentials import DescribeUserScramCredentialsRequest
from wire.messages.elect_leaders import ElectLeadersRequest
from wire.messages.end_txn import EndTxnRequest
from wire.messages.fetch import FetchRequest
from wire.messages.find_coordinator import FindCoordinatorRequest
from wire.messages.heartbeat import HeartbeatRequest
from wire.messages.incremental_alter_configs import IncrementalAlterConfigsRequest
from wire.messages.init_producer_id import InitProducerIdRequest
from wire.messages.join_group import JoinGroupRequest
from wire.messages.leave_group import LeaveGroupRequest
from wire.messages.list_config_resources import ListConfigResourcesRequest
from wire.messages.list_offsets import ListOffsetsRequest
from wire.messages.list_partition_reassignments import ListPartitionReassignmentsRequest
from wire.messages.metadata import MetadataRequest
from wire.messages.offset_commit import OffsetCommitRequest
from wire.messages.offset_delete import OffsetDeleteRequest
from wire.messages.offset_fetch import OffsetFetchRequest
from wire.messages.offset_for_leader_epoch import OffsetForLeaderEpochRequest
from wire.messages.produce import ProduceRequest
from wire.messages.share_group_heartbeat import ShareGroupHeartbeatRequest
from wire.messages.sync_group import SyncGroupRequest
from wire.messages.txn_offset_commit import TxnOffsetCommitRequest
from wire.messages.unregister_broker import UnregisterBrokerRequest
from wire.messages.update_features import UpdateFeaturesRequest
from wire.schema import Message

FEATURE = "authorization"
NEEDS = (AUTHORIZER, Listener("SASL_PLAINTEXT"), Credentials("PLAIN", "alice"))
WHY = "KIP-11; KafkaApis"
ID = b"\x07" * 16


class Names(NamedTuple):
    """What a request may speak of."""

    topic: Topic
    group: str
    transactional_id: str
    node: int

    @property
    def partition(self) -> dict[str, Any]:
        """A topic with one partition, under all the names that requests have for these."""
        index = {
            "partition": 0, "partition_index": 0, "index": 0, "committed_offset": 5, "timestamp": -1, "offset": 0,
            "fetch_offset": 0, "partition_max_bytes": 1000, "leader_epoch": 0, "current_leader_epoch": -1,
            "records": batch(b"x"),
        }  # fmt: skip
        return {"name": self.topic.name, "topic": self.topic.name, "topic_id": self.topic.id, "index": index}


def pick(group: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Those values that the struct has fields for."""
    names = {field.name for field in group.fields}
    return {name: value for name, value in values.items() if name in names}


def rows(message: Message, field: str, names: Names, partitions: str, **more: Any) -> dict[str, Any]:
    """{field: one topic with one partition} in the words of this request."""
    topic = _element(message, field)
    part = _element(topic, partitions)
    values = names.partition
    index = 0 if part is None else pick(part, values["index"])
    return {field: [{**pick(topic, values), partitions: [index]}], **more}


def _element(group: Any, field: str) -> Any:
    (kind,) = [each.type.element for each in group.fields if each.name == field]
    return kind if hasattr(kind, "fields") else None


def asked(api: Message, table: dict[Message, Callable[[Names], dict[str, Any]]], names: Names) -> Any:
    return make(api, table[api](names))


def codes(answer: Any) -> set[int]:
    """All error codes that stand anywhere in an answer."""
    found: set[int] = set()
    for field in answer._group.fields:
        value = getattr(answer, field.name)
        if field.name == "error_code":
            found.add(int(value))
        for each in value if isinstance(value, list | tuple) else (value,):
            if hasattr(each, "_group"):
                found |= codes(each)
    return found


@pytest.fixture
def names(kafka: Kafka) -> Iterator[Names]:
    """Of things that are closed to alice."""
    made = Names(kafka.topic(), kafka.name("group"), kafka.name("txn"), min(kafka.nodes))
    resources = [(TOPICS, made.topic.name), (GROUPS, made.group), (TRANSACTIONS, made.transactional_id)]
    with closed(kafka, *resources, (CLUSTER, THE_CLUSTER)):
        yield made


@pytest.fixture
def alice(kafka: Kafka) -> Kafka:
    return kafka.login("SASL_PLAINTEXT", "alice")


BY_TOPIC: dict[Message, Callable[[Names], dict[str, Any]]] = {
    FetchRequest: lambda n: rows(FetchRequest, "topics", n, "partitions", max_wait_ms=0, min_bytes=1, max_bytes=1000),
    ListOffsetsRequest: lambda n: rows(ListOffsetsRequest, "topics", n, "partitions", replica_id=-1),
    MetadataRequest: lambda n: {"topics": [{"name": n.topic.name}]},
    OffsetForLeaderEpochRequest: lambda n: rows(OffsetForLeaderEpochRequest, "topics", n, "partitions"),
    DeleteRecordsRequest: lambda n: rows(DeleteRecordsRequest, "topics", n, "partitions", timeout_ms=1000),
    CreateTopicsRequest: lambda n: {"topics": [{"name": n.topic.name, "num_partitions": 1, "replication_factor": 1}]},
    DeleteTopicsRequest: lambda n: {"topic_names": [n.topic.name], "topics": [{"name": n.topic.name}], "timeout_ms": 1000},
    CreatePartitionsRequest: lambda n: {
        "topics": [{"name": n.topic.name, "count": 2, "assignments": None}],
        "timeout_ms": 1000,
    },
    DescribeConfigsRequest: lambda n: {
        "resources": [{"resource_type": 2, "resource_name": n.topic.name, "configuration_keys": None}]
    },
    AlterConfigsRequest: lambda n: {"resources": [{"resource_type": 2, "resource_name": n.topic.name}]},
    IncrementalAlterConfigsRequest: lambda n: {"resources": [{"resource_type": 2, "resource_name": n.topic.name}]},
    DescribeProducersRequest: lambda n: rows(DescribeProducersRequest, "topics", n, "partition_indexes"),
    DescribeTopicPartitionsRequest: lambda n: {"topics": [{"name": n.topic.name}]},
}  # fmt: skip

BY_GROUP: dict[Message, Callable[[Names], dict[str, Any]]] = {
    OffsetCommitRequest: lambda n: rows(OffsetCommitRequest, "topics", n, "partitions", group_id=n.group),
    OffsetFetchRequest: lambda n: rows(
        OffsetFetchRequest, "topics", n, "partition_indexes", group_id=n.group,
        groups=[{"group_id": n.group, "topics": None}]
    ),
    FindCoordinatorRequest: lambda n: {"key": n.group, "key_type": 0, "coordinator_keys": [n.group]},
    JoinGroupRequest: lambda n: {
        "group_id": n.group, "session_timeout_ms": 10_000, "rebalance_timeout_ms": 10_000,
        "protocol_type": "consumer", "protocols": [{"name": "range", "metadata": b""}],
    },
    SyncGroupRequest: lambda n: {
        "group_id": n.group, "generation_id": 1, "member_id": "m", "protocol_type": "consumer", "protocol_name": "range",
    },
    HeartbeatRequest: lambda n: {"group_id": n.group, "generation_id": 1, "member_id": "m"},
    LeaveGroupRequest: lambda n: {"group_id": n.group, "member_id": "m", "members": [{"member_id": "m"}]},
    DescribeGroupsRequest: lambda n: {"groups": [n.group]},
    DeleteGroupsRequest: lambda n: {"groups_names": [n.group]},
    OffsetDeleteRequest: lambda n: rows(OffsetDeleteRequest, "topics", n, "partitions", group_id=n.group),
    ShareGroupHeartbeatRequest: lambda n: {"group_id": n.group, "member_id": "m", "member_epoch": 0},
}  # fmt: skip

BY_NEW_GROUP: dict[Message, Callable[[Names], dict[str, Any]]] = {
    ConsumerGroupHeartbeatRequest: lambda n: {"group_id": n.group, "member_id": "m", "member_epoch": 0},
    ConsumerGroupDescribeRequest: lambda n: {"group_ids": [n.group]},
}

BY_TRANSACTIONAL_ID: dict[Message, Callable[[Names], dict[str, Any]]] = {
    InitProducerIdRequest: lambda n: {"transactional_id": n.transactional_id, "transaction_timeout_ms": 1000},
    AddOffsetsToTxnRequest: lambda n: {"transactional_id": n.transactional_id, "producer_id": 1, "group_id": n.group},
    EndTxnRequest: lambda n: {"transactional_id": n.transactional_id, "producer_id": 1},
    TxnOffsetCommitRequest: lambda n: rows(
        TxnOffsetCommitRequest, "topics", n, "partitions", transactional_id=n.transactional_id,
        group_id=n.group, producer_id=1,
    ),
    DescribeTransactionsRequest: lambda n: {"transactional_ids": [n.transactional_id]},
}  # fmt: skip

BY_CLUSTER: dict[Message, Callable[[Names], dict[str, Any]]] = {
    DescribeAclsRequest: lambda n: {
        "resource_type_filter": 1, "resource_name_filter": None, "pattern_type_filter": 3, "principal_filter": None,
        "host_filter": None, "operation": 1, "permission_type": 1,
    },
    CreateAclsRequest: lambda n: {
        "creations": [
            {
                "resource_type": 2, "resource_name": "t", "resource_pattern_type": 3, "principal": "User:x", "host": "*",
                "operation": 3, "permission_type": 3,
            }
        ]
    },
    DeleteAclsRequest: lambda n: {
        "filters": [
            {
                "resource_type_filter": 2, "resource_name_filter": n.topic.name, "pattern_type_filter": 3,
                "principal_filter": None, "host_filter": None, "operation": 1, "permission_type": 1,
            }
        ]
    },
    DescribeConfigsRequest: lambda n: {
        "resources": [{"resource_type": 4, "resource_name": str(n.node), "configuration_keys": None}]
    },
    AlterConfigsRequest: lambda n: {"resources": [{"resource_type": 4, "resource_name": str(n.node)}]},
    IncrementalAlterConfigsRequest: lambda n: {"resources": [{"resource_type": 4, "resource_name": str(n.node)}]},
    AlterReplicaLogDirsRequest: lambda n: {
        "dirs": [{"path": "/x", "topics": [{"name": n.topic.name, "partitions": [0]}]}]
    },
    ElectLeadersRequest: lambda n: {"topic_partitions": [{"topic": n.topic.name, "partitions": [0]}], "timeout_ms": 1000},
    AlterPartitionReassignmentsRequest: lambda n: {
        "topics": [{"name": n.topic.name, "partitions": [{"partition_index": 0, "replicas": None}]}],
        "timeout_ms": 1000,
    },
    ListPartitionReassignmentsRequest: lambda n: {"topics": None, "timeout_ms": 1000},
    DescribeClientQuotasRequest: lambda n: {"components": []},
    AlterClientQuotasRequest: lambda n: {
        "entries": [{"entity": [{"entity_type": "user", "entity_name": "x"}], "ops": []}],
        "validate_only": True,
    },
    DescribeUserScramCredentialsRequest: lambda n: {"users": [{"name": "x"}]},
    AlterUserScramCredentialsRequest: lambda n: {"deletions": [{"name": "nobody", "mechanism": 1}]},
    UpdateFeaturesRequest: lambda n: {"feature_updates": [{"feature": "x", "max_version_level": 1}], "timeout_ms": 1000},
    UnregisterBrokerRequest: lambda n: {"broker_id": 4242},
    ListConfigResourcesRequest: lambda n: {"resource_types": []},
}  # fmt: skip


@case(*BY_TOPIC, feature=FEATURE, why=WHY, also=APIS, needs=NEEDS)
def test_topic(alice: Kafka, names: Names, api: Message) -> None:
    """A topic that the user may not touch answers TOPIC_AUTHORIZATION_FAILED, for each partition or for the topic."""
    found = codes(alice.ask(asked(api, BY_TOPIC, names)))
    assert found - {0} == {ErrorCode.TOPIC_AUTHORIZATION_FAILED}


@case(ProduceRequest, versions="3+", feature=FEATURE, why=WHY, also=APIS, needs=NEEDS)
def test_produce(alice: Kafka, names: Names) -> None:
    """Records for a topic that the user may not write to answer TOPIC_AUTHORIZATION_FAILED, and are not stored."""
    answer = alice.produce(names.topic, b"x")
    assert answer.error_code == ErrorCode.TOPIC_AUTHORIZATION_FAILED


@case(*BY_GROUP, feature=FEATURE, why=WHY, also=APIS, needs=NEEDS)
def test_group(alice: Kafka, names: Names, api: Message) -> None:
    """A group that the user may not touch answers GROUP_AUTHORIZATION_FAILED."""
    found = codes(alice.ask(asked(api, BY_GROUP, names)))
    assert found - {0} == {ErrorCode.GROUP_AUTHORIZATION_FAILED}


@case(*BY_NEW_GROUP, feature=FEATURE, why=WHY, also=APIS, needs=(*NEEDS, Feature("group.version", 1)))
def test_new_group(alice: Kafka, names: Names, api: Message) -> None:
    """The same of groups of the new consumer protocol."""
    found = codes(alice.ask(asked(api, BY_NEW_GROUP, names)))
    assert found - {0} == {ErrorCode.GROUP_AUTHORIZATION_FAILED}


@case(*BY_TRANSACTIONAL_ID, feature=FEATURE, why=WHY, also=APIS, needs=NEEDS)
def test_transactional_id(alice: Kafka, names: Names, api: Message) -> None:
    """A transactional id that the user may not touch answers TRANSACTIONAL_ID_AUTHORIZATION_FAILED."""
    found = codes(alice.ask(asked(api, BY_TRANSACTIONAL_ID, names)))
    assert found - {0} == {ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED}


@case(*BY_CLUSTER, feature=FEATURE, why=WHY, also=APIS, needs=NEEDS)
def test_cluster(alice: Kafka, names: Names, api: Message) -> None:
    """What is the cluster's business answers CLUSTER_AUTHORIZATION_FAILED to who may not touch it."""
    found = codes(alice.ask(asked(api, BY_CLUSTER, names)))
    assert found - {0} == {ErrorCode.CLUSTER_AUTHORIZATION_FAILED}


@case(FindCoordinatorRequest, versions="1+", feature=FEATURE, why=WHY, also=APIS, needs=NEEDS)
def test_coordinator_of_a_transactional_id(alice: Kafka, names: Names) -> None:
    """The coordinator of a transactional id is refused like the id itself."""
    key = names.transactional_id
    found = codes(alice.ask(FindCoordinatorRequest(key=key, key_type=1, coordinator_keys=[key])))
    assert found - {0} == {ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED}


@case(DescribeLogDirsRequest, versions="3+", feature=FEATURE, why="KIP-784", also=APIS, needs=NEEDS)
def test_log_dirs(alice: Kafka, names: Names) -> None:
    """Log directories are the cluster's business: CLUSTER_AUTHORIZATION_FAILED, and none is named."""
    answer = alice.ask(DescribeLogDirsRequest(topics=None))
    assert (answer.error_code, list(answer.results)) == (ErrorCode.CLUSTER_AUTHORIZATION_FAILED, [])


@case(DescribeLogDirsRequest, versions="0-2", feature=FEATURE, why="KIP-784", also=APIS, needs=NEEDS)
def test_log_dirs_without_a_code(alice: Kafka, names: Names) -> None:
    """Versions that have no code for it answer that there are no log directories."""
    assert list(alice.ask(DescribeLogDirsRequest(topics=None)).results) == []
