"""FindCoordinator, JoinGroup, SyncGroup, Heartbeat, LeaveGroup as clients of each version see them."""

from __future__ import annotations

import re

import pytest
import trio
from trio.testing import MockClock

from pykbroker.core.cluster.image import ClusterImage
from pykbroker.core.groups.placement import OFFSETS_TOPIC, partition_of
from tests.api.group_client import BROKER, Client, a_client, topic
from wire.errors import ErrorCode

# --- FindCoordinator ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(7))
async def test_the_first_question_creates_the_offsets_topic_and_is_answered(
    autojump_clock: MockClock, version: int
) -> None:
    async with a_client(coordinates=False) as client:
        key = {"coordinator_keys": ["g"]} if version >= 4 else {"key": "g"}
        answer = await client.ask("FindCoordinator", version, **key)
        row = answer.coordinators[0] if version >= 4 else answer
        assert (row.error_code, row.node_id, row.host, row.port) == (0, BROKER, "the.broker", 9092)
        assert OFFSETS_TOPIC in client.house.metadata.image.topics


async def test_kip_699_many_keys_at_once(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        answer = await client.ask("FindCoordinator", 4, coordinator_keys=["a", "b", ""])
        assert [(row.key, row.error_code) for row in answer.coordinators] == [("a", 0), ("b", 0), ("", 0)]


@pytest.mark.parametrize("version", [1, 3, 4, 6])
@pytest.mark.parametrize("key_type", [1, 2, 9])
async def test_what_is_not_served_is_said_so_and_never_retried(
    autojump_clock: MockClock, version: int, key_type: int
) -> None:
    async with a_client() as client:
        key = {"coordinator_keys": ["g"]} if version >= 4 else {"key": "g"}
        answer = await client.ask("FindCoordinator", version, key_type=key_type, **key)
        row = answer.coordinators[0] if version >= 4 else answer
        assert (row.error_code, row.node_id, row.port) == (ErrorCode.INVALID_REQUEST, -1, -1)
        assert "served" in row.error_message or "no coordinator" in row.error_message


async def test_a_topic_that_cannot_be_created_is_a_reason(autojump_clock: MockClock) -> None:
    async with a_client(coordinates=False) as client:
        client.house.refuses_topics = True
        answer = await client.ask("FindCoordinator", 3, key="g")
        assert answer.error_code == ErrorCode.COORDINATOR_NOT_AVAILABLE
        assert "too few brokers" in answer.error_message


async def test_a_partition_without_a_leader_has_no_coordinator(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        image = client.house.metadata.image
        offsets = image.topics[OFFSETS_TOPIC]
        rows = tuple(row._replace(leader=-1) for row in offsets.partitions)
        client.house.become(image.with_topic(offsets._replace(partitions=rows)))
        answer = await client.ask("FindCoordinator", 3, key="g")
        assert answer.error_code == ErrorCode.COORDINATOR_NOT_AVAILABLE
        assert (await client.join()).error_code == ErrorCode.NOT_COORDINATOR


# --- JoinGroup ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(10))
async def test_a_new_member_of_each_version(autojump_clock: MockClock, version: int) -> None:
    async with a_client() as client:
        first = await client.join(version)
        if version >= 4:
            assert first.error_code == ErrorCode.MEMBER_ID_REQUIRED
            assert first.protocol_name == ("" if version < 7 else None)
            joined = await client.join(version, first.member_id)
        else:
            joined = first
        assert re.fullmatch(r"client-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", joined.member_id)
        assert (joined.error_code, joined.generation_id, joined.leader) == (0, 1, joined.member_id)
        assert joined.protocol_name == "range"
        assert joined.protocol_type == ("consumer" if version >= 7 else None)
        assert [(m.member_id, bytes(m.metadata)) for m in joined.members] == [
            (joined.member_id, b"\0\0\0\0\0\1\0\1t")
        ]


async def test_v0_has_one_timeout_for_both(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        await client.join(0, session_timeout_ms=7_000)
        machine = client.house.groups.shard_for("g").machine
        (member,) = machine.groups["g"].members.values()  # type: ignore[attr-defined]
        assert member.rebalance_timeout_ms == 7_000
        assert member.client_host == "/127.0.0.9"


async def test_a_client_without_an_id_gets_a_member_id(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        client.client_id = None
        assert (await client.join()).member_id.startswith("-")


async def test_two_members_of_a_group(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        other = Client(client.house)
        first = await client.stable()
        results = {}

        async def come(who: Client, name: str, member_id: str) -> None:
            results[name] = await who.join(3, member_id)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(come, other, "other", "")
            await trio.sleep(1)
            beat = await client.ask("Heartbeat", 4, group_id="g", generation_id=1, member_id=first.member_id)
            assert beat.error_code == ErrorCode.REBALANCE_IN_PROGRESS
            assert not results
            nursery.start_soon(come, client, "first", first.member_id)
        assert len(results["first"].members) == 2
        assert len(results["other"].members) == 0
        assert results["other"].generation_id == 2


async def test_who_is_not_the_coordinator_says_so(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        client.house.become(ClusterImage().with_topic(topic("t", 4, b"t" * 16)))
        joined = await client.join(member_id="m")
        assert (joined.error_code, joined.member_id) == (ErrorCode.NOT_COORDINATOR, "m")
        beat = await client.ask("Heartbeat", 0, group_id="g", generation_id=1, member_id="m")
        assert beat.error_code == ErrorCode.NOT_COORDINATOR
        assert (await client.sync(joined)).error_code == ErrorCode.NOT_COORDINATOR
        left = await client.ask("LeaveGroup", 0, group_id="g", member_id="m")
        assert left.error_code == ErrorCode.NOT_COORDINATOR


async def test_while_the_group_is_being_loaded(autojump_clock: MockClock) -> None:
    """A heartbeat is answered "fine": there is nothing that the member could do."""
    async with a_client() as client:
        joined = await client.stable()
        index, groups = partition_of("g", 50), client.house.groups
        beat = {"group_id": "g", "generation_id": 1, "member_id": joined.member_id}
        async with groups._replaying:  # another partition is being replayed, for long
            groups.resigned(index)
            groups.elected(index, 1)
            assert (await client.ask("Heartbeat", 4, **beat)).error_code == 0
            again = await client.join(9, joined.member_id)
            assert again.error_code == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
        assert (await client.ask("Heartbeat", 4, **beat)).error_code == 0
        assert (await client.sync(joined)).assignment == b"mine"


# --- SyncGroup, Heartbeat, LeaveGroup -------------------------------------------------------------------------------


@pytest.mark.parametrize("version", range(6))
async def test_sync_of_each_version(autojump_clock: MockClock, version: int) -> None:
    async with a_client() as client:
        joined = await client.stable()
        synced = await client.sync(joined, version)
        assert (synced.error_code, bytes(synced.assignment)) == (0, b"mine")
        assert synced.protocol_name == ("range" if version >= 5 else None)


@pytest.mark.parametrize("missing", ["protocol_type", "protocol_name"])
async def test_kip_559_from_v5_on_a_sync_names_type_and_protocol(
    autojump_clock: MockClock, missing: str
) -> None:
    async with a_client() as client:
        joined = await client.stable()
        synced = await client.sync(joined, 5, **{missing: None})
        assert synced.error_code == ErrorCode.INCONSISTENT_GROUP_PROTOCOL


@pytest.mark.parametrize("version", range(5))
async def test_heartbeat_of_each_version(autojump_clock: MockClock, version: int) -> None:
    async with a_client() as client:
        joined = await client.stable()
        beat = {"group_id": "g", "member_id": joined.member_id}
        assert (await client.ask("Heartbeat", version, generation_id=1, **beat)).error_code == 0
        wrong = await client.ask("Heartbeat", version, generation_id=2, **beat)
        assert wrong.error_code == ErrorCode.ILLEGAL_GENERATION


@pytest.mark.parametrize("version", range(6))
async def test_leave_of_each_version(autojump_clock: MockClock, version: int) -> None:
    async with a_client() as client:
        joined = await client.stable()
        for expected in (ErrorCode.NONE, ErrorCode.UNKNOWN_MEMBER_ID):
            if version < 3:
                left = await client.ask("LeaveGroup", version, group_id="g", member_id=joined.member_id)
                assert left.error_code == expected
            else:
                member = client.group("LeaveGroup", "MemberIdentity", member_id=joined.member_id)
                left = await client.ask("LeaveGroup", version, group_id="g", members=[member])
                assert left.error_code == 0
                (row,) = left.members
                assert (row.member_id, row.error_code) == (joined.member_id, expected)


@pytest.mark.parametrize("version", [0, 5])
async def test_leaving_a_group_that_nobody_knows(autojump_clock: MockClock, version: int) -> None:
    async with a_client() as client:
        member = client.group("LeaveGroup", "MemberIdentity", member_id="m")
        fields = {"member_id": "m"} if version < 3 else {"members": [member]}
        left = await client.ask("LeaveGroup", version, group_id="x", **fields)
        code = left.error_code if version < 3 else left.members[0].error_code
        assert code == ErrorCode.UNKNOWN_MEMBER_ID
