"""Records of __consumer_offsets, byte by byte as Kafka 3.9 writes them (its GroupCoordinatorRecordSerde and schemas)."""

from __future__ import annotations

from struct import pack

import pytest

from pykbroker.core.groups.records import (
    GroupRecord,
    OffsetRecord,
    Record,
    StoredGroup,
    StoredMember,
    StoredOffset,
    decode,
    encode,
)
from wire.errors import WireError


def text(value: str | None) -> bytes:
    return pack(">h", -1) if value is None else pack(">h", len(value)) + value.encode()


def data(value: bytes) -> bytes:
    return pack(">i", len(value)) + value


OFFSET_KEY = b"\0\1" + text("g") + text("t") + pack(">i", 3)
GROUP_KEY = b"\0\2" + text("g")
MEMBER = (
    text("m") + text("i") + text("c") + text("/h") + pack(">ii", 60_000, 10_000) + data(b"sub") + data(b"asg")
)

WRITTEN: list[tuple[Record, bytes, bytes | None]] = [
    (
        OffsetRecord("g", "t", 3, StoredOffset(5, 2, "note", 1_000)),
        OFFSET_KEY,
        b"\0\3" + pack(">qi", 5, 2) + text("note") + pack(">q", 1_000),
    ),
    (
        OffsetRecord("g", "t", 3, StoredOffset(5, -1, "", 1_000, 2_000)),
        OFFSET_KEY,
        b"\0\1" + pack(">q", 5) + text("") + pack(">qq", 1_000, 2_000),
    ),
    (OffsetRecord("g", "t", 3, None), OFFSET_KEY, None),
    (
        GroupRecord(
            "g",
            StoredGroup(
                "consumer",
                7,
                "range",
                "m",
                1_000,
                (StoredMember("m", "i", "c", "/h", 60_000, 10_000, b"sub", b"asg"),),
            ),
        ),
        GROUP_KEY,
        b"\0\3"
        + text("consumer")
        + pack(">i", 7)
        + text("range")
        + text("m")
        + pack(">qi", 1_000, 1)
        + MEMBER,
    ),
    (
        GroupRecord("g", StoredGroup("", 0, None, None, -1)),
        GROUP_KEY,
        b"\0\3" + text("") + pack(">i", 0) + text(None) + text(None) + pack(">qi", -1, 0),
    ),
    (GroupRecord("g", None), GROUP_KEY, None),
]


@pytest.mark.parametrize(("record", "key", "value"), WRITTEN)
def test_what_is_written(record: Record, key: bytes, value: bytes | None) -> None:
    assert encode(record) == (key, value)
    assert decode(key, value) == record


def test_what_older_kafkas_wrote_is_read() -> None:
    """Key type 0, offset values 0 and 2; group value 0 has one timeout, no instance id, no time."""
    old_key = b"\0\0" + OFFSET_KEY[2:]
    for version in (0, 2):
        value = pack(">hq", version, 5) + text("note") + pack(">q", 1_000)
        assert decode(old_key, value) == OffsetRecord("g", "t", 3, StoredOffset(5, -1, "note", 1_000))
    member = text("m") + text("c") + text("/h") + pack(">i", 10_000) + data(b"sub") + data(b"asg")
    value = b"\0\0" + text("consumer") + pack(">i", 7) + text("range") + text("m") + pack(">i", 1) + member
    assert decode(GROUP_KEY, value) == GroupRecord(
        "g",
        StoredGroup(
            "consumer",
            7,
            "range",
            "m",
            -1,
            (StoredMember("m", None, "c", "/h", 10_000, 10_000, b"sub", b"asg"),),
        ),
    )


def test_what_kafka_4_writes_flexibly_is_read() -> None:
    """Offset value 4 has compact strings, and the topic's id as a tagged field, which is not needed here."""
    tags = b"\1\0\x10" + bytes(16)
    value = b"\0\4" + pack(">qi", 5, 2) + b"\5note" + pack(">q", 1_000) + tags
    assert decode(OFFSET_KEY, value) == OffsetRecord("g", "t", 3, StoredOffset(5, 2, "note", 1_000))


@pytest.mark.parametrize("kind", [3, 4, 5, 8, 15])
def test_records_of_other_protocols_are_not_ours(kind: int) -> None:
    assert decode(pack(">h", kind) + b"anything", b"anything") is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (b"", None),
        (b"\0", None),
        (b"\0\1", None),
        (OFFSET_KEY[:-1], None),
        (OFFSET_KEY, b""),
        (OFFSET_KEY, b"\0\3\0"),
        (
            GROUP_KEY,
            b"\0\3" + text("consumer") + pack(">i", 7) + text(None) + text(None) + pack(">qi", 0, 2**30),
        ),
    ],
)
def test_what_is_cut_off_or_wrong_raises(key: bytes, value: bytes | None) -> None:
    with pytest.raises(WireError):
        decode(key, value)
