"""CPU time and memory of a process and its children, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def _tree(pid: int) -> Iterator[int]:
    todo = [pid]
    while todo:
        pid = todo.pop()
        yield pid
        try:
            with open(f"/proc/{pid}/task/{pid}/children") as file:
                todo += map(int, file.read().split())
        except OSError:
            continue


def cpu_s(pid: int | None) -> float | None:
    """User and system seconds so far (in steps of 10 ms); None without a pid."""
    if pid is None:
        return None
    ticks = 0
    for member in _tree(pid):
        try:
            with open(f"/proc/{member}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_PER_S


def resident_mb(pid: int) -> float:
    """VmRSS in MB (10^6 bytes)."""
    total_kib = 0
    for member in _tree(pid):
        try:
            with open(f"/proc/{member}/status") as file:
                total_kib += sum(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))
        except OSError:
            continue
    return total_kib * 1024 / 1e6


def machine_busy_s() -> tuple[float, float]:
    """(busy, all) CPU seconds of the machine since boot."""
    with open("/proc/stat") as file:
        ticks = [int(number) for number in file.readline().split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / _TICKS_PER_S, sum(ticks) / _TICKS_PER_S


class CpuMeter:
    """The CPU time that a process spends between two moments, by operation."""

    def __init__(self, pid: int | None) -> None:
        self._pid = pid
        self._begin_s = cpu_s(pid)

    def us_per(self, operations: int) -> float | None:
        now_s = cpu_s(self._pid)
        if now_s is None or self._begin_s is None:
            return None
        return (now_s - self._begin_s) * 1e6 / operations
