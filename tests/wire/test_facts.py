"""Every declaration, field by field, against Kafka's own message definitions of 4.3.1 and 3.9.2.

Compared is what each version of each message looks like: order, name, type, nullable, tag, default, encoding, after common
structs are put in their places. Where both lines have a version, 4.3.1 is right.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.wire.kafka_facts import CHANGED_BETWEEN_THE_LINES, CURRENT, OLD, defined, kafka, versions
from wire.catalog import all_messages
from wire.describe import schema
from wire.schema import versions_of


@cache
def ours() -> dict[str, Any]:
    return {m["name"]: m for m in schema(all_messages())["messages"]}


def default_of(field: dict[str, Any]) -> Any:
    """A default that says something; 4 spellings of "nothing special" become None. One is JSON's null: Kafka's generator
    takes only the text "null" for it, and the classes of four fields have an empty array or struct."""
    value = field.get("default")
    if value == "null":
        return value
    if isinstance(value, str):
        if value in ("true", "false"):
            value = value == "true"
        elif value and field["type"] not in ("string", "bytes"):
            value = int(value, 0)
    return value or None


def fields_in(message: dict[str, Any], version: int) -> tuple[Any, ...]:
    """What a version looks like, as nested tuples."""
    flexible = version in versions_of(message.get("flexibleVersions", "none"))
    common = {struct["name"]: struct["fields"] for struct in message.get("commonStructs", [])}

    def expand(fields: list[dict[str, Any]]) -> tuple[Any, ...]:
        return tuple(
            (
                field["name"],
                field["type"],
                version in versions_of(field.get("nullableVersions", "none")),
                field["tag"] if version in versions_of(field.get("taggedVersions", "none")) else None,
                default_of(field),
                flexible and version in versions_of(field.get("flexibleVersions", "0+")),
                expand(inner)
                if (inner := field.get("fields") or common.get(field["type"].removeprefix("[]")))
                else (),
            )
            for field in fields
            if version in versions_of(field["versions"])
        )

    return (flexible, *expand(message["fields"]))


def without_tag_order(layout: Any) -> Any:
    """Tagged fields have no place of their own: behind the others, by tag."""
    if not isinstance(layout, tuple):
        return layout
    parts = tuple(without_tag_order(part) for part in layout)
    if parts and all(isinstance(part, tuple) and len(part) == 7 for part in parts):
        return tuple(
            sorted(parts, key=lambda part: (part[3] is not None, part[3] or 0))
        )  # stable for the untagged
    return parts


def layout(message: dict[str, Any], version: int) -> Any:
    flexible, *fields = fields_in(message, version)
    return flexible, without_tag_order(tuple(fields))


def definitions(line: str) -> dict[tuple[str, int], Any]:
    """(our name, our version) -> layout."""
    return {(each.name, each.version): layout(each.definition, each.kafka_version) for each in defined(line)}


def declared() -> dict[tuple[str, int], Any]:
    return {
        (name, version): layout(message, version)
        for name, message in ours().items()
        for version in versions(message)
    }


def test_every_version_of_the_current_line_is_declared_as_kafka_defines_it() -> None:
    mine = declared()
    wrong = {
        key: (mine.get(key), theirs)
        for key, theirs in definitions(CURRENT).items()
        if mine.get(key) != theirs
    }
    assert wrong == {}


def test_every_version_of_the_old_line_is_declared_as_kafka_defined_it_or_as_kafka_changed_it() -> None:
    mine, current = declared(), definitions(CURRENT)
    wrong = {key for key, theirs in definitions(OLD).items() if mine.get(key) != theirs}
    assert wrong == CHANGED_BETWEEN_THE_LINES
    assert all(mine[key] == current[key] for key in wrong)


def test_nothing_is_declared_that_kafka_does_not_have() -> None:
    assert declared().keys() == definitions(CURRENT).keys() | definitions(OLD).keys()


def test_api_keys_kinds_and_record_types() -> None:
    for name, message in ours().items():
        theirs = kafka(CURRENT).get(name) or kafka(OLD)[name]
        if theirs["type"] == "data" and name.startswith(
            "ShareGroupPartitionMetadata"
        ):  # 3.9 only, and has no types
            continue
        assert (message["type"], message.get("apiKey")) == (theirs["type"], theirs.get("apiKey")), name


def test_count_of_messages_and_versions() -> None:
    """Of the 817 versions in both lines 10 are stored keys under a second number, and one value has two names."""
    assert (len(ours()), len(declared())) == (250, 806)


@pytest.mark.parametrize("change", ["drop", "swap", "type", "default", "nullable"])
def test_the_comparison_notices_a_change(change: str) -> None:
    message = json.loads(json.dumps(ours()["FetchRequest"]))
    before = layout(message, 12)
    fields = message["fields"]
    if change == "drop":
        fields.pop()
    elif change == "swap":
        fields[4], fields[5] = fields[5], fields[4]
    elif change == "type":
        fields[4]["type"] = "int64"
    elif change == "default":
        fields[4]["default"] = "7"
    else:
        fields[-1]["nullableVersions"] = "12+"
    assert layout(message, 12) != before
