"""Java's .properties syntax, as an unmodified server.properties has it (java.util.Properties.load).

A line is a key, a separator (`=`, `:` or white space) and a value. `#` or `!` as the first character that is not white
space makes a comment. A backslash at the end of a line continues it on the next one, without that one's leading white space;
elsewhere it escapes: \\t \\n \\r \\f \\uXXXX, and any other character stands for itself. Of a key given twice the last wins.
"""

from __future__ import annotations

from collections.abc import Iterator

_BLANK = " \t\f"
_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def parse_properties(text: str) -> dict[str, str]:
    """Key -> value, in the order of the file.

    Raises: ValueError for a malformed \\uXXXX, the one thing that the syntax does not allow.
    """
    found: dict[str, str] = {}
    for line in _logical_lines(text):
        key_end, value_start = _split_points(line)
        found[_unescape(line[:key_end])] = _unescape(line[value_start:])
    return found


def _logical_lines(text: str) -> Iterator[str]:
    """Lines with their continuations joined, without comments and empty ones."""
    pending = ""
    for natural in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        line = natural.lstrip(_BLANK)
        if not pending and (not line or line[0] in "#!"):
            continue
        continuing = _ends_with_escape(line)
        pending += line[:-1] if continuing else line
        if not continuing:
            yield pending
            pending = ""
    if pending:
        yield pending


def _ends_with_escape(line: str) -> bool:
    """An odd number of backslashes at the end: the last one is not itself escaped."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _split_points(line: str) -> tuple[int, int]:
    """Where the key ends and where the value begins."""
    end = 0
    while end < len(line) and line[end] not in "=:" + _BLANK:
        end += 2 if line[end] == "\\" else 1
    end = min(end, len(line))
    start = end
    while start < len(line) and line[start] in _BLANK:
        start += 1
    if start < len(line) and line[start] in "=:":
        start += 1
        while start < len(line) and line[start] in _BLANK:
            start += 1
    return end, start


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    out: list[str] = []
    position = 0
    while position < len(text):
        char = text[position]
        position += 1
        if char == "\\" and position < len(text):
            char = text[position]
            position += 1
            if char == "u":
                digits = text[position : position + 4]
                if len(digits) < 4 or any(digit not in "0123456789abcdefABCDEF" for digit in digits):
                    raise ValueError(f"malformed \\u{digits}: four hexadecimal digits must follow")
                char = chr(int(digits, 16))
                position += 4
            else:
                char = _ESCAPES.get(char, char)
        out.append(char)
    return "".join(out)
