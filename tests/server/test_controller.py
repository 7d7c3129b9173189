"""The controller on a real store: what it writes, what the image says, and that both survive a restart."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from pykbroker.core.cluster import znodes
from pykbroker.core.cluster.image import BrokerImage, ClusterImage, Endpoint, TopicImage
from pykbroker.core.controller.creation import NewPartitions, NewTopic
from pykbroker.errors import ApiError, StartError
from pykbroker.server import registration
from pykbroker.server.cluster_writer import transactions
from tests.server.cluster_fixture import Cluster, CountingClock, cluster_at, store_at
from tests.zk.memory_disk import MemoryFiles
from wire.errors import ErrorCode
from zk.operations import Create


async def create(cluster: Cluster, *topics: NewTopic) -> list[TopicImage]:
    results = await cluster.controller.create_topics(topics)
    assert all(isinstance(each, TopicImage) for each in results), results
    return [each for each in results if isinstance(each, TopicImage)]


def code_of(result: object) -> ErrorCode:
    assert isinstance(result, ApiError)
    return result.code


# -- start -------------------------------------------------------------------------------------------------------------


async def test_a_fresh_store_gets_kafkas_paths_the_registration_and_a_controller(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        tree = await cluster.tree()
        for path in znodes.PERSISTENT_PATHS:
            assert tree[path] is None, path
        assert znodes.parse_cluster_id(tree["/cluster/id"]) == cluster.cluster_id
        assert tree["/controller"] == (
            b'{"version":2,"brokerid":0,"timestamp":"1700000000000","kraftControllerEpoch":-1}'
        )
        assert tree["/controller_epoch"] == b"1"
        _, stat = await cluster.store.get("/brokers/ids/0")
        assert stat.version == 1
        assert stat.ephemeral_owner == cluster.store.session_id
        assert cluster.broker == BrokerImage(0, stat.czxid, (Endpoint("PLAINTEXT", "127.0.0.1", 9092),))
        assert cluster.image.brokers == {0: cluster.broker}
        assert (cluster.image.controller_id, cluster.image.controller_epoch) == (0, 1)
        assert cluster.controller.active


async def test_a_restart_keeps_all_and_is_a_new_epoch(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as first:
        (topic,) = await create(first, NewTopic("orders", 3, 1, config={"retention.ms": "86400000"}))
        before, cluster_id, broker = first.image, first.cluster_id, first.broker
    async with cluster_at(tmp_path) as second:
        assert second.cluster_id == cluster_id
        again = second.image.topics["orders"]
        assert (again.topic_id, again.partitions, again.config) == (
            topic.topic_id,
            topic.partitions,
            {"retention.ms": "86400000"},
        )
        assert second.image.topic_names == before.topic_names
        assert second.image.controller_epoch == before.controller_epoch + 1
        assert broker is not None
        assert second.broker is not None
        assert second.broker.epoch > broker.epoch
        await create(second, NewTopic("more", 1, 1))


async def test_log_dirs_and_store_must_belong_together(tmp_path: Path) -> None:
    clock = CountingClock()
    async with store_at(tmp_path / "zk", clock) as store:
        assert await registration.prepare(store, "khgGIW-wQ9-jiTWI2oHo1g", clock) == "khgGIW-wQ9-jiTWI2oHo1g"
        assert await registration.prepare(store, None, clock) == "khgGIW-wQ9-jiTWI2oHo1g"
        with pytest.raises(StartError, match="belong to the cluster eCjo"):
            await registration.prepare(store, "eCjoMik0TKymiqIbJegi8g", clock)


async def test_two_brokers_of_one_id_do_not_start(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"broker\.id=0 is registered already"):
        async with cluster_at(tmp_path, other_brokers=(BrokerImage(0, 0, ()),)):
            pass


async def test_a_topic_of_an_old_tool_gets_an_id_and_its_partitions(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        await cluster.store.create("/brokers/topics/old", b'{"version":1,"partitions":{"0":[0],"1":[0]}}')
    async with cluster_at(tmp_path) as cluster:
        topic = cluster.image.topics["old"]
        assert len(topic.partitions) == 2
        written = znodes.parse_topic("old", await cluster.data("/brokers/topics/old"))
        assert (written.topic_id, written.version) == (topic.topic_id, 3)
        assert await cluster.data("/brokers/topics/old/partitions/1/state") == (
            b'{"controller_epoch":2,"leader":0,"version":1,"leader_epoch":0,"isr":[0]}'
        )
    async with cluster_at(tmp_path) as cluster:
        assert cluster.image.topics["old"].topic_id == topic.topic_id


async def test_a_creation_that_was_cut_off_is_completed(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        await create(cluster, NewTopic("t", 3, 1))
        for leaf in ("2/state", "2", "1/state"):
            await cluster.store.delete(f"/brokers/topics/t/partitions/{leaf}")
    async with cluster_at(tmp_path) as cluster:
        assert [each.leader for each in cluster.image.topics["t"].partitions] == [0, 0, 0]
        assert not await cluster.gone("/brokers/topics/t/partitions/1/state")
        assert not await cluster.gone("/brokers/topics/t/partitions/2/state")


async def test_a_deletion_that_was_begun_is_completed(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        await create(cluster, NewTopic("t", 2, 1))
        await cluster.store.create("/admin/delete_topics/t")
        await cluster.store.create("/admin/delete_topics/never-there")
    async with cluster_at(tmp_path) as cluster:
        assert "t" not in cluster.image.topics
        assert await cluster.tree("/brokers/topics") == {}
        assert await cluster.tree("/config/topics") == {}
        assert await cluster.tree("/admin/delete_topics") == {}


async def test_partitions_of_a_broker_that_is_gone_lose_their_leader(tmp_path: Path) -> None:
    async with cluster_at(tmp_path, other_brokers=(BrokerImage(1, 0, ()),)) as cluster:
        await create(cluster, NewTopic("t", assignments=[(0, (1, 0)), (1, (0, 1))]))
        await create(cluster, NewTopic("alone", assignments=[(0, (1,))]))
    async with cluster_at(tmp_path) as cluster:
        partitions = cluster.image.topics["t"].partitions + cluster.image.topics["alone"].partitions
        assert [(each.leader, each.isr, each.leader_epoch) for each in partitions] == [
            (0, (0,), 1),
            (0, (0, 1), 0),
            (-1, (1,), 1),
        ]
        assert await cluster.data("/brokers/topics/t/partitions/0/state") == (
            b'{"controller_epoch":2,"leader":0,"version":1,"leader_epoch":1,"isr":[0]}'
        )
        _, stat = await cluster.store.get("/brokers/topics/t/partitions/0/state")
        assert stat.version == partitions[0].partition_epoch == 1


async def test_a_znode_that_is_no_topic_ends_the_start_instead_of_losing_its_logs(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        await cluster.store.create("/brokers/topics/bad", b"{")
    with pytest.raises(znodes.MalformedZnode, match="/brokers/topics/bad"):
        async with cluster_at(tmp_path):
            pass


# -- creation ----------------------------------------------------------------------------------------------------------


async def test_what_stands_in_the_store_after_a_creation(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        (topic,) = await create(cluster, NewTopic("orders", 2, 1, config={"retention.ms": "86400000"}))
        name = znodes.format_uuid(topic.topic_id)
        assert await cluster.tree("/brokers/topics") == {
            "/brokers/topics/orders": (
                f'{{"partitions":{{"0":[0],"1":[0]}},"topic_id":"{name}","adding_replicas":{{}},'
                f'"removing_replicas":{{}},"version":3}}'
            ).encode(),
            "/brokers/topics/orders/partitions": None,
            "/brokers/topics/orders/partitions/0": None,
            "/brokers/topics/orders/partitions/0/state": (
                b'{"controller_epoch":1,"leader":0,"version":1,"leader_epoch":0,"isr":[0]}'
            ),
            "/brokers/topics/orders/partitions/1": None,
            "/brokers/topics/orders/partitions/1/state": (
                b'{"controller_epoch":1,"leader":0,"version":1,"leader_epoch":0,"isr":[0]}'
            ),
        }
        assert await cluster.tree("/config/topics") == {
            "/config/topics/orders": b'{"version":1,"config":{"retention.ms":"86400000"}}'
        }
        assert await cluster.tree("/config/changes") == {}
        assert cluster.image.topics["orders"] is topic


async def test_of_concurrent_creates_of_one_topic_one_wins(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        results: list[object] = []

        async def one() -> None:
            results.extend(await cluster.controller.create_topics([NewTopic("t", 1, 1)]))

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(one)
        made = [each for each in results if isinstance(each, TopicImage)]
        assert made == [cluster.image.topics["t"]]
        others = [code_of(each) for each in results if each not in made]
        assert others == [ErrorCode.TOPIC_ALREADY_EXISTS] * 4


async def test_topics_of_one_request_stand_for_themselves(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        results = await cluster.controller.create_topics(
            [NewTopic("a.b", 1, 1), NewTopic("a_b", 1, 1), NewTopic("", 1, 1), NewTopic("c", 1, 1)]
        )
        assert isinstance(results[0], TopicImage)
        assert code_of(results[1]) is ErrorCode.INVALID_TOPIC_EXCEPTION
        assert code_of(results[2]) is ErrorCode.INVALID_TOPIC_EXCEPTION
        assert isinstance(results[3], TopicImage)
        assert set(cluster.image.topics) == {"a.b", "c"}


async def test_validate_only_changes_nothing(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        before, tree = cluster.image, await cluster.tree()
        (result,) = await cluster.controller.create_topics([NewTopic("t", 5, 1)], validate_only=True)
        assert isinstance(result, TopicImage)
        assert len(result.partitions) == 5
        assert cluster.image is before
        assert await cluster.tree() == tree


async def test_settings_of_new_topics_are_checked_by_the_table(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        results = await cluster.controller.create_topics(
            [
                NewTopic("a", 1, 1, config={"retention.mss": "1"}),
                NewTopic("b", 1, 1, config={"retention.ms": "soon"}),
                NewTopic("c", 1, 1, config={"retention.ms": None}),
            ]
        )
        assert [code_of(each) for each in results] == [ErrorCode.INVALID_CONFIG] * 3
        assert "Unknown topic config name: retention.mss" in str(results[0])
        assert "Null value not supported for topic configs: retention.ms" in str(results[2])


async def test_defaults_come_from_the_broker(tmp_path: Path) -> None:
    async with cluster_at(tmp_path, {"num.partitions": "7"}) as cluster:
        (topic,) = await create(cluster, NewTopic("t"))
        assert len(topic.partitions) == 7


async def test_a_request_cannot_ask_for_more_partitions_than_the_limit(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        results = await cluster.controller.create_topics(
            [NewTopic("a", 2_000_000_000, 1), NewTopic("b", 1, 1)]
        )
        assert [code_of(each) for each in results] == [ErrorCode.POLICY_VIOLATION] * 2


async def test_a_large_topic_takes_several_transactions_and_can_be_deleted_again(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        await create(cluster, NewTopic("large", 1500, 1))
        await create(cluster, NewTopic("small", 1, 1))
        assert await cluster.controller.delete_topics(["large"]) == [None]
        assert set(await cluster.tree("/brokers/topics")) == {
            "/brokers/topics/small",
            "/brokers/topics/small/partitions",
            "/brokers/topics/small/partitions/0",
            "/brokers/topics/small/partitions/0/state",
        }
        assert await cluster.tree("/admin/delete_topics") == {}


def test_groups_share_transactions_and_are_cut_only_if_they_must() -> None:
    steps = [Create(f"/{number}") for number in range(9)]
    groups = [steps[0:2], steps[2:3], steps[3:8], steps[8:9]]
    assert list(transactions(groups, 3)) == [steps[0:3], steps[3:6], steps[6:8], steps[8:9]]
    assert list(transactions([], 3)) == []


async def test_auto_creation_answers_what_could_not_be(tmp_path: Path) -> None:
    async with cluster_at(tmp_path, {"default.replication.factor": "1"}) as cluster:
        await create(cluster, NewTopic("have.it", 1, 1))
        refused = await cluster.controller.auto_create(["new", "bad name", "have_it"])
        assert refused == {
            "bad name": ErrorCode.INVALID_TOPIC_EXCEPTION,
            "have_it": ErrorCode.INVALID_TOPIC_EXCEPTION,
        }
        assert set(cluster.image.topics) == {"have.it", "new"}


async def test_the_brokers_own_topics_get_their_own_settings(tmp_path: Path) -> None:
    async with cluster_at(tmp_path, {"offsets.topic.num.partitions": "5"}) as cluster:
        offsets = await cluster.controller.ensure_topic("__consumer_offsets")
        assert len(offsets.partitions) == 5
        assert offsets.config == {
            "cleanup.policy": "compact",
            "compression.type": "producer",
            "segment.bytes": "104857600",
        }
        assert await cluster.controller.ensure_topic("__consumer_offsets") is offsets
        await cluster.controller.auto_create(["__transaction_state"])
        state = cluster.image.topics["__transaction_state"]
        assert len(state.partitions) == 50
        assert state.config["cleanup.policy"] == "compact"


async def test_ensure_topic_by_several_tasks_makes_one(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        found: list[TopicImage] = []

        async def ensure() -> None:
            found.append(await cluster.controller.ensure_topic("__consumer_offsets"))

        async with trio.open_nursery() as nursery:
            for _ in range(3):
                nursery.start_soon(ensure)
        assert {id(each) for each in found} == {id(cluster.image.topics["__consumer_offsets"])}


async def test_ensure_topic_says_why_it_cannot_be(tmp_path: Path) -> None:
    async with cluster_at(tmp_path, {"offsets.topic.replication.factor": "3"}) as cluster:
        with pytest.raises(ApiError) as refused:
            await cluster.controller.ensure_topic("__consumer_offsets")
        assert refused.value.code is ErrorCode.INVALID_REPLICATION_FACTOR


# -- growth and deletion -----------------------------------------------------------------------------------------------


async def test_added_partitions(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        (before,) = await create(cluster, NewTopic("t", 2, 1))
        (grown,) = await cluster.controller.create_partitions([NewPartitions("t", 4)])
        assert isinstance(grown, TopicImage)
        assert cluster.image.topics["t"] is grown
        assert grown.partitions[:2] == before.partitions
        assert grown.topic_id == before.topic_id
        assert len(grown.partitions) == 4
    async with cluster_at(tmp_path) as cluster:
        assert cluster.image.topics["t"].partitions == grown.partitions


async def test_adding_partitions_may_be_refused_or_only_tried(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        await create(cluster, NewTopic("t", 2, 1))
        results = await cluster.controller.create_partitions([NewPartitions("t", 1), NewPartitions("u", 3)])
        assert [code_of(each) for each in results] == [
            ErrorCode.INVALID_PARTITIONS,
            ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ]
        tree = await cluster.tree()
        (tried,) = await cluster.controller.create_partitions([NewPartitions("t", 3)], validate_only=True)
        assert isinstance(tried, TopicImage)
        assert await cluster.tree() == tree
        assert len(cluster.image.topics["t"].partitions) == 2


async def test_a_deleted_topic_leaves_nothing(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        tree = await cluster.tree()
        await create(cluster, NewTopic("t", 2, 1, config={"retention.ms": "1"}))
        results = await cluster.controller.delete_topics(["t", "nope"])
        assert results[0] is None
        assert code_of(results[1]) is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        assert "t" not in cluster.image.topics
        assert await cluster.tree() == tree
        (again,) = await create(cluster, NewTopic("t", 1, 1))
        assert again.config == {}


# -- what is told ------------------------------------------------------------------------------------------------------


async def test_subscribers_are_told_before_the_answer_and_waiters_wake(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        seen: list[tuple[set[str], set[str]]] = []
        cluster.metadata.subscribe(lambda old, new: seen.append((set(old.topics), set(new.topics))))
        woken: list[ClusterImage] = []

        async def wait(task_status: trio.TaskStatus[None]) -> None:
            task_status.started()
            await cluster.metadata.wait_change()
            woken.append(cluster.metadata.image)

        async with trio.open_nursery() as nursery:
            await nursery.start(wait)
            await create(cluster, NewTopic("t", 1, 1))
            assert seen == [(set(), {"t"})]
        assert woken == [cluster.image]
        await cluster.controller.delete_topics(["t"])
        assert seen[1:] == [({"t"}, set())]


async def test_a_deposed_controller_changes_nothing(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        await cluster.store.set("/controller_epoch", b"2")
        (result,) = await cluster.controller.create_topics([NewTopic("t", 1, 1)])
        assert code_of(result) is ErrorCode.NOT_CONTROLLER
        assert await cluster.tree("/brokers/topics") == {}
        assert cluster.image.topics == {}


async def test_a_broker_that_lost_the_election_refuses_and_knows_who_won(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        await cluster.store.delete("/brokers/ids/0")
        await cluster.store.set("/controller", znodes.format_controller(5, 1))
        await cluster.controller.start(cluster.cluster_id, (), None)
        assert not cluster.controller.active
        assert cluster.image.controller_id == 5
        (result,) = await cluster.controller.create_topics([NewTopic("t", 1, 1)])
        assert code_of(result) is ErrorCode.NOT_CONTROLLER
        assert [code_of(each) for each in await cluster.controller.delete_topics(["t"])] == [
            ErrorCode.NOT_CONTROLLER
        ]


async def test_after_the_broker_died_all_that_it_leads_has_a_new_epoch(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        await create(cluster, NewTopic("t", 2, 1))
        for died, epoch in ((False, 0), (True, 1)):
            await cluster.store.delete("/brokers/ids/0")
            await cluster.controller.start(cluster.cluster_id, (), None, died)
            assert [each.leader_epoch for each in cluster.image.topics["t"].partitions] == [epoch] * 2
            data, stat = await cluster.store.get("/brokers/topics/t/partitions/1/state")
            assert f'"leader_epoch":{epoch},'.encode() in data
            assert stat.version == epoch


async def test_what_another_writer_made_is_found_after_the_refusal(tmp_path: Path) -> None:
    async with cluster_at(tmp_path) as cluster:
        await cluster.store.create("/brokers/topics/t", b'{"version":1,"partitions":{"0":[0]}}')
        (result,) = await cluster.controller.create_topics([NewTopic("t", 1, 1)])
        assert code_of(result) is ErrorCode.NOT_CONTROLLER
        (result,) = await cluster.controller.create_topics([NewTopic("t", 1, 1)])
        assert code_of(result) is ErrorCode.TOPIC_ALREADY_EXISTS
        assert len(cluster.image.topics["t"].partitions) == 1


# -- a disk that is full -----------------------------------------------------------------------------------------------


def used(disk: MemoryFiles) -> int:
    return sum(len(blob.data) for blob in disk.blobs.values())


async def test_what_cannot_be_written_did_not_happen(tmp_path: Path) -> None:
    disk = MemoryFiles()
    async with cluster_at(tmp_path, files=disk) as cluster:
        await create(cluster, NewTopic("t", 1, 1))
        before, tree = cluster.image, await cluster.tree()
        disk.capacity = used(disk) + 10
        (result,) = await cluster.controller.create_topics([NewTopic("u", 1, 1)])
        assert code_of(result) is ErrorCode.KAFKA_STORAGE_ERROR
        assert [code_of(each) for each in await cluster.controller.delete_topics(["t"])] == [
            ErrorCode.KAFKA_STORAGE_ERROR
        ]
        assert set(cluster.image.topics) == set(before.topics)
        assert await cluster.tree() == tree
        disk.capacity = None
        await create(cluster, NewTopic("u", 1, 1))
        assert set(cluster.image.topics) == {"t", "u"}


async def test_a_large_topic_that_was_written_by_half_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    disk = MemoryFiles()
    async with cluster_at(tmp_path, files=disk) as cluster:
        disk.capacity = used(disk) + 400_000
        (result,) = await cluster.controller.create_topics([NewTopic("large", 3000, 1)])
        assert code_of(result) is ErrorCode.KAFKA_STORAGE_ERROR
        assert cluster.image.topics == {}
        written = await cluster.tree("/brokers/topics/large/partitions")
        assert 0 < len(written) < 6000
        disk.capacity = None
        (result,) = await cluster.controller.create_topics([NewTopic("large", 3000, 1)])
        assert code_of(result) is ErrorCode.TOPIC_ALREADY_EXISTS
        assert all(each.leader == 0 for each in cluster.image.topics["large"].partitions)
        assert len(await cluster.tree("/brokers/topics/large/partitions")) == 6000
