"""ListGroups: all groups of a broker, by state and type."""

from __future__ import annotations

from typing import Any

import pytest

from conformance import Kafka, case
from conformance.groups import emptied, joined, lasting_group, stable
from wire.messages.list_groups import ListGroupsRequest

FEATURE = "classic groups"


def listed(kafka: Kafka, **filters: Any) -> dict[str, Any]:
    """Group id -> row, over all brokers."""
    rows = {}
    for node in kafka.nodes:
        answer = kafka.ask(ListGroupsRequest(**filters), to=node)
        assert answer.error_code == 0
        rows |= {row.group_id: row for row in answer.groups}
    return rows


@case(ListGroupsRequest, feature=FEATURE, why="GroupMetadataManager.listGroups")
def test_groups_are_listed(kafka: Kafka) -> None:
    """All groups are listed with their protocol type: with members, without, and of offsets alone (no type)."""
    (member,) = stable(kafka, protocol_type="connect", protocols={"default": b""})
    types = {member.group: "connect", emptied(kafka): "consumer", lasting_group(kafka): ""}
    rows = listed(kafka)
    assert {group: rows[group].protocol_type for group in types} == types


@case(ListGroupsRequest, feature=FEATURE, why="GroupMetadataManager.listGroups")
def test_unknown_groups_are_not_listed(kafka: Kafka) -> None:
    """A group that nobody has joined and nobody committed to is not there."""
    assert kafka.group() not in listed(kafka)


@case(ListGroupsRequest, versions="4+", feature=FEATURE, why="KIP-518")
def test_states_are_told(kafka: Kafka) -> None:
    """From v4 on each group's state is told."""
    (running,) = stable(kafka)
    (joining,) = joined(kafka)
    states = {running.group: "Stable", joining.group: "CompletingRebalance", emptied(kafka): "Empty"}
    rows = listed(kafka)
    assert {group: rows[group].group_state for group in states} == states


@case(ListGroupsRequest, versions="4+", feature=FEATURE, why="KIP-518")
@pytest.mark.parametrize("wanted", ["Stable", "stable", "STABLE"])
def test_one_state(kafka: Kafka, wanted: str) -> None:
    """From v4 on groups of one state are listed on request, in any case of its letters."""
    (running,) = stable(kafka)
    empty = emptied(kafka)
    rows = listed(kafka, states_filter=[wanted])
    assert running.group in rows
    assert empty not in rows
    assert {row.group_state for row in rows.values()} == {"Stable"}


@case(ListGroupsRequest, versions="4+", feature=FEATURE, why="KIP-518")
def test_several_states(kafka: Kafka) -> None:
    """Groups of any of several states are listed."""
    (running,) = stable(kafka)
    (joining,) = joined(kafka)
    empty = emptied(kafka)
    rows = listed(kafka, states_filter=["Empty", "CompletingRebalance"])
    assert {joining.group, empty} <= set(rows)
    assert running.group not in rows


@case(ListGroupsRequest, versions="4+", feature=FEATURE, why="KIP-518")
def test_an_unknown_state(kafka: Kafka) -> None:
    """A state that does not exist is no error: nothing is listed."""
    lasting_group(kafka)
    assert listed(kafka, states_filter=["Sleeping"]) == {}


@case(ListGroupsRequest, versions="5+", feature=FEATURE, why="KIP-848")
def test_types_are_told(kafka: Kafka) -> None:
    """From v5 on each group's type is told: classic."""
    (member,) = stable(kafka)
    assert listed(kafka)[member.group].group_type == "classic"


@case(ListGroupsRequest, versions="5+", feature=FEATURE, why="KIP-848")
@pytest.mark.parametrize("wanted", [["classic"], ["CLASSIC"], ["Classic", "Consumer"]])
def test_one_type(kafka: Kafka, wanted: list[str]) -> None:
    """From v5 on groups of a type are listed on request, in any case of its letters."""
    group = lasting_group(kafka)
    assert group in listed(kafka, types_filter=wanted)


@case(ListGroupsRequest, versions="5+", feature=FEATURE, why="KIP-848")
@pytest.mark.parametrize("wanted", ["consumer", "nonsense"])
def test_another_type(kafka: Kafka, wanted: str) -> None:
    """Groups of another type, or of one that does not exist, are other groups, or none."""
    group = lasting_group(kafka)
    assert group not in listed(kafka, types_filter=[wanted])


@case(ListGroupsRequest, versions="5+", feature=FEATURE, why="KIP-848")
def test_type_and_state(kafka: Kafka) -> None:
    """Of a state and a type both must fit."""
    group = lasting_group(kafka)
    assert group in listed(kafka, types_filter=["classic"], states_filter=["Empty"])
    assert group not in listed(kafka, types_filter=["classic"], states_filter=["Stable"])
