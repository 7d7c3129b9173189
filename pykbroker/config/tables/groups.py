"""Broker settings of groups and their topics: classic, consumer, share and streams groups.

The form of a row stands at the head of `pykbroker.config.setting`.
"""

# ruff: noqa: E501 - a row is one line

from __future__ import annotations

ROWS = """
# groups: the classic protocol and committed offsets
group.min.session.timeout.ms | int 6000 |  | medium | read-only | used
    Shortest session timeout that a member may ask for.
group.max.session.timeout.ms | int 1800000 |  | medium | read-only | used
    Longest session timeout that a member may ask for.
group.initial.rebalance.delay.ms | int 0 kafka=3000 |  | medium | read-only | used
    Wait for more members before the first rebalance of an empty group.
group.max.size | int 2147483647 | >=1 | medium | read-only | used
    Most members of a group.
offset.metadata.max.bytes | int 4096 |  | high | read-only | used
    Longest note that may be committed with an offset.
offsets.topic.num.partitions | int 50 | >=1 | high | read-only | used
    Partitions of __consumer_offsets, fixed once the topic is there.
offsets.topic.replication.factor | short 1 kafka=3 | >=1 | high | read-only | used
    Replicas of __consumer_offsets.
offsets.topic.segment.bytes | int 104857600 | >=1 | high | read-only | used
    Segment size of __consumer_offsets.
offsets.topic.compression.codec | int 0 | 0..4 | high | read-only | used
    Codec of what is written to __consumer_offsets: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
offsets.load.buffer.size | int 5242880 | >=1 | high | read-only | ignored:runtime
    Size of the reads when offsets are loaded.
offsets.commit.timeout.ms | int 5000 | >=1 | high | read-only | used
    How long a commit may wait for the replicas of __consumer_offsets.
offsets.commit.required.acks | short -1 |  | high | read-only | ignored:format
    Replicas that a commit waits for; always all in-sync ones.
offsets.retention.minutes | int 10080 | >=1 | high | read-only | used
    How long offsets of a group without members are kept.
offsets.retention.check.interval.ms | long 600000 | >=1 | high | read-only | used
    How often offsets are looked at for ones to forget.
group.coordinator.threads | int 4 | >=1 | high | read-only | ignored:runtime
    Threads of the group coordinator.
group.coordinator.background.threads | int 2 | >=1 | high | read-only | ignored:runtime
    Threads for the group coordinator's chores.
group.coordinator.append.linger.ms | int -1 | >=-1 | medium | read-only | ignored:runtime
    How long the coordinator collects writes for one batch.
group.coordinator.cached.buffer.max.bytes | int 1048588 | >=524288 | medium | cluster-wide | ignored:runtime
    Largest buffer that the coordinator keeps for reuse.
group.coordinator.rebalance.protocols | list classic kafka=classic,consumer,streams | any of classic, consumer, share, streams | medium | read-only | ignored:later
    Group protocols that are served; here `classic` alone until the others come.
group.coordinator.new.enable | boolean false |  | medium* | read-only | ignored:later
    Use Kafka's newer coordinator.

# groups: the consumer protocol (KIP-848)
group.consumer.session.timeout.ms | int 45000 | >=1 | medium | read-only | ignored:later
    Session timeout of members.
group.consumer.min.session.timeout.ms | int 45000 | >=1 | medium | read-only | ignored:later
    Shortest session timeout that a group may set.
group.consumer.max.session.timeout.ms | int 60000 | >=1 | medium | read-only | ignored:later
    Longest session timeout that a group may set.
group.consumer.heartbeat.interval.ms | int 5000 | >=1 | medium | read-only | ignored:later
    Time between heartbeats of members.
group.consumer.min.heartbeat.interval.ms | int 5000 | >=1 | medium | read-only | ignored:later
    Shortest heartbeat interval that a group may set.
group.consumer.max.heartbeat.interval.ms | int 15000 | >=1 | medium | read-only | ignored:later
    Longest heartbeat interval that a group may set.
group.consumer.assignment.interval.ms | int 1000 | >=0 | medium | cluster-wide | ignored:later
    Least time between two assignments of a group.
group.consumer.min.assignment.interval.ms | int 0 | >=0 | medium | read-only | ignored:later
    Shortest assignment interval that a group may set.
group.consumer.max.assignment.interval.ms | int 15000 | >=0 | medium | read-only | ignored:later
    Longest assignment interval that a group may set.
group.consumer.max.size | int 2147483647 | >=1 | medium | read-only | ignored:later
    Most members of a group.
group.consumer.assignors | list uniform,range |  | medium | read-only | ignored:later
    Assignors that members may choose, the first one by default.
group.consumer.migration.policy | string bidirectional | any case of disabled, downgrade, upgrade, bidirectional | medium | read-only | ignored:later
    Whether a group may change between the classic and the consumer protocol.
group.consumer.regex.refresh.interval.ms | int 600000 | >=10000 | medium* | read-only | ignored:later
    How often topic patterns are matched anew.

# share groups (KIP-932)
group.share.enable | boolean false |  | medium* | read-only | ignored:later
    Serve share groups.
group.share.max.groups | short 10 | 1..100 | medium | read-only | ignored:later
    Most share groups.
group.share.max.size | int 200 | 1..1000 | medium | read-only | ignored:later
    Most members of a share group.
group.share.session.timeout.ms | int 45000 | >=1 | medium | read-only | ignored:later
    Session timeout of members.
group.share.min.session.timeout.ms | int 45000 | >=1 | medium | read-only | ignored:later
    Shortest session timeout that a group may set.
group.share.max.session.timeout.ms | int 60000 | >=1 | medium | read-only | ignored:later
    Longest session timeout that a group may set.
group.share.heartbeat.interval.ms | int 5000 | >=1 | medium | read-only | ignored:later
    Time between heartbeats of members.
group.share.min.heartbeat.interval.ms | int 5000 | >=1 | medium | read-only | ignored:later
    Shortest heartbeat interval that a group may set.
group.share.max.heartbeat.interval.ms | int 15000 | >=1 | medium | read-only | ignored:later
    Longest heartbeat interval that a group may set.
group.share.assignment.interval.ms | int 1000 | >=0 | medium | cluster-wide | ignored:later
    Least time between two assignments of a group.
group.share.min.assignment.interval.ms | int 0 | >=0 | medium | read-only | ignored:later
    Shortest assignment interval that a group may set.
group.share.max.assignment.interval.ms | int 15000 | >=0 | medium | read-only | ignored:later
    Longest assignment interval that a group may set.
group.share.assignors | list simple |  | medium | read-only | ignored:later
    Assignors of share groups.
group.share.record.lock.duration.ms | int 30000 | 1000..3600000 | medium | read-only | ignored:later
    How long a record is held for the consumer that got it.
group.share.min.record.lock.duration.ms | int 15000 | 1000..30000 | medium | read-only | ignored:later
    Shortest hold that a group may set.
group.share.max.record.lock.duration.ms | int 60000 | 30000..3600000 | medium | read-only | ignored:later
    Longest hold that a group may set.
group.share.delivery.count.limit | int 5 | 2..10 | medium | read-only | ignored:later
    How often a record is handed out before it is given up.
group.share.min.delivery.count.limit | int 2 | 2..5 | medium | read-only | ignored:later
    Lowest delivery limit that a group may set.
group.share.max.delivery.count.limit | int 10 | 5..25 | medium | read-only | ignored:later
    Highest delivery limit that a group may set.
group.share.partition.max.record.locks | int 2000 | 100..10000 | medium | read-only | ignored:later
    Records of one partition that may be held at once.
group.share.min.partition.max.record.locks | int 100 | 100..2000 | medium | read-only | ignored:later
    Lowest bound on held records that a group may set.
group.share.max.partition.max.record.locks | int 4000 | 2000..10000 | medium | read-only | ignored:later
    Highest bound on held records that a group may set.
group.share.max.share.sessions | int 2000 | >=1 | medium | read-only | ignored:later
    Share sessions that are kept.
group.share.initialize.retry.interval.ms | int 30000 | >=1 | low* | read-only | ignored:later
    Wait before a share partition's state is set up again.
group.share.persister.class.name | string org.apache.kafka.server.share.persister.DefaultStatePersister |  | medium* | read-only | refused:class
    Java class that keeps the state of share groups.
share.fetch.purgatory.purge.interval.requests | int 1000 |  | medium | read-only | ignored:runtime
    Finished waits after which Kafka's list of waiting share fetches is swept.
share.coordinator.state.topic.num.partitions | int 50 | >=1 | high | read-only | ignored:later
    Partitions of __share_group_state.
share.coordinator.state.topic.replication.factor | short 1 kafka=3 | >=1 | high | read-only | ignored:later
    Replicas of __share_group_state.
share.coordinator.state.topic.min.isr | short 1 kafka=2 | >=1 | high | read-only | ignored:later
    In-sync replicas that __share_group_state needs.
share.coordinator.state.topic.segment.bytes | int 104857600 | >=1 | high | read-only | ignored:later
    Segment size of __share_group_state.
share.coordinator.state.topic.compression.codec | int 0 |  | high | read-only | ignored:later
    Codec of what is written to __share_group_state.
share.coordinator.state.topic.prune.interval.ms | int 300000 | >=1 | low* | read-only | ignored:later
    How often old records of __share_group_state are deleted.
share.coordinator.load.buffer.size | int 5242880 | >=1 | high | read-only | ignored:runtime
    Size of the reads when share state is loaded.
share.coordinator.write.timeout.ms | int 5000 | >=1 | high | read-only | ignored:later
    How long a write of share state may wait.
share.coordinator.append.linger.ms | int -1 | >=-1 | medium | read-only | ignored:runtime
    How long the share coordinator collects writes for one batch.
share.coordinator.cached.buffer.max.bytes | int 1048588 | >=524288 | medium | cluster-wide | ignored:runtime
    Largest buffer that the share coordinator keeps for reuse.
share.coordinator.threads | int 1 | >=1 | medium | read-only | ignored:runtime
    Threads of the share coordinator.
share.coordinator.snapshot.update.records.per.snapshot | int 500 | 0..500 | medium | read-only | ignored:later
    Updates of share state between two full records of it.
share.coordinator.cold.partition.snapshot.interval.ms | int 300000 | >=1 | low* | read-only | ignored:later
    How often idle share partitions are written in full.

# streams groups (KIP-1071)
group.streams.session.timeout.ms | int 45000 | >=1 | medium | read-only | ignored:later
    Session timeout of members.
group.streams.min.session.timeout.ms | int 45000 | >=1 | medium | read-only | ignored:later
    Shortest session timeout that a group may set.
group.streams.max.session.timeout.ms | int 60000 | >=1 | medium | read-only | ignored:later
    Longest session timeout that a group may set.
group.streams.heartbeat.interval.ms | int 5000 | >=1 | medium | read-only | ignored:later
    Time between heartbeats of members.
group.streams.min.heartbeat.interval.ms | int 5000 | >=1 | medium | read-only | ignored:later
    Shortest heartbeat interval that a group may set.
group.streams.max.heartbeat.interval.ms | int 15000 | >=1 | medium | read-only | ignored:later
    Longest heartbeat interval that a group may set.
group.streams.assignment.interval.ms | int 1000 | >=0 | medium | cluster-wide | ignored:later
    Least time between two assignments of a group.
group.streams.min.assignment.interval.ms | int 0 | >=0 | medium | read-only | ignored:later
    Shortest assignment interval that a group may set.
group.streams.max.assignment.interval.ms | int 15000 | >=0 | medium | read-only | ignored:later
    Longest assignment interval that a group may set.
group.streams.initial.rebalance.delay.ms | int 3000 | >=0 | medium | read-only | ignored:later
    Wait for more members before the first assignment.
group.streams.max.size | int 2147483647 | >=1 | medium | read-only | ignored:later
    Most members of a streams group.
group.streams.num.standby.replicas | int 0 | >=0 | medium | read-only | ignored:later
    Standby copies of each task.
group.streams.max.standby.replicas | int 2 | >=0 | medium | read-only | ignored:later
    Most standby copies that a group may set.
"""
