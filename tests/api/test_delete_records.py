"""DeleteRecords, called directly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pykbroker.errors import ApiError
from pykbroker.log.validate import AppendOrigin
from tests.server.data_path import DataPath, batch, keyed, topic, values
from wire.errors import ErrorCode
from wire.messages.delete_records import DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[DataPath]:
    made = DataPath(tmp_path)
    yield made
    made.log_dirs.abandon()


def append(broker: DataPath, count: int, name: str = "t") -> None:
    for number in range(count):
        broker.partition(name).append_as_leader(batch(b"%d" % number), AppendOrigin.CLIENT, 1)


def delete(
    broker: DataPath, offset: int, name: str = "t", index: int = 0, version: int = 2
) -> tuple[int, int]:
    """(error code, low watermark)."""
    asked = DeleteRecordsPartition(partition_index=index, offset=offset)
    request = DeleteRecordsRequest(
        topics=[DeleteRecordsTopic(name=name, partitions=[asked])], timeout_ms=1000
    )
    (answered,) = broker.handle("delete_records", version, request).topics
    (row,) = answered.partitions
    assert (answered.name, row.partition_index) == (name, index)
    return row.error_code, row.low_watermark


@pytest.mark.parametrize("version", [0, 1, 2])
def test_log_starts_later(broker: DataPath, version: int) -> None:
    broker.have(topic("t"))
    append(broker, 5)
    assert delete(broker, 2, version=version) == (0, 2)
    assert values(broker.partition().read(2, 10_000).records) == [b"2", b"3", b"4"]
    with pytest.raises(ApiError) as raised:
        broker.partition().read(1, 10_000)
    assert raised.value.code == ErrorCode.OFFSET_OUT_OF_RANGE


def test_minus_one_is_the_high_watermark(broker: DataPath) -> None:
    broker.have(topic("t"))
    append(broker, 5)
    assert delete(broker, -1) == (0, 5)
    append(broker, 1)
    assert broker.partition().log_end_offset == 6


def test_earlier_offset_changes_nothing(broker: DataPath) -> None:
    broker.have(topic("t"))
    append(broker, 5)
    delete(broker, 3)
    assert delete(broker, 1) == (0, 3)


@pytest.mark.parametrize("offset", [6, -2])
def test_offset_out_of_range(broker: DataPath, offset: int) -> None:
    broker.have(topic("t"))
    append(broker, 5)
    assert delete(broker, offset) == (ErrorCode.OFFSET_OUT_OF_RANGE, -1)


def test_nothing_beyond_the_high_watermark_is_deleted(broker: DataPath) -> None:
    broker.have(topic("t", replicas=(0, 1)))
    append(broker, 2)
    assert delete(broker, 1) == (ErrorCode.OFFSET_OUT_OF_RANGE, -1)


def test_compacted_topic_keeps_its_records(broker: DataPath) -> None:
    broker.have(
        topic("t", config={"cleanup.policy": "compact"}),
        topic("both", config={"cleanup.policy": "compact,delete"}),
    )
    for name in ("t", "both"):
        broker.partition(name).append_as_leader(keyed(b"k"), AppendOrigin.CLIENT, 1)
    assert delete(broker, 1) == (ErrorCode.POLICY_VIOLATION, -1)
    assert delete(broker, 1, "both") == (0, 1)


def test_internal_topic_is_refused(broker: DataPath) -> None:
    broker.have(topic("__consumer_offsets"))
    assert delete(broker, -1, "__consumer_offsets") == (ErrorCode.INVALID_TOPIC_EXCEPTION, -1)


def test_unknown_partitions_and_leaders(broker: DataPath) -> None:
    broker.have(topic("t"), topic("far", leader=1, replicas=(1,)))
    assert delete(broker, 0, "nope") == (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1)
    assert delete(broker, 0, index=3) == (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1)
    assert delete(broker, 0, "far") == (ErrorCode.NOT_LEADER_OR_FOLLOWER, -1)


def test_whole_segments_leave_the_disk(broker: DataPath, tmp_path: Path) -> None:
    broker.have(topic("t", config={"segment.bytes": "1024"}))
    for _ in range(10):
        broker.partition().append_as_leader(batch(b"x" * 500), AppendOrigin.CLIENT, 1)
    before = len(list((tmp_path / "log0" / "t-0").glob("*.log")))
    delete(broker, -1)
    assert before > 3
    assert len(list((tmp_path / "log0" / "t-0").glob("*.log"))) == 1
