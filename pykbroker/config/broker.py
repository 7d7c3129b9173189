"""The settings of this broker: the table, and `BrokerConfig`, the values in force.

A value comes from, in this order: a dynamic value of this broker, a dynamic value of all brokers, what was given at
start (file, environment, command line; loading has put them together), the default. A `BrokerConfig` is immutable: a
dynamic change makes a new one, which is swapped in whole, so that a request never sees half a change. Values are
parsed once, at first use: reading one is a dict lookup.

Some settings say the same in several units: log.retention.ms comes before .minutes, and that before .hours. The topic
settings derived from them resolve that (`config.topic`); here each name keeps its own value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import dropwhile
from typing import TYPE_CHECKING

from pykbroker.config.described import Described, Source, Synonym
from pykbroker.config.setting import READ_ONLY, Setting, Table
from pykbroker.config.tables import cluster, groups, log, network, security
from pykbroker.config.values import Value, render

if TYPE_CHECKING:
    from collections.abc import Iterator

BROKER = Table(log.ROWS, network.ROWS, groups.ROWS, cluster.ROWS, security.ROWS)
"""Every broker setting of Kafka 3.9.2 and 4.3.1."""

FAMILIES = (
    ("log.retention.ms", "log.retention.minutes", "log.retention.hours"),
    ("log.roll.ms", "log.roll.hours"),
    ("log.roll.jitter.ms", "log.roll.jitter.hours"),
    ("log.flush.interval.ms", "log.flush.scheduler.interval.ms"),
)
"""Settings that say the same in several units; the first that is set acts (Kafka: brokerConfigSynonyms)."""

UNIT_MS = {"minutes": 60_000, "hours": 3_600_000}

_NOTHING: Mapping[str, str] = {}


class BrokerConfig:
    """The settings in force, by Kafka's names.

    static: what was given at start, name -> text, checked. default_dynamic and broker_dynamic: what AlterConfigs set
    for all brokers and for this one. Unknown names may stand in all three; they are described, and otherwise unused.
    """

    __slots__ = ("_broker_dynamic", "_default_dynamic", "_rows", "_static", "_values")

    def __init__(
        self,
        static: Mapping[str, str] = _NOTHING,
        default_dynamic: Mapping[str, str] = _NOTHING,
        broker_dynamic: Mapping[str, str] = _NOTHING,
    ) -> None:
        self._static = dict(static)
        self._default_dynamic = dict(default_dynamic)
        self._broker_dynamic = dict(broker_dynamic)
        self._values: dict[str, Value] = {}
        self._rows: dict[str, Described] = {}

    # --- values ------------------------------------------------------------------------------------------------

    def integer(self, name: str) -> int:
        """A setting of type int, short or long that has a value. Raises: KeyError, TypeError (both are bugs)."""
        value = self.parsed(name)
        if isinstance(value, int):
            return value
        raise TypeError(f"{name} is {value!r}, not an integer")

    def number(self, name: str) -> float:
        """A setting of type double."""
        value = self.parsed(name)
        if isinstance(value, float):
            return value
        raise TypeError(f"{name} is {value!r}, not a number")

    def boolean(self, name: str) -> bool:
        value = self.parsed(name)
        if isinstance(value, bool):
            return value
        raise TypeError(f"{name} is {value!r}, not a boolean")

    def text(self, name: str) -> str | None:
        """A setting of type string, class or password; None when it has no value."""
        value = self.parsed(name)
        if value is None or isinstance(value, str):
            return value
        raise TypeError(f"{name} is {value!r}, not a text")

    def listing(self, name: str) -> list[str]:
        """A setting of type list; empty when it has no value."""
        value = self.parsed(name)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        raise TypeError(f"{name} is {value!r}, not a list")

    def is_set(self, name: str) -> bool:
        """Someone gave it a value: it does not stand at its default."""
        return self.source(name) is not Source.DEFAULT

    def value(self, name: str) -> str | None:
        """The value as DescribeConfigs prints it, secrets included; None when there is none."""
        return render(self.parsed(name))

    def source(self, name: str) -> Source:
        return self._find(name)[1]

    def integer_or_none(self, name: str) -> int | None:
        """An integer setting that may have no value, such as log.flush.interval.ms."""
        return None if self.parsed(name) is None else self.integer(name)

    def family_ms(self, name: str) -> int | None:
        """Milliseconds of the first of a family that has a value: log.retention.hours for "log.retention.ms"."""
        for member in _family(name):
            value = self.parsed(member)
            if value is not None:
                assert isinstance(value, int)
                return value * UNIT_MS.get(member.rpartition(".")[2], 1) if value != -1 else -1
        return None

    def parsed(self, name: str) -> Value:
        """The value in force, of whatever type; None when there is none. Raises: KeyError for an unknown name."""
        try:
            return self._values[name]
        except KeyError:
            text, _ = self._find(name)
            value = None if text is None else BROKER[name].parse(text)
            self._values[name] = value
            return value

    def _find(self, name: str) -> tuple[str | None, Source]:
        """The text in force and where it comes from. Raises: KeyError for a name that nobody knows."""
        for values, source in self._sources():
            if name in values:
                return values[name], source
        return BROKER[name].default, Source.DEFAULT

    def _sources(self) -> tuple[tuple[dict[str, str], Source], ...]:
        return (
            (self._broker_dynamic, Source.DYNAMIC_BROKER),
            (self._default_dynamic, Source.DYNAMIC_DEFAULT_BROKER),
            (self._static, Source.STATIC_BROKER),
        )

    # --- change ------------------------------------------------------------------------------------------------

    @property
    def broker_dynamic(self) -> Mapping[str, str]:
        """What AlterConfigs set for this broker: name -> text."""
        return self._broker_dynamic

    @property
    def default_dynamic(self) -> Mapping[str, str]:
        """What AlterConfigs set for all brokers: name -> text."""
        return self._default_dynamic

    def with_dynamic(
        self, broker: Mapping[str, str] | None = None, default: Mapping[str, str] | None = None
    ) -> BrokerConfig:
        """The same settings with other dynamic values; None leaves a layer as it is.

        A stored value that does not parse is left out, as Kafka does: another version or tool may have written it.
        """
        return BrokerConfig(
            self._static,
            self._default_dynamic if default is None else _parseable(default),
            self._broker_dynamic if broker is None else _parseable(broker),
        )

    # --- description -------------------------------------------------------------------------------------------

    def describe(self, names: Iterable[str] | None = None) -> list[Described]:
        """DescribeConfigs of this broker: every known setting, and the unknown ones that were given.

        names: None or empty for all; names that nobody knows are left out.
        """
        wanted = set(names or ())
        return [self._describe(name) for name in self._described_names() if not wanted or name in wanted]

    def describe_default(self, names: Iterable[str] | None = None) -> list[Described]:
        """DescribeConfigs of the resource with the empty name: only what is set for all brokers."""
        wanted = set(names or ())
        only_default = BrokerConfig(_NOTHING, self._default_dynamic)
        rows = [
            only_default._describe(name)
            for name in sorted(self._default_dynamic)
            if not wanted or name in wanted
        ]
        return [
            row._replace(synonyms=tuple(s for s in row.synonyms if s.source is Source.DYNAMIC_DEFAULT_BROKER))
            for row in rows
        ]

    def _described_names(self) -> Iterator[str]:
        given = {name for values, _ in self._sources() for name in values}
        for name in BROKER:
            if name in given or not BROKER[name].internal:
                yield name
        yield from sorted(name for name in given if name not in BROKER)

    def _describe(self, name: str) -> Described:
        """One row, made once: all of them together take milliseconds."""
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = self._make_row(name)
        return row

    def _make_row(self, name: str) -> Described:
        setting = BROKER.get(name)
        if setting is None:
            return self._describe_unknown(name)
        return Described(
            name=name,
            value=None if setting.sensitive else self.value(name),
            source=self.source(name),
            synonyms=self.synonyms(name),
            read_only=setting.mode == READ_ONLY,
            sensitive=setting.sensitive,
            type_code=setting.type_code,
            doc=setting.doc,
        )

    def _describe_unknown(self, name: str) -> Described:
        """A name that is not Kafka's may hold a secret of anyone's, so its value is not told (as Kafka does)."""
        source = self.source(name)
        synonym = Synonym(name, None, source)
        return Described(name, None, source, (synonym,), True, True, 0, None)

    def synonyms(self, name: str) -> tuple[Synonym, ...]:
        """All values that `name` has or could have, in order of precedence, defaults last. What stands before the first of
        `name` itself is left out, also where it acts (Kafka: ConfigHelper.configSynonyms)."""
        family = _family(name)
        found = [
            Synonym(member, self._told(BROKER[member], values[member]), source)
            for values, source in self._sources()
            for member in family
            if member in values
        ]
        for member in family:
            setting = BROKER[member]
            if setting.default is not None:
                found.append(Synonym(member, self._told(setting, setting.default), Source.DEFAULT))
        return tuple(dropwhile(lambda synonym: synonym.name != name, found))

    def _told(self, setting: Setting, text: str) -> str | None:
        return None if setting.sensitive else setting.canonical(text)


def _parseable(values: Mapping[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, text in values.items():
        try:
            if name in BROKER:
                BROKER[name].parse(text)
        except ValueError:
            continue
        kept[name] = text
    return kept


def _family(name: str) -> tuple[str, ...]:
    for family in FAMILIES:
        if name in family:
            return family if name != "log.flush.scheduler.interval.ms" else (name,)
    return (name,)
