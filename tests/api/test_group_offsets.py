"""OffsetCommit, OffsetFetch, OffsetDelete, DescribeGroups, ListGroups, DeleteGroups as clients of each version see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from tests.api.group_client import TOPIC_ID, Client, a_client
from wire.errors import ErrorCode
from zk.embedded import EmbeddedStore

UNKNOWN_ID = b"\xff" * 16


async def fetch(client: Client, version: int, *partitions: int, **changes: Any) -> dict[int, tuple[int, int]]:
    """Partition -> (offset, error) of topic t in group g."""
    if version < 8:
        asked = client.group(
            "OffsetFetch", "OffsetFetchRequestTopic", name="t", partition_indexes=list(partitions)
        )
        answer = await client.ask("OffsetFetch", version, **{"group_id": "g", "topics": [asked], **changes})
        assert answer.error_code == 0
        topics = answer.topics
    else:
        name = {"topic_id": TOPIC_ID} if version >= 10 else {"name": "t"}
        asked = client.group(
            "OffsetFetch", "OffsetFetchRequestTopics", partition_indexes=list(partitions), **name
        )
        group = client.group("OffsetFetch", "OffsetFetchRequestGroup", group_id="g", topics=[asked])
        answer = await client.ask("OffsetFetch", version, **{"groups": [group], **changes})
        assert answer.groups[0].error_code == 0
        topics = answer.groups[0].topics
    (only,) = topics
    assert (only.topic_id == TOPIC_ID) if version >= 10 else (only.name == "t")
    return {p.partition_index: (p.committed_offset, p.error_code) for p in only.partitions}


# --- commit and fetch -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(1, 11))
async def test_what_any_version_commits_every_version_fetches(
    autojump_clock: MockClock, version: int
) -> None:
    async with a_client() as client:
        joined = await client.stable()
        answer = await client.commit(version, 0, 2, joined=joined)
        (row,) = answer.topics
        assert [(p.partition_index, p.error_code) for p in row.partitions] == [(0, 0), (2, 0)]
        for other in range(1, 11):
            assert await fetch(client, other, 0, 1) == {0: (5, 0), 1: (-1, 0)}


@pytest.mark.parametrize("version", range(1, 11))
async def test_partitions_that_do_not_exist_are_refused_each_for_itself(
    autojump_clock: MockClock, version: int
) -> None:
    async with a_client() as client:
        answer = await client.commit(version, 3, 4, -1)
        codes = [p.error_code for p in answer.topics[0].partitions]
        assert codes == [0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]


@pytest.mark.parametrize(
    ("version", "error"), [(1, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION), (10, ErrorCode.UNKNOWN_TOPIC_ID)]
)
async def test_topics_that_do_not_exist(autojump_clock: MockClock, version: int, error: ErrorCode) -> None:
    async with a_client() as client:
        row = client.group("OffsetCommit", "OffsetCommitRequestPartition", partition_index=0)
        name = {"topic_id": UNKNOWN_ID} if version >= 10 else {"name": "gone"}
        asked = client.group("OffsetCommit", "OffsetCommitRequestTopic", partitions=[row], **name)
        answer = await client.ask("OffsetCommit", version, group_id="g", topics=[asked])
        assert answer.topics[0].partitions[0].error_code == error


@pytest.mark.parametrize(
    ("version", "error"), [(2, ErrorCode.ILLEGAL_GENERATION), (9, ErrorCode.GROUP_ID_NOT_FOUND)]
)
async def test_a_member_of_a_group_that_nobody_knows(
    autojump_clock: MockClock, version: int, error: ErrorCode
) -> None:
    async with a_client() as client:
        answer = await client.commit(version, 0, 1, generation_id_or_member_epoch=1, member_id="m")
        assert [p.error_code for p in answer.topics[0].partitions] == [error, error]


async def test_one_error_of_the_group_stands_at_all_partitions_that_exist(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        joined = await client.stable()
        joined.generation_id = 9
        answer = await client.commit(8, 0, 99, joined=joined)
        codes = [p.error_code for p in answer.topics[0].partitions]
        assert codes == [ErrorCode.ILLEGAL_GENERATION, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION]


async def test_leader_epoch_and_metadata_come_back(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        row = client.group(
            "OffsetCommit",
            "OffsetCommitRequestPartition",
            partition_index=0,
            committed_offset=7,
            committed_leader_epoch=3,
            committed_metadata="note",
        )
        asked = client.group("OffsetCommit", "OffsetCommitRequestTopic", name="t", partitions=[row])
        await client.ask("OffsetCommit", 8, group_id="g", topics=[asked])
        answer = await client.ask("OffsetFetch", 7, group_id="g", topics=None, require_stable=True)
        found = answer.topics[0].partitions[0]
        assert (found.committed_offset, found.committed_leader_epoch, found.metadata) == (7, 3, "note")


@pytest.mark.parametrize("version", [2, 5, 7])
async def test_null_topics_ask_for_all(autojump_clock: MockClock, version: int) -> None:
    async with a_client() as client:
        await client.commit(5, 0, 1)
        answer = await client.ask("OffsetFetch", version, group_id="g", topics=None)
        assert [p.partition_index for p in answer.topics[0].partitions] == [0, 1]


@pytest.mark.parametrize("version", [8, 9, 10])
async def test_kip_709_many_groups_at_once(autojump_clock: MockClock, version: int) -> None:
    async with a_client() as client:
        await client.commit(5, 0, group_id="a")
        groups = [
            client.group("OffsetFetch", "OffsetFetchRequestGroup", group_id=name, topics=None)
            for name in ("a", "b")
        ]
        answer = await client.ask("OffsetFetch", version, groups=groups)
        assert [(g.group_id, len(g.topics), g.error_code) for g in answer.groups] == [
            ("a", 1, 0),
            ("b", 0, 0),
        ]
        if version >= 10:
            assert answer.groups[0].topics[0].topic_id == TOPIC_ID


async def test_v10_a_topic_id_that_nobody_knows(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        await client.commit(5, 0)
        topics = [
            client.group("OffsetFetch", "OffsetFetchRequestTopics", topic_id=i, partition_indexes=[0])
            for i in (UNKNOWN_ID, TOPIC_ID)
        ]
        group = client.group("OffsetFetch", "OffsetFetchRequestGroup", group_id="g", topics=topics)
        answer = await client.ask("OffsetFetch", 10, groups=[group])
        rows = [
            (t.topic_id, t.partitions[0].committed_offset, t.partitions[0].error_code)
            for t in answer.groups[0].topics
        ]
        assert rows == [(UNKNOWN_ID, -1, ErrorCode.UNKNOWN_TOPIC_ID), (TOPIC_ID, 5, 0)]


@pytest.mark.parametrize("version", [1, 2, 8])
async def test_where_the_error_of_a_group_stands(autojump_clock: MockClock, version: int) -> None:
    """At each partition, then in a field of the answer, then of the group."""
    async with a_client(coordinates=False) as client:
        code = ErrorCode.NOT_COORDINATOR
        if version >= 8:
            group = client.group("OffsetFetch", "OffsetFetchRequestGroup", group_id="g", topics=None)
            answer = await client.ask("OffsetFetch", version, groups=[group])
            assert [g.error_code for g in answer.groups] == [code]
            return
        asked = client.group("OffsetFetch", "OffsetFetchRequestTopic", name="t", partition_indexes=[0, 1])
        answer = await client.ask("OffsetFetch", version, group_id="g", topics=[asked])
        if version == 1:
            assert [(p.committed_offset, p.error_code) for p in answer.topics[0].partitions] == [
                (-1, code)
            ] * 2
        else:
            assert answer.error_code == code
        committed = await client.commit(version, 0)
        assert committed.topics[0].partitions[0].error_code == code


async def test_offsets_of_a_deleted_topic_are_gone(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        await client.commit(5, 0)
        client.house.become(client.house.metadata.image.without_topics(["t"]))
        answer = await client.ask("OffsetFetch", 5, group_id="g", topics=None)
        assert list(answer.topics) == []


# --- v0: in the store -----------------------------------------------------------------------------------------------


async def test_v0_keeps_offsets_in_the_store_as_kafka_with_zookeeper_does(tmp_path: Path) -> None:
    async with a_client() as client, trio.open_nursery() as nursery:
        store = client.house.store = EmbeddedStore.open(str(tmp_path), now_ms=lambda: 0)
        nursery.start_soon(store.run)
        assert await fetch(client, 0, 0, 9) == {0: (-1, 3), 9: (-1, 3)}
        for _ in range(2):
            answer = await client.commit(0, 0, 9)
            assert [p.error_code for p in answer.topics[0].partitions] == [0, 3]
        assert (await store.get("/consumers/g/offsets/t/0"))[0] == b"5"
        assert await fetch(client, 0, 0) == {0: (5, 0)}
        assert await fetch(client, 1, 0) == {0: (-1, 0)}, "the coordinator knows nothing of it"
        outside = await client.commit(0, 0, group_id="../brokers")
        assert outside.topics[0].partitions[0].error_code == ErrorCode.INVALID_GROUP_ID
        await store.close()
        nursery.cancel_scope.cancel()


# --- groups as a whole ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(7))
async def test_describe_of_each_version(autojump_clock: MockClock, version: int) -> None:
    async with a_client() as client:
        joined = await client.stable()
        asked = {"include_authorized_operations": True} if version >= 3 else {}
        answer = await client.ask("DescribeGroups", version, groups=["g", "nobody"], **asked)
        group, unknown = answer.groups
        assert (group.error_code, group.group_state, group.protocol_type, group.protocol_data) == (
            0,
            "Stable",
            "consumer",
            "range",
        )
        (member,) = group.members
        assert (member.member_id, member.client_id, member.client_host) == (
            joined.member_id,
            "client",
            "/127.0.0.9",
        )
        assert bytes(member.member_assignment) == b"mine"
        assert unknown.group_state == "Dead"
        assert unknown.error_code == (ErrorCode.GROUP_ID_NOT_FOUND if version >= 6 else 0)
        if version >= 6:
            assert unknown.error_message == "Group nobody not found."
        if version >= 3:
            assert group.authorized_operations == 0b1101_0100_1000


@pytest.mark.parametrize("version", range(6))
async def test_list_of_each_version(autojump_clock: MockClock, version: int) -> None:
    async with a_client() as client:
        await client.stable()
        await client.commit(5, 0, group_id="simple")
        answer = await client.ask("ListGroups", version)
        state = {"g": "Stable", "simple": "Empty"} if version >= 4 else {"g": "", "simple": ""}
        assert {g.group_id: g.group_state for g in answer.groups} == state
        assert {g.group_type for g in answer.groups} == {"classic" if version >= 5 else ""}
        if version >= 4:
            answer = await client.ask("ListGroups", version, states_filter=["stable"])
            assert [g.group_id for g in answer.groups] == ["g"]


async def test_a_broker_without_the_offsets_topic_lists_nothing(autojump_clock: MockClock) -> None:
    async with a_client(coordinates=False) as client:
        answer = await client.ask("ListGroups", 5)
        assert (answer.error_code, list(answer.groups)) == (0, [])


@pytest.mark.parametrize("version", range(3))
async def test_delete_groups(autojump_clock: MockClock, version: int) -> None:
    async with a_client() as client:
        await client.stable()
        await client.commit(5, 0, group_id="simple")
        answer = await client.ask("DeleteGroups", version, groups_names=["g", "simple", "simple", "x"])
        assert {r.group_id: r.error_code for r in answer.results} == {
            "g": ErrorCode.NON_EMPTY_GROUP,
            "simple": 0,
            "x": ErrorCode.GROUP_ID_NOT_FOUND,
        }


async def test_kip_496_offset_delete(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        joined = await client.stable()
        await client.commit(5, 0, joined=joined)
        await client.commit(5, 0, 1, group_id="simple")

        async def delete(group_id: str) -> tuple[int, dict[int, int]]:
            rows = [
                client.group("OffsetDelete", "OffsetDeleteRequestPartition", partition_index=index)
                for index in (0, 9)
            ]
            asked = client.group("OffsetDelete", "OffsetDeleteRequestTopic", name="t", partitions=rows)
            answer = await client.ask("OffsetDelete", 0, group_id=group_id, topics=[asked])
            found = {p.partition_index: p.error_code for t in answer.topics for p in t.partitions}
            return answer.error_code, found

        assert await delete("g") == (0, {0: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC, 9: 3})
        assert await delete("simple") == (0, {0: 0, 9: 3})
        assert await delete("x") == (ErrorCode.GROUP_ID_NOT_FOUND, {})
        answer = await client.ask("OffsetFetch", 5, group_id="simple", topics=None)
        assert [p.partition_index for p in answer.topics[0].partitions] == [1]
