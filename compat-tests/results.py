"""Asks each broker that can be started here the whole suite, and writes docs/conformance.md from what came.

    python compat-tests/results.py                          all brokers, one after the other
    python compat-tests/results.py tansu kfake              these; the page keeps the last runs of the others
    python compat-tests/results.py --cases compat-tests/cases/schema --page FILE     a part, into another file
    python compat-tests/results.py pykbroker --times 10     ten runs in a row, and which checks do not end alike
    python compat-tests/results.py --only-page              no run: the page from the last runs

The JSON report of each broker's last run stays in `.cache/results/` (not in git). A broker that cannot be had or started is
named with the reason. What a single Kafka 4.3.1 cannot show for want of other brokers is asked of three. Each has its
minutes: what was not asked until then counts as "not asked". Peers are asked hastily (conformance/haste.py), and one that
died or hangs is started again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from brokers import PEERS, Unavailable
from conformance.needs import FEW_BROKERS
from conformance.report.comparison import Run, comparison
from conformance.report.results import NOT_OBSERVABLE
from harness.process import BrokerProcess, PykbrokerProcess, StartFailed
from planted import score
from planted.bugs import BUGS
from reference import kafka

HERE = Path(__file__).parent
CACHE = HERE / ".cache" / "results"
PAGE = HERE.parent / "docs" / "conformance.md"
HASTY_S = 8
STOP_S = 300  # after the time of a run

CLUSTER = 3  # brokers, of the one that can be started as a cluster
CLUSTERED = "kafka-4.3.1"

KAFKAS = {f"kafka-{version}": kind for version, kind in kafka.VERSIONS.items()}
BROKERS: dict[str, type[BrokerProcess]] = {
    "pykbroker": PykbrokerProcess,
    **KAFKAS,
    **PEERS,
}  # the page's order


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("brokers", nargs="*", metavar="NAME", help=", ".join(BROKERS))
    parser.add_argument("--cases", metavar="PATH", help="what is asked, instead of all")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=30.0, help="for each broker")
    parser.add_argument("--times", type=int, default=1, help="so many runs in a row; the last is shown")
    parser.add_argument("--page", type=Path, default=PAGE, metavar="FILE")
    parser.add_argument("--only-page", action="store_true")
    options = parser.parse_args()
    if unknown := [name for name in options.brokers if name not in BROKERS]:
        parser.error(f"no broker is named {', '.join(unknown)}; there are {', '.join(BROKERS)}")
    return options


def how(name: str) -> list[str]:
    """The options with which the suite starts that broker."""
    if name in PEERS:
        return ["--peer", name, "--hasty", str(HASTY_S)]
    return ["--reference", name.removeprefix("kafka-")] if name in KAFKAS else []


def what(name: str) -> list[str]:
    """All cases; of peers no scenarios of clients, which would spend their time in waiting."""
    return [str(HERE / "cases"), *([] if name in PEERS else [str(HERE / "clients")])]


def lack(name: str) -> str | None:
    """Why the broker cannot be started here; None: it can."""
    try:
        with BROKERS[name]():
            return None
    except (Unavailable, kafka.Unavailable, StartFailed) as error:
        return str(error).strip()


def run(name: str, options: argparse.Namespace) -> None:
    """One broker: its report goes to the cache."""
    report = CACHE / f"{name}.json"
    if why := lack(name):
        report.write_text(json.dumps(unavailable(name, why), indent=1) + "\n")
        print(f"{name}: {why}", flush=True)
        return
    verdicts: dict[str, set[str]] = {}
    for number in range(options.times):
        seen = once(name, options)
        for check in seen["checks"]:
            verdicts.setdefault(check["id"], set()).add(check["verdict"])
        seen["runs"] = number + 1
        seen["unsteady"] = sorted(check for check, ends in verdicts.items() if len(ends) > 1)
        report.write_text(json.dumps(seen, indent=1) + "\n")
        print(f"{name}, run {number + 1}: {len(seen['unsteady'])} checks did not end as before", flush=True)
        for check in seen["unsteady"]:
            print(f"    {check}: {', '.join(sorted(verdicts[check]))}", flush=True)


def once(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """The report of one run of the suite."""
    seen = ask(name, [options.cases] if options.cases else what(name), how(name), options)
    if name == CLUSTERED and (left := for_a_cluster(seen)):
        replace(seen, ask(name, left, ["--nodes", str(CLUSTER)], options))
    return seen


def ask(name: str, cases: Sequence[str], how: Sequence[str], options: argparse.Namespace) -> dict[str, Any]:
    """The report of one run of pytest."""
    with tempfile.TemporaryDirectory(prefix="results-") as folder:
        fresh = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "--no-header", "-p", "no:cacheprovider"]
        command += ["-n", str(options.workers), "--dist", "loadgroup", f"--report-json={fresh}"]
        command += [f"--minutes={options.minutes}", *how, *cases]
        code = subprocess.run(command, cwd=HERE.parent, timeout=options.minutes * 60 + STOP_S).returncode
        if not fresh.exists():
            sys.exit(f"{name}: pytest ended with {code} and wrote no report")
        read: dict[str, Any] = json.loads(fresh.read_text())
        return read


def for_a_cluster(seen: dict[str, Any]) -> list[str]:
    """The checks that need more brokers than there were."""
    return [
        check["id"]
        for check in seen["checks"]
        if check["verdict"] == NOT_OBSERVABLE and check["reason"].startswith(FEW_BROKERS)
    ]


def replace(seen: dict[str, Any], later: dict[str, Any]) -> None:
    """What a later run saw takes the place of what stood in the first."""
    found = {check["id"]: check for check in later["checks"]}
    seen["checks"] = [found.get(check["id"], check) for check in seen["checks"]]
    seen["duration_s"] += later["duration_s"]


def unavailable(name: str, why: str) -> dict[str, object]:
    """What stands in the cache for a broker that cannot be asked."""
    date = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return {"broker": {"name": name, "version": ""}, "date": date, "unavailable": why}


def page() -> str:
    """From the last run of each broker."""
    reports = [CACHE / f"{name}.json" for name in BROKERS]
    runs = [Run.read(path.stem, json.loads(path.read_text())) for path in reports if path.exists()]
    scores = score.read(score.FILE)
    return comparison(runs, score.table(scores, BUGS) if scores else None)


def main() -> int:
    options = arguments()
    CACHE.mkdir(parents=True, exist_ok=True)
    if not options.only_page:
        for name in options.brokers or BROKERS:
            run(name, options)
    options.page.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
