"""DeleteGroups (KIP-229): a group without members, with all its offsets."""

from __future__ import annotations

from conformance import Kafka, case
from conformance.groups import (
    Member,
    commit,
    committed,
    described,
    emptied,
    joined,
    lasting_group,
    stable,
)
from wire.errors import ErrorCode
from wire.messages.delete_groups import DeleteGroupsRequest

FEATURE = "classic groups"


def delete(kafka: Kafka, *groups: str) -> list[tuple[str, int]]:
    answer = kafka.ask(DeleteGroupsRequest(groups_names=list(groups)))
    return [(row.group_id, row.error_code) for row in answer.results]


@case(DeleteGroupsRequest, feature=FEATURE, why="KIP-229")
def test_an_empty_group_is_deleted(kafka: Kafka) -> None:
    """A group without members is deleted: it is Dead, and its offsets are gone."""
    group, topic = emptied(kafka), kafka.topic()
    commit(kafka, group, topic, 5)
    assert delete(kafka, group) == [(group, 0)]
    assert described(kafka, group).group_state == "Dead"
    assert committed(kafka, group, topic).committed_offset == -1


@case(DeleteGroupsRequest, feature=FEATURE, why="GroupMetadataManager.validateDeleteGroup")
def test_a_group_of_offsets_alone_is_deleted(kafka: Kafka) -> None:
    """A group that was made by a commit alone is deleted like others."""
    group = lasting_group(kafka)
    assert delete(kafka, group) == [(group, 0)]
    assert described(kafka, group).group_state == "Dead"


@case(DeleteGroupsRequest, feature=FEATURE, why="ClassicGroup.validateDeleteGroup")
def test_a_group_with_members(kafka: Kafka) -> None:
    """A group that has members, in whatever state, is NON_EMPTY_GROUP and lives on."""
    (running,) = stable(kafka)
    (joining,) = joined(kafka)
    codes = dict(delete(kafka, running.group, joining.group))
    assert codes == dict.fromkeys((running.group, joining.group), ErrorCode.NON_EMPTY_GROUP)
    assert running.heartbeat() == joining.heartbeat() == 0


@case(DeleteGroupsRequest, feature=FEATURE, why="GroupMetadataManager.validateDeleteGroup")
def test_an_unknown_group(kafka: Kafka) -> None:
    """A group that nobody knows is GROUP_ID_NOT_FOUND."""
    group = kafka.group()
    assert delete(kafka, group) == [(group, ErrorCode.GROUP_ID_NOT_FOUND)]


@case(DeleteGroupsRequest, feature=FEATURE, why="GroupMetadataManager.validateDeleteGroup")
def test_a_group_is_deleted_once(kafka: Kafka) -> None:
    """A second deletion finds nothing: GROUP_ID_NOT_FOUND."""
    group = lasting_group(kafka)
    assert delete(kafka, group) == [(group, 0)]
    assert delete(kafka, group) == [(group, ErrorCode.GROUP_ID_NOT_FOUND)]


@case(DeleteGroupsRequest, feature=FEATURE, why="KafkaApis.handleDeleteGroupsRequest: distinct")
def test_the_same_group_twice(kafka: Kafka) -> None:
    """A group that is named twice is deleted and answered once."""
    group = lasting_group(kafka)
    assert delete(kafka, group, group) == [(group, 0)]


@case(DeleteGroupsRequest, feature=FEATURE, why="GroupCoordinatorShard.deleteGroups")
def test_each_group_for_itself(kafka: Kafka) -> None:
    """Several groups are answered each for itself: one that cannot be deleted does not keep the others."""
    (member,) = stable(kafka)
    expected = {
        lasting_group(kafka): 0,
        member.group: ErrorCode.NON_EMPTY_GROUP,
        kafka.group(): ErrorCode.GROUP_ID_NOT_FOUND,
    }
    assert dict(delete(kafka, *expected)) == expected


@case(DeleteGroupsRequest, feature=FEATURE, why="KafkaApis.handleDeleteGroupsRequest")
def test_no_groups(kafka: Kafka) -> None:
    """A request for no groups is answered with none."""
    assert delete(kafka) == []


@case(DeleteGroupsRequest, feature=FEATURE, why="GroupMetadataManager.createGroupTombstoneRecords")
def test_a_deleted_group_begins_anew(kafka: Kafka) -> None:
    """A group that was deleted can be joined again, and begins with generation 1."""
    group = emptied(kafka)
    assert delete(kafka, group) == [(group, 0)]
    member = Member(kafka, group, instance=kafka.name("instance"))
    assert member.join().generation_id == 1
