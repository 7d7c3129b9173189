"""DeleteRecords: let partitions start later, and what the other APIs say afterwards."""

from __future__ import annotations

import pytest

from conformance import Kafka, Record, Topic, case, now_ms
from conformance.kafka import EARLIEST, LATEST
from conformance.partitions import deletion_of, nowhere, part, parts
from wire.errors import ErrorCode
from wire.messages.delete_records import DeleteRecordsRequest
from wire.messages.fetch import FetchRequest
from wire.messages.list_offsets import ListOffsetsRequest
from wire.messages.produce import ProduceRequest

FEATURE = "delete records"
WHY = "KIP-107; Partition.deleteRecordsOnLeader"
ALSO = (ProduceRequest,)


def filled(kafka: Kafka, **configs: object) -> Topic:
    """A topic with the records 0 to 4, each a batch of its own."""
    topic = kafka.topic(**configs)
    for number in range(5):
        kafka.produce(topic, Record(0, now_ms(), b"key", b"%d" % number))
    return topic


def deleted(kafka: Kafka, topic: Topic, offset: int) -> tuple[int, int]:
    """(error, low watermark) of a deletion."""
    row = part(kafka.ask(deletion_of((topic, 0, offset))), topic)
    return row.error_code, row.low_watermark


@case(DeleteRecordsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_up_to_an_offset(kafka: Kafka) -> None:
    """The log starts at the offset given, which is answered as the low watermark."""
    topic = filled(kafka)
    assert deleted(kafka, topic, 3) == (0, 3)
    assert (kafka.offset(topic, EARLIEST), kafka.offset(topic, LATEST)) == (3, 5)


@case(DeleteRecordsRequest, feature=FEATURE, why=WHY, also=(*ALSO, FetchRequest))
def test_what_is_left(kafka: Kafka) -> None:
    """What is before is out of range, what is behind can be read."""
    topic = filled(kafka)
    deleted(kafka, topic, 3)
    assert kafka.fetch(topic, 2).error_code == ErrorCode.OFFSET_OUT_OF_RANGE
    assert [record.value for record in kafka.records(topic, 3)] == [b"3", b"4"]


@case(DeleteRecordsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_up_to_the_high_watermark(kafka: Kafka) -> None:
    """-1 deletes everything that is there, and the log goes on behind it."""
    topic = filled(kafka)
    assert deleted(kafka, topic, -1) == (0, 5)
    assert (kafka.offset(topic, EARLIEST), kafka.offset(topic, LATEST)) == (5, 5)
    assert kafka.produce(topic, b"next").base_offset == 5
    assert [record.value for record in kafka.records(topic, 5)] == [b"next"]


@case(DeleteRecordsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_exactly_the_high_watermark(kafka: Kafka) -> None:
    """The high watermark itself may be given."""
    assert deleted(kafka, filled(kafka), 5) == (0, 5)


@pytest.mark.parametrize("offset", [6, 2**63 - 1, -2])
@case(DeleteRecordsRequest, feature=FEATURE, why=WHY, also=ALSO)
def test_out_of_range(kafka: Kafka, offset: int) -> None:
    """Beyond the high watermark, and below -1: OFFSET_OUT_OF_RANGE, low watermark -1, nothing is deleted."""
    topic = filled(kafka)
    assert deleted(kafka, topic, offset) == (ErrorCode.OFFSET_OUT_OF_RANGE, -1)
    assert kafka.offset(topic, EARLIEST) == 0


@pytest.mark.parametrize("offset", [0, 1, 3])
@case(
    DeleteRecordsRequest, feature=FEATURE, why="KIP-107; UnifiedLog.maybeIncrementLogStartOffset", also=ALSO
)
def test_what_is_deleted_already(kafka: Kafka, offset: int) -> None:
    """An offset at or below the log start changes nothing: no error, the low watermark as it is."""
    topic = filled(kafka)
    deleted(kafka, topic, 3)
    assert deleted(kafka, topic, offset) == (0, 3)


@case(DeleteRecordsRequest, feature=FEATURE, why=WHY)
def test_in_an_empty_log(kafka: Kafka) -> None:
    """In an empty log -1 and 0 are right, and the low watermark is 0."""
    topic = kafka.topic()
    assert deleted(kafka, topic, -1) == (0, 0)
    assert deleted(kafka, topic, 0) == (0, 0)


@case(
    DeleteRecordsRequest,
    feature=FEATURE,
    why="KIP-107; Partition.deleteRecordsOnLeader, LogConfig.delete",
    also=ALSO,
)
def test_compacted_topics_refuse(kafka: Kafka) -> None:
    """A topic that is compacted and nothing else answers POLICY_VIOLATION, and keeps its records."""
    topic = filled(kafka, cleanup_policy="compact")
    assert deleted(kafka, topic, 3) == (ErrorCode.POLICY_VIOLATION, -1)
    assert kafka.offset(topic, EARLIEST) == 0


@case(
    DeleteRecordsRequest, feature=FEATURE, why="Partition.deleteRecordsOnLeader, LogConfig.delete", also=ALSO
)
def test_compact_and_delete_serve(kafka: Kafka) -> None:
    """With cleanup.policy=compact,delete records can be deleted."""
    assert deleted(kafka, filled(kafka, cleanup_policy="compact,delete"), 3) == (0, 3)


@case(
    DeleteRecordsRequest,
    feature=FEATURE,
    why="KafkaApis.handleDeleteRecordsRequest; ReplicaManager.deleteRecordsOnLocalLog",
)
def test_internal_topics_refuse(kafka: Kafka) -> None:
    """Internal topics answer INVALID_TOPIC_EXCEPTION."""
    kafka.group()
    offsets = Topic("__consumer_offsets", bytes(16), 1)
    assert deleted(kafka, offsets, 0) == (ErrorCode.INVALID_TOPIC_EXCEPTION, -1)


@case(DeleteRecordsRequest, feature=FEATURE, why="KafkaApis.handleDeleteRecordsRequest")
def test_unknown_topic(kafka: Kafka) -> None:
    """A topic that does not exist answers UNKNOWN_TOPIC_OR_PARTITION."""
    assert deleted(kafka, nowhere(kafka), 0) == (ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, -1)


@case(DeleteRecordsRequest, feature=FEATURE, why="KafkaApis.handleDeleteRecordsRequest", also=ALSO)
def test_partitions_fail_each_for_itself(kafka: Kafka) -> None:
    """A partition that is unknown and one out of range do not keep the others."""
    topic, other = kafka.topic(2), filled(kafka)
    kafka.produce(topic, b"a", b"b")
    answer = kafka.ask(deletion_of((topic, 0, 1), (topic, 1, 7), (topic, 2, 0), (other, 0, 4)))
    assert (part(answer, topic, 0).error_code, part(answer, topic, 0).low_watermark) == (0, 1)
    assert part(answer, topic, 1).error_code == ErrorCode.OFFSET_OUT_OF_RANGE
    assert part(answer, topic, 2).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert (part(answer, other).error_code, part(answer, other).low_watermark) == (0, 4)


@case(
    DeleteRecordsRequest,
    feature=FEATURE,
    why="KafkaApis.handleDeleteRecordsRequest: a map of partitions",
    also=ALSO,
)
def test_a_partition_named_twice(kafka: Kafka) -> None:
    """A partition named twice is served as it was named last."""
    topic = filled(kafka)
    answer = kafka.ask(deletion_of((topic, 0, 1), (topic, 0, 2)))
    assert [(row.error_code, row.low_watermark) for *_, row in parts(answer)][-1] == (0, 2)
    assert kafka.offset(topic, EARLIEST) == 2


@case(DeleteRecordsRequest, feature=FEATURE, why="KafkaApis.handleDeleteRecordsRequest")
def test_no_topics(kafka: Kafka) -> None:
    """A request for nothing answers nothing."""
    assert not kafka.ask(deletion_of()).topics


@pytest.mark.parametrize("timeout_ms", [0, -1])
@case(DeleteRecordsRequest, feature=FEATURE, why="DelayedDeleteRecords", also=ALSO)
def test_no_time(kafka: Kafka, timeout_ms: int) -> None:
    """A single replica needs no time: also with a timeout of 0 or less."""
    topic = filled(kafka)
    row = part(kafka.ask(deletion_of((topic, 0, 3), timeout_ms=timeout_ms)), topic)
    assert (row.error_code, row.low_watermark) == (0, 3)


@case(DeleteRecordsRequest, feature=FEATURE, why=WHY, also=(*ALSO, ListOffsetsRequest))
def test_the_start_in_a_batch(kafka: Kafka) -> None:
    """The log may start in the middle of a batch."""
    topic = kafka.topic()
    kafka.produce(topic, b"0", b"1", b"2", b"3")
    assert deleted(kafka, topic, 2) == (0, 2)
    assert kafka.offset(topic, EARLIEST) == 2
    assert [record.value for record in kafka.records(topic, 2)] == [b"2", b"3"]
