"""The page that compares brokers (docs/conformance.md): Markdown, from the JSON reports of their last runs.

Totals for each broker, a row for each feature, then for each broker what failed, one line a case. Shares are of what was
asked: what a broker does not announce is not held against it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from conformance.report.results import (
    CLIENT_CANNOT,
    FAIL,
    KNOWN,
    NOT_ASKED,
    NOT_OBSERVABLE,
    NOT_SERVED,
    OTHER_LINE,
    PASS,
    Result,
)

COLUMNS = (PASS, FAIL, KNOWN, NOT_SERVED, NOT_OBSERVABLE, OTHER_LINE, CLIENT_CANNOT, NOT_ASKED)
ASKED = (PASS, FAIL, KNOWN)
REASONS = 8  # that are shown of why checks were not observable

HEAD = """\
# Conformance

The same questions to several brokers that speak Kafka's protocol. Made by `python compat-tests/results.py`; what the
outcomes mean, and how to ask another broker: [compat-tests/README.md](../compat-tests/README.md). What a broker does not
announce is "not served" and not held against it. Apache Kafka and pykbroker run with the settings under which all can be
observed, the others as they come; these are asked in haste (a check that takes longer than some seconds fails, and its case
is "not asked" in further versions), and started again when they die or hang. Each has its time: what a run did not
come to is "not asked" too. Where there were several runs in a row, the last is shown; "all the same": each check ended alike
in all of them.
"""

LEARNT = """\
## What was learnt about Kafka

