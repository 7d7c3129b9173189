"""CreateTopics: each topic for itself, and there when it is answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.api.harness import Client, client_at
from wire.errors import ErrorCode
from wire.messages.create_topics import CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig

ALL_VERSIONS = range(8)


def topic(name: str, partitions: int = 1, replicas: int = 1, **configs: str | None) -> Any:
    settings = [
        CreatableTopicConfig(name=key.replace("_", "."), value=value) for key, value in configs.items()
    ]
    return CreatableTopic(name=name, num_partitions=partitions, replication_factor=replicas, configs=settings)


async def create(client: Client, *topics: Any, version: int = 7, validate_only: bool = False) -> list[Any]:
    asked: dict[str, Any] = {"validate_only": validate_only} if version >= 1 else {}
    answer = await client.call("CreateTopics", version, topics=list(topics), **asked)
    return list(answer.topics)


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_created_in_every_version(tmp_path: Path, version: int) -> None:
    async with client_at(tmp_path) as client:
        (result,) = await create(client, topic("t", 3, retention_ms="5"), version=version)
        assert (result.name, result.error_code, bool(result.error_message)) == ("t", 0, False)
        made = client.cluster.image.topics["t"]
        assert len(made.partitions) == 3
        assert made.config == {"retention.ms": "5"}
        assert result.topic_id == (made.topic_id if version >= 7 else bytes(16))
        if version >= 5:
            assert (result.num_partitions, result.replication_factor) == (3, 1)


async def test_the_answer_tells_all_settings_and_where_they_come_from(tmp_path: Path) -> None:
    async with client_at(tmp_path, {"log.segment.bytes": "1048576"}) as client:
        (result,) = await create(client, topic("t", retention_ms="5"))
        told = {each.name: (each.value, each.config_source) for each in result.configs}
        assert told["retention.ms"] == ("5", 1)
        assert told["segment.bytes"] == ("1048576", 4)
        assert told["cleanup.policy"] == ("delete", 5)
        assert len(told) >= 33
        assert [each.name for each in result.configs] == sorted(told)


async def test_a_result_for_each_topic(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await create(client, topic("have"))
        results = await create(
            client,
            topic("new"),
            topic("have"),
            topic("no such name"),
            topic("p", partitions=0),
            topic("r", replicas=2),
            topic("c", nonsense="1"),
            topic("twice"),
            topic("twice"),
        )
        codes = {each.name: each.error_code for each in results}
        assert codes == {
            "new": 0,
            "have": ErrorCode.TOPIC_ALREADY_EXISTS,
            "no such name": ErrorCode.INVALID_TOPIC_EXCEPTION,
            "p": ErrorCode.INVALID_PARTITIONS,
            "r": ErrorCode.INVALID_REPLICATION_FACTOR,
            "c": ErrorCode.INVALID_CONFIG,
            "twice": ErrorCode.INVALID_REQUEST,
        }
        assert all(each.error_message for each in results if each.error_code)
        assert len(results) == len(codes)
        assert set(client.cluster.image.topics) == {"have", "new"}


async def test_validate_only(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        results = await create(client, topic("t", 4), topic("u", 0), version=5, validate_only=True)
        assert [(each.error_code, each.num_partitions) for each in results] == [
            (0, 4),
            (ErrorCode.INVALID_PARTITIONS, -1),
        ]
        assert client.cluster.image.topics == {}


async def test_manual_assignment(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        by_hand = CreatableTopic(
            name="t",
            num_partitions=-1,
            replication_factor=-1,
            assignments=[
                CreatableReplicaAssignment(partition_index=1, broker_ids=[0]),
                CreatableReplicaAssignment(partition_index=0, broker_ids=[0]),
            ],
        )
        (result,) = await create(client, by_hand)
        assert (result.error_code, result.num_partitions) == (0, 2)
        by_hand.name, by_hand.num_partitions = "u", 2
        (result,) = await create(client, by_hand)
        assert result.error_code == ErrorCode.INVALID_REQUEST


async def test_a_null_setting_is_refused(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        (result,) = await create(client, topic("t", retention_ms=None))
        assert result.error_code == ErrorCode.INVALID_CONFIG
        assert "Null value not supported" in result.error_message


async def test_a_broker_that_does_not_control_refuses_each_topic(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await client.cluster.store.set("/controller_epoch", b"7")
        results = await create(client, topic("a"), topic("b"))
        assert [each.error_code for each in results] == [ErrorCode.NOT_CONTROLLER] * 2
