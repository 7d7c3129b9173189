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

from wire import check, reference
from wire.building import BuilderWriter
from wire.errors import WireError
from wire.parsing import ParserWriter
from wire.resolve import GroupStruct

if TYPE_CHECKING:
    from wire.schema import Builder, Message, Parser

# What bad input, and what a bad object, can raise.
PARSE_FAILURES = (WireError, struct.error, IndexError, UnicodeDecodeError, OverflowError)
BUILD_FAILURES = (WireError, struct.error, TypeError, AttributeError, ValueError, OverflowError)


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
    out = ParserWriter(quick=other is not None)

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


def make_builder(message: Message, version: int) -> Builder:
    """build(obj) -> list of buffers for one version of a message."""
    tree = message.struct(version)
    out = BuilderWriter()

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
