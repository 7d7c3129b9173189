"""The tables against what Kafka itself says of its settings (kafka_settings.tsv), and against themselves."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from pykbroker.config.broker import BROKER, FAMILIES
from pykbroker.config.group import GROUP
from pykbroker.config.setting import REASONS, REFUSALS, Setting, Table
from pykbroker.config.topic import SYNONYMS, TOPIC

TABLES = {"broker": BROKER, "topic": TOPIC, "group": GROUP}

OURS = {
    "broker.id": "0",
    "node.id": "0",
    "listeners": "PLAINTEXT://127.0.0.1:9092",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT",
    "log.dir": "pykbroker-data/log",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.coordinator.rebalance.protocols": "classic",
}
"""Where Kafka's default does not fit one broker that is started without a word, or tells of what is not there."""

NOT_IN_CONFIGDEF = {
    "leader.replication.throttled.rate",
    "follower.replication.throttled.rate",
    "replica.alter.log.dirs.io.max.bytes.per.second",
}
"""Kafka has these only as dynamic settings (DynamicConfig.Broker)."""

OF_ITS_OWN = {"pykbroker.validate.all.records"}
"""Settings that Kafka does not have."""


class Fact(NamedTuple):
    kind: str
    name: str
    type: str
    default: str | None
    importance: str
    mode: str
    internal: bool
    versions: tuple[str, ...]


def _facts() -> list[Fact]:
    facts = []
    for line in (Path(__file__).parent / "kafka_settings.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        kind, name, type_, default, importance, mode, internal, versions = line.split("\t")
        value = None if default == "null" else "" if default == "''" else default
        facts.append(
            Fact(
                kind, name, type_, value, importance, mode, internal == "internal", tuple(versions.split(","))
            )
        )
    return facts


FACTS = _facts()


def test_every_setting_of_kafka_is_known() -> None:
    for kind, table in TABLES.items():
        known = {fact.name for fact in FACTS if fact.kind == kind}
        assert set(table) - known == (NOT_IN_CONFIGDEF | OF_ITS_OWN if kind == "broker" else set())
        assert known - set(table) == set()


def test_counts_that_a_running_kafka_describes() -> None:
    """DescribeConfigs of 4.3.1 lists 340 broker and 33 topic settings; 36 of a topic in 3.9.2."""
    listed = [fact for fact in FACTS if not fact.internal]
    assert len([f for f in listed if f.kind == "broker" and "4.3.1" in f.versions]) == 340
    assert len([f for f in listed if f.kind == "topic" and "4.3.1" in f.versions]) == 33
    assert len([f for f in FACTS if f.kind == "topic" and "3.9.2" in f.versions]) == 36
    assert len(BROKER) >= 340


@pytest.mark.parametrize("kind", TABLES)
def test_rows_agree_with_kafka(kind: str) -> None:
    for fact in (fact for fact in FACTS if fact.kind == kind):
        row = TABLES[kind][fact.name]
        assert (row.type, row.importance, row.internal) == (fact.type, fact.importance, fact.internal), fact
        assert row.kafka_default == fact.default, fact
        assert row.mode == fact.mode, fact


def test_defaults_of_ours_that_differ_are_these() -> None:
    assert {row.name: row.default for row in BROKER.rows() if row.default != row.kafka_default} == OURS
    for table in (TOPIC, GROUP):
        assert [row.name for row in table.rows() if row.default != row.kafka_default] == []


def _all_rows() -> list[Setting]:
    return [row for table in TABLES.values() for row in table.rows()]


def test_every_default_keeps_its_own_rule() -> None:
    for row in _all_rows():
        for default in (row.default, row.kafka_default):
            if default is not None and not (row.name == "broker.id" and default == "-1"):
                assert row.canonical(default) == default, row


def test_every_row_says_what_it_does_and_how_it_is_handled() -> None:
    for row in _all_rows():
        assert row.doc.endswith("."), row
        assert row.doc[0].isupper() or row.doc[0] == "`", row
        assert len(row.doc) <= 120, row
        assert row.importance in ("high", "medium", "low"), row
        if row.handling == "ignored":
            assert row.why in REASONS, row
        elif row.handling == "refused":
            assert row.why in REFUSALS, row
        else:
            assert row.handling == "used", row
            assert row.why == "", row


def test_handled_finds_rows_without_parsing_them() -> None:
    for table in TABLES.values():
        for handling in ("used", "ignored", "refused"):
            assert list(table.handled(handling)) == [r.name for r in table.rows() if r.handling == handling]


def test_synonyms_name_settings_of_the_same_type() -> None:
    for name, behind in SYNONYMS.items():
        assert TOPIC[name].type == BROKER[behind].type, name
    for family in FAMILIES:
        assert all(member in BROKER for member in family)


def test_nearest_is_a_hint_and_not_a_guess() -> None:
    assert BROKER.nearest("num.partitons") == "num.partitions"
    assert BROKER.nearest("log.retention.mss") == "log.retention.ms"
    assert BROKER.nearest("xyzzy") is None


def test_a_table_may_have_headings_and_blank_lines() -> None:
    text = """
# one
a.b | int 1 | >=0 | low | read-only | used
    A.

# two
c | string '' |  | low* | read-only | ignored:later
    C.
"""
    table = Table(text)
    assert list(table) == ["a.b", "c"]
    assert table["a.b"].default == "1"
    assert table["c"].default == ""
    assert table["c"].internal
    assert table.get("d") is None
