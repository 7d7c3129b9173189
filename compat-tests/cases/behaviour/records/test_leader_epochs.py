"""OffsetForLeaderEpoch: where the records of an epoch end. Fresh partitions have epoch 0 and no other."""

from __future__ import annotations

import pytest

from conformance import Kafka, batches_in, case
from conformance.partitions import deletion_of, epochs_of, nowhere, part, parts
from wire.errors import ErrorCode
from wire.messages.delete_records import DeleteRecordsRequest
from wire.messages.offset_for_leader_epoch import OffsetForLeaderEpochRequest
from wire.messages.produce import ProduceRequest

FEATURE = "leader epochs"
WHY = "KIP-320; UnifiedLog.endOffsetForEpoch, LeaderEpochFileCache"
EPOCH_FROM = 1


@case(OffsetForLeaderEpochRequest, feature=FEATURE, why=WHY, also=(ProduceRequest,))
def test_the_current_epoch(kafka: Kafka, version: int) -> None:
    """The leader's epoch ends at the end of the log."""
    topic = kafka.topic()
    kafka.produce(topic, b"a", b"b")
    row = part(kafka.ask(epochs_of((topic, 0, 0))), topic)
    assert (row.error_code, row.partition, row.end_offset) == (0, 0, 2)
    assert row.leader_epoch == (0 if version >= EPOCH_FROM else -1)


@case(OffsetForLeaderEpochRequest, feature=FEATURE, why=WHY)
def test_the_current_epoch_of_an_empty_log(kafka: Kafka) -> None:
    """In an empty log the leader's epoch ends at 0."""
    topic = kafka.topic()
    row = part(kafka.ask(epochs_of((topic, 0, 0))), topic)
    assert (row.error_code, row.end_offset) == (0, 0)


@pytest.mark.parametrize("epoch", [1, 2**31 - 1])
@case(OffsetForLeaderEpochRequest, feature=FEATURE, why=WHY, also=(ProduceRequest,))
def test_an_epoch_that_never_was(kafka: Kafka, epoch: int) -> None:
    """An epoch above the leader's is unknown: -1 and -1, and no error."""
    topic = kafka.topic()
    kafka.produce(topic, b"a")
    row = part(kafka.ask(epochs_of((topic, 0, epoch))), topic)
    assert (row.error_code, row.leader_epoch, row.end_offset) == (0, -1, -1)


@case(OffsetForLeaderEpochRequest, feature=FEATURE, why=WHY, also=(ProduceRequest,))
def test_no_epoch(kafka: Kafka) -> None:
    """The epoch -1 ends nowhere: -1 and -1."""
    topic = kafka.topic()
    kafka.produce(topic, b"a")
    row = part(kafka.ask(epochs_of((topic, 0, -1))), topic)
    assert (row.error_code, row.leader_epoch, row.end_offset) == (0, -1, -1)


@case(OffsetForLeaderEpochRequest, feature=FEATURE, why=WHY, also=(ProduceRequest, DeleteRecordsRequest))
def test_after_records_were_deleted(kafka: Kafka) -> None:
    """The end of the epoch stays when the log starts later."""
    topic = kafka.topic()
    kafka.produce(topic, b"a", b"b", b"c")
    kafka.ask(deletion_of((topic, 0, 2)))
    assert part(kafka.ask(epochs_of((topic, 0, 0))), topic).end_offset == 3


@pytest.mark.parametrize(
    ("current", "code"),
    [(0, 0), (-1, 0), (1, ErrorCode.UNKNOWN_LEADER_EPOCH), (-2, ErrorCode.FENCED_LEADER_EPOCH)],
)
@case(
    OffsetForLeaderEpochRequest,
    versions="2+",
    feature=FEATURE,
    why="KIP-320; Partition.checkCurrentLeaderEpoch",
)
def test_current_leader_epoch(kafka: Kafka, current: int, code: int) -> None:
    """The right current epoch and -1 are served; one to come answers UNKNOWN_LEADER_EPOCH, one below FENCED_LEADER_EPOCH."""
    topic = kafka.topic()
    row = part(kafka.ask(epochs_of((topic, 0, 0), current=current)), topic)
    assert (row.error_code, row.end_offset) == (code, -1 if code else 0)


@case(OffsetForLeaderEpochRequest, feature=FEATURE, why="KafkaApis.handleOffsetForLeaderEpochRequest")
def test_unknown_topic(kafka: Kafka) -> None:
    """A topic that does not exist answers UNKNOWN_TOPIC_OR_PARTITION, -1 and -1."""
    topic = nowhere(kafka)
    row = part(kafka.ask(epochs_of((topic, 0, 0))), topic)
    assert row.error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert (row.leader_epoch, row.end_offset) == (-1, -1)


@case(OffsetForLeaderEpochRequest, feature=FEATURE, why="ReplicaManager.lastOffsetForLeaderEpoch")
def test_unknown_partition(kafka: Kafka) -> None:
    """A partition that the topic does not have fails alone."""
    topic = kafka.topic()
    answer = kafka.ask(epochs_of((topic, 0, 0), (topic, 1, 0)))
    assert part(answer, topic, 0).error_code == 0
    assert part(answer, topic, 1).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@case(OffsetForLeaderEpochRequest, feature=FEATURE, why="ReplicaManager.lastOffsetForLeaderEpoch")
def test_a_partition_named_twice(kafka: Kafka) -> None:
    """A partition named twice is answered twice, in order."""
    topic = kafka.topic()
    rows = [row for *_, row in parts(kafka.ask(epochs_of((topic, 0, 0), (topic, 0, 5))))]
    assert [row.end_offset for row in rows] == [0, -1]


@pytest.mark.parametrize("replica_id", [-1, -2, 4711])
@case(OffsetForLeaderEpochRequest, versions="3+", feature=FEATURE, why="KIP-320", also=(ProduceRequest,))
def test_replica_id(kafka: Kafka, replica_id: int) -> None:
    """Who asks makes no difference."""
    topic = kafka.topic()
    kafka.produce(topic, b"a")
    row = part(kafka.ask(epochs_of((topic, 0, 0), replica_id=replica_id)), topic)
    assert (row.error_code, row.end_offset) == (0, 1)


@case(OffsetForLeaderEpochRequest, feature=FEATURE, why="KafkaApis.handleOffsetForLeaderEpochRequest")
def test_no_topics(kafka: Kafka) -> None:
    """A request for nothing answers nothing."""
    assert not kafka.ask(epochs_of()).topics


@case(ProduceRequest, versions="3+", feature=FEATURE, why="UnifiedLog.appendAsLeader")
def test_batches_carry_the_leaders_epoch(kafka: Kafka) -> None:
    """Each stored batch has the epoch of the leader that appended it."""
    topic = kafka.topic()
    kafka.produce(topic, b"a")
    kafka.produce(topic, b"b")
    assert [header.partition_leader_epoch for header in batches_in(kafka.fetch(topic).records)] == [0, 0]
