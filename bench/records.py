"""What reading and writing records costs, without a broker: each format, each codec, and the libraries that could do it.

    python bench/records.py [--rounds 15] [--only codecs,formats]

Codecs: MB/s of unpacked bytes, for the records of a batch of 16 KiB and of 1 MiB (lines of JSON with few distinct words).
"holds a limit": whether 64 MiB of zeros, unpacked with a limit of 1 MiB, stay below it; - where the library takes no limit.
A library that is not installed is left out.

Formats: us a record, for batches of 100 records of 100 bytes. All figures are the best of the rounds: the machine may be
busy with other work.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from wire.records.batch import Codec, read_header
from wire.records.compression import compress, decompress
from wire.records.convert import batch_of_messages, messages_of_batch
from wire.records.legacy import open_wrapper, read_messages, write_message
from wire.records.record import Record, build_batch, read_records, unpack_records, walk_records

SIZES = (16 << 10, 1 << 20)
LIMIT = 1 << 20
BOMB = bytes(64 << 20)
COUNT = 100
OLD_CODECS = (Codec.NONE, Codec.GZIP, Codec.SNAPPY, Codec.LZ4)  # that message sets have
RECORDS = [Record(i, 1_700_000_000_000 + i, b"k%d" % i, b"v" * 100) for i in range(COUNT)]

Pack = Callable[[bytes], Any]
Unpack = Callable[[bytes, int], Any]  # packed data and the limit


class Candidate(NamedTuple):
    """One way to pack and unpack. is_bounded: `unpack` hands the limit on."""

    name: str
    pack: Pack
    unpack: Unpack
    is_bounded: bool = True


def best(run: Callable[[], Any], rounds: int) -> float:
    """Seconds."""
    lowest = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        lowest = min(lowest, time.perf_counter() - start)
    return lowest


# Codecs


def lines_of_json(size: int) -> bytes:
    dice = random.Random(1)
    words = [f"{dice.getrandbits(40):x}" for _ in range(500)]
    out = bytearray()
    while len(out) < size:
        event = {
            "id": dice.getrandbits(40),
            "user": dice.choice(words),
            "url": "/".join(dice.choices(words, k=3)),
        }
        out += json.dumps({**event, "event": dice.choice(["click", "view", "buy"]), "at": len(out)}).encode()
    return bytes(out[:size])


def ours(codec: Codec) -> Candidate:
    return Candidate(
        "wire.records.compression",
        lambda data: compress(codec, data),
        lambda packed, limit: decompress(codec, packed, limit),
    )


def zlib_like(name: str, module: Any, level: int) -> Candidate:
    def pack(data: bytes) -> bytes:
        packer = module.compressobj(level, zlib.DEFLATED, 31)
        packed: bytes = packer.compress(data) + packer.flush()
        return packed

    return Candidate(
        f"{name}, level {level}",
        pack,
        lambda packed, limit: module.decompressobj(31).decompress(packed, limit),
    )


def of_gzip() -> Iterator[Candidate]:
    yield zlib_like("zlib", zlib, 1)
    yield zlib_like("zlib", zlib, 6)
    yield zlib_like("isal", importlib.import_module("isal.isal_zlib"), 2)


def of_zlib_ng() -> Iterator[Candidate]:
    yield zlib_like("zlib-ng", importlib.import_module("zlib_ng.zlib_ng"), 6)


def of_cramjam(codec: str) -> Iterator[Candidate]:
    module = getattr(importlib.import_module("cramjam"), codec)
    name = f"cramjam.{codec}"
    if codec == "snappy":
        yield Candidate(
            name + ", raw", module.compress_raw, lambda packed, limit: module.decompress_raw(packed), False
        )
    else:
        yield Candidate(name, module.compress, lambda packed, limit: module.decompress(packed), False)


def of_python_snappy() -> Iterator[Candidate]:
    module = importlib.import_module("snappy")
    yield Candidate(
        "python-snappy, raw", module.compress, lambda packed, limit: module.decompress(packed), False
    )


def of_lz4() -> Iterator[Candidate]:
    module = importlib.import_module("lz4.frame")

    def with_level(level: int) -> Candidate:
        how = {"compression_level": level, "block_size": module.BLOCKSIZE_MAX64KB, "block_linked": False}
        return Candidate(
            f"lz4.frame, level {level}",
            lambda data: module.compress(data, store_size=False, **how),
            lambda packed, limit: module.LZ4FrameDecompressor().decompress(packed, max_length=limit),
        )

    yield from map(with_level, (0, 3, 9))


def of_stdlib_zstd() -> Iterator[Candidate]:
    try:
        module = importlib.import_module("compression.zstd")
    except ImportError:
        module = importlib.import_module("backports.zstd")
    yield Candidate(
        module.__name__,
        lambda data: module.compress(data, 3),
        lambda packed, limit: module.ZstdDecompressor().decompress(packed, limit),
    )


def of_zstandard() -> Iterator[Candidate]:
    module = importlib.import_module("zstandard")
    pack = module.ZstdCompressor(level=3).compress
    unpacker = module.ZstdDecompressor()
    yield Candidate(
        "zstandard", pack, lambda packed, limit: unpacker.decompress(packed, max_output_size=limit)
    )
    yield Candidate(
        "zstandard, stream_reader", pack, lambda packed, limit: unpacker.stream_reader(packed).read(limit)
    )


CANDIDATES: dict[Codec, list[Callable[[], Iterator[Candidate]]]] = {
    Codec.GZIP: [of_gzip, of_zlib_ng, lambda: of_cramjam("gzip")],
    Codec.SNAPPY: [lambda: of_cramjam("snappy"), of_python_snappy],
    Codec.LZ4: [of_lz4, lambda: of_cramjam("lz4")],
    Codec.ZSTD: [of_stdlib_zstd, of_zstandard, lambda: of_cramjam("zstd")],
}


def installed(codec: Codec) -> Iterator[Candidate]:
    yield ours(codec)
    for source in CANDIDATES[codec]:
        try:
            yield from source()
        except ImportError:
            continue


def holds(candidate: Candidate) -> str:
    """Whether it makes no more than the limit of a frame that states its size, where the codec has one."""
    if not candidate.is_bounded:
        return "-"
    packed = bytes(candidate.pack(BOMB))
    try:
        return "yes" if len(candidate.unpack(packed, LIMIT)) <= LIMIT else "no"
    except Exception:
        return "yes"  # refused


def show_codecs(rounds: int) -> None:
    print(
        "| codec | by | holds a limit | 16 KiB: pack, unpack MB/s | ratio | 1 MiB: pack, unpack MB/s | ratio |"
    )
    print("|---|---|---|---|---|---|---|")
    for codec in CANDIDATES:
        for candidate in installed(codec):
            cells = [codec.name.lower(), candidate.name, holds(candidate)]
            for size in SIZES:
                cells += measured(candidate, lines_of_json(size), rounds)
            print("|", " | ".join(cells), "|")


def measured(candidate: Candidate, data: bytes, rounds: int) -> list[str]:
    """Speed of both directions, and how much smaller the packed form is."""
    size = len(data)
    packed = bytes(candidate.pack(data))
    assert bytes(candidate.unpack(packed, size)) == data
    runs = (lambda: candidate.pack(data), lambda: candidate.unpack(packed, size))
    speeds = ", ".join(f"{size / best(run, rounds) / 1e6:,.0f}" for run in runs)
    return [speeds, f"{size / len(packed):.2f}"]


# Formats


def message_set(magic: int) -> bytes:
    out = bytearray()
    for offset, timestamp, key, value, _ in RECORDS:
        write_message(out, magic, offset, timestamp, key, value)
    return bytes(out)


class Format(NamedTuple):
    """One form of records, and what writes and reads them; no writer: None."""

    name: str
    write: Callable[[], Any] | None
    read: Callable[[], Any]


def our_batches(codec: Codec) -> Format:
    batch = build_batch(RECORDS, codec=codec)
    return Format(
        f"v2, {codec.name.lower()}", lambda: build_batch(RECORDS, codec=codec), lambda: read_records(batch)
    )


def our_walk() -> Format:
    batch = build_batch(RECORDS)
    header = read_header(batch)
    data = unpack_records(batch, header)
    return Format("v2, a walk that only checks", None, lambda: walk_records(data, header))


def our_messages(magic: int) -> Format:
    data = message_set(magic)
    return Format(f"v{magic}", lambda: message_set(magic), lambda: list(read_messages(data)))


def our_wrappers(magic: int, codec: Codec) -> Format:
    batch = build_batch(RECORDS, codec=codec)
    wrapper = next(read_messages(messages_of_batch(batch, read_header(batch), 0, magic)))
    return Format(f"v{magic}, {codec.name.lower()}", None, lambda: list(open_wrapper(wrapper)))


def our_conversion(magic: int, codec: Codec) -> Format:
    batch = build_batch(RECORDS, codec=codec)
    header = read_header(batch)
    data = messages_of_batch(batch, header, 0, magic)
    return Format(
        f"v{magic}, {codec.name.lower()}: from v2, to v2",
        lambda: messages_of_batch(batch, header, 0, magic),
        lambda: batch_of_messages(read_messages(data)),
    )


def our_formats() -> Iterator[Format]:
    yield from map(our_batches, Codec)
    yield our_walk()
    for magic in (0, 1):
        yield our_messages(magic)
        for codec in OLD_CODECS[1:]:
            yield our_wrappers(magic, codec)
        for codec in OLD_CODECS:
            yield our_conversion(magic, codec)


def formats_of(library: str, is_transactional: Any) -> Iterator[Format]:
    """aiokafka's readers and writers are compiled C, kafka-python's plain Python."""
    with warnings.catch_warnings(action="ignore"):
        default_records = importlib.import_module(f"{library}.record.default_records")
        memory_records = importlib.import_module(f"{library}.record.memory_records")

    def write() -> bytes:
        builder = default_records.DefaultRecordBatchBuilder(2, 0, is_transactional, -1, -1, -1, 1 << 20)
        for offset, timestamp, key, value, _ in RECORDS:
            builder.append(offset, timestamp, key, value, [])
        return bytes(builder.build())

    def read(data: bytes) -> list[Any]:
        batches = memory_records.MemoryRecords(data)
        found = []
        while (batch := batches.next_batch()) is not None:
            found += [(each.offset, each.timestamp, each.key, each.value) for each in batch]
        return found

    batch, messages = build_batch(RECORDS), message_set(1)
    assert len(read(batch)) == len(read(messages)) == COUNT
    yield Format(f"v2, none, {library}", write, lambda: read(batch))
    yield Format(f"v1, {library}", None, lambda: read(messages))


def show_formats(rounds: int) -> None:
    print("| format | write us/record | read us/record |")
    print("|---|---|---|")
    for name, write, read in (*our_formats(), *formats_of("aiokafka", 0), *formats_of("kafka", False)):
        cells = ["" if run is None else f"{best(run, rounds) / COUNT * 1e6:.2f}" for run in (write, read)]
        print("|", " | ".join([name, *cells]), "|")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="codecs,formats")
    arguments = parser.parse_args()
    if "codecs" in arguments.only:
        show_codecs(arguments.rounds)
        print()
    if "formats" in arguments.only:
        show_formats(arguments.rounds)


if __name__ == "__main__":
    main()
