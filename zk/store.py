"""The interface through which the broker uses its store, wherever the znodes are: in this process or in a
ZooKeeper ensemble.

Everything means what it means in ZooKeeper. Errors are those of `zk.errors`; an operation that raised one has
changed nothing, apart from ConnectionLoss (nobody knows) and a cancelled call (it may have been done all the
same).

A watch is a function of one WatchEvent. It is called once, soon after the event and not later than a read
that sees the change, and it must return at once and not raise: set an event, or put something into a channel.
Arming the same function twice for the same path is arming it once. When the session ends, every armed watch
is called with EventType.NONE and the state that says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from zk.data import OPEN_ACL_UNSAFE, Acl, Stat, WatchEvent
from zk.operations import Check, Create, Delete, SetData

Watch = Callable[[WatchEvent], object]


class Store(Protocol):
    """One session with the znodes."""

    @property
    def session_id(self) -> int:
        """What `Stat.ephemeral_owner` of this session's ephemeral znodes says."""

    @property
    def closed(self) -> bool:
        """The session is over, by `close` or because it was lost."""

    async def wait_closed(self) -> None:
        """Returns when the session is over."""

    async def get(self, path: str, watch: Watch | None = None) -> tuple[bytes | None, Stat]:
        """Data (None: there is none) and Stat. watch: told when the data changes or the znode goes. Raises:
        NoNode (arms nothing).
        """

    async def exists(self, path: str, watch: Watch | None = None) -> Stat | None:
        """Stat, or None. watch: told when the znode comes, goes or its data changes; armed also if there is
        none.
        """

    async def children(self, path: str, watch: Watch | None = None) -> tuple[list[str], Stat]:
        """Names of the children in no order, and the Stat. watch: told when a child comes or goes, or the
        znode itself goes.

        Raises: NoNode (arms nothing).
        """

    async def create(
        self,
        path: str,
        data: bytes | None = None,
        *,
        ephemeral: bool = False,
        sequential: bool = False,
        acl: Sequence[Acl] = OPEN_ACL_UNSAFE,
    ) -> str:
        """Makes a znode; returns its path, which for a sequential one ends in ten digits.

        Raises: NodeExists, NoNode (the parent), NoChildrenForEphemerals, InvalidACL.
        """

    async def set(self, path: str, data: bytes | None, version: int = -1) -> Stat:
        """Replaces the data. Raises: NoNode, BadVersion."""

    async def delete(self, path: str, version: int = -1) -> None:
        """Raises: NoNode, BadVersion, NotEmpty."""

    async def multi(self, operations: Iterable[Create | Delete | SetData | Check]) -> list[str | Stat | None]:
        """Does all of them in one transaction. Returns for each: Create a path, SetData a Stat, Delete and
        Check None.

        Raises: MultiError, which says which one failed and how; then none was done.
        """

    async def get_acl(self, path: str) -> tuple[tuple[Acl, ...], Stat]:
        """Raises: NoNode."""

    async def set_acl(self, path: str, acl: Sequence[Acl], version: int = -1) -> Stat:
        """version: of the ACL (Stat.aversion). Raises: NoNode, BadVersion, InvalidACL."""

    async def ensure_paths(self, paths: Iterable[str]) -> None:
        """Makes persistent znodes without data, with parents as needed; those that are there stay as they
        are.
        """

    async def close(self) -> None:
        """Ends the session: its ephemeral znodes go. Closing twice does nothing."""
