"""What random requests hold, field by field: mostly what exists, often its neighbour, sometimes nonsense.

VALUES has a maker for `Api.field` or for `field` of any API. Everything is drawn from the pool's own random numbers.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

from differential.corpus import MARKER
from wire.records.batch import Codec
from wire.records.record import Record, build_batch
from wire.schema import Bool, Bytes, Records, String, Type, Uint16, Uuid

PREFIX = f"{MARKER.decode()}-g"
LONE, SPREAD, COMPACTED = f"{PREFIX}-lone", f"{PREFIX}-spread", f"{PREFIX}-compacted"
NOW_MS = 1_700_000_000_000
BIG = 2**31 - 1
UNKNOWN_ID = b"\1" * 16
TOPIC_SETTINGS = {
    "retention.ms": ("1000000", "-1", "x", "-2", ""),
    "cleanup.policy": ("compact", "delete", "compact,delete", "delete,compact", "burn", ""),
    "max.message.bytes": ("200", "100000", "-1", "1.5"),
    "segment.bytes": ("1048576", "100000000", "13"),
    "message.timestamp.type": ("CreateTime", "LogAppendTime", "createtime"),
    "min.insync.replicas": ("1", "2", "0"),
    "compression.type": ("producer", "zstd", "uncompressed", "brotli"),
    "unclean.leader.election.enable": ("true", "false", "maybe"),
    "min.cleanable.dirty.ratio": ("0.5", "1.5", "x"),
    "leader.replication.throttled.replicas": ("*", "0:1", "0:1,1:0", "x", ""),
    "no.such.setting": ("1",),
    "": ("1",),
}


class Pool:
    """What a round knows: names, and ids by kind as answers gave them."""

    def __init__(self, source: random.Random) -> None:
        self.random = source
        self.ids: dict[str, list[Any]] = {}
        self.groups = [f"{PREFIX}-offsets", f"{PREFIX}-members", f"{PREFIX}-third"]
        self.api = ""
        self.version = 0
        self.setting = "retention.ms"
        self.by_id = False  # whether this request names topics by their ids

    def pick(self, *weighted: tuple[float, Any]) -> Any:
        """One of (weight, value); a value that is callable is asked."""
        values = [value for _, value in weighted]
        chosen = self.random.choices(values, [weight for weight, _ in weighted])[0]
        return chosen() if callable(chosen) else chosen

    def one_of(self, *values: Any) -> Any:
        return self.random.choice(values)

    def known(self, kind: str, otherwise: Any) -> Any:
        """An id that the broker gave, the newest ones first."""
        found = self.ids.get(kind, [])[-6:]
        return self.random.choice(found) if found else otherwise


def by_default(pool: Pool, type_: Type) -> Any:
    """For a field that nothing is told about."""
    if type_ is Bool:
        return pool.one_of(True, False)
    if type_ is String:
        return pool.one_of("", "x")
    if type_ in (Bytes, Records):
        return pool.one_of(b"", b"x")
    if type_ is Uuid:
        return bytes(16)
    return pool.one_of(0, 1, 2) if type_ is Uint16 else pool.one_of(0, 1, -1, 2)


def batch(count: int = 1, **fields: Any) -> bytes:
    """A record batch with timestamps that are long ago and not of today."""
    rows = [Record(i, NOW_MS + i, b"k%d" % (i % 2), b"v%d" % i, [("h", b"x")]) for i in range(count)]
    return bytes(build_batch(rows, **fields))


def _topic(pool: Pool) -> str:
    return str(
        pool.pick(
            (6, lambda: pool.one_of(LONE, LONE, SPREAD, SPREAD, COMPACTED)),
            (2, lambda: f"{PREFIX}-new{pool.random.randint(0, 2)}"),
            (1, f"{PREFIX}-unknown"),
            (0.5, lambda: pool.one_of("", "a b", ".", "..", f"{PREFIX}-{'n' * 250}", "ü")),
        )
    )


def _new_topic(pool: Pool) -> str:
    return str(
        pool.pick(
            (6, lambda: f"{PREFIX}-new{pool.random.randint(0, 2)}"),
            (2, lambda: pool.one_of(LONE, f"{PREFIX}_new.0", f"{PREFIX}.new_0")),
            (1, lambda: pool.one_of("", "a b", ".", "..", f"{PREFIX}-{'n' * 250}", "ü")),
        )
    )


def _topic_id(pool: Pool) -> bytes:
    return bytes(pool.pick((8, lambda: pool.known("topic id", bytes(16))), (1, UNKNOWN_ID), (1, bytes(16))))


def topic_or_none(pool: Pool) -> str | None:
    return None if pool.by_id else _topic(pool)


def _id_where_no_name(pool: Pool) -> bytes:
    """Never a row with neither, on which the lines of Kafka do not agree."""
    if not pool.by_id:
        return bytes(16)
    found = _topic_id(pool)
    return UNKNOWN_ID if found == bytes(16) else found


def _partition(pool: Pool) -> int:
    return int(pool.pick((8, 0), (3, 1), (1, 2), (1, 3), (0.5, -1), (0.5, 1000)))


def _group(pool: Pool) -> str:
    return str(pool.pick((8, lambda: pool.one_of(*pool.groups)), (1, f"{PREFIX}-nobody"), (1, "")))


def _member(pool: Pool) -> str:
    return str(pool.pick((6, lambda: pool.known("member id", "")), (3, ""), (1, "nobody")))


def _generation(pool: Pool) -> int:
    return int(pool.pick((4, 1), (3, 2), (1, 3), (2, -1), (1, 0), (0.5, 100)))


def _offset(pool: Pool) -> int:
    return int(pool.pick((4, 0), (4, lambda: pool.random.randint(0, 12)), (1, -1), (1, 10_000), (0.5, -2)))


def _epoch(pool: Pool) -> int:
    return int(pool.pick((6, -1), (4, 0), (1, 1), (0.5, -2)))


def _records(pool: Pool) -> bytes:
    """Never null: Kafka stumbles over that, and may not answer at all."""
    producer = partial(pool.known, "producer id", 77)
    sequence = pool.one_of(0, 0, 1, 3, 5)
    whole = batch(pool.random.randint(1, 4))
    made: bytes = pool.pick(
        (6, whole),
        (
            4,
            lambda: batch(
                2, producer_id=producer(), producer_epoch=pool.one_of(0, 0, 1), base_sequence=sequence
            ),
        ),
        (1, lambda: batch(2, codec=Codec(pool.one_of(1, 2, 3, 4)))),
        (0.5, whole[:-1] + bytes([whole[-1] ^ 1])),  # a wrong checksum
        (0.5, whole[:-3]),  # cut off
        (0.5, whole + batch(1)),
        (0.5, whole + b"\0" * 5),
        (0.5, whole[:16] + b"\1" + whole[17:]),  # an older magic
        (0.5, b""),
        (0.5, struct.pack(">qi", 0, BIG) + whole[12:]),  # announces more than there is
        (0.5, lambda: batch(20, base_offset=pool.one_of(5, -1))),
    )
    return made


def _resource_type(pool: Pool) -> int:
    return int(pool.pick((8, 2), (3, 4), (0.5, 8), (0.5, 16), (0.5, 32), (0.5, 0), (0.5, 3)))


def _resource(pool: Pool) -> str:
    return str(pool.pick((8, lambda: _topic(pool)), (3, "0"), (1, ""), (0.5, "7"), (0.5, "x")))


def _altered_type(pool: Pool) -> int:
    """Topics, and what is refused: a broker's settings stay as they are."""
    return int(pool.pick((9, 2), (0.5, 0), (0.5, 3)))


