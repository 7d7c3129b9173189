"""Broker settings of transactions, replication, KRaft, ZooKeeper and tiered storage.

The form of a row stands at the head of `pykbroker.config.setting`.
"""

# ruff: noqa: E501 - a row is one line

from __future__ import annotations

ROWS = """
# transactions and idempotent producers
producer.id.expiration.ms | int 86400000 | >=1 | low | cluster-wide | used
    A producer id that wrote nothing to a partition for this long is forgotten there.
producer.id.expiration.check.interval.ms | int 600000 | >=1 | low* | read-only | used
    How often producer ids are looked at for ones to forget.
transaction.state.log.num.partitions | int 50 | >=1 | high | read-only | used
    Partitions of __transaction_state.
transaction.state.log.replication.factor | short 1 kafka=3 | >=1 | high | read-only | used
    Replicas of __transaction_state.
transaction.state.log.min.isr | int 1 kafka=2 | >=1 | high | read-only | used
    In-sync replicas that __transaction_state needs.
transaction.state.log.segment.bytes | int 104857600 | >=1 | high | read-only | used
    Segment size of __transaction_state.
transaction.state.log.load.buffer.size | int 5242880 | >=1 | high | read-only | ignored:runtime
    Size of the reads when transactions are loaded.
transaction.max.timeout.ms | int 900000 | >=1 | high | read-only | ignored:later
    Longest transaction that a producer may ask for.
transactional.id.expiration.ms | int 604800000 | >=1 | high | read-only | ignored:later
    A transactional id that is not used for this long is forgotten.
transaction.abort.timed.out.transaction.cleanup.interval.ms | int 10000 | >=1 | low | read-only | ignored:later
    How often transactions are looked at for ones past their timeout.
transaction.remove.expired.transaction.cleanup.interval.ms | int 3600000 | >=1 | low | read-only | ignored:later
    How often transactional ids are looked at for ones to forget.
transaction.partition.verification.enable | boolean true |  | low | cluster-wide | ignored:later
    Ask the coordinator whether a partition belongs to the transaction before a write.
transaction.two.phase.commit.enable | boolean false |  | low | read-only | ignored:later
    Allow transactions that another system commits.
add.partitions.to.txn.retry.backoff.ms | int 20 | >=1 | high | read-only | ignored:later
    Wait before a partition is added again to a transaction that is still ending.
add.partitions.to.txn.retry.backoff.max.ms | int 100 | >=0 | high | read-only | ignored:later
    Longest wait before such a retry.

# replication
replica.lag.time.max.ms | long 30000 |  | high | read-only | ignored:later
    A follower that has not caught up for this long leaves the in-sync replicas.
replica.fetch.max.bytes | int 1048576 | >=0 | medium | read-only | ignored:later
    Bytes of one partition in a follower's fetch.
replica.fetch.min.bytes | int 1 |  | high | read-only | ignored:later
    Least bytes that a follower's fetch waits for.
replica.fetch.response.max.bytes | int 10485760 | >=0 | medium | read-only | ignored:later
    Bytes of a whole follower's fetch.
replica.fetch.wait.max.ms | int 500 |  | high | read-only | ignored:later
    Longest wait of a follower's fetch.
replica.fetch.backoff.ms | int 1000 | >=0 | medium | read-only | ignored:later
    Wait of a follower after a failed fetch.
replica.socket.timeout.ms | int 30000 |  | high | read-only | ignored:later
    Network timeout of a follower.
replica.socket.receive.buffer.bytes | int 65536 |  | high | read-only | ignored:later
    Receive buffer of a follower's socket.
replica.high.watermark.checkpoint.interval.ms | long 5000 |  | high | read-only | ignored:joined
    How often the high watermarks are written.
replica.selector.class | string null |  | medium | read-only | refused:class
    Java class that picks the replica to read from.
num.replica.fetchers | int 1 | >=1 | high | cluster-wide | ignored:later
    Fetchers from each other broker.
follower.fetch.last.tiered.offset.enable | boolean false |  | medium | cluster-wide | ignored:tiered
    A new follower begins after what is already in the remote tier.
auto.leader.rebalance.enable | boolean true |  | high | read-only | ignored:later
    Give leadership back to the preferred replicas by itself.
leader.imbalance.check.interval.seconds | long 300 | >=1 | high | read-only | ignored:later
    How often leadership is looked at for that.
leader.imbalance.per.broker.percentage | int 10 |  | high | read-only | ignored:later
    Share of partitions led by others above which leadership is given back.
eligible.leader.replicas.enable | boolean false |  | high | read-only | ignored:kraft
    Remember replicas that are still safe to lead (KIP-966).
inter.broker.protocol.version | string 3.9-IV0 |  | medium | read-only | ignored:format
    Version in which brokers talk to each other, as Kafka 3.9 with ZooKeeper states it.
controlled.shutdown.enable | boolean true |  | medium | read-only | ignored:later
    Move leadership away before a broker stops.
controlled.shutdown.max.retries | int 3 |  | medium | read-only | ignored:later
    How often that is tried.
controlled.shutdown.retry.backoff.ms | long 5000 |  | medium | read-only | ignored:later
    Wait between the tries.
controller.socket.timeout.ms | int 30000 |  | medium | read-only | ignored:later
    Timeout of requests from the controller to brokers.

# KRaft
process.roles | list null | any of broker, controller | high | read-only | ignored:kraft
    Roles of a Kafka process; this one is always broker and controller.
controller.listener.names | list null |  | high | read-only | used
    Listeners for the quorum; those names are dropped from listeners.
controller.quorum.voters | list '' |  | high | read-only | ignored:kraft
    Members of the quorum.
controller.quorum.bootstrap.servers | list '' |  | high | read-only | ignored:kraft
    Where to find the quorum.
controller.quorum.auto.join.enable | boolean false |  | low | read-only | ignored:kraft
    Join the quorum by itself.
controller.quorum.append.linger.ms | int 25 | >=0 | medium | read-only | ignored:kraft
    How long the quorum's leader collects writes.
controller.quorum.election.timeout.ms | int 1000 | >=0 | high | read-only | ignored:kraft
    Time without a vote after which an election begins anew.
controller.quorum.election.backoff.max.ms | int 1000 | >=0 | high | read-only | ignored:kraft
    Longest wait before an election is tried again.
controller.quorum.fetch.timeout.ms | int 2000 | >=0 | high | read-only | ignored:kraft
    Time without a fetch after which the quorum's leader is given up.
controller.quorum.fetch.max.bytes | int 1048576 | >=1 | low | read-only | ignored:kraft
    Bytes of a fetch within the quorum.
controller.quorum.fetch.snapshot.max.bytes | int 1048576 | >=1 | low | read-only | ignored:kraft
    Bytes of a piece of a snapshot within the quorum.
controller.quorum.request.timeout.ms | int 2000 | >=0 | medium | read-only | ignored:kraft
    Timeout of requests within the quorum.
controller.quorum.retry.backoff.ms | int 20 | >=0 | low | read-only | ignored:kraft
    Wait before a request within the quorum is sent again.
controller.performance.sample.period.ms | long 60000 | >=100 | medium* | read-only | ignored:kraft
    How often the quorum's event times are summed up.
controller.performance.always.log.threshold.ms | long 2000 | >=0 | medium* | read-only | ignored:kraft
    Event time above which the quorum always logs.
broker.heartbeat.interval.ms | int 2000 |  | medium | read-only | ignored:kraft
    Time between a broker's heartbeats to the quorum.
broker.session.timeout.ms | int 9000 |  | medium | read-only | ignored:kraft
    A broker without heartbeats for this long is taken for dead.
initial.broker.registration.timeout.ms | int 60000 |  | medium | read-only | ignored:kraft
    How long a broker tries to register before it stops.
metadata.log.dir | string null |  | high | read-only | ignored:kraft
    Directory of the metadata log.
metadata.log.segment.bytes | int 1073741824 | >=8388608 | high | read-only | ignored:kraft
    Segment size of the metadata log.
metadata.log.segment.min.bytes | int 8388608 | >=12 | high* | read-only | ignored:kraft
    Least segment size of the metadata log.
metadata.log.segment.ms | long 604800000 |  | high | read-only | ignored:kraft
    Segment age of the metadata log.
metadata.log.max.record.bytes.between.snapshots | long 20971520 | >=1 | high | read-only | ignored:kraft
    Bytes of the metadata log between two snapshots.
metadata.log.max.snapshot.interval.ms | long 3600000 | >=0 | high | read-only | ignored:kraft
    Time between two snapshots of the metadata log.
metadata.max.idle.interval.ms | int 500 | >=0 | low | read-only | ignored:kraft
    How often an idle quorum writes a no-op.
metadata.max.retention.bytes | long 104857600 |  | high | read-only | ignored:kraft
    Size of metadata log and snapshots above which the oldest go.
metadata.max.retention.ms | long 604800000 |  | high | read-only | ignored:kraft
    Age of metadata log and snapshots above which they go.
internal.metadata.delete.delay.millis | long 60000 |  | low* | read-only | ignored:kraft
    How long deleted files of the metadata log stay.
internal.metadata.log.segment.bytes | int null |  | low* | read-only | ignored:kraft
    Segment size of the metadata log, for Kafka's own tests.
internal.metadata.max.batch.size.in.bytes | int 8388608 |  | low* | read-only | ignored:kraft
    Largest batch of the metadata log.

# ZooKeeper
zookeeper.connect | string null |  | high | read-only | ignored:zookeeper
    Addresses of a ZooKeeper ensemble.
zookeeper.session.timeout.ms | int 18000 |  | high | read-only | ignored:zookeeper
    Session timeout.
zookeeper.connection.timeout.ms | int null |  | high | read-only | ignored:zookeeper
    Wait for the first connection.
zookeeper.max.in.flight.requests | int 10 | >=1 | high | read-only | ignored:zookeeper
    Requests sent before an answer is awaited.
zookeeper.set.acl | boolean false |  | high | read-only | ignored:zookeeper
    Give znodes ACLs; the embedded store has no network door.
zookeeper.clientCnxnSocket | string null |  | medium | read-only | ignored:zookeeper
    Java class of the connection.
zookeeper.metadata.migration.enable | boolean false |  | high | read-only | ignored:zookeeper
    Move the metadata from ZooKeeper to a quorum.
zookeeper.metadata.migration.min.batch.size | int 200 | >=1 | medium* | read-only | ignored:zookeeper
    Records of such a move in one batch.
zookeeper.ssl.client.enable | boolean false |  | medium | read-only | ignored:zookeeper
    Use TLS towards the ensemble.
zookeeper.ssl.cipher.suites | list null |  | low | read-only | ignored:zookeeper
    Cipher suites towards the ensemble.
zookeeper.ssl.crl.enable | boolean false |  | low | read-only | ignored:zookeeper
    Look at revocation lists.
zookeeper.ssl.ocsp.enable | boolean false |  | low | read-only | ignored:zookeeper
    Ask for revocations online.
zookeeper.ssl.enabled.protocols | list null |  | low | read-only | ignored:zookeeper
    TLS versions allowed towards the ensemble.
zookeeper.ssl.protocol | string TLSv1.2 |  | low | read-only | ignored:zookeeper
    TLS version preferred towards the ensemble.
zookeeper.ssl.endpoint.identification.algorithm | string HTTPS |  | low | read-only | ignored:zookeeper
    Check the ensemble's host names.
zookeeper.ssl.keystore.location | string null |  | medium | read-only | ignored:zookeeper
    File with the key for the ensemble.
zookeeper.ssl.keystore.password | password null |  | medium | read-only | ignored:zookeeper
    Password of that file.
zookeeper.ssl.keystore.type | string null |  | medium | read-only | ignored:zookeeper
    Format of that file.
zookeeper.ssl.truststore.location | string null |  | medium | read-only | ignored:zookeeper
    File with the certificates to trust for the ensemble.
zookeeper.ssl.truststore.password | password null |  | medium | read-only | ignored:zookeeper
    Password of that file.
zookeeper.ssl.truststore.type | string null |  | medium | read-only | ignored:zookeeper
    Format of that file.

# tiered storage
remote.log.storage.system.enable | boolean false |  | medium | read-only | ignored:tiered
    Keep older segments in a remote store.
remote.log.storage.manager.class.name | string null |  | medium | read-only | ignored:tiered
    Java class of the remote store.
remote.log.storage.manager.class.path | string null |  | medium | read-only | ignored:tiered
    Where that class is found.
remote.log.storage.manager.impl.prefix | string rsm.config. |  | medium | read-only | ignored:tiered
    Prefix of that class's own settings.
remote.log.metadata.manager.class.name | string org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager |  | medium | read-only | ignored:tiered
    Java class that keeps the list of remote segments.
remote.log.metadata.manager.class.path | string null |  | medium | read-only | ignored:tiered
    Where that class is found.
remote.log.metadata.manager.impl.prefix | string rlmm.config. |  | medium | read-only | ignored:tiered
    Prefix of that class's own settings.
remote.log.metadata.manager.listener.name | string null |  | medium | read-only | ignored:tiered
    Listener that it uses.
remote.log.metadata.custom.metadata.max.bytes | int 128 | >=0 | low | read-only | ignored:tiered
    Longest note on a remote segment.
remote.log.index.file.cache.total.size.bytes | long 1073741824 | >=1 | low | cluster-wide | ignored:tiered
    Disk for indexes of remote segments.
remote.log.index.file.cache.ttl.ms | long 900000 | >=-1 | low* | read-only | ignored:tiered
    How long such indexes are kept.
remote.log.manager.thread.pool.size | int 2 | >=1 | medium | read-only | ignored:tiered
    Threads for remote segments.
remote.log.manager.copier.thread.pool.size | int 10 | >=1 | medium | cluster-wide | ignored:tiered
    Threads that copy segments away.
remote.log.manager.expiration.thread.pool.size | int 10 | >=1 | medium | cluster-wide | ignored:tiered
    Threads that delete remote segments.
remote.log.manager.follower.thread.pool.size | int 2 | >=1 | medium | cluster-wide | ignored:tiered
    Threads of followers.
remote.log.manager.task.interval.ms | long 30000 | >=1 | low | read-only | ignored:tiered
    How often segments are looked at.
remote.log.manager.task.retry.backoff.ms | long 500 | >=1 | low* | read-only | ignored:tiered
    Wait before a retry.
remote.log.manager.task.retry.backoff.max.ms | long 30000 | >=1 | low* | read-only | ignored:tiered
    Longest wait before a retry.
remote.log.manager.task.retry.jitter | double 0.2 | 0..0.5 | low* | read-only | ignored:tiered
    Spread of that wait.
remote.log.manager.copy.max.bytes.per.second | long 9223372036854775807 | >=1 | medium | cluster-wide | ignored:tiered
    Bytes a second for copies.
remote.log.manager.copy.quota.window.num | int 11 | >=1 | medium | read-only | ignored:tiered
    Samples over which copies are measured.
remote.log.manager.copy.quota.window.size.seconds | int 1 | >=1 | medium | read-only | ignored:tiered
    Length of one sample of copies.
remote.log.manager.fetch.max.bytes.per.second | long 9223372036854775807 | >=1 | medium | cluster-wide | ignored:tiered
    Bytes a second for remote reads.
remote.log.manager.fetch.quota.window.num | int 11 | >=1 | medium | read-only | ignored:tiered
    Samples over which remote reads are measured.
remote.log.manager.fetch.quota.window.size.seconds | int 1 | >=1 | medium | read-only | ignored:tiered
    Length of one sample of remote reads.
remote.log.reader.threads | int 10 | >=1 | medium | cluster-wide | ignored:tiered
    Threads that read remotely.
remote.log.reader.max.pending.tasks | int 100 | >=1 | medium | read-only | ignored:tiered
    Remote reads that may wait.
remote.fetch.max.wait.ms | int 500 | >=1 | medium | cluster-wide | ignored:tiered
    Longest wait for a remote read.
remote.list.offsets.request.timeout.ms | long 30000 | >=1 | medium | cluster-wide | ignored:tiered
    Longest wait for a remote search by time.
"""
