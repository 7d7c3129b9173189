"""NAME://HOST:PORT, --listen, and the map of security protocols."""

from __future__ import annotations

import pytest

from pykbroker.config.listeners import (
    Listener,
    parse_listeners,
    parse_protocol_map,
    protocol_of,
    split_address,
)
from pykbroker.errors import ConfigError


@pytest.mark.parametrize(
    ("address", "parsed"),
    [
        ("127.0.0.1:9092", ("127.0.0.1", 9092)),
        (":9092", ("", 9092)),
        ("[::1]:0", ("::1", 0)),
        ("broker-1.example.com:65535", ("broker-1.example.com", 65535)),
        ("::1:9092", None),
        ("localhost", None),
        ("localhost:", None),
        ("localhost:65536", None),
        ("localhost:99999999999999999999", None),
        ("localhost:-1", None),
        ("localhost:x", None),
        ("a b:1", None),
        ("http://x:1", None),
    ],
)
def test_addresses(address: str, parsed: tuple[str, int] | None) -> None:
    assert split_address(address) == parsed


def test_a_list_of_listeners() -> None:
    found = parse_listeners("listeners", "PLAINTEXT://:9092, external://[::1]:19092")
    assert found == (Listener("PLAINTEXT", "", 9092), Listener("EXTERNAL", "::1", 19092))
    assert [str(listener) for listener in found] == ["PLAINTEXT://:9092", "EXTERNAL://[::1]:19092"]


@pytest.mark.parametrize(
    "text", ["", ",", "9092", "PLAINTEXT:9092", "://:1", "A://x", "A://:1,A://:2", "A://:1,a://:2"]
)
def test_malformed_listeners_say_so(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_listeners("listeners", text)
    assert caught.value.setting == "listeners"
    assert caught.value.exit_code == 78


def test_protocols() -> None:
    protocols = parse_protocol_map("m", "CONTROLLER:PLAINTEXT, ext:sasl_ssl,")
    assert protocols == {"CONTROLLER": "PLAINTEXT", "EXT": "SASL_SSL"}
    assert protocol_of("EXT", protocols) == "SASL_SSL"
    assert protocol_of("SSL", protocols) == "SSL"  # a name that is itself a protocol
    assert protocol_of("OTHER", protocols) is None
    for text in ("A", "A:", ":SSL", "A:HTTPS"):
        with pytest.raises(ConfigError):
            parse_protocol_map("m", text)
