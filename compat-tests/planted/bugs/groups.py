"""Bugs of groups: members, rebalances, committed offsets."""

from __future__ import annotations

from planted.bug import Bug, Edit

GROUPS = "pykbroker/core/groups"
OFFSETS = f"{GROUPS}/offsets.py"
JOIN = f"{GROUPS}/join.py"
MEMBERSHIP = f"{GROUPS}/membership.py"

BUGS = (
    Bug(
        "heartbeat-of-an-old-generation",
        apis=("Heartbeat",),
        says="A member that missed a rebalance is told that all is well and goes on with partitions of somebody else.",
        blind=True,
        edits=(
            Edit(
                MEMBERSHIP,
                "        member = group.members[command.member_id]\n    if command.generation != group.generation:",
                "        member = group.members[command.member_id]\n    if command.generation > group.generation:",
            ),
        ),
    ),
    Bug(
        "commit-of-an-old-generation",
        apis=("OffsetCommit",),
        says="A member that missed a rebalance overwrites the offsets of who owns its partitions now.",
        blind=True,
        edits=(
            Edit(
                OFFSETS,
                "if command.generation != group.generation:",
                "if command.generation > group.generation:",
            ),
        ),
    ),
    Bug(
        "no-commit-while-members-rejoin",
        apis=("OffsetCommit",),
        says="Consumers that commit when their partitions are revoked get REBALANCE_IN_PROGRESS and read twice.",
        blind=True,
        edits=(
            Edit(
                OFFSETS,
                "if group.state is GroupState.COMPLETING_REBALANCE:",
                "if group.state is GroupState.PREPARING_REBALANCE:",
            ),
        ),
    ),
    Bug(
        "committed-epoch-only-in-all",
        apis=("OffsetFetch",),
        says="The leader epoch of a committed offset is told when all topics are asked for, not for a named one.",
        stands_for="redpanda-data/redpanda#9850",
        blind=True,
        edits=(
            Edit(
                OFFSETS,
                "found.append(fetched(topic, partition, stored))",
                "found.append(FetchedOffset(topic, partition, stored.offset, metadata=stored.metadata))",
            ),
        ),
    ),
    Bug(
        "committed-epoch-lost-at-restart",
        apis=("OffsetFetch", "OffsetCommit"),
        says="After a restart committed offsets have no leader epoch any more.",
        stands_for="redpanda-data/redpanda#1181",
        blind=True,
        edits=(Edit(f"{GROUPS}/records.py", "OFFSET_VALUE = 3", "OFFSET_VALUE = 2"),),
    ),
    Bug(
        "static-member-comes-back-unstored",
        apis=("JoinGroup", "Heartbeat"),
        says="A static member that came back under a new id is a stranger after the broker's restart.",
        stands_for="KAFKA-10284",
        blind=True,
        edits=(
            Edit(
                JOIN,
                "            turn.out.records.append(GroupRecord(group.group_id, stored))\n            keep_generation(",
                "            keep_generation(",
            ),
        ),
    ),
    Bug(
        "returning-leader-does-not-skip",
        apis=("JoinGroup",),
        says="A static leader that came back is not told that it leads, and nobody watches for new partitions.",
        stands_for="KAFKA-13435",
        blind=True,
        edits=(Edit(JOIN, "skips = command.skips_assignment", "skips = False"),),
    ),
    Bug(
        "stale-static-member-is-unknown",
        apis=("LeaveGroup",),
        says="A static member whose place was taken is told UNKNOWN_MEMBER_ID, not that it is fenced, when it leaves.",
        stands_for="KAFKA-8225",
        blind=True,
        edits=(
            Edit(
                MEMBERSHIP,
                "member_error(group, member_id, leaving.instance_id)",
                "member_error(group, member_id, None)",
            ),
        ),
    ),
    Bug(
        "old-leave-always-succeeds",
        apis=("LeaveGroup",),
        says="Until version 2 a member that nobody knows leaves without an error.",
        blind=True,
        edits=(
            Edit(
                "pykbroker/api/handlers/leave_group.py",
                "error = result.error or next((left.error for left in result.members if left.error), result.error)",
                "error = result.error",
            ),
        ),
    ),
    Bug(
        "first-member-without-a-protocol-type",
        apis=("JoinGroup",),
        says="A client without a protocol type gets into an empty group and keeps all others out of it.",
        stands_for="KAFKA-6005",
        blind=True,
        edits=(
            Edit(
                f"{GROUPS}/classic.py",
                "return bool(protocol_type) and any(True for _ in protocols)",
                "return any(True for _ in protocols)",
            ),
        ),
    ),
    Bug(
        "longest-session-is-refused",
        apis=("JoinGroup",),
        says="A session timeout of exactly group.max.session.timeout.ms is INVALID_SESSION_TIMEOUT.",
        blind=True,
        edits=(
            Edit(
                JOIN,
                "<= command.session_timeout_ms <= rules",
                "<= command.session_timeout_ms < rules",
            ),
        ),
    ),
    Bug(
        "described-by-the-first-protocol",
        apis=("DescribeGroups",),
        says="A member's metadata is that of the protocol it likes most, not of the one the group uses.",
        blind=True,
        edits=(
            Edit(
                f"{GROUPS}/queries.py",
                'member.metadata(group.protocol_name) if stable else b""',
                'member.protocols[0].metadata if stable else b""',
            ),
        ),
    ),
    Bug(
        "type-filter-is-ignored",
        apis=("ListGroups",),
        says="Listing groups of one type lists those of all types.",
        blind=True,
        edits=(
            Edit(f"{GROUPS}/queries.py", "if types and CLASSIC not in types:", "if types and not CLASSIC:"),
        ),
    ),
    Bug(
        "deleted-group-keeps-its-offsets",
        apis=("DeleteGroups",),
        says="A group made anew after it was deleted goes on where the old one stood.",
        blind=True,
        edits=(
            Edit(
                f"{GROUPS}/machine.py",
                "            turn.out.records.extend(self.offsets.tombstones(command.group_id))\n",
                "",
            ),
        ),
    ),
)
