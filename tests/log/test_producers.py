"""Idempotent producers (KIP-98, KIP-360): sequences, epochs, duplicates, snapshots, restarts."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from pykbroker.errors import ApiError
from pykbroker.log.log import Appended, Log
from pykbroker.log.producers import CorruptSnapshot, ProducerState
from pykbroker.log.validate import AppendOrigin
from wire.errors import ErrorCode
from wire.records.batch import CONTROL_BIT, TRANSACTIONAL_BIT
from wire.records.record import Record, build_batch

TIME = 1_700_000_000_000


def batch(sequence: int, size: int = 1, producer: int = 7, epoch: int = 0, **more: Any) -> bytes:
    records = [Record(0, TIME, None, b"%d" % (sequence + i)) for i in range(size)]
    return build_batch(records, producer_id=producer, producer_epoch=epoch, base_sequence=sequence, **more)


def send(log: Log, sequence: int, size: int = 1, producer: int = 7, epoch: int = 0) -> Appended:
    return log.append(batch(sequence, size, producer, epoch), 0, TIME)


def refused(log: Log, sequence: int, size: int = 1, producer: int = 7, epoch: int = 0) -> ErrorCode:
    end = log.log_end_offset
    with pytest.raises(ApiError) as caught:
        send(log, sequence, size, producer, epoch)
    assert log.log_end_offset == end
    return caught.value.code


def test_a_batch_sent_again_is_answered_as_the_first_time(disk: Any, open_log: Callable[..., Log]) -> None:
    """Kafka answers error 0 and the first base offset again."""
    log = open_log(disk)
    first = send(log, 0, 3)
    send(log, 3, 2)
    again = send(log, 0, 3)
    assert again == Appended(first.base_offset, first.last_offset, TIME, 0, True)
    assert log.log_end_offset == 5


def test_the_last_five_batches_are_known(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk)
    for sequence in range(6):
        send(log, sequence)
    assert [send(log, sequence).base_offset for sequence in range(1, 6)] == [1, 2, 3, 4, 5]
    assert refused(log, 0) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_a_duplicate_has_the_same_first_and_last_sequence(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk)
    send(log, 0, 3)
    send(log, 3, 3)
    assert refused(log, 0, 2) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert refused(log, 1, 2) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_a_gap_is_out_of_order(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk)
    send(log, 0)
    assert refused(log, 2) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert send(log, 1).base_offset == 1


def test_an_unknown_producer_may_begin_anywhere(disk: Any, open_log: Callable[..., Log]) -> None:
    """Its records may have been deleted: UNKNOWN_PRODUCER_ID is not used any more (KIP-360)."""
    log = open_log(disk)
    assert send(log, 55).base_offset == 0
    assert send(log, 56).base_offset == 1


def test_epochs(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk)
    send(log, 0, epoch=3)
    assert refused(log, 1, epoch=2) is ErrorCode.INVALID_PRODUCER_EPOCH
    assert refused(log, 1, epoch=4) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    send(log, 0, epoch=4)
    assert refused(log, 1, epoch=3) is ErrorCode.INVALID_PRODUCER_EPOCH
    send(log, 1, epoch=4)
    assert send(log, 0, epoch=4).duplicate
    assert refused(log, 0, epoch=3) is ErrorCode.INVALID_PRODUCER_EPOCH


def test_sequences_wrap(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk)
    send(log, 2**31 - 2, 3)
    assert send(log, 2**31 - 2, 3).duplicate
    assert send(log, 1).base_offset == 3
    log.close()
    log = open_log(disk, clean=True, recovery_point=4)
    assert send(log, 1).duplicate
    send(log, 2, 2**4)
    top = open_log(type(disk)())
    send(top, 2**31 - 1)
    assert send(top, 0).base_offset == 1


def test_producers_do_not_see_each_other(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk)
    send(log, 0, producer=1)
    send(log, 0, producer=2)
    assert refused(log, 5, producer=1) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert send(log, 1, producer=1).base_offset == 2
    assert log.append(build_batch([Record(0, TIME, None, b"")]), 0, TIME).base_offset == 3


@pytest.mark.parametrize("how", ["clean", "kill", "kill without snapshots", "corrupt snapshots", "flushed"])
def test_what_is_known_of_producers_survives_a_restart(
    disk: Any, open_log: Callable[..., Log], how: str
) -> None:
    """A replay of the log knows the last five batches, a snapshot the last one (so does Kafka's)."""
    log = open_log(disk, segment_bytes=700)
    dice = random.Random(3)
    last: dict[int, tuple[int, int, int]] = {}
    for _ in range(80):
        producer, size = dice.randint(1, 5), dice.randint(1, 3)
        epoch, sequence, _ = last.get(producer, (0, 0, 0))
        if dice.random() < 0.1:
            epoch, sequence = epoch + 1, 0
        appended = send(log, sequence, size, producer, epoch)
        last[producer] = (epoch, sequence + size, appended.base_offset)
    assert len(log.segments) > 5
    point = 0
    if how == "flushed":
        log.flush()
        point = log.recovery_point
    if how == "clean":
        log.close()
        point = log.recovery_point
    else:
        log.abandon()
    for name, _ in disk.listdir("/d/t-0"):
        if name.endswith(".snapshot") and how == "kill without snapshots":
            disk.unlink(f"/d/t-0/{name}")
        if name.endswith(".snapshot") and how == "corrupt snapshots":
            disk.names[f"/d/t-0/{name}"].data[-1] ^= 1
    log = open_log(disk, segment_bytes=700, clean=how == "clean", recovery_point=point)
    assert {producer: entry.epoch for producer, entry in log.producers.entries.items()} == {
        producer: epoch for producer, (epoch, _, _) in last.items()
    }
    for producer, (epoch, sequence, base_offset) in last.items():
        entry = log.producers.entries[producer].batches[-1]
        size = entry.offset_delta + 1
        again = send(log, sequence - size, size, producer, epoch)
        assert (again.duplicate, again.base_offset) == (True, base_offset)
        assert refused(log, sequence + 1, 1, producer, epoch) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
        assert not send(log, sequence, 1, producer, epoch).duplicate


def test_snapshots_stand_at_segment_bases_and_at_the_end(disk: Any, open_log: Callable[..., Log]) -> None:
    def snapshots() -> list[int]:
        return sorted(int(name[:20]) for name, _ in disk.listdir("/d/t-0") if name.endswith(".snapshot"))

    log = open_log(disk, segment_bytes=300)
    for sequence in range(9):
        send(log, sequence)
    bases = [segment.base_offset for segment in log.segments]
    assert snapshots() == bases[1:]
    log.close()
    assert snapshots() == [*bases[1:], 9]
    log = open_log(disk, segment_bytes=300, clean=True, recovery_point=9)
    send(log, 9)
    log.advance_start(bases[-1])
    log.close()
    log = open_log(disk, segment_bytes=300, clean=True, recovery_point=10)
    assert snapshots()[-1] == 10
    assert set(snapshots()[:-1]) <= {segment.base_offset for segment in log.segments}


def test_truncation_takes_producers_back(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, segment_bytes=300)
    for sequence in range(9):
        send(log, sequence)
    log.truncate_to(5)
    assert log.producers.entries[7].batches[-1].last_sequence == 4
    assert refused(log, 6) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert send(log, 5).base_offset == 5
    log.truncate_to(0)
    assert not log.producers.entries
    log.close()


def test_the_snapshot_format_is_kafkas() -> None:
    """version int16, crc uint32 of the rest, then an array of fixed entries (ProducerSnapshot.json, version 1)."""
    state = ProducerState()
    from wire.records.batch import read_header

    state.replay(read_header(batch(5, 3, producer=1234, epoch=2)), b"")
    data = state.encode()
    assert data.hex() == (
        "0001" + data[2:6].hex() + "00000001"
        "00000000000004d2"
        "0002"
        "00000007"
        "0000000000000002"
        "00000002" + f"{TIME:016x}" + "ffffffff"
        "ffffffffffffffff"
    )
    back = ProducerState.decode(data, 3)
    assert back.entries[1234].batches == state.entries[1234].batches
    assert back.encode() == data
    assert ProducerState.decode(ProducerState().encode(), 3).entries == {}


@pytest.mark.parametrize("damage", [b"", b"\0\1", b"\0\2" + bytes(8), b"\0\1" + bytes(8), None])
def test_corrupt_snapshots_are_named(damage: bytes | None) -> None:
    state = ProducerState()
    data = damage if damage is not None else state.encode() + b"x"
    with pytest.raises(CorruptSnapshot):
        ProducerState.decode(data, 0)


def test_silent_producers_are_forgotten(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk)
    send(log, 0, producer=1)
    log.append(
        build_batch([Record(0, TIME + 5000, None, b"")], producer_id=2, producer_epoch=0, base_sequence=0),
        0,
        TIME,
    )
    assert log.producers.remove_expired(TIME + 5999, 6000) == 0
    assert log.producers.remove_expired(TIME + 6000, 6000) == 1
    assert list(log.producers.entries) == [2]
    assert send(log, 77, producer=1).base_offset == 2


def test_transactions_found_in_a_log_leave_their_mark(disk: Any, open_log: Callable[..., Log]) -> None:
    """A directory of Kafka's may hold them: the producer's entry keeps what its snapshot has to say of them."""
    log = open_log(disk)
    data = batch(0, 2, epoch=1, attributes=TRANSACTIONAL_BIT)
    log.append(data, 0, TIME, AppendOrigin.COORDINATOR)
    assert log.producers.entries[7].txn_first_offset == 0
    marker = build_batch(
        [Record(0, TIME + 9, b"\0\0\0\1", b"\0\0\0\0\0\5")],
        producer_id=7,
        producer_epoch=1,
        attributes=TRANSACTIONAL_BIT | CONTROL_BIT,
    )
    log.append(marker, 0, TIME, AppendOrigin.COORDINATOR)
    live = log.producers.encode()
    log.abandon()
    log = open_log(disk)
    assert log.producers.encode() == live
    entry = log.producers.entries[7]
    assert (entry.txn_first_offset, entry.coordinator_epoch, entry.last_timestamp) == (-1, 5, TIME + 9)
    assert send(log, 2, epoch=1).base_offset == 3
