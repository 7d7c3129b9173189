"""Two answers in plain data, compared field by field.

Lists of structs are aligned by what names their elements (a topic's name, a partition's number), not by position: Kafka
builds many of them from hash maps, so that their order means nothing. Elements without a name are compared in order.
A mask says which fields are compared otherwise, or not at all; masks.py holds the table.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

MISSING = "(missing)"

# What names an element of a list, each group in order of preference: the first that the element has.
NAMES = (
    ("resource_type",),
    (
        "group_id",
        "key",
        "resource_name",
        "name",
        "topic_name",
        "topic",
        "topic_id",
        "api_key",
        "node_id",
        "broker_id",
    ),
    ("member_id",),
    ("partition_index", "partition", "index", "partition_id"),
)


class Difference(NamedTuple):
    """path: `topics[].partitions[].error_code`; where: the same with names, `topics[a].partitions[0].error_code`."""

    path: str
    where: str
    ours: Any
    theirs: Any


Same = Callable[[str, Any, Any], bool | None]  # (path, ours, theirs) -> equal, or None: compare them as usual


def _as_usual(path: str, ours: Any, theirs: Any) -> bool | None:
    return None


def compare(ours: Any, theirs: Any, same: Same = _as_usual) -> list[Difference]:
    """All differences of two answers. An outcome that is no answer ("closed") is a string."""
    return list(_differences(ours, theirs, same, "", ""))


def _differences(ours: Any, theirs: Any, same: Same, path: str, where: str) -> Iterator[Difference]:
    judged = same(path, ours, theirs)
    if judged or (judged is None and ours is theirs):
        return
    if judged is None and isinstance(ours, dict) and isinstance(theirs, dict):
        for name in {**ours, **theirs}:
            inner = f"{path}.{name}" if path else name
            at = f"{where}.{name}" if where else name
            yield from _differences(ours.get(name, MISSING), theirs.get(name, MISSING), same, inner, at)
    elif judged is None and _structs(ours) and _structs(theirs):
        for name, one, other in aligned(ours, theirs):
            yield from _differences(one, other, same, f"{path}[]", f"{where}[{name}]")
    elif judged is False or ours != theirs:
        yield Difference(path or "(answer)", where or "(answer)", ours, theirs)


def _structs(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def aligned(ours: list[Any], theirs: list[Any]) -> list[tuple[str, Any, Any]]:
    """(name, element of ours, element of theirs), MISSING where one has none; equal names are paired in order."""
    waiting: dict[str, list[Any]] = defaultdict(list)
    for item in theirs:
        waiting[name_of(item)].append(item)
    rows = []
    for item in ours:
        name = name_of(item)
        rows.append((name, item, waiting[name].pop(0) if waiting[name] else MISSING))
    rows += [(name, MISSING, item) for name, rest in waiting.items() for item in rest]
    return rows


def name_of(item: dict[str, Any]) -> str:
    """What names an element among its like: `4:0`, `a`; "" if nothing does. A topic without a name has an id, a group or
    a key is named by an empty text as well."""
    found = (next((item[name] for name in names if _names(item, name)), None) for names in NAMES)
    return ":".join(shown(value) for value in found if value is not None)


def _names(item: dict[str, Any], name: str) -> bool:
    value = item.get(name)
    return value is not None and (value != "" or name in ("group_id", "key"))


def shown(value: Any) -> str:
    """A value for people: bytes in hex, long ones cut."""
    text = value.hex() if isinstance(value, bytes) else value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else f"{text[:160]}... ({len(text)} characters)"


def in_fields(request: dict[str, Any]) -> str:
    """The request on one line, long ones cut."""
    line = json.dumps(plain(request))
    return line if len(line) <= 1000 else f"{line[:950]}... ({len(line)} characters)"


def plain(value: Any) -> Any:
    """Plain data as JSON takes it: bytes in hex."""
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.hex() if isinstance(value, bytes) else value
