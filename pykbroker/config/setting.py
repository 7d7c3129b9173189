"""A setting is one row: its name is Kafka's, its text is ours.

The tables (`tables/*.py`) are text, one entry of two lines a setting:

    name | type default [kafka=X] | rule | importance | mode | handling
        One sentence: what it does here.

Text, because four hundred rows must cost nothing until one is asked for: importing a table is loading one string,
indexing it takes a fraction of a millisecond, and a row becomes a `Setting` at first use. `null` is no default at all,
`''` the empty one. `kafka=X` marks a default of ours that differs from Kafka's and keeps Kafka's.

Handling is what this broker does with the setting:

    used       it acts
    ignored    it has no effect here; the word after the colon says why, see `REASONS`
    refused    a value other than Kafka's default ends the start: it asks for what this broker cannot give
               (mostly protection, and nobody may believe to be protected who is not)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pykbroker.config import values
from pykbroker.config.values import Value

REASONS = {
    "runtime": "tunes the threads, buffers or metrics of Kafka's own process, which this one does not have",
    "joined": "paces something that happens here together with other work, at another setting's pace",
    "kraft": "concerns the KRaft quorum, and metadata stands in the embedded store instead",
    "zookeeper": "concerns a ZooKeeper ensemble, and the embedded store is used instead",
    "later": "belongs to a feature that is not served yet",
    "tiered": "concerns tiered storage, which is not served",
    "security": "tunes protected listeners, and only PLAINTEXT is served",
    "format": "concerns formats or versions that this broker does not choose between",
}

REFUSALS = {
    "tiered": "asks for tiered storage, which is not served",
    "protection": "asks for protection that is not served: only PLAINTEXT, without authentication or authorization",
    "class": "names a Java class, which this broker cannot load and so cannot obey",
}

HIDDEN = "[hidden]"

PER_BROKER = "per-broker"
CLUSTER_WIDE = "cluster-wide"
READ_ONLY = "read-only"


class Setting(NamedTuple):
    """One row of a table.

    default: ours, as text; None when there is none. kafka_default: Kafka's, equal unless the row marks a difference.
    mode: "read-only", "per-broker" or "cluster-wide" (Kafka's dynamic update modes); of a topic or group: "dynamic".
    internal: Kafka has it but hides it from DescribeConfigs.
    A named tuple, because a frozen dataclass of this size costs milliseconds to define at start.
    """

    name: str
    type: str
    default: str | None
    kafka_default: str | None
    rule: str
    importance: str
    mode: str
    handling: str
    why: str
    internal: bool
    doc: str

    @property
    def type_code(self) -> int:
        return values.TYPE_CODES[self.type]

    @property
    def sensitive(self) -> bool:
        """Its value is never told (Kafka: type PASSWORD)."""
        return self.type == "password"

    def shown(self, value: str) -> str:
        """A value as an error or a log line may show it: secrets are not told."""
        return HIDDEN if self.sensitive else value

    @property
    def dynamic(self) -> bool:
        return self.mode != READ_ONLY

    def parse(self, text: str) -> Value:
        """The checked value of `text`. Raises: ValueError: what is wrong and what to give instead."""
        try:
            value = values.parse(self.type, text)
        except ValueError as error:
            raise ValueError(f"{error}; give {values.expected(self.type, self.rule)}") from None
        values.check(self.rule, value)
        return value

    def canonical(self, text: str) -> str:
        """`text` as DescribeConfigs prints it: trimmed, `TRUE` as `true`, `1, 2` as `1,2`."""
        return values.render(self.parse(text)) or ""


class Table:
    """All settings of one kind of resource, in the order of their names."""

    def __init__(self, *texts: str) -> None:
        entries: dict[str, tuple[str, str]] = {}
        for text in texts:
            lines = [line for line in text.splitlines() if line and line[0] != "#"]
            for row, doc in zip(lines[::2], lines[1::2], strict=True):
                entries[row[: row.index(" ")]] = row, doc
        self._entries = dict(sorted(entries.items()))
        self._settings: dict[str, Setting] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, name: str) -> Setting:
        """Raises: KeyError when Kafka has no such setting."""
        setting = self._settings.get(name)
        if setting is None:
            setting = self._settings[name] = _parse_entry(*self._entries[name])
        return setting

    def get(self, name: str) -> Setting | None:
        return self[name] if name in self._entries else None

    def rows(self) -> Iterator[Setting]:
        return (self[name] for name in self._entries)

    def handled(self, handling: str) -> tuple[str, ...]:
        """The names with this handling ("used", "ignored", "refused"), without parsing the rows."""
        mark = f" | {handling}"
        return tuple(name for name, (row, _) in self._entries.items() if mark in row)

    def nearest(self, name: str) -> str | None:
        """The known name that looks most like `name`, for a hint; None when none does."""
        from difflib import get_close_matches  # rare, so it is imported here

        close = get_close_matches(name, self._entries, n=1, cutoff=0.7)
        return close[0] if close else None


def _parse_entry(row: str, doc: str) -> Setting:
    name, typed, rule, importance, mode, handling = (part.strip() for part in row.split("|"))
    typed, _, kafkas = typed.partition(" kafka=")
    kind, _, default_text = typed.partition(" ")
    default = _default(default_text.strip())
    handling, _, why = handling.partition(":")
    internal = importance.endswith("*")
    return Setting(
        name=name,
        type=kind,
        default=default,
        kafka_default=_default(kafkas.strip()) if kafkas else default,
        rule=rule,
        importance=importance.rstrip("*"),
        mode=mode,
        handling=handling,
        why=why,
        internal=internal,
        doc=doc.strip(),
    )


def _default(text: str) -> str | None:
    if text == "null":
        return None
    return "" if text == "''" else text
