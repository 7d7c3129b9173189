"""The fuzzer in CI: 300,000 frames, and that it would see what it looks for."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.wire import fuzz
from tests.wire.fuzz import Found, numbered, run
from tests.wire.fuzz_targets import TARGETS, Disagreement, Target, Valid
from tests.wire.mutations import MUTATIONS
from wire.errors import WireError

FRAMES = {"requests": 110_000, "responses": 100_000, "stored": 50_000, "records": 30_000, "stream": 10_000}
SEED = 20
PLAIN = [Valid(None, 0, bytes(range(n))) for n in (1, 20, 200)]


@pytest.mark.parametrize("target", FRAMES)
def test_hostile_frames_are_values_or_refused(target: str) -> None:
    """In a process of its own, whose memory is nobody else's. A failure prints seed, frame and how to see it again."""
    command = [sys.executable, "-m", "tests.wire.fuzz", "--target", target, f"--seed={SEED}"]
    done = subprocess.run(
        [*command, f"--frames={FRAMES[target]}"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) read, (\d+) refused", done.stdout)
    assert found is not None
    values, refused = int(found[1]), int(found[2])
    assert values + refused == FRAMES[target]
    assert min(values, refused) > FRAMES[target] // 10  # both happen often, or little of the code is reached


def test_it_is_300_000_frames_of_every_target() -> None:
    assert FRAMES.keys() == TARGETS.keys()
    assert sum(FRAMES.values()) >= 300_000


def test_every_message_and_version_is_among_the_frames() -> None:
    from tests.wire.declared import MESSAGES, versions

    valid = [frame for name in ("requests", "responses", "stored") for frame in TARGETS[name]().valid]
    assert {(frame.message.name, frame.version) for frame in valid if frame.message} == {
        (message.name, version) for message in MESSAGES for version in versions(message)
    }


def test_a_frame_follows_from_seed_and_number() -> None:
    target = Target("plain", PLAIN, accept)
    frames = [numbered(target, 7, number)[1] for number in range(100)]
    assert [numbered(target, 7, number)[1] for number in reversed(range(100))] == frames[::-1]
    assert frames != [numbered(target, 8, number)[1] for number in range(100)]
    assert len({bytes(frame) for frame in frames}) > 80


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_every_mutation_changes_something_and_takes_an_empty_frame(mutation: Any) -> None:
    random = Random(1)
    changed = 0
    for _ in range(50):
        out = bytearray(PLAIN[1].data)
        mutation(out, random, [PLAIN[2].data])
        changed += out != PLAIN[1].data
        mutation(bytearray(), random, [b""])
    assert changed > 25


def accept(data: Any, valid: Valid, both: bool) -> None:
    """Reads anything."""


def breaks(data: Any, valid: Valid, both: bool) -> None:
    if len(data) == 1 and data[0] & 0x40:
        raise KeyError("planted")
    raise WireError("refused")


def hangs(data: Any, valid: Valid, both: bool) -> None:
    while len(data) == 2:
        pass


def differs(data: Any, valid: Valid, both: bool) -> None:
    if both and len(data) == 0:
        raise Disagreement("planted")


@pytest.mark.parametrize(
    ("read", "reason"), [(breaks, "KeyError"), (hangs, "TimeoutError"), (differs, "Disagreement")]
)
def test_what_must_not_happen_is_found(read: Any, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "CPU_SECONDS", 0.02)
    target = Target("planted", PLAIN, read)
    with pytest.raises(Found, match=reason) as caught:
        run(target, 3, range(100_000))
    again = re.search(
        r"frame (\d+) of seed 3, target planted, made of no message: ([0-9a-f]*)\n", str(caught.value)
    )
    assert again is not None
    assert bytes(numbered(target, 3, int(again[1]))[1]).hex() == again[2]
    assert f"--target planted --seed 3 --only {again[1]}" in str(caught.value)
    with pytest.raises(Found, match=reason):
        run(target, 3, [int(again[1])])


def test_a_right_frame_that_breaks_is_found_too() -> None:
    broken = Target("planted", [Valid(None, 0, b"\x40")], breaks)
    with pytest.raises(Found, match="a frame that is right: 40\n"):
        run(broken, 3, range(1))


def test_growing_memory_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    peak = [fuzz.peak_bytes()]
    monkeypatch.setattr(fuzz, "peak_bytes", lambda: peak[0])

    def takes(data: Any, valid: Valid, both: bool) -> None:
        peak[0] += len(data) * 1000

    with pytest.raises(Found, match="the process grew"):
        run(Target("planted", PLAIN, takes), 3, range(100_000))


def test_it_ends_in_time() -> None:
    begun = time.monotonic()
    tally = run(Target("plain", PLAIN, accept), 3, iter(int, 1), seconds=0.05)
    assert time.monotonic() - begun < 5
    assert tally.values >= 64
    assert tally.refused == 0
