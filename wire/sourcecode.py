"""What the writers of parsers and builders have in common: lines of a function, and the names it uses."""

from __future__ import annotations

import struct
from typing import Any

from wire.errors import WireError
from wire.runtime import fail

NULL = "null, but it is not nullable"
SHORT_ARRAY = 10  # numbers: replicas of a partition and the like, for which a compiled format is kept

_structs: dict[str, struct.Struct] = {}


def struct_of(fmt: str) -> struct.Struct:
    """The compiled `struct` of a format, shared by all messages."""
    found = _structs.get(fmt)
    if found is None:
        found = _structs[fmt] = struct.Struct(">" + fmt)
    return found


class SourceWriter:
    """Lines of a function, and the names that it uses."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.depth = 2  # within def and try
        self.names: dict[str, Any] = {"W": WireError, "fail": fail}
        self._count = 0
        self._constants: dict[int, str] = {}

    def put(self, line: str) -> None:
        self.lines.append("    " * self.depth + line)

    def name(self, prefix: str) -> str:
        """A new local name."""
        self._count += 1
        return f"{prefix}{self._count}"

    def constant(self, value: Any, prefix: str) -> str:
        """A global name for a value."""
        key = id(value)
        if key not in self._constants:
            self._constants[key] = self.name(prefix)
            self.names[self._constants[key]] = value
        return self._constants[key]

    def literal(self, value: Any) -> str:
        """An expression for a field's default."""
        if value is None or value == () or isinstance(value, bool | int | str):
            return repr(value)
        return self.constant(value, "D")

    def compile(self, head: str, tail: list[str], label: str) -> Any:
        source = "\n".join((head, "    try:", *self.lines, *tail))
        exec(compile(source, f"<wire {label}>", "exec"), self.names)
        return self.names["generated"]
