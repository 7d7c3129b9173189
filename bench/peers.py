"""The brokers that a bench run compares: ours, peers that are fetched, and whatever answers at an address."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "compat-tests"))

from brokers.tansu import Tansu
from harness.process import BrokerProcess, PykbrokerProcess
from reference.kafka import ApacheKafka


@dataclass
class Target:
    """One broker in a run. `process` is None for an address; then a PID, if given, tells its CPU time."""

    name: str
    bootstrap: str
    process: BrokerProcess | None = None
    pid: int | None = None


def make(name: str, fast: bool = True) -> BrokerProcess:
    """A fresh broker of one of the kinds that we can start; `fast` lets the JVM compile as it likes."""
    if name == "pykbroker":
        return PykbrokerProcess()
    if name == "tansu":
        return Tansu()
    assert name == "kafka", name
    return ApacheKafka(tuned_for_speed=fast)


def started(name: str) -> Target:
    """Raises: Unavailable, StartFailed."""
    process = make(name)
    process.start()
    return Target(name, process.bootstrap, process, process.pid)


def at_address(text: str) -> Target:
    """`NAME=HOST:PORT` or `NAME=HOST:PORT/PID`.

    Raises: ValueError.
    """
    name, equals, rest = text.partition("=")
    bootstrap, _, pid = rest.partition("/")
    if not equals or ":" not in bootstrap:
        raise ValueError(f"a peer is NAME=HOST:PORT or NAME=HOST:PORT/PID, not {text}")
    return Target(name, bootstrap, None, int(pid) if pid else None)
