"""From what a person gave to the settings in force: defaults < file < KAFKA_* < --set < named options.

The file is an unmodified server.properties. Every name is one of: used; ignored, told in one line; refused, which
ends the start; or unknown, which warns with the nearest known name. Whatever is known is checked, also when it is ignored:
a malformed value ends the start with one line that says setting, value and fix.

Where two names mean one thing (broker.id and node.id, log.dir and log.dirs), the later layer wins as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pykbroker.config import environ as environment
from pykbroker.config import paths as data_paths
from pykbroker.config.broker import BROKER, BrokerConfig
from pykbroker.config.listeners import Listener, parse_listeners, split_address
from pykbroker.config.notes import Notes, collect
from pykbroker.config.paths import DataPaths
from pykbroker.config.refusals import base_setting, refuse, served_listeners
from pykbroker.errors import ConfigError, StartError

NO_INPUT = 66
"""sysexits EX_NOINPUT: the settings file is not there or cannot be read."""

_ALIASES = (("broker.id", "node.id"), ("log.dirs", "log.dir"))


class Options(NamedTuple):
    """The named options of `pykbroker serve`; None where one was not given."""

    listen: str | None = None
    data_dir: str | None = None
    broker_id: str | None = None


class Loaded(NamedTuple):
    """What the broker starts with."""

    config: BrokerConfig
    paths: DataPaths
    notes: Notes


class Layer(NamedTuple):
    """Settings of one origin. origins: name -> where exactly it came from, in words."""

    values: Mapping[str, str]
    origins: Mapping[str, str]


def load(
    file: str | None = None,
    environ: Mapping[str, str] | None = None,
    sets: Sequence[str] = (),
    options: Options | None = None,
) -> Loaded:
    """The settings, the data directories, and what is to be told at start.

    file: path of a server.properties. environ: the process's environment. sets: "name=value" each.
    Raises: ConfigError, StartError.
    """
    options = options or Options()
    from_environ, skipped = environ_layer(environ or {})
    layers = [file_layer(file), from_environ, sets_layer(sets), options_layer(options)]
    merged = merge(layers)
    for name, value in merged.values.items():
        check_one(name, value, merged.origins.get(name))
    config = BrokerConfig(merged.values)
    check_together(config)
    notes = collect(merged.values, merged.origins, skipped, unopened_of(config))
    return Loaded(config, paths_of(config, options), notes)


# --- layers ------------------------------------------------------------------------------------------------------


def file_layer(path: str | None) -> Layer:
    """The settings of a file. Raises: StartError when it cannot be read or parsed."""
    if path is None:
        return Layer({}, {})
    from pykbroker.config.properties import parse_properties  # only who has a file pays for it

    try:
        with open(path, encoding="utf-8") as stream:
            values = parse_properties(stream.read())
    except OSError as error:
        reason = error.strerror or str(error)
        raise StartError(
            f"--config {path}: {reason}; give a server.properties that can be read", NO_INPUT
        ) from None
    except UnicodeDecodeError:
        raise StartError(f"--config {path}: not text in UTF-8; give a server.properties", 78) from None
    except ValueError as error:
        raise StartError(f"--config {path}: {error}", 78) from None
    return Layer(values, dict.fromkeys(values, path))


def environ_layer(environ: Mapping[str, str]) -> tuple[Layer, list[str]]:
    """The settings of an environment, and the KAFKA_* variables that are none."""
    spelt = {name.lower(): name for name in BROKER if not name.islower()}
    values, variables, skipped = environment.settings_of(environ, spelt)
    return Layer(values, variables), skipped


def sets_layer(sets: Iterable[str]) -> Layer:
    """The settings of --set name=value. Raises: ConfigError."""
    values: dict[str, str] = {}
    for text in sets:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise ConfigError("--set", text, "not name=value; give for example --set num.partitions=3")
        values[name.strip()] = value
    return Layer(values, dict.fromkeys(values, "--set"))


def options_layer(options: Options) -> Layer:
    """The settings that named options stand for. Raises: ConfigError."""
    values: dict[str, str] = {}
    origins: dict[str, str] = {}
    if options.listen is not None:
        values["listeners"], origins["listeners"] = str(listener_of(options.listen)), "--listen"
    if options.data_dir is not None:
        if not options.data_dir:
            raise ConfigError("--data-dir", "", "empty; give a directory")
        values["log.dirs"] = data_paths.of_data_dir(options.data_dir).log_dirs[0]
        origins["log.dirs"] = "--data-dir"
    if options.broker_id is not None:
        values["broker.id"], origins["broker.id"] = options.broker_id, "--broker-id"
    return Layer(values, origins)


def listener_of(listen: str) -> Listener:
    """The listener of `--listen HOST:PORT`. Raises: ConfigError."""
    address = split_address(listen)
    if address is None:
        fix = "not HOST:PORT; give for example 127.0.0.1:9092, [::1]:9092, or port 0 to pick a free one"
        raise ConfigError("--listen", listen, fix)
    return Listener("PLAINTEXT", *address)


def merge(layers: Iterable[Layer]) -> Layer:
    """Later layers over earlier ones. Raises: ConfigError when one layer contradicts itself."""
    values: dict[str, str] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        for pair in _ALIASES:
            if any(name in layer.values for name in pair):
                for name in pair:
                    values.pop(name, None)
        values.update(layer.values)
        origins.update(layer.origins)
    _unify_broker_id(values)
    return Layer(values, origins)


def _unify_broker_id(values: dict[str, str]) -> None:
    """broker.id and node.id are one number; -1 (let ZooKeeper choose) is none."""
    given = {values.pop(name).strip(): name for name in ("broker.id", "node.id") if name in values}
    given.pop("-1", None)
    if len(given) > 1:
        text = ", ".join(f"{name}={value}" for value, name in given.items())
        raise ConfigError(
            "broker.id", next(iter(given)), f"contradicts node.id ({text}); give one of the two"
        )
    for value in given:
        values["broker.id"] = values["node.id"] = value


# --- checks ------------------------------------------------------------------------------------------------------


def check_one(name: str, value: str, origin: str | None) -> None:
    """Raises: ConfigError when this value is refused or malformed."""
    try:
        refuse(name, value)
        setting = base_setting(name)
        if setting is None or (not value.strip() and setting.default in (None, "")):
            return
        try:
            setting.parse(value)
        except ValueError as error:
            raise ConfigError(name, setting.shown(value), str(error)) from None
    except ConfigError as error:
        if origin is None or origin.startswith("--"):
            raise
        raise ConfigError(error.setting, error.value, f"{error.fix} (from {origin})") from None


def check_together(config: BrokerConfig) -> None:
    """What one value says about another. Raises: ConfigError."""
    listeners = listeners_of(config)
    advertised = advertised_of(config)
    names = {listener.name for listener in listeners}
    for listener in advertised or ():
        if listener.name not in names:
            fix = f"{listener.name} is not among listeners ({', '.join(sorted(names))}); give the same names in both"
            raise ConfigError("advertised.listeners", config.value("advertised.listeners"), fix)
        if listener.host in ("", "0.0.0.0", "::"):
            fix = "a client cannot connect to that; give a host, or leave advertised.listeners out"
            raise ConfigError("advertised.listeners", config.value("advertised.listeners"), fix)
    between = config.text("inter.broker.listener.name")
    if between and between.upper() not in names:
        fix = f"not among listeners ({', '.join(sorted(names))}); give one of them"
        raise ConfigError("inter.broker.listener.name", between, fix)
    for name in ("log.retention.ms", "log.retention.minutes", "log.retention.hours"):
        value = config.integer_or_none(name)
        if value is not None and value < 1 and value != -1:
            raise ConfigError(name, value, "too small; give 1 or more, or -1 for no bound")
    _check_order(config, "group.min.session.timeout.ms", "group.max.session.timeout.ms")
    _check_order(config, "log.cleaner.min.compaction.lag.ms", "log.cleaner.max.compaction.lag.ms")
    per_thread = config.integer("log.cleaner.dedupe.buffer.size") // max(
        1, config.integer("log.cleaner.threads")
    )
    if per_thread <= 1 << 20:
        fix = "1 MiB or less for each of log.cleaner.threads; give more"
        raise ConfigError(
            "log.cleaner.dedupe.buffer.size", config.integer("log.cleaner.dedupe.buffer.size"), fix
        )
    queued = config.integer("queued.max.request.bytes")
    longest = config.integer("socket.request.max.bytes")
    if 0 < queued < longest:
        raise ConfigError(
            "queued.max.request.bytes", queued, f"less than socket.request.max.bytes; give {longest} or more"
        )
    connection_overrides(config)


def _check_order(config: BrokerConfig, least: str, most: str) -> None:
    if config.integer(least) > config.integer(most):
        raise ConfigError(least, config.integer(least), f"above {most} ({config.integer(most)}); give less")


# --- what the values mean ----------------------------------------------------------------------------------------


def listeners_of(config: BrokerConfig) -> tuple[Listener, ...]:
    """The addresses to listen on, controller listeners left out. Raises: ConfigError."""
    return served_listeners(
        config.value("listeners") or "",
        config.value("listener.security.protocol.map") or "",
        controller_names(config),
    )


def advertised_of(config: BrokerConfig) -> tuple[Listener, ...] | None:
    """The addresses to tell clients; None when not set: each is told the one at which it came. Raises: ConfigError."""
    text = config.value("advertised.listeners")
    if not text:
        return None
    protocols = config.value("listener.security.protocol.map") or ""
    return served_listeners(text, protocols, controller_names(config), "advertised.listeners")


def unopened_of(config: BrokerConfig) -> list[str]:
    """The names in listeners that are a quorum's and are not opened."""
    served = {listener.name for listener in listeners_of(config)}
    listeners = parse_listeners("listeners", config.value("listeners") or "")
    return [listener.name for listener in listeners if listener.name not in served]


def controller_names(config: BrokerConfig) -> list[str]:
    """The listener names that belong to a quorum. CONTROLLER counts without being named, unless it has a use."""
    return config.listing("controller.listener.names") or ["CONTROLLER"]


def connection_overrides(config: BrokerConfig) -> dict[str, int]:
    """max.connections.per.ip.overrides as host -> count. Raises: ConfigError."""
    name = "max.connections.per.ip.overrides"
    found: dict[str, int] = {}
    for part in (config.text(name) or "").split(","):
        if not part.strip():
            continue
        host, _, count = part.strip().rpartition(":")
        if not host or not (count.isascii() and count.isdigit()):
            raise ConfigError(
                name, config.text(name), f"{part.strip()!r} is not HOST:COUNT; give for example 10.0.0.7:100"
            )
        found[host] = int(count)
    return found


def paths_of(config: BrokerConfig, options: Options) -> DataPaths:
    """The data directories. Raises: ConfigError."""
    if options.data_dir is not None:
        return data_paths.of_data_dir(options.data_dir)
    for name in ("log.dirs", "log.dir"):
        if config.is_set(name):
            return data_paths.of_log_dirs(name, config.listing(name))
    return data_paths.of_data_dir("pykbroker-data")
