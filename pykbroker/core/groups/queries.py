"""DescribeGroups and ListGroups: groups as a person sees them."""

from __future__ import annotations

from collections.abc import Iterable

from pykbroker.core.groups.classic import ClassicGroup
from pykbroker.core.groups.commands import DescribedMember, GroupDescription, ListedGroup, ListGroups
from pykbroker.core.groups.states import GroupState

CLASSIC = "classic"  # the type of all groups here (KIP-848 has others)


def describe(group: ClassicGroup) -> GroupDescription:
    """Protocol and metadata are settled only while the group is stable."""
    stable = group.state is GroupState.STABLE
    members = tuple(
        DescribedMember(
            member.member_id,
            member.instance_id,
            member.client_id,
            member.client_host,
            member.metadata(group.protocol_name) if stable else b"",
            member.assignment,
        )
        for member in group.members.values()
    )
    name = (group.protocol_name or "") if stable else ""
    return GroupDescription(group.group_id, group.state.value, group.protocol_type or "", name, members)


def list_groups(groups: Iterable[ClassicGroup], command: ListGroups) -> list[ListedGroup]:
    """Filters are names in any case; states may have blanks around them. An unknown name finds nothing."""
    states = {state.strip().lower() for state in command.states}
    types = {name.lower() for name in command.types}
    if types and CLASSIC not in types:
        return []
    return [
        ListedGroup(group.group_id, group.protocol_type or "", group.state.value, CLASSIC)
        for group in groups
        if not states or group.state.value.lower() in states
    ]
