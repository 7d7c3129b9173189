"""`python -m wire`: the declared protocol, for people and for other programs."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from wire.catalog import all_messages
from wire.describe import schema


def main(arguments: list[str] | None = None) -> int:
    """Exit codes: 0 done, 1 no such message, 2 wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m wire", description="Kafka's protocol as it is declared here."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    show = commands.add_parser("schema", help="print declarations")
    show.add_argument("name", nargs="*", help="messages, as FetchRequest; all unless given")
    show.add_argument(
        "--json", action="store_true", help="as data, in the form of Kafka's message definitions"
    )
    options = parser.parse_args(arguments)
    return print_schema(options.name, options.json)


def print_schema(names: list[str], as_json: bool) -> int:
    """Print these messages, or all."""
    messages = all_messages()
    unknown = set(names) - {message.name for message in messages}
    if unknown:
        print(f"no such message: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 1
    data = schema([message for message in messages if not names or message.name in names])
    if as_json:
        import json

        json.dump(data, sys.stdout, indent=1)
        print()
    else:
        for message in data["messages"]:
            print_message(message)
    return 0


def print_message(message: dict[str, Any]) -> None:
    """One message as indented lines."""
    key = f" key {message['apiKey']}" if "apiKey" in message else ""
    print(
        f"{message['name']} ({message['type']}{key}) {message['validVersions']}, flexible {message['flexibleVersions']}"
    )
    print_fields(message["fields"], 1)


def print_fields(fields: list[dict[str, Any]], depth: int) -> None:
    """Fields below each other, those of structs further in."""
    for field in fields:
        notes = [f"{word} {field[key]}" for word, key in _NOTES if key in field]
        print(f"{'  ' * depth}{field['name']}: {field['type']} {field['versions']}{', '.join(['', *notes])}")
        print_fields(field.get("fields", []), depth + 1)


_NOTES = (("nullable", "nullableVersions"), ("tag", "tag"), ("in", "taggedVersions"), ("default", "default"))


if __name__ == "__main__":
    sys.exit(main())
