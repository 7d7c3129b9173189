"""DescribeCluster: brokers, controller and cluster id, apart from topics (KIP-700)."""

from __future__ import annotations

import pytest

from conformance import Kafka, case
from wire.errors import ErrorCode
from wire.messages.describe_cluster import DescribeClusterRequest
from wire.messages.metadata import MetadataRequest

FEATURE = "describe cluster"
WHY = "KIP-700; KafkaApis.handleDescribeCluster"
BROKERS, CONTROLLERS = 1, 2
NOT_ASKED = -(2**31)


@case(DescribeClusterRequest, feature=FEATURE, why=WHY)
def test_the_cluster(kafka: Kafka) -> None:
    """The brokers with their addresses, none of them fenced, and no error."""
    answer = kafka.ask(DescribeClusterRequest())
    assert (answer.error_code, answer.error_message, answer.endpoint_type) == (0, None, BROKERS)
    assert {each.broker_id: (each.host, each.port) for each in answer.brokers} == kafka.subject.nodes
    assert not any(each.is_fenced for each in answer.brokers)
    assert answer.controller_id in kafka.subject.nodes


@case(DescribeClusterRequest, feature=FEATURE, why=WHY, also=(MetadataRequest,))
def test_the_same_cluster_as_in_metadata(kafka: Kafka) -> None:
    """Cluster id and brokers are those of Metadata."""
    answer, metadata = kafka.ask(DescribeClusterRequest()), kafka.ask(MetadataRequest(topics=[]))
    assert answer.cluster_id == metadata.cluster_id
    assert {each.broker_id for each in answer.brokers} == {each.node_id for each in metadata.brokers}


@case(DescribeClusterRequest, feature="authorized operations", why="KIP-430, KIP-700")
def test_operations(kafka: Kafka) -> None:
    """The cluster's operations come only when they are asked for: a bit for each AclOperation."""
    assert kafka.ask(DescribeClusterRequest()).cluster_authorized_operations == NOT_ASKED
    asked = kafka.ask(DescribeClusterRequest(include_cluster_authorized_operations=True))
    assert asked.cluster_authorized_operations not in (NOT_ASKED, -1)
    assert not asked.cluster_authorized_operations & 0b111


@case(
    DescribeClusterRequest,
    versions="1+",
    feature=FEATURE,
    why="KIP-919; AuthHelper.computeDescribeClusterResponse",
)
def test_controllers_are_not_here(kafka: Kafka) -> None:
    """A broker that is asked for controllers answers MISMATCHED_ENDPOINT_TYPE, with a text and no brokers."""
    answer = kafka.ask(DescribeClusterRequest(endpoint_type=CONTROLLERS))
    assert answer.error_code == ErrorCode.MISMATCHED_ENDPOINT_TYPE
    assert answer.error_message
    assert not answer.brokers


@pytest.mark.parametrize("kind", [0, 3, -1])
@case(
    DescribeClusterRequest,
    versions="1+",
    feature=FEATURE,
    why="KIP-919; AuthHelper.computeDescribeClusterResponse",
)
def test_unknown_endpoint_type(kafka: Kafka, kind: int) -> None:
    """An endpoint type that nobody knows answers UNSUPPORTED_ENDPOINT_TYPE, with a text and no brokers."""
    answer = kafka.ask(DescribeClusterRequest(endpoint_type=kind))
    assert answer.error_code == ErrorCode.UNSUPPORTED_ENDPOINT_TYPE
    assert answer.error_message
    assert not answer.brokers


@case(DescribeClusterRequest, versions="2+", feature=FEATURE, why="KIP-1073")
def test_fenced_brokers(kafka: Kafka) -> None:
    """With fenced brokers included the live ones are still there, and say that they are not fenced."""
    answer = kafka.ask(DescribeClusterRequest(include_fenced_brokers=True))
    live = {each.broker_id for each in answer.brokers if not each.is_fenced}
    assert live == set(kafka.subject.nodes)
