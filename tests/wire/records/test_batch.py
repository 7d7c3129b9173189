"""Record batches v2 (KIP-98): the header, walking, checksums."""

from __future__ import annotations

import pytest
from aiokafka.record import MemoryRecords

from wire.records.batch import (
    CONTROL_BIT,
    HEADER_SIZE,
    TRANSACTIONAL_BIT,
    BatchHeader,
    Codec,
    CorruptBatch,
    InvalidRecord,
    advance_sequence,
    compute_crc,
    crc32c,
    iterate_batches,
    pack_header,
    peek_size,
    read_header,
    verify_crc,
)
from wire.records.record import Record, build_batch

BATCH = build_batch([Record(0, 1000 + i, b"k", b"v" * i) for i in range(3)], base_offset=7, leader_epoch=4)


def test_the_header_is_61_bytes_and_reads_as_it_was_written() -> None:
    header = read_header(BATCH)
    assert HEADER_SIZE == 61
    assert header == BatchHeader(7, len(BATCH) - 12, 4, 2, header.crc, 0, 2, 1000, 1002, -1, -1, -1, 3)
    assert (header.size, header.last_offset, header.next_offset) == (len(BATCH), 9, 10)
    assert pack_header(header, [memoryview(BATCH)[61:]]) == BATCH[:61]


def test_attribute_bits() -> None:
    batch = build_batch(
        [Record(0, 5, None, None)], attributes=TRANSACTIONAL_BIT | CONTROL_BIT, log_append_time_ms=9
    )
    header = read_header(batch)
    assert header.is_transactional
    assert header.is_control
    assert header.is_log_append_time
    assert header.codec is Codec.NONE
    assert header.max_timestamp == 9
    with pytest.raises(InvalidRecord, match="codec 7"):
        _ = header._replace(attributes=7).codec


def test_sequences_wrap_behind_two_to_the_31() -> None:
    assert advance_sequence(2**31 - 1, 1) == 0
    assert advance_sequence(0, -1) == 2**31 - 1
    assert read_header(BATCH).last_sequence == -1
    assert read_header(BATCH)._replace(producer_id=1, base_sequence=2**31 - 2).last_sequence == 0


def test_crc32c_is_the_castagnoli_sum_and_takes_views() -> None:
    assert crc32c(b"123456789") == 0xE3069283  # the check value of CRC-32C
    assert crc32c(memoryview(b"456789"), crc32c(memoryview(b"123"))) == 0xE3069283


def test_every_flipped_bit_behind_the_crc_is_found() -> None:
    for position in range(21, len(BATCH)):
        damaged = bytearray(BATCH)
        damaged[position] ^= 1
        with pytest.raises(CorruptBatch):
            verify_crc(damaged, read_header(damaged))


def test_base_offset_and_leader_epoch_are_outside_of_the_crc() -> None:
    changed = bytearray(BATCH)
    changed[:8] = (99).to_bytes(8, "big")
    changed[12:16] = (5).to_bytes(4, "big")
    verify_crc(changed, read_header(changed))
    assert compute_crc(changed, 0, len(changed)) == read_header(BATCH).crc


@pytest.mark.parametrize("cut", range(1, len(BATCH)))
def test_an_incomplete_last_batch_is_left_out(cut: int) -> None:
    found = list(iterate_batches(BATCH + BATCH[:cut]))
    assert [(position, header.size) for position, header in found] == [(0, len(BATCH))]


def test_a_run_of_batches_is_walked() -> None:
    run = memoryview(b"xx" + BATCH * 4 + b"yy")
    assert [position for position, _ in iterate_batches(run, 2, len(run) - 2)] == [
        2 + number * len(BATCH) for number in range(4)
    ]


def test_what_cannot_be_a_batch_is_named() -> None:
    with pytest.raises(CorruptBatch, match="announces"):
        peek_size(bytes(61), 0, 61)
    with pytest.raises(CorruptBatch, match="magic 3"):
        peek_size(BATCH[:16] + b"\3" + BATCH[17:], 0, len(BATCH))
    with pytest.raises(InvalidRecord, match="format v1"):
        list(iterate_batches(BATCH[:16] + b"\1" + BATCH[17:]))
    with pytest.raises(CorruptBatch, match="shorter than its header"):
        list(iterate_batches(BATCH[:8] + (30).to_bytes(4, "big") + BATCH[12:]))


@pytest.mark.parametrize("codec", list(Codec))
def test_aiokafka_reads_what_we_write(codec: Codec) -> None:
    records = [Record(0, 1000 + i, b"key%d" % i, b"value" * i, (("h", b"x"), ("n", None))) for i in range(5)]
    batch = build_batch(
        records, base_offset=40, codec=codec, producer_id=9, producer_epoch=2, base_sequence=3
    )
    theirs = MemoryRecords(batch).next_batch()
    assert theirs.validate_crc()
    found = [(r.offset, r.timestamp, r.key, r.value, list(r.headers)) for r in theirs]
    assert found == [(40 + i, r.timestamp, r.key, r.value, list(r.headers)) for i, r in enumerate(records)]
