"""Measure pykbroker beside other brokers, in turns, and print one table of medians and ratios.

    python bench/run.py                              pykbroker alone
    python bench/run.py --tansu --kafka              beside tansu (pip) and Apache Kafka (Maven)
    python bench/run.py --peers NAME=HOST:PORT[/PID] beside a broker that runs already; the PID tells its CPU time
    python bench/run.py --scale 0.1 --reps 1         a quick look
    python bench/run.py --only produce,start         some of: produce, latency, small, start

Every round does every measure on every broker before the next round begins. Broker CPU is user and system time of
the process by /proc, the figure that other work on the machine bends least.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable
from functools import partial

import peers
import procfs
import start
from peers import Target
from small_requests import connects, many_connections, metadata, pipelined, produce_one
from table import Results, Row, render

from clients import Figures, one_message, there_and_back
from harness.fetched import Unavailable

KINDS = ("produce", "latency", "small", "start")
SIZES = (("100 B", 1_000_000, 100), ("1 KiB", 200_000, 1024))
ROWS = [
    *(
        row
        for size, _, _ in SIZES
        for what in ("produce", "consume")
        for row in (
            Row(f"{what} {size}", "rate", f"{what} {size}, acks=all: messages/s", True),
            Row(f"{what} {size}", "cpu_us", f"{what} {size}: broker CPU us a message", False, 2),
        )
    ),
    Row("latency", "p50", "one message acks=all: p50 ms", False, 2),
    Row("latency", "p99", "one message acks=all: p99 ms", False, 2),
    Row("latency", "cpu_us", "one message acks=all: broker CPU us", False, 0),
    *(
        row
        for what in ("Produce", "Metadata")
        for how in ("64 in flight", "50 connections")
        for row in (
            Row(f"{what} {how}", "rate", f"{what} of one, {how}: requests/s", True),
            Row(f"{what} {how}", "cpu_us", f"{what} of one, {how}: broker CPU us", False, 1),
        )
    ),
    Row("connects", "rate", "connect, ApiVersions, close: times/s", True),
    Row("start", "ms", "start to first ApiVersions answer: ms", False, 0),
    Row("start", "cpu_ms", "start to first ApiVersions answer: CPU ms", False, 0),
    Row("start", "mb", "idle memory: MB", False, 1),
    Row("start", "stop_ms", "SIGTERM to exit: ms", False, 0),
]


def measures(kinds: set[str], scale: float) -> list[tuple[str, Callable[[Target], dict[str, Figures]]]]:
    """(name, function of a target that gives figures by measure)."""

    def both_ways(size: str, count: int, size_bytes: int, target: Target) -> dict[str, Figures]:
        produced, consumed = there_and_back(target, max(1000, int(count * scale)), size_bytes)
        return {f"produce {size}": produced, f"consume {size}": consumed}

    def single(name: str, work: Callable[[Target], Figures], target: Target) -> dict[str, Figures]:
        return {name: work(target)}

    made: list[tuple[str, Callable[[Target], dict[str, Figures]]]] = []
    if "produce" in kinds:
        made += [(size, partial(both_ways, size, count, bytes_)) for size, count, bytes_ in SIZES]
    if "latency" in kinds:
        work: Callable[[Target], Figures] = partial(one_message, count=max(100, int(2000 * scale)))
        made.append(("latency", partial(single, "latency", work)))
    if "small" in kinds:
        count = max(1000, int(20_000 * scale))
        for what, request in (("Produce", produce_one), ("Metadata", metadata)):
            for name, how in (("64 in flight", pipelined), ("50 connections", many_connections)):
                title = f"{what} {name}"
                made.append((title, partial(single, title, partial(request, count=count, how=how))))
        work = partial(connects, count=max(100, int(500 * scale)))
        made.append(("connects", partial(single, "connects", work)))
    return made


def measure_all(targets: list[Target], results: Results, kinds: set[str], scale: float, reps: int) -> None:
    """Rounds over measures over brokers; a part that a broker cannot do is noted, the others go on."""
    for round_number in range(-1, reps):
        warm_up = round_number < 0  # caches, JIT, first-use imports: done once and thrown away
        for name, work in measures(kinds, scale * 0.3 if warm_up else scale):
            for target in targets:
                label = "warm-up" if warm_up else f"round {round_number + 1} of {reps}"
                print(f"{label}: {name} on {target.name}", file=sys.stderr, flush=True)
                try:
                    figures = work(target)
                except Exception as error:
                    results.errors.append(f"{target.name}, {name}: {error!r}"[:300])
                    continue
                if not warm_up:
                    for measure, found in figures.items():
                        results.add(measure, target.name, found)


def measure_starts(names: list[str], results: Results, reps: int) -> None:
    for round_number in range(-1, reps):  # the first compiles modules and formats Kafka's folder
        for name in names:
            print(f"start of {name}", file=sys.stderr, flush=True)
            try:
                figures = start.measure(name)
                if round_number >= 0:
                    results.add("start", name, figures)
            except Exception as error:
                results.errors.append(f"{name}, start: {error!r}"[:300])


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", nargs="+", default=[], metavar="NAME=HOST:PORT[/PID]")
    parser.add_argument("--tansu", action="store_true", help="start tansu beside it")
    parser.add_argument("--kafka", action="store_true", help="start Apache Kafka 4.3.1 beside it")
    parser.add_argument("--without-ours", action="store_true", help="peers only; the first is compared")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full counts (default 1.0)")
    parser.add_argument("--reps", type=int, default=3, help="rounds (default 3)")
    parser.add_argument("--only", default=",".join(KINDS), help=f"some of {','.join(KINDS)}")
    parser.add_argument("--json", metavar="FILE", help="write every figure of every round there")
    arguments = parser.parse_args(argv)
    if unknown := set(arguments.only.split(",")) - set(KINDS):
        parser.error(f"--only knows {', '.join(KINDS)}, not {', '.join(sorted(unknown))}")
    return arguments


def main() -> int:
    arguments = parse()
    kinds = set(arguments.only.split(","))
    names = [] if arguments.without_ours else ["pykbroker"]
    names += ["tansu"] * arguments.tansu + ["kafka"] * arguments.kafka
    targets: list[Target] = []
    busy_before, all_before = procfs.machine_busy_s()
    try:
        given = [peers.at_address(text) for text in arguments.peers]
        results = Results(names + [target.name for target in given])
        if "start" in kinds:
            measure_starts(names, results, max(3, arguments.reps))
        if kinds - {"start"}:
            targets += [peers.started(name) for name in names]
            measure_all(targets + given, results, kinds, arguments.scale, arguments.reps)
    except (Unavailable, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        for target in targets:
            if target.process:
                target.process.close()
    busy_after, all_after = procfs.machine_busy_s()
    busy = (busy_after - busy_before) / (all_after - all_before)
    print(render(results, ROWS))
    print(f"\nscale {arguments.scale}, {arguments.reps} rounds, Python {platform.python_version()}, ", end="")
    print(f"machine {busy:.0%} busy (all its work). Ratios marked (less) are better when small.")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({" / ".join(key): value for key, value in results.figures.items()}, file, indent=1)
    return 1 if results.errors else 0


if __name__ == "__main__":
    sys.exit(main())
