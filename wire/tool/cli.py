"""The arguments of `python -m wire`, and what each command prints.

Exit codes: 0 done; 1 the input is not what it should be (what could be read is printed all the same); 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wire.catalog import all_messages
from wire.describe import schema
from wire.errors import WireError
from wire.schema import Message
from wire.tool import layout, table
from wire.tool.decoding import FRAMED, Decoded, decode_body, decode_request, decode_response, faults
from wire.tool.hexinput import read_hex, read_input
from wire.tool.jsonform import to_bytes, to_json
from wire.tool.streams import Replies, exchanges

EXAMPLES = """\
examples:
  python -m wire show Fetch --version 12
  python -m wire decode 0000001300120003000000010002636c00037831023100
  python -m wire decode --response Metadata --version 12 --file answer.hex
  python -m wire decode --stream requests.bin --replies replies.bin
  python -m wire decode --json --file request.hex | python -m wire encode
docs/wire.md has more."""


def parser() -> argparse.ArgumentParser:
    """All commands and options."""
    made = argparse.ArgumentParser(
        prog="python -m wire",
        description="Kafka's protocol, as it is declared here: what messages look like, and what bytes mean.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    command = commands.add_parser("apis", help="list the APIs: keys, versions, headers")
    command.add_argument("--json", action="store_true", help="as data")

    command = commands.add_parser("show", help="show what a message looks like")
    command.add_argument("name", help="FetchRequest; Fetch or 1 for request and response")
    command.add_argument("--version", type=int, help="as this version writes it; without, all versions")
    command.add_argument(
        "--header", action="store_true", help="with the header that stands in front (needs --version)"
    )

    command = commands.add_parser("schema", help="print declarations, all unless named")
    command.add_argument("name", nargs="*", help="messages, as FetchRequest")
    command.add_argument("--json", action="store_true", help="in the form of Kafka's message definitions")

    command = commands.add_parser("decode", help="tell what bytes mean")
    command.add_argument("hex", nargs="*", help="hex in any form; without, and without --file, stdin is read")
    command.add_argument("--file", help="hex, a hex dump or raw bytes; - for stdin")
    what = command.add_mutually_exclusive_group()
    what.add_argument(
        "--request", action="store_true", help="the bytes are a request (so it is taken unless said)"
    )
    what.add_argument(
        "--response", metavar="API", help="an answer of this API (name or key); needs --version"
    )
    what.add_argument(
        "--message", metavar="NAME", help="a bare body, or a stored key or value; see --version"
    )
    what.add_argument("--stream", metavar="FILE", help="requests of one connection, one after the other")
    command.add_argument("--replies", metavar="FILE", help="with --stream: the answers of that connection")
    command.add_argument(
        "--version",
        type=int,
        help="of the message; without it, a stored key or value has it in front, an int16",
    )
    command.add_argument("--length", choices=FRAMED, default="auto", help="whether a length stands in front")
    command.add_argument(
        "--json", action="store_true", help="as JSON, which encode takes; of a stream one a line"
    )
    command.add_argument("--paths", action="store_true", help="each field with its full path, for grep")

    command = commands.add_parser("encode", help="make bytes of the JSON that decode prints")
    command.add_argument("--file", default="-", help="one message or many; - for stdin, which is the default")
    command.add_argument("--raw", action="store_true", help="write bytes and not hex")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    options_parser = parser()
    options = options_parser.parse_args(arguments)
    if fault := wrong_usage(options):
        options_parser.error(fault)
    try:
        code = COMMANDS[options.command](options)
        sys.stdout.flush()
    except BrokenPipeError:
        # who reads our output has enough; keep the interpreter from complaining at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except WireError as error:
        print(f"python -m wire: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"python -m wire: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return code


def wrong_usage(options: argparse.Namespace) -> str:
    """What does not go together, or nothing."""
    if options.command == "show" and options.header and options.version is None:
        return "--header needs --version: the header depends on it"
    if options.command != "decode":
        return ""
    if options.response and options.version is None:
        return "--response needs --version: an answer does not say which it is"
    if options.version is not None and not (options.response or options.message):
        return "--version goes with --response or --message: a request says its own"
    if options.replies and not options.stream:
        return "--replies goes with --stream"
    if options.hex and (options.file or options.stream):
        return "give the bytes as arguments or as a file"
    return ""


def print_apis(options: argparse.Namespace) -> int:
    rows = layout.api_rows()
    if options.json:
        print_json([row._asdict() for row in rows])
    else:
        print_lines(layout.api_lines())
    return 0


def print_messages(options: argparse.Namespace) -> int:
    found = layout.find(options.name)
    for index, message in enumerate(found):
        if index:
            print()
        if options.version is None:
            print_lines(layout.message_lines(message))
        else:
            print_lines(layout.version_lines(message, options.version, options.header))
    return 0


def print_schema(options: argparse.Namespace) -> int:
    found = [message for name in options.name for message in layout.find(name)] or all_messages()
    if options.json:
        print_json(schema(found))
        return 0
    for message in found:
        print_lines(layout.message_lines(message))
        print()
    return 0


def decode(options: argparse.Namespace) -> int:
    if options.stream:
        return decode_stream(options)
    data = read_hex(" ".join(options.hex)) if options.hex else read_input(read_file(options.file or "-"))
    if not data:
        raise WireError("there are no bytes to decode")
    return show(_decoded(data, options), options)


def _decoded(data: bytes, options: argparse.Namespace) -> Decoded:
    if options.message:
        return decode_body(data, _one(options.message), _body_version(options))
    if options.response:
        return decode_response(data, _response(options.response), options.version, FRAMED[options.length])
    return decode_request(data, FRAMED[options.length])


def _one(name: str) -> Message:
    found = layout.find(name)
    if len(found) > 1:
        raise WireError(f"{found[0].name} or {found[1].name}?")
    return found[0]


def _response(name: str) -> Message:
    found = layout.find(name)[-1]
    if found.kind != "response":
        raise WireError(f"{found.name} is no response")
    return found


def _body_version(options: argparse.Namespace) -> int | None:
    """The version that was given; None: it stands in front of the bytes."""
    message = _one(options.message)
    if options.version is None and message.kind not in ("key", "value", "data"):
        raise WireError(
            f"{message.name} does not say its version: give --version (it has {message.versions})"
        )
    version: int | None = options.version
    return version


def decode_stream(options: argparse.Namespace) -> int:
    code, number = 0, 0
    replies = Replies(read_input(read_file(options.replies))) if options.replies else None
    for number, found in enumerate(exchanges(read_input(read_file(options.stream)), replies), 1):
        code |= show(found.request, options, f"#{number} at byte {found.request_at}: ")
        if found.reply:
            code |= show(found.reply, options, f"reply to #{number} at byte {found.reply_at}: ")
        elif replies and not options.json:
            print(f"no reply to #{number}\n")
    for frame in replies.left() if replies else ():
        code = 1
        text = f"reply at byte {frame.at}: its correlation id {frame.correlation_id} is of no request that is left"
        print(f"python -m wire: {text}", file=sys.stderr)
    return code


def show(decoded: Decoded, options: argparse.Namespace, before: str = "") -> int:
    """Print one message; 1 if something is wrong with it."""
    problems = [(decoded.error, decoded.data)] if decoded.error else []
    problems += faults(decoded)  # type: ignore[arg-type]
    if options.json:
        print(json.dumps(to_json(decoded), indent=None if before else 1, ensure_ascii=False))
    else:
        lines = table.lines_of(decoded, options.paths)
        print(before + next(lines))
        print_lines(lines)
    sys.stdout.flush()  # before the errors, where both go to one terminal
    for error, data in problems:
        context = "" if data is decoded.data else "unpacked records"
        for line in table.error_lines(error, data, context or decoded.title):
            print(line, file=sys.stderr)
    if before and not options.json:
        print()
    return 1 if problems else 0


def encode(options: argparse.Namespace) -> int:
    for data in _documents(read_file(options.file)):
        made = to_bytes(data)
        if options.raw:
            sys.stdout.buffer.write(made)
        else:
            print(made.hex())
    return 0


def _documents(data: bytes) -> Iterator[Any]:
    """The JSON values of a text, one after the other; an array is what it holds."""
    decoder = json.JSONDecoder()
    try:
        text = data.decode()
        pos = len(text) - len(text.lstrip())
        while pos < len(text):
            value, pos = decoder.raw_decode(text, pos)
            yield from value if isinstance(value, list) else [value]
            while pos < len(text) and text[pos].isspace():
                pos += 1
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from None


def read_file(name: str) -> bytes:
    """The bytes of a file, or of stdin."""
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()


def print_lines(lines: Iterator[str]) -> None:
    for line in lines:
        print(line)


def print_json(data: Any) -> None:
    json.dump(data, sys.stdout, indent=1)
    print()


COMMANDS = {
    "apis": print_apis,
    "show": print_messages,
    "schema": print_schema,
    "decode": decode,
    "encode": encode,
}