def _setting(pool: Pool) -> str:
    """The value that follows is one of this setting's."""
    pool.setting = pool.one_of(*TOPIC_SETTINGS)
    return pool.setting


def _setting_value(pool: Pool) -> str:
    return str(pool.one_of(*TOPIC_SETTINGS[pool.setting]))


def _timestamp(pool: Pool) -> int:
    return int(
        pool.pick((3, -1), (3, -2), (2, -3), (1, -4), (1, -5), (0.5, -6), (0.5, -7), (2, NOW_MS + 2), (1, 0))
    )


def _protocol_type(pool: Pool) -> str:
    return str(pool.pick((8, "consumer"), (1, "connect"), (0.5, "")))


def _session_timeout(pool: Pool) -> int:
    """Version 0 waits this long for the other members."""
    return int(pool.one_of(1000) if pool.version == 0 else pool.pick((8, 30_000), (1, 5), (1, BIG), (0.5, 0)))


Maker = Callable[[Pool], Any]


def _choice(*values: Any) -> Maker:
    return lambda pool: pool.one_of(*values)


_INSTANCE = _choice(None, None, None, None, f"{PREFIX}-instance", "", "other")
_BROKER = _choice(0, 0, 0, 1, -1)
_REPLICA = _choice(-1, -1, -1, -1, -1, -1, -2, 0, 1)

