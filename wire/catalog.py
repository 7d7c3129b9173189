"""All declarations, for tools and tests. A broker imports what it serves, each module for itself."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from wire.schema import Message

PACKAGES = ("wire.messages", "wire.stored")


def all_messages() -> list[Message]:
    """Every message, by name."""
    found: dict[str, Message] = {}
    for package in PACKAGES:
        for module in iter_modules(import_module(package).__path__):
            for value in vars(import_module(f"{package}.{module.name}")).values():
                if isinstance(value, Message):
                    found[value.name] = value
    return [found[name] for name in sorted(found)]


@cache
def apis() -> dict[int, tuple[Message, Message]]:
    """(request, response) by API key, in order. Where an API was renamed (key 74), the declaration with more versions."""
    found: dict[tuple[int | None, str], Message] = {}
    for message in all_messages():
        known = found.get((message.key, message.kind))
        if known is None or known.versions.last < message.versions.last:
            found[message.key, message.kind] = message
    keys = sorted(key for key, kind in found if kind == "request" and key is not None)
    return {key: (found[key, "request"], found[key, "response"]) for key in keys}
