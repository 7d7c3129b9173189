"""DescribeCluster, DescribeQuorum, UpdateFeatures, UnregisterBroker, ListConfigResources."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Kafka, case, eventually, make
from conformance.admin import (
    BROKER,
    CLIENT_METRICS,
    DELETE,
    GROUP_CONFIG,
    NOTHING_TO_SAY,
    SET,
    TOPIC,
    alter,
)
from wire.errors import ErrorCode
from wire.messages.describe_cluster import DescribeClusterRequest
from wire.messages.describe_quorum import DescribeQuorumRequest
from wire.messages.incremental_alter_configs import IncrementalAlterConfigsRequest
from wire.messages.list_config_resources import ListConfigResourcesRequest
from wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from wire.messages.unregister_broker import UnregisterBrokerRequest
from wire.messages.update_features import UpdateFeaturesRequest

CLUSTER, QUORUM, FEATURES, RESOURCES = "cluster", "quorum", "features", "config resources"
# bit n: AclOperation n; create, alter, describe, cluster action, describe configs, alter configs, idempotent write
CLUSTER_OPERATIONS = sum(1 << n for n in (5, 7, 8, 9, 10, 11, 12))
TOPIC_OPERATIONS = sum(1 << n for n in (3, 4, 5, 6, 7, 8, 10, 11))
METADATA_LOG = "__cluster_metadata"

# --- DescribeCluster


@case(DescribeClusterRequest, feature=CLUSTER, why="KIP-700; KafkaApis.handleDescribeCluster")
def test_brokers(kafka: Kafka) -> None:
    """DescribeCluster names the brokers and the cluster as Metadata does, and a controller among them."""
    answer = kafka.ask(DescribeClusterRequest())
    metadata = kafka.ask(MetadataRequest(topics=[]))
    assert answer.error_code == 0
    assert answer.cluster_id == metadata.cluster_id
    rows = {(row.broker_id, row.host, row.port, row.rack) for row in answer.brokers}
    assert rows == {(row.node_id, row.host, row.port, row.rack) for row in metadata.brokers}
    assert answer.controller_id in kafka.nodes


@case(DescribeClusterRequest, feature=CLUSTER, why="KIP-430, KIP-700")
def test_operations_not_asked_for(kafka: Kafka) -> None:
    """Authorized operations that were not asked for are the least int32."""
    assert kafka.ask(DescribeClusterRequest()).cluster_authorized_operations == NOTHING_TO_SAY


@case(DescribeClusterRequest, feature=CLUSTER, why="KIP-430, KIP-700; AclEntry.supportedOperations")
def test_operations(kafka: Kafka) -> None:
    """Who may do all has a bit for each operation that a cluster knows."""
    answer = kafka.ask(DescribeClusterRequest(include_cluster_authorized_operations=True))
    assert answer.cluster_authorized_operations == CLUSTER_OPERATIONS


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (2, ErrorCode.MISMATCHED_ENDPOINT_TYPE),
        (0, ErrorCode.UNSUPPORTED_ENDPOINT_TYPE),
        (3, ErrorCode.UNSUPPORTED_ENDPOINT_TYPE),
        (-1, ErrorCode.UNSUPPORTED_ENDPOINT_TYPE),
    ],
)
@case(
    DescribeClusterRequest,
    versions="1+",
    feature=CLUSTER,
    why="KIP-919; AuthHelper.computeDescribeClusterResponse",
)
def test_endpoint_type(kafka: Kafka, kind: int, code: int) -> None:
    """A broker is no endpoint of controllers, and other types are not known; the answer names no brokers."""
    answer = kafka.ask(DescribeClusterRequest(endpoint_type=kind))
    assert (answer.error_code, list(answer.brokers)) == (code, [])
    assert answer.error_message


@case(DescribeClusterRequest, versions="1+", feature=CLUSTER, why="KIP-919")
def test_endpoint_type_of_the_answer(kafka: Kafka) -> None:
    """The answer says that it comes from a broker."""
    assert kafka.ask(DescribeClusterRequest()).endpoint_type == 1


@case(DescribeClusterRequest, versions="2+", feature=CLUSTER, why="KIP-1073")
def test_fenced_brokers(kafka: Kafka) -> None:
    """With fenced brokers asked for, those that live are there as well, and not fenced."""
    answer = kafka.ask(DescribeClusterRequest(include_fenced_brokers=True))
    assert set(kafka.nodes) <= {row.broker_id for row in answer.brokers if not row.is_fenced}


@case(MetadataRequest, versions="8-10", feature=CLUSTER, why="KIP-430")
def test_cluster_operations_in_metadata(kafka: Kafka) -> None:
    """Metadata gives the cluster's authorized operations if asked for, else the least int32."""
    asked = kafka.ask(MetadataRequest(topics=[], include_cluster_authorized_operations=True))
    assert asked.cluster_authorized_operations == CLUSTER_OPERATIONS
    assert kafka.ask(MetadataRequest(topics=[])).cluster_authorized_operations == NOTHING_TO_SAY


