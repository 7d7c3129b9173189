"""Epochs, checkpoints, indexes and the pool of open files, each by itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pykbroker.log import checkpoints
from pykbroker.log.epochs import LeaderEpochs
from pykbroker.log.index import OffsetIndex, TimeIndex
from pykbroker.log.pool import LOADED_LIMIT, FilePool, Handle


def epochs_of(disk: Any, *pairs: tuple[int, int]) -> LeaderEpochs:
    disk.mkdir("/d")
    epochs = LeaderEpochs(disk, "/d")
    for epoch, start in pairs:
        epochs.assign(epoch, start)
    return epochs


def pairs(epochs: LeaderEpochs) -> list[tuple[int, int]]:
    return list(zip(epochs.epochs, epochs.starts, strict=True))


def test_where_an_epoch_ended(disk: Any) -> None:
    """KIP-101: the largest epoch up to the one asked for, and the start of the next; the latest ends with the log."""
    epochs = epochs_of(disk, (2, 0), (5, 10), (7, 30))
    answers = {epoch: epochs.end_offset(epoch, 44) for epoch in range(-1, 9)}
    assert answers == {
        -1: (-1, -1),
        0: (0, 0),
        1: (1, 0),
        2: (2, 10),
        3: (2, 10),
        4: (2, 10),
        5: (5, 30),
        6: (5, 30),
        7: (7, 44),
        8: (-1, -1),
    }
    assert [epochs.epoch_of(offset) for offset in (0, 9, 10, 29, 30, 99)] == [2, 2, 5, 5, 7, 7]
    assert LeaderEpochs(disk, "/none").end_offset(0, 5) == (-1, -1)


def test_what_contradicts_a_new_epoch_goes(disk: Any) -> None:
    epochs = epochs_of(disk, (1, 0), (2, 10), (3, 20))
    epochs.assign(3, 25)
    assert pairs(epochs) == [(1, 0), (2, 10), (3, 20)]
    epochs.assign(4, 15)
    assert pairs(epochs) == [(1, 0), (2, 10), (4, 15)]
    epochs.assign(2, 5)
    assert pairs(epochs) == [(1, 0), (2, 5)]
    with pytest.raises(ValueError, match="leader epoch -1"):
        epochs.assign(-1, 0)


def test_epochs_are_cut_at_both_ends(disk: Any) -> None:
    epochs = epochs_of(disk, (1, 0), (2, 10), (3, 20), (4, 30))
    epochs.truncate_end(30)
    assert pairs(epochs) == [(1, 0), (2, 10), (3, 20)]
    epochs.truncate_start(15)
    assert pairs(epochs) == [(2, 15), (3, 20)]
    again = LeaderEpochs(disk, "/d")
    again.load()
    assert pairs(again) == [(2, 15), (3, 20)]
    assert disk.read("/d/leader-epoch-checkpoint") == b"0\n2\n2 15\n3 20\n"


def test_an_epoch_that_could_not_be_written_is_written_later(disk: Any) -> None:
    epochs = epochs_of(disk, (1, 0))
    disk.capacity = 0
    with pytest.raises(OSError, match="space"):
        epochs.assign(2, 10)
    disk.capacity = None
    epochs.save()
    assert disk.read("/d/leader-epoch-checkpoint") == b"0\n2\n1 0\n2 10\n"


def test_offset_checkpoints_are_kafkas(disk: Any) -> None:
    disk.mkdir("/d")
    offsets = {("a.b-c", 0): 17, ("t", 3): 1 << 40}
    checkpoints.write_offsets(disk, "/d", checkpoints.RECOVERY_POINTS, offsets)
    assert disk.read("/d/recovery-point-offset-checkpoint") == b"0\n2\na.b-c 0 17\nt 3 1099511627776\n"
    assert checkpoints.read_offsets(disk, "/d", checkpoints.RECOVERY_POINTS) == offsets
    assert checkpoints.read_offsets(disk, "/d", checkpoints.LOG_STARTS) == {}


MALFORMED = [
    b"1\n0\n",
    b"0\n2\nt 0 1\n",
    b"0\n1\nt 0\n",
    b"0\n1\nt 0 x\n",
    b"0\nx\n",
    b"0\n1\nt 0 12",
    b"\xff\n",
]


@pytest.mark.parametrize("data", MALFORMED)
def test_malformed_checkpoints_are_refused(disk: Any, data: bytes) -> None:
    disk.mkdir("/d")
    disk.atomic_write("/d/x", data)
    with pytest.raises(ValueError, match=r"."):
        checkpoints.read_offsets(disk, "/d", "x")


def test_partition_metadata_and_meta_properties() -> None:
    topic_id = bytes(range(16))
    data = checkpoints.format_partition_metadata(topic_id)
    assert data == b"version: 0\ntopic_id: AAECAwQFBgcICQoLDA0ODw"
    assert checkpoints.parse_partition_metadata(data) == topic_id
    for bad in (b"", b"version: 1\ntopic_id: AAECAwQFBgcICQoLDA0ODw", b"version: 0\ntopic_id: AAEC"):
        with pytest.raises(ValueError, match=r"."):
            checkpoints.parse_partition_metadata(bad)
    theirs = b"#\n#Tue Nov 24 03:00:00 UTC 2026\ncluster.id=a-b_c\nversion=0\nbroker.id=3\n"
    assert checkpoints.parse_properties(theirs) == {"cluster.id": "a-b_c", "version": "0", "broker.id": "3"}
    assert checkpoints.format_clean_shutdown(7) == b'{"version":0,"brokerEpoch":7}'


@settings(max_examples=50)
@given(st.sets(st.integers(1, 2**31 - 1), max_size=20), st.data(), st.integers(0, 50))
def test_an_offset_index_comes_back_with_and_without_preallocated_room(
    offsets: set[int], data: st.DataObject, room: int
) -> None:
    positions = data.draw(
        st.sets(st.integers(1, 2**31 - 1), min_size=len(offsets), max_size=len(offsets)).map(sorted)
    )
    index = OffsetIndex()
    for offset, position in zip(sorted(offsets), positions, strict=True):
        index.append(offset, position)
    encoded = index.encode()
    assert len(encoded) == 8 * len(index)
    back = OffsetIndex.decode(encoded + bytes(8 * room))
    assert back is not None
    assert (back.offsets, back.positions) == (index.offsets, index.positions)
    assert back.stale == (room > 0)
    target = data.draw(st.integers(0, 2**31 - 1))
    expected = max((p for o, p in zip(sorted(offsets), positions, strict=True) if o <= target), default=0)
    assert index.lookup(target) == expected
    assert index.encode(len(index) // 2) == encoded[8 * (len(index) // 2) :]


@settings(max_examples=50)
@given(st.sets(st.integers(0, 2**62), max_size=20), st.data(), st.sampled_from([0, 2, 50]))
def test_a_time_index_comes_back_too(timestamps: set[int], data: st.DataObject, room: int) -> None:
    size = len(timestamps)
    offsets = data.draw(st.sets(st.integers(1, 2**31 - 1), min_size=size, max_size=size).map(sorted))
    index = TimeIndex()
    for timestamp, offset in zip(sorted(timestamps), offsets, strict=True):
        index.append(timestamp, offset)
        index.append(timestamp, offset + 1)  # no larger time, no entry
    back = TimeIndex.decode(index.encode() + bytes(12 * room))
    assert back is not None
    assert (back.timestamps, back.offsets) == (index.timestamps, index.offsets)
    target = data.draw(st.integers(0, 2**62))
    pairs_of = zip(sorted(timestamps), offsets, strict=True)
    assert index.lookup(target) == max((o for t, o in pairs_of if t <= target), default=0)


@pytest.mark.parametrize("data", [b"\0\0\0\1\0\0\0", b"\0\0\0\2\0\0\0\1\0\0\0\1\0\0\0\2", b"\xff" * 8])
def test_an_index_that_makes_no_sense_is_none(data: bytes) -> None:
    assert OffsetIndex.decode(data) is None
    assert TimeIndex.decode(b"\0\0\0\0" + data) is None


def test_no_more_files_are_open_than_the_limit(disk: Any) -> None:
    pool = FilePool(disk, limit=4)
    handles = [Handle(pool, f"/f{n}") for n in range(20)]
    for number, handle in enumerate(handles):
        handle.open(create=True).pwritev([b"%d" % number], len(b"%d" % number), 0)
        assert disk.open_files <= 4
    for number in (3, 19, 3, 0, 7, 3):
        assert handles[number].open().pread(9, 0) == b"%d" % number
        assert len(pool) == disk.open_files <= 4


def test_a_file_in_use_keeps_its_place(disk: Any) -> None:
    """Second chance: a handle that was used since the last search is passed over."""
    pool = FilePool(disk, limit=3)
    busy, *others = [Handle(pool, f"/f{n}") for n in range(12)]
    busy.open(create=True)
    for handle in others:
        busy.open()
        handle.open(create=True)
        assert busy.file is not None


def test_pinned_files_are_not_closed(disk: Any) -> None:
    pool = FilePool(disk, limit=2)
    pinned = [Handle(pool, f"/p{n}") for n in range(3)]
    for handle in pinned:
        handle.open(create=True)
        handle.pin()
    Handle(pool, "/other").open(create=True)
    assert all(handle.file is not None for handle in pinned)
    pinned[0].close()
    assert pinned[0].file is not None
    pinned[0].unpin()
    assert pinned[0].file is None


def test_indexes_of_few_sealed_segments_stay_in_memory(disk: Any, open_log: Any) -> None:
    from wire.records.record import Record, build_batch

    batch = build_batch([Record(0, 1000, b"k", b"v")])
    log = open_log(disk, segment_bytes=2 * len(batch), index_interval_bytes=0)
    for _ in range(400):
        log.append(batch, 0, 1000)
    loaded = [segment for segment in log.segments if segment._index is not None]
    assert len(log.segments) == 200
    assert len(loaded) <= LOADED_LIMIT + 1
    assert all(log.read(offset, 1, 400) for offset in range(400))
    assert len([segment for segment in log.segments if segment._index is not None]) <= LOADED_LIMIT + 1
