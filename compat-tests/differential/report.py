"""Findings for people and for programs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from differential.compare import in_fields, plain, shown
from differential.judge import Finding


def text(findings: Iterable[Finding]) -> str:
    """Unknown differences, one paragraph for each API and path: versions, count, the first example in full.

    What differed first in its round or recording stands on top: later differences may only follow from it.
    """
    groups: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.known is None:
            groups[finding.api, finding.path].append(finding)
    order = sorted(groups.items(), key=lambda item: (-sum(finding.first for finding in item[1]), item[0]))
    return "\n".join(_paragraph(api, path, group) for (api, path), group in order)


def _paragraph(api: str, path: str, group: list[Finding]) -> str:
    example = next((finding for finding in group if finding.first), group[0])
    first = sum(finding.first for finding in group)
    return (
        f"{api} v{versions(finding.version for finding in group)}  {path}  ({len(group)} times, {first} times first)\n"
        f"    where    {example.where}\n"
        f"    ours     {shown(plain(example.ours))}\n"
        f"    theirs   {shown(plain(example.theirs))}\n"
        f"    request  v{example.version} {in_fields(example.request)}\n"
        f"    source   {example.source}\n"
    )


def versions(numbers: Iterable[int]) -> str:
    """`0-3,5` of 0, 1, 2, 3, 5."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


def as_json(findings: Iterable[Finding], counts: dict[str, Any]) -> str:
    """Everything, known ones too."""
    rows = [
        {
            "api": finding.api,
            "version": finding.version,
            "path": finding.path,
            "where": finding.where,
            "ours": plain(finding.ours),
            "theirs": plain(finding.theirs),
            "request": plain(finding.request),
            "source": finding.source,
            "first": finding.first,
            "known": finding.known and (finding.known.difference or finding.known.reason),
        }
        for finding in findings
    ]
    return json.dumps({**counts, "differences": rows}, indent=1)
