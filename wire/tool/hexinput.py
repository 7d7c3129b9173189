"""Bytes from what people paste.

Plain hex in any dress (spaces, line ends, 0x, \\x, commas, colons, quotes), the dumps of xxd, hexdump -C, plain hexdump
(whose words are little-endian), od -A x -t x1, tcpdump -x and -X, and Wireshark's "copy as hex dump". Input with bytes that
no text has is taken as it is.

In a dump every line begins with its offset, and the next line's offset tells how many bytes a line holds, so that letters
beside the bytes are not read as hex; only the last line is judged by its gaps. Of tcpdump's packets the payload of TCP is
taken; what they hold must not be lost or out of order.
"""

from __future__ import annotations

import re
from itertools import pairwise

from wire.errors import WireError

TEXT = frozenset(range(32, 127)) | {9, 10, 13}
MAX_LINE = 32  # bytes in the last line of a dump

_TCPDUMP = re.compile(r"\s*0x([0-9a-f]{4,8}):\s\s?(.*)", re.IGNORECASE)
_COLON = re.compile(r"\s*(?:0x)?([0-9a-f]{4,16}):\s+(.*)", re.IGNORECASE)
_GAP = re.compile(r"\s*(?:0x)?([0-9a-f]{4,16})(?:\s\s+(.*))?", re.IGNORECASE)
_OD = re.compile(r"\s*([0-9a-f]{6,8})((?:\s+[0-9a-f]{2})*)\s*", re.IGNORECASE)
_WORDS = re.compile(r"([0-9a-f]{7,8})((?:\s+[0-9a-f]{4})*)\s*", re.IGNORECASE)
_GROUP = re.compile(r"\s*([0-9a-f]{2}(?:[0-9a-f]{2})?)(?![0-9a-f])", re.IGNORECASE)

Line = tuple[int, str]  # offset, what stands behind it


def read_input(data: bytes) -> bytes:
    """The bytes that `data` means: hex text in any form, or itself. Raises: WireError."""
    return read_hex(data.decode()) if is_text(data) else data


def is_text(data: bytes) -> bool:
    """Whether there are only bytes that a hex text may have; no message of Kafka's is without a zero byte."""
    return TEXT.issuperset(data)


def read_hex(text: str) -> bytes:
    """The bytes of a hex text. Raises: WireError that names line and column of what is no hex."""
    lines = [line for line in text.splitlines() if line.strip()]
    packets = [_split(_TCPDUMP, line) for line in lines]
    if any(packets):
        return b"".join(tcp_payload(_dump(part)) for part in _blocks([line for line in packets if line]))
    if any(line.strip() == "*" for line in lines):
        raise WireError("a dump with `*` for repeated lines leaves bytes out; dump it again with hexdump -v")
    for form in (_COLON, _GAP, _OD):
        dump = _lines(form, lines)
        if dump:
            return _dump(dump)
    words = _lines(_WORDS, lines)
    if words and len(words) > 1:
        swapped = b"".join(bytes.fromhex(word)[::-1] for _, rest in words for word in rest.split())
        return swapped[: words[-1][0]]  # an odd byte at the end was filled up to a word
    return _plain(text)


def _split(form: re.Pattern[str], line: str) -> Line | None:
    found = form.fullmatch(line)
    return (int(found[1], 16), found[2] or "") if found else None


def _lines(form: re.Pattern[str], lines: list[str]) -> list[Line]:
    """The lines of a dump of that form, or none if it is not one: offsets begin at zero and fit what stands there."""
    split = [_split(form, line) for line in lines]
    dump = [line for line in split if line]
    if len(dump) < len(lines) or not dump or dump[0][0] != 0 or not _GROUP.match(dump[0][1]):
        return []
    if form is not _COLON and len(dump) == 1 and form is not _GAP:
        return []
    steps = [after - before for (before, _), (after, _) in pairwise(dump)]
    steady = all(step == steps[0] for step in steps[:-1]) and all(0 < step <= 256 for step in steps)
    return dump if steady else []


def _blocks(dump: list[Line]) -> list[list[Line]]:
    """tcpdump's packets: each begins at offset zero."""
    blocks: list[list[Line]] = []
    for line in dump:
        if line[0] == 0 or not blocks:
            blocks.append([])
        blocks[-1].append(line)
    return blocks


def _dump(dump: list[Line]) -> bytes:
    out = bytearray()
    for (offset, rest), (after, _) in pairwise(dump):
        out += _groups(rest, after - offset, offset)
    offset, rest = dump[-1]
    return bytes(out + _groups(rest, None, offset))


def _groups(rest: str, count: int | None, offset: int) -> bytes:
    """The bytes of one line; count None: the last line, which ends at a wide gap or at what is no hex."""
    out = bytearray()
    pos = 0
    while count is None or len(out) < count:
        found = _GROUP.match(rest, pos)
        if found is None:
            if count is None:
                break
            raise WireError(
                f"the dump's line at offset {offset:#x} holds {len(out)} bytes, and {count} were expected"
            )
        gap = found.start(1) - pos
        if count is None and out and (gap > 2 or len(out) >= 16):
            break
        if count is None and gap == 2 and len(found[1]) != 2:
            break
        out += bytes.fromhex(found[1])
        pos = found.end()
    return bytes(out)


def tcp_payload(packet: bytes) -> bytes:
    """What a packet of IP and TCP carries; anything else as it is."""
    start = 0
    if len(packet) >= 20 and packet[0] >> 4 == 4 and packet[9] == 6:
        start, end = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big")
    elif len(packet) >= 40 and packet[0] >> 4 == 6 and packet[6] == 6:
        start, end = 40, 40 + int.from_bytes(packet[4:6], "big")
    if not start or end > len(packet) or start + 20 > end:
        return packet
    return packet[start + (packet[start + 12] >> 4) * 4 : end]


def _plain(text: str) -> bytes:
    cleaned = re.sub(r"0[xX]|\\x|b(?=['\"])", lambda found: " " * len(found[0]), text)
    digits = []
    for number, line in enumerate(cleaned.splitlines(), 1):
        for column, letter in enumerate(line, 1):
            if letter in "0123456789abcdefABCDEF":
                digits.append(letter)
            elif letter not in " \t,:;\"'[]{}()":
                raise WireError(f"neither hex nor a dump: {letter!r} in line {number}, column {column}")
    if len(digits) % 2:
        raise WireError(f"{len(digits)} hex digits: there should be two for each byte")
    return bytes.fromhex("".join(digits))
