"""Kafka's own classes read what is built here as the same values, write it again as the same bytes, and build the same
bytes from the values alone; and the tables of facts are what is in their jars.

Every version of every message that 4.3.1 and 3.9.2 have, but those of 3.9.2 that 4.x changed: they are declared as 4.x has
them. Skipped, with the reason, where Java or the jars are missing.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from tests.wire.declared import by_name, random_object
from tests.wire.facts.make import definitions
from tests.wire.kafka_classes import Form, Unavailable, jars, reread
from tests.wire.kafka_facts import CHANGED_BETWEEN_THE_LINES, CURRENT, OLD, Defined, defined
from wire.messages.fetch import FetchRequest, FetchTopic

ROUNDS = 3
LEFT_OUT = {CURRENT: set(), OLD: CHANGED_BETWEEN_THE_LINES}
IN_JAVA = {"request": "Data", "response": "Data", "header": "Data"}  # what a class has behind Kafka's name

pytestmark = pytest.mark.timeout(180)  # the first run waits for Maven


class Case(NamedTuple):
    """An object, as it is built here."""

    defined: Defined
    made: Any
    data: bytes

    @property
    def label(self) -> str:
        return f"{self.defined.name} v{self.defined.version}"

    def form(self, records: bool) -> dict[str, Any]:
        message = by_name(self.defined.name)
        version = self.defined.version
        return Form(version, message.flexible_version(version), records).of(message, self.made)

    def job(self) -> dict[str, Any]:
        definition = self.defined.definition
        return {
            "class": definition["name"] + IN_JAVA.get(definition["type"], ""),
            "version": self.defined.kafka_version,
            "bytes": base64.b64encode(self.data).decode(),
            "value": self.form(records=True),
        }

    def differences(self, answer: dict[str, Any]) -> list[str]:
        """What Kafka's class sees or does otherwise."""
        if "value" not in answer:
            return [f"{self.label}: {answer}"]
        built, again = (base64.b64decode(answer[name]) for name in ("built", "bytes"))
        found = []
        if answer["left"] or again != self.data:
            found.append(f"{self.label}: {again.hex()} and {answer['left']} bytes for {self.data.hex()}")
        if answer["value"] != self.form(records=False):
            found.append(f"{self.label}: {answer['value']} for {self.form(records=False)}")
        message = by_name(self.defined.name)
        theirs = without_unknown_tags(self.made)
        if message.parse(self.defined.version, built) != (theirs, len(built)):
            found.append(f"{self.label}: {built.hex()} is not {theirs}")
        return found


def without_unknown_tags(made: Any) -> Any:
    """A copy: JSON has none."""
    if isinstance(made, list):
        return [without_unknown_tags(element) for element in made]
    if not hasattr(made, "_group"):
        return made
    return made._group(
        **{field.name: without_unknown_tags(getattr(made, field.name)) for field in made._group.fields}
    )


def cases(line: str) -> list[Case]:
    random = Random(line)
    made = []
    for each in defined(line):
        if (each.name, each.version) in LEFT_OUT[line]:
            continue
        message = by_name(each.name)
        for _ in range(ROUNDS):
            obj = random_object(message, each.version, message.flexible_version(each.version), random)
            made.append(Case(each, obj, b"".join(message.build(each.version, obj))))
    return made


def asked(line: str, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    try:
        return reread(line, jobs)
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("line", [CURRENT, OLD])
def test_kafka_sees_the_same_values_and_writes_the_same_bytes(line: str) -> None:
    wanted = cases(line)
    answers = asked(line, [case.job() for case in wanted])
    wrong = [text for case, answer in zip(wanted, answers, strict=True) for text in case.differences(answer)]
    assert wrong[:5] == []


def test_every_version_that_is_declared_is_compared() -> None:
    compared = {(case.defined.name, case.defined.version) for line in LEFT_OUT for case in cases(line)}
    assert compared == {(each.name, each.version) for line in LEFT_OUT for each in defined(line)}


def test_a_difference_is_noticed() -> None:
    (each,) = (each for each in defined(CURRENT) if (each.name, each.version) == ("FetchRequest", 12))
    right = FetchRequest(max_wait_ms=5, topics=[FetchTopic(topic="t")])
    data = b"".join(FetchRequest.build(12, right))
    good = Case(each, right, data)
    other = FetchRequest(max_wait_ms=6, topics=[FetchTopic(topic="t")])
    renamed = Defined(each.name, each.version, {"name": "NoSuchMessage", "type": "data"}, 12)
    bad = [
        Case(each, other, data),
        Case(each, right, data + b"\0"),
        Case(each, right, data[:-1]),
        Case(each._replace(kafka_version=17), right, data),
        Case(renamed, right, data),
    ]
    answers = asked(CURRENT, [case.job() for case in [good, *bad]])
    assert good.differences(answers[0]) == []
    assert all(case.differences(answer) for case, answer in zip(bad, answers[1:], strict=True))
    assert "missing" in answers[-1]


@pytest.mark.parametrize("line", [CURRENT, OLD])
def test_the_tables_of_facts_are_those_of_the_jars(line: str) -> None:
    try:
        theirs = definitions(sorted(jars(line).glob("kafka-*.jar")))
    except Unavailable as reason:
        pytest.skip(str(reason))
    text = Path(__file__).with_name("facts").joinpath(f"kafka-{line}.json").read_text()
    assert json.loads(text)["messages"] == theirs
