"""DeleteTopics by name and by id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pykbroker.core.controller.creation import NewTopic
from tests.api.harness import Client, client_at
from wire.errors import ErrorCode
from wire.messages.delete_topics import DeleteTopicState

ALL_VERSIONS = range(7)
UNKNOWN_ID = b"\x09" * 16


async def make(client: Client, *names: str) -> None:
    await client.cluster.controller.create_topics([NewTopic(name, 1, 1) for name in names])


async def delete(client: Client, version: int, *topics: str | bytes | tuple[str, bytes]) -> list[Any]:
    if version < 6:
        answer = await client.call("DeleteTopics", version, topic_names=list(topics))
    else:
        states = [
            DeleteTopicState(name=each)
            if isinstance(each, str)
            else DeleteTopicState(name=None, topic_id=each)
            if isinstance(each, bytes)
            else DeleteTopicState(name=each[0], topic_id=each[1])
            for each in topics
        ]
        answer = await client.call("DeleteTopics", version, topics=states)
    return list(answer.responses)


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_by_name_in_every_version(tmp_path: Path, version: int) -> None:
    async with client_at(tmp_path) as client:
        await make(client, "a", "b")
        topic_id = client.cluster.image.topics["a"].topic_id
        results = {each.name: each for each in await delete(client, version, "a", "nope")}
        assert results["a"].error_code == 0
        assert results["a"].topic_id == (topic_id if version >= 6 else bytes(16))
        assert results["nope"].error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        assert bool(results["nope"].error_message) == (version >= 5)
        assert set(client.cluster.image.topics) == {"b"}


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_an_empty_name_is_an_unknown_topic(tmp_path: Path, version: int) -> None:
    async with client_at(tmp_path) as client:
        (result,) = await delete(client, version, "")
        assert (result.name, result.error_code) == ("", ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)


async def test_by_id(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await make(client, "a", "b")
        topic_id = client.cluster.image.topics["a"].topic_id
        results = {each.topic_id: each for each in await delete(client, 6, topic_id, UNKNOWN_ID)}
        assert (results[topic_id].name, results[topic_id].error_code) == ("a", 0)
        unknown = results[UNKNOWN_ID]
        assert (unknown.name, unknown.error_code) == (None, ErrorCode.UNKNOWN_TOPIC_ID)
        assert set(client.cluster.image.topics) == {"b"}


async def test_what_is_asked_for_in_two_ways_is_left_alone(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await make(client, "a", "b", "c")
        ids = {name: topic.topic_id for name, topic in client.cluster.image.topics.items()}
        results = await delete(client, 6, "a", ids["a"], "b", "b", ("c", ids["c"]), bytes(16))
        assert {each.error_code for each in results} == {ErrorCode.INVALID_REQUEST}
        assert all(each.error_message for each in results)
        assert sorted((each.name or "", each.topic_id) for each in results) == [
            ("", bytes(16)), ("a", ids["a"]), ("b", bytes(16)), ("c", ids["c"]),
        ]  # fmt: skip
        assert set(client.cluster.image.topics) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("version", "code"),
    [
        (2, ErrorCode.INVALID_REQUEST),
        (3, ErrorCode.TOPIC_DELETION_DISABLED),
        (6, ErrorCode.TOPIC_DELETION_DISABLED),
    ],
)
async def test_switched_off(tmp_path: Path, version: int, code: ErrorCode) -> None:
    async with client_at(tmp_path, {"delete.topic.enable": "false"}) as client:
        await make(client, "a")
        (result,) = await delete(client, version, "a")
        assert (result.name, result.error_code) == ("a", code)
        assert set(client.cluster.image.topics) == {"a"}


async def test_a_topic_made_anew_is_another_one(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await make(client, "a")
        before = client.cluster.image.topics["a"].topic_id
        await delete(client, 6, "a")
        await make(client, "a")
        (result,) = await delete(client, 6, before)
        assert result.error_code == ErrorCode.UNKNOWN_TOPIC_ID
        assert "a" in client.cluster.image.topics


async def test_the_brokers_own_topics_can_be_deleted_and_come_back(tmp_path: Path) -> None:
    async with client_at(tmp_path) as client:
        await client.cluster.controller.ensure_topic("__consumer_offsets")
        (result,) = await delete(client, 6, "__consumer_offsets")
        assert result.error_code == 0
        await client.cluster.controller.ensure_topic("__consumer_offsets")
