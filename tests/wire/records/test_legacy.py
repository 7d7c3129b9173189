"""Message sets v0 and v1: read and written as kafka-python and aiokafka do, and every kind of damage."""

from __future__ import annotations

import struct
import tracemalloc
import warnings
from collections.abc import Iterable
from zlib import crc32

import lz4.frame
import pytest
import xxhash
from aiokafka.record.legacy_records import LegacyRecordBatch as AioBatch
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder as AioBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.records.batch import CODEC_MASK, TIMESTAMP_TYPE_BIT, Codec, CorruptBatch, InvalidRecord
from wire.records.compression import TooLarge, compress
from wire.records.legacy import (
    Message,
    UnsupportedCodec,
    break_lz4,
    build_wrapper,
    message_bounds,
    open_wrapper,
    read_messages,
    repair_lz4,
    verify_crc,
    write_message,
    xxh32,
)

with warnings.catch_warnings(action="ignore"):
    from kafka.record.legacy_records import LegacyRecordBatch, LegacyRecordBatchBuilder

CODECS = [Codec.NONE, Codec.GZIP, Codec.SNAPPY, Codec.LZ4]
PACKED = CODECS[1:]
MAGICS = [0, 1]

Entry = tuple[int, int, bytes | None, bytes | None]  # offset, timestamp, key, value
optional_bytes = st.none() | st.binary(max_size=200)
entries = st.lists(
    st.tuples(st.integers(0, 2**40), st.integers(0, 2**44), optional_bytes, optional_bytes),
    min_size=1,
    max_size=20,
).map(lambda listed: [(index + listed[0][0], *rest) for index, (_, *rest) in enumerate(listed)])

ENTRIES: list[Entry] = [(7, 1000, b"k", b"v" * 50), (8, 990, None, b"w"), (9, 1005, b"", None)]


def written(magic: int, listed: Iterable[Entry], codec: Codec = Codec.NONE, attributes: int = 0) -> bytes:
    """A set as a broker of that time has it: in v1 wrappers the inner offsets count from the first."""
    out = bytearray()
    listed = list(listed)
    base = listed[0][0] if codec and magic else 0
    for offset, timestamp, key, value in listed:
        write_message(out, magic, offset - base, timestamp, key, value, attributes)
    if not codec:
        return bytes(out)
    newest = max(timestamp for _, timestamp, _, _ in listed)
    return build_wrapper(out, codec, magic, listed[-1][0], newest, attributes)


def opened(data: bytes, limit: int = 1 << 20) -> list[Message]:
    """All messages of a set, those in wrappers too."""
    found: list[Message] = []
    for message in read_messages(data):
        found += open_wrapper(message, limit) if message.codec else [message]
    return found


def as_messages(magic: int, listed: Iterable[Entry], attributes: int = 0) -> list[Message]:
    return [
        Message(offset, magic, attributes, timestamp if magic else -1, key, value)
        for offset, timestamp, key, value in listed
    ]


@settings(max_examples=60)
@given(st.sampled_from(MAGICS), st.sampled_from(CODECS), entries)
def test_what_is_written_is_read(magic: int, codec: Codec, listed: list[Entry]) -> None:
    assert opened(written(magic, listed, codec)) == as_messages(magic, listed)


@settings(max_examples=60)
@given(st.sampled_from(MAGICS), st.sampled_from(CODECS), entries)
def test_kafka_python_reads_what_we_write(magic: int, codec: Codec, listed: list[Entry]) -> None:
    data = written(magic, listed, codec)
    found = []
    for begin, end in message_bounds(data):
        batch = LegacyRecordBatch(data[begin:end], magic)
        assert batch.validate_crc()
        found += [(record.offset, record.timestamp, record.key, record.value) for record in batch]
    assert found == [(o, t if magic else None, k, v) for o, t, k, v in listed]


@settings(max_examples=60)
@given(st.sampled_from(MAGICS), st.sampled_from(CODECS), entries)
def test_we_read_what_kafka_python_writes(magic: int, codec: Codec, listed: list[Entry]) -> None:
    """A producer counts the offsets from 0."""
    builder = LegacyRecordBatchBuilder(magic, codec, 1 << 20)
    counted = [(index, *rest) for index, (_, *rest) in enumerate(listed)]
    for entry in counted:
        assert builder.append(*entry)
    assert opened(bytes(builder.build())) == as_messages(magic, counted)


@pytest.mark.parametrize("magic", MAGICS)
@pytest.mark.parametrize("codec", CODECS)
def test_aiokafka_agrees_in_both_directions(magic: int, codec: Codec) -> None:
    if codec == Codec.LZ4 and magic == 0:
        return  # it has none there
    builder = AioBuilder(magic, codec, 1 << 20)
    listed = [(index, 1000 + index, b"k%d" % index, b"v" * index) for index in range(100)]
    for offset, timestamp, key, value in listed:
        builder.append(offset, timestamp=timestamp, key=key, value=value)
    assert opened(bytes(builder.build())) == as_messages(magic, listed)
    data = written(magic, ENTRIES, codec)
    found = [
        (record.offset, record.timestamp if magic else 0, record.key, record.value)
        for begin, end in message_bounds(data)
        for record in AioBatch(data[begin:end], magic)
    ]
    assert found == [(o, t if magic else 0, k, v) for o, t, k, v in ENTRIES]


