"""Produce, called directly: one batch a partition, acks, what is refused and how, idempotence through the handler."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from pykbroker.api.dispatch import Disconnect
from tests.server.data_path import NOW_MS, DataPath, batch, keyed, topic, topic_id, values
from wire.errors import ErrorCode
from wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from wire.records.batch import CONTROL_BIT, TRANSACTIONAL_BIT, Codec

VERSIONS = range(3, 14)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[DataPath]:
    made = DataPath(tmp_path)
    yield made
    made.log_dirs.abandon()


def request(*entries: tuple[str, int, Any], acks: int = -1, timeout_ms: int = 1000, **how: Any) -> Any:
    topics = [
        TopicProduceData(
            name=name,
            topic_id=topic_id(name),
            partition_data=[PartitionProduceData(index=index, records=records)],
        )
        for name, index, records in entries
    ]
    return ProduceRequest(acks=acks, timeout_ms=timeout_ms, topic_data=topics, **how)


def produce(broker: DataPath, *entries: tuple[str, int, Any], version: int = 9, **how: Any) -> Any:
    client_id = how.pop("client_id", "test")
    return broker.handle("produce", version, request(*entries, **how), client_id)


def rows(response: Any) -> list[Any]:
    return [row for each in response.responses for row in each.partition_responses]


def row(response: Any) -> Any:
    (only,) = rows(response)
    return only


@pytest.mark.parametrize("version", VERSIONS)
def test_batch_is_appended_in_every_version(broker: DataPath, version: int) -> None:
    broker.have(topic("t"))
    produce(broker, ("t", 0, batch(b"a", b"b")), version=version)
    answer = row(produce(broker, ("t", 0, batch(b"c")), version=version))
    assert (answer.error_code, answer.base_offset, answer.log_append_time_ms) == (0, 2, -1)
    assert answer.log_start_offset == (0 if version >= 5 else -1)
    assert values(broker.partition().read(0, 10_000).records) == [b"a", b"b", b"c"]


def test_partitions_fail_each_for_itself(broker: DataPath) -> None:
    broker.have(topic("t", 2))
    answers = rows(
        produce(broker, ("t", 0, batch()), ("t", 7, batch()), ("nope", 0, batch()), ("t", 1, batch(b"x")))
    )
    assert [answer.error_code for answer in answers] == [
        0,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        0,
    ]
    assert [answer.base_offset for answer in answers] == [0, -1, -1, 0]
    assert answers[1].error_message == "there is no partition t-7"


def test_partition_named_twice_is_appended_twice_in_order(broker: DataPath) -> None:
    broker.have(topic("t"))
    answers = rows(produce(broker, ("t", 0, batch(b"a")), ("t", 0, batch(b"b"))))
    assert [answer.base_offset for answer in answers] == [0, 1]
    assert values(broker.partition().read(0, 1000).records) == [b"a", b"b"]


def test_unknown_topic_id(broker: DataPath) -> None:
    broker.have(topic("t"))
    assert row(produce(broker, ("x", 0, batch()), version=13)).error_code == ErrorCode.UNKNOWN_TOPIC_ID
    assert (
        row(produce(broker, ("t", 3, batch()), version=13)).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    )


def test_log_append_time_is_told(broker: DataPath) -> None:
    broker.have(topic("t", config={"message.timestamp.type": "LogAppendTime"}))
    assert row(produce(broker, ("t", 0, batch(timestamp=5)))).log_append_time_ms == NOW_MS


@pytest.mark.parametrize("acks", [2, -2, 100])
def test_acks_out_of_range_store_nothing(broker: DataPath, acks: int) -> None:
    broker.have(topic("t"))
    answers = rows(produce(broker, ("t", 0, batch()), ("nope", 0, batch()), acks=acks))
    assert [answer.error_code for answer in answers] == [
        ErrorCode.INVALID_REQUIRED_ACKS,
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ]
    assert row(produce(broker, ("t", 0, b""), acks=acks)).error_code == ErrorCode.INVALID_RECORD
    assert broker.partition().log_end_offset == 0


def test_acks_0_has_no_answer(broker: DataPath) -> None:
    broker.have(topic("t"))
    assert produce(broker, ("t", 0, batch()), acks=0) is None
    assert broker.partition().log_end_offset == 1


def test_acks_0_that_fails_ends_the_connection_after_the_rest_was_appended(broker: DataPath) -> None:
    broker.have(topic("t"))
    with pytest.raises(Disconnect, match="nope-0: UNKNOWN_TOPIC_OR_PARTITION"):
        produce(broker, ("nope", 0, batch()), ("t", 0, batch()), acks=0)
    assert broker.partition().log_end_offset == 1


def test_no_records_at_all(broker: DataPath) -> None:
    broker.have(topic("t"))
    for records in (None, b""):
        assert row(produce(broker, ("t", 0, records))).error_code == ErrorCode.INVALID_RECORD


def damaged() -> bytes:
    raw = bytearray(batch(b"abc"))
    raw[-2] ^= 1
    return bytes(raw)


@pytest.mark.parametrize(
    ("records", "code", "start"),
    [
        (damaged(), ErrorCode.CORRUPT_MESSAGE, -1),
        (batch() + batch(), ErrorCode.INVALID_RECORD, -1),
        (batch(attributes=CONTROL_BIT, producer_id=1, producer_epoch=0), ErrorCode.INVALID_RECORD, 0),
        (batch(b"x" * 2_000_000), ErrorCode.MESSAGE_TOO_LARGE, -1),
        (batch(timestamp=NOW_MS + 2 * 60 * 60 * 1000), ErrorCode.INVALID_TIMESTAMP, 0),
    ],
    ids=["crc", "two batches", "control", "too large", "from the future"],
)
def test_bad_batch_is_refused_with_its_code_and_a_message(
    broker: DataPath, records: bytes, code: int, start: int
) -> None:
    """start: the log start offset, which is told with what the log's own checks refuse."""
    broker.have(topic("t"))
    answer = row(produce(broker, ("t", 0, records)))
    assert answer.log_start_offset == start
    assert answer.error_code == code
    assert answer.error_message
    assert answer.base_offset == -1
    assert broker.partition().log_end_offset == 0


