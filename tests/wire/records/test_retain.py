"""Single records taken out of a batch: what stays is as it was, and so is what the header says of the batch's reach."""

from __future__ import annotations

import pytest
from aiokafka.record.default_records import DefaultRecordBatch
from hypothesis import given
from hypothesis import strategies as st

from wire.records.batch import (
    DELETE_HORIZON_BIT,
    HEADER_SIZE,
    NO_TIMESTAMP,
    TIMESTAMP_TYPE_BIT,
    BatchHeader,
    Codec,
    InvalidRecord,
    read_header,
    verify_crc,
)
from wire.records.record import Record, build_batch, read_records, unpack_records
from wire.records.retain import NEVER, RawRecord, raw_records, with_records, without_records

optional_bytes = st.none() | st.binary(max_size=200)
headers = st.lists(st.tuples(st.text(max_size=20), optional_bytes), max_size=3).map(tuple)
records = st.builds(
    Record, st.just(0), st.integers(min_value=-1, max_value=2**44), optional_bytes, optional_bytes, headers
)
horizons = st.none() | st.integers(0, 2**44) | st.just(NEVER) | st.just(NEVER + 5)


def opened(batch: bytes) -> tuple[BatchHeader, bytes, list[RawRecord]]:
    header = read_header(batch)
    data = unpack_records(batch, header)
    return header, data, list(raw_records(data, header))


@given(st.lists(records, min_size=1, max_size=12), st.sampled_from(list(Codec)), horizons, st.data())
def test_what_stays_is_as_it_was(
    listed: list[Record], codec: Codec, horizon: int | None, data: st.DataObject
) -> None:
    batch = build_batch(listed, base_offset=70, codec=codec, producer_id=5, producer_epoch=1, base_sequence=9)
    header, unpacked, raw = opened(batch)
    whole = read_records(batch)
    assert [(each.offset, each.key, each.is_tombstone) for each in raw] == [
        (record.offset, record.key, record.value is None) for record in whole
    ]
    which = data.draw(st.sets(st.integers(0, len(listed) - 1), min_size=1))
    left = with_records(header, unpacked, [raw[index] for index in sorted(which)], horizon)
    verify_crc(left, after := read_header(left))
    kept = [whole[index] for index in sorted(which)]
    assert read_records(left) == kept
    assert after.size == len(left)
    assert (after.codec, after.count, after.base_offset, after.last_offset) == (
        codec,
        len(kept),
        70,
        header.last_offset,
    )
    assert (after.producer_id, after.producer_epoch, after.base_sequence) == (5, 1, 9)
    assert after.max_timestamp == max(record.timestamp for record in kept)
    if horizon is None:
        assert (after.base_timestamp, after.attributes) == (header.base_timestamp, header.attributes)
    else:
        assert (after.base_timestamp, after.attributes & DELETE_HORIZON_BIT) == (
            min(horizon, NEVER),
            DELETE_HORIZON_BIT,
        )


def test_another_reader_reads_it_too() -> None:
    """aiokafka; the distances in time from a horizon are negative."""
    batch = build_batch([Record(0, 1000 + n, b"k%d" % n, None) for n in range(4)], base_offset=10)
    header, data, raw = opened(batch)
    theirs = DefaultRecordBatch(with_records(header, data, raw[1::2], 90_000))
    assert theirs.validate_crc()
    assert theirs.next_offset == 14
    assert [(record.offset, record.timestamp, record.key) for record in theirs] == [
        (11, 1001, b"k1"),
        (13, 1003, b"k3"),
    ]


def test_an_append_time_stays_that_of_all_records() -> None:
    batch = build_batch([Record(0, 5, b"a", None), Record(0, 9, b"b", None)], log_append_time_ms=700)
    header, data, raw = opened(batch)
    for horizon in (None, 10_000):
        left = with_records(header, data, raw[:1], horizon)
        assert [(record.offset, record.timestamp) for record in read_records(left)] == [(0, 700)]
        assert read_header(left).attributes & TIMESTAMP_TYPE_BIT


def test_a_batch_without_records_keeps_its_reach() -> None:
    batch = build_batch(
        [Record(0, 5, b"a", b"v"), Record(0, 9, b"b", b"v")],
        base_offset=40,
        codec=Codec.LZ4,
        producer_id=5,
        producer_epoch=1,
        base_sequence=3,
        leader_epoch=6,
    )
    empty = without_records(read_header(batch))
    header = read_header(empty)
    verify_crc(empty, header)
    assert len(empty) == header.size == HEADER_SIZE
    assert read_records(empty) == []
    assert (header.base_offset, header.last_offset, header.count) == (40, 41, 0)
    assert (header.producer_id, header.base_sequence, header.last_sequence) == (5, 3, 4)
    assert (header.codec, header.base_timestamp, header.max_timestamp) == (Codec.NONE, NO_TIMESTAMP, 9)
    assert header.partition_leader_epoch == 6
    assert without_records(header) == empty


def test_damage_is_told() -> None:
    batch = build_batch([Record(0, 5, b"a", b"v"), Record(0, 9, b"b", b"v")])
    header = read_header(batch)
    data = unpack_records(batch, header)
    for broken in (data[:-1], data + b"\0", b"\x7f" + data[1:], data[:4] + b"\x50" + data[5:]):
        with pytest.raises(InvalidRecord):
            list(raw_records(broken, header))
