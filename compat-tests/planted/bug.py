"""A planted bug: a few edits of the broker's text, applied to a copy of its packages.

The copy is what the broker under test runs from; the suite itself, the installed packages and the repository stay
as they are, and nothing in them knows of bugs.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("pykbroker", "wire", "zk")


class DoesNotApply(Exception):
    """The broker's text has moved on; the edit has to follow it."""


@dataclass(frozen=True)
class Edit:
    """file: path below the root. find: text that stands there exactly once."""

    file: str
    find: str
    replace: str


@dataclass(frozen=True)
class Bug:
    """One bug.

    apis: those through which it shows, by their names in Kafka; their cases are asked first. says: what a user would see.
    stands_for: a public issue of a real broker that had this, or its like: `KAFKA-1234` or `owner/repository#12`.
    blind: written without looking at the suite's cases.
    """

    name: str
    apis: tuple[str, ...]
    says: str
    edits: tuple[Edit, ...]
    stands_for: str | None = None
    blind: bool = False


def patched(bug: Bug, root: Path = ROOT) -> dict[str, str]:
    """The new text of each file that the bug edits.

    Raises: DoesNotApply.
    """
    texts: dict[str, str] = {}
    for edit in bug.edits:
        text = texts.get(edit.file) or (root / edit.file).read_text()
        count = text.count(edit.find)
        if count != 1:
            raise DoesNotApply(f"{bug.name}: {edit.file} holds {count} times, not once: {edit.find!r}")
        texts[edit.file] = text.replace(edit.find, edit.replace)
    return texts


def plant(bug: Bug, into: Path) -> None:
    """Copies the broker's packages to the folder `into` and puts the bug in.

    Raises: DoesNotApply.
    """
    texts = patched(bug)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, into / package)  # with what is compiled, which stays valid
    for file, text in texts.items():
        (into / file).write_text(text)
