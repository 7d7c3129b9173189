"""What is told of the settings at start: one line for all that is ignored, a few notes, a warning for each unknown name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from pykbroker.config.broker import BROKER
from pykbroker.config.refusals import AUTHORIZERS_OWN, base_setting
from pykbroker.config.setting import REASONS

if TYPE_CHECKING:
    from logging import Logger

FOREIGN_PREFIXES = ("rsm.config.", "rlmm.config.", "config.providers.", "confluent.", "metrics.context.")
"""Settings of plug-ins and of other distributions: ignored like Kafka's own, not warned of."""

_SPECIAL = {
    "zookeeper.connect": "zookeeper.connect={value}: embedded store used instead",
    "process.roles": "process.roles={value}: ignored, this process is broker and controller in one, without a quorum",
}
"""Ignored settings that deserve a line of their own."""


class Notes(NamedTuple):
    """summary: one line, or None. lines: notes. warnings: unknown names. details: for the debug level."""

    summary: str | None
    lines: tuple[str, ...]
    warnings: tuple[str, ...]
    details: tuple[str, ...]

    def log(self, logger: Logger) -> None:
        """Tells all of it at the level where it belongs."""
        for warning in self.warnings:
            logger.warning("%s", warning)
        for line in self.lines:
            logger.info("%s", line)
        if self.summary:
            logger.info("%s", self.summary)
        for detail in self.details:
            logger.debug("%s", detail)


def collect(
    values: Mapping[str, str], origins: Mapping[str, str], skipped: Sequence[str], unopened: Sequence[str]
) -> Notes:
    """The notes on settings that loaded.

    values: name -> text as merged. origins: name -> where from. skipped: KAFKA_* variables that are no settings.
    unopened: names of listeners that belong to a quorum.
    """
    ignored: list[str] = []
    warnings: list[str] = []
    for name in sorted(values):
        setting = base_setting(name)
        if setting is None:
            if not name.startswith(FOREIGN_PREFIXES) and name not in AUTHORIZERS_OWN:
                warnings.append(_unknown(name, origins.get(name)))
            else:
                ignored.append(name)
        elif setting.handling != "used" or name not in BROKER:
            ignored.append(name)
    lines = [_SPECIAL[name].format(value=values[name]) for name in ignored if name in _SPECIAL]
    if unopened:
        lines.append(f"listener {', '.join(unopened)} is for a quorum and is not opened")
    details = [f"setting {name} is ignored: {_why(name)}" for name in ignored]
    details += [f"{variable} is no setting and is skipped" for variable in skipped]
    return Notes(_summary(ignored), tuple(lines), tuple(warnings), tuple(details))


def _summary(ignored: Sequence[str]) -> str | None:
    if not ignored:
        return None
    count = "1 setting has" if len(ignored) == 1 else f"{len(ignored)} settings have"
    return f"{count} no effect here (--log-level debug names them)"


def _why(name: str) -> str:
    setting = base_setting(name)
    if setting is None:
        return "it belongs to a plug-in"
    if setting.handling == "refused":
        return "it has Kafka's default value"
    if name not in BROKER:
        return "it is for one listener, and listeners have no settings of their own"
    return f"it {REASONS[setting.why]}"


def _unknown(name: str, origin: str | None) -> str:
    where = f" (from {origin})" if origin else ""
    near = BROKER.nearest(name)
    hint = f"; nearest: {near}" if near else ""
    return f"{name}{where} is not a setting of Kafka's and is ignored{hint}"
