"""CreatePartitions (KIP-195)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pykbroker.core.controller.creation import NewTopic
from tests.api.harness import Client, client_at
from wire.errors import ErrorCode
from wire.messages.create_partitions import CreatePartitionsAssignment, CreatePartitionsTopic


async def grow(client: Client, *topics: Any, version: int = 3, validate_only: bool = False) -> dict[str, Any]:
    answer = await client.call("CreatePartitions", version, topics=list(topics), validate_only=validate_only)
    return {each.name: each for each in answer.results}


def wanted(name: str, count: int, *assignments: list[int]) -> Any:
    by_hand = [CreatePartitionsAssignment(broker_ids=each) for each in assignments]
    return CreatePartitionsTopic(name=name, count=count, assignments=by_hand or None)


@pytest.mark.parametrize("version", range(4))
async def test_in_every_version(tmp_path: Path, version: int) -> None:
    async with client_at(tmp_path) as client:
        await client.cluster.controller.create_topics([NewTopic("t", 1, 1)])
        results = await grow(client, wanted("t", 3), version=version)
        assert (results["t"].error_code, results["t"].error_message) == (0, None)
        assert len(client.cluster.image.topics["t"].partitions) == 3


async def test_a_result_for_each_topic(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await client.cluster.controller.create_topics([NewTopic(name, 2, 1) for name in "abcd"])
        results = await grow(
            client,
            wanted("a", 3, [0]),
            wanted("b", 2),
            wanted("c", 3, [7]),
            wanted("d", 3),
            wanted("d", 4),
            wanted("nope", 3),
        )
        assert {name: each.error_code for name, each in results.items()} == {
            "a": 0,
            "b": ErrorCode.INVALID_PARTITIONS,
            "c": ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            "d": ErrorCode.INVALID_REQUEST,
            "nope": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        }
        assert all(each.error_message for each in results.values() if each.error_code)
        sizes = {name: len(topic.partitions) for name, topic in client.cluster.image.topics.items()}
        assert sizes == {"a": 3, "b": 2, "c": 2, "d": 2}


async def test_validate_only(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await client.cluster.controller.create_topics([NewTopic("t", 1, 1)])
        results = await grow(client, wanted("t", 3), validate_only=True)
        assert results["t"].error_code == 0
        assert len(client.cluster.image.topics["t"].partitions) == 1
