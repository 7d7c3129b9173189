"""ListOffsets: the offset of a point in time, or of one of the named points."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from conformance import Codec, Kafka, Record, Topic, batch, case, now_ms
from conformance.partitions import deletion_of, nowhere, offsets_of, part, parts, topic_with
from wire.errors import ErrorCode
from wire.messages.delete_records import DeleteRecordsRequest
from wire.messages.list_offsets import ListOffsetsRequest
from wire.messages.produce import ProduceRequest

NAMED = "named offsets"
BY_TIME = "offsets by time"
LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED, EARLIEST_PENDING_UPLOAD = range(-1, -7, -1)
FIRST_VERSION = {MAX_TIMESTAMP: 7, EARLIEST_LOCAL: 8, LATEST_TIERED: 9, EARLIEST_PENDING_UPLOAD: 11}
EPOCHS_FROM = 4
FOREVER = -1
T = 1_600_000_000_000
HALF_EMPTY = (-1, -1)
WRITES = (ProduceRequest,)
WRITES_AND_DELETES = (ProduceRequest, DeleteRecordsRequest)

named = partial(case, ListOffsetsRequest, feature=NAMED)
by_time = partial(case, ListOffsetsRequest, feature=BY_TIME)


def row(kafka: Kafka, topic: Topic, timestamp: int, **options: Any) -> Any:
    return part(kafka.ask(offsets_of((topic, 0, timestamp), **options)), topic)


def found(kafka: Kafka, topic: Topic, timestamp: int, **options: Any) -> tuple[int, int]:
    """(timestamp, offset) of an answer without error."""
    answer = row(kafka, topic, timestamp, **options)
    assert answer.error_code == 0, ErrorCode(answer.error_code)
    return answer.timestamp, answer.offset


def timed(*times: int) -> list[Record]:
    return [Record(0, time, None, b"%d" % time) for time in times]


# --- named


@named(versions="1+", why="KIP-79; UnifiedLog.fetchOffsetByTimestamp", also=WRITES)
def test_latest(kafka: Kafka, version: int) -> None:
    """-1 is the offset behind the last record, without a timestamp, with the leader's epoch."""
    topic = topic_with(kafka, b"a", b"b")
    answer = row(kafka, topic, LATEST)
    assert (answer.error_code, answer.timestamp, answer.offset) == (0, -1, 2)
    assert answer.leader_epoch == (0 if version >= EPOCHS_FROM else -1)


@named(versions="1+", why="KIP-79; UnifiedLog.fetchOffsetByTimestamp", also=WRITES)
def test_earliest(kafka: Kafka, version: int) -> None:
    """-2 is the offset of the first record, without a timestamp, with the record's epoch."""
    topic = topic_with(kafka, b"a", b"b")
    answer = row(kafka, topic, EARLIEST)
    assert (answer.error_code, answer.timestamp, answer.offset) == (0, -1, 0)
    assert answer.leader_epoch == (0 if version >= EPOCHS_FROM else -1)


@pytest.mark.parametrize("timestamp", [LATEST, EARLIEST])
@named(versions="1+", why="UnifiedLog.fetchOffsetByTimestamp")
def test_ends_of_an_empty_log(kafka: Kafka, timestamp: int) -> None:
    """Both ends of an empty log are 0."""
    assert found(kafka, kafka.topic(), timestamp) == (-1, 0)


@named(versions="1+", why="UnifiedLog.fetchOffsetByTimestamp", also=WRITES_AND_DELETES)
def test_ends_after_everything_was_deleted(kafka: Kafka) -> None:
    """A log whose records are all deleted begins where it ends."""
    topic = topic_with(kafka, b"a", b"b")
    kafka.ask(deletion_of((topic, 0, -1)))
    assert found(kafka, topic, EARLIEST) == (-1, 2)
    assert found(kafka, topic, LATEST) == (-1, 2)


@named(versions="7+", why="KIP-734; UnifiedLog.fetchOffsetByTimestamp", also=WRITES)
def test_max_timestamp(kafka: Kafka) -> None:
    """-3 is the record with the greatest timestamp, with that timestamp."""
    topic = topic_with(kafka, *timed(T, T + 50, T + 20), retention_ms=FOREVER)
    kafka.produce(topic, *timed(T + 30, T + 40))
    assert found(kafka, topic, MAX_TIMESTAMP) == (T + 50, 1)


@named(versions="7+", why="KIP-734; LogSegment.maxTimestampAndOffsetSoFar", also=WRITES)
def test_max_timestamp_twice(kafka: Kafka) -> None:
    """Of several records with the greatest timestamp the first one is told."""
    topic = topic_with(kafka, *timed(T, T + 50, T + 50), retention_ms=FOREVER)
    kafka.produce(topic, *timed(T + 50))
    assert found(kafka, topic, MAX_TIMESTAMP) == (T + 50, 1)


