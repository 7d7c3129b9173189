"""The states of a classic group and its legal moves (Kafka: ClassicGroupState). docs/groups.md draws this table.

What each request gets, by state, stands beside the state. Everywhere: a wrong member id, instance id or generation is found
before the state is looked at (UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, ILLEGAL_GENERATION, in that order), and OffsetFetch,
DescribeGroups and ListGroups are always answered.
"""

from __future__ import annotations

from enum import Enum


class GroupState(Enum):
    """The value is the name that DescribeGroups and ListGroups show."""

    # No members; lives on for its offsets and until they expire. Also a group that only ever committed offsets.
    # JoinGroup of a new member: begins a rebalance after group.initial.rebalance.delay.ms. SyncGroup, Heartbeat, LeaveGroup:
    # UNKNOWN_MEMBER_ID. OffsetCommit: taken without a generation, else UNKNOWN_MEMBER_ID. DeleteGroups: deleted.
    EMPTY = "Empty"

    # Members are asked to join again. JoinGroup: parked until all have joined or the rebalance timeout is over. Heartbeat,
    # SyncGroup: REBALANCE_IN_PROGRESS. LeaveGroup: removed, may end the wait. OffsetCommit of the last generation: taken.
    PREPARING_REBALANCE = "PreparingRebalance"

    # All have joined; the leader works out who gets what. SyncGroup: parked until the leader's comes. Heartbeat: fine.
    # JoinGroup with the same metadata: the same answer again; with other metadata or of a new member: a new rebalance.
    # OffsetCommit: REBALANCE_IN_PROGRESS. LeaveGroup: a new rebalance. A member that does not sync in time is removed.
    COMPLETING_REBALANCE = "CompletingRebalance"

    # Everybody works. SyncGroup: the assignment. Heartbeat, OffsetCommit: fine. JoinGroup of the leader, of a new member or
    # with other metadata: a rebalance; of a follower with the same metadata: the generation as it is; of a static member
    # that restarted with the protocol unchanged: the same, without a rebalance (KIP-345, KIP-814). LeaveGroup: a rebalance.
    STABLE = "Stable"

    # Deleted, or its partition has moved. Nothing finds it any more; DescribeGroups shows this state for an unknown group.
    DEAD = "Dead"


MOVES: dict[GroupState, frozenset[GroupState]] = {
    # a first member joins; deleted or expired
    GroupState.EMPTY: frozenset({GroupState.PREPARING_REBALANCE, GroupState.DEAD}),
    # all (or those in time) have joined; nobody is left
    GroupState.PREPARING_REBALANCE: frozenset(
        {GroupState.COMPLETING_REBALANCE, GroupState.EMPTY, GroupState.DEAD}
    ),
    # the leader's assignment is stored; somebody joins, leaves, dies or does not sync
    GroupState.COMPLETING_REBALANCE: frozenset(
        {GroupState.STABLE, GroupState.PREPARING_REBALANCE, GroupState.DEAD}
    ),
    # somebody joins, leaves or dies
    GroupState.STABLE: frozenset({GroupState.PREPARING_REBALANCE, GroupState.DEAD}),
    GroupState.DEAD: frozenset(),
}


def diagram() -> str:
    """The table as a Mermaid state diagram, for docs/groups.md."""
    lines = ["stateDiagram-v2", f"    [*] --> {GroupState.EMPTY.value}"]
    for state in GroupState:
        lines.extend(f"    {state.value} --> {other.value}" for other in GroupState if other in MOVES[state])
    lines.append(f"    {GroupState.DEAD.value} --> [*]")
    return "\n".join(lines)
