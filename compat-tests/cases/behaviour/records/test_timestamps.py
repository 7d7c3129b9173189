"""Timestamps of records: whose they are, what is refused, what the answer tells."""

from __future__ import annotations

from conformance import Codec, Kafka, Record, batch, batches_in, case, now_ms, records_in
from conformance.kafka import LATEST
from conformance.records import MAX_TIMESTAMP_AT, changed
from wire.errors import ErrorCode
from wire.messages.list_offsets import ListOffsetsRequest
from wire.messages.produce import ProduceRequest
from wire.records.batch import TIMESTAMP_TYPE_BIT

FEATURE = "timestamps"
OLD = 1_500_000_000_000
HOUR = 3_600_000
FOREVER = -1  # retention.ms: old records would be deleted at once


@case(ProduceRequest, versions="3+", feature=FEATURE, why="KIP-32; LogValidator")
def test_create_time(kafka: Kafka) -> None:
    """By default the producer's timestamps stay, and the answer's append time is -1."""
    topic = kafka.topic(retention_ms=FOREVER)
    times = [OLD, OLD + 7, OLD - 3, OLD + 1]
    row = kafka.produce(topic, *(Record(0, time, None, b"a") for time in times))
    assert (row.error_code, row.log_append_time_ms) == (0, -1)
    answer = kafka.fetch(topic)
    assert [record.timestamp for record in records_in(answer.records)] == times
    (header,) = batches_in(answer.records)
    assert (header.is_log_append_time, header.max_timestamp) == (False, OLD + 7)


@case(ProduceRequest, versions="3+", feature=FEATURE, why="KIP-32; RecordBatch.NO_TIMESTAMP")
def test_no_timestamp(kafka: Kafka) -> None:
    """Records without a timestamp, -1, are stored so."""
    topic = kafka.topic()
    assert kafka.produce(topic, b"a", b"b", timestamp_ms=-1).error_code == 0
    assert [record.timestamp for record in kafka.records(topic)] == [-1, -1]


@case(ProduceRequest, versions="3+", feature=FEATURE, why="KIP-32; LogValidator")
def test_log_append_time(kafka: Kafka) -> None:
    """With LogAppendTime all records of the batch get the broker's time, and the answer tells it."""
    topic = kafka.topic(message_timestamp_type="LogAppendTime", retention_ms=FOREVER)
    before = now_ms()
    row = kafka.produce(topic, b"a", b"b", timestamp_ms=OLD)
    assert before - 1000 <= row.log_append_time_ms <= now_ms() + 1000
    answer = kafka.fetch(topic)
    assert [record.timestamp for record in records_in(answer.records)] == [row.log_append_time_ms] * 2
    (header,) = batches_in(answer.records)
    assert header.is_log_append_time
    assert header.max_timestamp == row.log_append_time_ms


@case(ProduceRequest, versions="7+", feature=FEATURE, why="KIP-32; LogValidator")
def test_log_append_time_of_a_compressed_batch(kafka: Kafka) -> None:
    """A compressed batch gets the append time too, and stays compressed."""
    topic = kafka.topic(message_timestamp_type="LogAppendTime", retention_ms=FOREVER)
    row = kafka.produce(topic, b"a" * 100, b"b" * 100, timestamp_ms=OLD, codec=Codec.LZ4)
    answer = kafka.fetch(topic)
    (header,) = batches_in(answer.records)
    assert (header.codec, header.is_log_append_time) == (Codec.LZ4, True)
    assert {record.timestamp for record in records_in(answer.records)} == {row.log_append_time_ms}


@case(ProduceRequest, versions="latest", feature=FEATURE, why="KIP-32; LogValidator")
def test_log_append_time_asks_for_no_bounds(kafka: Kafka) -> None:
    """With LogAppendTime the producer's timestamps are not looked at, however far away they are."""
    topic = kafka.topic(
        message_timestamp_type="LogAppendTime",
        message_timestamp_before_max_ms=1000,
        message_timestamp_after_max_ms=1000,
    )
    assert kafka.produce(topic, b"a", timestamp_ms=OLD).error_code == 0
    assert kafka.produce(topic, b"a", timestamp_ms=now_ms() + 50 * HOUR).error_code == 0


