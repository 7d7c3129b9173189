"""Scores the suite against the planted bugs.

    python compat-tests/planted/run.py                      all of them, into score.json; prints the table
    python compat-tests/planted/run.py --only NAME ...      some of them
    python compat-tests/planted/run.py --ordinary           only whether clients can still do the ordinary thing
    python compat-tests/planted/run.py --table              prints the table of score.json
    python compat-tests/planted/run.py --list               the bugs
    python compat-tests/planted/run.py --serve NAME         a broker with the bug, to be asked by hand; Ctrl-C ends it

First the suite asks the broker as it is: cases that fail there are left out. Then, for each bug, the cases about the APIs
that it touches are asked, then the others, until one fails. Ends with 1 if fewer than --least percent are found.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from harness.process import SOURCE, PykbrokerProcess
from planted import score, suite
from planted.bug import ROOT, Bug, plant
from planted.bugs import BUGS
from planted.scoring import Result, Scorer
from planted.selection import case_name


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these bugs")
    parser.add_argument("--suite", nargs="+", default=["compat-tests"], metavar="PATH", help="what is asked")
    parser.add_argument("--score", type=Path, default=score.FILE, metavar="FILE")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=12.0, help="for one run of the suite")
    parser.add_argument("--least", type=float, default=95.0, help="percent that are to be found")
    parser.add_argument("--ordinary", action="store_true")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--serve", metavar="NAME")
    return parser.parse_args()


def chosen(names: Sequence[str] | None) -> list[Bug]:
    by_name = {bug.name: bug for bug in BUGS}
    unknown = [name for name in names or () if name not in by_name]
    if unknown:
        sys.exit(f"there is no bug named {', '.join(unknown)}; --list names them")
    return [by_name[name] for name in names] if names else list(BUGS)


def baseline(work_dir: Path, tests: Sequence[str], workers: int, timeout_s: float) -> frozenset[str]:
    """Cases that fail on the broker as it is."""
    options = ["-n", str(workers), "--dist", "loadgroup"]
    seen = suite.run(work_dir / "baseline", tests, options=options, timeout_s=timeout_s)
    if not seen.complete:
        sys.exit(
            f"the suite takes longer than {timeout_s:.0f} s on the broker as it is; --minutes gives it more"
        )
    failing = frozenset(case_name(check) for check in seen.failed)
    print(f"as it is: {len(seen.passed)} checks pass, {len(failing)} cases fail and are left out", flush=True)
    for case in sorted(failing):
        print(f"    {case}", flush=True)
    return failing


def about_this_run() -> dict[str, str]:
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return {"date": time.strftime("%Y-%m-%d"), "commit": commit.stdout.strip()}


def say(bug: Bug, result: Result) -> None:
    what = result.found_by or f"NOT FOUND by {result.asked} cases" + ("" if result.complete else " in time")
    print(f"{bug.name:50} {result.seconds:6.1f} s  {what}{'  PLAIN' if result.plain else ''}", flush=True)


def measure(options: argparse.Namespace) -> int:
    bugs = chosen(options.only)
    scores = score.read(options.score)
    run = about_this_run()
    timeout_s = options.minutes * 60
    missing = 0
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        work_dir = Path(folder)
        without = baseline(work_dir, options.suite, options.workers, timeout_s)
        scorer = Scorer(work_dir, options.suite, without, timeout_s)
        with ThreadPoolExecutor(options.workers) as pool:
            coming = {pool.submit(scorer.score, bug): bug for bug in bugs}
            for done in as_completed(coming):
                bug, result = coming[done], done.result()
                say(bug, result)
                missing += result.found_by is None
                score.note(scores, bug, result, run)
                score.write(options.score, scores, BUGS)
    print(f"\n{score.table(scores, BUGS)}")
    found = 100 * (len(bugs) - missing) / len(bugs)
    print(f"\n{len(bugs) - missing} of {len(bugs)} found: {found:.0f} %")
    return 0 if found >= options.least else 1


def ordinary(options: argparse.Namespace) -> int:
    """Names the bugs that any client would notice."""
    plain: list[str] = []
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        scorer = Scorer(Path(folder), (), frozenset(), 0)

        def look(bug: Bug) -> None:
            with scorer.planted(bug) as (runs, source):
                is_plain = scorer.is_plain(runs, source)
            print(f"{bug.name:50} {'PLAIN' if is_plain else 'ok'}", flush=True)
            plain.extend([bug.name] * is_plain)

        with ThreadPoolExecutor(options.workers) as pool:
            list(pool.map(look, chosen(options.only)))
    return 1 if plain else 0


def serve(name: str) -> None:
    (bug,) = chosen([name])
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        plant(bug, Path(folder) / "source")
        os.environ[SOURCE] = str(Path(folder) / "source")
        with PykbrokerProcess(Path(folder) / "broker") as broker:
            print(f"{broker.bootstrap}  {bug.name}: {bug.says}", flush=True)
            try:
                while broker.running:
                    time.sleep(0.2)
            except KeyboardInterrupt:
                pass


def main() -> int:
    options = arguments()
    if options.list:
        for bug in BUGS:
            print(f"{bug.name:50} {', '.join(bug.apis):30} {bug.says}")
    elif options.table:
        print(score.table(score.read(options.score), BUGS))
    elif options.serve:
        serve(options.serve)
    elif options.ordinary:
        return ordinary(options)
    else:
        return measure(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
