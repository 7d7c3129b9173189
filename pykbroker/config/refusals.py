"""What this broker will not start with: nobody may believe to be protected who is not.

Refused are a listener whose protocol is not PLAINTEXT, and every setting whose row says `refused`, when its value is neither
empty nor Kafka's default. A listener's own form of a setting (listener.name.external.ssl.keystore.location) counts as the
setting itself. Two names that authorizers read, and that no table of Kafka's has, are refused as well.
"""

from __future__ import annotations

from pykbroker.config.broker import BROKER
from pykbroker.config.listeners import Listener, parse_listeners, parse_protocol_map, protocol_of
from pykbroker.config.setting import REFUSALS, Setting
from pykbroker.errors import ConfigError

LISTENER_PREFIX = "listener.name."

AUTHORIZERS_OWN = {"super.users": "", "allow.everyone.if.no.acl.found": "true"}
"""Settings of Kafka's authorizers -> the value that asks for nothing."""


def base_setting(name: str) -> Setting | None:
    """The row behind a name, also behind listener.name.<listener>.[<mechanism>.]<name>."""
    if name in BROKER:
        return BROKER[name]
    if name.startswith(LISTENER_PREFIX):
        rest = name[len(LISTENER_PREFIX) :]
        while "." in rest:
            rest = rest.partition(".")[2]
            if rest in BROKER:
                return BROKER[rest]
    return None


def refuse(name: str, value: str) -> None:
    """Raises: ConfigError when this name must not have this value."""
    neutral = AUTHORIZERS_OWN.get(name)
    if neutral is not None and value.strip().lower() not in ("", neutral):
        raise ConfigError(name, value, f"it {REFUSALS['protection']}; remove it")
    setting = base_setting(name)
    if setting is None or setting.handling != "refused":
        return
    given = value.strip()
    if given and given not in (setting.default, setting.kafka_default):
        raise ConfigError(name, setting.shown(value), f"it {REFUSALS[setting.why]}; remove it")


def served_listeners(
    listeners: str, protocol_map: str, controller_names: list[str], setting: str = "listeners"
) -> tuple[Listener, ...]:
    """The listeners to open or to tell: without the quorum's, and all of them PLAINTEXT.

    setting: which of listeners and advertised.listeners the text belongs to. Raises: ConfigError.
    """
    protocols = parse_protocol_map("listener.security.protocol.map", protocol_map)
    dropped = {name.upper() for name in controller_names}
    served = []
    for listener in parse_listeners(setting, listeners):
        if listener.name in dropped:
            continue
        protocol = protocol_of(listener.name, protocols)
        if protocol is None:
            fix = f"no protocol for {listener.name}; add {listener.name}:PLAINTEXT to listener.security.protocol.map"
            raise ConfigError(setting, listeners, fix)
        if protocol != "PLAINTEXT":
            fix = f"listener {listener.name} uses {protocol}, and only PLAINTEXT is served; remove it or map it to PLAINTEXT"
            raise ConfigError(setting, listeners, fix)
        served.append(listener)
    if not served:
        raise ConfigError(
            setting, listeners, "only controller listeners; add one for clients, such as PLAINTEXT://:9092"
        )
    return tuple(served)
