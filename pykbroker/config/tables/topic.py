"""The settings of a topic. The form of a row stands at the head of `pykbroker.config.setting`.

The default here is Kafka's own; what a topic without an override gets is its broker's setting, see `config.topic`.
"""

from __future__ import annotations

ROWS = """
# topics
cleanup.policy | list delete | any of compact, delete | medium | dynamic | used
    What happens to old segments: `delete`, `compact`, both, or neither.
compression.type | string producer | one of uncompressed, zstd, lz4, snappy, gzip, producer | medium | dynamic | used
    Codec in which batches are stored; `producer` keeps them as they were sent.
compression.gzip.level | int -1 | 1..9 or -1 | medium | dynamic | used
    Level at which this broker compresses with gzip.
compression.lz4.level | int 9 | 1..17 | medium | dynamic | used
    Level at which this broker compresses with lz4.
compression.zstd.level | int 3 | -131072..22 | medium | dynamic | used
    Level at which this broker compresses with zstd.
delete.retention.ms | long 86400000 | >=0 | medium | dynamic | used
    How long tombstones and transaction markers of a compacted topic can still be read.
file.delete.delay.ms | long 60000 | >=0 | medium | dynamic | used
    How long a deleted segment file stays, renamed, before it is unlinked.
flush.messages | long 9223372036854775807 | >=1 | medium | dynamic | used
    Records after which the log is forced to disk.
flush.ms | long 9223372036854775807 | >=0 | medium | dynamic | used
    Age of the oldest unforced record at which the log is forced to disk.
index.interval.bytes | int 4096 | >=0 | medium | dynamic | used
    Bytes of log between two entries of the offset index.
internal.segment.bytes | int null | >=14 | medium* | dynamic | used
    Segment size without the lower bound of segment.bytes, for tests.
leader.replication.throttled.replicas | list '' | replicas | medium | dynamic | ignored:later
    Replicas whose sending is throttled.
follower.replication.throttled.replicas | list '' | replicas | medium | dynamic | ignored:later
    Replicas whose fetching is throttled.
local.retention.bytes | long -2 | >=-2 | medium | dynamic | ignored:tiered
    Local size above which segments are dropped once they are in the remote tier.
local.retention.ms | long -2 | >=-2 | medium | dynamic | ignored:tiered
    Age after which segments are dropped locally once they are in the remote tier.
max.compaction.lag.ms | long 9223372036854775807 | >=1 | medium | dynamic | used
    Age at which a record makes the log due for compaction.
max.message.bytes | int 1048588 | >=0 | medium | dynamic | used
    Largest record batch that the topic takes, after compression.
message.downconversion.enable | boolean true |  | low | dynamic | used
    Rewrite batches for consumers of Kafka before 0.11 (Fetch v0 to v3); false answers UNSUPPORTED_VERSION to them.
message.format.version | string 3.0-IV1 |  | medium | dynamic | ignored:format
    Record format on disk; always version 2 here.
message.timestamp.after.max.ms | long 3600000 | >=0 | medium | dynamic | used
    How far a record's time may lie in the future; beyond it answers INVALID_TIMESTAMP.
message.timestamp.before.max.ms | long 9223372036854775807 | >=0 | medium | dynamic | used
    How far a record's time may lie in the past; beyond it answers INVALID_TIMESTAMP.
message.timestamp.difference.max.ms | long 9223372036854775807 | >=0 | medium | dynamic | ignored:format
    Old name for both time bounds at once; the two newer settings act.
message.timestamp.type | string CreateTime | one of CreateTime, LogAppendTime | medium | dynamic | used
    Whether a record keeps its producer's time (CreateTime) or gets the broker's (LogAppendTime).
min.cleanable.dirty.ratio | double 0.5 | 0..1 | medium | dynamic | used
    Share of the log that must be uncleaned before it is compacted.
min.compaction.lag.ms | long 0 | >=0 | medium | dynamic | used
    Age that a record reaches before it may be compacted away.
min.insync.replicas | int 1 | >=1 | medium | dynamic | used
    In-sync replicas that an acks=all write needs, else NOT_ENOUGH_REPLICAS.
preallocate | boolean false |  | medium | dynamic | used
    Lay out a segment file at full size when it is created.
remote.log.copy.disable | boolean false |  | medium | dynamic | ignored:tiered
    Copy no more segments to the remote tier.
remote.log.delete.on.disable | boolean false |  | medium | dynamic | ignored:tiered
    Delete the remote segments when the remote tier is turned off.
remote.storage.enable | boolean false |  | medium | dynamic | refused:tiered
    Keep older segments in a remote store.
retention.bytes | long -1 |  | medium | dynamic | used
    Size of a partition above which its oldest segments are deleted; -1 for no bound.
retention.ms | long 604800000 | >=-1 | medium | dynamic | used
    Age after which segments are deleted; -1 for never.
segment.bytes | int 1073741824 | >=14 | medium | dynamic | used
    Size at which a segment file is closed and the next one begun.
segment.index.bytes | int 10485760 | >=4 | medium | dynamic | used
    Size at which an index is full and its segment is closed.
segment.jitter.ms | long 0 | >=0 | medium | dynamic | used
    Spread of the segment age, so that not all logs roll at once.
segment.ms | long 604800000 | >=1 | medium | dynamic | used
    Age at which a segment is closed.
unclean.leader.election.enable | boolean false |  | medium | dynamic | used
    A replica out of sync may lead when no other is left, at the price of lost records.
"""
