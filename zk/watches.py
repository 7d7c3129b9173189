"""Who wants to hear of which znode, once.

As in ZooKeeper (WatchManager, two of them in its DataTree) there are two tables: one for data, armed by
reading a znode's data or asking whether it exists, and one for children. A watcher is anything hashable;
arming it twice for the same path and table is arming it once, and what it is told of a deletion it is told
once, also if it stands in both tables.

    event                  tells
    NODE_CREATED           data watches of the path (armed by `exists` while it was missing)
    NODE_DATA_CHANGED      data watches of the path
    NODE_DELETED           data and child watches of the path
    NODE_CHILDREN_CHANGED  child watches of the path
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

from zk.data import EventType, WatchEvent

W = TypeVar("W", bound=Hashable)


class Watches(Generic[W]):
    """One-shot watches: whoever has been told must arm itself again."""

    def __init__(self) -> None:
        self._data: dict[str, dict[W, None]] = {}
        self._child: dict[str, dict[W, None]] = {}

    def watch_data(self, path: str, watcher: W) -> None:
        self._data.setdefault(path, {})[watcher] = None

    def watch_children(self, path: str, watcher: W) -> None:
        self._child.setdefault(path, {})[watcher] = None

    def trigger(self, events: Iterable[WatchEvent]) -> list[tuple[W, WatchEvent]]:
        """Disarms whom these events concern; returns whom to tell what, in order."""
        told: list[tuple[W, WatchEvent]] = []
        if not self._data and not self._child:
            return told
        for event in events:
            path = event.path
            assert path is not None, "only a session's own end has no path"
            watchers: dict[W, None] = {}
            if event.type is not EventType.NODE_CHILDREN_CHANGED:
                watchers |= self._data.pop(path, {})
            if event.type in (EventType.NODE_CHILDREN_CHANGED, EventType.NODE_DELETED):
                watchers |= self._child.pop(path, {})
            told += [(watcher, event) for watcher in watchers]
        return told

    def clear(self) -> list[W]:
        """Disarms all; returns each watcher once."""
        watchers: dict[W, None] = {}
        for table in (self._data, self._child):
            for armed in table.values():
                watchers |= armed
            table.clear()
        return list(watchers)

    def count(self) -> int:
        return sum(map(len, self._data.values())) + sum(map(len, self._child.values()))
