"""Listeners: NAME://HOST:PORT, and the security protocol that stands behind each name.

A name's protocol is looked up in listener.security.protocol.map; a name that is itself a protocol needs no entry. The
names in controller.listener.names (CONTROLLER, by custom) belong to a quorum that is not there and are dropped.
"""

from __future__ import annotations

from typing import NamedTuple

from pykbroker.errors import ConfigError

PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")


class Listener(NamedTuple):
    """An address to listen on or to tell. host: "" is every address of this machine. port: 0 picks a free one."""

    name: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.name}://{bracketed(self.host)}:{self.port}"


def bracketed(host: str) -> str:
    """An IPv6 address in brackets, any other host as it is."""
    return f"[{host}]" if ":" in host else host


def parse_listeners(setting: str, text: str) -> tuple[Listener, ...]:
    """The listeners of a comma separated list. Raises: ConfigError."""
    found = tuple(_parse_listener(setting, text, part.strip()) for part in text.split(",") if part.strip())
    if not found:
        raise ConfigError(
            setting, text, "no listener; give NAME://HOST:PORT, such as PLAINTEXT://127.0.0.1:9092"
        )
    names = [listener.name for listener in found]
    if len(set(names)) != len(names):
        raise ConfigError(setting, text, "two listeners of the same name; give each its own")
    return found


def _parse_listener(setting: str, text: str, part: str) -> Listener:
    name, colons, address = part.partition("://")
    parsed = split_address(address) if colons and name else None
    if parsed is None:
        raise ConfigError(
            setting, text, f"{part!r} is not NAME://HOST:PORT, such as PLAINTEXT://127.0.0.1:9092"
        )
    return Listener(name.upper(), *parsed)


def split_address(address: str) -> tuple[str, int] | None:
    """Host and port of HOST:PORT, with an IPv6 host in brackets; None for anything else."""
    host, colon, port = address.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or int(port[:6]) > 65535:
        return None
    if host.startswith("[") and host.endswith("]"):
        return host[1:-1], int(port)
    if ":" in host or any(char in host for char in "[]/ \t@"):
        return None
    return host, int(port)


def parse_protocol_map(setting: str, text: str) -> dict[str, str]:
    """Listener name -> security protocol. Raises: ConfigError."""
    found: dict[str, str] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        name, colon, protocol = (piece.strip() for piece in part.rpartition(":"))
        if not colon or not name or protocol.upper() not in PROTOCOLS:
            fix = f"{part.strip()!r} is not NAME:PROTOCOL; protocols are {', '.join(PROTOCOLS)}"
            raise ConfigError(setting, text, fix)
        found[name.upper()] = protocol.upper()
    return found


def protocol_of(name: str, protocols: dict[str, str]) -> str | None:
    """The security protocol of a listener name; None when nothing says it."""
    return protocols.get(name) or (name if name in PROTOCOLS else None)