def test_half_batch_at_the_end_is_dropped(broker: DataPath) -> None:
    broker.have(topic("t"))
    assert row(produce(broker, ("t", 0, batch(b"a") + batch(b"b")[:-1]))).error_code == 0
    assert values(broker.partition().read(0, 1000).records) == [b"a"]


def test_compacted_topic_wants_keys(broker: DataPath) -> None:
    broker.have(topic("t", config={"cleanup.policy": "compact"}))
    refused = row(produce(broker, ("t", 0, batch())))
    assert refused.error_code == ErrorCode.INVALID_RECORD
    assert [error.batch_index for error in refused.record_errors] == [0]
    assert row(produce(broker, ("t", 0, keyed(b"k")))).error_code == 0


def test_zstd_needs_version_7(broker: DataPath) -> None:
    broker.have(topic("t"))
    records = batch(b"x" * 100, codec=Codec.ZSTD)
    assert (
        row(produce(broker, ("t", 0, records), version=6)).error_code
        == ErrorCode.UNSUPPORTED_COMPRESSION_TYPE
    )
    assert row(produce(broker, ("t", 0, records), version=7)).error_code == 0


def test_transactional_batch_is_refused_and_stores_nothing(broker: DataPath) -> None:
    broker.have(topic("t"))
    records = batch(attributes=TRANSACTIONAL_BIT, producer_id=1, producer_epoch=0, base_sequence=0)
    for how in ({"transactional_id": "tx"}, {}):
        answer = row(produce(broker, ("t", 0, records), **how))
        assert answer.error_code == ErrorCode.INVALID_REQUEST
        assert "transactions are not served" in answer.error_message
    assert (
        row(produce(broker, ("t", 0, batch()), transactional_id="tx")).error_code == ErrorCode.INVALID_REQUEST
    )
    assert broker.partition().log_end_offset == 0


