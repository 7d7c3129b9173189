"""Finding what a request names twice, in one pass: a request may name a hundred thousand things."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)


def repeated(items: Iterable[Item]) -> set[Item]:
    """What stands there more than once."""
    seen: set[Item] = set()
    again: set[Item] = set()
    for item in items:
        if item in seen:
            again.add(item)
        seen.add(item)
    return again
