"""The syntax of a .properties file, as java.util.Properties.load reads it (compared with Java 17)."""

from __future__ import annotations

import pytest

from pykbroker.config.properties import parse_properties


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a=b", {"a": "b"}),
        ("a:b", {"a": "b"}),
        ("a b", {"a": "b"}),
        ("  a \t=\t b c ", {"a": "b c "}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("a=b=c:d", {"a": "b=c:d"}),
        ("a = = b", {"a": "= b"}),
        ("# c\n ! d\n\n\t\na=b", {"a": "b"}),
        ("a=b # not a comment", {"a": "b # not a comment"}),
        ("a=1\r\nb=2\rc=3", {"a": "1", "b": "2", "c": "3"}),
        ("a=1\na=2", {"a": "2"}),
        ("a=b,\\\n    c,\\\n  d", {"a": "b,c,d"}),
        ("a=b\\\\\nc=d", {"a": "b\\", "c": "d"}),
        ("a=b\\\n# not a comment", {"a": "b# not a comment"}),
        ("a=b\\", {"a": "b"}),
        ("\\\n# a comment\nk=v", {"k": "v"}),
        ("a\\ b\\=c=d", {"a b=c": "d"}),
        ("a=\\t\\n\\u0041\\q", {"a": "\t\nAq"}),
        ("path=c:\\\\data", {"path": "c:\\data"}),
        ("=b", {"": "b"}),
        ("", {}),
    ],
)
def test_parse(text: str, found: dict[str, str]) -> None:
    assert parse_properties(text) == found


@pytest.mark.parametrize("text", ["a=\\u00", "a=\\u00g0", "\\u=1"])
def test_a_malformed_unicode_escape_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        parse_properties(text)
