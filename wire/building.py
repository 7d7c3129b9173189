"""Writes the source of build(obj); see `wire.codegen`."""

from __future__ import annotations

import struct
from functools import cache
from typing import Any

from construct import FormatField

from wire.primitives import Array, NullableStruct, Records, Sized, String, TagSection, Uuid
from wire.resolve import GroupStruct
from wire.runtime import string_length, tag_section, uvarint
from wire.sourcecode import NULL, SHORT_ARRAY, SourceWriter, struct_of

ONE_BYTE = tuple(bytes((n,)) for n in range(128))


@cache
def short_packers(letter: str, length: str) -> tuple[Any, ...]:
    """pack of short arrays of a number type, by count. length: the letter of the count that goes in front, or ""."""
    return tuple(struct_of(f"{length}{count}{letter}").pack for count in range(SHORT_ARRAY))


class BuilderWriter(SourceWriter):
    """Writes build(obj)."""

    def __init__(self) -> None:
        super().__init__()
        self.pending: list[tuple[str, str]] = []  # (format letter, expression)
        self.has_records = False
        self.list = "out"  # the list of pieces that `w` appends to
        self.names.update(
            V=ONE_BYTE, LV=uvarint, LS=string_length, Z=b"\0", pack=struct.pack, section=tag_section
        )

    def packed(self, extra: str = "") -> str:
        """An expression for the pending run; extra: more letters and arguments, as "B n" or "x"."""
        letters, _, argument = extra.partition(" ")
        fmt = "".join(letter for letter, _ in self.pending) + letters
        arguments = [expression for _, expression in self.pending] + ([argument] if argument else [])
        return f"{self.constant(struct_of(fmt).pack, 'P')}({', '.join(arguments)})"

    def flush(self) -> None:
        if self.pending:
            self.put(f"w({self.packed()})")
            self.pending.clear()

    def flush_varint(self, long: str) -> None:
        """The pending run and the varint n behind it."""
        if not self.pending:
            self.put(f"w(V[n] if n < 128 else {long}(n))")
            return
        self.put(f"if n < 128: w({self.packed('B n')})")
        self.put(f"else: w({self.packed()}); w({long}(n))")
        self.pending.clear()

    def struct(self, tree: GroupStruct, var: str) -> None:
        """All fields; a run may stay pending."""
        for sub in tree.subcons:
            if isinstance(sub.subcon, TagSection):
                self.tags(sub.subcon, var)
            else:
                self.value(sub.subcon, f"{var}.{sub.name}")

    def value(self, con: Any, source: str) -> None:
        if isinstance(con, FormatField):
            self.pending.append((con.fmtstr[1:], source))
        elif isinstance(con, Uuid):
            self.put(f"if len({source}) != 16: fail('a uuid is 16 bytes')")
            self.pending.append(("16s", source))
        elif isinstance(con, GroupStruct):
            var = self.name("o")
            self.put(f"{var} = {source}")
            if not con.subcons:
                self.put(f"if {var} is None: fail({NULL!r})")
            self.struct(con, var)
        elif isinstance(con, NullableStruct):
            self.nullable_struct(con, source)
        elif isinstance(con, Array):
            self.array(con, source)
        elif isinstance(con, Records):
            self.records(con, source)
        else:
            self.sized(con, source)

    def length(self, con: Sized, long: str) -> None:
        """The pending run and the length in front; n: as it is written."""
        if con.compact:
            self.flush_varint(long)
        else:
            self.pending.append((con.classic_length.fmtstr[1:], "n"))
            self.flush()

    def sized(self, con: Sized, source: str) -> None:
        var = self.name("s")
        made = f"{source}.encode()" if isinstance(con, String) else f"memoryview({source})"
        plus = " + 1" if con.compact else ""
        if con.nullable:
            self.put(f"{var} = {source}")
            made = made.replace(source, var)
            self.put(f"if {var} is None: {var} = b''; n = {0 if con.compact else -1}")
            self.put(f"else: {var} = {made}; n = len({var}){plus}")
        else:
            self.put(f"{var} = {made}; n = len({var}){plus}")
        self.length(con, "LS" if isinstance(con, String) else "LV")
        self.put(f"w({var})")

    def records(self, con: Records, source: str) -> None:
        self.has_records = True
        var = self.name("r")
        self.put(f"{var} = {source}")
        null = f"{0 if con.compact else -1}" if con.nullable else f"fail({NULL!r})"
        self.put(f"n = {null} if {var} is None else len({var}){' + 1' if con.compact else ''}")
        self.length(con, "LV")
        self.put(f"if {var}: chunks.append(b''.join(out)); out.clear(); chunks.append({var})")

    def nullable_struct(self, con: NullableStruct, source: str) -> None:
        var = self.name("o")
        marker = "B" if con.tagged else "b"
        self.put(f"{var} = {source}")
        self.put(f"if {var} is None: w({self.packed(f'{marker} {0 if con.tagged else -1}')})")
        self.put("else:")
        self.depth += 1
        self.pending.append((marker, "1"))
        self.struct(con.subcon, var)
        self.flush()
        self.depth -= 1

    def array(self, con: Array, source: str) -> None:
        var = self.name("l")
        self.put(f"{var} = {source}")
        plus = " + 1" if con.compact else ""
        if con.nullable:
            self.put(f"if {var} is None: {var} = (); n = {0 if con.compact else -1}")
            self.put(f"else: n = len({var}){plus}")
        else:
            self.put(f"n = len({var}){plus}")
        if isinstance(con.subcon, FormatField):
            self.numbers(con, var)
            return
        self.length(con, "LV")
        item = self.name("e")
        self.put(f"for {item} in {var}:")
        self.depth += 1
        if isinstance(con.subcon, GroupStruct):
            self.struct(con.subcon, item)
            if not con.subcon.subcons:
                self.put("pass")
        else:
            self.value(con.subcon, item)
        self.flush()
        self.depth -= 1

    def numbers(self, con: Array, var: str) -> None:
        """The elements of an array of numbers, whose count is in n; in front, if no run is pending, the count."""
        letter = con.subcon.fmtstr[1:]
        length, head = "", ""
        if self.pending:
            self.length(con, "LV")
        else:
            length, head = "B" if con.compact else con.classic_length.fmtstr[1:], "n, "
        short = self.constant(short_packers(letter, length), "A")
        self.put(f"if len({var}) < {SHORT_ARRAY}: w({short}[len({var})]({head}*{var}))")
        self.put("else:")
        self.depth += 1
        if head:
            self.length(con, "LV")
        self.put(f"w(pack(f'>{{len({var})}}{letter}', *{var}))")
        self.depth -= 1

    def tags(self, section: TagSection, var: str) -> None:
        """The section at the end of a struct: in the common case one zero byte in the last run."""
        unknown = f"{var}.{TagSection.UNKNOWN}"
        differs = [(field, self.differs(field, f"{var}.{field.name}")) for field in section.fields]
        self.put(f"if {' or '.join([unknown, *(text for _, text in differs)])}:")
        self.depth += 1
        if self.pending:
            self.put(f"w({self.packed()})")
        run, self.pending = self.pending, []
        known = self.name("k")
        self.put(f"{known} = {{}}")
        for field, text in differs:
            self.put(f"if {text}:")
            self.depth += 1
            outer, self.list = self.list, self.name("out")
            self.put(f"{known}[{field.tag}] = {self.list} = []; w = {self.list}.append")
            self.value(field.subcon, f"{var}.{field.name}")
            self.flush()
            self.list = outer
            self.depth -= 1
        self.put(f"w = {self.list}.append; {self.list} += section({known}, {unknown})")
        self.depth -= 1
        self.pending = run
        self.put(f"else: w({self.packed('x') if run else 'Z'})")
        self.pending = []

    def differs(self, field: Any, source: str) -> str:
        """An expression: the value is not the default."""
        if field.default is None:
            return f"{source} is not None"
        if field.default == ():
            return f"({source} or {source} is None)"
        if field.default is False:
            return source
        literal = self.literal(field.default)
        if isinstance(field.subcon, GroupStruct):
            return f"({source} is not {literal} and {source} != {literal})"
        return f"{source} != {literal}"
