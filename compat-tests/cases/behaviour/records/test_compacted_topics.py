"""Topics with cleanup.policy=compact: every record needs a key, and the last value of a key is what stays."""

from __future__ import annotations

import pytest

from conformance import Codec, Kafka, Record, Setting, Topic, case, eventually, now_ms
from conformance.kafka import EARLIEST
from wire.errors import ErrorCode
from wire.messages.fetch import FetchRequest
from wire.messages.list_offsets import ListOffsetsRequest
from wire.messages.produce import ProduceRequest

KEYS = "keys of compacted topics"
COMPACTION = "compaction"
CLEANER = (Setting("log.cleaner.backoff.ms", at_most=1000),)
BY_CLEANER = "LogCleaner; Cleaner.cleanSegments"


def keyed(key: str, value: str | None, timestamp: int | None = None) -> Record:
    return Record(
        0,
        now_ms() if timestamp is None else timestamp,
        key.encode(),
        None if value is None else value.encode(),
    )


@case(ProduceRequest, versions="3+", feature=KEYS, why="LogValidator.validateKey")
def test_null_key(kafka: Kafka) -> None:
    """A record without a key answers INVALID_RECORD, and nothing is stored."""
    topic = kafka.topic(cleanup_policy="compact")
    row = kafka.produce(topic, b"no key")
    assert (row.error_code, row.base_offset) == (ErrorCode.INVALID_RECORD, -1)
    assert kafka.offset(topic) == 0


@case(ProduceRequest, versions="8+", feature="record errors", why="KIP-467; LogValidator.validateKey")
def test_which_records_lack_a_key(kafka: Kafka) -> None:
    """From v8 the answer names the records without a key by their place in the batch, each with a text, and one for all."""
    topic = kafka.topic(cleanup_policy="compact")
    row = kafka.produce(topic, b"a", keyed("k", "b"), b"c", keyed("k", "d"))
    assert row.error_code == ErrorCode.INVALID_RECORD
    assert [error.batch_index for error in row.record_errors] == [0, 2]
    assert all(error.batch_index_error_message for error in row.record_errors)
    assert row.error_message


@case(ProduceRequest, versions="latest", feature=KEYS, why="LogValidator.validateKey")
def test_null_key_in_a_compressed_batch(kafka: Kafka) -> None:
    """A compressed batch is opened to look for keys."""
    topic = kafka.topic(cleanup_policy="compact")
    row = kafka.produce(topic, keyed("k", "a"), b"no key", codec=Codec.LZ4)
    assert row.error_code == ErrorCode.INVALID_RECORD


@case(ProduceRequest, versions="latest", feature=KEYS, why="LogValidator.validateKey")
def test_compact_and_delete_needs_keys(kafka: Kafka) -> None:
    """cleanup.policy=compact,delete needs keys as well."""
    topic = kafka.topic(cleanup_policy="compact,delete")
    assert kafka.produce(topic, b"no key").error_code == ErrorCode.INVALID_RECORD


@case(ProduceRequest, versions="latest", feature=KEYS, why="LogValidator.validateKey")
def test_an_empty_key_is_a_key(kafka: Kafka) -> None:
    """A key of no bytes is a key, and a null value with a key is a tombstone."""
    topic = kafka.topic(cleanup_policy="compact")
    row = kafka.produce(topic, Record(0, now_ms(), b"", b"a"), Record(0, now_ms(), b"k", None))
    assert (row.error_code, row.base_offset) == (0, 0)


@case(ProduceRequest, versions="latest", feature=KEYS, why="LogValidator.validateKey")
def test_delete_needs_no_keys(kafka: Kafka) -> None:
    """cleanup.policy=delete takes records without a key."""
    assert kafka.produce(kafka.topic(cleanup_policy="delete"), b"no key").error_code == 0


# --- what compaction leaves


def compacted(kafka: Kafka, **configs: object) -> Topic:
    """A topic that is cleaned as soon as it can be: everything but the active segment, which lasts a moment."""
    options = {"cleanup_policy": "compact", "segment_ms": 100, "min_cleanable_dirty_ratio": 0.001}
    return kafka.topic(**options | configs)


def roll(kafka: Kafka, topic: Topic) -> None:
    """Fresh records of another key, until those before are in a segment of their own and the cleaner came by."""
    kafka.produce(topic, keyed("roll", str(now_ms()), now_ms() + 1000))


def left(kafka: Kafka, topic: Topic) -> list[tuple[str, str | None]]:
    """Keys and values that stand in the log, but for those of `roll`. Each look rolls the segment."""
    roll(kafka, topic)
    return [
        (record.key.decode(), None if record.value is None else record.value.decode())
        for record in kafka.records(topic)
        if record.key != b"roll"
    ]


@case(
    FetchRequest, versions="latest", feature=COMPACTION, why=BY_CLEANER, also=(ProduceRequest,), needs=CLEANER
)
def test_the_last_value_stays(kafka: Kafka) -> None:
    """Of several values of a key the last one stays, with its offset; other keys are not touched."""
    topic = compacted(kafka)
    kafka.produce(topic, keyed("a", "1"), keyed("b", "1"), keyed("a", "2"))
    kafka.produce(topic, keyed("a", "3"), keyed("c", "1"))
    eventually(lambda: left(kafka, topic) == [("b", "1"), ("a", "3"), ("c", "1")], every_s=0.15)
    offsets = [record.offset for record in kafka.records(topic) if record.key != b"roll"]
    assert offsets == [1, 3, 4]