@case(
    ProduceRequest,
    versions="latest",
    feature=FEATURE,
    why="KIP-32; ListOffsets finds by the append time",
    also=(ListOffsetsRequest,),
)
def test_search_by_log_append_time(kafka: Kafka) -> None:
    """The search by time goes by the append time where records have it."""
    topic = kafka.topic(message_timestamp_type="LogAppendTime", retention_ms=FOREVER)
    kafka.produce(topic, b"a", timestamp_ms=OLD)
    row = kafka.produce(topic, b"b", b"c", timestamp_ms=OLD)
    assert kafka.offset(topic, OLD) == 0
    assert kafka.offset(topic, row.log_append_time_ms) in (0, 1)  # 0: both in the same millisecond
    assert kafka.offset(topic, row.log_append_time_ms + 60_000) == -1
    assert kafka.offset(topic, LATEST) == 3


@case(ProduceRequest, versions="3+", feature=FEATURE, why="LogValidator.validateTimestamp")
def test_claimed_append_time(kafka: Kafka) -> None:
    """Where the broker gives the time, a batch that claims LogAppendTime by itself answers INVALID_TIMESTAMP."""
    topic = kafka.topic(message_timestamp_type="LogAppendTime")
    row = kafka.produce(topic, b"a", attributes=TIMESTAMP_TYPE_BIT)
    assert (row.error_code, row.base_offset) == (ErrorCode.INVALID_TIMESTAMP, -1)
    assert kafka.offset(topic) == 0


@case(ProduceRequest, versions="3+", feature=FEATURE, why="LogValidator.validateMessagesAndAssignOffsets")
def test_claimed_append_time_is_taken_away(kafka: Kafka) -> None:
    """Where the producer gives the times, a batch that claims LogAppendTime is stored as one of CreateTime."""
    topic = kafka.topic(retention_ms=FOREVER)
    row = kafka.produce(topic, b"a", b"b", timestamp_ms=OLD, attributes=TIMESTAMP_TYPE_BIT)
    assert (row.error_code, row.log_append_time_ms) == (0, -1)
    answer = kafka.fetch(topic)
    (header,) = batches_in(answer.records)
    assert not header.is_log_append_time
    assert [record.timestamp for record in records_in(answer.records)] == [OLD, OLD]


@case(
    ProduceRequest,
    versions="latest",
    feature=FEATURE,
    why="LogValidator: max_timestamp is that of the records",
)
def test_max_timestamp_of_a_liar(kafka: Kafka) -> None:
    """A batch whose max_timestamp is far ahead, but not its records, is stored, with the greatest time of the records."""
    topic = kafka.topic(retention_ms=FOREVER, message_timestamp_after_max_ms=HOUR)
    data = changed(batch(b"a", timestamp_ms=OLD), MAX_TIMESTAMP_AT, ">q", now_ms() + 9 * HOUR)
    assert kafka.produce(topic, records=data).error_code == 0
    (header,) = batches_in(kafka.fetch(topic).records)
    assert header.max_timestamp == OLD


@case(ProduceRequest, versions="3+", feature=FEATURE, why="KIP-937; LogValidator.validateTimestamp")
def test_too_old(kafka: Kafka) -> None:
    """A timestamp further back than message.timestamp.before.max.ms answers INVALID_TIMESTAMP, and nothing is stored."""
    topic = kafka.topic(message_timestamp_before_max_ms=HOUR)
    row = kafka.produce(topic, b"a", timestamp_ms=now_ms() - HOUR - 60_000)
    assert (row.error_code, row.base_offset) == (ErrorCode.INVALID_TIMESTAMP, -1)
    assert kafka.offset(topic) == 0


@case(ProduceRequest, versions="latest", feature=FEATURE, why="KIP-937; LogValidator.validateTimestamp")
def test_old_enough(kafka: Kafka) -> None:
    """A timestamp a little inside of message.timestamp.before.max.ms is stored."""
    topic = kafka.topic(message_timestamp_before_max_ms=HOUR)
    assert kafka.produce(topic, b"a", timestamp_ms=now_ms() - HOUR + 60_000).error_code == 0


