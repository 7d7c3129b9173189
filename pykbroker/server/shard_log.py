"""A partition as the log of a coordinator shard: append its batches, replay all that stands in it.

Replay reads whole batches up to the log end and lets others run in between. A transactional batch counts only once its
marker says COMMIT: its records are kept until then and forgotten otherwise. This broker writes none yet, but the log may
have been written by a Kafka that did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio

from pykbroker.core.machine import Machine
from pykbroker.log.validate import AppendOrigin
from wire.records.batch import BatchHeader, iterate_batches
from wire.records.record import Record, read_records

if TYPE_CHECKING:
    from pykbroker.server.partition import Partition

READ_BYTES = 262_144  # some 10 ms of work between two looks at the sockets
COMMIT_MARKER = b"\x00\x00\x00\x01"  # key of a control record: version 0, type 1 (KIP-98)


class PartitionLog:
    """Implements `server.shard.ShardLog`."""

    def __init__(self, partition: Partition) -> None:
        self._partition = partition

    def append(self, batch: bytes) -> int:
        return self._partition.append_as_leader(batch, AppendOrigin.COORDINATOR, -1).last_offset + 1

    @property
    def high_watermark(self) -> int:
        return self._partition.high_watermark

    async def wait_high_watermark(self, offset: int) -> None:
        await self._partition.wait_high_watermark(offset)

    @property
    def is_empty(self) -> bool:
        log = self._partition.log
        return log.log_start_offset == log.log_end_offset

    async def replay(self, machine: Machine) -> int:
        log = self._partition.log
        end = log.log_end_offset
        offset = log.log_start_offset
        replaying = Replaying(machine)
        while offset < end:
            data = log.read(offset, READ_BYTES, end, True)
            before = offset
            for position, header in iterate_batches(data):
                replaying.batch(data, position, header)
                offset = header.next_offset
            if offset == before:
                break  # compaction took what stood at the end
            await trio.lowlevel.checkpoint()
        return replaying.count


class Replaying:
    """Records in, applied in order. count: how many were seen."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._open: dict[int, list[Any]] = {}  # producer id -> records of its open transaction
        self.count = 0

    def batch(self, data: bytes | memoryview, position: int, header: BatchHeader) -> None:
        records = read_records(data, header, position)
        if header.is_control:
            decided = self._open.pop(header.producer_id, [])
            if records and records[0].key == COMMIT_MARKER:
                for record in decided:
                    self._machine.apply(record)
            return
        for raw in records:
            self._record(raw, header)

    def _record(self, raw: Record, header: BatchHeader) -> None:
        self.count += 1
        if raw.key is None:
            return
        record = self._machine.decode(raw.key, raw.value)
        if record is None:
            return
        if header.is_transactional:
            self._open.setdefault(header.producer_id, []).append(record)
        else:
            self._machine.apply(record)
