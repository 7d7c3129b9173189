"""ZooKeeper's tree written a second time, as naively as possible, to hold the real one against.

No transactions, no pending changes: an operation changes a dict at once, and a multi works on a copy. Creates
and deletes of children are counted one by one (the real tree counts creates and works the rest out).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from zk import errors
from zk.data import Stat
from zk.operations import Check, Create, Delete, Multi, Operation, SetData


@dataclass
class ModelNode:
    data: bytes | None
    owner: int
    czxid: int
    mzxid: int
    pzxid: int
    ctime: int
    mtime: int
    version: int = 0
    child_changes: int = 0
    children_ever: int = 0
    names: set[str] = field(default_factory=set)


def parent_path(path: str) -> str:
    return "/".join(path.split("/")[:-1]) or "/"


class Model:
    def __init__(self) -> None:
        self.zxid = 0
        self.nodes: dict[str, ModelNode] = {"/": ModelNode(b"", 0, 0, 0, 0, 0, 0)}

    def stats(self) -> dict[str, Stat]:
        return {
            path: Stat(
                node.czxid,
                node.mzxid,
                node.ctime,
                node.mtime,
                node.version,
                node.child_changes,
                0,
                node.owner,
                len(node.data or b""),
                len(node.names),
                node.pzxid,
            )
            for path, node in self.nodes.items()
        }

    def do(self, operation: Operation, session_id: int, now_ms: int) -> type[errors.ZkError] | None:
        """Does it, or says with which error it fails and changes nothing."""
        work = copy.deepcopy(self)
        work.zxid += 1
        steps = operation.operations if isinstance(operation, Multi) else (operation,)
        for step in steps:
            error = work.step(step, session_id, now_ms)
            if error is not None:
                return error
        self.zxid, self.nodes = work.zxid, work.nodes
        return None

    def end_session(self, session_id: int) -> None:
        self.zxid += 1
        for path in [path for path, node in self.nodes.items() if node.owner == session_id]:
            self.remove(path)

    def remove(self, path: str) -> None:
        parent = self.nodes[parent_path(path)]
        parent.names.remove(path)
        parent.child_changes += 1
        parent.pzxid = self.zxid
        del self.nodes[path]

    def step(self, step: Operation, session_id: int, now_ms: int) -> type[errors.ZkError] | None:
        assert isinstance(step, Create | Delete | SetData | Check)
        if isinstance(step, Create):
            return self.create(step, session_id, now_ms)
        node = self.nodes.get(step.path)
        if node is None:
            return errors.NoNode
        if step.version not in (-1, node.version):
            return errors.BadVersion
        if isinstance(step, SetData):
            node.data, node.mzxid, node.mtime = step.data, self.zxid, now_ms
            node.version += 1
        elif isinstance(step, Delete):
            if node.names:
                return errors.NotEmpty
            self.remove(step.path)
        return None

    def create(self, step: Create, session_id: int, now_ms: int) -> type[errors.ZkError] | None:
        parent = self.nodes.get(parent_path(step.path))
        if parent is None:
            return errors.NoNode
        path = step.path + (f"{parent.children_ever:010d}" if step.sequential else "")
        if path in self.nodes:
            return errors.NodeExists
        if parent.owner:
            return errors.NoChildrenForEphemerals
        parent.names.add(path)
        parent.child_changes += 1
        parent.children_ever += 1
        parent.pzxid = self.zxid
        owner = session_id if step.ephemeral else 0
        zxid = self.zxid
        self.nodes[path] = ModelNode(step.data, owner, zxid, zxid, zxid, now_ms, now_ms)
        return None
