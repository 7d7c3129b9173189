"""Writes the source of parse(buf, pos, end); see `wire.codegen`."""

from __future__ import annotations

import struct
from functools import cache
from typing import Any

from construct import FormatField

from wire.primitives import Array, NullableStruct, Records, Sized, String, TagSection, Uuid, smallest
from wire.resolve import GroupStruct
from wire.runtime import long_string, long_varint, next_tag, unknown_fields, varint
from wire.sourcecode import NULL, SHORT_ARRAY, SourceWriter, struct_of


@cache
def short_unpackers(letter: str) -> tuple[Any, ...]:
    """unpack_from of short arrays of a number type, by count."""
    return tuple(struct_of(f"{count}{letter}").unpack_from for count in range(SHORT_ARRAY))


class ParserWriter(SourceWriter):
    """Writes parse(buf, pos, end)."""

    def __init__(self, quick: bool) -> None:
        super().__init__()
        self.quick = quick  # buf is bytes
        self.pending: list[tuple[str, str]] = []  # (format letter, where the value goes)
        self.names.update(LV=long_varint, LS=long_string, unknown=unknown_fields, tag=next_tag, varint=varint)
        self.names.update(new=object.__new__, unpack_from=struct.unpack_from)

    def text(self, piece: str) -> str:
        return f"{piece}.decode()" if self.quick else f"str({piece}, 'utf-8')"

    def data(self, piece: str) -> str:
        return piece if self.quick else f"bytes({piece})"

    def read(self) -> int:
        """Read the pending run; the caller moves the position by the returned size."""
        fmt = "".join(letter for letter, _ in self.pending)
        targets = ", ".join(target for _, target in self.pending)
        self.pending.clear()
        if fmt == "B":
            self.put(f"{targets} = buf[pos]")
            return 1
        compiled = struct_of(fmt)
        self.put(f"{targets}, = {self.constant(compiled.unpack_from, 'U')}(buf, pos)")
        return compiled.size

    def flush(self) -> None:
        """Read the pending run, if any, and move behind it."""
        if self.pending:
            self.put(f"pos += {self.read()}")

    def new_object(self, tree: GroupStruct, target: str = "") -> str:
        """A fresh object, with defaults where this version has no value."""
        var = self.name("o")
        cls = self.constant(tree.group.cls, "C")
        self.put(f"{var} = {target}new({cls})")
        attributes: dict[str, list[str]] = {}
        absent = [
            *tree.absent,
            *(field for sub in tree.subcons for field in getattr(sub.subcon, "fields", ())),
        ]
        for field in absent:
            attributes.setdefault(self.literal(field.default), []).append(f"{var}.{field.name}")
        attributes.setdefault("None", []).append(f"{var}.{TagSection.UNKNOWN}")
        for value, targets in attributes.items():
            self.put(f"{' = '.join(targets)} = {value}")
        return var

    def struct(self, tree: GroupStruct, var: str) -> None:
        """All fields into the object; a run may stay pending."""
        for sub in tree.subcons:
            if isinstance(sub.subcon, TagSection):
                self.tags(sub.subcon, var)
            else:
                self.value(sub.subcon, f"{var}.{sub.name}")

    def value(self, con: Any, target: str) -> None:
        """One value into an attribute."""
        if isinstance(con, FormatField):
            self.pending.append((con.fmtstr[1:], target))
        elif isinstance(con, Uuid):
            self.pending.append(("16s", target))
        elif isinstance(con, GroupStruct):
            self.struct(con, self.new_object(con, f"{target} = "))
        elif isinstance(con, NullableStruct):
            self.nullable_struct(con, target)
        elif isinstance(con, Array):
            self.array(con, target)
        else:
            self.sized(con, target)

    def read_length(self, con: Sized) -> int:
        """The length in front, with the pending run, into n, as written (compact: + 1); the size of the run."""
        self.pending.append(("B" if con.compact else con.classic_length.fmtstr[1:], "n"))
        return self.read()

    def sized(self, con: Sized, target: str) -> None:
        """A string or bytes. Short and there is the quick case."""
        size = self.read_length(con)
        if isinstance(con, String):
            made, long = self.text("buf[start:pos]"), "LS"
        else:
            made, long = self.data("buf[start:pos]"), "LV"
            if isinstance(con, Records):
                made = "memoryview(buf)[start:pos]"
        if con.compact:
            self.put(f"if 0 < n < 128: start = pos + {size}; pos += n + {size - 1}; {target} = {made}")
            null = "None" if con.nullable else f"fail({NULL!r})"
            self.put(f"elif n: n, start = {long}(buf, pos + {size}, n); pos = start + (n and n - 1)")
            self.lines[-1] += f"; {target} = {made} if n else {null}"  # 0 may be written in several bytes
        else:
            self.put(f"if n >= 0: start = pos + {size}; pos = start + n; {target} = {made}")
        self.put(f"else: pos += {size}; {target} = None" if con.nullable else f"else: raise W({NULL!r})")

    def nullable_struct(self, con: NullableStruct, target: str) -> None:
        if con.tagged:
            self.flush()
            self.put("n, pos = varint(buf, pos)")
            self.put("if n:")
        else:
            self.pending.append(("b", "n"))
            self.flush()
            self.put("if n >= 0:")
        self.depth += 1
        self.struct(con.subcon, self.new_object(con.subcon, f"{target} = "))
        self.flush()
        self.depth -= 1
        self.put(f"else: {target} = None")

    def array(self, con: Array, target: str) -> None:
        """A count, judged before anything is made, and its elements."""
        count = self.name("n")
        self.put(f"pos += {self.read_length(con)}")
        if con.compact:
            self.put("if n > 127: n, pos = LV(buf, pos, n)")
        self.put(f"{count} = n{' - 1' if con.compact else ''}")
        self.put(
            f"if {count} * {smallest(con.subcon)} > end - pos: raise W('more elements announced than can follow')"
        )
        if not con.nullable:
            self.put(f"if {count} < 0: raise W({NULL!r})")
            self.elements(con.subcon, target, count)
            return
        self.put(f"if {count} < 0: {target} = None")
        self.put("else:")
        self.depth += 1
        self.elements(con.subcon, target, count)
        self.depth -= 1

    def elements(self, con: Any, target: str, count: str) -> None:
        """`count` elements, which are known to be possible, as a list."""
        if isinstance(con, FormatField):
            letter = con.fmtstr[1:]
            short = self.constant(short_unpackers(letter), "A")
            self.put(f"if {count} < {SHORT_ARRAY}: {target} = list({short}[{count}](buf, pos))")
            self.put(f"else: {target} = list(unpack_from(f'>{{{count}}}{letter}', buf, pos))")
            self.put(f"pos += {count} * {con.length}")
            return
        if isinstance(con, Uuid):
            piece = self.data("buf[start:start + 16]")
            self.put(
                f"start = pos; pos += {count} * 16; {target} = [{piece} for start in range(start, pos, 16)]"
            )
            return
        made = self.name("l")
        self.put(f"{target} = {made} = []")
        if isinstance(con, GroupStruct):
            self.structs(con, made, count)
            return
        self.put(f"while {count}:")
        self.depth += 1
        self.put(f"{count} -= 1")
        self.value(con, "item")
        self.put(f"{made}.append(item)")
        self.depth -= 1

    def structs(self, con: GroupStruct, made: str, count: str) -> None:
        """Structs into the list `made`."""
        fixed = fixed_format(con)
        if fixed is None:
            self.struct_loop(con, made, count)
            return
        fmt, names, tagged = fixed
        compiled = struct_of(fmt + ("x" if tagged else ""))
        self.put(f"stop = pos + {count} * {compiled.size}")
        if tagged:  # all tag sections empty?
            self.put(f"if {count} > 1 and not any(buf[pos + {compiled.size - 1}:stop:{compiled.size}]):")
            self.depth += 1
        self.put(f"for item in {self.constant(compiled.iter_unpack, 'I')}(buf[pos:stop]):")
        self.depth += 1
        var = self.new_object(con)
        self.put(f"{', '.join(f'{var}.{name}' for name in names)}, = item")
        self.put(f"{made}.append({var})")
        self.depth -= 1
        self.put("pos = stop")
        if tagged:
            self.depth -= 1
            self.put("else:")
            self.depth += 1
            self.struct_loop(con, made, count)
            self.depth -= 1

    def struct_loop(self, con: GroupStruct, made: str, count: str) -> None:
        self.put(f"while {count}:")
        self.depth += 1
        self.put(f"{count} -= 1")
        var = self.new_object(con)
        self.put(f"{made}.append({var})")
        self.struct(con, var)
        self.flush()
        self.depth -= 1

    def tags(self, section: TagSection, var: str) -> None:
        self.pending.append(("B", "n"))
        self.flush()
        if not section.fields:
            self.put(f"if n: {var}.{TagSection.UNKNOWN}, pos = unknown(buf, pos, end, n)")
            return
        tag, last, stop, count = (self.name(prefix) for prefix in ("t", "last", "stop", "n"))
        self.put("if n:")
        self.depth += 1
        self.put("if n > 127: n, pos = LV(buf, pos, n)")
        self.put(f"{last} = -1; {count} = n")
        self.put(f"while {count}:")
        self.depth += 1
        self.put(f"{count} -= 1; {tag}, pos, {stop} = tag(buf, pos, end, {last}); {last} = {tag}")
        for i, field in enumerate(section.fields):
            self.put(f"{'el' if i else ''}if {tag} == {field.tag}:")
            self.depth += 1
            self.value(field.subcon, f"{var}.{field.name}")
            self.flush()
            self.put(f"if pos != {stop}: raise W('a tagged field does not fill its size')")
            self.depth -= 1
        self.put("else:")
        kept = f"{var}.{TagSection.UNKNOWN}"
        self.put(f"    if {kept} is None: {kept} = {{}}")
        self.put(f"    {kept}[{tag}] = bytes(buf[pos:{stop}]); pos = {stop}")
        self.depth -= 2


def fixed_format(tree: GroupStruct) -> tuple[str, list[str], bool] | None:
    """(format, names of the fields, whether a tag section follows) of a struct that is fixed values alone; else None."""
    letters: list[str] = []
    names: list[str] = []
    for sub in tree.subcons:
        con = sub.subcon
        if isinstance(con, TagSection):
            return ("".join(letters), names, True) if names else None
        if isinstance(con, FormatField):
            letters.append(con.fmtstr[1:])
        elif isinstance(con, Uuid):
            letters.append("16s")
        else:
            return None
        names.append(sub.name)
    return ("".join(letters), names, False) if names else None
