"""The codecs: round trips, other writers' frames, and limits that hold whatever a frame states."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
import zlib

import cramjam
import lz4.frame
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.records.batch import Codec, CorruptBatch
from wire.records.compression import XERIAL_HEADER, TooLarge, compress, decompress

PACKED = [Codec.GZIP, Codec.SNAPPY, Codec.LZ4, Codec.ZSTD]
LEVELS = {Codec.GZIP: (1, 9), Codec.LZ4: (1, 12), Codec.ZSTD: (1, 19), Codec.SNAPPY: ()}
TEXT = b"a line of text that repeats itself; " * 5000


@settings(max_examples=40)
@given(st.sampled_from(PACKED), st.binary(max_size=5000), st.integers(1, 40))
def test_round_trip(codec: Codec, data: bytes, times: int) -> None:
    data = data * times
    packed = compress(codec, memoryview(data))
    assert decompress(codec, memoryview(packed), len(data)) == data


@pytest.mark.parametrize("codec", PACKED)
def test_the_limit_is_exact(codec: Codec) -> None:
    packed = compress(codec, TEXT)
    assert decompress(codec, packed, len(TEXT)) == TEXT
    with pytest.raises(TooLarge):
        decompress(codec, packed, len(TEXT) - 1)


@pytest.mark.parametrize("codec", PACKED)
def test_levels(codec: Codec) -> None:
    for level in LEVELS[codec]:
        assert decompress(codec, compress(codec, TEXT, level)) == TEXT


@pytest.mark.parametrize("codec", PACKED)
def test_a_bomb_makes_no_more_than_the_limit(codec: Codec) -> None:
    """CVE-2023-34455 and its kin: 64 MiB of zeros compress up to 32,000 times."""
    bomb = bytes(compress(codec, bytes(64 * 1024 * 1024)))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            decompress(codec, bomb, 1024 * 1024)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


def test_a_zstd_frame_that_states_its_size_obeys_too() -> None:
    """zstandard's max_output_size ignores the cap for such frames; what is used here must not."""
    frame = zstd.compress(bytes(64 * 1024 * 1024))
    assert zstd.get_frame_info(frame).decompressed_size == 64 * 1024 * 1024
    with pytest.raises(TooLarge):
        decompress(Codec.ZSTD, frame, 1024)


def test_a_zstd_frame_without_size_is_read() -> None:
    packer = zstd.ZstdCompressor()
    frame = packer.compress(TEXT) + packer.flush()
    assert zstd.get_frame_info(frame).decompressed_size is None
    assert decompress(Codec.ZSTD, frame) == TEXT


def test_an_lz4_frame_with_size_and_checksums_is_read() -> None:
    frame = lz4.frame.compress(TEXT, store_size=True, content_checksum=True, block_checksum=True)
    assert decompress(Codec.LZ4, frame) == TEXT
    with pytest.raises(TooLarge):
        decompress(Codec.LZ4, frame, 1000)


def test_lz4_level_9_is_the_fast_compressor() -> None:
    """As in Kafka, whose default it is (KIP-390): at 9 of LZ4's own scale it would be twelve times slower."""
    text = b" ".join(b"%d" % (i * i % 997) for i in range(5000))
    assert compress(Codec.LZ4, text) == compress(Codec.LZ4, text, 9) == compress(Codec.LZ4, text, 0)
    assert len(compress(Codec.LZ4, text, 8)) < len(compress(Codec.LZ4, text))


def test_lz4_blocks_are_independent_as_java_demands() -> None:
    assert lz4.frame.get_frame_info(compress(Codec.LZ4, TEXT))["block_linked"] is False


@pytest.mark.parametrize("codec", [Codec.GZIP, Codec.LZ4, Codec.ZSTD])
def test_frames_one_after_the_other_are_read_through(codec: Codec) -> None:
    two = compress(codec, TEXT) + compress(codec, b"more")
    assert decompress(codec, two) == TEXT + b"more"
    with pytest.raises(TooLarge):
        decompress(codec, two, len(TEXT) + 3)


def test_snappy_with_and_without_framing() -> None:
    """Java writes xerial's framing, others plain blocks; both are read, the framing is written."""
    assert compress(Codec.SNAPPY, TEXT).startswith(XERIAL_HEADER)
    assert decompress(Codec.SNAPPY, bytes(cramjam.snappy.compress_raw(TEXT))) == TEXT


def test_a_snappy_block_cannot_state_what_it_cannot_hold() -> None:
    block = b"\xff\xff\xff\x07" + b"\0" * 60  # a varint of 16 million
    with pytest.raises(CorruptBatch, match="cannot hold"):
        decompress(Codec.SNAPPY, block)
    with pytest.raises(TooLarge):
        decompress(Codec.SNAPPY, block, 1000)
    with pytest.raises(CorruptBatch):
        decompress(Codec.SNAPPY, b"\xff\xff\xff\xff\xff\xff")
    with pytest.raises(CorruptBatch):
        decompress(Codec.SNAPPY, XERIAL_HEADER + b"\x7f\xff\xff\xff" + b"abc")


@pytest.mark.parametrize("codec", PACKED)
def test_every_cut_is_noticed(codec: Codec) -> None:
    packed = compress(codec, TEXT[:2000])
    whole = decompress(codec, packed)
    for cut in range(len(packed)):
        try:
            assert len(decompress(codec, packed[:cut])) < len(whole)  # snappy: a cut between two blocks
        except CorruptBatch:
            continue


@given(st.sampled_from(PACKED), st.binary(max_size=200))
def test_garbage_is_corrupt_and_nothing_worse(codec: Codec, data: bytes) -> None:
    try:
        decompress(codec, data, 100_000)
    except (CorruptBatch, TooLarge):
        return


def test_gzip_is_plain_gzip() -> None:
    assert zlib.decompress(compress(Codec.GZIP, TEXT), 31) == TEXT


def test_no_codec_library_is_imported_before_it_is_needed() -> None:
    """The start of the broker pays for none of them."""
    code = (
        "import sys, wire.records.record, wire.records.compression, pykbroker.log.directory\n"
        "heavy = {'zlib', 'cramjam', 'lz4', 'crc32c', 'backports.zstd', 'json', 'uuid'} & set(sys.modules)\n"
        "assert heavy <= {'zlib'}, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)
