"""The records of a batch: round trips, other people's batches, and every kind of damage."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.records.batch import Codec, CorruptBatch, InvalidRecord, read_header
from wire.records.record import (
    Record,
    build_batch,
    check_records,
    read_records,
    read_varint,
    unpack_records,
    walk_records,
    write_varint,
)

optional_bytes = st.none() | st.binary(max_size=200)
headers = st.lists(st.tuples(st.text(max_size=20), optional_bytes), max_size=3).map(tuple)
timestamps = st.integers(min_value=0, max_value=2**44)
records = st.builds(Record, st.just(0), timestamps, optional_bytes, optional_bytes, headers)


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_varints_round_trip(value: int) -> None:
    out = bytearray()
    write_varint(out, value)
    assert len(out) <= 10
    assert read_varint(out, 0, len(out)) == (value, len(out))
    with pytest.raises(InvalidRecord):
        read_varint(out, 0, len(out) - 1)


def test_a_varint_may_not_go_on_forever() -> None:
    with pytest.raises(InvalidRecord, match="ten bytes"):
        read_varint(b"\xff" * 20, 0, 20)


@settings(max_examples=60)
@given(st.lists(records, min_size=1, max_size=30), st.sampled_from(list(Codec)), st.integers(0, 2**40))
def test_records_round_trip_in_every_codec(listed: list[Record], codec: Codec, base_offset: int) -> None:
    batch = build_batch(listed, base_offset=base_offset, codec=codec)
    expected = [record._replace(offset=base_offset + i) for i, record in enumerate(listed)]
    assert read_records(batch) == expected
    assert read_records(memoryview(b"ab" + batch + b"cd"), pos=2) == expected
    header = read_header(batch)
    walk = walk_records(unpack_records(batch, header), header)
    assert walk.consecutive
    assert walk.null_keys == sum(record.key is None for record in listed)
    assert walk.max_timestamp == max(record.timestamp for record in listed) == header.max_timestamp
    assert walk.min_timestamp == min(record.timestamp for record in listed)


@pytest.mark.parametrize("codec", list(Codec))
def test_we_read_what_aiokafka_writes(codec: Codec) -> None:
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 100_000)
    for i in range(100):
        builder.append(i, 1000 + i, b"k%d" % i, b"v" * i, [("h", b"1")])
    batch = bytes(builder.build())
    assert read_header(batch).codec is codec
    assert read_records(batch) == [
        Record(i, 1000 + i, b"k%d" % i, b"v" * i, (("h", b"1"),)) for i in range(100)
    ]


def test_log_append_time_is_every_records_time() -> None:
    batch = build_batch([Record(0, 1, b"a", b"b"), Record(0, 2, b"a", b"b")], log_append_time_ms=77)
    assert [record.timestamp for record in read_records(batch)] == [77, 77]


def test_a_header_key_that_is_no_utf8_survives() -> None:
    batch = build_batch([Record(0, 1, None, b"v", ((b"\xff\xfe".decode("utf-8", "surrogateescape"), b"1"),))])
    assert read_records(build_batch(read_records(batch))) == read_records(batch)
    assert b"\xff\xfe" in batch


SAMPLE = build_batch([Record(0, 5 + i, b"key", b"v" * 70, (("h", b"x"),)) for i in range(3)])


def damaged(edit: bytes, at: int) -> bytes:
    return SAMPLE[:at] + edit + SAMPLE[at + len(edit) :]


def check_both(batch: bytes, **header_changes: int) -> None:
    """The reader and the walk refuse the same."""
    header = read_header(batch)._replace(**header_changes)
    with pytest.raises(InvalidRecord):
        read_records(batch, header)
    with pytest.raises(InvalidRecord):
        walk_records(unpack_records(batch, header), header)


@pytest.mark.parametrize("count", [0, 1, 2, 4, 1000, -1, 2**31 - 1])
def test_a_wrong_count_is_found(count: int) -> None:
    check_both(SAMPLE, count=count)


@pytest.mark.parametrize("at", [61, 63, 65, 66, 70])
@pytest.mark.parametrize(
    "byte", [b"\x00", b"\x03", b"\x05", b"\x7f", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"]
)
def test_a_garbage_length_is_found(at: int, byte: bytes) -> None:
    batch = damaged(byte, at)
    header = read_header(batch)
    outcomes = []
    for attempt in (
        lambda: read_records(batch, header),
        lambda: walk_records(unpack_records(batch, header), header),
    ):
        try:
            attempt()
            outcomes.append(True)
        except InvalidRecord:
            outcomes.append(False)
    assert outcomes[0] == outcomes[1]
    if at == 61:
        assert outcomes == [False, False]


@given(st.binary(max_size=300), st.integers(-5, 40))
def test_garbage_raises_nothing_but_invalid_record(body: bytes, count: int) -> None:
    header = read_header(SAMPLE)._replace(count=count, batch_length=49 + len(body))
    batch = SAMPLE[:61] + body
    for attempt in (
        lambda: read_records(batch, header),
        lambda: walk_records(unpack_records(batch, header), header),
    ):
        try:
            attempt()
        except InvalidRecord:
            continue


def is_refused(check: Callable[[], object]) -> bool:
    try:
        check()
    except InvalidRecord:
        return True
    return False


def many(count: int, spread_ms: int = 1, **what: object) -> list[Record]:
    return [Record(0, 1000 + i * spread_ms, b"k%d" % i, b"v" * i)._replace(**what) for i in range(count)]


@pytest.mark.parametrize(
    "records",
    [
        many(1),
        many(300),  # values and offset deltas of one and of two bytes
        many(3, 9000),  # timestamp deltas of three
        many(2, value=b"v" * 20_000),
        many(2, key=b"k" * 200),
        many(2, key=b"k" * 20_000, value=None),
        many(20, key=None, value=None),
        many(70, headers=(("name", b"value"), ("", None))),
    ],
)
def test_whole_records_are_let_through_and_no_other_count_of_them(records: list[Record]) -> None:
    data = memoryview(build_batch(records))[61:]
    check_records(data, len(records))
    for count in (len(records) - 1, len(records) + 1, 1 << 30):
        with pytest.raises(InvalidRecord):
            check_records(data, count)
    for cut in (data[:-1], bytes(data) + b"\0"):
        with pytest.raises(InvalidRecord):
            check_records(cut, len(records))


@settings(max_examples=2000, deadline=None)
@given(st.integers(0, 200), st.integers(0, 255), st.integers(0, 200), st.integers(0, 255), st.integers(0, 5))
def test_the_quick_check_refuses_what_the_walk_refuses(
    first: int, one: int, second: int, two: int, count: int
) -> None:
    header = read_header(SAMPLE)._replace(count=count)
    data = bytearray(SAMPLE[61:])
    data[first % len(data)] = one
    data[second % len(data)] = two
    assert is_refused(lambda: check_records(data, count)) == is_refused(lambda: walk_records(data, header))


def test_offset_deltas_that_do_not_count_up_are_noticed() -> None:
    header = read_header(SAMPLE)
    data = bytearray(SAMPLE[61:])
    assert data[4] == 0  # length takes two bytes, then attributes, timestamp delta, offset delta
    data[4] = 2
    assert not walk_records(data, header).consecutive


@pytest.mark.parametrize("codec", [Codec.GZIP, Codec.SNAPPY, Codec.LZ4, Codec.ZSTD])
def test_a_count_that_the_records_cannot_hold_allocates_nothing(codec: Codec) -> None:
    batch = build_batch([Record(0, 1, None, b"x")], codec=codec)
    with pytest.raises(InvalidRecord, match="cannot hold"):
        unpack_records(batch, read_header(batch)._replace(count=2**31 - 1))


def test_unknown_codecs_and_damaged_data_are_told_apart() -> None:
    batch = build_batch([Record(0, 1, None, b"x" * 100)], codec=Codec.GZIP)
    with pytest.raises(InvalidRecord):
        read_records(batch, read_header(batch)._replace(attributes=5))
    with pytest.raises(CorruptBatch):
        read_records(batch[:70] + b"\0\0\0\0" + batch[74:])
