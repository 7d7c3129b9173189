"""House rules of the conformance suite: differences and known failures that are named exist."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMPAT = ROOT / "compat-tests"


def decorators() -> list[tuple[Path, ast.FunctionDef, ast.Call]]:
    """(file, function, `case(...)`) of every case; a file may have names of its own for a case with some words given."""
    found = []
    for path in sorted((COMPAT / "cases").rglob("test_*.py")):
        tree = ast.parse(path.read_text())
        names = {"case", *_names_of_partial_cases(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                calls = [call for call in node.decorator_list if isinstance(call, ast.Call)]
                found += [(path, node, call) for call in calls if getattr(call.func, "id", "") in names]
    return found


def _names_of_partial_cases(tree: ast.Module) -> Iterator[str]:
    """`a` of `a = partial(case, ...)`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("partial(case,"):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def test_every_difference_that_a_case_names_is_explained() -> None:
    named = {
        word.value.value
        for _, _, call in decorators()
        for word in call.keywords
        if word.arg == "differs" and isinstance(word.value, ast.Constant) and word.value.value
    }
    explained = set(re.findall(r"^\| ([a-z0-9-]+) \|", (ROOT / "docs" / "differences.md").read_text(), re.M))
    assert named <= explained


def test_every_known_failure_is_a_case_and_has_a_reason() -> None:
    cases = {f"{path.relative_to(COMPAT)}::{function.name}" for path, function, _ in decorators()}
    for line in (COMPAT / "known_failures.txt").read_text().splitlines():
        name, _, reason = line.partition("#")
        if name.strip():
            assert name.partition("[")[0].strip() in cases
            assert reason.strip(), f"{name} has no reason"


def test_every_test_in_the_case_folders_is_a_case() -> None:
    cases = {(path, function.name) for path, function, _ in decorators()}
    assert cases
    for path in sorted((COMPAT / "cases").rglob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert (path, node.name) in cases, f"{path.name}: {node.name} has no @case"


def test_every_api_has_a_well_formed_request() -> None:
    """Or stands with its reason among those that are not asked."""
    sys.path.insert(0, str(COMPAT))
    from cases.schema.requests import BUILDERS, CONTROLLERS_OWN, UNUSUAL
    from conformance import all_requests, api_name

    known = BUILDERS.keys() | CONTROLLERS_OWN | UNUSUAL.keys()
    assert {api_name(api) for api in all_requests()} == known
