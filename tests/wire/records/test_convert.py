"""Between message sets and record batches: what survives in each direction, and what is refused."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.records.batch import (
    CONTROL_BIT,
    TIMESTAMP_TYPE_BIT,
    TRANSACTIONAL_BIT,
    Codec,
    CorruptBatch,
    InvalidRecord,
    pack_header,
    read_header,
    verify_crc,
)
from wire.records.compression import TooLarge
from wire.records.convert import batch_of_messages, messages_of_batch
from wire.records.legacy import (
    Message,
    UnsupportedCodec,
    build_wrapper,
    message_bounds,
    open_wrapper,
    read_messages,
    write_message,
)
from wire.records.record import Record, build_batch, read_records

with warnings.catch_warnings(action="ignore"):
    from kafka.record.legacy_records import LegacyRecordBatch, LegacyRecordBatchBuilder

CODECS = [Codec.NONE, Codec.GZIP, Codec.SNAPPY, Codec.LZ4]
PACKED = CODECS[1:]
MAGICS = [0, 1]

optional_bytes = st.none() | st.binary(max_size=200)
headers = st.lists(st.tuples(st.text(max_size=5), optional_bytes), max_size=2).map(tuple)
records = st.lists(
    st.builds(Record, st.just(0), st.integers(-1, 2**44), optional_bytes, optional_bytes, headers),
    min_size=1,
    max_size=20,
)

RECORDS = [Record(0, 100 + i, b"k%d" % i, b"v" * 40) for i in range(4)]


def up(data: bytes, limit: int = 1 << 20) -> bytes:
    return batch_of_messages(read_messages(data), limit)


def down(batch: bytes, magic: int, from_offset: int = 0, limit: int = 1 << 20) -> bytes:
    return messages_of_batch(batch, read_header(batch), 0, magic, from_offset, limit)


def opened(data: bytes) -> list[Message]:
    found: list[Message] = []
    for message in read_messages(data):
        found += open_wrapper(message) if message.codec else [message]
    return found


def message(magic: int = 1, timestamp: int = 5, attributes: int = 0, value: bytes = b"v") -> bytes:
    out = bytearray()
    write_message(out, magic, 0, timestamp, b"k", value, attributes)
    return bytes(out)


@settings(max_examples=100)
@given(st.sampled_from(MAGICS), st.sampled_from(CODECS), records, st.integers(0, 2**40))
def test_down_and_up_again_loses_headers_and_in_v0_the_time(
    magic: int, codec: Codec, listed: list[Record], base_offset: int
) -> None:
    batch = build_batch(listed, base_offset=base_offset, codec=codec)
    found = opened(down(batch, magic))
    assert found == [
        Message(base_offset + i, magic, 0, r.timestamp if magic else -1, r.key, r.value)
        for i, r in enumerate(listed)
    ]
    again = up(down(batch, magic))
    header = read_header(again)
    verify_crc(again, header)
    assert (header.base_offset, header.count, header.attributes) == (0, len(listed), codec)
    assert read_records(again) == [
        Record(i, r.timestamp if magic else -1, r.key, r.value) for i, r in enumerate(listed)
    ]
    assert header.max_timestamp == (max(r.timestamp for r in listed) if magic else -1)


@settings(max_examples=60)
@given(st.sampled_from(MAGICS), st.sampled_from(CODECS), records)
def test_what_kafka_python_writes_goes_up_and_what_comes_down_it_reads(
    magic: int, codec: Codec, listed: list[Record]
) -> None:
    builder = LegacyRecordBatchBuilder(magic, codec, 1 << 20)
    for index, record in enumerate(listed):
        builder.append(index, max(record.timestamp, 0), record.key, record.value)
    batch = up(bytes(builder.build()))
    expected = [(max(r.timestamp, 0) if magic else -1, r.key, r.value) for r in listed]
    assert [(r.timestamp, r.key, r.value) for r in read_records(batch)] == expected
    data = down(batch, magic)
    batches = [LegacyRecordBatch(data[begin:end], magic) for begin, end in message_bounds(data)]
    assert all(each.validate_crc() for each in batches)
    assert [(r.key, r.value) for each in batches for r in each] == [(r.key, r.value) for r in listed]


# Up


@pytest.mark.parametrize("magic", MAGICS)
def test_offsets_of_the_producer_do_not_matter(magic: int) -> None:
    out = bytearray()
    for offset in (0, 0, 99, 3):
        write_message(out, magic, offset, 5, None, b"v")
    assert [record.offset for record in read_records(up(bytes(out)))] == [0, 1, 2, 3]


def test_append_time_is_marked_and_is_the_time_of_all() -> None:
    single = up(message(timestamp=5) + message(timestamp=6, attributes=TIMESTAMP_TYPE_BIT))
    assert read_header(single).is_log_append_time
    wrapper = up(build_wrapper(message() * 2, Codec.GZIP, 1, 1, 777, TIMESTAMP_TYPE_BIT))
    assert read_header(wrapper).attributes == TIMESTAMP_TYPE_BIT | Codec.GZIP
    unmarked = read_header(wrapper)._replace(attributes=Codec.GZIP)
    assert [record.timestamp for record in read_records(wrapper, unmarked)] == [777, 777]


@pytest.mark.parametrize("timestamps", [(-2,), (5, -2), (-1, 2**63 - 1), (-(2**63),)])
def test_times_that_no_batch_can_hold(timestamps: tuple[int, ...]) -> None:
    with pytest.raises(InvalidRecord, match="a timestamp of"):
        up(b"".join(message(timestamp=each) for each in timestamps))


def test_the_widest_times_that_a_batch_can_hold() -> None:
    times = (0, 2**63 - 1, -1)
    batch = up(b"".join(message(timestamp=each) for each in times))
    assert tuple(record.timestamp for record in read_records(batch)) == times


WRAPPER = build_wrapper(message(), Codec.GZIP, 1, 0, 5)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "without a whole message"),
        (message()[:-1], "without a whole message"),
        (message(0) + message(1), "formats v0 and v1"),
        (WRAPPER + message(), "no other"),
        (message() + WRAPPER, "no other"),
        (WRAPPER + WRAPPER, "no other"),
        (message(attributes=Codec.ZSTD), "codec 4"),
        (message() + message(attributes=Codec.ZSTD), "no other"),
        (message() + build_batch(RECORDS), "format v2"),
    ],
)
def test_sets_that_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidRecord, match=reason):
        up(data)


def test_damage_is_corrupt() -> None:
    with pytest.raises(CorruptBatch):
        up(message()[:-1] + b"?")


@pytest.mark.parametrize("codec", CODECS)
def test_the_limit_holds_before_and_behind_the_codec(codec: Codec) -> None:
    many = message(value=b"") * 1000
    data = build_wrapper(many, codec, 1, 999, 5) if codec else many
    with pytest.raises(TooLarge):
        up(data, 5000)
    assert read_header(up(data, len(many))).count == 1000


# Down


@pytest.mark.parametrize("magic", MAGICS)
def test_single_messages_begin_at_the_offset_asked_for_and_wrappers_do_not(magic: int) -> None:
    for from_offset in (0, 10, 12, 13, 14):
        plain = build_batch(RECORDS, base_offset=10)
        assert [m.offset for m in opened(down(plain, magic, from_offset))] == list(
            range(max(from_offset, 10), 14)
        )
        for codec in PACKED:
            packed = build_batch(RECORDS, base_offset=10, codec=codec)
            assert [m.offset for m in opened(down(packed, magic, from_offset))] == [10, 11, 12, 13]


def test_wrapper_has_the_last_offset_and_the_newest_time() -> None:
    batch = build_batch([Record(0, t, None, b"v") for t in (5, 9, 7)], base_offset=100, codec=Codec.SNAPPY)
    (wrapper,) = read_messages(down(batch, 1))
    assert (wrapper.offset, wrapper.timestamp, wrapper.key) == (102, 9, None)
    (old,) = read_messages(down(batch, 0))
    assert (old.offset, old.timestamp) == (102, -1)


@pytest.mark.parametrize("codec", CODECS)
def test_append_time_goes_down(codec: Codec) -> None:
    batch = build_batch(RECORDS, codec=codec, log_append_time_ms=777)
    for found in (read_messages(down(batch, 1)), opened(down(batch, 1))):
        for each in found:
            assert each.timestamp == 777
            assert each.attributes & TIMESTAMP_TYPE_BIT
    for each in opened(down(batch, 0)):
        assert each.attributes == 0


def test_gaps_stay() -> None:
    """As compaction leaves them: the offset deltas are 0 and 3."""
    batch = bytearray(build_batch(RECORDS[:2], base_offset=10, codec=Codec.NONE))
    second = 61 + 1 + batch[61] // 2
    assert batch[second + 3] == 2
    batch[second + 3] = 6
    assert [m.offset for m in opened(down(bytes(batch), 0))] == [10, 13]
    assert [m.offset for m in opened(down(bytes(batch), 1))] == [10, 13]


def test_control_batches_have_nothing_to_show() -> None:
    batch = build_batch(RECORDS, attributes=CONTROL_BIT | TRANSACTIONAL_BIT, producer_id=1, producer_epoch=0)
    assert down(batch, 0) == down(batch, 1) == b""
    data = build_batch(
        RECORDS, attributes=TRANSACTIONAL_BIT, producer_id=1, producer_epoch=0, base_sequence=0
    )
    assert len(opened(down(data, 1))) == 4


@pytest.mark.parametrize("magic", MAGICS)
def test_zstd_cannot_go_down(magic: int) -> None:
    with pytest.raises(UnsupportedCodec):
        down(build_batch(RECORDS, codec=Codec.ZSTD), magic)


@pytest.mark.parametrize("codec", CODECS)
def test_the_limit_holds_for_what_the_messages_take(codec: Codec) -> None:
    batch = build_batch([Record(0, 0, None, None)] * 1000, codec=codec)
    with pytest.raises(TooLarge):
        down(batch, 1, limit=34_000)
    assert len(opened(down(batch, 1, limit=42_000))) == 1000


def test_damaged_batch_does_not_go_down() -> None:
    batch = build_batch(RECORDS)
    with pytest.raises(InvalidRecord):
        down(batch[:61] + b"\0" + batch[62:], 1)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("beyond", [{"base_offset": 2**63 - 1}, {"base_timestamp": 2**63 - 1}])
def test_what_an_int64_cannot_hold_does_not_go_down(codec: Codec, beyond: dict[str, int]) -> None:
    """A producer can send such deltas, and no check of an append looks at each of them."""
    batch = build_batch(RECORDS, codec=codec)
    header = read_header(batch)._replace(**beyond)
    with pytest.raises(InvalidRecord, match="int64"):
        messages_of_batch(pack_header(header, [batch[61:]]) + batch[61:], header, 0, 1)