@case(ProduceRequest, versions="3+", feature=FEATURE, why="KIP-937; LogValidator.validateTimestamp")
def test_too_far_ahead(kafka: Kafka) -> None:
    """A timestamp further ahead than message.timestamp.after.max.ms answers INVALID_TIMESTAMP, and nothing is stored."""
    topic = kafka.topic(message_timestamp_after_max_ms=HOUR)
    row = kafka.produce(topic, b"a", timestamp_ms=now_ms() + HOUR + 60_000)
    assert (row.error_code, row.base_offset) == (ErrorCode.INVALID_TIMESTAMP, -1)
    assert kafka.offset(topic) == 0


@case(ProduceRequest, versions="latest", feature=FEATURE, why="KIP-937; LogValidator.validateTimestamp")
def test_not_too_far_ahead(kafka: Kafka) -> None:
    """A timestamp a little inside of message.timestamp.after.max.ms is stored."""
    topic = kafka.topic(message_timestamp_after_max_ms=HOUR)
    assert kafka.produce(topic, b"a", timestamp_ms=now_ms() + HOUR - 60_000).error_code == 0


@case(
    ProduceRequest,
    versions="latest",
    feature=FEATURE,
    why="KIP-1030: the default of message.timestamp.after.max.ms is an hour",
)
def test_default_bound_ahead(kafka: Kafka) -> None:
    """Two hours ahead are refused by default since 4.0, and were stored before."""
    row = kafka.produce(kafka.topic(retention_ms=FOREVER), b"a", timestamp_ms=now_ms() + 2 * HOUR)
    assert row.error_code in kafka.either(v3=0, v4=ErrorCode.INVALID_TIMESTAMP)


@case(ProduceRequest, versions="latest", feature=FEATURE, why="KIP-937: no bound by default")
def test_no_default_bound_behind(kafka: Kafka) -> None:
    """A timestamp of 1970 is stored by default."""
    topic = kafka.topic(retention_ms=FOREVER)
    assert kafka.produce(topic, b"a", timestamp_ms=0).error_code == 0
    assert [record.timestamp for record in kafka.records(topic)] == [0]


@case(ProduceRequest, versions="latest", feature=FEATURE, why="LogValidator.validateTimestamp")
def test_bounds_let_no_timestamp_through(kafka: Kafka) -> None:
    """Records without a timestamp pass every bound."""
    topic = kafka.topic(message_timestamp_before_max_ms=1000)
    assert kafka.produce(topic, b"a", timestamp_ms=-1).error_code == 0


@case(ProduceRequest, versions="8+", feature="record errors", why="KIP-467; LogValidator.validateTimestamp")
def test_which_records_are_too_old(kafka: Kafka) -> None:
    """From v8 the answer names the records whose timestamps are refused, by their place in the batch."""
    topic = kafka.topic(message_timestamp_before_max_ms=HOUR)
    now = now_ms()
    times = [now, now - 5 * HOUR, now, now - 6 * HOUR]
    row = kafka.produce(topic, *(Record(0, time, None, b"a") for time in times))
    assert row.error_code == ErrorCode.INVALID_TIMESTAMP
    assert [error.batch_index for error in row.record_errors] == [1, 3]
    assert all(error.batch_index_error_message for error in row.record_errors)
    assert row.error_message


@case(ProduceRequest, versions="8+", feature="record errors", why="KIP-467; LogValidator.validateTimestamp")
def test_which_records_are_too_far_ahead(kafka: Kafka) -> None:
    """From v8 the answer names the records that are too far ahead."""
    topic = kafka.topic(message_timestamp_after_max_ms=HOUR)
    now = now_ms()
    row = kafka.produce(topic, Record(0, now, None, b"a"), Record(0, now + 5 * HOUR, None, b"a"))
    assert row.error_code == ErrorCode.INVALID_TIMESTAMP
    assert [error.batch_index for error in row.record_errors] == [1]


@case(ProduceRequest, versions="3+", feature=FEATURE, why="LogValidator.validateTimestamp")
def test_one_bad_timestamp_refuses_the_batch(kafka: Kafka) -> None:
    """A single record beyond the bound keeps the whole batch out, compressed or not."""
    topic = kafka.topic(message_timestamp_before_max_ms=HOUR)
    records = [Record(0, now_ms(), None, b"a"), Record(0, OLD, None, b"b")]
    for codec in (Codec.NONE, Codec.GZIP):
        row = kafka.produce(topic, records=batch(*records, codec=codec))
        assert row.error_code == ErrorCode.INVALID_TIMESTAMP
    assert kafka.offset(topic) == 0