@case(MetadataRequest, versions="8+", feature=CLUSTER, why="KIP-430; AclEntry.supportedOperations")
def test_topic_operations_in_metadata(kafka: Kafka) -> None:
    """Metadata gives a topic's authorized operations if asked for, else the least int32."""
    topics = [MetadataRequestTopic(name=kafka.topic().name)]
    (asked,) = kafka.ask(MetadataRequest(topics=topics, include_topic_authorized_operations=True)).topics
    (not_asked,) = kafka.ask(MetadataRequest(topics=topics)).topics
    assert asked.topic_authorized_operations == TOPIC_OPERATIONS
    assert not_asked.topic_authorized_operations == NOTHING_TO_SAY


# --- DescribeQuorum


def quorum(kafka: Kafka, topic: str = METADATA_LOG, partition: int = 0) -> Any:
    row = {"topic_name": topic, "partitions": [{"partition_index": partition}]}
    return kafka.ask(make(DescribeQuorumRequest, {"topics": [row]}))


@case(DescribeQuorumRequest, feature=QUORUM, why="KIP-595; KafkaRaftClient.handleDescribeQuorumRequest")
def test_quorum(kafka: Kafka) -> None:
    """The metadata log has a leader among its voters, who have read as far as the high watermark."""
    answer = quorum(kafka)
    assert answer.error_code == 0
    ((row,),) = [topic.partitions for topic in answer.topics]
    assert (row.error_code, row.partition_index) == (0, 0)
    voters = {voter.replica_id: voter.log_end_offset for voter in row.current_voters}
    assert voters[row.leader_id] >= row.high_watermark > 0
    assert row.leader_epoch > 0


@case(DescribeQuorumRequest, versions="1+", feature=QUORUM, why="KIP-836")
def test_quorum_times(kafka: Kafka) -> None:
    """The leader has caught up with itself just now, in ms of the clock."""
    ((row,),) = [topic.partitions for topic in quorum(kafka).topics]
    (leader,) = [voter for voter in row.current_voters if voter.replica_id == row.leader_id]
    assert leader.last_fetch_timestamp == leader.last_caught_up_timestamp > 1_500_000_000_000


@case(DescribeQuorumRequest, versions="2+", feature=QUORUM, why="KIP-853")
def test_quorum_nodes(kafka: Kafka) -> None:
    """The voters are given with the listeners at which they are reached."""
    answer = quorum(kafka)
    ((row,),) = [topic.partitions for topic in answer.topics]
    nodes = {node.node_id: node for node in answer.nodes}
    assert {voter.replica_id for voter in row.current_voters} <= nodes.keys()
    assert all(listener.port for node in nodes.values() for listener in node.listeners)


@pytest.mark.parametrize(("topic", "partition"), [("no-such-log", 0), (METADATA_LOG, 1)])
@case(DescribeQuorumRequest, feature=QUORUM, why="DescribeQuorumRequest.getPartitionLevelErrorResponse")
def test_quorum_of_something_else(kafka: Kafka, topic: str, partition: int) -> None:
    """Anything but partition 0 of the metadata log answers UNKNOWN_TOPIC_OR_PARTITION."""
    answer = quorum(kafka, topic, partition)
    ((row,),) = [found.partitions for found in answer.topics]
    assert (answer.error_code, row.error_code) == (0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)


# --- UpdateFeatures: nothing here can succeed, or it is only validated


def update(kafka: Kafka, *rows: tuple[str, int, int], validate_only: bool = True) -> Any:
    """rows: (feature, level, upgrade type)."""
    updates = [
        {"feature": name, "max_version_level": level, "upgrade_type": kind, "allow_downgrade": kind > 1}
        for name, level, kind in rows
    ]
    return kafka.ask(
        make(
            UpdateFeaturesRequest,
            {"feature_updates": updates, "validate_only": validate_only, "timeout_ms": 10_000},
        )
    )


@pytest.mark.parametrize(
    "row",
    [("no.such.feature", 1, 1), ("", 1, 1), ("metadata.version", 999, 1), ("group.version", -1, 1), ("group.version", 0, 1)],
    ids=str,
)  # fmt: skip
@case(UpdateFeaturesRequest, feature=FEATURES, why="KIP-584, KIP-778; FeatureControlManager", line="4.x")
def test_feature_refused(kafka: Kafka, row: tuple[str, int, int]) -> None:
    """An unknown feature, an unknown level, and a downgrade that is not called one answer INVALID_UPDATE_VERSION."""
    answer = update(kafka, row, validate_only=False)
    assert answer.error_code == ErrorCode.INVALID_UPDATE_VERSION
    assert row[0] in answer.error_message


@case(
    UpdateFeaturesRequest, versions="1+", feature=FEATURES, why="KIP-778; FeatureControlManager", line="4.x"
)
def test_unknown_upgrade_type(kafka: Kafka) -> None:
    """An upgrade type that is not known answers INVALID_UPDATE_VERSION."""
    assert update(kafka, ("group.version", 1, 0)).error_code == ErrorCode.INVALID_UPDATE_VERSION


