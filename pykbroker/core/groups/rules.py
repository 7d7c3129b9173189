"""The settings of the group coordinator, typed; names and defaults are in the settings tables."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Settings(Protocol):
    """The part of BrokerConfig that is needed here."""

    def integer(self, name: str) -> int: ...


class GroupRules(NamedTuple):
    """Times are milliseconds, sizes bytes. Defaults are Kafka's, apart from the initial delay: see the settings table."""

    min_session_timeout_ms: int = 6_000
    max_session_timeout_ms: int = 1_800_000
    initial_rebalance_delay_ms: int = 0
    max_size: int = 2**31 - 1
    offset_metadata_max_bytes: int = 4_096
    offsets_retention_ms: int = 7 * 24 * 60 * 60_000
    offsets_check_interval_ms: int = 600_000
    # What a single decision may write: it must fit into one batch (message.max.bytes).
    max_batch_bytes: int = 1_048_588
    # A member that waits in its first JoinGroup cannot heartbeat and its client may be gone; Kafka's own constant.
    new_member_join_timeout_ms: int = 300_000

    @classmethod
    def resolve(cls, config: Settings) -> GroupRules:
        return cls(
            min_session_timeout_ms=config.integer("group.min.session.timeout.ms"),
            max_session_timeout_ms=config.integer("group.max.session.timeout.ms"),
            initial_rebalance_delay_ms=config.integer("group.initial.rebalance.delay.ms"),
            max_size=config.integer("group.max.size"),
            offset_metadata_max_bytes=config.integer("offset.metadata.max.bytes"),
            offsets_retention_ms=config.integer("offsets.retention.minutes") * 60_000,
            offsets_check_interval_ms=config.integer("offsets.retention.check.interval.ms"),
            max_batch_bytes=config.integer("message.max.bytes"),
        )