@pytest.mark.parametrize("codec", [Codec.GZIP, Codec.ZSTD], ids=lambda codec: codec.name.lower())
@named(versions="latest", why="KIP-734; KAFKA-16341", also=WRITES)
def test_max_timestamp_inside_a_compressed_batch(kafka: Kafka, codec: Codec) -> None:
    """-3 is exact inside a compressed batch."""
    topic = kafka.topic(retention_ms=FOREVER)
    kafka.produce(topic, *timed(T, T + 90, T + 20), codec=codec)
    assert found(kafka, topic, MAX_TIMESTAMP) == (T + 90, 1)


@named(versions="7+", why="KIP-734")
def test_max_timestamp_of_an_empty_log(kafka: Kafka) -> None:
    """An empty log has no greatest timestamp: -1 and -1, and no error."""
    assert found(kafka, kafka.topic(), MAX_TIMESTAMP) == HALF_EMPTY


@named(versions="8+", why="KIP-405", also=WRITES_AND_DELETES)
def test_earliest_local(kafka: Kafka) -> None:
    """Without tiered storage -4 is the log start, as -2."""
    topic = topic_with(kafka, b"a", b"b")
    kafka.ask(deletion_of((topic, 0, 1)))
    assert found(kafka, topic, EARLIEST_LOCAL) == (-1, 1)


@named(versions="9+", why="KIP-1005", also=WRITES)
def test_latest_tiered(kafka: Kafka) -> None:
    """Without tiered storage -5 is nothing: offset -1, no error, no epoch."""
    topic = topic_with(kafka, b"a")
    answer = row(kafka, topic, LATEST_TIERED)
    assert (answer.error_code, answer.timestamp, answer.offset, answer.leader_epoch) == (0, -1, -1, -1)


@named(versions="11+", why="KIP-1023", also=WRITES)
def test_earliest_pending_upload(kafka: Kafka) -> None:
    """Without tiered storage -6 is nothing: offset -1, no error, no epoch."""
    topic = topic_with(kafka, b"a")
    answer = row(kafka, topic, EARLIEST_PENDING_UPLOAD)
    assert (answer.error_code, answer.timestamp, answer.offset, answer.leader_epoch) == (0, -1, -1, -1)


@pytest.mark.parametrize("timestamp", list(FIRST_VERSION))
@named(versions="1+", why="KafkaApis.handleListOffsetRequest")
def test_names_that_come_later(kafka: Kafka, version: int, timestamp: int) -> None:
    """A named point that the version does not have yet answers UNSUPPORTED_VERSION for its partition."""
    answer = row(kafka, kafka.topic(), timestamp)
    if version < FIRST_VERSION[timestamp]:
        assert (answer.error_code, answer.offset) == (ErrorCode.UNSUPPORTED_VERSION, -1)
    else:
        assert answer.error_code == 0


@pytest.mark.parametrize("timestamp", [-7, -100])
@named(versions="1+", why="KafkaApis.handleListOffsetRequest")
def test_names_that_nobody_knows(kafka: Kafka, timestamp: int) -> None:
    """Other negative timestamps answer UNSUPPORTED_VERSION."""
    answer = row(kafka, kafka.topic(), timestamp)
    assert (answer.error_code, answer.timestamp, answer.offset) == (ErrorCode.UNSUPPORTED_VERSION, -1, -1)


# --- by time


@by_time(versions="1+", why="KIP-79; FileRecords.searchForTimestamp", also=WRITES)
def test_the_first_record_not_older(kafka: Kafka, version: int) -> None:
    """A time answers the first record that is not older, with its own timestamp and epoch."""
    topic = topic_with(kafka, *timed(T, T + 10), retention_ms=FOREVER)
    kafka.produce(topic, *timed(T + 20, T + 30))
    assert found(kafka, topic, T) == (T, 0)
    assert found(kafka, topic, T + 1) == (T + 10, 1)
    assert found(kafka, topic, T + 20) == (T + 20, 2)
    answer = row(kafka, topic, T + 21)
    assert (answer.timestamp, answer.offset) == (T + 30, 3)
    assert answer.leader_epoch == (0 if version >= EPOCHS_FROM else -1)


@by_time(versions="1+", why="KIP-79", also=WRITES)
def test_before_everything(kafka: Kafka) -> None:
    """A time before the first record, also 0, answers the first record."""
    topic = topic_with(kafka, *timed(T, T + 10), retention_ms=FOREVER)
    assert found(kafka, topic, 0) == (T, 0)
    assert found(kafka, topic, T - 1) == (T, 0)


