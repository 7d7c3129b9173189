"""What a broker still knows after it was stopped and started again. Only for a broker that the suite runs itself."""

from __future__ import annotations

from conformance import Kafka, Topic, case
from conformance.groups import Member, add, commit, committed, stable, synced
from conformance.kafka import fetch_request
from conformance.transactions import idempotent
from harness.process import BrokerProcess
from wire.errors import ErrorCode
from wire.messages.fetch import FetchRequest
from wire.messages.heartbeat import HeartbeatRequest
from wire.messages.init_producer_id import InitProducerIdRequest
from wire.messages.join_group import JoinGroupRequest
from wire.messages.metadata import MetadataRequest, MetadataRequestTopic
from wire.messages.offset_commit import OffsetCommitRequest
from wire.messages.offset_fetch import OffsetFetchRequest
from wire.messages.produce import ProduceRequest

FEATURE = "restart"
ALSO = (OffsetFetchRequest,)


def restart(kafka: Kafka, broker: BrokerProcess, group: str) -> None:
    """Stops and starts it, and waits until the group is loaded."""
    broker.restart()
    kafka.reconnect()
    kafka.wait_coordinator(group)


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
    topic, group = kafka.topic(), kafka.group()
    assert commit(kafka, group, topic, 7, committed_metadata="note", committed_leader_epoch=0) == 0
    restart(kafka, own_broker, group)
    row = committed(kafka, group, topic)
    assert (row.committed_offset, row.metadata, row.committed_leader_epoch) == (7, "note", 0)


@case(HeartbeatRequest, versions="latest", feature=FEATURE, why="KAFKA-10284", also=(JoinGroupRequest, *ALSO))
def test_a_static_member_that_came_back(kafka: Kafka, own_broker: BrokerProcess) -> None:
    """A static member that took its place again under a new id is still the member after a restart."""
    group = kafka.group()
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
    members = stable(kafka, 1, kafka.group())
    synced(add(members, Member(kafka, members[0].group)))
    restart(kafka, own_broker, members[0].group)
    for member in members:
        reborn = Member(kafka, member.group, id=member.id)
        assert reborn.heartbeat(generation_id=member.generation) == 0


@case(
    FetchRequest,
    versions="latest",
    feature=FEATURE,
    why="KIP-320; KIP-951; KafkaApis.handleFetchRequest",
    line="4.x",
)
def test_a_new_leader_epoch(kafka: Kafka, own_broker: BrokerProcess) -> None:
    """A partition is led in a new epoch when its broker was killed and is back. A Fetch in the old one answers
    FENCED_LEADER_EPOCH, and from v16 on says who leads it, in which epoch and where."""
    topic = kafka.topic()
    old = epoch_of(kafka, topic)
    own_broker.kill9()
    own_broker.start()
    kafka.reconnect()
    kafka.wait_led(topic.name, 1)
    new = epoch_of(kafka, topic)
    assert new > old
    ((leader, address),) = kafka.nodes.items()
    first = max(9, kafka.subject.announced[FetchRequest.key or 0][0])  # the epoch of the leader came with v9
    for version in range(first, kafka.version(FetchRequest) + 1):
        answer = kafka.ask(fetch_request(topic, 0, current_leader_epoch=old), version)
        (row,) = answer.responses[0].partitions
        assert row.error_code == ErrorCode.FENCED_LEADER_EPOCH
        if version >= 16:
            assert (row.current_leader.leader_id, row.current_leader.leader_epoch) == (leader, new)
            (node,) = answer.node_endpoints
            assert (node.node_id, node.host, node.port) == (leader, *address)


def epoch_of(kafka: Kafka, topic: Topic) -> int:
    """The leader epoch of its first partition."""
    wanted = [MetadataRequestTopic(name=topic.name)]
    (row,) = kafka.ask(MetadataRequest(topics=wanted)).topics
    return int(row.partitions[0].leader_epoch)