@case(UpdateFeaturesRequest, feature=FEATURES, why="FeatureControlManager.updateFeatures", line="4.x")
def test_one_bad_feature(kafka: Kafka) -> None:
    """One bad feature, and none of the request is changed: the error is that of the whole."""
    answer = update(kafka, ("no.such.feature", 1, 1), ("group.version", 1, 1))
    assert answer.error_code == ErrorCode.INVALID_UPDATE_VERSION
    assert list(answer.results) == []


@case(UpdateFeaturesRequest, versions="1+", feature=FEATURES, why="KIP-778", line="4.x")
def test_same_level(kafka: Kafka) -> None:
    """To set a feature to the level that it has is no error."""
    level = kafka.subject.features.get("metadata.version", 0)
    assert update(kafka, ("metadata.version", level, 1)).error_code == 0


@case(UpdateFeaturesRequest, feature=FEATURES, why="KIP-584")
def test_no_features(kafka: Kafka) -> None:
    """A request about no feature answers no error."""
    answer = update(kafka)
    assert (answer.error_code, list(answer.results)) == (0, [])


# --- UnregisterBroker


@pytest.mark.parametrize("broker", [4242, -1, 2**31 - 1])
@case(UnregisterBrokerRequest, feature=CLUSTER, why="KIP-631; ClusterControlManager.unregisterBroker")
def test_unregister_nobody(kafka: Kafka, broker: int) -> None:
    """A broker that is not registered answers BROKER_ID_NOT_REGISTERED."""
    answer = kafka.ask(UnregisterBrokerRequest(broker_id=broker))
    assert answer.error_code == ErrorCode.BROKER_ID_NOT_REGISTERED
    assert answer.error_message


# --- ListConfigResources


def resources(kafka: Kafka, *kinds: int, version: int | None = None) -> set[tuple[int, str]]:
    answer = kafka.ask(ListConfigResourcesRequest(resource_types=list(kinds)), version)
    assert answer.error_code == 0
    return {(row.resource_type, row.resource_name) for row in answer.config_resources}


@case(
    ListConfigResourcesRequest,
    versions="1+",
    feature=RESOURCES,
    why="KIP-1142; KafkaApis.handleListConfigResources",
)
def test_topics_and_brokers(kafka: Kafka) -> None:
    """Topics and brokers are there whether something is set on them or not."""
    topic = kafka.topic()
    assert (TOPIC, topic.name) in resources(kafka, TOPIC)
    assert {kind for kind, _ in resources(kafka, TOPIC)} == {TOPIC}
    assert resources(kafka, BROKER) >= {(BROKER, str(node)) for node in kafka.nodes}


@case(ListConfigResourcesRequest, versions="1+", feature=RESOURCES, why="KIP-1142")
def test_all_kinds(kafka: Kafka) -> None:
    """No types ask for all."""
    topic = kafka.topic()
    found = resources(kafka)
    assert (TOPIC, topic.name) in found
    assert {(BROKER, str(node)) for node in kafka.nodes} <= found


@pytest.mark.parametrize("kinds", [[0], [1], [3], [99], [TOPIC, 99]], ids=str)
@case(ListConfigResourcesRequest, versions="1+", feature=RESOURCES, why="KIP-1142")
def test_unknown_kind(kafka: Kafka, kinds: list[int]) -> None:
    """A type that is not known answers UNSUPPORTED_VERSION, and no resources."""
    answer = kafka.ask(ListConfigResourcesRequest(resource_types=kinds))
    assert (answer.error_code, list(answer.config_resources)) == (ErrorCode.UNSUPPORTED_VERSION, [])


@case(
    ListConfigResourcesRequest,
    versions="1+",
    feature=RESOURCES,
    why="KIP-1142",
    also=(IncrementalAlterConfigsRequest,),
)
def test_groups(kafka: Kafka) -> None:
    """A group is listed while something is set on it."""
    group, key = kafka.name("group"), "consumer.session.timeout.ms"
    assert (GROUP_CONFIG, group) not in resources(kafka, GROUP_CONFIG)
    alter(kafka, GROUP_CONFIG, group, (key, SET, "46000"))
    eventually(lambda: (GROUP_CONFIG, group) in resources(kafka, GROUP_CONFIG))
    alter(kafka, GROUP_CONFIG, group, (key, DELETE, None))
    eventually(lambda: (GROUP_CONFIG, group) not in resources(kafka, GROUP_CONFIG))


@case(
    ListConfigResourcesRequest,
    feature=RESOURCES,
    why="KIP-714, KIP-1142",
    also=(IncrementalAlterConfigsRequest,),
)
def test_client_metrics(kafka: Kafka, version: int) -> None:
    """A client metrics subscription is listed; version 0 lists these alone."""
    name = kafka.name("metrics")
    alter(kafka, CLIENT_METRICS, name, ("interval.ms", SET, "1000"))
    eventually(lambda: (CLIENT_METRICS, name) in resources(kafka, CLIENT_METRICS))
    if version == 0:
        assert {kind for kind, _ in resources(kafka)} == {CLIENT_METRICS}
    alter(kafka, CLIENT_METRICS, name, ("interval.ms", DELETE, None))
