"""What is checked of a produced batch, with Kafka's codes; each was asked of Kafka 4.3.1 or stands in LogValidator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pykbroker.errors import ApiError, BadRecords
from pykbroker.log.log import Log
from pykbroker.log.validate import AppendOrigin
from tests.log.figures import figures
from wire.errors import ErrorCode
from wire.records.batch import (
    CONTROL_BIT,
    TIMESTAMP_TYPE_BIT,
    TRANSACTIONAL_BIT,
    Codec,
    iterate_batches,
    pack_header,
    read_header,
    verify_crc,
)
from wire.records.record import Record, build_batch, read_records

NOW = 1_700_000_000_000
RECORDS = [Record(0, NOW + i, b"k", b"v" * 30) for i in range(5)]
GOOD = build_batch(RECORDS)


def changed(body: bytes | None = None, source: bytes = GOOD, **fields: Any) -> bytes:
    """A batch with other header fields, or other records, and a checksum that is right for them."""
    data = source[61:] if body is None else body
    header = read_header(source)._replace(batch_length=49 + len(data), **fields)
    return pack_header(header, [data]) + data


def code_of(
    log: Log, records: bytes, now_ms: int = NOW, origin: AppendOrigin = AppendOrigin.CLIENT
) -> ErrorCode:
    before = figures(log)
    with pytest.raises(ApiError) as caught:
        log.append(records, 0, now_ms, origin)
    assert figures(log) == before
    assert caught.value.message
    return caught.value.code


def stored(log: Log) -> tuple[Any, list[Record]]:
    data = log.read(0, 1 << 20, 1 << 62)
    ((_, header),) = iterate_batches(data)
    verify_crc(data, header)
    return header, read_records(data)


@pytest.mark.parametrize(
    ("records", "code"),
    [
        (b"", ErrorCode.INVALID_RECORD),
        (GOOD[:11], ErrorCode.INVALID_RECORD),
        (GOOD[:-1], ErrorCode.INVALID_RECORD),
        (GOOD + GOOD, ErrorCode.INVALID_RECORD),
        (GOOD[:16] + b"\3" + GOOD[17:], ErrorCode.CORRUPT_MESSAGE),
        (GOOD[:16] + b"\1" + GOOD[17:], ErrorCode.CORRUPT_MESSAGE),
        (GOOD[:8] + bytes(4) + GOOD[12:], ErrorCode.CORRUPT_MESSAGE),
        (GOOD[:8] + (40).to_bytes(4, "big") + GOOD[12:], ErrorCode.CORRUPT_MESSAGE),
        (GOOD[:-1] + b"?", ErrorCode.CORRUPT_MESSAGE),
        (GOOD[:17] + bytes(4) + GOOD[21:], ErrorCode.CORRUPT_MESSAGE),
        (GOOD + b"\0\0\0\0\0\0\0\0\0\0\0\1", ErrorCode.CORRUPT_MESSAGE),
        (changed(base_offset=3), ErrorCode.INVALID_RECORD),
        (changed(count=0, last_offset_delta=-1), ErrorCode.INVALID_RECORD),
        (changed(count=4), ErrorCode.INVALID_RECORD),
        (changed(last_offset_delta=5), ErrorCode.INVALID_RECORD),
        (changed(count=-5, last_offset_delta=-6), ErrorCode.INVALID_RECORD),
        (changed(count=1000, last_offset_delta=999), ErrorCode.INVALID_RECORD),
        (changed(attributes=CONTROL_BIT), ErrorCode.INVALID_RECORD),
        (changed(producer_id=3, producer_epoch=0, base_sequence=-1), ErrorCode.INVALID_RECORD),
        (changed(attributes=5), ErrorCode.UNSUPPORTED_COMPRESSION_TYPE),
        (changed(attributes=TRANSACTIONAL_BIT), ErrorCode.INVALID_REQUEST),
        (changed(b"\x7f" + GOOD[62:]), ErrorCode.INVALID_RECORD),
    ],
)
def test_what_is_wrong_with_a_batch(
    disk: Any, open_log: Callable[..., Log], records: bytes, code: ErrorCode
) -> None:
    assert code_of(open_log(disk), records) is code


@pytest.mark.parametrize("count", [1, 2, 8, 9, 1000])
def test_a_wrong_count_is_found(disk: Any, open_log: Callable[..., Log], count: int) -> None:
    log = open_log(disk)
    batch = build_batch([RECORDS[0]] * (count + 1))
    assert (
        code_of(log, changed(source=batch, count=count, last_offset_delta=count - 1))
        is ErrorCode.INVALID_RECORD
    )


def test_a_half_batch_behind_a_whole_one_is_dropped(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk)
    assert log.append(GOOD + GOOD[:-1], 0, NOW).last_offset == 4
    assert log.size_bytes == len(GOOD)
    assert log.append(memoryview(GOOD + GOOD[:5]), 0, NOW).last_offset == 9


def test_a_wrong_max_timestamp_is_accepted(disk: Any, open_log: Callable[..., Log]) -> None:
    assert open_log(disk).append(changed(max_timestamp=NOW + 1000), 0, NOW).base_offset == 0


def test_sizes(disk: Any, open_log: Callable[..., Log]) -> None:
    assert code_of(open_log(disk, max_message_bytes=len(GOOD) - 1), GOOD) is ErrorCode.MESSAGE_TOO_LARGE
    log = open_log(disk, max_message_bytes=len(GOOD), segment_bytes=len(GOOD) - 1)
    assert code_of(log, GOOD) is ErrorCode.RECORD_LIST_TOO_LARGE
    assert open_log(disk, max_message_bytes=len(GOOD), segment_bytes=len(GOOD)).append(GOOD, 0, NOW)


def test_timestamps_too_far_ahead(disk: Any, open_log: Callable[..., Log]) -> None:
    """message.timestamp.after.max.ms is an hour by default (KIP-1030)."""
    log = open_log(disk)
    late = NOW + 4 - 3_600_000
    assert code_of(log, GOOD, late - 1) is ErrorCode.INVALID_TIMESTAMP
    log.append(GOOD, 0, late)


def test_timestamps_too_old_need_a_look_at_every_record(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, message_timestamp_before_max_ms=1000)
    log.append(GOOD, 0, NOW + 1000)
    assert code_of(log, GOOD, NOW + 1001) is ErrorCode.INVALID_TIMESTAMP
    middle = build_batch([RECORDS[0], RECORDS[0]._replace(timestamp=NOW - 5000), RECORDS[0]])
    assert code_of(log, middle) is ErrorCode.INVALID_TIMESTAMP
    log.append(build_batch([Record(0, -1, None, b"")]), 0, NOW)


@pytest.mark.parametrize("codec", list(Codec))
def test_a_compacted_topic_needs_keys(disk: Any, open_log: Callable[..., Log], codec: Codec) -> None:
    log = open_log(disk, cleanup_policy=("compact",))
    log.append(build_batch(RECORDS, codec=codec), 0, NOW)
    keyless = build_batch([*RECORDS, Record(0, NOW, None, b"x")], codec=codec)
    assert code_of(log, keyless) is ErrorCode.INVALID_RECORD
    marker = build_batch([Record(0, NOW, None, b"x")], attributes=CONTROL_BIT)
    log.append(marker, 0, NOW, AppendOrigin.COORDINATOR)


@pytest.mark.parametrize("codec", list(Codec))
def test_walked_topics_refuse_what_does_not_add_up(
    disk: Any, open_log: Callable[..., Log], codec: Codec
) -> None:
    log = open_log(disk, cleanup_policy=("compact",))
    batch = build_batch(RECORDS, codec=codec)
    wrong = changed(source=batch, count=6, last_offset_delta=5)
    assert code_of(log, wrong) is ErrorCode.INVALID_RECORD
    if codec is not Codec.NONE:
        assert code_of(log, changed(b"\x7f" + batch[62:], batch)) is ErrorCode.CORRUPT_MESSAGE


@pytest.mark.parametrize("codec", list(Codec)[1:])
def test_compressed_records_are_looked_at_where_the_broker_is_told_to(
    disk: Any, open_log: Callable[..., Log], codec: Codec
) -> None:
    batch = build_batch(RECORDS, codec=codec)
    wrong = changed(source=batch, count=6, last_offset_delta=5)
    assert open_log(disk).append(wrong, 0, NOW).last_offset == 5
    strict = open_log(type(disk)(), validate_all_records=True)
    assert code_of(strict, wrong) is ErrorCode.INVALID_RECORD
    assert code_of(strict, changed(b"\x7f" + batch[62:], batch)) is ErrorCode.CORRUPT_MESSAGE
    assert strict.append(batch, 0, NOW).last_offset == 4


@pytest.mark.parametrize("codec", list(Codec))
def test_a_largest_timestamp_that_no_record_has_is_set_right_where_the_broker_is_told_to(
    disk: Any, open_log: Callable[..., Log], codec: Codec
) -> None:
    wrong = changed(source=build_batch(RECORDS, codec=codec), max_timestamp=NOW + 100)
    log = open_log(disk, validate_all_records=True)
    log.append(wrong, 0, NOW)
    ((_, header),) = iterate_batches(log.read(0, 10_000, 5))
    assert header.max_timestamp == NOW + 4


@pytest.mark.parametrize("codec", list(Codec))
def test_log_append_time(disk: Any, open_log: Callable[..., Log], codec: Codec) -> None:
    log = open_log(disk, message_timestamp_type="LogAppendTime")
    batch = build_batch(RECORDS, codec=codec, producer_id=5, producer_epoch=1, base_sequence=0)
    appended = log.append(batch, 3, NOW + 777)
    assert appended.log_append_time_ms == NOW + 777
    header, records = stored(log)
    assert header.is_log_append_time
    assert (header.max_timestamp, header.partition_leader_epoch, header.producer_id) == (NOW + 777, 3, 5)
    assert [record.timestamp for record in records] == [NOW + 777] * 5
    assert [record.value for record in records] == [record.value for record in RECORDS]
    assert code_of(log, changed(attributes=TIMESTAMP_TYPE_BIT)) is ErrorCode.INVALID_TIMESTAMP
    assert log.append(batch, 3, NOW).duplicate


def test_a_producer_that_claims_log_append_time_is_corrected(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk)
    assert log.append(changed(attributes=TIMESTAMP_TYPE_BIT), 0, NOW).log_append_time_ms == -1
    header, records = stored(log)
    assert not header.is_log_append_time
    assert [record.timestamp for record in records] == [record.timestamp for record in RECORDS]


@pytest.mark.parametrize("source", list(Codec))
@pytest.mark.parametrize("wanted", ["uncompressed", "gzip", "snappy", "lz4", "zstd"])
def test_another_compression_type(
    disk: Any, open_log: Callable[..., Log], source: Codec, wanted: str
) -> None:
    log = open_log(disk, compression_type=wanted)
    batch = build_batch(RECORDS, codec=source, producer_id=5, producer_epoch=1, base_sequence=9)
    log.append(batch, 2, NOW)
    header, records = stored(log)
    assert header.codec.name.lower() == wanted.replace("uncompressed", "none")
    assert (header.producer_id, header.base_sequence, header.partition_leader_epoch) == (5, 9, 2)
    assert records == [record._replace(offset=i) for i, record in enumerate(RECORDS)]
    log.abandon()
    log = open_log(disk, compression_type=wanted)
    assert (log.log_end_offset, log.truncated_bytes) == (5, 0)


def test_unpacking_for_another_codec_may_become_too_large(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, compression_type="uncompressed", max_message_bytes=2000)
    bomb = build_batch([Record(0, NOW, b"k", bytes(5000))], codec=Codec.ZSTD)
    assert code_of(log, bomb) is ErrorCode.MESSAGE_TOO_LARGE


def test_wrong_offsets_in_a_compressed_batch_are_put_right(disk: Any, open_log: Callable[..., Log]) -> None:
    """Some old clients count them wrongly; Kafka writes such batches anew when it looks at them."""
    plain = bytearray(GOOD)
    record_size = (len(GOOD) - 61) // 5
    plain[61 + record_size + 3] = 8
    from wire.records.compression import compress

    packed = compress(Codec.LZ4, bytes(plain[61:]))
    batch = changed(packed, attributes=int(Codec.LZ4))
    assert [record.offset for record in read_records(batch)] == [0, 4, 2, 3, 4]
    log = open_log(disk, cleanup_policy=("compact",))
    log.append(batch, 0, NOW)
    assert [record.offset for record in stored(log)[1]] == [0, 1, 2, 3, 4]


def test_coordinators_write_control_batches_and_no_sequences(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk)
    batch = changed(
        attributes=CONTROL_BIT | TRANSACTIONAL_BIT, producer_id=3, producer_epoch=0, base_sequence=-1
    )
    assert log.append(batch, 0, NOW, AppendOrigin.COORDINATOR).last_offset == 4


def test_settings_can_change(disk: Any, open_log: Callable[..., Log]) -> None:
    from dataclasses import replace

    log = open_log(disk)
    log.append(GOOD, 0, NOW)
    log.update_settings(replace(log.settings, max_message_bytes=100))
    assert code_of(log, GOOD) is ErrorCode.MESSAGE_TOO_LARGE
    log.update_settings(replace(log.settings, max_message_bytes=1000, segment_bytes=len(GOOD)))
    log.append(GOOD, 0, NOW)
    assert len(log.segments) == 2


def test_bad_records_are_named_and_one_bad_time_makes_the_code(
    disk: Any, open_log: Callable[..., Log]
) -> None:
    log = open_log(disk, cleanup_policy=("compact",), message_timestamp_after_max_ms=1000)
    records = [RECORDS[0], Record(0, NOW, None, b"v"), Record(0, NOW + 9000, b"k", b"v")]
    with pytest.raises(BadRecords) as caught:
        log.append(build_batch(records), 0, NOW)
    assert caught.value.code is ErrorCode.INVALID_TIMESTAMP
    assert [index for index, _ in caught.value.records] == [1, 2]


def test_a_max_timestamp_beyond_the_bound_is_believed_of_records_alone(
    disk: Any, open_log: Callable[..., Log]
) -> None:
    log = open_log(disk, message_timestamp_after_max_ms=1000)
    log.append(changed(max_timestamp=NOW + 9000), 0, NOW)
    header, records = stored(log)
    assert header.max_timestamp == max(record.timestamp for record in records)
