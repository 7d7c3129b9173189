"""Offsets of the very first clients (OffsetCommit and OffsetFetch v0), kept as znodes as Kafka with ZooKeeper keeps them.

/consumers/<group>/offsets/<topic>/<partition> holds the offset in decimal text, and nothing else: no metadata, no member, no
expiry. These groups and those in __consumer_offsets know nothing of each other.
"""

from __future__ import annotations

from pykbroker.core.groups.commands import OffsetToCommit
from pykbroker.core.groups.rules import GroupRules
from wire.errors import ErrorCode
from zk.errors import NodeExists, NoNode
from zk.store import Store


class StoreOffsets:
    def __init__(self, store: Store, rules: GroupRules) -> None:
        self._store = store
        self._rules = rules

    async def commit(self, group_id: str, offset: OffsetToCommit) -> ErrorCode:
        """Raises: zk.errors of the store itself."""
        if len(offset.metadata or "") > self._rules.offset_metadata_max_bytes:
            return ErrorCode.OFFSET_METADATA_TOO_LARGE
        if not is_name(group_id):
            return ErrorCode.INVALID_GROUP_ID
        parents = ["/consumers", f"/consumers/{group_id}", f"/consumers/{group_id}/offsets"]
        parents.append(f"{parents[-1]}/{offset.topic}")
        path = f"{parents[-1]}/{offset.partition}"
        text = str(offset.offset).encode()
        try:
            await self._store.set(path, text)
        except NoNode:
            for parent in parents:
                await self._ensure(parent, None)
            if not await self._ensure(path, text):
                await self._store.set(path, text)  # somebody else was faster
        return ErrorCode.NONE

    async def fetch(self, group_id: str, topic: str, partition: int) -> int | None:
        """None if nothing was committed, or if what stands there is no number."""
        if not is_name(group_id):
            return None
        try:
            data, _ = await self._store.get(f"/consumers/{group_id}/offsets/{topic}/{partition}")
            return int(data or b"")
        except (NoNode, ValueError):
            return None

    async def _ensure(self, path: str, data: bytes | None) -> bool:
        try:
            await self._store.create(path, data)
        except NodeExists:
            return False
        return True


def is_name(group_id: str) -> bool:
    """May it stand in a path: a group must not reach into other nodes. (Kafka 3.9 lets it.)"""
    return group_id not in ("", ".", "..") and "/" not in group_id and group_id.isprintable()
