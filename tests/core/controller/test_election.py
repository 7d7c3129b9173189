"""Who leads when brokers come and go, as observed on Kafka 3.9.2."""

from __future__ import annotations

from pykbroker.core.cluster.image import PartitionImage, TopicImage
from pykbroker.core.controller.election import elect_leader, elect_leaders

LED_BY_2 = PartitionImage(0, 2, 5, (2, 1, 3), (3, 2, 1), partition_epoch=9)


def test_a_live_leader_stays_and_its_epoch_too() -> None:
    assert elect_leader(LED_BY_2, frozenset({2})) is LED_BY_2


def test_the_next_leader_is_of_the_isr_in_replica_order() -> None:
    new = elect_leader(LED_BY_2, frozenset({1, 3}))
    assert (new.leader, new.isr, new.leader_epoch, new.partition_epoch) == (3, (1, 3), 6, 10)


def test_without_a_live_isr_member_there_is_no_leader_and_the_isr_stays() -> None:
    new = elect_leader(LED_BY_2, frozenset({4}))
    assert (new.leader, new.isr, new.leader_epoch) == (-1, (2, 1, 3), 6)
    assert elect_leader(new, frozenset({4})) is new
    back = elect_leader(new, frozenset({1}))
    assert (back.leader, back.isr, back.leader_epoch) == (1, (1,), 7)


def test_unclean_election_takes_a_replica_outside_the_isr_and_marks_it() -> None:
    partition = PartitionImage(0, -1, 5, (2,), (2, 1))
    assert elect_leader(partition, frozenset({1})) is partition
    new = elect_leader(partition, frozenset({1}), unclean=True)
    assert (new.leader, new.isr, new.leader_recovery_state) == (1, (1,), 1)
    assert elect_leader(partition, frozenset({7}), unclean=True) is partition


def test_a_leader_that_died_and_is_back_leads_in_a_new_epoch() -> None:
    alone = PartitionImage(0, 1, 5, (1,), (1,), partition_epoch=9)
    new = elect_leader(alone, frozenset({1}), returned=frozenset({1}))
    assert (new.leader, new.isr, new.leader_epoch, new.partition_epoch) == (1, (1,), 6, 10)
    assert elect_leader(LED_BY_2, frozenset({1, 2, 3}), returned=frozenset({1})) is LED_BY_2


def test_a_topic_changes_only_where_it_must() -> None:
    steady = PartitionImage(1, 1, 0, (1,), (1,))
    topic = TopicImage("t", bytes(16), (LED_BY_2, steady))
    new, changed = elect_leaders(topic, frozenset({1}))
    assert changed == [new.partitions[0]]
    assert new.partitions[1] is steady
    same, none = elect_leaders(topic, frozenset({1, 2}))
    assert same is topic
    assert none == []