@by_time(versions="1+", why="KIP-79", also=WRITES)
def test_after_everything(kafka: Kafka) -> None:
    """A time after the last record answers offset -1 and timestamp -1, and no error."""
    topic = topic_with(kafka, *timed(T, T + 10), retention_ms=FOREVER)
    answer = row(kafka, topic, T + 11)
    assert (answer.error_code, answer.timestamp, answer.offset, answer.leader_epoch) == (0, -1, -1, -1)
    assert found(kafka, topic, 2**63 - 1) == HALF_EMPTY


@by_time(versions="1+", why="KIP-79")
def test_in_an_empty_log(kafka: Kafka) -> None:
    """An empty log answers offset -1 and timestamp -1, and no error."""
    assert found(kafka, kafka.topic(), now_ms()) == HALF_EMPTY


@by_time(versions="1+", why="KIP-79; FileRecords.searchForTimestamp", also=WRITES)
def test_equal_times(kafka: Kafka) -> None:
    """Of several records of one time the first is told, within a batch and over batches."""
    topic = topic_with(kafka, *timed(T, T + 5, T + 5), retention_ms=FOREVER)
    kafka.produce(topic, *timed(T + 5, T + 5))
    assert found(kafka, topic, T + 5) == (T + 5, 1)


@by_time(versions="1+", why="KIP-79; FileRecords.searchForTimestamp", also=WRITES)
def test_times_out_of_order(kafka: Kafka) -> None:
    """Where times go back, the lowest offset whose record is not older counts, not the nearest time."""
    topic = topic_with(kafka, *timed(T + 100), retention_ms=FOREVER)
    kafka.produce(topic, *timed(T, T + 50))
    kafka.produce(topic, *timed(T + 20, T + 200))
    assert found(kafka, topic, T + 20) == (T + 100, 0)
    assert found(kafka, topic, T + 101) == (T + 200, 4)


@pytest.mark.parametrize(
    "codec", [Codec.GZIP, Codec.SNAPPY, Codec.LZ4, Codec.ZSTD], ids=lambda codec: codec.name.lower()
)
@by_time(versions="latest", why="KIP-79; FileRecords.searchForTimestamp", also=WRITES)
def test_inside_a_compressed_batch(kafka: Kafka, codec: Codec) -> None:
    """The search is exact inside compressed batches."""
    topic = kafka.topic(retention_ms=FOREVER)
    kafka.produce(topic, records=batch(*timed(*(T + number for number in range(50))), codec=codec))
    assert found(kafka, topic, T + 33) == (T + 33, 33)


@by_time(versions="latest", why="KIP-79; UnifiedLog.fetchOffsetByTimestamp", also=WRITES_AND_DELETES)
def test_deleted_records_are_not_found(kafka: Kafka) -> None:
    """A record below the log start is not found, even inside the batch that the start cuts."""
    topic = topic_with(kafka, *timed(T, T + 1, T + 2), retention_ms=FOREVER)
    kafka.ask(deletion_of((topic, 0, 2)))
    assert found(kafka, topic, T) == (T + 2, 2)


@by_time(versions="latest", why="RecordBatch.NO_TIMESTAMP", also=WRITES)
def test_records_without_a_time(kafka: Kafka) -> None:
    """Records without a timestamp are older than every time."""
    topic = kafka.topic()
    kafka.produce(topic, b"a", timestamp_ms=-1)
    kafka.produce(topic, b"b", timestamp_ms=now_ms())
    assert kafka.offset(topic, 0) == 1


@by_time(versions="latest", why="KIP-79; TimeIndex", also=WRITES)
def test_over_many_batches(kafka: Kafka) -> None:
    """The search is exact over 100 batches of 4 KB, more than an index has entries."""
    topic = kafka.topic(retention_ms=FOREVER, index_interval_bytes=8192)
    for number in range(100):
        kafka.produce(topic, Record(0, T + 10 * number, None, b"x" * 4000))
    for number in (0, 1, 37, 98, 99):
        assert found(kafka, topic, T + 10 * number) == (T + 10 * number, number)
        assert found(kafka, topic, T + 10 * number - 9) == (T + 10 * number, number)


# --- isolation, epochs, errors


@pytest.mark.parametrize("timestamp", [LATEST, EARLIEST])
@case(
    ListOffsetsRequest,
    versions="2+",
    feature="isolation level",
    why="KIP-98; ReplicaManager.fetchOffset",
    also=WRITES,
)
def test_read_committed(kafka: Kafka, timestamp: int) -> None:
    """Where no transaction is open, read_committed ends where everything ends."""
    topic = topic_with(kafka, b"a", b"b")
    assert found(kafka, topic, timestamp, isolation_level=1) == (-1, 2 if timestamp == LATEST else 0)


