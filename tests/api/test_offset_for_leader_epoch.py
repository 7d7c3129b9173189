"""OffsetForLeaderEpoch, called directly (KIP-101, KIP-279, KIP-320)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pykbroker.log.validate import AppendOrigin
from tests.server.data_path import DataPath, batch, topic
from wire.errors import ErrorCode
from wire.messages.offset_for_leader_epoch import (
    OffsetForLeaderEpochRequest,
    OffsetForLeaderPartition,
    OffsetForLeaderTopic,
)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[DataPath]:
    """Epoch 2 wrote offsets 0 to 2, epoch 5 offsets 3 and 4."""
    made = DataPath(tmp_path)
    made.have(topic("t", leader_epoch=2))
    made.partition().append_as_leader(batch(b"a", b"b", b"c"), AppendOrigin.CLIENT, 1)
    made.change("t", leader_epoch=5)
    made.partition().append_as_leader(batch(b"d", b"e"), AppendOrigin.CLIENT, 1)
    yield made
    made.log_dirs.abandon()


def ask(
    broker: DataPath, epoch: int, current: int = -1, version: int = 4, name: str = "t", index: int = 0
) -> tuple[int, int, int]:
    """(error code, leader epoch, end offset)."""
    asked = OffsetForLeaderPartition(partition=index, current_leader_epoch=current, leader_epoch=epoch)
    request = OffsetForLeaderEpochRequest(topics=[OffsetForLeaderTopic(topic=name, partitions=[asked])])
    (answered,) = broker.handle("offset_for_leader_epoch", version, request).topics
    (row,) = answered.partitions
    assert (answered.topic, row.partition) == (name, index)
    return row.error_code, row.leader_epoch, row.end_offset


@pytest.mark.parametrize("version", range(5))
def test_end_of_an_epoch_in_every_version(broker: DataPath, version: int) -> None:
    assert ask(broker, 2, version=version) == (0, 2 if version >= 1 else -1, 3)
    assert ask(broker, 5, version=version) == (0, 5 if version >= 1 else -1, 5)


def test_epoch_between_two_answers_the_lower(broker: DataPath) -> None:
    assert ask(broker, 3) == (0, 2, 3)


@pytest.mark.parametrize("epoch", [1, 0, -2])
def test_epoch_before_all_ends_where_the_first_begins(broker: DataPath, epoch: int) -> None:
    """A negative one too (LeaderEpochFileCache.endOffsetFor): -1 alone is none."""
    assert ask(broker, epoch) == (0, epoch, 0)


@pytest.mark.parametrize("epoch", [6, -1])
def test_unknown_epoch(broker: DataPath, epoch: int) -> None:
    assert ask(broker, epoch) == (0, -1, -1)


def test_epochs_survive_a_crash(broker: DataPath) -> None:
    broker.restart(crash=True)
    assert ask(broker, 2) == (0, 2, 3)


def test_current_leader_epoch_is_checked(broker: DataPath) -> None:
    assert ask(broker, 2, current=4) == (ErrorCode.FENCED_LEADER_EPOCH, -1, -1)
    assert ask(broker, 2, current=5) == (0, 2, 3)
    assert ask(broker, 2, current=6) == (ErrorCode.UNKNOWN_LEADER_EPOCH, -1, -1)


def test_unknown_partitions_and_leaders(broker: DataPath) -> None:
    broker.have(topic("far", leader=1, replicas=(1,)))
    assert ask(broker, 2, name="nope") == (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1, -1)
    assert ask(broker, 2, index=1) == (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1, -1)
    assert ask(broker, 2, name="far") == (ErrorCode.NOT_LEADER_OR_FOLLOWER, -1, -1)
