"""Programs of other languages (programs/), built with what the machine has, once per state of their sources.

Versions are pinned in pom.xml, go.mod, package.json and Cargo.lock. What is built goes to `.cache/` (not in git), with
the digest of its sources beside it, so that an edited program is built anew. Builds take one core: tests need the others.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from harness.fetched import alone, step

CLIENTS = Path(__file__).parents[1]
SOURCES, CACHE = CLIENTS / "programs", CLIENTS / ".cache" / "programs"
BUILD_TIMEOUT_S = 1200
QUICK_START = ["-Xmx256m", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
QUIET = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]


def _run(folder: Path, *command: str) -> None:
    step(list(command), folder, BUILD_TIMEOUT_S)


def _copy(language: str, target: Path) -> None:
    shutil.copytree(SOURCES / language, target, dirs_exist_ok=True)


def _java(target: Path, program: str) -> list[str]:
    _copy("java", target)
    copy = ["dependency:copy-dependencies", f"-DoutputDirectory={target}/jars", "-DincludeScope=runtime"]
    _run(target, "mvn", "-q", "-B", *copy)
    _run(target, "javac", "-cp", "jars/*", "-d", "classes", *map(str, sorted(target.glob("*.java"))))
    return ["java", *QUICK_START, *QUIET, "-cp", f"{target}/classes:{target}/jars/*", program]


def _go(target: Path, program: str) -> list[str]:
    _copy("go", target)
    _run(target, "go", "build", "-p", "1", "-o", f"bin/{program}", f"./{program}")
    return [str(target / "bin" / program)]


def _node(target: Path, program: str) -> list[str]:
    _copy("node", target)
    _run(target, "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--omit=dev")
    return ["node", str(target / f"{program}.js")]


def _rust(target: Path, program: str) -> list[str]:
    _copy("rust", target)
    _run(target, "cargo", "build", "--locked", "-j", "1", "--bin", program)
    return [str(target / "target" / "debug" / program)]


_BUILDERS: dict[str, Callable[[Path, str], list[str]]] = {
    "java": _java,
    "go": _go,
    "node": _node,
    "rust": _rust,
}


def _digest(language: str) -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted((SOURCES / language).rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(SOURCES)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@functools.cache
def command(language: str, program: str) -> tuple[str, ...]:
    """How to start that program, built if it is not there in its present state.

    Raises: Unavailable.
    """
    target = CACHE / language
    stamp = CACHE / f"{language}-{program}.built"
    with alone(target):
        digest, words = _digest(language), stamp.read_text().split("\n") if stamp.exists() else []
        if words[:1] != [digest]:
            words = [digest, *_BUILDERS[language](target, program)]
            stamp.write_text("\n".join(words))
    return tuple(words[1:])
