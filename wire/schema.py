"""Declarations: one Message for all its versions, a line per field.

    FetchRequest = Message("FetchRequest", key=1, kind="request", versions="0-18", flexible="12+", fields=[
        Field("max_wait_ms", Int32),
        Field("topics", Array(FetchTopic)),
        Field("cluster_id", String, "12+", nullable="12+", tag=0, default=None),
        ...

A declaration is data and costs nothing but its objects: versions are read, construct is imported, classes and code are made
when a message is first used, each for itself.

    declaration --Message.struct(v)--> plain construct Struct --codegen--> parse(buf, pos), build(obj)
                                            |
                                            +--wire.reference--> the same objects, slowly; what the tests and errors use

Every Group has one class with slots for the fields of all versions. After parsing, a field that the version lacks has its
default; in building it is skipped. So code that handles messages is blind to versions. A struct field that is not nullable
defaults to one shared instance that cannot be changed (an assignment to its fields says so): assign a new one instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from wire.errors import WireError

if TYPE_CHECKING:
    Buffer = bytes | bytearray | memoryview
    Parser = Callable[..., tuple[Any, int]]
    Builder = Callable[[Any], list[Any]]

LATEST = 0x7FFF
UNKNOWN_TAGS = "unknown_tags"


class Versions(NamedTuple):
    """A range of versions, both ends included; empty if first > last. Kafka's text: "3-7", "0+", "5", "none"."""

    first: int
    last: int

    def __contains__(self, version: object) -> bool:
        return self.first <= version <= self.last  # type: ignore[operator]

    def __str__(self) -> str:
        if self.first > self.last:
            return "none"
        if self.last == LATEST:
            return f"{self.first}+"
        return f"{self.first}-{self.last}" if self.last > self.first else str(self.first)


NO_VERSION = Versions(1, 0)
_ranges: dict[str, Versions] = {"": NO_VERSION, "none": NO_VERSION}


def versions_of(text: str) -> Versions:
    """Versions from Kafka's text."""
    found = _ranges.get(text)
    if found is None:
        first, dash, last = text.rstrip("+").partition("-")
        top = LATEST if text.endswith("+") else int(last if dash else first)
        found = _ranges[text] = Versions(int(first), top)
    return found


class Type:
    """A type of one value. fmt: its letter in `struct` if it is a number. default: what a field has if nothing is said."""

    __slots__ = ("default", "fmt", "name")

    def __init__(self, name: str, default: Any, fmt: str = "") -> None:
        self.name = name
        self.default = default
        self.fmt = fmt

    def __repr__(self) -> str:
        return self.name


Bool = Type("bool", False, "?")
Int8 = Type("int8", 0, "b")
Int16 = Type("int16", 0, "h")
Uint16 = Type("uint16", 0, "H")
Int32 = Type("int32", 0, "l")
Uint32 = Type("uint32", 0, "L")
Int64 = Type("int64", 0, "q")
Float64 = Type("float64", 0.0, "d")
Uuid = Type("uuid", bytes(16))
String = Type("string", "")
Bytes = Type("bytes", b"")
Records = Type("records", None)


class Array:
    """A list of values of one type or struct."""

    __slots__ = ("element",)
    default: Any = ()

    def __init__(self, element: Type | Group) -> None:
        self.element = element

    @property
    def name(self) -> str:
        """Kafka's name of the type."""
        return f"[]{self.element.name}"

    def __repr__(self) -> str:
        return self.name


_UNSET: Any = object()


class Field:
    """One field.

    versions: those that have it. nullable: those in which it may be None. tag: its number where it is a tagged field, in the
    versions `tagged` (all that have it, if not said). default: what it has unless set. kafka: Kafka's name where that does
    not follow from ours. flexible: versions with compact encoding, where that differs from the message's.
    """

    __slots__ = ("flexible", "kafka", "name", "nullable", "set_default", "tag", "tagged", "type", "versions")

    def __init__(
        self,
        name: str,
        type: Type | Array | Group,
        versions: str = "0+",
        *,
        nullable: str = "",
        default: Any = _UNSET,
        tag: int | None = None,
        tagged: str = "",
        kafka: str = "",
        flexible: str = "0+",
    ) -> None:
        self.name = name
        self.type = type
        self.versions = versions_of(versions)
        self.nullable = versions_of(nullable)
        self.set_default = default
        self.tag = tag
        self.tagged = versions_of(tagged) if tagged or tag is None else self.versions
        self.kafka = kafka
        self.flexible = versions_of(flexible)

    @property
    def default(self) -> Any:
        """The value unless set; of a struct the shared instance."""
        if self.set_default is not _UNSET:
            return self.set_default
        return self.type.default

    @property
    def has_default(self) -> bool:
        """Whether the declaration says a default of its own."""
        return self.set_default is not _UNSET

    @property
    def kafka_name(self) -> str:
        """The name in Kafka's definition."""
        return self.kafka or "".join(part[:1].upper() + part[1:] for part in self.name.split("_"))

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {self.type!r}, {str(self.versions)!r})"


class WireStruct:
    """Base of the classes behind groups and messages."""

    __slots__ = ()
    _group: Group

    def __repr__(self) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in self._group.slots)
        return f"{self._group.name}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, WireStruct) or other._group is not self._group:
            return NotImplemented
        return all(_same(getattr(self, name), getattr(other, name)) for name in self._group.slots)

    __hash__ = None  # type: ignore[assignment]


