"""Text to value and back, as Kafka does it: a setting's type, its rule, and how DescribeConfigs prints the value.

A rule is written in the table as text, so that a row stays one line and the docs print it as it is:

    >=1            a least value                    0..9           a range, both ends included
    1..9 or -1     a range and one extra value      one of a, b    exactly one of these words
    any of a, b    a list of some of these words    not empty      text or list with something in it
    any case of a, b   one of these words, in capitals or not
    replicas       `partition:broker,...` or `*`    duration       latest, earliest or by_duration:P...

Java's numbers are narrower than Python's: no `1_000`, no surrounding words, and a width per type.
"""

from __future__ import annotations

Value = bool | int | float | str | list[str] | None

TYPE_CODES = {
    "boolean": 1,
    "string": 2,
    "int": 3,
    "short": 4,
    "long": 5,
    "double": 6,
    "list": 7,
    "class": 8,
    "password": 9,
}
"""Type as in DescribeConfigs version 3 and later (Kafka: DescribeConfigsResponse.ConfigType); 0 is unknown."""

_WIDTH_BITS = {"short": 16, "int": 32, "long": 64}


def parse(kind: str, text: str) -> Value:
    """The value of `text`, a setting of type `kind`.

    Raises: ValueError with what is wrong, in words that can follow "name=value: ".
    """
    text = text.strip()
    if kind in _WIDTH_BITS:
        return _parse_integer(text, _WIDTH_BITS[kind])
    if kind == "boolean":
        lowered = text.lower()
        if lowered not in ("true", "false"):
            raise ValueError("not true or false")
        return lowered == "true"
    if kind == "double":
        try:
            if text.strip("+-.0123456789eE"):  # float() takes more: 1_0, inf, nan
                raise ValueError
            return float(text)
        except ValueError:
            raise ValueError("not a number") from None
    if kind == "list":
        return [part.strip() for part in text.split(",")] if text else []
    return text


def _parse_integer(text: str, bits: int) -> int:
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("not a whole number")
    if len(digits) > 40:  # int() of a huge text is slow and would itself refuse
        raise ValueError(f"does not fit {bits} bits")
    number = int(text)
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise ValueError(f"does not fit {bits} bits")
    return number


def render(value: Value) -> str | None:
    """The text of a value as Kafka prints it; None stays None."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _java_double(value)
    if isinstance(value, list):
        return ",".join(value)
    return str(value)


def _java_double(value: float) -> str:
    """Double.toString: plain between 1e-3 and 1e7, else one digit, a point, and E with the exponent."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    if value != value or value in (float("inf"), float("-inf")):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[repr(value)]
    sign, digits, exponent = _decimal_parts(value)
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def _decimal_parts(value: float) -> tuple[str, str, int]:
    """Sign, shortest digits and decimal exponent of a number: 150000000.0 is ('', '15', 8)."""
    mantissa, _, exponent = f"{value!r}e0".partition("e")
    exponent_text = exponent.partition("e")[0] or "0"
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    leading_zeros = len(whole + fraction) - len(digits)
    power = int(exponent_text) + len(whole) - 1 - leading_zeros
    return sign, digits.rstrip("0") or "0", power


# --- rules -----------------------------------------------------------------------------------------------------


def _match(pattern: str, text: str) -> tuple[str | None, ...] | None:
    """The groups of a full match. Patterns are compiled at first use: at import they would cost the start 3 ms."""
    import re

    found = re.fullmatch(pattern, text)
    return found and found.groups()


_REPLICAS = r"\d+:\d+(?:,\d+:\d+)*"
_DURATION = r"by_duration:(?i:P(?=[\dT])(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?)"


def _range(rule: str) -> tuple[float, float, int | None] | None:
    """The bounds of `1..9` or `1..9 or -1`; None for other rules."""
    low, dots, rest = rule.partition("..")
    if not dots:
        return None
    high, _, extra = rest.partition(" or ")
    return float(low), float(high), int(extra) if extra else None


def check(rule: str, value: Value) -> None:
    """Holds a parsed value against the rule of its row. Raises: ValueError with what to give instead."""
    if not rule:
        return
    if rule.startswith(">="):
        if not isinstance(value, int | float) or not value >= float(rule[2:]):
            raise ValueError(f"too small; give {rule[2:]} or more")
    elif bounds := _range(rule):
        low, high, extra = bounds
        inside = isinstance(value, int | float) and low <= value <= high
        if not inside and (extra is None or value != extra):
            raise ValueError(f"out of range; give {describe(rule)}")
    else:
        _check_words(rule, value)


def _check_words(rule: str, value: Value) -> None:
    words = [word.strip() for word in rule.partition(" of ")[2].split(",")]
    if rule.startswith("any case of "):
        if str(value).lower() not in words:
            raise ValueError(f"not known; give {describe(rule)}")
    elif rule.startswith("one of "):
        if value not in words:
            raise ValueError(f"not known; give {describe(rule)}")
    elif rule.startswith("any of "):
        assert isinstance(value, list)
        if strange := [part for part in value if part not in words]:
            raise ValueError(f"{strange[0]!r} is not known; give {describe(rule)}")
        if len(set(value)) != len(value):
            raise ValueError("the same word twice; give each once")
    elif rule == "not empty":
        if not value or value == [""]:
            raise ValueError("empty; give a value or leave the setting out")
    elif rule == "replicas":
        assert isinstance(value, list)
        text = ",".join(value)
        if text not in ("", "*") and _match(_REPLICAS, text) is None:
            raise ValueError("not a list of replicas; give partition:broker,partition:broker,... or *")
    else:
        assert rule == "duration", rule
        if value not in ("latest", "earliest") and _match(_DURATION, str(value)) is None:
            raise ValueError("not known; give latest, earliest or by_duration:PnDTnHnMn.nS")


def describe(rule: str) -> str:
    """A rule in words, as "give ..." and the docs say it."""
    if rule.startswith(">="):
        return f"{rule[2:]} or more"
    if ".." in rule:
        return rule.replace("..", " to ").replace(" or ", ", or ")
    if rule == "replicas":
        return "partition:broker,... or *"
    if rule == "duration":
        return "latest, earliest or by_duration:PnDTnHnMn.nS"
    return rule.replace("any case of", "one of")


def expected(kind: str, rule: str) -> str:
    """What a value of this type and rule looks like: the fix in an error line."""
    if rule:
        return describe(rule)
    if kind in _WIDTH_BITS:
        return "a whole number"
    return {"boolean": "true or false", "double": "a number such as 0.5"}.get(kind, "a text")