@case(
    ListOffsetsRequest,
    versions="2+",
    feature="isolation level",
    why="IsolationLevel.forId",
    differs="isolation-level",
)
def test_unknown_isolation_level(kafka: Kafka) -> None:
    """An isolation level that nobody knows is an error of each partition."""
    answer = row(kafka, kafka.topic(), LATEST, isolation_level=2)
    assert answer.error_code in (ErrorCode.UNKNOWN_SERVER_ERROR, ErrorCode.INVALID_REQUEST)
    assert answer.offset == -1


@pytest.mark.parametrize(
    ("epoch", "code"),
    [(0, 0), (-1, 0), (1, ErrorCode.UNKNOWN_LEADER_EPOCH), (-2, ErrorCode.FENCED_LEADER_EPOCH)],
)
@case(
    ListOffsetsRequest,
    versions="4+",
    feature="leader epochs",
    why="KIP-320; Partition.checkCurrentLeaderEpoch",
    also=WRITES,
)
def test_current_leader_epoch(kafka: Kafka, epoch: int, code: int) -> None:
    """The right epoch and -1 are served; one to come answers UNKNOWN_LEADER_EPOCH, one below FENCED_LEADER_EPOCH."""
    topic = topic_with(kafka, b"a")
    answer = row(kafka, topic, LATEST, current_leader_epoch=epoch)
    assert (answer.error_code, answer.offset) == (code, -1 if code else 1)


@named(versions="1+", why="KafkaApis.handleListOffsetRequest")
def test_unknown_topic(kafka: Kafka) -> None:
    """A topic that does not exist answers UNKNOWN_TOPIC_OR_PARTITION, offset -1 and timestamp -1."""
    answer = row(kafka, nowhere(kafka), LATEST)
    assert answer.error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert (answer.timestamp, answer.offset, answer.leader_epoch) == (-1, -1, -1)


@pytest.mark.parametrize("partition", [1, -1])
@named(versions="1+", why="KafkaApis.handleListOffsetRequest")
def test_unknown_partition(kafka: Kafka, partition: int) -> None:
    """A partition that the topic does not have fails alone."""
    topic = kafka.topic()
    answer = kafka.ask(offsets_of((topic, 0, LATEST), (topic, partition, LATEST)))
    assert part(answer, topic, 0).error_code == 0
    assert part(answer, topic, partition).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


@named(versions="1+", why="ListOffsetsRequest.duplicatePartitions")
def test_a_partition_named_twice(kafka: Kafka) -> None:
    """A partition named twice answers INVALID_REQUEST, and only it."""
    topic = kafka.topic(2)
    answer = kafka.ask(offsets_of((topic, 0, LATEST), (topic, 1, LATEST), (topic, 0, EARLIEST)))
    twice = [row for _, index, row in parts(answer) if index == 0]
    assert {(row.error_code, row.offset) for row in twice} == {(ErrorCode.INVALID_REQUEST, -1)}
    assert part(answer, topic, 1).error_code == 0


@named(versions="1+", why="KafkaApis.handleListOffsetRequest", also=WRITES)
def test_several_topics(kafka: Kafka) -> None:
    """Topics and partitions are answered each once, each for itself."""
    first, missing, second = kafka.topic(2), nowhere(kafka), kafka.topic()
    kafka.produce(first, b"a", partition=1)
    kafka.produce(second, b"a", b"b")
    answer = kafka.ask(
        offsets_of((first, 0, LATEST), (first, 1, LATEST), (missing, 0, LATEST), (second, 0, LATEST))
    )
    assert [part(answer, first, index).offset for index in (0, 1)] == [0, 1]
    assert part(answer, missing).error_code == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert part(answer, second).offset == 2


@named(versions="1+", why="KafkaApis.handleListOffsetRequest")
def test_no_topics(kafka: Kafka) -> None:
    """A request for nothing answers nothing."""
    assert not kafka.ask(offsets_of()).topics


@pytest.mark.parametrize("replica_id", [-2, 4711])
@named(versions="1+", why="ReplicaManager.fetchOffset; ListOffsetsRequest.DEBUGGING_REPLICA_ID", also=WRITES)
def test_replica_id(kafka: Kafka, replica_id: int) -> None:
    """A debugging client (-2), and one that says to be some broker, are answered like a consumer by the leader."""
    topic = topic_with(kafka, b"a")
    assert found(kafka, topic, LATEST, replica_id=replica_id) == (-1, 1)
