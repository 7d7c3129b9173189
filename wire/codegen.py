"""Straight-line Python for one message version, made from its construct Struct, in memory, at first use.

Construct interprets a tree of objects for every value; this walks the same tree once and writes down what it would do, as
one function without calls in it: some 15 times faster (docs/decisions/0001-wire-codegen.md). What makes the difference:

* A run of numbers, together with the length of the string or array that follows, is one `unpack_from` straight into
  attributes. The last byte of such a run may be the first of a varint; more bytes are fetched only if it says so.
* An array of structs of fixed size is one `iter_unpack`; in flexible versions too, if no element has tagged fields,
  which one look at every n-th byte tells.
* Nothing is checked twice. A slice behind the end is short and the position moves on, so one comparison at the end finds
  every truncation; only counts are compared before a loop, as a peer's number must not buy memory or time.
* Building collects pieces and joins them once; `records` stay pieces of their own.

The input is used as it is. For `bytes` the quick variant is generated; for bytearray and memoryview a second one, at
its first use, that differs in how slices become str and bytes.

What fails here is read or written again by `wire.reference`, which knows the field's name.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from construct import FormatField

from wire import check, reference
from wire.errors import WireError
from wire.primitives import (
    MAX_INT32,
    MAX_STRING_BYTES,
    Array,
    NullableStruct,
    Records,
    Sized,
    String,
    TagSection,
    Uuid,
    check_tag,
    smallest,
    tag_section,
    uvarint,
)
from wire.resolve import GroupStruct

if TYPE_CHECKING:
    from wire.schema import Buffer, Builder, Message, Parser

# What bad input, and what a bad object, can raise.
PARSE_FAILURES = (WireError, struct.error, IndexError, UnicodeDecodeError, OverflowError)
BUILD_FAILURES = (WireError, struct.error, TypeError, AttributeError, ValueError, OverflowError)

NULL = "null, but it is not nullable"
ONE_BYTE = tuple(bytes((n,)) for n in range(128))

_structs: dict[str, struct.Struct] = {}


def struct_of(fmt: str) -> struct.Struct:
    """The compiled `struct` of a format, shared by all messages."""
    found = _structs.get(fmt)
    if found is None:
        found = _structs[fmt] = struct.Struct(">" + fmt)
    return found


# What generated code calls in its rare branches.


def long_varint(buf: Buffer, pos: int, first: int) -> tuple[int, int]:
    """(value, position) of a varint whose first byte, `first`, stands before pos and says that more follow."""
    value = first & 0x7F
    for shift in (7, 14, 21, 28):
        byte = buf[pos]
        pos += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if value > MAX_INT32:
                break
            return value, pos
    raise WireError("a varint beyond the largest int32")


def long_string(buf: Buffer, pos: int, first: int) -> tuple[int, int]:
    """As `long_varint`, for the length of a string."""
    value, pos = long_varint(buf, pos, first)
    if value > MAX_STRING_BYTES + 1:
        raise WireError(f"a string of {value - 1} bytes")
    return value, pos


def next_tag(buf: Buffer, pos: int, end: int, last: int) -> tuple[int, int, int]:
    """(tag, position of its content, position behind it), checked."""
    tag, pos = varint(buf, pos)
    size, pos = varint(buf, pos)
    check_tag(tag, last, size, end - pos)
    return tag, pos, pos + size


def varint(buf: Buffer, pos: int) -> tuple[int, int]:
    """(value, position behind it)."""
    first = buf[pos]
    return (first, pos + 1) if first < 0x80 else long_varint(buf, pos + 1, first)


def unknown_fields(buf: Buffer, pos: int, end: int, count: int) -> tuple[dict[int, bytes] | None, int]:
    """The fields of a section of which none is known."""
    fields: dict[int, bytes] = {}
    last = -1
    if count > 0x7F:
        count, pos = long_varint(buf, pos, count)
    for _ in range(count):
        last, start, pos = next_tag(buf, pos, end, last)
        fields[last] = bytes(buf[start:pos])
    return fields or None, pos  # a count of 0 may be written in several bytes


def string_length(n: int) -> bytes:
    """The length in front of a compact string; n: its bytes + 1."""
    if n > MAX_STRING_BYTES + 1:
        raise WireError(f"a string of {n - 1} bytes")
    return uvarint(n)


def fail(text: str) -> Any:
    """Raise, from within an expression."""
    raise WireError(text)


class _Writer:
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


class _Parser(_Writer):
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
            self.put(
                f"{target} = list(unpack_from(f'>{{{count}}}{con.fmtstr[1:]}', buf, pos)); pos += {count} * {con.length}"
            )
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


def make_parser(message: Message, version: int) -> Parser:
    """parse(buf, pos=0, end=None) -> (obj, position behind it) for one version of a message."""
    tree = message.struct(version)
    general: Any = None

    def parse_other(buf: Any, pos: int, end: int) -> tuple[Any, int]:
        nonlocal general
        if general is None:
            general = _generate_parser(message, version, tree, None)
        result: tuple[Any, int] = general(buf, pos, end)
        return result

    parser: Parser = _generate_parser(message, version, tree, parse_other)
    return check.checked_parser(message, version, parser) if check.enabled() else parser


def _generate_parser(message: Message, version: int, tree: GroupStruct, other: Any) -> Any:
    out = _Parser(quick=other is not None)

    def failed(buf: Any, start: int, end: int, at: int, error: Exception) -> WireError:
        return reference.explain_parse(message, version, buf, start, end, at, error)

    out.names.update(failed=failed, other=other, FAILURES=PARSE_FAILURES)
    var = out.new_object(tree)
    out.struct(tree, var)
    out.flush()
    head = ["def generated(buf, pos=0, end=None):", "    if end is None: end = len(buf)"]
    if out.quick:
        head.append("    if buf.__class__ is not bytes: return other(buf, pos, end)")
    head.append("    begin = pos")
    tail = [
        f"        if pos <= end: return {var}, pos",
        "        raise W('the message ends behind its frame')",
        "    except FAILURES as error:",
        "        raise failed(buf, begin, end, pos, error) from None",
    ]
    return out.compile("\n".join(head), tail, f"{message.name} v{version} parse")


class _Builder(_Writer):
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
        self.length(con, "LV")
        if isinstance(con.subcon, FormatField):
            self.put(f"if {var}: w(pack(f'>{{len({var})}}{con.subcon.fmtstr[1:]}', *{var}))")
            return
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


def make_builder(message: Message, version: int) -> Builder:
    """build(obj) -> list of buffers for one version of a message."""
    tree = message.struct(version)
    out = _Builder()

    def failed(obj: Any, error: Exception) -> WireError:
        return reference.explain_build(message, version, obj, error)

    out.names.update(failed=failed, FAILURES=BUILD_FAILURES)
    out.struct(tree, "obj")
    out.flush()
    head = ["def generated(obj):", "    out = []; w = out.append"]
    tail = ["        return [b''.join(out)]"]
    if out.has_records:
        head.append("    chunks = []")
        tail = ["        if out: chunks.append(b''.join(out))", "        return chunks"]
    tail += ["    except FAILURES as error:", "        raise failed(obj, error) from None"]
    if not out.lines:
        out.put("pass")
    builder: Builder = out.compile("\n".join(head), tail, f"{message.name} v{version} build")
    return check.checked_builder(message, version, builder) if check.enabled() else builder
