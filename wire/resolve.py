"""From a declaration to the plain construct Struct of one version.

The Struct holds the fields of that version in wire order, and at its end, in a flexible version, a TagSection. Each Struct
also says of which Group it is (`group`), so that objects of the right class can be made from what it parses.
"""

from __future__ import annotations

from typing import Any

from construct import Renamed, Struct

from wire import primitives, schema
from wire.primitives import TaggedField, TagSection
from wire.schema import Field, Group, Type

TAGS = "tagged fields"  # the name of the section within a Struct; no field is called so

_numbers: dict[str, Any] = {}


class GroupStruct(Struct):  # type: ignore[misc]
    """A Struct that knows its Group; `absent`: the fields that this version lacks."""

    def __init__(self, group: Group, absent: list[Field], subcons: list[Any]) -> None:
        super().__init__(*subcons)
        self.group = group
        self.absent = absent


def resolve(group: Group, version: int, flexible: bool) -> GroupStruct:
    """The Struct of a group in a version of its message. flexible: whether that version is."""
    subcons, tagged, absent = [], [], []
    for field in group.fields:
        if version not in field.versions:
            absent.append(field)
        elif flexible and field.tag is not None and version in field.tagged:
            con = construct_of(field, version, True, tagged=True)
            tagged.append(TaggedField(field.tag, field.name, con, field.default, default_check(field)))
        else:
            con = construct_of(field, version, flexible and version in field.flexible)
            subcons.append(Renamed(con, field.name))
    if flexible:
        subcons.append(Renamed(TagSection(tagged), TAGS))
    return GroupStruct(group, absent, subcons)


def construct_of(field: Field, version: int, flexible: bool, tagged: bool = False) -> Any:
    """The construct type of one field."""
    nullable = version in field.nullable
    kind = field.type
    if isinstance(kind, schema.Array):
        return primitives.Array(element_of(kind.element, version, flexible), flexible, nullable)
    if isinstance(kind, Group):
        struct = resolve(kind, version, flexible)
        marker = primitives.UVarint if tagged else primitives.number("b")
        return primitives.NullableStruct(struct, marker) if nullable else struct
    return value_of(kind, flexible, nullable)


def element_of(kind: Type | Group, version: int, flexible: bool) -> Any:
    """The construct type of an array's elements; none of them is nullable."""
    if isinstance(kind, Group):
        return resolve(kind, version, flexible)
    return value_of(kind, flexible, False)


def value_of(kind: Type, flexible: bool, nullable: bool) -> Any:
    """The construct type of a single value."""
    if kind.fmt:
        found = _numbers.get(kind.fmt)
        if found is None:
            found = _numbers[kind.fmt] = primitives.number(kind.fmt)
        return found
    if kind is schema.Uuid:
        return primitives.Uuid()
    made = {
        schema.String: primitives.String,
        schema.Bytes: primitives.Bytes,
        schema.Records: primitives.Records,
    }
    return made[kind](flexible, nullable)


def default_check(field: Field) -> Any:
    """Tells whether a value is the field's default, so that its tag is left out."""
    default = field.default
    if default == ():
        return lambda value: value is not None and len(value) == 0
    if default is None:
        return lambda value: value is None
    return lambda value: value is default or value == default