def test_internal_topic_is_not_for_clients(broker: DataPath) -> None:
    broker.have(topic("__consumer_offsets", config={"cleanup.policy": "compact"}))
    entry = ("__consumer_offsets", 0, keyed(b"k"))
    assert row(produce(broker, entry)).error_code == ErrorCode.INVALID_TOPIC_EXCEPTION
    assert row(produce(broker, entry, client_id="__admin_client")).error_code == 0


# Leaders


@pytest.mark.parametrize("version", [9, 10, 13])
def test_leader_elsewhere_is_named_from_version_10(broker: DataPath, version: int) -> None:
    broker.have(topic("t", leader=1, leader_epoch=4, replicas=(1,)))
    response = produce(broker, ("t", 0, batch()), version=version)
    answer = row(response)
    assert answer.error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    leader = (answer.current_leader.leader_id, answer.current_leader.leader_epoch)
    nodes = [(node.node_id, node.host, node.port, node.rack) for node in response.node_endpoints]
    if version >= 10:
        assert (leader, nodes) == ((1, 4), [(1, "host1", 9093, "rack1")])
    else:
        assert (leader, nodes) == ((-1, -1), [])


def test_no_leader_is_named_when_all_went_well(broker: DataPath) -> None:
    broker.have(topic("t"))
    response = produce(broker, ("t", 0, batch()), version=10)
    assert not response.node_endpoints
    assert row(response).current_leader.leader_id == -1


def test_min_insync_replicas(broker: DataPath) -> None:
    broker.have(topic("t", replicas=(0, 1), isr=(0,), config={"min.insync.replicas": "2"}))
    assert row(produce(broker, ("t", 0, batch()))).error_code == ErrorCode.NOT_ENOUGH_REPLICAS
    assert row(produce(broker, ("t", 0, batch()), acks=1)).error_code == 0


# acks=all waits


async def test_acks_all_waits_for_the_high_watermark(broker: DataPath, autojump_clock: Any) -> None:
    broker.have(topic("t", replicas=(0, 1)), topic("u"))
    waiting = produce(broker, ("t", 0, batch()), ("u", 0, batch()), timeout_ms=5000)
    answered: list[Any] = []

    async def client() -> None:
        answered.append(await waiting)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(client)
        await trio.sleep(4.9)
        assert not answered
        broker.change("t", isr=(0,), partition_epoch=1)
    assert [answer.error_code for answer in rows(answered[0])] == [0, 0]


async def test_acks_all_times_out_and_keeps_the_others(broker: DataPath, autojump_clock: Any) -> None:
    broker.have(topic("t", replicas=(0, 1)), topic("u"))
    start = trio.current_time()
    answers = rows(await produce(broker, ("t", 0, batch()), ("u", 0, batch()), timeout_ms=5000))
    assert trio.current_time() - start == pytest.approx(5)
    assert [answer.error_code for answer in answers] == [ErrorCode.REQUEST_TIMED_OUT, 0]


async def test_acks_all_learns_that_the_leadership_is_lost(broker: DataPath, autojump_clock: Any) -> None:
    broker.have(topic("t", replicas=(0, 1)))
    waiting = produce(broker, ("t", 0, batch()), version=10, timeout_ms=5000)
    answered: list[Any] = []

    async def client() -> None:
        answered.append(await waiting)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(client)
        await trio.testing.wait_all_tasks_blocked()
        broker.change("t", leader=1, leader_epoch=1)
    assert row(answered[0]).error_code == ErrorCode.NOT_LEADER_OR_FOLLOWER
    assert [node.node_id for node in answered[0].node_endpoints] == [1]


async def test_acks_all_is_told_when_the_isr_shrinks_below_the_minimum(
    broker: DataPath, autojump_clock: Any
) -> None:
    broker.have(topic("t", replicas=(0, 1), config={"min.insync.replicas": "2"}))
    waiting = produce(broker, ("t", 0, batch()), timeout_ms=5000)
    broker.change("t", isr=(0,), partition_epoch=1)
    assert row(await waiting).error_code == ErrorCode.NOT_ENOUGH_REPLICAS_AFTER_APPEND


