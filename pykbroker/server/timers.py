"""Timers by key: one heap for many, made for keys that are set again and again.

Setting a key later than before, which is what each heartbeat does, only notes the new time; its place in the heap is
corrected when it comes to the top. Cancelled entries stay in the heap until then, or until they are the greater part of it.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from typing import Any


class _Cell:
    """One key's timer. queued_at: where the heap has it; at: when it is due; command None: cancelled."""

    __slots__ = ("at", "command", "key", "queued_at")

    def __init__(self, key: Hashable, at: float, command: Any) -> None:
        self.key = key
        self.at = self.queued_at = at
        self.command = command

    def __lt__(self, other: _Cell) -> bool:
        return self.queued_at < other.queued_at


class Timers:
    """Times are seconds on whatever clock the owner uses."""

    def __init__(self) -> None:
        self._cells: dict[Hashable, _Cell] = {}
        self._heap: list[_Cell] = []

    def __len__(self) -> int:
        return len(self._cells)

    def set(self, key: Hashable, at: float, command: Any) -> None:
        """Have `command` due at `at`; replaces what was set for the key."""
        cell = self._cells.get(key)
        if cell is not None:
            if cell.queued_at <= at:
                cell.at = at
                cell.command = command
                return
            cell.command = None
        cell = self._cells[key] = _Cell(key, at, command)
        heapq.heappush(self._heap, cell)
        if len(self._heap) > 2 * len(self._cells) + 64:
            self._heap = [cell for cell in self._heap if cell.command is not None]
            heapq.heapify(self._heap)

    def cancel(self, key: Hashable) -> None:
        cell = self._cells.pop(key, None)
        if cell is not None:
            cell.command = None

    def clear(self) -> None:
        self._cells.clear()
        self._heap.clear()

    def pop_due(self, now: float) -> Any | None:
        """The command of one timer that is due, in order of their times; None if none is."""
        heap = self._heap
        while heap:
            cell = heap[0]
            if cell.command is None:
                heapq.heappop(heap)
            elif cell.at != cell.queued_at:
                cell.queued_at = cell.at
                heapq.heapreplace(heap, cell)
            elif cell.at > now:
                return None
            else:
                heapq.heappop(heap)
                del self._cells[cell.key]
                return cell.command
        return None

    @property
    def next_at(self) -> float | None:
        """No timer is due before this; None if there is none. It may be earlier than the first that really is."""
        heap = self._heap
        while heap and heap[0].command is None:
            heapq.heappop(heap)
        return heap[0].queued_at if heap else None
