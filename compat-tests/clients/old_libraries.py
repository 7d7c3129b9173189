"""Old releases of kafka-python, each in a folder of its own, where a process finds it before the one that is installed.

They come from the package index, once, into `.cache/` (not in git).
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
CACHE = HERE / ".cache"
SIX = "six==1.17.0"  # for Python 3.12 and newer, see old_kafka_python.py


class Unavailable(Exception):
    """There is no pip, or it reaches no index: the text says which."""


def folder(release: str) -> Path:
    """Where that release of kafka-python is, fetched if it is not there yet.

    Raises: Unavailable.
    """
    target = CACHE / f"kafka-python-{release}"
    CACHE.mkdir(exist_ok=True)
    with open(CACHE / f"{target.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests in several processes want the same one
        if not (target / "complete").exists():
            pip = [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
            ]
            wanted = ["--upgrade", "--target", str(target), f"kafka-python=={release}", SIX]
            done = subprocess.run([*pip, *wanted], capture_output=True, text=True, timeout=50)
            if done.returncode:
                raise Unavailable(f"pip could not bring kafka-python {release}: {done.stderr[-500:]}")
            (target / "complete").touch()
    return target


def run(release: str, *arguments: str) -> dict[str, Any]:
    """What old_kafka_python.py saw with that release. Raises: Unavailable."""
    environment = {**os.environ, "PYTHONPATH": str(folder(release)), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, str(HERE / "old_kafka_python.py"), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr[-3000:]
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen
