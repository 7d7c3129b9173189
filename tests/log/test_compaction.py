"""What compaction decides, and what it leaves of small logs. The model test is in test_compaction_model.py."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from pykbroker.config.topic_settings import TopicSettings
from pykbroker.log.cleaner import CleaningJob, look_at
from pykbroker.log.compaction import (
    KEY_COST,
    MOST_SEGMENTS,
    OffsetMap,
    Room,
    Source,
    Uncleanable,
    first_dirty_offset,
    look,
)
from pykbroker.log.index import MAX_RELATIVE
from pykbroker.log.log import Log
from tests.log.compacting import compact, pairs
from wire.records.batch import TRANSACTIONAL_BIT, iterate_batches, read_header
from wire.records.record import Record, build_batch

COMPACT: dict[str, Any] = {
    "cleanup_policy": ("compact",),
    "segment_bytes": 1000,
    "min_cleanable_dirty_ratio": 0.0,
    "delete_retention_ms": 50,
}
SETTINGS = TopicSettings(cleanup_policy=("compact",))
SEGMENT = "/d/t-0/00000000000000000000"


def sources(*sizes: int, newest_ms: int = -1, first_ms: int = -1) -> list[Source]:
    """Segments of ten offsets each."""
    return [Source(10 * n, size, 10 * n + 10, newest_ms, first_ms) for n, size in enumerate(sizes)]


# whether a log is due


def test_a_log_is_due_when_enough_of_it_is_dirty() -> None:
    segments = sources(50, 50, 50, 49)
    due = look(segments, 20, 40, SETTINGS, 0)
    assert (due.first_dirty, due.first_uncleanable, due.is_due) == (20, 40, False)
    assert due.ratio == 99 / 199
    assert look(sources(50, 50, 50, 51), 20, 40, SETTINGS, 0).is_due
    assert not look(segments, 40, 40, SETTINGS, 0).is_due
    assert not look([], 0, 40, TopicSettings(min_cleanable_dirty_ratio=0.0), 0).is_due


def test_nothing_above_the_stable_offset_is_cleaned() -> None:
    assert look(sources(50, 50, 50), 0, 29, SETTINGS, 0).first_uncleanable == 20
    assert look(sources(50, 50, 50), 0, 30, SETTINGS, 0).first_uncleanable == 30
    assert not look(sources(50), 0, 9, SETTINGS, 0).is_due


def test_young_records_keep_their_segment_and_those_behind() -> None:
    settings = TopicSettings(min_compaction_lag_ms=100)
    old, young, old_again = (sources(50, 50, 50, newest_ms=ms)[n] for n, ms in enumerate((800, 901, 800)))
    assert look([old, young, old_again], 0, 30, settings, 1000).first_uncleanable == 10
    assert look([old, young, old_again], 0, 30, settings, 1001).first_uncleanable == 30


def test_records_that_wait_too_long_make_a_log_due() -> None:
    settings = TopicSettings(max_compaction_lag_ms=100)
    assert not look(sources(90, 10, first_ms=900), 10, 20, settings, 1000).is_due
    assert look(sources(90, 10, first_ms=899), 10, 20, settings, 1000).is_due
    assert not look(sources(90, 10, first_ms=-1), 10, 20, settings, 1000).is_due


def test_a_checkpoint_outside_of_the_log_says_nothing() -> None:
    assert [first_dirty_offset(at, 10, 20) for at in (9, 10, 20, 21)] == [10, 10, 20, 10]


# how far a new segment is filled


@pytest.mark.parametrize(
    ("limit", "fits"),
    [
        ({"size": 60}, True),
        ({"size": 61}, False),
        ({"index_size": 72}, True),
        ({"index_size": 73}, False),
        ({"sources": MOST_SEGMENTS - 1}, True),
        ({"sources": MOST_SEGMENTS}, False),
        ({"first_base": 0}, True),
        ({"first_base": -1}, False),
    ],
)
def test_a_new_segment_is_filled_up_to_its_limits(limit: dict[str, int], fits: bool) -> None:
    """The following one has 40 bytes, 8 of index, and ends as far as a relative offset reaches from 0."""
    settings = TopicSettings(segment_bytes=100, segment_index_bytes=80)
    following = Source(5, 40, MAX_RELATIVE + 1, -1, -1)
    assert Room(0, 1, 10, 10)._replace(**limit).has(following, 8, settings) == fits


def test_segments_are_joined_by_what_is_left_of_them(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, **COMPACT)
    for number in range(20):
        append(log, f"a={number}" + "x" * 700)
        rolled(log)
    append(log, "b=1")
    compact(log, 1000)
    assert [segment.base_offset for segment in log.segments] == [0, 20]
    assert [offset for offset, _, _ in pairs(log)] == [19, 20]


# the map of keys


def test_the_map_takes_whole_batches_until_its_memory_is_used_up() -> None:
    offsets = OffsetMap(0, 2 * (KEY_COST + 1))
    for base in range(0, 6, 2):
        assert not offsets.is_full
        batch = build_batch([Record(0, 0, b"%d" % base, b"v"), Record(0, 0, b"s", b"v")], base_offset=base)
        offsets.take(batch, read_header(batch))
        if base:
            break
    assert offsets.is_full
    found = {key: offset for part in offsets.parts for key, offset in part.items()}
    assert (found, offsets.end_offset, len(offsets)) == ({b"0": 0, b"2": 2, b"s": 3}, 4, 3)


# what stays


def append(log: Log, *keys: str, now_ms: int = 1000, **how: Any) -> None:
    """A batch of records "key=value"; "key" alone is a tombstone."""
    records = []
    for text in keys:
        key, _, value = text.partition("=")
        records.append(Record(0, now_ms, key.encode(), value.encode() if value else None))
    log.append(build_batch(records, **how), 0, now_ms)


def rolled(log: Log) -> None:
    log.roll(log.log_end_offset, 1000)


def test_the_last_value_of_each_key_stays(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, **COMPACT)
    append(log, "a=1", "b=1", "a=2")
    append(log, "a=3", "c=1")
    rolled(log)
    append(log, "b=2")
    assert compact(log, 1000) is not None
    assert pairs(log) == [(1, b"b", b"1"), (3, b"a", b"3"), (4, b"c", b"1"), (5, b"b", b"2")]
    assert compact(log, 1000) is None  # all that can be is clean


def test_tombstones_go_at_their_horizon_and_not_before(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, **COMPACT)
    append(log, "a=1", "a", "b=1")
    rolled(log)
    compact(log, 2000)
    assert pairs(log) == [(1, b"a", None), (2, b"b", b"1")]
    for now_ms, left in ((2049, [1, 2, 3]), (2050, [2, 3])):
        append(log, "c=1")
        rolled(log)
        compact(log, now_ms)
        assert [offset for offset, _, _ in pairs(log)] == left if now_ms < 2050 else [2, 4]


def test_records_without_a_key_go(disk: Any, open_log: Callable[..., Log]) -> None:
    """The topic was not compacted when they came."""
    log = open_log(disk)
    log.append(build_batch([Record(0, 1, None, b"v"), Record(0, 1, b"k", b"v")]), 0, 1000)
    log.update_settings(TopicSettings(**COMPACT))
    rolled(log)
    compact(log, 1000)
    assert pairs(log) == [(1, b"k", b"v")]


def test_a_log_with_transactions_is_left_alone(disk: Any, open_log: Callable[..., Log]) -> None:
    batch = build_batch([Record(0, 1, b"k", b"v")], producer_id=1, attributes=TRANSACTIONAL_BIT)
    offsets = OffsetMap(0, 1000)
    with pytest.raises(Uncleanable, match="transactions"):
        offsets.take(batch, read_header(batch))


def test_the_last_batch_of_a_producer_stays_as_a_header(disk: Any, open_log: Callable[..., Log]) -> None:
    """So a replay of the log without snapshots finds its sequence."""
    log = open_log(disk, **COMPACT)
    for sequence in range(3):
        append(log, "a=1", producer_id=7, producer_epoch=0, base_sequence=sequence)
    append(log, "a=2")
    append(log, "b=2")
    rolled(log)
    compact(log, 1000)
    found = [(h.base_offset, h.count) for _, h in iterate_batches(log.read(0, 10_000, 1 << 62))]
    assert found == [(2, 0), (3, 1), (4, 1)]
    log.abandon()
    for name in [name for name in disk.names if name.endswith(".snapshot")]:
        disk.unlink(name)
    log = open_log(disk, **COMPACT)
    assert log.producers.entries[7].batches[-1].last_sequence == 2


def test_segments_meet_although_the_last_batch_of_one_went(disk: Any, open_log: Callable[..., Log]) -> None:
    """So a recovery takes the hole for no loss, also when the topic is not compacted any more by then."""
    log = open_log(disk, **COMPACT)
    append(log, "z=" + "x" * 700)
    append(log, "a=1")
    rolled(log)
    append(log, "a=" + "y" * 700)
    rolled(log)
    append(log, "b=1")
    for _ in range(2):  # the second pass finds nothing to do
        log.cleaned_upto = 0
        compact(log, 1000)
        found = [(h.base_offset, h.count) for _, h in iterate_batches(log.read(0, 10_000, 1 << 62))]
        assert found == [(0, 1), (1, 0)]
    assert [segment.base_offset for segment in log.segments] == [0, 2, 3]
    log.abandon()
    log = open_log(disk)
    assert (log.truncated_bytes, log.log_end_offset) == (0, 4)
    assert [offset for offset, _, _ in pairs(log)] == [0, 2, 3]


def test_snapshots_go_with_the_segments_that_they_were_for(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, **COMPACT)
    for number in range(4):
        append(log, f"a={number}")
        rolled(log)
    compact(log, 1000)
    names = sorted(name.rsplit("/")[-1] for name in disk.names if name.endswith(".snapshot"))
    assert names == ["00000000000000000004.snapshot"]


def test_batches_that_the_map_has_not_seen_stay_as_they_are(disk: Any, open_log: Callable[..., Log]) -> None:
    """A delete horizon would let a tombstone go together with the value that it deletes."""
    log = open_log(disk, **COMPACT)
    append(log, "a=1")
    append(log, "a")
    rolled(log)
    job = compact(log, 1000, budget=1)
    assert job is not None
    assert job.end_offset == log.cleaned_upto == 1
    assert pairs(log) == [(0, b"a", b"1"), (1, b"a", None)]
    compact(log, 1060)
    assert pairs(log) == [(1, b"a", None)]
    assert read_header(log.read(1, 1000, 1 << 62)).base_timestamp == 1110


def test_a_new_segment_is_as_old_as_the_last_that_it_was_made_of(
    disk: Any, open_log: Callable[..., Log]
) -> None:
    """Retention asks for it where records have no time of their own."""
    log = open_log(disk, **COMPACT)
    for number in range(3):
        disk.now_ms = 1000 * number
        append(log, f"a={number}")
        rolled(log)
    disk.now_ms = 9000
    compact(log, 1000)
    assert [segment.modified_ms() for segment in log.segments[:-1]] == [2000]


def test_a_hole_at_the_end_of_a_segment_is_clean(disk: Any, open_log: Callable[..., Log]) -> None:
    """A Kafka may have left it. The pass that reaches it is over, and no other follows."""
    log = open_log(disk, **COMPACT)
    append(log, "a=1")
    log.roll(5, 1000)
    log.append_as_follower(build_batch([Record(0, 1, b"a", b"2")], base_offset=5), 1000)
    assert compact(log, 1000) is not None
    assert log.cleaned_upto == 5
    assert compact(log, 1000) is None


def test_what_a_checkpoint_calls_clean_survives_the_machine(
    new_disk: Callable[[], Any], open_log: Callable[..., Log]
) -> None:
    for seed in range(20):
        disk = new_disk()
        log = open_log(disk, **COMPACT)
        append(log, "a=1", "a=2")
        rolled(log)
        assert compact(log, 1000) is not None
        log.abandon()
        after = open_log(disk.crash(random.Random(seed)), recovery_point=2, **COMPACT)
        assert pairs(after) == [(1, b"a", b"2")]


def test_a_segment_in_which_nothing_changes_is_not_written(disk: Any, open_log: Callable[..., Log]) -> None:
    log = open_log(disk, **COMPACT)
    for key in "ab":
        append(log, f"{key}=" + "x" * 600)
        rolled(log)
    append(log, "c=1")
    log.flush()
    before = dict(disk.names)
    job = compact(log, 1000)
    assert job is not None
    assert (job.end_offset, job.bytes_written) == (2, 0)
    assert disk.names == before


@pytest.mark.parametrize("change", ["advance", "cut", "cut and filled again"])
def test_a_pass_ends_when_its_segments_are_gone(disk: Any, open_log: Callable[..., Log], change: str) -> None:
    log = open_log(disk, **COMPACT)
    for number in range(4):
        append(log, f"a={number}")
        rolled(log)
    log.flush()
    due = look_at(log, 4, log.settings, 1000)
    job = CleaningJob.of(log, due, log.settings, 1 << 20, 1000, lambda count: None)
    job.read_keys()
    new = job.write_next()
    assert new is not None
    assert new.bases == [0, 1, 2, 3]
    if change == "advance":
        log.advance_start(3)
    else:
        log.truncate_to(2)
    if change == "cut and filled again":
        rolled(log)
        for key in "bc":
            append(log, f"{key}=new")
            rolled(log)
        assert [segment.base_offset for segment in log.segments] == [0, 1, 2, 3, 4]
    before = pairs(log)
    assert job.take_in(log, new) is None
    job.discard(new)
    assert not [name for name in disk.names if name.endswith(".cleaned")]
    assert pairs(log) == before


# a crash in the exchange of segments, by Kafka or by us


@pytest.fixture
def torn(disk: Any, open_log: Callable[..., Log]) -> dict[str, bytes]:
    """Segments 0, 2, 4 on the disk, closed; and the files of a segment that holds what should be left of 0 and 2."""
    log = open_log(disk, **COMPACT)
    for _ in range(2):
        append(log, "a=1", "a=2")
        rolled(log)
    append(log, "z=1")
    log.close()
    new = {name: bytes(disk.names[SEGMENT + name].data) for name in (".index", ".timeindex")}
    return new | {".log": build_batch([Record(0, 1, b"a", b"new")] * 4)}


def write(disk: Any, files: dict[str, bytes], suffix: str) -> None:
    for name, data in files.items():
        disk.atomic_write(SEGMENT + name + suffix, data)


OLD = [(0, b"a", b"1"), (1, b"a", b"2"), (2, b"a", b"1"), (3, b"a", b"2"), (4, b"z", b"1")]
NEW = [(offset, b"a", b"new") for offset in range(4)] + OLD[4:]


def reopened(disk: Any, open_log: Callable[..., Log]) -> list[tuple[int, bytes | None, bytes | None]]:
    log = open_log(disk, clean=True, recovery_point=5, **COMPACT)
    assert not [name for name in disk.names if name.endswith((".cleaned", ".swap", ".deleted"))]
    return pairs(log)


def test_a_new_segment_that_is_not_whole_is_dropped(
    disk: Any, open_log: Callable[..., Log], torn: dict[str, bytes]
) -> None:
    write(disk, torn, ".cleaned")
    assert reopened(disk, open_log) == OLD


def test_a_new_segment_whose_files_are_not_all_renamed_is_dropped(
    disk: Any, open_log: Callable[..., Log], torn: dict[str, bytes]
) -> None:
    write(disk, {".log": torn.pop(".log")}, ".swap")
    write(disk, torn, ".cleaned")
    assert reopened(disk, open_log) == OLD


@pytest.mark.parametrize("gone", [(), (".log",), (".log", ".index", ".timeindex")])
def test_a_whole_new_segment_takes_the_place_of_what_it_covers(
    disk: Any, open_log: Callable[..., Log], torn: dict[str, bytes], gone: tuple[str, ...]
) -> None:
    write(disk, torn, ".swap")
    for name in gone:
        disk.rename(SEGMENT + name, SEGMENT + name + ".deleted")
    assert reopened(disk, open_log) == NEW


def test_files_that_have_their_names_stay_and_the_others_get_theirs(
    disk: Any, open_log: Callable[..., Log], torn: dict[str, bytes]
) -> None:
    disk.unlink("/d/t-0/00000000000000000002.log")
    write(disk, {".log": torn.pop(".log")}, "")
    write(disk, torn, ".swap")
    assert reopened(disk, open_log) == NEW