@pytest.mark.parametrize("codec", PACKED)
def test_append_time_of_a_wrapper_holds_for_all_inside(codec: Codec) -> None:
    inner = written(1, [(0, 5, b"k", b"a"), (1, 6, b"k", b"b")])
    wrapper = build_wrapper(inner, codec, 1, 11, 777, TIMESTAMP_TYPE_BIT)
    assert [(m.offset, m.timestamp) for m in opened(wrapper)] == [(10, 777), (11, 777)]
    assert [r.timestamp for r in LegacyRecordBatch(wrapper, 1)] == [777, 777]


def test_inner_offsets_of_v1_count_back_from_the_wrapper() -> None:
    inner = written(1, [(3, 5, b"k", b"a"), (7, 6, b"k", b"b")])  # compacted: a gap, and not from 0
    for offset, expected in ((107, [103, 107]), (7, [3, 7]), (0, [3, 7])):
        wrapper = build_wrapper(inner, Codec.GZIP, 1, offset, 6)
        assert [message.offset for message in opened(wrapper)] == expected
    with pytest.raises(InvalidRecord, match="offset 6 around a message with offset 7"):
        opened(build_wrapper(inner, Codec.GZIP, 1, 6, 6))


@pytest.mark.parametrize("magic", MAGICS)
def test_incomplete_last_message_is_left_out(magic: int) -> None:
    """A fetch of those days breaks off anywhere."""
    data = written(magic, ENTRIES)
    whole = len(written(magic, ENTRIES[:2]))
    for cut in range(whole, len(data)):
        assert opened(data[:cut]) == as_messages(magic, ENTRIES[:2])
    for codec in PACKED:
        assert opened(build_wrapper(data[:-1], codec, magic, 8, 5)) == as_messages(magic, ENTRIES[:2])


