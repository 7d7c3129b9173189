"""The command line: `pykbroker serve`, `pykbroker settings`, `pykbroker version`.

Click is the command line, but importing it costs 10 to 20 ms, a tenth of the time in which a broker is to give its first
answer. So well-formed `serve` arguments are read here by twenty lines, from the same table of options that Click's command
is built from; anything else (help, a mistake, another command) goes to Click. See docs/decisions/0004-settings.md.

Exit codes: 0 done; 2 the command line is wrong; 64 to 78 (sysexits) the broker could not start, with one line on stderr
that says why; 130 Ctrl-C.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pykbroker.errors import StartError

if TYPE_CHECKING:
    import click

    from pykbroker.config.setting import Setting

INTERRUPTED = 130


class Option(NamedTuple):
    """One option of `serve`. field: its name in ServeOptions. many: it may be given several times."""

    flag: str
    metavar: str
    help: str
    many: bool = False

    @property
    def field(self) -> str:
        return self.flag.removeprefix("--").replace("-", "_")


class ServeOptions(NamedTuple):
    """What `serve` was given; None where an option was left out."""

    listen: str | None = None
    data_dir: str | None = None
    broker_id: str | None = None
    config: str | None = None
    set: tuple[str, ...] = ()
    ready_fd: int | None = None
    log_level: str = "info"


SERVE = (
    Option("--listen", "HOST:PORT", "Address to listen on; port 0 picks a free one. [127.0.0.1:9092]"),
    Option(
        "--data-dir", "DIR", "Where all data lies: logs in DIR/log, the store in DIR/zk. [./pykbroker-data]"
    ),
    Option("--broker-id", "N", "Number of this broker. [0]"),
    Option("--config", "FILE", "A server.properties, as Kafka takes it."),
    Option("--set", "NAME=VALUE", "One setting; may be given several times.", many=True),
    Option("--ready-fd", "N", "When ready, write HOST:PORT and a newline to this file descriptor."),
    Option("--log-level", "LEVEL", "debug, info, warning or error. [info]"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; without arguments the process's own. Returns the exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments[:1] == ["serve"]:
        options = read_serve(arguments[1:])
        if options is not None:
            return serve(options)
    return _run_click(arguments)


# --- serve ---------------------------------------------------------------------------------------------------------


def read_serve(arguments: Sequence[str]) -> ServeOptions | None:
    """Well-formed arguments of `serve`; None for all that Click is to answer."""
    flags = {option.flag: option for option in SERVE}
    given: dict[str, Any] = {}
    rest = iter(arguments)
    for argument in rest:
        flag, equals, value = argument.partition("=")
        option = flags.get(flag)
        if option is None:
            return None
        if not equals:
            following = next(rest, None)
            if following is None:
                return None
            value = following
        if option.many:
            given.setdefault(option.field, []).append(value)
        else:
            given[option.field] = value
    return checked_serve(given)


def checked_serve(given: dict[str, Any]) -> ServeOptions | None:
    """The options with their types; None when one does not fit its type."""
    from pykbroker.logs import LEVELS

    ready_fd = given.get("ready_fd")
    if ready_fd is not None:
        if not (ready_fd.isascii() and ready_fd.isdigit()):
            return None
        given["ready_fd"] = int(ready_fd)
    if given.get("log_level", "info") not in LEVELS:
        return None
    given["set"] = tuple(given.get("set", ()))
    return ServeOptions(**given)


def serve(options: ServeOptions) -> int:
    """Runs the broker until it is told to stop. Returns the exit code."""
    gc.disable()  # until the broker is ready: a start makes many objects and no garbage
    from pykbroker import logs

    logs.configure(options.log_level)
    try:
        return _serve(options)
    except StartError as error:
        print(f"pykbroker: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED


def _serve(options: ServeOptions) -> int:
    from pykbroker.config.loading import Options, load
    from pykbroker.logs import get_logger

    named = Options(options.listen, options.data_dir, options.broker_id)
    config, paths, notes = load(options.config, os.environ, options.set, named)
    notes.log(get_logger("pykbroker.settings"))

    from pykbroker import broker  # after the settings, so that a wrong one is told before Trio is imported

    return broker.run(config, paths, notes, options.ready_fd)


# --- the other commands, and whatever is not a well-formed serve -----------------------------------------------------


def _run_click(arguments: Sequence[str]) -> int:
    import click

    try:
        result = _commands().main(list(arguments), prog_name="pykbroker", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # the reader of our output has enough (settings | head); keep the interpreter from complaining at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return result if isinstance(result, int) else 0


def _commands() -> click.Group:
    import click

    commands = click.Group("pykbroker", help="A broker that Kafka's clients can talk to.")
    commands.params.append(
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version_option,
            help="Show the version.",
        )
    )
    commands.add_command(_serve_command())
    commands.add_command(click.Command("version", callback=_show_version, help="Show the version."))
    commands.add_command(
        click.Command(
            "settings",
            callback=_show_settings,
            params=[click.Argument(["name"], required=False)],
            help="List all settings, or tell all about one: what it does here, its default, its type.",
        )
    )
    return commands


def _serve_command() -> click.Command:
    """`serve` as Click sees it: its help, and the words for what is wrong."""
    import click

    from pykbroker.logs import LEVELS

    types: dict[str, click.ParamType[Any] | type] = {
        "ready_fd": click.IntRange(min=0),
        "log_level": click.Choice(LEVELS),
    }
    params: list[click.Parameter] = [
        click.Option(
            [option.flag, option.field],
            metavar=option.metavar,
            help=option.help,
            multiple=option.many,
            type=types.get(option.field, str),
        )
        for option in SERVE
    ]

    def run(**given: Any) -> int:
        return serve(ServeOptions(**{name: value for name, value in given.items() if value is not None}))

    return click.Command("serve", callback=run, params=params, help="Run a broker.")


def _version() -> str:
    from importlib.metadata import version

    return version("pykbroker")


def _show_version() -> None:
    print(f"pykbroker {_version()}")


def _version_option(context: click.Context, _option: click.Parameter, given: bool) -> None:
    if given:
        _show_version()
        context.exit()


def _show_settings(name: str | None) -> int:
    from pykbroker.config.broker import BROKER
    from pykbroker.config.group import GROUP
    from pykbroker.config.topic import TOPIC

    tables = {"broker": BROKER, "topic": TOPIC, "group": GROUP}
    if name is None:
        for kind, table in tables.items():
            print(f"# {kind}")
            for setting in table.rows():
                default = "null" if setting.default is None else setting.default
                print(f"{setting.name}  {setting.type}  {default!s}  {setting.handling}")
        return 0
    found = [(kind, table[name]) for kind, table in tables.items() if name in table]
    for kind, setting in found:
        print(_told(kind, setting))
    if not found:
        near = next((table.nearest(name) for table in tables.values() if table.nearest(name)), None)
        hint = f"; nearest: {near}" if near else ""
        print(f"pykbroker: {name} is not a setting of Kafka's{hint}", file=sys.stderr)
        return 1
    return 0


def _told(kind: str, setting: Setting) -> str:
    """All about one setting, a fact a line."""
    from pykbroker.config.setting import REASONS, REFUSALS
    from pykbroker.config.values import expected

    handling = setting.handling
    if handling == "ignored":
        handling += f": it {REASONS[setting.why]}"
    elif handling == "refused":
        handling += f", unless it is Kafka's default: it {REFUSALS[setting.why]}"
    default = "none" if setting.default is None else setting.default or "(empty)"
    if setting.kafka_default != setting.default:
        default += f" (Kafka: {'none' if setting.kafka_default is None else setting.kafka_default})"
    lines = [
        f"{setting.name}  ({kind})",
        f"  {setting.doc}",
        f"  default   {default}",
        f"  takes     {setting.type}: {expected(setting.type, setting.rule)}",
        f"  changes   {setting.mode}",
        f"  here      {handling}",
    ]
    return "\n".join(lines)
