"""Producer ids: no two producers of the cluster, ever, get the same one.

The cluster shares a counter in the store, /latest_producer_id_block, out of which a broker takes a block of 1000 at a
time: a write at the version that it has read, so of two brokers that want the same block one starts over. What is left
of a block at a stop is lost; there are 2**63. (Kafka: ZkProducerIdManager; the znode's JSON is Kafka's)
"""

from __future__ import annotations

from contextlib import suppress

import trio

from pykbroker.errors import ApiError
from wire.errors import ErrorCode
from zk.errors import BadVersion, NodeExists, NoNode, ZkError
from zk.store import Store

PATH = "/latest_producer_id_block"
BLOCK = 1000
LAST_ID = (1 << 63) - 1


class ProducerIds:
    """Gives out producer ids on one broker."""

    def __init__(self, store: Store, broker_id: int) -> None:
        self._store = store
        self._broker_id = broker_id
        self._next = 0
        self._end = 0  # behind the last of the block
        self._lock = trio.Lock()

    def take(self) -> int | None:
        """The next id of the block; None if a new block is due."""
        if self._next >= self._end:
            return None
        self._next += 1
        return self._next - 1

    async def next(self) -> int:
        """The next id, out of a new block if need be.

        Raises: ApiError COORDINATOR_NOT_AVAILABLE when the store fails (producers try again), UNKNOWN_SERVER_ERROR when
        there is no id left or the znode cannot be read.
        """
        async with self._lock:
            producer_id = self.take()
            if producer_id is None:
                try:
                    self._next, self._end = await self._allocate()
                except (ZkError, OSError) as error:
                    raise ApiError(
                        ErrorCode.COORDINATOR_NOT_AVAILABLE, f"no block of producer ids to be had: {error}"
                    ) from error
                producer_id = self.take()
                assert producer_id is not None
            return producer_id

    async def _allocate(self) -> tuple[int, int]:
        """(first id, behind the last) of a block that is now ours."""
        while True:
            try:
                data, stat = await self._store.get(PATH)
            except NoNode:
                with suppress(NodeExists):
                    await self._store.create(PATH, None)
                continue
            start = _after(data)
            if start > LAST_ID - BLOCK:
                raise ApiError(ErrorCode.UNKNOWN_SERVER_ERROR, "all producer ids of this cluster are used up")
            try:
                await self._store.set(PATH, _block(self._broker_id, start), stat.version)
            except BadVersion:
                continue
            return start, start + BLOCK


def _block(broker_id: int, start: int) -> bytes:
    end = start + BLOCK - 1
    return f'{{"version":1,"broker":{broker_id},"block_start":"{start}","block_end":"{end}"}}'.encode()


def _after(data: bytes | None) -> int:
    """The first id behind the block that the znode names; 0 if none was given yet."""
    if not data:
        return 0
    import json

    try:
        end = int(json.loads(data)["block_end"])
    except (ValueError, KeyError, TypeError) as error:
        raise ApiError(
            ErrorCode.UNKNOWN_SERVER_ERROR, f"{PATH} holds {data!r}, not a block of ids"
        ) from error
    if end < -1:
        raise ApiError(ErrorCode.UNKNOWN_SERVER_ERROR, f"{PATH} holds {data!r}, not a block of ids")
    return end + 1
