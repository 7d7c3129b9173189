"""Values parse as Kafka's ConfigDef.parseType does, and print as its convertToString does (compared with Kafka 4.3.1)."""

from __future__ import annotations

import pytest

from pykbroker.config import values


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "2147483647", 2147483647),
        ("int", " +5 ", 5),
        ("int", "007", 7),
        ("short", "-32768", -32768),
        ("long", "9223372036854775807", 9223372036854775807),
        ("double", "1e3", 1000.0),
        ("double", ".5", 0.5),
        ("boolean", " TRUE ", True),
        ("boolean", "false", False),
        ("list", "", []),
        ("list", " a , b ", ["a", "b"]),
        ("list", "a,,b", ["a", "", "b"]),
        ("string", " x ", "x"),
        ("password", "p", "p"),
        ("class", "a.B", "a.B"),
    ],
)
def test_parse(kind: str, text: str, value: object) -> None:
    parsed = values.parse(kind, text)
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", "2147483648"),
        ("int", "-2147483649"),
        ("int", "1_0"),
        ("int", "1.0"),
        ("int", "0x10"),
        ("int", ""),
        ("int", "-"),
        ("int", "٣"),
        ("short", "32768"),
        ("long", "9223372036854775808"),
        pytest.param("long", "9" * 100_000, id="huge"),
        ("double", "abc"),
        ("double", "1_0"),
        ("double", "nan"),
        ("double", "٣"),
        ("boolean", "yes"),
        ("boolean", "1"),
    ],
)
def test_parse_refuses(kind: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"^(not |does not fit)"):
        values.parse(kind, text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (5, "5"),
        (["a", "b"], "a,b"),
        ([], ""),
        (None, None),
        ("x", "x"),
        (0.5, "0.5"),
        (0.0, "0.0"),
        (100.0, "100.0"),
        (1e7, "1.0E7"),
        (9999999.0, "9999999.0"),
        (123456789.125, "1.23456789125E8"),
        (1e10, "1.0E10"),
        (0.001, "0.001"),
        (0.0009, "9.0E-4"),
        (1.5e-5, "1.5E-5"),
        (-2.5e20, "-2.5E20"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
    ],
)
def test_render_as_java_does(value: values.Value, text: str | None) -> None:
    assert values.render(value) == text


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (">=1", [1, 99], [0, -1]),
        ("0..1", [0.0, 0.5, 1.0], [-0.1, 1.1]),
        ("1..9 or -1", [-1, 1, 9], [0, 10, -2]),
        ("one of a, b", ["a", "b"], ["A", "", "c"]),
        ("any case of a, b", ["a", "B"], ["c"]),
        ("any of a, b", [["a"], ["a", "b"], []], [["c"], ["a", "a"], [""]]),
        ("not empty", ["x", ["x"]], ["", []]),
        ("replicas", [[], ["*"], ["0:1", "2:13"]], [["0"], ["0:1", ""], ["a:b"], ["*", "0:1"]]),
        (
            "duration",
            ["latest", "earliest", "by_duration:PT1H", "by_duration:P3DT2H5M1.5S"],
            ["by_duration:P", "by_duration:PT", "by_duration:1h", "never"],
        ),
    ],
)
def test_rules(rule: str, good: list[values.Value], bad: list[values.Value]) -> None:
    for value in good:
        values.check(rule, value)
    for value in bad:
        with pytest.raises(ValueError, match="give"):
            values.check(rule, value)


def test_a_rule_in_words() -> None:
    assert values.expected("int", ">=1") == "1 or more"
    assert values.expected("int", "1..9 or -1") == "1 to 9, or -1"
    assert values.expected("int", "") == "a whole number"
    assert values.expected("boolean", "") == "true or false"