VALUES: dict[str, Maker] = {
    # what is named
    "name": _topic,
    "topic": _topic,
    "topic_names": _topic,
    "topic_name": _topic,
    "topic_id": _topic_id,
    "Metadata.name": topic_or_none,
    "Metadata.topic_id": _id_where_no_name,
    "DeleteTopics.name": topic_or_none,
    "DeleteTopics.topic_id": _id_where_no_name,
    "CreateTopics.name": lambda pool: pool.pick((7, lambda: _new_topic(pool)), (3, lambda: _setting(pool))),
    "group_id": _group,
    "group": _group,
    "groups_names": _group,
    "DescribeGroups.groups": _group,
    "key": _group,
    "coordinator_keys": _group,
    "transactional_id": lambda pool: pool.pick((8, None), (0.5, f"{PREFIX}-transaction"), (0.5, "")),
    # partitions, offsets, epochs
    "partition_index": _partition,
    "partition": _partition,
    "index": _partition,
    "partition_indexes": _partition,
    "partitions": _partition,
    "offset": _offset,
    "fetch_offset": _offset,
    "committed_offset": _offset,
    "timestamp": _timestamp,
    "current_leader_epoch": _epoch,
    "last_fetched_epoch": _epoch,
    "leader_epoch": _epoch,
    "committed_leader_epoch": _epoch,
    "committed_metadata": _choice("", "m", "m" * 5000),
    "log_start_offset": _choice(-1, 0),
    # members
    "member_id": _member,
    "generation_id": _generation,
    "generation_id_or_member_epoch": _generation,
    "member_epoch": _generation,
    "group_instance_id": _INSTANCE,
    "protocol_type": _protocol_type,
    "protocol_name": _choice("range", "range", None, "sticky", ""),
    "JoinGroup.name": _choice("range", "range", "sticky", "roundrobin"),
    "metadata": _choice(b"r", b"s", b""),
    "assignment": _choice(b"a", b"b", b""),
    "session_timeout_ms": _session_timeout,
    "rebalance_timeout_ms": _choice(100),
    "retention_time_ms": _choice(-1, -1, 100_000),
    # producers
    "Produce.transactional_id": _choice(
        None
    ),  # as long as it is refused, and Kafka takes it, logs would differ
    "acks": _choice(-1, -1, -1, 1, 1, 2),
    "records": _records,
    "transaction_timeout_ms": _choice(1000, 60_000, 0, -1, BIG),
    "producer_id": lambda pool: pool.pick((3, -1), (2, lambda: pool.known("producer id", 77)), (1, 77)),
    "producer_epoch": _choice(-1, -1, 0, 1),
    # fetching
    "replica_id": _REPLICA,
    "replica_epoch": _choice(-1, -1, 0),
    "max_wait_ms": _choice(0, 0, 10),
    "min_bytes": _choice(0, 1, 1, 100, BIG),
    "max_bytes": _choice(BIG, 1_000_000, 100, 1, 0),
    "partition_max_bytes": _choice(BIG, 1_000_000, 100, 1, 0),
    "isolation_level": _choice(0, 0, 1),
    "session_id": lambda pool: pool.pick((4, 0), (3, lambda: pool.known("fetch session", 0)), (0.5, 12345)),
    "session_epoch": _choice(-1, -1, 0, 0, 1, 2),
    "rack_id": _choice("", "", "r"),
    # administration
    "timeout_ms": _choice(5000, 10_000),
    "num_partitions": _choice(1, 1, 2, 3, -1, 0, -2),
    "replication_factor": _choice(1, 1, 1, -1, 0, 2),
    "broker_ids": _BROKER,
    "count": _choice(2, 3, 4, 1, 0, -1),
    "CreatePartitions.name": _topic,
    "CreateTopics.value": _setting_value,
    "resource_type": _resource_type,
    "resource_name": _resource,
    "configuration_keys": _setting,
    "AlterConfigs.resource_type": _altered_type,
    "AlterConfigs.name": _setting,
    "AlterConfigs.value": _setting_value,
    "IncrementalAlterConfigs.resource_type": _altered_type,
    "IncrementalAlterConfigs.name": _setting,
    "IncrementalAlterConfigs.value": _setting_value,
    "config_operation": _choice(0, 0, 0, 1, 2, 3),
    "key_type": _choice(0, 0, 0, 1, 2, 3),
    "states_filter": _choice("Stable", "empty", "Empty", "Dead", "x", ""),
    "types_filter": _choice("classic", "Classic", "consumer", "x", ""),
    "client_software_name": _choice("generated", "generated", "", "no spaces please"),
    "client_software_version": _choice("1.0", "1.0", "", "1 0"),
    "endpoint_type": _choice(1, 1, 1, 2, 0),
}
