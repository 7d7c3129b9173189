"""Makes the tables of facts beside this file from Kafka's jars, which hold every message definition as JSON.

    python make.py VERSION JAR...     (kafka-clients and the group, transaction and share coordinators, of one version)

Only facts are kept: names, types, versions, tags, defaults and the order of fields. One line per message.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MESSAGE = ("name", "type", "apiKey", "validVersions", "flexibleVersions")
FIELD = (
    "name",
    "type",
    "versions",
    "nullableVersions",
    "tag",
    "taggedVersions",
    "flexibleVersions",
    "default",
)


def distil_field(field: dict[str, Any]) -> dict[str, Any]:
    kept = {name: field[name] for name in FIELD if name in field}
    kept.setdefault("versions", field.get("taggedVersions", "0+"))
    if "tag" in kept:
        kept["tag"] = int(kept["tag"])  # once it is a text
    if "fields" in field:
        kept["fields"] = [distil_field(inner) for inner in field["fields"]]
    return kept


def distil(message: dict[str, Any]) -> dict[str, Any]:
    kept = {name: message[name] for name in MESSAGE if name in message}
    kept["fields"] = [distil_field(field) for field in message.get("fields", [])]
    if message.get("commonStructs"):
        kept["commonStructs"] = [
            {"name": struct["name"], "fields": [distil_field(field) for field in struct["fields"]]}
            for struct in message["commonStructs"]
        ]
    return kept


def definitions(jars: Iterable[Path]) -> list[dict[str, Any]]:
    """What the jars hold, by name."""
    messages = {}
    for jar in jars:
        with zipfile.ZipFile(jar) as archive:
            for name in archive.namelist():
                if name.startswith("common/message/") and name.endswith(".json"):
                    text = re.sub(r"(?m)^\s*//.*$", "", archive.read(name).decode())
                    message = json.loads(text)
                    messages[message["name"]] = message
    return [distil(messages[name]) for name in sorted(messages)]


def main(version: str, *jars: str) -> None:
    lines = [json.dumps(message, separators=(",", ":")) for message in definitions(map(Path, jars))]
    text = f'{{"kafka":"{version}","messages":[\n' + ",\n".join(lines) + "\n]}\n"
    Path(__file__).with_name(f"kafka-{version}.json").write_text(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
