"""A partition in memory, for coordinators: appends that succeed, fail, or are replicated when the test says so."""

from __future__ import annotations

import trio

from pykbroker.errors import ApiError
from pykbroker.log.log import Appended
from pykbroker.log.validate import AppendOrigin
from wire.errors import ErrorCode
from wire.records.batch import PREFIX, iterate_batches, read_header
from wire.records.record import Record, read_records


class MemoryLog:
    """Whole batches, as Log reads them."""

    def __init__(self) -> None:
        self.batches: list[bytes] = []
        self.log_start_offset = 0
        self.log_end_offset = 0
        self.broken: Exception | None = None

    def read(self, offset: int, max_bytes: int, upto_offset: int, min_one: bool = True) -> bytes:
        if self.broken is not None:
            raise self.broken
        found = b""
        for batch in self.batches:
            header = read_header(batch)
            if header.last_offset < offset or header.base_offset >= upto_offset:
                continue
            if len(found) + len(batch) > max_bytes and (found or not min_one):
                break
            found += batch
        return found


class MemoryPartition:
    """replicates: an append is committed at once. fails_with: what the next appends raise."""

    def __init__(self, log: MemoryLog | None = None) -> None:
        self.log = log or MemoryLog()
        self.leader_epoch = 0
        self.high_watermark = self.log.log_end_offset
        self.replicates = True
        self.fails_with: Exception | None = None
        self._moved = trio.Event()
        self._lost = False

    def append_as_leader(self, records: bytes, origin: AppendOrigin, required_acks: int = -1) -> Appended:
        assert origin is AppendOrigin.COORDINATOR
        assert required_acks == -1
        if self.fails_with is not None:
            raise self.fails_with
        ((_, header),) = iterate_batches(records)
        base = self.log.log_end_offset
        self.log.batches.append(
            PREFIX.pack(base, header.batch_length, self.leader_epoch) + records[PREFIX.size :]
        )
        self.log.log_end_offset = base + header.count
        if self.replicates:
            self.replicate()
        return Appended(base, self.log.log_end_offset - 1, -1, 0, False)

    def replicate(self) -> None:
        """All that was appended is committed."""
        self.high_watermark = self.log.log_end_offset
        self._wake()

    def lose_leadership(self) -> None:
        self._lost = True
        self._wake()

    async def wait_high_watermark(self, offset: int) -> None:
        while self.high_watermark < offset:
            if self._lost:
                raise ApiError(ErrorCode.NOT_LEADER_OR_FOLLOWER)
            await self._moved.wait()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = trio.Event()

    def records(self) -> list[Record]:
        return [record for batch in self.log.batches for record in read_records(batch)]
