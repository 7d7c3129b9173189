"""The settings of a group, new with Kafka 3.9 and 4.0. The form of a row: see the head of `pykbroker.config.setting`."""

from __future__ import annotations

ROWS = """
# groups
consumer.session.timeout.ms | int 45000 | >=1 | medium | dynamic | ignored:later
    Session timeout of members (KIP-848).
consumer.heartbeat.interval.ms | int 5000 | >=1 | medium | dynamic | ignored:later
    Time between heartbeats of members (KIP-848).
consumer.assignment.interval.ms | int 1000 | >=0 | medium | dynamic | ignored:later
    Least time between two assignments (KIP-848).
share.session.timeout.ms | int 45000 | >=1 | medium | dynamic | ignored:later
    Session timeout of a share group's members.
share.heartbeat.interval.ms | int 5000 | >=1 | medium | dynamic | ignored:later
    Time between heartbeats of a share group's members.
share.assignment.interval.ms | int 1000 | >=0 | medium | dynamic | ignored:later
    Least time between two assignments of a share group.
share.record.lock.duration.ms | int 30000 | >=1000 | medium | dynamic | ignored:later
    How long a record is held for the consumer that got it.
share.delivery.count.limit | int 5 | >=2 | medium | dynamic | ignored:later
    How often a record is handed out before it is given up.
share.partition.max.record.locks | int 2000 | >=100 | medium | dynamic | ignored:later
    Records of one partition that may be held at once.
share.auto.offset.reset | string latest | duration | medium | dynamic | ignored:later
    Where a new share group begins.
share.isolation.level | string read_uncommitted | one of read_committed, read_uncommitted | medium | dynamic | ignored:later
    Whether a share group sees open and aborted transactions.
share.renew.acknowledge.enable | boolean true |  | medium | dynamic | ignored:later
    Whether a consumer may prolong its hold of a record.
streams.session.timeout.ms | int 45000 | >=1 | medium | dynamic | ignored:later
    Session timeout of a streams group's members.
streams.heartbeat.interval.ms | int 5000 | >=1 | medium | dynamic | ignored:later
    Time between heartbeats of a streams group's members.
streams.assignment.interval.ms | int 1000 | >=0 | medium | dynamic | ignored:later
    Least time between two assignments of a streams group.
streams.initial.rebalance.delay.ms | int 3000 | >=0 | medium | dynamic | ignored:later
    Wait for more members before a streams group's first assignment.
streams.num.standby.replicas | int 0 | >=0 | medium | dynamic | ignored:later
    Standby copies of each task of a streams group.
"""
