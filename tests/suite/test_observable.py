"""The settings that make all observable are printed in README as they are used."""

from __future__ import annotations

from pathlib import Path

COMPAT = Path(__file__).parents[2] / "compat-tests"


def test_readme_prints_the_file() -> None:
    settings = (COMPAT / "reference" / "observable.properties").read_text()
    assert f"```properties\n{settings}```" in (COMPAT / "README.md").read_text()
