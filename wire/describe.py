"""Declarations as data, in the form of Kafka's own message definitions (JSON), so that the two can be compared."""

from __future__ import annotations

from typing import Any

from wire.schema import Array, Field, Group, Message

_KINDS = {"key": "coordinator-key", "value": "coordinator-value"}


def schema(messages: list[Message]) -> dict[str, Any]:
    """{"messages": [...]}: what `python -m wire schema --json` prints."""
    return {"messages": [describe(message) for message in messages]}


def describe(message: Message) -> dict[str, Any]:
    """One message. The version of a stored key is its record type, which stands in front of it."""
    data: dict[str, Any] = {"name": message.name, "type": _KINDS.get(message.kind, message.kind)}
    if message.key is not None:
        data["apiKey"] = message.key
    data["validVersions"] = str(message.versions)
    data["flexibleVersions"] = str(message.flexible)
    data["fields"] = [describe_field(field) for field in message.fields]
    return data


def describe_field(field: Field) -> dict[str, Any]:
    """One field, with those of its struct."""
    data: dict[str, Any] = {
        "name": field.kafka_name,
        "type": field.type.name,
        "versions": str(field.versions),
    }
    if field.nullable.first <= field.nullable.last:
        data["nullableVersions"] = str(field.nullable)
    if field.tag is not None:
        data["tag"] = field.tag
        data["taggedVersions"] = str(field.tagged)
    if field.flexible.first > field.flexible.last:
        data["flexibleVersions"] = "none"
    if field.has_default:
        data["default"] = _default_text(field.default)
    element = field.type.element if isinstance(field.type, Array) else field.type
    if isinstance(element, Group):
        data["fields"] = [describe_field(inner) for inner in element.fields]
    return data


def _default_text(value: Any) -> str:
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)