def test_acks_1_does_not_wait(broker: DataPath) -> None:
    broker.have(topic("t", replicas=(0, 1)))
    assert row(produce(broker, ("t", 0, batch()), acks=1)).base_offset == 0


@pytest.mark.parametrize("acks", [-1, 1, 0])
async def test_flush_messages_is_waited_for_with_any_acks(broker: DataPath, acks: int) -> None:
    broker.have(topic("t", config={"flush.messages": "1"}))
    response = await produce(broker, ("t", 0, batch()), acks=acks)
    assert broker.partition().log.recovery_point == 1
    assert (response is None) if acks == 0 else row(response).error_code == 0


async def test_failed_flush_is_a_storage_error(broker: DataPath) -> None:
    broker.have(topic("t", config={"flush.messages": "1"}))
    broker.files.fsync_fails = True
    assert row(await produce(broker, ("t", 0, batch()))).error_code == ErrorCode.KAFKA_STORAGE_ERROR
    assert row(produce(broker, ("t", 0, batch()))).error_code == ErrorCode.KAFKA_STORAGE_ERROR


def test_full_disk_is_a_storage_error_until_there_is_room(broker: DataPath) -> None:
    broker.have(topic("t"))
    broker.files.full = True
    answer = row(produce(broker, ("t", 0, batch())))
    assert answer.error_code == ErrorCode.KAFKA_STORAGE_ERROR
    assert answer.error_message == "the log could not be used: No space left on device"
    broker.files.full = False
    assert row(produce(broker, ("t", 0, batch()))).base_offset == 0


# Idempotence


def numbered(sequence: int, count: int = 1, epoch: int = 0, producer_id: int = 9) -> bytes:
    return batch(*[b"v"] * count, producer_id=producer_id, producer_epoch=epoch, base_sequence=sequence)


def send(broker: DataPath, records: bytes) -> tuple[int, int]:
    answer = row(produce(broker, ("t", 0, records)))
    return answer.error_code, answer.base_offset


def test_repeated_batch_is_answered_with_its_first_offset_and_not_stored(broker: DataPath) -> None:
    broker.have(topic("t"))
    for sequence in range(5):
        assert send(broker, numbered(2 * sequence, 2)) == (0, 2 * sequence)
    assert send(broker, numbered(0, 2)) == (0, 0)
    assert send(broker, numbered(8, 2)) == (0, 8)
    assert broker.partition().log_end_offset == 10
    assert send(broker, numbered(10, 2)) == (0, 10)
    assert send(broker, numbered(0, 2))[0] == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, "the sixth last"


def test_gap_in_the_sequence_is_refused(broker: DataPath) -> None:
    broker.have(topic("t"))
    assert send(broker, numbered(0)) == (0, 0)
    assert send(broker, numbered(2)) == (ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, -1)
    assert send(broker, numbered(1)) == (0, 1)


def test_new_epoch_starts_at_0_and_fences_the_old_one(broker: DataPath) -> None:
    broker.have(topic("t"))
    send(broker, numbered(0))
    assert send(broker, numbered(5, epoch=1))[0] == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert send(broker, numbered(0, epoch=1)) == (0, 1)
    assert send(broker, numbered(1, epoch=0))[0] == ErrorCode.INVALID_PRODUCER_EPOCH


@pytest.mark.parametrize("crash", [False, True], ids=["clean", "crash"])
def test_sequences_are_kept_through_a_restart(broker: DataPath, crash: bool) -> None:
    broker.have(topic("t"))
    send(broker, numbered(0, 3))
    broker.restart(crash=crash)
    assert send(broker, numbered(0, 3)) == (0, 0)
    assert send(broker, numbered(4)) == (ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, -1)
    assert send(broker, numbered(3)) == (0, 3)


def test_repeated_batch_waits_like_the_first(broker: DataPath) -> None:
    broker.have(topic("t", replicas=(0, 1)))

    async def run() -> None:
        for _ in range(2):
            response = await produce(broker, ("t", 0, numbered(0)), timeout_ms=10)
            assert row(response).error_code == ErrorCode.REQUEST_TIMED_OUT

    trio.run(run)
    assert broker.partition().log_end_offset == 1
