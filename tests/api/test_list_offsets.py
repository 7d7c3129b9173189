"""ListOffsets, called directly: named points, times exact to the record, what each version may ask."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pykbroker.log.validate import AppendOrigin
from tests.server.data_path import DataPath, batch, topic
from wire.errors import ErrorCode
from wire.messages.list_offsets import ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic
from wire.records.batch import Codec
from wire.records.record import Record, build_batch

LATEST, EARLIEST, MAX, EARLIEST_LOCAL, LATEST_TIERED, PENDING_UPLOAD = -1, -2, -3, -4, -5, -6


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[DataPath]:
    made = DataPath(tmp_path)
    yield made
    made.log_dirs.abandon()


def append(broker: DataPath, *timestamps: int, codec: Codec = Codec.NONE) -> None:
    records = [Record(0, timestamp, None, b"v" * 50, ()) for timestamp in timestamps]
    broker.partition().append_as_leader(build_batch(records, codec=codec), AppendOrigin.CLIENT, 1)


def ask(
    broker: DataPath, *asked: Any, version: int = 11, name: str = "t", isolation_level: int = 0
) -> list[Any]:
    topics = [ListOffsetsTopic(name=name, partitions=list(asked))]
    request = ListOffsetsRequest(replica_id=-1, isolation_level=isolation_level, topics=topics)
    response = broker.handle("list_offsets", version, request)
    return list(response.topics[0].partitions)


def at(broker: DataPath, timestamp: int, version: int = 11, **how: Any) -> tuple[int, int, int]:
    """(offset, timestamp, leader epoch) of partition 0."""
    asked = ListOffsetsPartition(partition_index=0, timestamp=timestamp)
    (row,) = ask(broker, asked, version=version, **how)
    assert row.error_code == 0, ErrorCode(row.error_code).name
    return row.offset, row.timestamp, row.leader_epoch


def code(broker: DataPath, asked: Any, version: int = 11, name: str = "t") -> int:
    (row,) = ask(broker, asked, version=version, name=name)
    assert (row.offset, row.timestamp) == (-1, -1)
    return int(row.error_code)


@pytest.mark.parametrize("version", range(1, 12))
def test_earliest_and_latest_in_every_version(broker: DataPath, version: int) -> None:
    broker.have(topic("t", leader_epoch=3))
    append(broker, 1, 2, 3)
    append(broker, 4)
    broker.partition().delete_records(1)
    epoch = 3 if version >= 4 else -1
    assert at(broker, LATEST, version) == (4, -1, epoch)
    assert at(broker, EARLIEST, version) == (1, -1, epoch)


def test_empty_log(broker: DataPath) -> None:
    broker.have(topic("t", leader_epoch=3))
    assert at(broker, LATEST) == (0, -1, 3)
    assert at(broker, EARLIEST) == (0, -1, 3)
    assert at(broker, MAX) == (-1, -1, -1)
    assert at(broker, 0) == (-1, -1, -1)


@pytest.mark.parametrize("codec", list(Codec))
def test_time_is_exact_to_the_record_also_in_compressed_batches(broker: DataPath, codec: Codec) -> None:
    broker.have(topic("t"))
    append(broker, 100, 200, 300, codec=codec)
    append(broker, 400, 500, codec=codec)
    found = {asked: at(broker, asked)[:2] for asked in (0, 100, 101, 250, 300, 301, 450, 500, 501)}
    assert found == {
        0: (0, 100),
        100: (0, 100),
        101: (1, 200),
        250: (2, 300),
        300: (2, 300),
        301: (3, 400),
        450: (4, 500),
        500: (4, 500),
        501: (-1, -1),
    }


def test_time_skips_records_before_the_log_start(broker: DataPath) -> None:
    broker.have(topic("t"))
    append(broker, 100, 200, 300)
    broker.partition().delete_records(2)
    assert at(broker, 50)[:2] == (2, 300)


def test_largest_timestamp_is_the_first_record_that_has_it(broker: DataPath) -> None:
    """KIP-734."""
    broker.have(topic("t"))
    append(broker, 100, 900, 300)
    append(broker, 400, 900)
    assert at(broker, MAX, 7)[:2] == (1, 900)


def test_nothing_is_tiered(broker: DataPath) -> None:
    broker.have(topic("t"))
    append(broker, 1)
    assert at(broker, EARLIEST_LOCAL, 8)[0] == 0
    assert at(broker, LATEST_TIERED, 9) == (-1, -1, -1)
    assert at(broker, PENDING_UPLOAD, 11) == (-1, -1, -1)


@pytest.mark.parametrize(
    ("timestamp", "first_version"), [(MAX, 7), (EARLIEST_LOCAL, 8), (LATEST_TIERED, 9), (PENDING_UPLOAD, 11)]
)
def test_names_that_a_version_does_not_have_are_refused(
    broker: DataPath, timestamp: int, first_version: int
) -> None:
    broker.have(topic("t"))
    asked = ListOffsetsPartition(partition_index=0, timestamp=timestamp)
    assert code(broker, asked, version=first_version - 1) == ErrorCode.UNSUPPORTED_VERSION
    (row,) = ask(broker, asked, version=first_version)
    assert row.error_code == 0


def test_unknown_name_is_refused_in_all_versions(broker: DataPath) -> None:
    broker.have(topic("t"))
    asked = ListOffsetsPartition(partition_index=0, timestamp=-7)
    assert code(broker, asked) == ErrorCode.UNSUPPORTED_VERSION


def test_only_what_is_committed_can_be_found(broker: DataPath) -> None:
    broker.have(topic("t"))
    append(broker, 100)
    broker.have(topic("t", replicas=(0, 1), leader_epoch=1))
    append(broker, 200)
    for isolation in (0, 1):
        assert at(broker, LATEST, isolation_level=isolation)[0] == 1
        assert at(broker, 100, isolation_level=isolation)[:2] == (0, 100)
        assert at(broker, 150, isolation_level=isolation)[:2] == (-1, -1)
        assert at(broker, MAX, isolation_level=isolation)[:2] == (-1, -1)


def test_partition_named_twice_is_refused(broker: DataPath) -> None:
    broker.have(topic("t", 2))
    asked = [ListOffsetsPartition(partition_index=index, timestamp=LATEST) for index in (0, 1, 0)]
    codes = [row.error_code for row in ask(broker, *asked)]
    assert codes == [ErrorCode.INVALID_REQUEST, 0, ErrorCode.INVALID_REQUEST]


def test_unknown_partitions_and_leaders(broker: DataPath) -> None:
    broker.have(topic("t", leader_epoch=5), topic("far", leader=1, replicas=(1,)))
    latest = {"partition_index": 0, "timestamp": LATEST}
    here = ListOffsetsPartition(**latest)
    assert code(broker, here, name="nope") == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert code(broker, here, name="far") == ErrorCode.NOT_LEADER_OR_FOLLOWER
    old, new = (ListOffsetsPartition(current_leader_epoch=epoch, **latest) for epoch in (4, 6))
    assert code(broker, old) == ErrorCode.FENCED_LEADER_EPOCH
    assert code(broker, new) == ErrorCode.UNKNOWN_LEADER_EPOCH


def test_time_is_found_across_segments(broker: DataPath) -> None:
    broker.have(topic("t", config={"segment.bytes": "1024"}))
    for number in range(40):
        broker.partition().append_as_leader(
            batch(b"x" * 300, timestamp=1000 + number), AppendOrigin.CLIENT, 1
        )
    assert len(broker.partition().log.segments) > 10
    assert [at(broker, 1000 + number)[:2] for number in (0, 17, 39)] == [(0, 1000), (17, 1017), (39, 1039)]


# v0: beginnings of segments

SECOND = 1000


def old(broker: DataPath, timestamp: int, most: int = 100) -> list[int]:
    """As Apache Kafka 3.9.2 answers it (UnifiedLog.legacyFetchOffsetsBefore)."""
    asked = ListOffsetsPartition(partition_index=0, timestamp=timestamp, max_num_offsets=most)
    (row,) = ask(broker, asked, version=0)
    assert row.error_code == 0, ErrorCode(row.error_code).name
    return list(row.old_style_offsets)


@pytest.fixture
def segmented(broker: DataPath) -> DataPath:
    """Segments from 0, 2, 4, 6 and 8 on, the end at 9; written to at second 1, 2 ..., and now is second 100."""
    broker.have(topic("t", config={"segment.bytes": "1024"}))
    for _ in range(9):
        broker.partition().append_as_leader(batch(b"x" * 400), AppendOrigin.CLIENT, 1)
    for number, segment in enumerate(broker.partition().log.segments, 1):
        os.utime(segment.handle.path, (number, number))
    broker.clock.time_ms = 100 * SECOND
    return broker


def test_old_latest_and_earliest(segmented: DataPath) -> None:
    assert old(segmented, LATEST) == [9, 8, 6, 4, 2, 0]
    assert old(segmented, LATEST, 1) == [9]
    assert old(segmented, LATEST, 2**31 - 1) == [9, 8, 6, 4, 2, 0]
    assert old(segmented, LATEST, 0) == []
    assert old(segmented, EARLIEST) == old(segmented, EARLIEST, 1) == [0]


def test_old_times_are_those_of_the_files(segmented: DataPath) -> None:
    assert old(segmented, 0) == old(segmented, SECOND - 1) == []
    assert old(segmented, SECOND) == [0]
    assert old(segmented, 3 * SECOND + 1) == [4, 2, 0]
    assert old(segmented, 3 * SECOND + 1, 2) == [4, 2]
    assert old(segmented, 99 * SECOND) == [8, 6, 4, 2, 0]
    assert old(segmented, 100 * SECOND) == [9, 8, 6, 4, 2, 0]


def test_old_log_start_stands_for_what_lies_before_it(segmented: DataPath) -> None:
    segmented.partition().delete_records(5)
    assert old(segmented, LATEST) == [9, 8, 6, 5]
    assert old(segmented, EARLIEST) == [5]


def test_old_empty_log(broker: DataPath) -> None:
    broker.have(topic("t"))
    assert old(broker, LATEST) == old(broker, EARLIEST) == [0]


def test_old_offsets_end_at_the_high_watermark(segmented: DataPath) -> None:
    segmented.have(topic("t", replicas=(0, 1), leader_epoch=1, config={"segment.bytes": "1024"}))
    segmented.partition().append_as_leader(batch(b"x" * 800, timestamp=1), AppendOrigin.CLIENT, 1)
    assert [segment.base_offset for segment in segmented.partition().log.segments][-1] == 9
    assert (segmented.partition().high_watermark, segmented.partition().log_end_offset) == (9, 10)
    assert old(segmented, LATEST) == [9, 9, 8, 6, 4, 2, 0]
    assert old(segmented, LATEST, 1) == [9]


def test_old_errors(broker: DataPath) -> None:
    broker.have(topic("t"))
    latest = ListOffsetsPartition(partition_index=0, timestamp=LATEST)
    newer = ListOffsetsPartition(partition_index=0, timestamp=MAX)
    negative = ListOffsetsPartition(partition_index=0, timestamp=LATEST, max_num_offsets=-1)
    assert code(broker, newer, version=0) == ErrorCode.UNSUPPORTED_VERSION
    assert code(broker, latest, version=0, name="nope") == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert code(broker, negative, version=0) == ErrorCode.INVALID_REQUEST
    assert code(broker, negative, version=0, name="nope") == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert [row.error_code for row in ask(broker, latest, latest, version=0)] == [0, 0], (
        "twice is no fault yet"
    )
