"""What a log needs to know of its topic's settings, typed and frozen; a change of settings makes a new value.

The defaults are Kafka 4's. Which broker setting stands behind which topic setting is decided where they are resolved,
not here.
"""

from __future__ import annotations

from dataclasses import dataclass

NEVER = (1 << 63) - 1  # Kafka's Long.MAX_VALUE: no bound

CREATE_TIME = "CreateTime"
LOG_APPEND_TIME = "LogAppendTime"


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """The settings of one topic as its logs use them. Field names are Kafka's, with `_` for `.`, but for the last."""

    segment_bytes: int = 1 << 30
    segment_ms: int = 7 * 24 * 60 * 60 * 1000
    segment_jitter_ms: int = 0
    segment_index_bytes: int = 10 * 1024 * 1024
    index_interval_bytes: int = 4096
    max_message_bytes: int = 1024 * 1024 + 12  # of a whole batch
    message_timestamp_type: str = CREATE_TIME
    message_timestamp_before_max_ms: int = NEVER
    message_timestamp_after_max_ms: int = 60 * 60 * 1000  # KIP-1030; NEVER before Kafka 4
    compression_type: str = "producer"  # or uncompressed, gzip, snappy, lz4, zstd
    compression_gzip_level: int = -1
    compression_lz4_level: int = 9
    compression_zstd_level: int = 3
    cleanup_policy: tuple[str, ...] = ("delete",)
    retention_ms: int = 7 * 24 * 60 * 60 * 1000  # -1: no bound
    retention_bytes: int = -1
    delete_retention_ms: int = 24 * 60 * 60 * 1000
    min_cleanable_dirty_ratio: float = 0.5
    min_compaction_lag_ms: int = 0
    max_compaction_lag_ms: int = NEVER
    flush_messages: int = NEVER
    flush_ms: int = NEVER
    message_downconversion_enable: bool = True
    preallocate: bool = False
    file_delete_delay_ms: int = 60_000
    unclean_leader_election_enable: bool = False
    min_insync_replicas: int = 1
    validate_all_records: bool = False  # of the broker: pykbroker.validate.all.records

    @property
    def is_compacted(self) -> bool:
        return "compact" in self.cleanup_policy

    @property
    def is_log_append_time(self) -> bool:
        return self.message_timestamp_type == LOG_APPEND_TIME
