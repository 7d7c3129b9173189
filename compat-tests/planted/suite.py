"""Runs of the suite against a broker with a bug, each a pytest process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from harness.process import SOURCE
from planted.bug import ROOT
from planted.selection import FIRST, RESULTS, WITHOUT

COMPAT = ROOT / "compat-tests"
STOP_S = 30
NOTHING_RAN = 5  # pytest's exit code when no test is left


class Outcomes(NamedTuple):
    """passed, failed: checks in the order of their ends; a check may be in both. complete: the run came to its end.

    text: what pytest printed, for people.
    """

    passed: tuple[str, ...]
    failed: tuple[str, ...]
    complete: bool
    text: str


class Broken(Exception):
    """pytest itself did not work; the text says how."""


def run(
    work_dir: Path,
    tests: Sequence[str],
    *,
    source: Path | None = None,
    first: Iterable[str] = (),
    without: Iterable[str] = (),
    options: Sequence[str] = (),
    timeout_s: float,
) -> Outcomes:
    """Asks the broker whose packages are in `source` (None: the installed one).

    tests: files, folders or checks, as pytest takes them. first: APIs whose cases come first. without: cases that are left
    out. A run that takes longer than `timeout_s` is interrupted, and what it saw until then counts.

    Raises: Broken.
    """
    work_dir.mkdir(parents=True)
    results, left_out = work_dir / "results.jsonl", work_dir / "without"
    left_out.write_text("\n".join(sorted(without)))
    environ = os.environ | {
        "PYTHONPATH": str(COMPAT),
        FIRST: ",".join(first),
        WITHOUT: str(left_out),
        RESULTS: str(results),
    }
    environ.pop(SOURCE, None)
    if source is not None:
        environ[SOURCE] = str(source)
    command = [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "planted.selection", *options]
    command += [f"--basetemp={work_dir / 'tmp'}", "-p", "no:cacheprovider", *tests]
    with open(work_dir / "pytest.log", "wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
        complete = end(process, timeout_s)
    text = (work_dir / "pytest.log").read_text(errors="replace")
    if process.returncode not in (0, 1, 2, NOTHING_RAN):
        raise Broken(text)
    lines = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    if not lines and process.returncode == 2 and complete:
        raise Broken(text)  # an error while the tests were collected
    passed = tuple(line["check"] for line in lines if line["outcome"] == "passed")
    failed = tuple(line["check"] for line in lines if line["outcome"] == "failed")
    return Outcomes(passed, failed, complete, text)


def end(process: subprocess.Popen[bytes], timeout_s: float) -> bool:
    """Waits for the end; False if it had to be interrupted. pytest stops its broker when it is interrupted."""
    try:
        process.wait(timeout_s)
        return True
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return False
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.wait(STOP_S)
        raise
