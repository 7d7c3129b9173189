"""Writes docs/settings.md from the tables: `python -m pykbroker.config.document > docs/settings.md`.

A test holds the page against this, so that it cannot grow old.
"""

from __future__ import annotations

from collections.abc import Iterator

from pykbroker.config.broker import BROKER
from pykbroker.config.group import GROUP
from pykbroker.config.setting import REASONS, REFUSALS, Setting, Table
from pykbroker.config.tables import cluster, group, groups, log, network, security, topic
from pykbroker.config.topic import SYNONYMS, TOPIC
from pykbroker.config.values import describe

_KINDS = (
    ("Broker", BROKER, (network.ROWS, log.ROWS, groups.ROWS, cluster.ROWS, security.ROWS)),
    ("Topic", TOPIC, (topic.ROWS,)),
    ("Group", GROUP, (group.ROWS,)),
)

_INTRODUCTION = """\
# Settings

<!-- made by `python -m pykbroker.config.document`; edit the tables in pykbroker/config/tables instead -->

Every setting of Apache Kafka 3.9 and 4.3 is known, by Kafka's name. They are taken, later over earlier, from the defaults,
from `--config FILE` (an unmodified server.properties), from `KAFKA_*` variables (`KAFKA_NUM_PARTITIONS=3` is
`num.partitions=3`; `_` is a dot, `__` an underscore, `___` a dash), from `--set name=value`, and from named options.
`pykbroker settings NAME` tells all about one. What happens to a setting stands under *here*:
"""


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    yield "- **used**: it acts"
    yield from (f"- **ignored: {word}**: it {reason}" for word, reason in REASONS.items())
    yield from (
        f"- **refused: {word}**: a value other than Kafka's default ends the start, because it {reason}"
        for word, reason in REFUSALS.items()
    )
    yield "\n## Defaults that differ from Kafka's\n"
    yield "| setting | here | Kafka |\n|---|---|---|"
    for setting in BROKER.rows():
        if setting.default != setting.kafka_default:
            yield f"| {setting.name} | {_default(setting.default)} | {_default(setting.kafka_default)} |"
    for kind, table, texts in _KINDS:
        yield f"\n## {kind} settings\n"
        yield f"{len(table)} settings."
        for text in texts:
            yield from _area(table, text)


def _area(table: Table, text: str) -> Iterator[str]:
    """The tables under the headings of one file of rows."""
    rows = [line for line in text.splitlines() if line and not line.startswith(" ")]
    for row in rows:
        if row.startswith("#"):
            yield f"\n### {row.strip('# ').capitalize()}\n"
            yield "| setting | takes | default | changes | here | meaning |\n|---|---|---|---|---|---|"
        else:
            yield _row(table[row[: row.index(" ")]])


def _row(setting: Setting) -> str:
    takes = setting.type + (f", {describe(setting.rule)}" if setting.rule else "")
    here = f"{setting.handling}: {setting.why}" if setting.why else setting.handling
    behind = SYNONYMS.get(setting.name) if setting.mode == "dynamic" else None
    doc = setting.doc + (f" Broker setting: {behind}." if behind else "")
    changes = "at start" if setting.mode == "read-only" else setting.mode
    cells = (setting.name, takes, _default(setting.default), changes, here, doc)
    return "| " + " | ".join(cells) + " |"


def _default(text: str | None) -> str:
    if text is None:
        return ""
    return f"`{text}`" if text else "(empty)"


if __name__ == "__main__":
    print(page(), end="")
