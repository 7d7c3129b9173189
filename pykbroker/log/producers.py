"""What a partition knows of its idempotent producers, and the snapshots that carry it through restarts.

For each producer id: its epoch and its last five batches. A batch of a client must follow the last one without a gap in
its sequence; one of the last five sent again is answered as it was the first time and not stored twice. The state follows
from the log alone. A snapshot states it at an offset, so that a start reads the latest one and only the batches behind it.

The rules are those of Kafka's ProducerAppendInfo and ProducerStateEntry, the file that of ProducerStateManager:

    version int16 (1) | crc uint32 (CRC-32C of what follows) | count int32
    | { producer_id int64 | epoch int16 | last_sequence int32 | last_offset int64 | offset_delta int32 | timestamp int64
        | coordinator_epoch int32 | current_txn_first_offset int64 } ...

so after a restart the last batch of each producer is known, not five. What transactions add to an entry is kept as it
is found; they are not served yet.
"""

from __future__ import annotations

from collections import deque
from struct import Struct
from typing import NamedTuple

from pykbroker.errors import ApiError
from pykbroker.files import Buffer
from wire.errors import ErrorCode
from wire.records import batch as batches
from wire.records.batch import (
    CONTROL_BIT,
    NO_PRODUCER_EPOCH,
    NO_SEQUENCE,
    TRANSACTIONAL_BIT,
    BatchHeader,
    advance_sequence,
)

REMEMBERED_BATCHES = 5
SNAPSHOT_SUFFIX = ".snapshot"
SNAPSHOT_HEAD = Struct(">hIi")
SNAPSHOT_ENTRY = Struct(">qhiqiqiq")
SNAPSHOT_VERSION = 1
CRC_FROM = 6  # where the checksummed part of a snapshot begins
EMPTY_SNAPSHOT_SIZE = SNAPSHOT_HEAD.size


class CorruptSnapshot(Exception):
    """A snapshot file that cannot be used; an older one, or the log itself, can."""


class AppendedBatch(NamedTuple):
    """One of a producer's last batches."""

    first_sequence: int
    last_sequence: int
    last_offset: int
    offset_delta: int
    timestamp: int  # ms; the batch's max_timestamp

    @property
    def first_offset(self) -> int:
        return self.last_offset - self.offset_delta


class ProducerEntry:
    """One producer id."""

    __slots__ = ("batches", "coordinator_epoch", "epoch", "last_timestamp", "txn_first_offset")

    def __init__(self, epoch: int = NO_PRODUCER_EPOCH) -> None:
        self.epoch = epoch
        self.batches: deque[AppendedBatch] = deque(maxlen=REMEMBERED_BATCHES)
        self.last_timestamp = -1  # ms; what expiry goes by
        self.coordinator_epoch = -1
        self.txn_first_offset = -1


