"""Compaction against a list of records: whatever is appended, compacted, killed in the middle and opened again.

What must hold at any time: every record that is there was appended, with this offset, time, key and value; what a reader
from the start ends up with for each key is what the list says; a reader gets to the end; above what a pass has cleaned
nothing is missing, and below it each key is there once. Tombstones stay until their time has come.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pykbroker.log.log import Log
from tests.log.compacting import compact, records_of
from tests.log.conftest import MemoryDisk, MemoryFile
from wire.records.batch import Codec
from wire.records.record import Record, build_batch

OPTIONS: dict[str, Any] = {
    "segment_bytes": 500,
    "index_interval_bytes": 90,
    "segment_index_bytes": 240,
    "cleanup_policy": ("compact",),
    "min_cleanable_dirty_ratio": 0.0,
    "delete_retention_ms": 50,
}
KEYS = [b"a", b"b", b"c", b"d", b"e" * 40]

batch = st.lists(st.tuples(st.sampled_from(KEYS), st.booleans(), st.integers(0, 60)), min_size=1, max_size=6)
append = st.tuples(st.just("append"), batch, st.sampled_from(list(Codec)), st.sampled_from([-1, 7, 8]))
operation = st.one_of(
    append,
    append,
    append,
    st.tuples(st.just("compact"), st.integers(0, 80), st.sampled_from([1, 400, 1 << 20])),
    st.tuples(st.just("advance"), st.integers(0, 40)),
    st.tuples(st.just("close")),
    st.tuples(st.just("kill")),
)
slow_examples = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


class Burnt(BaseException):
    """The process ends here."""


class FusedDisk(MemoryDisk):
    """Ends the process at the `fuse`-th change of a file or a name; None: never."""

    fuse: int | None = None

    def burn(self) -> None:
        if self.fuse is not None:
            if self.fuse == 0:
                raise Burnt
            self.fuse -= 1

    def room(self, wanted: int) -> int:
        self.burn()
        return super().room(wanted)

    def rename(self, old: str, new: str) -> None:
        self.burn()
        super().rename(old, new)

    def unlink(self, path: str) -> None:
        if path in self.names:
            self.burn()
        super().unlink(path)

    def open(self, path: str, *, create: bool = False, write: bool = True) -> MemoryFile:
        if create and path not in self.names:
            self.burn()
        return super().open(path, create=create, write=write)

    def crash(self, dice: random.Random) -> FusedDisk:
        after = FusedDisk()
        vars(after).update(vars(super().crash(dice)))
        return after


class Run:
    """One sequence of operations on a log and its model."""

    def __init__(self, open_log: Callable[..., Log]) -> None:
        self.disk = FusedDisk()
        self.open_log = open_log
        self.log = open_log(self.disk, **OPTIONS)
        self.records: list[Record] = []
        self.start = 0
        self.now_ms = 1000
        self.sequences = {7: 0, 8: 0}
        self.first_cleaned_ms: dict[int, int] = {}  # tombstones that a pass has seen: when

    def append(self, batch: list[tuple[bytes, bool, int]], codec: Codec, producer_id: int) -> None:
        end = self.log.log_end_offset
        value = b"v%d" % end + b"x" * 20
        listed = [
            Record(0, timestamp, key, value if has_value else None) for key, has_value, timestamp in batch
        ]
        producer: dict[str, int] = {}
        if producer_id >= 0:
            sequence = self.sequences[producer_id]
            self.sequences[producer_id] += len(batch)
            producer = {"producer_id": producer_id, "producer_epoch": 0, "base_sequence": sequence}
        appended = self.log.append(build_batch(listed, codec=codec, **producer), 0, self.now_ms)
        assert (appended.base_offset, appended.duplicate) == (end, False)
        self.records += [record._replace(offset=end + index) for index, record in enumerate(listed)]

    def compact(self, later_ms: int, budget: int) -> None:
        self.now_ms += later_ms
        job = compact(self.log, self.now_ms, budget)
        if job is None:
            return
        assert job.end_offset == self.log.cleaned_upto > 0
        self._note_tombstones(job.end_offset)
        keys = [record.key for record in records_of(self.log) if record.offset < job.end_offset]
        if budget > 1000:
            assert len(keys) == len(set(keys))

    def _note_tombstones(self, upto: int) -> None:
        for record in self.records:
            if record.value is None and record.offset < upto:
                self.first_cleaned_ms.setdefault(record.offset, self.now_ms)

    def advance(self, offset: int) -> None:
        if self.log.log_start_offset < offset <= self.log.log_end_offset:
            self.log.advance_start(offset)
            self.start = offset

    def close(self) -> None:
        self.log.close()
        self.reopen(clean=True)

    def kill(self) -> None:
        self.log.abandon()
        self.reopen(clean=False)
        assert self.log.truncated_bytes == 0

    def reopen(self, clean: bool) -> None:
        before = self.log
        self.log = self.open_log(
            self.disk,
            clean=clean,
            recovery_point=before.recovery_point,
            log_start_offset=before.log_start_offset,
            **OPTIONS,
        )
        self.log.cleaned_upto = before.cleaned_upto

    def check(self) -> None:
        found = records_of(self.log)
        model = {record.offset: record for record in self.records if record.offset >= self.start}
        assert all(model[record.offset] == record for record in found)
        offsets = [record.offset for record in found]
        assert offsets == sorted(set(offsets))
        last = {record.key: record for record in model.values()}
        expected = {key: record.value for key, record in last.items() if record.value is not None}
        assert state(found) == expected
        assert set(offsets) >= {offset for offset in model if offset >= self.log.cleaned_upto}
        for (
            record
        ) in last.values():  # of each key the last record is there, or is a tombstone whose time came
            if record.offset not in offsets:
                assert self.now_ms >= self.first_cleaned_ms[record.offset] + OPTIONS["delete_retention_ms"]
        self._check_times(found)
        assert [segment.base_offset for segment in self.log.segments] == sorted(self.log._bases)

    def _check_times(self, found: list[Record]) -> None:
        for timestamp in (0, 17, 40, 61):
            got = self.log.offset_for_timestamp(timestamp)
            first = next((record.offset for record in found if record.timestamp >= timestamp), None)
            assert (got and got.offset) == first
        latest = self.log.max_timestamp()
        if not self.start:  # or records before the start may still share a batch with others
            assert (latest and latest.timestamp) == max((record.timestamp for record in found), default=None)


def state(records: list[Record]) -> dict[bytes | None, bytes]:
    """What a reader ends up with."""
    found: dict[bytes | None, bytes] = {}
    for record in records:
        if record.value is None:
            found.pop(record.key, None)
        else:
            found[record.key] = record.value
    return found


@slow_examples
@given(st.lists(operation, max_size=40))
def test_a_compacted_log_is_a_table(open_log: Callable[..., Log], operations: list[Any]) -> None:
    run = Run(open_log)
    for name, *arguments in operations:
        getattr(run, name)(*arguments)
        run.check()
    run.compact(100, 1 << 20)
    run.compact(100, 1 << 20)
    run.check()
    run.kill()
    run.check()
    for producer_id in (7, 8):  # sequences are known still, from the snapshot or from the batches that stayed
        run.append([(b"a", True, 1)], Codec.NONE, producer_id)
    run.check()


@slow_examples
@given(st.lists(append, min_size=5, max_size=30), st.integers(0, 60), st.integers(0, 2**32), st.booleans())
def test_a_crash_in_a_pass_costs_nothing(
    open_log: Callable[..., Log], appends: list[Any], fuse: int, seed: int, machine: bool
) -> None:
    """The process is killed, or the machine stops, at any write or rename of a pass: the log opens as it was or as it is
    to be, and the next pass goes through."""
    run = Run(open_log)
    for _, *arguments in appends:
        run.append(*arguments)
    run.log.flush()
    end = run.log.log_end_offset
    run.disk.fuse = fuse
    with suppress(Burnt):
        compact(run.log, run.now_ms)
    run.disk.fuse = None
    run._note_tombstones(end)
    run.log.abandon()
    if machine:
        run.disk = run.disk.crash(random.Random(seed))
    run.reopen(clean=False)
    assert run.log.log_end_offset == end
    assert not [name for name in run.disk.names if name.endswith((".cleaned", ".swap", ".deleted"))]
    run.log.cleaned_upto = run.log.segments[-1].base_offset  # as far as the pass may have come
    run.check()
    run.log.cleaned_upto = 0
    run.compact(100, 1 << 20)
    run.check()
    for producer_id in (7, 8):
        run.append([(b"a", True, 1)], Codec.NONE, producer_id)
