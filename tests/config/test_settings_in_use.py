"""The tables against the code and the docs: a setting marked as used is read somewhere, and what is read is marked so."""

from __future__ import annotations

import re
from pathlib import Path

from pykbroker.config.broker import BROKER, FAMILIES
from pykbroker.config.document import page
from pykbroker.config.topic import FOR_ALL_TOPICS, SYNONYMS, TOPIC
from pykbroker.config.topic_settings import TopicSettings

ROOT = Path(__file__).parents[2]

ACTS_WHILE_LOADING = {
    "controller.listener.names",
    "listener.security.protocol.map",
    "listeners",
    "advertised.listeners",
    "log.dir",
    "log.dirs",
    "max.connections.per.ip.overrides",
    "node.id",
}
"""What config/loading.py turns into listeners, paths and numbers."""

_READ = re.compile(r'\.(?:integer|boolean|text|listing|number|integer_or_none|family_ms)\(\s*"([a-z.]+)"')


def _code() -> str:
    files = (ROOT / "pykbroker").rglob("*.py")
    return "\n".join(file.read_text() for file in files if "config" not in file.relative_to(ROOT).parts)


def test_what_the_code_reads_is_marked_as_used() -> None:
    read = set(_READ.findall(_code()))
    assert read
    assert {name for name in read if BROKER[name].handling != "used"} == set()


def test_what_is_marked_as_used_is_read() -> None:
    """Nobody shall turn a knob that is not connected."""
    code = _code()
    behind_topics = {*SYNONYMS.values(), *FOR_ALL_TOPICS.values()} | {
        member for family in FAMILIES for member in family
    }
    unread = [
        name
        for name in BROKER.handled("used")
        if f'"{name}"' not in code and name not in behind_topics | ACTS_WHILE_LOADING
    ]
    assert unread == []


def test_topic_settings_marked_as_used_are_those_that_logs_and_partitions_read() -> None:
    code = _code()
    for name in TOPIC.handled("used"):
        field = name.replace(".", "_")
        if name != "internal.segment.bytes":
            assert field in TopicSettings.__dataclass_fields__, name
        acts = (
            f".{field}" in code
            or f'"{name}"' in code
            or name in ("message.timestamp.type", "internal.segment.bytes")
        )
        assert acts, name


def test_a_topic_setting_and_the_broker_setting_behind_it_are_handled_alike() -> None:
    for name, behind in SYNONYMS.items():
        assert TOPIC[name].handling == BROKER[behind].handling, name


def test_the_page_of_settings_is_fresh() -> None:
    """After a change: python -m pykbroker.config.document > docs/settings.md"""
    assert (ROOT / "docs" / "settings.md").read_text() == page()
