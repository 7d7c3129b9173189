"""Consumer groups of the classic protocol: who holds what while members come and go, and where a group resumes."""

from __future__ import annotations

import pytest

from clients.drivers.base import Driver, Message
from clients.members import Group
from clients.topics import MakeTopic, Names

PARTITIONS = 6


def send(driver: Driver, topic: str, count: int) -> list[tuple[int, int]]:
    """`count` records over the partitions in turn; where they landed."""
    sent = [Message(b"%d" % i, partition=i % PARTITIONS) for i in range(count)]
    return driver.produce(topic, sent)


@pytest.mark.parametrize("assignor", ["range", "roundrobin", "sticky", "cooperative-sticky"])
def test_members_come_and_go(driver: Driver, make_topic: MakeTopic, fresh_name: Names, assignor: str) -> None:
    """One member holds all; two more join, then one leaves: shares are even, each record has one taker."""
    driver.needs("member", f"assignor {assignor}", "rebalance in the flow")
    topic, name = make_topic("shared", PARTITIONS), fresh_name("group")
    with Group(driver, name, topic, assignor) as group:
        sent = send(driver, topic, 60)
        group.join()
        group.wait_shares(6)
        group.wait_taken(60)
        for _ in range(2):
            group.join()
        group.wait_shares(2, 2, 2)
        sent += send(driver, topic, 300)
        group.wait_taken(360)
        group.leave(group.members[0])
        group.wait_shares(3, 3)
        sent += send(driver, topic, 60)
        group.wait_taken(420)
    group.assert_each_exactly_once(sent)
    assert driver.committed(name, topic, range(PARTITIONS)) == dict.fromkeys(range(PARTITIONS), 70)


def test_records_flow_while_members_join(driver: Driver, make_topic: MakeTopic, fresh_name: Names) -> None:
    """A rebalance in the middle of the flow loses nothing and doubles nothing."""
    driver.needs("rebalance in the flow")
    topic, name = make_topic("flow", PARTITIONS), fresh_name("group")
    with Group(driver, name, topic, "range") as group:
        group.join()
        group.wait_shares(6)
        sent = send(driver, topic, 600)
        group.join()
        sent += send(driver, topic, 600)
        group.wait_shares(3, 3)
        sent += send(driver, topic, 600)
        group.wait_taken(1800)
    group.assert_each_exactly_once(sent)


def test_more_members_than_partitions(driver: Driver, make_topic: MakeTopic, fresh_name: Names) -> None:
    """The third member of a topic with two partitions holds nothing, and inherits when another leaves."""
    topic, name = make_topic("few", 2), fresh_name("group")
    with Group(driver, name, topic, "roundrobin") as group:
        for _ in range(3):
            group.join()
        group.wait_shares(0, 1, 1)
        group.leave(next(member for member in group.members if member.assigned))
        group.wait_shares(1, 1)


def test_a_group_resumes_where_it_committed(driver: Driver, make_topic: MakeTopic, fresh_name: Names) -> None:
    """The members of a second life of the group read on from the committed offsets."""
    topic, name = make_topic("resume", PARTITIONS), fresh_name("group")
    first = send(driver, topic, 120)
    with Group(driver, name, topic) as group:
        group.join()
        group.wait_taken(120)
    group.assert_each_exactly_once(first)
    second = send(driver, topic, 60)
    with Group(driver, name, topic) as group:
        group.join()
        group.wait_taken(60)
    group.assert_each_exactly_once(second)


def test_commits_without_membership(driver: Driver, make_topic: MakeTopic, fresh_name: Names) -> None:
    """A consumer that assigns itself commits under a group name; other partitions have no offset."""
    topic, name = make_topic("simple", 3), fresh_name("group")
    driver.produce(topic, [Message(b"x", partition=i % 3) for i in range(30)])
    driver.commit(name, topic, {0: 4, 2: 0})
    assert driver.committed(name, topic, [0, 1, 2]) == {0: 4, 1: None, 2: 0}
    driver.commit(name, topic, {0: 7})
    assert driver.committed(name, topic, [0, 1, 2]) == {0: 7, 1: None, 2: 0}


def test_a_static_member_returns(driver: Driver, make_topic: MakeTopic, fresh_name: Names) -> None:
    """group.instance.id (KIP-345): two static members hold their halves beside each other."""
    topic, name = make_topic("static", 4), fresh_name("group")
    with Group(driver, name, topic) as group:
        group.join("one")
        group.join("two")
        group.wait_shares(2, 2)
        sent = driver.produce(topic, [Message(b"x", partition=i % 4) for i in range(40)])
        group.wait_taken(40)
    group.assert_each_exactly_once(sent)


def test_a_group_reads_new_partitions(driver: Driver, make_topic: MakeTopic, fresh_name: Names) -> None:
    """CreatePartitions: the members notice by metadata, rejoin and share the new ones too."""
    driver.needs("new partitions")
    topic, name = make_topic("grows", 2), fresh_name("group")
    with Group(driver, name, topic, "range") as group:
        group.join()
        group.wait_shares(2)
        driver.create_partitions(topic, 5)
        group.wait_shares(5)
        sent = driver.produce(topic, [Message(b"x", partition=i % 5) for i in range(50)])
        group.wait_taken(50)
    group.assert_each_exactly_once(sent)
