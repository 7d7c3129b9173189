"""How a bug is scored: which case finds it, with at most two bugs for each case.

A case finds a bug when it passes on the broker as it is, fails on the broker with the bug, and fails there again when it
is asked alone: what fails by chance finds nothing. A case that has found two bugs is not asked any more, so a suite cannot
score with one case that breaks at everything. A bug that keeps the ordinary scenarios of clients from working is *plain*:
any client would notice it, and it is no test of a suite.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from planted import suite
from planted.bug import Bug, plant
from planted.selection import case_name

BUGS_PER_CASE = 2
ORDINARY = (
    "compat-tests/clients/test_produce_consume.py::test_keys_headers_and_nulls",
    "compat-tests/clients/test_groups.py::test_a_group_resumes_where_it_committed",
)


@dataclass(frozen=True)
class Result:
    """One bug's score. found_by: the check, None if none found it. asked: cases that were asked. plain: see above.

    complete: False if time was over before all cases were asked.
    """

    found_by: str | None
    asked: int
    seconds: float
    complete: bool = True
    plain: bool = False


@dataclass
class Scorer:
    """Scores bugs, several at once in threads.

    tests: the suite, as pytest takes it. without: cases that fail without any bug. timeout_s: for one bug. ask: `suite.run`.
    """

    work_dir: Path
    tests: Sequence[str]
    without: frozenset[str]
    timeout_s: float
    ask: Callable[..., suite.Outcomes] = suite.run
    _used: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def planted(self, bug: Bug) -> Iterator[tuple[Path, Path]]:
        """(folder for what its runs leave, the packages with the bug), both gone at the end. Raises: DoesNotApply."""
        folder = self.work_dir / bug.name
        try:
            plant(bug, folder / "source")
            yield folder, folder / "source"
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def score(self, bug: Bug) -> Result:
        """Raises: DoesNotApply, suite.Broken."""
        started = time.monotonic()
        with self.planted(bug) as (folder, source):
            plain = self.is_plain(folder, source)
            found, asked, complete = self._search(bug, folder, source)
        return Result(found, asked, round(time.monotonic() - started, 1), complete, plain)

    def is_plain(self, folder: Path, source: Path) -> bool:
        """Does the ordinary fail too."""
        return bool(self.ask(folder / "ordinary", ORDINARY, source=source, timeout_s=120).failed)

    def _search(self, bug: Bug, folder: Path, source: Path) -> tuple[str | None, int, bool]:
        """(check that finds it, cases asked, whether all were asked)."""
        by_chance: set[str] = set()
        asked: set[str] = set()
        deadline = time.monotonic() + self.timeout_s
        for number in range(1000):
            without = self.without | by_chance | self._exhausted()
            seen = self.ask(
                folder / f"run-{number}",
                self.tests,
                source=source,
                first=bug.apis,
                without=without,
                options=["-x"],
                timeout_s=max(1.0, deadline - time.monotonic()),
            )
            asked |= {case_name(check) for check in (*seen.passed, *seen.failed)}
            if not seen.failed:
                return None, len(asked), seen.complete
            check = seen.failed[0]
            again = self.ask(folder / f"again-{number}", [check], source=source, timeout_s=120)
            if not again.failed:
                by_chance.add(case_name(check))
            elif self._take(case_name(check)):
                return check, len(asked), True
        raise AssertionError("more cases fail by chance than there can be")

    def _exhausted(self) -> set[str]:
        with self._lock:
            return {case for case, count in self._used.items() if count >= BUGS_PER_CASE}

    def _take(self, case: str) -> bool:
        """One more bug for this case; False if another bug was faster."""
        with self._lock:
            if self._used[case] >= BUGS_PER_CASE:
                return False
            self._used[case] += 1
            return True
