"""The group coordinator: which groups are its own, as the image changes and as partitions fail."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from pykbroker.core.cluster.image import ClusterImage, PartitionImage
from pykbroker.core.groups.commands import (
    CommitOffsets,
    DescribeGroup,
    FetchOffsets,
    ListGroups,
    OffsetToCommit,
)
from pykbroker.core.groups.placement import OFFSETS_TOPIC, partition_of
from pykbroker.errors import ApiError
from tests.api.group_client import BROKER, SETTINGS, Client, a_client, topic
from wire.records.batch import Codec, read_header

GROUPS = [f"group-{i}" for i in range(20)]


async def commit(client: Client, group_id: str, offset: int) -> None:
    command = CommitOffsets(group_id, "", None, -1, (OffsetToCommit("t", 0, offset),))
    await client.house.groups.submit(group_id, command)


async def committed(client: Client, group_id: str) -> int:
    (found,) = await client.house.groups.submit(group_id, FetchOffsets(group_id, (("t", (0,)),)))
    offset: int = found.offset
    return offset


def led_by(image: ClusterImage, leader: int, epoch: int) -> ClusterImage:
    """The offsets topic with all partitions led by one broker."""
    offsets = image.topics[OFFSETS_TOPIC]
    rows = tuple(PartitionImage(row.index, leader, epoch, (leader,), (leader,)) for row in offsets.partitions)
    return image.with_topic(offsets._replace(partitions=rows))


async def test_groups_are_spread_over_the_partitions_by_their_hash(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        for offset, group_id in enumerate(GROUPS):
            await commit(client, group_id, offset)
        assert [await committed(client, group_id) for group_id in GROUPS] == list(range(20))
        used = {index for index, partition in client.house.partitions.items() if partition.log.batches}
        assert used == {partition_of(group_id, 50) for group_id in GROUPS}
        lists = await client.house.groups.submit_to_all(ListGroups())
        assert sorted(group.group_id for groups in lists for group in groups) == sorted(GROUPS)


async def test_what_is_committed_is_compressed_as_the_setting_says(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SETTINGS, "offsets.topic.compression.codec", Codec.LZ4.value)
    async with a_client() as client:
        await commit(client, "g", 3)
        (batch,) = client.house.partitions[partition_of("g", 50)].log.batches
        assert read_header(batch).codec is Codec.LZ4


async def test_without_the_topic_nothing_is_coordinated(autojump_clock: MockClock) -> None:
    async with a_client(coordinates=False) as client:
        with pytest.raises(ApiError, match="NOT_COORDINATOR"):
            client.house.groups.post("g", DescribeGroup("g"))
        assert await client.house.groups.submit_to_all(ListGroups()) == []


async def test_partitions_without_groups_cost_no_task(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        nursery = client.house.groups._nursery
        assert nursery is not None
        assert len(client.house.groups.statistics().shards) == 50
        assert not nursery.child_tasks
        await commit(client, "g", 1)
        assert len(nursery.child_tasks) == 1


async def test_leadership_comes_and_goes(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        house = client.house
        await commit(client, "g", 1)
        house.become(led_by(house.metadata.image, BROKER + 1, 1))
        with pytest.raises(ApiError, match="NOT_COORDINATOR"):
            await commit(client, "g", 2)
        house.become(led_by(house.metadata.image, BROKER, 2))
        assert await committed(client, "g") == 1


async def test_a_new_epoch_of_the_same_leader_loads_anew(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        house = client.house
        await commit(client, "g", 1)
        before = house.groups.shard_for("g")
        house.become(led_by(house.metadata.image, BROKER, 0))
        assert house.groups.shard_for("g") is before, "the same epoch is no news"
        house.become(led_by(house.metadata.image, BROKER, 1))
        assert house.groups.shard_for("g") is not before


async def test_groups_stay_where_they_are_when_partitions_are_added(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        await commit(client, "g", 1)
        client.house.become(client.house.metadata.image.with_topic(topic(OFFSETS_TOPIC, 60, b"o" * 16)))
        assert await committed(client, "g") == 1


async def test_the_topic_is_deleted_and_made_again(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        house = client.house
        await commit(client, "g", 1)
        house.become(house.metadata.image.without_topics([OFFSETS_TOPIC]))
        with pytest.raises(ApiError, match="NOT_COORDINATOR"):
            await committed(client, "g")
        house.partitions.clear()
        house.become(house.metadata.image.with_topic(topic(OFFSETS_TOPIC, 3, b"p" * 16)))
        assert await committed(client, "g") == -1


async def test_a_failing_disk_does_not_keep_the_broker_replaying(autojump_clock: MockClock) -> None:
    async with a_client() as client:
        groups = client.house.groups
        await commit(client, "g", 1)
        partition = client.house.partitions[partition_of("g", 50)]
        partition.fails_with = OSError(28, "No space left on device")
        started = trio.current_time()
        for _ in range(20):
            with pytest.raises(ApiError, match="NOT_COORDINATOR"):
                await commit(client, "g", 2)
        assert groups.statistics().failures == 20
        assert trio.current_time() - started >= 18.0, "from the second failure on it waits a second"
        partition.fails_with = None
        assert await committed(client, "g") == 1


async def test_a_log_that_could_not_be_read_is_tried_again_when_somebody_asks(
    autojump_clock: MockClock,
) -> None:
    async with a_client() as client:
        house, index = client.house, partition_of("g", 50)
        await commit(client, "g", 1)
        house.partitions[index].log.broken = OSError(5, "Input/output error")
        house.groups.resigned(index)
        house.groups.elected(index, 1)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(ApiError, match="NOT_COORDINATOR"):
            await committed(client, "g")
        house.partitions[index].log.broken = None
        await trio.sleep(2)
        assert await committed(client, "g") == 1
