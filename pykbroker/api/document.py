"""Writes docs/protocol.md from the declarations and the table: `python -m pykbroker.api.document > docs/protocol.md`.

`wire` declares what Kafka speaks, `pykbroker.api.table` what is answered here; this joins the two. A test holds the page
against it, so that it cannot grow old.
"""

from __future__ import annotations

from collections.abc import Iterator

from pykbroker.api.table import APIS, BY_KEY, Api
from wire.catalog import all_messages, apis
from wire.headers import request_header_version, response_header_version
from wire.schema import LATEST, Message, Versions

_INTRODUCTION = """\
# Protocol

<!-- made by `python -m pykbroker.api.document`; edit wire/messages and pykbroker/api/table.py instead -->

Every API of Apache Kafka 3.9 and 4.3 is declared in `wire/messages`, in all its versions. What is served is what
ApiVersions announces: a version stands there only with its whole meaning. A request for anything else is refused as Kafka
does it, by the end of the connection (ApiVersions alone is always answered, so that a client can learn what is spoken).

`python -m wire show NAME --version N` prints the layout of a message, `python -m wire decode` tells what bytes mean;
[wire.md](wire.md) has examples.

*flexible*: the first version with compact encoding and tagged fields (KIP-482). *headers*: the versions of the headers in
front of request and response in the oldest and the newest version, as in `1 / 0 to 2 / 1`.
"""


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    declared = apis()
    yield _INTRODUCTION
    yield f"## Served: {len(APIS)} of {len(declared)}\n"
    yield "| key | API | served | declared | flexible | headers | remark |\n|---|---|---|---|---|---|---|"
    for key, (request, response) in declared.items():
        if key in BY_KEY:
            yield _served(BY_KEY[key], request, response)
    yield "\n## Declared, not served\n"
    yield "| key | API | declared | flexible | headers |\n|---|---|---|---|---|"
    for key, (request, response) in declared.items():
        if key not in BY_KEY:
            yield f"| {key} | {_name(request)} | {' | '.join(_facts(request, response))} |"
    yield "\n## Stored records and what is carried inside messages\n"
    yield "| message | kind | type | versions | flexible |\n|---|---|---|---|---|"
    for message in all_messages():
        if message.kind in ("key", "value", "data"):
            kind = "inside others" if message.kind == "data" else f"record {message.kind}"
            number = "" if message.key is None else message.key
            yield f"| {message.name} | {kind} | {number} | {message.versions} | {_flexible(message)} |"


def _served(api: Api, request: Message, response: Message) -> str:
    remarks = []
    if api.lowest > request.versions.first:
        remarks.append(f"below {api.lowest} gone since Kafka 4.0 (KIP-896)")
    if api.highest < request.versions.last:
        remarks.append(f"above {api.highest} not yet")
    served = Versions(api.lowest, api.highest)
    return f"| {api.key} | {api.name} | {served} | {' | '.join(_facts(request, response))} | {'; '.join(remarks)} |"


def _facts(request: Message, response: Message) -> Iterator[str]:
    """The cells declared, flexible, headers."""
    assert request.versions == response.versions
    yield str(request.versions)
    yield _flexible(request)
    oldest, newest = (_headers(request, version) for version in request.versions)
    yield oldest if oldest == newest else f"{oldest} to {newest}"


def _headers(request: Message, version: int) -> str:
    assert request.key is not None
    return f"{request_header_version(request.key, version)} / {response_header_version(request.key, version)}"


def _flexible(message: Message) -> str:
    flexible = message.flexible
    if flexible.first > min(flexible.last, message.versions.last):
        return "no"
    return f"{flexible.first}+" if flexible.last == LATEST else str(flexible)


def _name(request: Message) -> str:
    return request.name.removesuffix("Request")


if __name__ == "__main__":
    print(page(), end="")
