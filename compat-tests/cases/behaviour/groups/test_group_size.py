"""group.max.size (KIP-389): how many members a group takes."""

from __future__ import annotations

from conformance import Kafka, Setting, case
from conformance.groups import Member, lasting_group, stable, synced
from wire.errors import ErrorCode
from wire.messages.join_group import JoinGroupRequest

FEATURE = "classic groups"
SMALL = (Setting("group.max.size", at_most=32, at_least=3),)


def full(kafka: Kafka) -> list[Member]:
    """A Stable group that takes nobody more; the first one leads."""
    size = int(kafka.subject.setting("group.max.size") or 0)
    members = [Member(kafka, lasting_group(kafka))]
    members[0].join()
    newcomers = [Member(kafka, members[0].group) for _ in range(size - 1)]
    for member in newcomers:  # all ids first: the rebalance waits for those who have one
        member.fetch_id(4)
    for member in newcomers:
        member.send_join()
    members[0].notices_rebalance()
    members[0].send_join()
    for member in (members[0], *newcomers):
        assert member.receive_join().error_code == 0
    return synced(members + newcomers)


@case(JoinGroupRequest, versions="4+", feature=FEATURE, why="KIP-389", needs=SMALL)
def test_a_full_group(kafka: Kafka) -> None:
    """Who comes to a group of group.max.size members is told GROUP_MAX_SIZE_REACHED; nobody there is disturbed."""
    members = full(kafka)
    late = Member(kafka, members[0].group)
    answer = late.connection.ask(late.join_request())
    assert answer.error_code == ErrorCode.GROUP_MAX_SIZE_REACHED
    assert [member.heartbeat() for member in members] == [0] * len(members)


@case(JoinGroupRequest, versions="latest", feature=FEATURE, why="KIP-389", needs=SMALL)
def test_members_of_a_full_group_join_again(kafka: Kafka) -> None:
    """The members of a full group themselves may join again, and all of them do."""
    members = full(kafka)
    members[0].send_join()
    members[1].notices_rebalance()
    for member in members[1:]:
        member.send_join()
    assert [member.receive_join().error_code for member in members] == [0] * len(members)


@case(JoinGroupRequest, versions="latest", feature=FEATURE, why="KIP-389", needs=SMALL)
def test_a_place_that_became_free(kafka: Kafka) -> None:
    """When a member of a full group leaves, another one may come."""
    members = full(kafka)
    assert members.pop().leave() == 0
    late = Member(kafka, members[0].group)
    late.send_join()
    for member in members:
        member.send_join()
    assert [member.receive_join().error_code for member in members] == [0] * len(members)
    assert late.receive_join().error_code == 0


@case(JoinGroupRequest, versions="latest", feature=FEATURE, why="group.max.size is per group", needs=SMALL)
def test_other_groups_have_room(kafka: Kafka) -> None:
    """A full group says nothing about others."""
    full(kafka)
    (member,) = stable(kafka)
    assert member.heartbeat() == 0
