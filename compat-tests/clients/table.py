"""The page docs/clients.md: each scenario through each client library, on Apache Kafka and on pykbroker.

pytest compat-tests/clients --clients all --reference 4.3.1 --report-json kafka.json
pytest compat-tests/clients --clients all --report-json pykbroker.json
python compat-tests/clients/table.py kafka.json pykbroker.json > docs/clients.md
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from clients import drivers
from clients.drivers.program import close_all
from conformance.report.results import CLIENT_CANNOT as CANNOT
from conformance.report.results import FAIL, NOT_ASKED, NOT_SERVED, PASS

NOWHERE = "127.0.0.1:1"
NOT_OURS = "a broker given as an address is not ours to stop"
NO_DRIVER = ("test_old_clients.py", "test_kcat.py")
HEAD = """# Clients

The same scenarios (compat-tests/clients) through stock client libraries, on Apache Kafka 4.3.1 and on pykbroker.

yes: all that the library can ask was answered right. part: some of its variants the library cannot ask (codecs, assignors).
-: the library has no such thing. not served: the broker does not announce it. not asked: the run ended before, or the broker
was given as an address, so that it could not be stopped. A number: so many failed. Where the two brokers differ, Apache
Kafka stands first. Made by compat-tests/clients/table.py from the reports of runs, {date}.
"""


class Scenario(dict[str, Counter[str]]):
    """Client -> how often each verdict came."""

    def __missing__(self, client: str) -> Counter[str]:
        self[client] = Counter()
        return self[client]


def client_of(check: str, names: list[str]) -> str | None:
    """The library in the brackets of a test's name."""
    parameters = check.partition("[")[2].rstrip("]")
    return next((name for name in names if re.search(rf"(^|-){name}(-|$)", parameters)), None)


def scenarios(report: dict[str, Any], names: list[str]) -> dict[str, Scenario]:
    found: dict[str, Scenario] = defaultdict(Scenario)
    for check in report["checks"]:
        path, _, test = check["id"].partition("::")
        client = client_of(test, names)
        if "/clients/" in path and not path.endswith(NO_DRIVER) and client is not None:
            verdict = NOT_ASKED if check["reason"] == NOT_OURS else check["verdict"]
            found[test.partition("[")[0]][client][verdict] += 1
    return found


def cell(verdicts: Counter[str]) -> str:
    if verdicts[FAIL]:
        return str(verdicts[FAIL])
    if verdicts[PASS]:
        return "part" if verdicts[CANNOT] else "yes"
    if not verdicts:
        return NOT_ASKED
    return next((word for word in (NOT_SERVED, NOT_ASKED) if verdicts[word]), "-")


def both(kafka: Counter[str], ours: Counter[str]) -> str:
    first, second = cell(kafka), cell(ours)
    return first if first == second else f"{first} / {second}"


def version(name: str) -> str:
    if name not in drivers.PROGRAMS:
        return importlib.metadata.version(name)
    driver = drivers.make(name, NOWHERE)
    driver.close()
    return str(driver.version)  # type: ignore[attr-defined]


def reasons(report: dict[str, Any], names: list[str]) -> Iterator[str]:
    """What the libraries cannot, each once."""
    found: dict[str, set[str]] = defaultdict(set)
    for check in report["checks"]:
        client = client_of(check["id"], names)
        if client is not None and check["verdict"] == CANNOT and check["reason"] != NOT_OURS:
            found[client].add(check["reason"])
    for client in names:
        if found[client]:
            yield f"- {client}: {'; '.join(sorted(found[client]))}"


def merged(files: list[Path]) -> dict[str, Any]:
    """Several reports as one; of a check in more than one, the last counts."""
    reports = [json.loads(path.read_text()) for path in files]
    checks = {check["id"]: check for report in reports for check in report["checks"]}
    return {**reports[-1], "checks": list(checks.values())}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kafka", nargs="+", type=Path, required=True, metavar="REPORT")
    parser.add_argument("--ours", nargs="+", type=Path, required=True, metavar="REPORT")
    arguments = parser.parse_args()
    kafka, ours = merged(arguments.kafka), merged(arguments.ours)
    names = list(drivers.chosen("all"))
    first, second = scenarios(kafka, names), scenarios(ours, names)
    print(HEAD.format(date=ours["date"][:10]))
    print("| scenario |", " | ".join(f"{name} {version(name)}" for name in names), "|")
    print("|---" * (len(names) + 1) + "|")
    for test in sorted(first.keys() | second.keys(), key=list(first).index):
        title = test.removeprefix("test_").replace("_", " ")
        print(f"| {title} |", " | ".join(both(first[test][name], second[test][name]) for name in names), "|")
    print("\n## What the libraries cannot\n")
    print("\n".join(reasons(ours, names)))
    close_all()


if __name__ == "__main__":
    main()