The cases state what Apache Kafka does, and it was asked each of them. What its documentation does not say stands in
[kafka-facts.md](kafka-facts.md).
"""


@dataclass(frozen=True)
class Run:
    """The last run on one broker. collected: checks that it was to ask. unavailable: why there was none.

    runs: how many there were in a row; unsteady: checks that did not end alike in all of them.
    """

    name: str
    version: str
    date: str
    duration_s: float
    line: str | None
    collected: int
    checks: tuple[Result, ...]
    unavailable: str | None = None
    runs: int = 1
    unsteady: tuple[str, ...] = ()

    @classmethod
    def read(cls, name: str, report: dict[str, Any]) -> Run:
        """From a JSON report, as written by writing.write_json or for a broker that could not be started."""
        broker = report["broker"]
        checks = tuple(Result(**check) for check in report.get("checks", ()))
        return cls(
            name,
            broker.get("version", ""),
            report["date"],
            report.get("duration_s", 0.0),
            broker.get("line"),
            report.get("collected", len(checks)),
            checks,
            report.get("unavailable"),
            report.get("runs", 1),
            tuple(report.get("unsteady", ())),
        )

    def counts(self) -> Counter[str]:
        """Verdict -> number. Checks that the run did not come to were not asked."""
        counts = Counter(check.verdict for check in self.checks)
        counts[NOT_ASKED] += max(0, self.collected - len(self.checks))
        return counts


def comparison(runs: Sequence[Run], planted: str | None) -> str:
    """The page. planted: the score of the planted bugs as Markdown, if there is one."""
    asked = [run for run in runs if run.unavailable is None]
    parts = [HEAD, "\n".join(_totals(runs)), *_absent(runs), "\n".join(_features(asked))]
    parts += ["\n".join(_broker(run)) for run in asked]
    if planted is not None:
        parts.append(f"## How the suite is checked\n\n{_planted_words()}\n\n{planted}")
    parts.append(LEARNT)
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _planted_words() -> str:
    return (
        "Bugs are planted into pykbroker, one at a time (compat-tests/planted), and the suite is asked to find them. One\n"
        "and the same case counts for two bugs at most; blind bugs were written without looking at the cases."
    )


def share(counts: Counter[str]) -> str:
    """Of the checks that were asked, those that passed: `99.2 %`, rounded so that 100 % means all."""
    asked = sum(counts[verdict] for verdict in ASKED)
    if not asked:
        return "-"
    tenths = 1000 * counts[PASS] // asked
    return f"{tenths // 10}.{tenths % 10} %" if tenths < 1000 else "100 %"


def _row(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _totals(runs: Sequence[Run]) -> Iterator[str]:
    yield "## Brokers\n"
    yield _row(["broker", "version", "date", "line", *COLUMNS, "passed of asked", "minutes", "runs"])
    yield "|---" * (7 + len(COLUMNS)) + "|"
    for run in runs:
        if run.unavailable is None:
            counts = run.counts()
            numbers = [counts[verdict] for verdict in COLUMNS]
            facts = [run.name, run.version, run.date, run.line or "none"]
            yield _row([*facts, *numbers, share(counts), f"{run.duration_s / 60:.1f}", _runs(run)])


def _runs(run: Run) -> str:
    """`10, all the same`."""
    if run.runs == 1:
        return "1"
    return f"{run.runs}, {f'{len(run.unsteady)} checks differ' if run.unsteady else 'all the same'}"


def _absent(runs: Sequence[Run]) -> list[str]:
    lines = [
        f"- {run.name} was not asked ({run.date}): {' '.join(run.unavailable.split())[-300:]}"
        for run in runs
        if run.unavailable is not None
    ]
    return ["\n".join(lines)] if lines else []


def _features(runs: Sequence[Run]) -> Iterator[str]:
    yield "## Features\n\nPassed of asked; empty: nothing of it is served, observable or was asked.\n"
    yield _row(["kind", "feature", *(run.name for run in runs)])
    yield "|---" * (2 + len(runs)) + "|"
    cells: dict[tuple[str, str], dict[str, Counter[str]]] = {}
    for run in runs:
        for check in run.checks:
            found = cells.setdefault((check.kind, check.feature), {}).setdefault(run.name, Counter())
            found[check.verdict] += 1
    for (kind, feature), by_broker in sorted(cells.items()):
        yield _row([kind, feature, *(_cell(by_broker.get(run.name, Counter())) for run in runs)])


def _cell(counts: Counter[str]) -> str:
    asked = sum(counts[verdict] for verdict in ASKED)
    if not asked:
        return ""
    return str(asked) if counts[PASS] == asked else f"**{counts[PASS]}** of {asked}"


def _broker(run: Run) -> Iterator[str]:
    yield f"## {run.name}: what fails\n"
    failed = [check for check in run.checks if check.verdict in (FAIL, KNOWN)]
    cases = list(_cases(failed))
    if not cases:
        yield "Nothing."
    else:
        yield f"<details><summary>{len(failed)} checks of {len(cases)} cases</summary>\n"
        for file, found in groupby(cases, key=lambda case: case[0]):
            yield f"- {file}"
            yield from (f"  - {name}{versions}{note}" for _, name, versions, note in found)
        yield "\n</details>"
    reasons = Counter(check.reason for check in run.checks if check.verdict == NOT_OBSERVABLE)
    if reasons:
        yield "\nNot observable: " + "; ".join(
            f"{reason} ({count})" for reason, count in reasons.most_common(REASONS)
        )


def _cases(checks: Sequence[Result]) -> Iterator[tuple[str, str, str, str]]:
    """(file, case, versions, note) for each case that failed, in the order of files."""

    def place(check: Result) -> tuple[str, str]:
        file, _, name = check.id.partition("::")
        return file.rpartition("cases/")[2], name.partition("[")[0]

    for (file, name), found in groupby(sorted(checks, key=place), key=place):
        failed = list(found)
        known = {check.reason.partition(" (if this passes")[0] for check in failed if check.verdict == KNOWN}
        note = f" (known: {'; '.join(sorted(known))})" if known else ""
        yield file, name, _versions(failed), note


def _versions(checks: Sequence[Result]) -> str:
    """` v0-3, v7`; with several APIs, each with its name."""
    by_api: dict[str, set[int]] = {}
    for check in checks:
        if check.api is not None and check.version is not None:
            by_api.setdefault(check.api, set()).add(check.version)
    parts = [(f"{api} " if len(by_api) > 1 else "") + _spans(found) for api, found in sorted(by_api.items())]
    return f" {', '.join(parts)}" if parts else ""


def _spans(numbers: set[int]) -> str:
    """{0, 1, 2, 7} is `v0-2, v7`."""
    spans: list[list[int]] = []
    for number in sorted(numbers):
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(f"v{first}" if first == last else f"v{first}-{last}" for first, last in spans)
