"""The HTML page: a table API x version x feature, and each failure with what was sent, expected and came."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from conformance.report.results import VERDICTS, Results


def page(results: Results) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    apis = list(results.by_api())
    versions = range(max((r.version or 0 for r in results.checks.values()), default=0) + 1)
    template = environment.get_template("page.html.jinja")
    return template.render(results=results, apis=apis, versions=versions, verdicts=VERDICTS)
