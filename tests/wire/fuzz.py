"""Hostile bytes: valid frames of every message and version, spoiled, and read as the broker and its clients read them.

    python -m tests.wire.fuzz --seconds 600                  # by hand, as long as you like; make fuzz ARGS="--seconds 600"
    python -m tests.wire.fuzz --target responses --seed 7 --frames 100000
    python -m tests.wire.fuzz --target responses --seed 7 --only 4711     # one frame again, as a failure prints it
    python -m tests.wire.fuzz --target requests --coverage   # led by coverage, if atheris is installed; ends with Ctrl-C

A frame follows from target, seed and number alone. Its header is read, then its body by the generated code; a `records`
field is walked batch by batch. Allowed is a value or a WireError (FrameError, CorruptBatch and InvalidRecord are ones).
Anything else is Found: another exception, more than a second of CPU time, more than 64 MiB of memory beyond what the
process had when all parsers were made.

One frame in ten is also read by construct, and both must agree; for the others the explanation of an error, which reads
the frame a second time by construct, is switched off, so that most of the time goes where most of the frames of a broker go.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any

from tests.wire.fuzz_targets import TARGETS, Target, Valid
from tests.wire.mutations import spoiled
from wire import reference
from wire.errors import WireError

MEMORY_BYTES = 64 * 1024 * 1024
CPU_SECONDS = 1.0
BOTH_PATHS_EVERY = 10
UNSPOILED_EVERY = 25


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the frames: read as a value, or refused."""

    values: int
    refused: int


class Found(Exception):
    """A frame that did what none may do; the text says how to see it again."""


def numbered(target: Target, seed: int, number: int) -> tuple[Valid, Any]:
    """(what it was, the frame) of a number: bytes, and now and then a memoryview, which other code reads."""
    random = Random(seed << 40 | number)
    valid = target.valid[int(random.random() * len(target.valid))]
    if number % UNSPOILED_EVERY == 0:
        return valid, valid.data
    other = target.valid[int(random.random() * len(target.valid))]
    data = spoiled(valid.data, random, (valid.data, other.data))
    return valid, memoryview(data) if number % 8 == 0 else data


def run(target: Target, seed: int, numbers: Iterable[int], seconds: float = float("inf")) -> Tally:
    """Reads these frames; ends early after so many seconds. Raises: Found."""
    warm_up(target)
    deadline = time.monotonic() + seconds
    values = done = 0
    room = peak_bytes() + MEMORY_BYTES
    with watched(lambda: number):
        for number in numbers:
            valid, data = numbered(target, seed, number)
            try:
                values += outcome(target, data, valid, number % BOTH_PATHS_EVERY == 0)
                if peak_bytes() > room:
                    raise MemoryError(f"the process grew by more than {MEMORY_BYTES} bytes")
            except Exception:
                raise Found(report(target, seed, number, valid, data)) from None
            done += 1
            if number % 64 == 0 and time.monotonic() > deadline:
                break
    return Tally(values, done - values)


def warm_up(target: Target) -> None:
    """Reads the valid frames, which makes every parser, so that memory stands still from here on. Raises: Found."""
    for valid in target.valid:
        for data in (valid.data, memoryview(valid.data)):
            try:
                outcome(target, data, valid, True)
            except Exception:
                raise Found(f"a frame that is right: {valid.data.hex()}\n{traceback.format_exc()}") from None


def outcome(target: Target, data: Any, valid: Valid, both: bool) -> bool:
    """Whether it was read as a value, and not refused."""
    with explaining(both):
        try:
            target.read(data, valid, both)
        except WireError:
            return False
    return True


@contextmanager
def explaining(wanted: bool) -> Iterator[None]:
    usual = reference.EXPLAIN_BYTES
    reference.EXPLAIN_BYTES = usual if wanted else -1
    try:
        yield
    finally:
        reference.EXPLAIN_BYTES = usual


@contextmanager
def watched(current: Callable[[], int]) -> Iterator[None]:
    """Raises TimeoutError within a frame that takes more than a second of CPU time: seen by two ticks in a row."""
    last = -1

    def tick(*_: object) -> None:
        nonlocal last
        if current() == last:
            raise TimeoutError(f"more than {CPU_SECONDS} s")
        last = current()

    before = signal.signal(signal.SIGVTALRM, tick)
    signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS, CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def peak_bytes() -> int:
    """The most memory that the process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def report(target: Target, seed: int, number: int, valid: Valid, data: Any) -> str:
    """Of the exception that is being handled."""
    name = f"{valid.message.name} v{valid.version}" if valid.message else "no message"
    return (
        f"frame {number} of seed {seed}, target {target.name}, made of {name}: {bytes(data).hex()}\n"
        f"{traceback.format_exc()}"
        f"again: python -m tests.wire.fuzz --target {target.name} --seed {seed} --only {number}"
    )


def led_by_coverage(target: Target) -> None:
    """Never returns; atheris prints and ends the process at the first exception."""
    import atheris  # type: ignore[import-not-found]

    warm_up(target)
    for message in {id(valid.message): valid.message for valid in target.valid if valid.message}.values():
        for version, parse in message._parsers.items():
            message._parsers[version] = atheris.instrument_func(parse)

    def one(data: bytes) -> None:
        if len(data) > 2:
            index = int.from_bytes(data[:2], "big") % len(target.valid)
            outcome(target, data[2:], target.valid[index], False)

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        random = Random(seed)
        if len(data) < 3 or random.random() < 0.1:
            index = random.randrange(len(target.valid))
            data = index.to_bytes(2, "big") + target.valid[index].data
        return (data[:2] + spoiled(data[2:], random, [data[2:]]))[:max_size]

    atheris.Setup([sys.argv[0]], one, custom_mutator=mutate)
    atheris.Fuzz()


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 nothing found, 1 found, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.wire.fuzz", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--target", choices=TARGETS, nargs="+", default=list(TARGETS))
    parser.add_argument("--seed", type=int, help="fresh unless given")
    parser.add_argument(
        "--frames", type=int, default=0, help="a target; no end unless given, if --seconds is"
    )
    parser.add_argument("--seconds", type=float, default=0.0, help="a target")
    parser.add_argument("--only", type=int, help="this one frame")
    parser.add_argument("--coverage", action="store_true", help="by atheris")
    options = parser.parse_args(arguments)
    seed = int.from_bytes(os.urandom(3), "big") if options.seed is None else options.seed
    frames = options.frames or (0 if options.seconds else 100_000)
    numbers = (
        range(options.only, options.only + 1)
        if options.only is not None
        else range(frames)
        if frames
        else count()
    )
    for name in options.target:
        target = TARGETS[name]()
        if options.coverage:
            led_by_coverage(target)
        begun = time.monotonic()
        try:
            tally = run(target, seed, numbers, options.seconds or float("inf"))
        except Found as found:
            print(found)
            return 1
        print(
            f"{name}, seed {seed}: {tally.values} read, {tally.refused} refused,"
            f" {time.monotonic() - begun:.1f} s, {peak_bytes() / 2**20:.0f} MiB at most",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
