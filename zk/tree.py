"""The znode tree as a pure machine.

    txn = tree.decide(operation, session_id, now_ms)     looks only; raises a ZkError, or returns what is to
    be written ... append the transaction to the log ... applied = tree.apply(txn)
    the only way the tree changes

`decide` checks what ZooKeeper's PrepRequestProcessor checks, in its order, because the order decides which
error an operation with two faults gets. `apply` is its DataTree.processTxn: it never fails and may be given a
transaction twice, since a snapshot of a real ZooKeeper may hold the effects of transactions that are later
than its name says. Both need the transactions in the order of their zxids.

A znode is an immutable tuple; a change puts a new one into the dict. So a shallow copy of the dict is a
consistent picture of the whole tree (a snapshot is written from one, in another thread, while the tree moves
on), and since a parent is always put in before its children, the dict's order is an order in which the tree
can be built again.

`Node.cversion` counts creates of children only, as ZooKeeper keeps it: sequential names come from it, and so
never come back after a delete. What clients see as Stat.cversion (creates and deletes) follows from it and
the number of children.

Watches are not here: `apply` tells what happened, as events, and `zk.watches` knows who wants to hear of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from zk.data import (
    OPEN_ACL_UNSAFE,
    READ_ACL_UNSAFE,
    Acl,
    EventType,
    Stat,
    WatchEvent,
    check_path,
    checked_acl,
    parent_of,
)
from zk.errors import (
    OK,
    BadArguments,
    BadVersion,
    MultiError,
    NoChildrenForEphemerals,
    NodeExists,
    NoNode,
    NotEmpty,
    RuntimeInconsistency,
    ZkError,
)
from zk.operations import (
    Check,
    CloseSession,
    Create,
    CreateSession,
    Delete,
    Multi,
    Operation,
    SetAcl,
    SetData,
    Step,
)
from zk.transactions import (
    Body,
    CheckTxn,
    CloseSessionTxn,
    CreateSessionTxn,
    CreateTxn,
    DeleteTxn,
    ErrorTxn,
    MultiTxn,
    SetAclTxn,
    SetDataTxn,
    StepTxn,
    Txn,
)

SYSTEM_PATHS = frozenset(("/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"))  # cannot be deleted


class Node(NamedTuple):
    """One znode. The fields are Stat's, apart from cversion: how many children were ever created (int32, may
    wrap).
    """

    data: bytes | None
    acl: tuple[Acl, ...]
    czxid: int
    mzxid: int
    ctime: int  # ms
    mtime: int  # ms
    version: int
    cversion: int
    aversion: int
    ephemeral_owner: int
    pzxid: int


class Result(NamedTuple):
    """What one operation brought: the path (of a sequential znode with its digits); the Stat of what was
    created or written.
    """

    path: str | None
    stat: Stat | None


class Applied(NamedTuple):
    """results: one for each operation (a multi has several). events: what happened, in order, watched or not."""

    results: tuple[Result, ...]
    events: tuple[WatchEvent, ...]


class _Facts(NamedTuple):
    """What a decision needs to know of a znode."""

    version: int
    cversion: int
    aversion: int
    ephemeral_owner: int
    num_children: int


_Pending = dict[str, _Facts | None]  # znodes as the earlier steps of a multi leave them; None: deleted


def _int32(value: int) -> int:
    return (value + 0x80000000 & 0xFFFFFFFF) - 0x80000000


def _next_version(current: int, expected: int, path: str) -> int:
    """Raises BadVersion unless `expected` is -1 or the current one. -1 is left out when versions wrap around:
    it means any.
    """
    if expected not in (-1, current):
        raise BadVersion(path, f"{path} has version {current}, not {expected}")
    return _int32(current + 1) if current != -2 else 0


def _new_node(data: bytes | None, acl: tuple[Acl, ...], owner: int, zxid: int, time: int) -> Node:
    return Node(data, acl, zxid, zxid, time, time, 0, 0, 0, owner, zxid)


class Tree:
    """All znodes, and the number of the last transaction applied."""

    def __init__(self) -> None:
        system = _new_node(b"", OPEN_ACL_UNSAFE, 0, 0, 0)
        self.zxid = 0
        self.nodes: dict[str, Node] = {
            "/": system,
            "/zookeeper": system,
            "/zookeeper/quota": system,
            "/zookeeper/config": system._replace(acl=READ_ACL_UNSAFE, aversion=-1),
        }
        self.child_names: dict[str, dict[str, None]] = {}  # of znodes that have or had children
        self.ephemerals: dict[int, dict[str, None]] = {}  # session -> paths
        self._index(self.nodes)

    def load(self, zxid: int, nodes: dict[str, Node]) -> None:
        """Becomes the tree of a snapshot. nodes: parents before children.

        Raises: KeyError (path) for a znode without parent.
        """
        self.zxid = zxid
        self.nodes = nodes
        self.child_names = {}
        self.ephemerals = {}
        self._index(nodes)

    def _index(self, nodes: Mapping[str, Node]) -> None:
        child_names = self.child_names
        for path, node in nodes.items():
            if node[9]:  # ephemeral_owner; by number, as this loop is part of every start
                self.ephemerals.setdefault(node.ephemeral_owner, {})[path] = None
            parent, _, name = path.rpartition("/")
            try:
                child_names[parent or "/"][name] = None
            except KeyError:
                if (parent or "/") not in nodes:
                    raise KeyError(path) from None
                child_names[parent or "/"] = {name: None}
        child_names["/"].pop("", None)  # the root stands below itself

    # -- looking

    def node(self, path: str) -> Node:
        """Raises: NoNode."""
        node = self.nodes.get(path)
        if node is None:
            raise NoNode(path)
        return node

    def stat(self, path: str, node: Node) -> Stat:
        children = self.child_names.get(path)
        count = len(children) if children else 0
        return Stat(
            node.czxid,
            node.mzxid,
            node.ctime,
            node.mtime,
            node.version,
            _int32(node.cversion * 2 - count),
            node.aversion,
            node.ephemeral_owner,
            len(node.data) if node.data else 0,
            count,
            node.pzxid,
        )

    def children(self, path: str) -> list[str]:
        """Names of the children, without the path of the parent, in no order that means anything. Raises:
        NoNode.
        """
        if path not in self.nodes:
            raise NoNode(path)
        return list(self.child_names.get(path, ()))

    # -- deciding

    def decide(self, operation: Operation, session_id: int, now_ms: int, cxid: int = 0) -> Txn:
        """The transaction that does `operation` for a session (that must be alive: the session table knows).

        Raises: ZkError; a MultiError for a multi.
        """
        body: Body
        if isinstance(operation, Multi):
            body = self._decide_multi(operation, session_id)
        elif isinstance(operation, SetAcl):
            body = self._decide_set_acl(operation)
        elif isinstance(operation, CreateSession):
            body = CreateSessionTxn(operation.timeout_ms)
        elif isinstance(operation, CloseSession):
            body = CloseSessionTxn(tuple(self.ephemerals.get(session_id, ())))
        else:
            body = self._decide_step(operation, session_id, {})
        return Txn(session_id, cxid, self.zxid + 1, now_ms, body)

    def _decide_multi(self, multi: Multi, session_id: int) -> MultiTxn:
        pending: _Pending = {}
        steps: list[StepTxn] = []
        for index, operation in enumerate(multi.operations):
            try:
                steps.append(self._decide_step(operation, session_id, pending))
            except ZkError as error:
                after = len(multi.operations) - index - 1
                results = [OK] * index + [error.code] + [RuntimeInconsistency.code] * after
                raise MultiError(index, error, results) from error
        return MultiTxn(tuple(steps))

    def _decide_step(self, operation: Step, session_id: int, pending: _Pending) -> StepTxn:
        if isinstance(operation, SetData):
            return self._decide_set_data(operation, pending)
        if isinstance(operation, Create):
            return self._decide_create(operation, session_id, pending)
        if isinstance(operation, Check):
            check_path(operation.path)
            facts = self._facts(operation.path, pending)
            return CheckTxn(operation.path, _next_version(facts.version, operation.version, operation.path))
        return self._decide_delete(operation, pending)

    def _facts(self, path: str, pending: _Pending) -> _Facts:
        """Raises: NoNode."""
        if path in pending:
            facts = pending[path]
            if facts is None:
                raise NoNode(path)
            return facts
        node = self.node(path)
        children = len(self.child_names.get(path, ()))
        return _Facts(node.version, node.cversion, node.aversion, node.ephemeral_owner, children)

    def _decide_create(self, operation: Create, session_id: int, pending: _Pending) -> CreateTxn:
        path = operation.path
        if "/" not in path or "\0" in path:
            raise BadArguments(path, f"{path!r} is no znode path")
        acl = checked_acl(path, operation.acl)
        parent_path = parent_of(path)
        parent = self._facts(parent_path, pending)
        if operation.sequential:
            path = f"{path}{parent.cversion:010d}"
        check_path(path)
        if pending.get(path) is not None or (path not in pending and path in self.nodes):
            raise NodeExists(path)
        if parent.ephemeral_owner:
            raise NoChildrenForEphemerals(path, f"{parent_path} is ephemeral and can have no children")
        cversion = _int32(parent.cversion + 1)
        pending[parent_path] = parent._replace(cversion=cversion, num_children=parent.num_children + 1)
        pending[path] = _Facts(0, 0, 0, session_id if operation.ephemeral else 0, 0)
        return CreateTxn(path, operation.data, acl, operation.ephemeral, cversion)

    def _decide_delete(self, operation: Delete, pending: _Pending) -> DeleteTxn:
        path = operation.path
        if "/" not in path or "\0" in path or path in SYSTEM_PATHS:
            raise BadArguments(path, f"{path!r} cannot be deleted")
        parent_path = parent_of(path)
        parent = self._facts(parent_path, pending)
        facts = self._facts(path, pending)
        _next_version(facts.version, operation.version, path)
        if facts.num_children:
            raise NotEmpty(path, f"{path} has {facts.num_children} children")
        pending[parent_path] = parent._replace(num_children=parent.num_children - 1)
        pending[path] = None
        return DeleteTxn(path)

    def _decide_set_data(self, operation: SetData, pending: _Pending) -> SetDataTxn:
        path = operation.path
        check_path(path)
        facts = self._facts(path, pending)
        version = _next_version(facts.version, operation.version, path)
        pending[path] = facts._replace(version=version)
        return SetDataTxn(path, operation.data, version)

    def _decide_set_acl(self, operation: SetAcl) -> SetAclTxn:
        path = operation.path
        check_path(path)
        acl = checked_acl(path, operation.acl)
        return SetAclTxn(path, acl, _next_version(self.node(path).aversion, operation.version, path))

    # -- applying

    def apply(self, txn: Txn) -> Applied:
        """Does what the transaction says. A part of it that is done already, or that has lost its object,
        does nothing.
        """
        events: list[WatchEvent] = []
        body = txn.body
        if isinstance(body, MultiTxn):
            failed = any(isinstance(step, ErrorTxn) for step in body.steps)
            steps = () if failed else body.steps
            results = tuple([self._apply_one(step, txn, events) for step in steps])
        else:
            results = (self._apply_one(body, txn, events),)
        self.zxid = txn.zxid
        return Applied(results, tuple(events))

    def _apply_one(self, body: Body, txn: Txn, events: list[WatchEvent]) -> Result:
        if isinstance(body, SetDataTxn):
            return self._apply_set_data(body, txn, events)
        if isinstance(body, CreateTxn):
            return self._apply_create(body, txn, events)
        if isinstance(body, DeleteTxn):
            self._delete(body.path, txn.zxid, events)
            return Result(body.path, None)
        if isinstance(body, SetAclTxn):
            return self._apply_set_acl(body)
        if isinstance(body, CloseSessionTxn):
            self._apply_close(body, txn, events)
        elif isinstance(body, CheckTxn):
            return Result(body.path, None)
        return Result(None, None)

    def _apply_create(self, body: CreateTxn, txn: Txn, events: list[WatchEvent]) -> Result:
        path, zxid = body.path, txn.zxid
        parent_path = parent_of(path)
        parent = self.nodes.get(parent_path)
        if parent is None:
            return Result(path, None)
        cversion = body.parent_cversion if body.parent_cversion != -1 else _int32(parent.cversion + 1)
        # ">" as ZooKeeper has it: in a replay over a newer snapshot the counter must not go back
        if cversion > parent.cversion or cversion == -0x80000000:
            self.nodes[parent_path] = Node(
                *parent[:7], cversion, parent.aversion, parent.ephemeral_owner, zxid
            )
        if path in self.nodes:
            return Result(path, None)
        owner = txn.session_id if body.ephemeral else 0
        node = self.nodes[path] = _new_node(body.data, body.acl, owner, zxid, txn.time)
        self.child_names.setdefault(parent_path, {})[path[path.rindex("/") + 1 :]] = None
        if owner:
            self.ephemerals.setdefault(owner, {})[path] = None
        events.append(WatchEvent(EventType.NODE_CREATED, path, zxid))
        events.append(WatchEvent(EventType.NODE_CHILDREN_CHANGED, parent_path, zxid))
        return Result(path, self.stat(path, node))

    def _apply_set_data(self, body: SetDataTxn, txn: Txn, events: list[WatchEvent]) -> Result:
        path = body.path
        old = self.nodes.get(path)
        if old is None:
            return Result(path, None)
        node = self.nodes[path] = Node(
            body.data,
            old.acl,
            old.czxid,
            txn.zxid,
            old.ctime,
            txn.time,
            body.version,
            old.cversion,
            old.aversion,
            old.ephemeral_owner,
            old.pzxid,
        )
        events.append(WatchEvent(EventType.NODE_DATA_CHANGED, path, txn.zxid))
        return Result(path, self.stat(path, node))

    def _apply_set_acl(self, body: SetAclTxn) -> Result:
        node = self.nodes.get(body.path)
        if node is None:
            return Result(body.path, None)
        node = self.nodes[body.path] = node._replace(acl=body.acl, aversion=body.aversion)
        return Result(body.path, self.stat(body.path, node))

    def _apply_close(self, body: CloseSessionTxn, txn: Txn, events: list[WatchEvent]) -> None:
        owned = self.ephemerals.pop(txn.session_id, {})
        paths: Iterable[str] = owned if body.paths is None else {**dict.fromkeys(body.paths), **owned}
        for path in paths:
            self._delete(path, txn.zxid, events)

    def _delete(self, path: str, zxid: int, events: list[WatchEvent]) -> None:
        parent_path = parent_of(path)
        parent = self.nodes.get(parent_path)
        if parent is not None and zxid > parent.pzxid:
            self.nodes[parent_path] = parent._replace(pzxid=zxid)
        node = self.nodes.pop(path, None)
        if node is None:
            return
        self.child_names.pop(path, None)
        self.child_names[parent_path].pop(path[path.rindex("/") + 1 :])
        if node.ephemeral_owner in self.ephemerals:
            self.ephemerals[node.ephemeral_owner].pop(path, None)
        events.append(WatchEvent(EventType.NODE_DELETED, path, zxid))
        events.append(WatchEvent(EventType.NODE_CHILDREN_CHANGED, parent_path, zxid))
