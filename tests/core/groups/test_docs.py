"""docs/groups.md shows the table of states as it is."""

from __future__ import annotations

from pathlib import Path

from pykbroker.core.groups.states import diagram

DOCS = Path(__file__).parents[3] / "docs" / "groups.md"


def test_the_diagram_is_made_from_the_table() -> None:
    drawn = DOCS.read_text().split("```mermaid\n")[1].split("\n```")[0]
    assert drawn == diagram(), f"put this into docs/groups.md:\n{diagram()}"
