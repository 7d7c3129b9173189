"""Kafka's own message classes, as an oracle: `java/Reread.java` reads and writes with them, one process for many messages.

The jars come from Maven through the small poms beside it, once, into `java/.cache` (not in git). Values go over in the form
that Kafka's JSON converters use.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from wire import schema
from wire.schema import Array, Field, Group, Type

HERE = Path(__file__).with_name("java")
CACHE = HERE / ".cache"
FETCH_SECONDS = 40
QUICK_START = ["-Xmx256m", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]


class Unavailable(Exception):
    """The classes cannot be had here; the text says why."""


def jars(line: str) -> Path:
    """The folder of jars of a release line. Raises: Unavailable."""
    if shutil.which("javac") is None:
        raise Unavailable("there is no JDK")
    target = CACHE / line
    if not target.exists():
        if shutil.which("mvn") is None:
            raise Unavailable("there is no Maven to bring Kafka's jars")
        fetch(line, target)
    return target


def fetch(line: str, target: Path) -> None:
    """Through a folder beside it: other tests find all jars or none. Raises: Unavailable."""
    CACHE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as fresh:
        pom = shutil.copy(HERE / f"kafka-{line}.xml", Path(fresh, "pom.xml"))
        command = [
            "mvn",
            "-q",
            "-B",
            "-f",
            pom,
            "dependency:copy-dependencies",
            f"-DoutputDirectory={fresh}/jars",
        ]
        try:
            subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=FETCH_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise Unavailable(f"Maven did not bring Kafka's jars within {FETCH_SECONDS} s") from None
        except subprocess.CalledProcessError as error:
            raise Unavailable(f"Maven could not bring Kafka's jars: {error.stdout.decode()[:300]}") from None
        try:
            os.rename(Path(fresh, "jars"), target)
        except OSError:  # another process was first
            if not target.exists():
                raise


def reread(line: str, jobs: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What Kafka's classes say of each job; `java/Reread.java` has both forms. Raises: Unavailable."""
    command = ["java", *QUICK_START, "-cp", f"{jars(line)}/*", str(HERE / "Reread.java")]
    done = subprocess.run(
        command,
        input="".join(json.dumps(job) + "\n" for job in jobs),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(text) for text in done.stdout.splitlines()]


class Form(NamedTuple):
    """How a version looks as JSON. records: their bytes; else an empty text for them, which is all that Kafka writes."""

    version: int
    flexible: bool
    records: bool = True

    def of(self, group: Group, made: Any) -> dict[str, Any]:
        """An object in the form of Kafka's JSON converters: fields of this version, tagged ones only if they are set."""
        found = {}
        for field in group.fields:
            value = getattr(made, field.name)
            if self.version in field.versions and not (self.tagged(field) and is_default(field, value)):
                name = field.kafka_name
                found[name[0].lower() + name[1:]] = self.value(field.type, value)
        return found

    def tagged(self, field: Field) -> bool:
        return self.flexible and field.tag is not None and self.version in field.tagged

    def value(self, kind: Type | Array | Group, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(kind, Array):
            return [self.value(kind.element, element) for element in value]
        if isinstance(kind, Group):
            return self.of(kind, value)
        if kind is schema.Uuid:
            return base64.urlsafe_b64encode(value).decode().rstrip("=")
        if kind is schema.Records and not self.records:
            return ""
        if kind is schema.Bytes or kind is schema.Records:
            return base64.b64encode(value).decode()
        return value


def is_default(field: Field, value: Any) -> bool:
    return bool(list(value) == [] if field.default == () and value is not None else value == field.default)
