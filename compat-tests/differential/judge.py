"""A pair of outcomes becomes findings: where they differ, in answer to what, and whether that is known.

known.toml lists the differences that are meant or not yet mended. An entry fits by patterns (fnmatch; several in a list,
or with | between them) and says either the name of an entry of docs/differences.md or a reason. Entries that a whole run
did not need are told, so that the list shrinks.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from differential import records
from differential.compare import NAMES, Difference, compare, in_fields, name_of, shown
from differential.corpus import MARKER
from differential.fields import Request, api_name, has_error
from differential.masks import masked
from differential.replay import SILENT, Outcome

KNOWN = Path(__file__).with_name("known.toml")
PARTITIONS = ("partitions", "partition_responses")
OTHER_RUNS = re.compile(rf"diff(?!{MARKER[4:].decode()})[0-9a-f]{{4}}")


@dataclass(slots=True)
class Known:
    """One entry of known.toml; `where` is the path with names, `configs[listeners].value`."""

    api: str
    where: str
    difference: str = ""
    reason: str = ""
    versions: str = "*"
    reference: str = "*"
    source: str = "*"
    ours: str = "*"
    theirs: str = "*"
    asks: str = "*"  # the request on one line, as the report shows it
    uses: int = 0

    def is_for(self, reference: str) -> bool:
        """Whether differences to that version of Kafka may fit."""
        return self.reference in ("*", reference)

    def fits(self, finding: Finding) -> bool:
        pairs = (
            (finding.api, self.api),
            (finding.where, self.where),
            (str(finding.version), self.versions),
            (finding.reference, self.reference),
            (finding.source, self.source),
            (shown(finding.ours), self.ours),
            (shown(finding.theirs), self.theirs),
            (in_fields(finding.request), self.asks),
        )
        return all(any(_like(value, one) for one in pattern.split("|")) for value, pattern in pairs)


def _like(value: str, pattern: str) -> bool:
    """fnmatch, but brackets stand for themselves."""
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def load_known(path: Path = KNOWN) -> list[Known]:
    """Raises: OSError, ValueError, TypeError for an unknown word."""
    rows = tomllib.loads(path.read_text())["known"]
    return [
        Known(**{name: "|".join(told) if isinstance(told, list) else told for name, told in row.items()})
        for row in rows
    ]


UNKNOWN_SERVER_ERROR = -1
SLIP = Known(
    "*",
    "*",
    reason="UNKNOWN_SERVER_ERROR or silence: the reference stumbled, and has no rule for such a request",
)


@dataclass(slots=True)
class Finding:
    """One difference. source: the recording and line, or the round and step, that leads to it again."""

    api: str
    version: int
    path: str
    where: str
    ours: Any
    theirs: Any
    request: dict[str, Any]
    source: str
    reference: str
    first: bool = False  # no other unknown difference came before it in its recording or round
    known: Known | None = field(default=None)


def findings(
    request: Request, ours: Outcome, theirs: Outcome, source: str, reference: str, known: list[Known]
) -> list[Finding]:
    """The differences of two outcomes of one request."""
    api = api_name(request.key)
    differences = compare(readable(ours), readable(theirs), masked(api))
    found = [_finding(api, request, difference, source, reference) for difference in differences]
    slips = ("",) if theirs == SILENT else tuple(_rows_of_slips(found))
    for finding in found:
        slip = finding.where.startswith(slips)
        finding.known = SLIP if slip else next((entry for entry in known if entry.fits(finding)), None)
        if finding.known:
            finding.known.uses += 1
    return found


def _rows_of_slips(found: list[Finding]) -> Iterator[str]:
    """Where the rows begin over which the reference stumbled; "" if it was the whole request."""
    for finding in found:
        if finding.path.endswith("error_code") and finding.theirs == UNKNOWN_SERVER_ERROR:
            yield finding.where.removesuffix("error_code")
        elif isinstance(finding.theirs, dict) and finding.theirs.get("error_code") == UNKNOWN_SERVER_ERROR:
            yield finding.where


def slipped(theirs: Outcome) -> bool:
    """Whether the reference stumbled over a request, so that there is nothing to compare with."""
    return theirs == SILENT or has_error(theirs, {UNKNOWN_SERVER_ERROR})


def _finding(api: str, request: Request, difference: Difference, source: str, reference: str) -> Finding:
    return Finding(api, request.version, *difference, request.body, source, reference)


def readable(body: Any) -> Any:
    """An answer with its record batches in fields, without what other runs on the same broker have left, and with one row
    for a topic that was asked for in several."""
    if isinstance(body, list):
        return _merged([readable(item) for item in body if not _of_other_runs(item)])
    if not isinstance(body, dict):
        return body
    return {
        name: records.to_plain(value) if name == "records" and isinstance(value, bytes) else readable(value)
        for name, value in body.items()
    }


def _merged(items: list[Any]) -> list[Any]:
    """Rows that say nothing but their partitions: those of one name become one, those of none are left out, since brokers
    group them as they like."""
    merged: dict[str, dict[str, Any]] = {}
    for item in items:
        inner = next((name for name in PARTITIONS if isinstance(item, dict) and name in item), None)
        if inner is None or "error_code" in item:
            return items
        if item[inner]:
            known = merged.setdefault(name_of(item), {**item, inner: []})
            known[inner] = known[inner] + item[inner]
    return list(merged.values())


def _of_other_runs(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and any(name in item for names in NAMES for name in names)
        and bool(OTHER_RUNS.search(name_of(item)))
    )