def _same(one: Any, other: Any) -> bool:
    """Equal; an array may be a list here and a tuple there, and a NaN is like another."""
    if one != one:
        return bool(other != other)
    if one.__class__ is tuple or other.__class__ is tuple:
        return one is not None and other is not None and list(one) == list(other)
    return bool(one == other)


class Group:
    """A struct: a name and fields. Calling it makes an instance."""

    __slots__ = ("__weakref__", "_cls", "_default", "fields", "name")

    def __init__(self, name: str, fields: Iterable[Field]) -> None:
        self.name = name
        self.fields = tuple(fields)
        self._cls: Any = None
        self._default: Any = None

    def __call__(self, *args: Any, **values: Any) -> Any:
        return (self._cls or self.cls)(*args, **values)

    def __repr__(self) -> str:
        return self.name

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the attributes of an instance."""
        return (*(field.name for field in self.fields), UNKNOWN_TAGS)

    @property
    def cls(self) -> Any:
        """The class behind it, made at first use."""
        if self._cls is None:
            self._cls = _make_class(self)
        return self._cls

    @property
    def default(self) -> Any:
        """The shared instance that stands for "not set"; it cannot be changed."""
        if self._default is None:
            frozen = type(self.cls.__name__, (self.cls,), {"__slots__": (), "__setattr__": _refuse_change})
            self._default = object.__new__(frozen)
            for field in self.fields:
                object.__setattr__(self._default, field.name, field.default)
            object.__setattr__(self._default, UNKNOWN_TAGS, None)
        return self._default


def _refuse_change(self: Any, name: str, value: Any) -> None:
    raise AttributeError(
        f"{self._group.name}.{name}: this is the default that all share; assign a new {self._group.name}"
    )


def _make_class(group: Group) -> Any:
    """A class with slots and an __init__ of keyword arguments."""
    names = [field.name for field in group.fields]
    defaults = {f"d{i}": field.default for i, field in enumerate(group.fields)}
    arguments = "".join(f", {name}=d{i}" for i, name in enumerate(names))
    body = "".join(f"\n    self.{name} = {name}" for name in names)
    source = (
        f"def __init__(self{arguments}, {UNKNOWN_TAGS}=None):{body}\n    self.{UNKNOWN_TAGS} = {UNKNOWN_TAGS}"
    )
    exec(source, defaults)
    members = {
        "__slots__": group.slots,
        "_group": group,
        "__init__": defaults["__init__"],
        "__module__": "wire",
    }
    return type(group.name, (WireStruct,), members)


class Message(Group):
    """A request, response, header or stored record.

    key: API key, or of a stored key or value its record type; None for the rest. kind: "request", "response", "header",
    "key", "value" or "data". versions: those that exist. flexible: those with compact encoding and tagged fields (KIP-482).
    """

    __slots__ = ("_builders", "_parsers", "_structs", "flexible", "key", "kind", "versions")

    def __init__(
        self,
        name: str,
        *,
        key: int | None,
        kind: str,
        versions: str,
        flexible: str,
        fields: Iterable[Field],
    ) -> None:
        super().__init__(name, fields)
        self.key = key
        self.kind = kind
        self.versions = versions_of(versions)
        self.flexible = versions_of(flexible)
        self._structs: dict[int, Any] = {}
        self._parsers: dict[int, Parser] = {}
        self._builders: dict[int, Builder] = {}

    def flexible_version(self, version: int) -> bool:
        """Whether a version has compact encoding and tagged fields."""
        return version in self.flexible

    def struct(self, version: int) -> Any:
        """The plain construct Struct of a version: the reference.

        Raises: WireError for a version that does not exist.
        """
        found = self._structs.get(version)
        if found is None:
            if version not in self.versions:
                raise WireError(f"{self.name} has the versions {self.versions}, and no {version}")
            from wire.resolve import resolve

            found = self._structs[version] = resolve(self, version, version in self.flexible)
        return found

    def parser(self, version: int) -> Parser:
        """parse(buf, pos=0, end=None) -> (obj, end position), generated at first use. A message that would end behind `end`
        (len(buf) unless given) raises WireError, as all malformed input does."""
        found = self._parsers.get(version)
        if found is None:
            from wire.codegen import make_parser

            found = self._parsers[version] = make_parser(self, version)
        return found

    def builder(self, version: int) -> Builder:
        """build(obj) -> list of buffers, generated at first use. Raises WireError for a value that does not fit."""
        found = self._builders.get(version)
        if found is None:
            from wire.codegen import make_builder

            found = self._builders[version] = make_builder(self, version)
        return found

    def parse(self, version: int, buf: Buffer, pos: int = 0) -> tuple[Any, int]:
        """(obj, position behind it). Raises: WireError."""
        return (self._parsers.get(version) or self.parser(version))(buf, pos)

    def build(self, version: int, obj: Any) -> list[Any]:
        """Buffers to send one after the other; `records` fields as they are, uncopied. Raises: WireError."""
        return (self._builders.get(version) or self.builder(version))(obj)

    def reference_parse(self, version: int, buf: Buffer, pos: int = 0) -> tuple[Any, int]:
        """As `parse`, by construct alone: slow, and its errors name the field."""
        from wire.reference import reference_parse

        return reference_parse(self, version, buf, pos)

    def reference_build(self, version: int, obj: Any) -> list[bytes]:
        """As `build`, by construct alone, as one buffer."""
        from wire.reference import reference_build

        return reference_build(self, version, obj)
