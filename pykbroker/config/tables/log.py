"""Broker settings of topics and logs: what a new topic gets, segments, flushing, retention, compaction.

The form of a row stands at the head of `pykbroker.config.setting`.
"""

from __future__ import annotations

ROWS = """
# topics: what a new one gets
auto.create.topics.enable | boolean true |  | high | read-only | used
    A client's first mention of a topic creates it.
num.partitions | int 1 | >=1 | medium | read-only | used
    Partitions of a topic that is created without a count.
default.replication.factor | int 1 |  | medium | read-only | used
    Replicas of a topic that is created without a factor; with more than the brokers alive it is not created.
delete.topic.enable | boolean true |  | high | read-only | used
    DeleteTopics may delete; false answers TOPIC_DELETION_DISABLED.
min.insync.replicas | int 1 | >=1 | high | cluster-wide | used
    In-sync replicas that an acks=all write needs, else NOT_ENOUGH_REPLICAS.
unclean.leader.election.enable | boolean false |  | high | cluster-wide | used
    A replica out of sync may lead when no other is left, at the price of lost records.
unclean.leader.election.interval.ms | long 300000 | >=1 | medium* | read-only | ignored:kraft
    How often partitions without a leader are looked at for an unclean election.
max.request.partition.size.limit | int 2000 | >=1 | medium | read-only | ignored:later
    Most partitions that one DescribeTopicPartitions or similar request may ask for.

# log: where and how records lie on disk
log.dir | list pykbroker-data/log kafka=/tmp/kafka-logs |  | high | read-only | used
    The data directory, when log.dirs is not set.
log.dirs | list null |  | high | read-only | used
    Data directories, separated by commas; partitions are spread over them.
cordoned.log.dirs | list '' |  | medium | per-broker | ignored:later
    Data directories that get no new partitions.
log.dir.failure.timeout.ms | long 30000 | >=1 | low | read-only | ignored:kraft
    How long a broker may fail to report a broken data directory before it stops.
log.segment.bytes | int 1073741824 | >=14 | high | cluster-wide | used
    Size at which a segment file is closed and the next one begun.
log.roll.ms | long null |  | high | cluster-wide | used
    Age in milliseconds at which a segment is closed; comes before log.roll.hours.
log.roll.hours | int 168 | >=1 | high | read-only | used
    Age in hours at which a segment is closed.
log.roll.jitter.ms | long null |  | high | cluster-wide | used
    Spread of the segment age in milliseconds, so that not all logs roll at once.
log.roll.jitter.hours | int 0 | >=0 | high | read-only | used
    Spread of the segment age in hours, so that not all logs roll at once.
log.index.interval.bytes | int 4096 | >=0 | medium | cluster-wide | used
    Bytes of log between two entries of the offset index.
log.index.size.max.bytes | int 10485760 | >=4 | medium | cluster-wide | used
    Size at which an index is full and its segment is closed.
log.preallocate | boolean false |  | medium | cluster-wide | used
    Lay out a segment file at full size when it is created.
log.flush.interval.messages | long 9223372036854775807 | >=1 | high | cluster-wide | used
    Records after which a log is forced to disk.
log.flush.interval.ms | long null |  | high | cluster-wide | used
    Age of the oldest unforced record at which a log is forced to disk.
log.flush.scheduler.interval.ms | long 9223372036854775807 |  | high | read-only | used
    How often logs are looked at for records that are due to be forced to disk.
log.flush.offset.checkpoint.interval.ms | int 60000 | >=0 | high | read-only | used
    How often the recovery points are written, which shorten recovery after a crash.
log.flush.start.offset.checkpoint.interval.ms | int 60000 | >=0 | high | read-only | ignored:joined
    How often the log start offsets are written.
log.initial.task.delay.ms | long 30000 | >=0 | low* | read-only | used
    Wait after the start before logs are first looked at for segments to delete.
log.segment.delete.delay.ms | long 60000 | >=0 | high | cluster-wide | used
    How long a deleted segment file stays, renamed, before it is unlinked.
log.message.timestamp.type | string CreateTime | one of CreateTime, LogAppendTime | medium | cluster-wide | used
    Whether a record keeps its producer's time (CreateTime) or gets the broker's (LogAppendTime).
log.message.timestamp.before.max.ms | long 9223372036854775807 | >=0 | medium | cluster-wide | used
    How far a record's time may lie in the past; beyond it answers INVALID_TIMESTAMP.
log.message.timestamp.after.max.ms | long 3600000 | >=0 | medium | cluster-wide | used
    How far a record's time may lie in the future; beyond it answers INVALID_TIMESTAMP.
log.message.timestamp.difference.max.ms | long 9223372036854775807 | >=0 | medium | cluster-wide | ignored:format
    Old name for both time bounds at once; the two newer settings act.
log.message.format.version | string 3.0-IV1 |  | medium | read-only | ignored:format
    Record format on disk; always version 2 here.
log.message.downconversion.enable | boolean true |  | low | cluster-wide | used
    Rewrite batches for consumers of Kafka before 0.11 (Fetch v0 to v3); false answers UNSUPPORTED_VERSION to them.
message.max.bytes | int 1048588 | >=0 | high | cluster-wide | used
    Largest record batch that a topic takes, after compression.
compression.type | string producer | one of uncompressed, zstd, lz4, snappy, gzip, producer | high | cluster-wide | used
    Codec in which batches are stored; `producer` keeps them as they were sent.
compression.gzip.level | int -1 | 1..9 or -1 | medium | cluster-wide | used
    Level at which this broker compresses with gzip.
compression.lz4.level | int 9 | 1..17 | medium | cluster-wide | used
    Level at which this broker compresses with lz4.
compression.zstd.level | int 3 | -131072..22 | medium | cluster-wide | used
    Level at which this broker compresses with zstd.
num.recovery.threads.per.data.dir | int 2 | >=1 | high | cluster-wide | ignored:runtime
    Threads that recover logs at start, for each data directory.
num.replica.alter.log.dirs.threads | int null |  | high | read-only | ignored:later
    Threads that move replicas between data directories.

# log: of pykbroker alone
pykbroker.validate.all.records | boolean false |  | medium | cluster-wide | used
    Look into every produced batch as Kafka does: at compressed records too, and at the largest timestamp it states.

# log: retention and compaction
log.cleanup.policy | list delete | any of compact, delete | medium | cluster-wide | used
    What happens to old segments: `delete`, `compact`, both, or neither.
log.retention.ms | long null |  | high | cluster-wide | used
    Age in milliseconds after which segments are deleted, -1 for never; comes before minutes and hours.
log.retention.minutes | int null |  | high | read-only | used
    Age in minutes after which segments are deleted; comes before log.retention.hours.
log.retention.hours | int 168 |  | high | read-only | used
    Age in hours after which segments are deleted.
log.retention.bytes | long -1 |  | high | cluster-wide | used
    Size of a partition above which its oldest segments are deleted; -1 for no bound.
log.retention.check.interval.ms | long 300000 | >=1 | medium | read-only | used
    How often logs are looked at for segments to delete.
log.local.retention.ms | long -2 | >=-2 | medium | cluster-wide | ignored:tiered
    Age after which segments are dropped locally once they are in the remote tier.
log.local.retention.bytes | long -2 | >=-2 | medium | cluster-wide | ignored:tiered
    Local size above which segments are dropped once they are in the remote tier.
log.cleaner.enable | boolean true |  | medium | read-only | used
    Whether compaction runs at all.
log.cleaner.threads | int 1 | >=0 | medium | cluster-wide | used
    Logs that are compacted at the same time, each in a thread.
log.cleaner.io.max.bytes.per.second | double 1.7976931348623157E308 |  | medium | cluster-wide | used
    Bound on what compaction reads and writes together.
log.cleaner.io.buffer.size | int 524288 | >=0 | medium | cluster-wide | ignored:runtime
    Memory for the buffers in which compaction reads and writes.
log.cleaner.io.buffer.load.factor | double 0.9 |  | medium | cluster-wide | ignored:runtime
    How full the key table of compaction may get.
log.cleaner.dedupe.buffer.size | long 134217728 |  | medium | cluster-wide | used
    Memory for the key table of compaction.
log.cleaner.backoff.ms | long 15000 | >=0 | medium | cluster-wide | used
    Wait of the cleaner when no log is worth cleaning.
log.cleaner.min.cleanable.ratio | double 0.5 | 0..1 | medium | cluster-wide | used
    Share of a log that must be uncleaned before it is compacted.
log.cleaner.delete.retention.ms | long 86400000 | >=0 | medium | cluster-wide | used
    How long tombstones and transaction markers of a compacted topic can still be read.
log.cleaner.min.compaction.lag.ms | long 0 | >=0 | medium | cluster-wide | used
    Age that a record reaches before it may be compacted away.
log.cleaner.max.compaction.lag.ms | long 9223372036854775807 | >=1 | medium | cluster-wide | used
    Age at which a record makes its log due for compaction.
"""