@pytest.mark.parametrize(
    "codec", [Codec.GZIP, Codec.SNAPPY, Codec.LZ4, Codec.ZSTD], ids=lambda codec: codec.name.lower()
)
@case(
    FetchRequest, versions="latest", feature=COMPACTION, why=BY_CLEANER, also=(ProduceRequest,), needs=CLEANER
)
def test_compressed_batches_are_compacted(kafka: Kafka, codec: Codec) -> None:
    """Records go out of compressed batches one by one."""
    topic = compacted(kafka)
    kafka.produce(topic, keyed("a", "1"), keyed("b", "1"), keyed("a", "2"), codec=codec)
    eventually(lambda: left(kafka, topic) == [("b", "1"), ("a", "2")], every_s=0.15)


@case(
    FetchRequest, versions="latest", feature=COMPACTION, why=BY_CLEANER, also=(ProduceRequest,), needs=CLEANER
)
def test_a_fetch_at_an_offset_that_is_gone(kafka: Kafka) -> None:
    """A fetch at an offset that compaction took gives the next record that is there."""
    topic = compacted(kafka)
    for number in range(4):
        kafka.produce(topic, keyed("a", str(number)))
    eventually(lambda: left(kafka, topic) == [("a", "3")], every_s=0.15)
    assert kafka.fetch(topic, 1).error_code == 0
    assert kafka.records(topic, 1)[0].offset == 3
    assert kafka.offset(topic, EARLIEST) == 0


@case(
    FetchRequest,
    versions="latest",
    feature=COMPACTION,
    why="Cleaner.shouldRetainRecord; delete.retention.ms",
    also=(ProduceRequest,),
    needs=CLEANER,
)
def test_tombstones_stay_for_a_while(kafka: Kafka) -> None:
    """A tombstone takes the values before it, and itself stays for delete.retention.ms."""
    topic = compacted(kafka)
    kafka.produce(topic, keyed("a", "1"), keyed("b", "1"))
    kafka.produce(topic, keyed("a", None))
    eventually(lambda: left(kafka, topic) == [("b", "1"), ("a", None)], every_s=0.15)


@case(
    FetchRequest,
    versions="latest",
    feature=COMPACTION,
    why="KIP-534; delete.retention.ms",
    also=(ProduceRequest,),
    needs=CLEANER,
)
def test_tombstones_go(kafka: Kafka) -> None:
    """With delete.retention.ms=0 the tombstone goes too."""
    topic = compacted(kafka, delete_retention_ms=0)
    kafka.produce(topic, keyed("a", "1"), keyed("b", "1"))
    kafka.produce(topic, keyed("a", None))
    eventually(lambda: left(kafka, topic) == [("b", "1")], every_s=0.15)


@case(
    FetchRequest,
    versions="latest",
    feature=COMPACTION,
    why="LogCleanerManager.cleanableOffsets: never the active segment",
    also=(ProduceRequest,),
    needs=CLEANER,
)
def test_the_active_segment_is_not_compacted(kafka: Kafka) -> None:
    """What stands in the active segment stays, while a topic beside it is compacted."""
    still = kafka.topic(cleanup_policy="compact", min_cleanable_dirty_ratio=0.001)
    topic = compacted(kafka)
    for each in (still, topic):
        kafka.produce(each, keyed("a", "1"), keyed("a", "2"))
    eventually(lambda: left(kafka, topic) == [("a", "2")], every_s=0.15)
    assert [record.value for record in kafka.records(still)] == [b"1", b"2"]


@case(
    FetchRequest,
    versions="latest",
    feature=COMPACTION,
    why="LogCleanerManager; min.compaction.lag.ms",
    also=(ProduceRequest,),
    needs=CLEANER,
)
def test_young_records_are_not_compacted(kafka: Kafka) -> None:
    """Records younger than min.compaction.lag.ms stay, while a topic beside it is compacted."""
    young = compacted(kafka, min_compaction_lag_ms=3_600_000)
    topic = compacted(kafka)
    for each in (young, topic):
        kafka.produce(each, keyed("a", "1"), keyed("a", "2"))
    roll(kafka, young)
    eventually(lambda: left(kafka, topic) == [("a", "2")], every_s=0.15)
    assert left(kafka, young) == [("a", "1"), ("a", "2")]


@case(
    ListOffsetsRequest,
    versions="latest",
    feature=COMPACTION,
    why=BY_CLEANER,
    also=(ProduceRequest,),
    needs=CLEANER,
)
def test_search_by_time_in_a_compacted_log(kafka: Kafka) -> None:
    """The search by time finds the record that stayed, not the one that went."""
    topic = compacted(kafka)
    base = now_ms() - 1_000_000
    kafka.produce(topic, keyed("a", "1", base), keyed("b", "1", base + 10), keyed("a", "2", base + 20))
    eventually(lambda: left(kafka, topic) == [("b", "1"), ("a", "2")], every_s=0.15)
    assert kafka.offset(topic, base) == 1
    assert kafka.offset(topic, base + 11) == 2
