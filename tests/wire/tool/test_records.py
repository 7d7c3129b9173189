"""What is in `records` is unfolded, goes through JSON and comes back."""

from __future__ import annotations

import tracemalloc
import zlib
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.errors import WireError
from wire.messages.produce import PartitionProduceData, ProduceRequest, TopicProduceData
from wire.records import legacy
from wire.records.batch import CONTROL_BIT, TRANSACTIONAL_BIT, Codec
from wire.records.record import Record, build_batch, read_records
from wire.tool.decoding import Decoded, decode_body, faults
from wire.tool.jsonform import to_bytes, to_json
from wire.tool.trace import Piece
from wire.tool.unfold import Unfolder

RECORDS = [
    Record(0, 1_700_000_000_000, b"k", b"v", (("h", b"x"), ("n", None))),
    Record(1, 1_700_000_000_007, None, b"\x00\xff" * 40),
    Record(2, 1_699_999_999_999, b"", None),
]
codecs = pytest.mark.parametrize("codec", list(Codec))


def decoded(records: bytes, version: int = 9) -> Decoded:
    data = [TopicProduceData(name="t", partition_data=[PartitionProduceData(index=1, records=records)])]
    (raw,) = [b"".join(ProduceRequest.build(version, ProduceRequest(acks=-1, topic_data=data)))]
    found = decode_body(raw, ProduceRequest, version)
    assert found.error is None
    assert to_bytes(to_json(found)) == raw
    return found


def field(found: Decoded) -> dict[str, Any]:
    value: dict[str, Any] = to_json(found)["body"]["topic_data"][0]["partition_data"][0]["records"]
    return value


def batches_of(found: Decoded) -> list[Piece]:
    body = found.part("body")
    assert body
    piece = next(p for p in body.inner if p.name == "topic_data")
    while piece.shape != "batches":
        piece = next(p for p in piece.inner if p.inner)
    return piece.inner


@codecs
def test_batches_of_every_codec_are_unfolded(codec: Codec) -> None:
    one = build_batch(RECORDS, base_offset=5, codec=codec, attributes=TRANSACTIONAL_BIT, producer_id=7)
    found = decoded(one + build_batch(RECORDS[:1], base_offset=8))
    assert faults(found) == []
    shown = field(found)["batches"]
    assert "raw" not in field(found)
    assert [batch["base_offset"] for batch in shown] == [5, 8]
    assert shown[0]["attributes"] == TRANSACTIONAL_BIT | codec
    assert shown[0]["records"][0] == {
        "timestamp_delta": 0,
        "offset_delta": 0,
        "key": {"text": "k"},
        "value": {"text": "v"},
        "headers": [{"key": {"text": "h"}, "value": {"text": "x"}}, {"key": {"text": "n"}, "value": None}],
    }
    assert shown[0]["records"][1]["value"] == {"hex": "00ff" * 40}
    assert shown[0]["records"][2]["value"] is None
    body = batches_of(found)[0].inner[-1]
    notes = [p.note for p in body.inner[1].inner if p.note]
    assert notes == ["timestamp 2023-11-14 22:13:20.007 UTC", "offset 6"]


@given(st.integers(0, 2**32 - 1), st.sampled_from(list(Codec)))
@settings(max_examples=40, deadline=None, database=None)
def test_pieces_are_what_the_reader_of_records_reads_and_lie_without_gaps(seed: int, codec: Codec) -> None:
    random = Random(seed)
    records = [
        Record(
            index,
            random.randrange(2**40),
            random.choice((None, random.randbytes(random.choice((0, 1, 200))))),
            random.choice((None, random.randbytes(random.choice((0, 3, 70))))),
            tuple(
                (random.choice(("", "name", "ä")), random.choice((None, b"", b"value")))
                for _ in range(random.randrange(3))
            ),
        )
        for index in range(random.randrange(1, 5))
    ]
    batch = build_batch(records, codec=codec)
    piece = Piece("records", "records", "value", 10, 14, 14 + len(batch), batch)
    Unfolder()(piece)
    body = piece.inner[0].inner[-1]
    seen = []
    at = 0 if body.data is not None else 14 + 61
    for record in body.inner:
        values = {p.name: p for p in record.inner}
        for part in leaves(record):
            assert part.start == at
            at = part.head
        headers = tuple(
            (header.inner[0].value.decode(), header.inner[1].value) for header in values["headers"].inner
        )
        time = piece.inner[0].inner[7].value + values["timestamp_delta"].value
        seen.append(
            Record(values["offset_delta"].value, time, values["key"].value, values["value"].value, headers)
        )
    assert seen == read_records(batch)


def leaves(piece: Piece) -> list[Piece]:
    own = [piece] if piece.head > piece.start else []
    return own + [leaf for inner in piece.inner for leaf in leaves(inner)]


def test_a_batch_that_is_cut_off_is_no_fault() -> None:
    batch = build_batch(RECORDS)
    for cut in (1, 11, 30, len(batch) - 1):
        found = decoded(batch + batch[:cut])
        assert faults(found) == []
        assert [piece.name for piece in batches_of(found)] == ["[0]", "(incomplete)"]
        assert field(found)["raw"] == (batch + batch[:cut]).hex()


def test_a_wrong_checksum_is_a_fault_at_its_place_and_stays_wrong() -> None:
    batch = bytearray(build_batch(RECORDS))
    batch[17] ^= 1
    found = decoded(bytes(batch))
    ((error, data),) = faults(found)
    assert error.path == "topic_data[0].partition_data[0].records[0].crc"
    assert error.position is not None
    assert data[error.position : error.position + 4] == bytes(batch[17:21])
    assert field(found)["batches"][0]["crc"] == int.from_bytes(batch[17:21], "big")
    assert "raw" not in field(found)


