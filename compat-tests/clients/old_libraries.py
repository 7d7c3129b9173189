"""Old releases of kafka-python, each in a folder of its own, where a process finds it before the one that is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from harness.fetched import wheels

SIX = "six==1.17.0"  # for Python 3.12 and newer, see old_kafka_python.py
TIMEOUT_S = 50  # a test has 60


def run(release: str, *arguments: str) -> dict[str, Any]:
    """What old_kafka_python.py saw with that release. Raises: Unavailable."""
    library = wheels(f"kafka-python=={release}", SIX, timeout_s=TIMEOUT_S)
    environment = {**os.environ, "PYTHONPATH": str(library), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, str(Path(__file__).with_name("old_kafka_python.py")), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stderr[-3000:]
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen
