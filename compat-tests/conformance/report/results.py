"""Results as plain data, and what is counted of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

PASS = "pass"
FAIL = "fail"
KNOWN = "known failure"  # listed in known_failures.txt: of pykbroker alone
NOT_SERVED = "not served"
NOT_OBSERVABLE = "not observable"
OTHER_LINE = "other line"
NOT_ASKED = "not asked"  # of a broker that hangs: its time was up, see haste.py
CLIENT_CANNOT = "client cannot"  # of a scenario: the library has no such thing
VERDICTS = (
    PASS,
    FAIL,
    KNOWN,
    NOT_SERVED,
    NOT_OBSERVABLE,
    OTHER_LINE,
    NOT_ASKED,
    CLIENT_CANNOT,
)  # in the order of the columns


@dataclass
class Result:
    """One check: a case in one version of one API, or a scenario of a stock client."""

    id: str
    kind: str
    verdict: str
    feature: str = ""
    api: str | None = None
    key: int | None = None
    version: int | None = None
    expected: str = ""  # the case's docstring
    why: str = ""
    line: str | None = None
    differs: str | None = None
    reason: str = ""  # what came instead, or why it was not asked
    duration_s: float = 0.0
    exchanges: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Results:
    """All checks of a run, by id. A check reports its set-up, its call and its tear-down; the worst counts."""

    def __init__(self) -> None:
        self.checks: dict[str, Result] = {}
        self.broker: dict[str, Any] = {}  # Subject.described()
        self.date = ""  # of the run's beginning, UTC
        self.duration_s = 0.0
        self.collected = 0  # checks that the run was to ask

    def add(self, result: Result) -> None:
        known = self.checks.get(result.id)
        if known is None:
            self.checks[result.id] = result
            return
        duration_s = known.duration_s + result.duration_s
        if known.verdict == PASS or result.verdict == FAIL:
            known = self.checks[result.id] = result
        known.duration_s = duration_s

    def counts(self, of: list[Result] | None = None) -> dict[str, int]:
        """Verdict -> number, for all or for these."""
        counted = Counter(result.verdict for result in (self.checks.values() if of is None else of))
        return {verdict: counted[verdict] for verdict in VERDICTS}

    def by_api(self) -> Iterator[tuple[str, list[Result]]]:
        """(API, its checks) by key; what belongs to no API at the end, by kind."""
        groups: dict[tuple[int, str], list[Result]] = {}
        for result in self.checks.values():
            place = (999, f"({result.kind})") if result.api is None else (result.key or 0, result.api)
            groups.setdefault(place, []).append(result)
        for (_, name), results in sorted(groups.items()):
            yield name, results

    def failures(self) -> list[Result]:
        return [result for result in self.checks.values() if result.verdict in (FAIL, KNOWN)]

    def summary_line(self) -> str:
        """`1203 checks: 1100 pass, 3 fail, 80 not served, 20 not observable`."""
        counts = self.counts()
        shown = [
            f"{count} {verdict}" for verdict, count in counts.items() if count or verdict in (PASS, FAIL)
        ]
        return f"{len(self.checks)} checks: {', '.join(shown)}"

    def table_lines(self) -> Iterator[str]:
        """For the terminal: a line for each API."""
        for name, results in self.by_api():
            shown = [f"{count} {verdict}" for verdict, count in self.counts(results).items() if count]
            yield f"{name:28} {', '.join(shown)}"
