"""What a broker still knows after it was stopped and started again. Only for a broker that the suite runs itself."""

from __future__ import annotations

from conformance import Kafka, case, eventually
from conformance.groups import Member, add, commit, committed, fetched, stable, synced
from conformance.transactions import idempotent
from harness.process import BrokerProcess
from wire.messages.heartbeat import HeartbeatRequest
from wire.messages.init_producer_id import InitProducerIdRequest
from wire.messages.join_group import JoinGroupRequest
from wire.messages.offset_commit import OffsetCommitRequest
from wire.messages.offset_fetch import OffsetFetchRequest
from wire.messages.produce import ProduceRequest

FEATURE = "restart"
ALSO = (OffsetFetchRequest,)


def restart(kafka: Kafka, broker: BrokerProcess, group: str) -> None:
    """Stops and starts it, and waits until the group is loaded."""
    broker.restart()
    kafka.reconnect()
    wait_loaded(kafka, group)


def wait_loaded(kafka: Kafka, group: str) -> None:
    """Heartbeats do not show it: Kafka answers them with 0 while it loads the group."""
    kafka.wait_coordinator(group)
    eventually(lambda: fetched(kafka, group, None)[0] == 0)


def loaded_group(kafka: Kafka) -> str:
    group = kafka.group()
    wait_loaded(kafka, group)
    return group


@case(
    ProduceRequest,
    versions="latest",
    feature=FEATURE,
    why="KIP-98; ProducerStateManager's snapshots",
    also=(InitProducerIdRequest,),
)
def test_a_batch_of_many_again(kafka: Kafka, own_broker: BrokerProcess) -> None:
    """A batch of several records sent again after a restart is recognised: its first offset, and not stored again."""
    topic, producer = kafka.topic(), idempotent(kafka)
    producer.send(topic, b"a", b"b")
    assert producer.send(topic, b"c", b"d", b"e").base_offset == 2
    own_broker.restart()
    kafka.reconnect()
    kafka.wait_led(topic.name, 1)
    again = producer.send(topic, b"c", b"d", b"e", sequence=2)
    assert (again.error_code, again.base_offset, kafka.offset(topic)) == (0, 2, 5)


@case(
    OffsetFetchRequest,
    versions="latest",
    feature=FEATURE,
    why="KIP-320; OffsetCommitValue v3",
    also=(OffsetCommitRequest,),
)
def test_committed_offsets(kafka: Kafka, own_broker: BrokerProcess) -> None:
    """A committed offset comes back with its metadata and its leader epoch."""
    topic, group = kafka.topic(), loaded_group(kafka)
    assert commit(kafka, group, topic, 7, committed_metadata="note", committed_leader_epoch=0) == 0
    restart(kafka, own_broker, group)
    row = committed(kafka, group, topic)
    assert (row.committed_offset, row.metadata, row.committed_leader_epoch) == (7, "note", 0)


@case(HeartbeatRequest, versions="latest", feature=FEATURE, why="KAFKA-10284", also=(JoinGroupRequest, *ALSO))
def test_a_static_member_that_came_back(kafka: Kafka, own_broker: BrokerProcess) -> None:
    """A static member that took its place again under a new id is still the member after a restart."""
    group = loaded_group(kafka)
    (first,) = stable(kafka, 1, group, instance=kafka.name("instance"))
    again = Member(kafka, group, instance=first.instance)
    assert again.join().error_code == 0
    restart(kafka, own_broker, group)
    reborn = Member(kafka, group, id=again.id, instance=again.instance)
    assert reborn.heartbeat(generation_id=again.generation) == 0


@case(
    HeartbeatRequest,
    versions="latest",
    feature=FEATURE,
    why="GroupMetadataManager.loadGroup",
    also=(JoinGroupRequest,),
)
def test_members_stay(kafka: Kafka, own_broker: BrokerProcess) -> None:
    """A group is Stable in the same generation after a restart, and its members go on with their heartbeats."""
    members = stable(kafka, 1, loaded_group(kafka))
    synced(add(members, Member(kafka, members[0].group)))
    restart(kafka, own_broker, members[0].group)
    for member in members:
        reborn = Member(kafka, member.group, id=member.id)
        assert reborn.heartbeat(generation_id=member.generation) == 0