class ProducerState:
    """The producers of one partition. `map_end` is the offset up to which the log has been taken in."""

    __slots__ = ("entries", "map_end")

    def __init__(self, map_end: int = 0) -> None:
        self.entries: dict[int, ProducerEntry] = {}
        self.map_end = map_end

    def __len__(self) -> int:
        return len(self.entries)

    def check(self, header: BatchHeader) -> AppendedBatch | None:
        """Whether a client's batch may be appended. Returns the batch that it repeats, None if it is new.

        A producer id that is not known (its records are gone, or it expired) may start with any sequence.
        Raises: ApiError INVALID_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE_NUMBER.
        """
        entry = self.entries.get(header.producer_id)
        if entry is None:
            return None
        sequence = header.base_sequence
        if header.producer_epoch == entry.epoch and entry.batches:
            last = entry.batches[-1].last_sequence
            if sequence == last + 1:
                return None
            for earlier in entry.batches:
                if earlier.first_sequence == sequence and earlier.last_sequence == header.last_sequence:
                    return earlier
            if sequence == advance_sequence(last, 1):
                return None
            raise _out_of_order(header, f"the last one was {last}")
        if header.producer_epoch < entry.epoch:
            raise ApiError(
                ErrorCode.INVALID_PRODUCER_EPOCH,
                f"producer {header.producer_id} has epoch {entry.epoch}, and the batch is of {header.producer_epoch}",
            )
        if sequence != 0 and entry.epoch != NO_PRODUCER_EPOCH:
            raise _out_of_order(header, "a new epoch begins with 0")
        return None

    def take_in(self, header: BatchHeader, base_offset: int, batch: Buffer) -> None:
        """A producer's batch stands in the log at `base_offset`. batch: its bytes, looked at where it ends a transaction."""
        attributes = header.attributes
        if attributes & CONTROL_BIT:
            self._end_transaction(header, batch)
            return
        entry = self._entry_of(header)
        sequence, delta, timestamp = header.base_sequence, header.last_offset_delta, header.max_timestamp
        last = sequence + delta & 0x7FFF_FFFF if sequence >= 0 else NO_SEQUENCE
        entry.batches.append(AppendedBatch(sequence, last, base_offset + delta, delta, timestamp))
        entry.last_timestamp = timestamp
        if attributes & TRANSACTIONAL_BIT and entry.txn_first_offset < 0:
            entry.txn_first_offset = base_offset

    def replay(self, header: BatchHeader, batch: Buffer) -> None:
        """Takes in a batch as it is found in the log, checking nothing."""
        if header.producer_id >= 0:
            self.take_in(header, header.base_offset, batch)
        self.map_end = header.next_offset

    def _entry_of(self, header: BatchHeader) -> ProducerEntry:
        """The producer's entry, in the batch's epoch."""
        entry = self.entries.get(header.producer_id)
        if entry is None:
            entry = self.entries[header.producer_id] = ProducerEntry(header.producer_epoch)
        elif entry.epoch != header.producer_epoch:
            entry.epoch = header.producer_epoch
            entry.batches.clear()
        return entry

    def _end_transaction(self, header: BatchHeader, batch: Buffer) -> None:
        from wire.records.record import read_records

        entry = self._entry_of(header)
        for record in read_records(batch, header):
            if record.value is not None and len(record.value) >= 6:  # version int16, coordinator_epoch int32
                entry.coordinator_epoch = int.from_bytes(record.value[2:6], "big", signed=True)
            entry.last_timestamp = record.timestamp
        entry.txn_first_offset = -1

    def remove_expired(self, now_ms: int, expiration_ms: int) -> int:
        """Forgets producers that wrote nothing for `expiration_ms` (producer.id.expiration.ms); returns how many."""
        expired = [
            producer_id
            for producer_id, entry in self.entries.items()
            if entry.txn_first_offset < 0 and now_ms - entry.last_timestamp >= expiration_ms
        ]
        for producer_id in expired:
            del self.entries[producer_id]
        return len(expired)

    def encode(self) -> bytes:
        """The state as a snapshot file holds it."""
        body = b"".join(self._encode_entry(producer_id, entry) for producer_id, entry in self.entries.items())
        rest = len(self.entries).to_bytes(4, "big") + body
        return SNAPSHOT_HEAD.pack(SNAPSHOT_VERSION, batches.crc32c(rest), len(self.entries)) + body

    @staticmethod
    def _encode_entry(producer_id: int, entry: ProducerEntry) -> bytes:
        if entry.batches:
            last = entry.batches[-1]
            sequence, offset, delta = last.last_sequence, last.last_offset, last.offset_delta
        else:
            sequence, offset, delta = NO_SEQUENCE, -1, 0
        return SNAPSHOT_ENTRY.pack(
            producer_id,
            entry.epoch,
            sequence,
            offset,
            delta,
            entry.last_timestamp,
            entry.coordinator_epoch,
            entry.txn_first_offset,
        )

    @classmethod
    def decode(cls, data: bytes, map_end: int) -> ProducerState:
        """The state that a snapshot file of offset `map_end` holds.

        Raises: CorruptSnapshot.
        """
        if len(data) < SNAPSHOT_HEAD.size:
            raise CorruptSnapshot(f"{len(data)} bytes are no snapshot")
        version, crc, count = SNAPSHOT_HEAD.unpack_from(data)
        if version != SNAPSHOT_VERSION:
            raise CorruptSnapshot(f"unknown version {version}")
        if batches.crc32c(data[CRC_FROM:]) != crc:
            raise CorruptSnapshot("the checksum is wrong")
        if count < 0 or len(data) != SNAPSHOT_HEAD.size + count * SNAPSHOT_ENTRY.size:
            raise CorruptSnapshot(f"{count} entries in {len(data)} bytes")
        state = cls(map_end)
        for fields in SNAPSHOT_ENTRY.iter_unpack(data[SNAPSHOT_HEAD.size :]):
            producer_id, epoch, sequence, offset, delta, timestamp, coordinator_epoch, txn = fields
            entry = state.entries[producer_id] = ProducerEntry(epoch)
            entry.last_timestamp = timestamp
            entry.coordinator_epoch = coordinator_epoch
            entry.txn_first_offset = txn
            if offset >= 0:
                first = advance_sequence(sequence, -delta) if sequence >= 0 else NO_SEQUENCE
                entry.batches.append(AppendedBatch(first, sequence, offset, delta, timestamp))
        return state


def _out_of_order(header: BatchHeader, expected: str) -> ApiError:
    return ApiError(
        ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
        f"producer {header.producer_id} sent sequence {header.base_sequence} in epoch {header.producer_epoch}: {expected}",
    )
