"""DescribeCluster (KIP-700, KIP-919)."""

from __future__ import annotations

from pathlib import Path

import pytest

from pykbroker.core.cluster.image import BrokerImage, Endpoint
from tests.api.harness import client_at
from wire.errors import ErrorCode


@pytest.mark.parametrize("version", range(3))
async def test_in_every_version(tmp_path: Path, version: int) -> None:
    other = BrokerImage(1, 0, (Endpoint("PLAINTEXT", "elsewhere", 9093),), "r1")
    async with client_at(tmp_path, other_brokers=(other,)) as client:
        answer = await client.call("DescribeCluster", version)
        assert (answer.error_code, answer.cluster_id) == (0, client.cluster.cluster_id)
        assert answer.controller_id == 0
        assert [(each.broker_id, each.host, each.port, each.rack) for each in answer.brokers] == [
            (0, "127.0.0.7", 19092, None),
            (1, "elsewhere", 9093, "r1"),
        ]
        assert not any(each.is_fenced for each in answer.brokers)
        assert answer.cluster_authorized_operations == -(2**31)
        asked = await client.call("DescribeCluster", version, include_cluster_authorized_operations=True)
        assert asked.cluster_authorized_operations == 8096


@pytest.mark.parametrize(
    ("endpoint_type", "code"),
    [(2, ErrorCode.MISMATCHED_ENDPOINT_TYPE), (9, ErrorCode.UNSUPPORTED_ENDPOINT_TYPE)],
)
async def test_only_brokers_are_told(tmp_path: Path, endpoint_type: int, code: ErrorCode) -> None:
    async with client_at(tmp_path) as client:
        answer = await client.call("DescribeCluster", 1, endpoint_type=endpoint_type)
        assert answer.error_code == code
        assert answer.error_message


async def test_a_controller_that_the_client_cannot_reach_is_not_named(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        client.broker.advertises = True
        client.connection.listener = "OTHER"
        answer = await client.call("DescribeCluster", 2)
        assert (answer.controller_id, list(answer.brokers)) == (-1, [])
