"""Retention: old and superfluous segments go, and the log starts later (cleanup.policy=delete)."""

from __future__ import annotations

from conformance import Kafka, Record, Setting, Topic, case, eventually, now_ms
from conformance.kafka import EARLIEST, LATEST
from wire.errors import ErrorCode
from wire.messages.fetch import FetchRequest
from wire.messages.list_offsets import ListOffsetsRequest
from wire.messages.produce import ProduceRequest

FEATURE = "retention"
WHY = "UnifiedLog.deleteOldSegments; LogManager.cleanupLogs"
NEEDS = (
    Setting("log.retention.check.interval.ms", at_most=1000),
    Setting("log.initial.task.delay.ms", at_most=1000),
)
MEBIBYTE = 1 << 20
DAY = 86_400_000


def full_of_segments(kafka: Kafka, count: int, **configs: object) -> Topic:
    """A topic with a batch of 600 KB in each of its segments of 1 MiB."""
    topic = kafka.topic(segment_bytes=MEBIBYTE, **configs)
    for _ in range(count):
        assert kafka.produce(topic, b"x" * 600_000).error_code == 0
    return topic


@case(ListOffsetsRequest, versions="latest", feature=FEATURE, why=WHY, also=(ProduceRequest,), needs=NEEDS)
def test_by_bytes(kafka: Kafka) -> None:
    """Of 5 segments of 600 KB retention.bytes=1300000 leaves 3: a segment goes only if the rest is still enough."""
    topic = full_of_segments(kafka, 5, retention_bytes=1_300_000)
    eventually(lambda: kafka.offset(topic, EARLIEST) == 2)
    assert kafka.offset(topic, LATEST) == 5


@case(ListOffsetsRequest, versions="latest", feature=FEATURE, why=WHY, also=(ProduceRequest,), needs=NEEDS)
def test_no_bytes_at_all(kafka: Kafka) -> None:
    """retention.bytes=0 leaves nothing: even what was written last goes, and offsets go on."""
    topic = full_of_segments(kafka, 2, retention_bytes=0)
    eventually(lambda: kafka.offset(topic, EARLIEST) == 2)
    assert kafka.produce(topic, b"next").base_offset == 2


@case(FetchRequest, versions="latest", feature=FEATURE, why=WHY, also=(ProduceRequest,), needs=NEEDS)
def test_what_went_is_out_of_range(kafka: Kafka) -> None:
    """What retention took is out of range; a fetch at the start gives the rest, and tells the log start."""
    topic = full_of_segments(kafka, 3, retention_bytes=600_000)
    eventually(lambda: kafka.offset(topic, EARLIEST) == 2)
    assert kafka.fetch(topic, 1).error_code == ErrorCode.OFFSET_OUT_OF_RANGE
    row = kafka.fetch(topic, 2)
    assert (row.error_code, row.log_start_offset, row.high_watermark) == (0, 2, 3)


@case(ListOffsetsRequest, versions="latest", feature=FEATURE, why=WHY, also=(ProduceRequest,), needs=NEEDS)
def test_by_time(kafka: Kafka) -> None:
    """Records older than retention.ms go, even the last ones; offsets go on."""
    topic = kafka.topic(retention_ms=DAY)
    kafka.produce(topic, b"old", b"old too", timestamp_ms=now_ms() - 2 * DAY)
    eventually(lambda: kafka.offset(topic, EARLIEST) == 2)
    assert kafka.offset(topic, LATEST) == 2
    assert kafka.produce(topic, b"new").base_offset == 2


@case(
    ListOffsetsRequest,
    versions="latest",
    feature=FEATURE,
    why="UnifiedLog.deleteRetentionMsBreachedSegments: the largest timestamp of a segment",
    also=(ProduceRequest,),
    needs=NEEDS,
)
def test_a_young_record_keeps_its_segment(kafka: Kafka) -> None:
    """An old record stays as long as a young one stands in its segment; a topic of old ones beside it is emptied."""
    mixed, old = kafka.topic(retention_ms=DAY), kafka.topic(retention_ms=DAY)
    for topic in (mixed, old):
        kafka.produce(topic, b"old", timestamp_ms=now_ms() - 2 * DAY)
    kafka.produce(mixed, b"young")
    eventually(lambda: kafka.offset(old, EARLIEST) == 1)
    assert kafka.offset(mixed, EARLIEST) in (0, 1)  # 1: the check came between the two
    assert kafka.records(mixed, 1)[0].value == b"young"


@case(
    ListOffsetsRequest,
    versions="latest",
    feature=FEATURE,
    why="retention.ms=-1",
    also=(ProduceRequest,),
    needs=NEEDS,
)
def test_for_ever(kafka: Kafka) -> None:
    """With retention.ms=-1 old records stay, while a topic beside it is emptied."""
    kept, old = kafka.topic(retention_ms=-1), kafka.topic(retention_ms=DAY)
    for topic in (kept, old):
        kafka.produce(topic, b"old", timestamp_ms=1_000)
    eventually(lambda: kafka.offset(old, EARLIEST) == 1)
    assert kafka.offset(kept, EARLIEST) == 0


@case(
    ListOffsetsRequest,
    versions="latest",
    feature=FEATURE,
    why="LogManager.cleanupLogs: only cleanup.policy=delete",
    also=(ProduceRequest,),
    needs=NEEDS,
)
def test_compacted_topics_keep_old_records(kafka: Kafka) -> None:
    """retention.ms does not touch a topic that is compacted and nothing else."""
    record = Record(0, now_ms() - 2 * DAY, b"key", b"old")
    compacted = kafka.topic(cleanup_policy="compact", retention_ms=DAY)
    both = kafka.topic(cleanup_policy="compact,delete", retention_ms=DAY)
    for topic in (compacted, both):
        kafka.produce(topic, record)
    eventually(lambda: kafka.offset(both, EARLIEST) == 1)
    assert kafka.offset(compacted, EARLIEST) == 0