@codecs
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None, database=None)
def test_any_bytes_in_records_are_shown_and_come_back(codec: Codec, seed: int) -> None:
    random = Random(seed)
    batch = bytearray(build_batch(RECORDS, codec=codec, attributes=CONTROL_BIT))
    for _ in range(random.randrange(1, 4)):
        batch[random.randrange(12, len(batch))] = random.choice(
            (0, 1, 0x7F, 0x80, 0xFF, random.randrange(256))
        )
    found = decoded(bytes(batch[: random.randrange(len(batch) + 1)] if random.random() < 0.3 else batch))
    for error, data in faults(found):
        assert error.position is not None
        assert 0 <= error.position <= len(data)


@pytest.mark.parametrize("magic", [0, 1])
@pytest.mark.parametrize("codec", [Codec.NONE, Codec.GZIP, Codec.SNAPPY, Codec.LZ4])
def test_messages_of_old_formats_are_unfolded(magic: int, codec: Codec) -> None:
    data = message_set(magic, codec)
    found = decoded(data, 2)
    assert faults(found) == []
    shown = field(found)
    assert "raw" not in shown
    if codec != Codec.NONE:
        assert shown["batches"][0]["attributes"] == codec
        shown = {"batches": shown["batches"][0]["messages"]}
    time = {"timestamp": 1_700_000_000_000} if magic else {}
    assert shown["batches"] == [
        {
            "offset": 0,
            "magic": magic,
            "attributes": 0,
            **time,
            "key": {"text": "k"},
            "value": {"hex": "00ff"},
        },
        {"offset": 1, "magic": magic, "attributes": 0, **time, "key": None, "value": None},
    ]


def message_set(magic: int, codec: Codec) -> bytes:
    inside = bytearray()
    legacy.write_message(inside, magic, 0, 1_700_000_000_000, b"k", b"\x00\xff")
    legacy.write_message(inside, magic, 1, 1_700_000_000_000, None, None)
    return (
        bytes(inside)
        if codec == Codec.NONE
        else legacy.build_wrapper(inside, codec, magic, 1, 1_700_000_000_000)
    )


@given(seed=st.integers(0, 2**32 - 1), magic=st.sampled_from([0, 1]), codec=st.sampled_from(list(Codec)[:4]))
@settings(max_examples=150, deadline=None, database=None)
def test_any_message_set_is_shown_and_comes_back(seed: int, magic: int, codec: Codec) -> None:
    random = Random(seed)
    data = bytearray(message_set(magic, codec))
    for _ in range(random.randrange(1, 4)):
        data[random.randrange(12, len(data))] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
    if random.random() < 0.5:  # so that what stands inside is reached
        data[12:16] = zlib.crc32(data[16:]).to_bytes(4, "big")
    for error, inside in faults(decoded(bytes(data), 2)):
        assert error.position is not None
        assert 0 <= error.position <= len(inside)


def test_rubbish_is_one_piece_with_a_fault() -> None:
    found = decoded(bytes(8) + b"\x00\x00\x00\x20" + bytes(4) + b"\x03" + bytes(40))
    assert [error.path.rpartition(".")[2] for error, _ in faults(found)] == ["(unreadable)"]


def test_a_small_batch_that_holds_much_costs_little() -> None:
    zeros = build_batch([Record(0, 0, None, bytes(50_000_000))], codec=Codec.ZSTD)
    many = build_batch([Record(0, 0, None, None)] * 5_000, codec=Codec.ZSTD)
    piece = Piece("records", "records", "value", 0, 4, 4, zeros * 3 + many)
    tracemalloc.start()
    Unfolder(unpacked_bytes=1_000_000, shown_records=100)(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8_000_000
    bodies = [batch.inner[-1] for batch in piece.inner]
    assert [bool(body.fault) for body in bodies] == [True, True, True, False]
    assert (len(bodies[3].inner), bodies[3].value) == (100, 5_000)
    assert "the last 4900 are not shown" in bodies[3].note


def test_batches_can_be_written_by_hand() -> None:
    request = {
        "message": "ProduceRequest",
        "version": 9,
        "body": {
            "topic_data": [
                {
                    "name": "t",
                    "partition_data": [
                        {
                            "records": {
                                "batches": [{"attributes": 2, "records": [{"value": {"text": "hello"}}]}]
                            }
                        }
                    ],
                }
            ]
        },
    }
    made, _ = ProduceRequest.parse(9, to_bytes(request))
    batch = made.topic_data[0].partition_data[0].records
    assert read_records(batch) == [Record(0, 0, None, b"hello")]


@pytest.mark.parametrize(
    ("records", "where"),
    [
        ({"batches": [{}]}, r"batches\[0\]"),
        ({"batches": [{"records": [{"key": 5}]}]}, r"batches\[0\].records\[0\].key"),
        ({"batches": [{"records": [], "offset": 1}]}, r"batches\[0\].offset"),
        ({"batches": [{"records": [], "attributes": 7}]}, r"attributes: there is no codec 7"),
        ({"batches": [{"records": [], "base_offset": 2**70}]}, r"does not fit"),
        ({"batches": [{"magic": 1, "records": []}]}, r"batches\[0\].records: a message of an old format"),
        ({"batches": [{"magic": 0, "offset": 2**70}]}, r"does not fit"),
        ({"batches": [{"magic": 0, "attributes": 4, "messages": []}]}, r"no codec 4"),
        ({"hex": "0"}, r"not hex"),
        (5, r"bytes are written"),
    ],
)
def test_wrong_json_is_named(records: Any, where: str) -> None:
    data = {"topic_data": [{"partition_data": [{"records": records}]}]}
    with pytest.raises(WireError, match=where):
        to_bytes({"message": "ProduceRequest", "version": 9, "body": data})