@pytest.mark.parametrize("magic", MAGICS)
def test_every_changed_byte_is_noticed(magic: int) -> None:
    data = written(magic, ENTRIES[:1])
    for at in range(12, len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 0x41
        with pytest.raises((CorruptBatch, InvalidRecord)):
            list(read_messages(bytes(damaged)))
    with pytest.raises(CorruptBatch, match="it states crc"):
        verify_crc(data[:-1] + b"?", 0, len(data))
    (message,) = read_messages(data[:-1] + b"?", verify=False)
    assert message.value == b"v" * 49 + b"?"


@pytest.mark.parametrize("codec", PACKED)
def test_damage_inside_a_wrapper_is_noticed(codec: Codec) -> None:
    inner = written(1, ENTRIES)
    with pytest.raises(CorruptBatch, match="it states crc"):
        opened(build_wrapper(inner[:-2] + b"!!", codec, 1, 9, 5))
    with pytest.raises(CorruptBatch):
        opened(written(1, [(0, 0, None, b"no " + codec.name.encode())], attributes=codec))


def framed(body: bytes, size: int | None = None) -> bytes:
    """A message of this body (magic and what follows), with a right checksum."""
    return struct.pack(">qiI", 0, len(body) + 4 if size is None else size, crc32(body)) + body


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (framed(b"\0" * 30, size=13), CorruptBatch),
        (framed(b"\0" * 30, size=-1), CorruptBatch),
        (framed(b"\3" + b"\0" * 30), CorruptBatch),
        (framed(b"\xff" + b"\0" * 30), CorruptBatch),
        (framed(b"\2" + b"\0" * 60), InvalidRecord),
        (framed(b"\1" + b"\0" * 12), InvalidRecord),
        (framed(struct.pack(">bbii", 0, 0, -2, 0)), InvalidRecord),
        (framed(struct.pack(">bbii", 0, 0, 1, 0)), InvalidRecord),
        (framed(struct.pack(">bbii", 0, 0, 2**31 - 1, 0)), InvalidRecord),
        (framed(struct.pack(">bbii", 0, 0, -1, -2)), InvalidRecord),
        (framed(struct.pack(">bbii", 0, 0, -1, 1)), InvalidRecord),
        (framed(struct.pack(">bbii", 0, 0, -1, 2**31 - 1)), InvalidRecord),
        (framed(struct.pack(">bbii", 0, 0, -1, 0) + b"rest"), InvalidRecord),
    ],
)
def test_sizes_that_do_not_add_up(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        list(read_messages(data))


@settings(max_examples=200)
@given(st.binary(max_size=200), st.sampled_from(MAGICS))
def test_garbage_raises_nothing_else(body: bytes, magic: int) -> None:
    for data in (body, framed(bytes([magic, 0]) + body), framed(bytes([magic]) + body)):
        try:
            opened(data, 10_000)
        except (CorruptBatch, InvalidRecord):
            continue


@pytest.mark.parametrize("magic", MAGICS)
def test_wrappers_do_not_nest_and_do_not_mix(magic: int) -> None:
    wrapper = written(magic, ENTRIES, Codec.GZIP)
    with pytest.raises(InvalidRecord, match="inside a compressed message"):
        opened(build_wrapper(wrapper, Codec.GZIP, magic, 9, 0))
    with pytest.raises(InvalidRecord, match="in a wrapper of"):
        opened(build_wrapper(written(1 - magic, ENTRIES), Codec.GZIP, magic, 9, 0))
    with pytest.raises(InvalidRecord, match="no messages inside"):
        opened(build_wrapper(b"", Codec.GZIP, magic, 9, 0))
    with pytest.raises(InvalidRecord, match="without a value"):
        opened(written(magic, [(0, 0, None, None)], attributes=Codec.GZIP))


@pytest.mark.parametrize("codec", [4, 5, 7])
def test_zstd_has_no_place_here(codec: int) -> None:
    with pytest.raises(UnsupportedCodec):
        opened(written(1, ENTRIES[:1], attributes=codec))


@pytest.mark.parametrize("magic", MAGICS)
@pytest.mark.parametrize("codec", PACKED)
def test_a_bomb_makes_no_more_than_the_limit(magic: int, codec: Codec) -> None:
    bomb = written(magic, [(0, 0, None, bytes(32 << 20))], codec)
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            opened(bomb, 1 << 20)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20


def lz4_wrapper(frame: bytes) -> bytes:
    return written(0, [(0, 0, None, frame)], attributes=Codec.LZ4)


def test_lz4_frame_that_states_a_false_size_or_none_is_bounded() -> None:
    """The size stands in the frame's header, whose checksum is made right again, so that only the size is false."""
    inner = written(0, [(0, 0, None, bytes(1 << 20))])
    honest = bytearray(lz4.frame.compress(inner, store_size=True, block_linked=False))
    for stated in (0, 1, 100, 1 << 62, (1 << 64) - 1):
        honest[6:14] = stated.to_bytes(8, "little")
        for frame in (break_lz4(honest), repair_lz4(honest)):
            with pytest.raises((TooLarge, CorruptBatch)):
                opened(lz4_wrapper(frame), 10_000)
    without = lz4.frame.compress(inner, store_size=False, block_linked=False)
    with pytest.raises(TooLarge):
        opened(lz4_wrapper(without), 10_000)
    assert len(opened(lz4_wrapper(without), len(inner))) == 1


def test_gzip_trailer_that_states_a_false_size_is_corrupt() -> None:
    packed = bytearray(compress(Codec.GZIP, written(0, ENTRIES)))
    packed[-4:] = (1).to_bytes(4, "little")
    with pytest.raises(CorruptBatch):
        opened(written(0, [(0, 0, None, bytes(packed))], attributes=Codec.GZIP))


# LZ4 in v0


def test_lz4_of_v0_has_its_flaw_and_that_of_v1_has_not() -> None:
    """KAFKA-3160: the header's checksum is computed over the magic number too."""
    (old,), (new,) = (list(read_messages(written(magic, ENTRIES, Codec.LZ4))) for magic in MAGICS)
    assert old.value is not None
    assert new.value is not None
    assert old.value[6] == xxhash.xxh32(old.value[:6]).intdigest() >> 8 & 0xFF
    assert new.value[6] == xxhash.xxh32(new.value[4:6]).intdigest() >> 8 & 0xFF
    assert repair_lz4(old.value) == lz4.frame.compress(
        lz4.frame.decompress(repair_lz4(old.value)),
        compression_level=0,
        block_size=4,
        block_linked=False,
        store_size=False,
    )
    with pytest.raises(RuntimeError):
        lz4.frame.decompress(old.value)


@pytest.mark.parametrize("store_size", [False, True])
def test_lz4_of_v0_is_read_with_the_flaw_and_without(store_size: bool) -> None:
    """Some producers of that time wrote what LZ4 demands."""
    right = lz4.frame.compress(written(0, ENTRIES), store_size=store_size)
    wrong = break_lz4(right)
    assert wrong != right
    assert repair_lz4(wrong) == right
    for frame in (right, wrong):
        assert opened(lz4_wrapper(frame)) == as_messages(0, ENTRIES)


def test_lz4_headers_that_are_none() -> None:
    for frame in (
        b"",
        b"\x04\x22",
        b"\x04\x22\x4d\x18\x40\x40",
        b"\x04\x22\x4d\x18\x68\x40" + bytes(7),
        b"\0" * 20,
    ):
        with pytest.raises(CorruptBatch):
            opened(lz4_wrapper(frame))
    with pytest.raises(CorruptBatch, match="dictionary"):
        opened(lz4_wrapper(b"\x04\x22\x4d\x18\x41\x40" + bytes(20)))


@given(st.binary(max_size=15))
def test_xxh32(data: bytes) -> None:
    assert xxh32(data) == xxhash.xxh32(data).intdigest()


def test_attributes_of_v0_are_its_codec_alone() -> None:
    (message,) = read_messages(written(0, ENTRIES[:1], attributes=TIMESTAMP_TYPE_BIT | Codec.SNAPPY))
    assert message.attributes == message.attributes & CODEC_MASK == Codec.SNAPPY
