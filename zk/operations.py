"""What a client can ask to be changed, as values. `Tree.decide` turns one into a transaction, or raises.

Versions: -1 fits every version. Data None is a znode without data, which is not the same as empty data.

Tuples, because a frozen dataclass costs a store's start five times as much; tell them apart by their class.
"""

from __future__ import annotations

from typing import NamedTuple

from zk.data import OPEN_ACL_UNSAFE, Acl


class Create(NamedTuple):
    """A new znode. sequential: ten digits from the parent's counter are put behind `path`."""

    path: str
    data: bytes | None = None
    ephemeral: bool = False
    sequential: bool = False
    acl: tuple[Acl, ...] = OPEN_ACL_UNSAFE


class Delete(NamedTuple):
    path: str
    version: int = -1


class SetData(NamedTuple):
    path: str
    data: bytes | None
    version: int = -1


class SetAcl(NamedTuple):
    """version: of the ACL, Stat.aversion."""

    path: str
    acl: tuple[Acl, ...]
    version: int = -1


class Check(NamedTuple):
    """Changes nothing; fails unless the znode exists and has this version."""

    path: str
    version: int = -1


class Multi(NamedTuple):
    """All of them, in this order and in one transaction, or none."""

    operations: tuple[Create | Delete | SetData | Check, ...]


class CreateSession(NamedTuple):
    """timeout_ms: how long the session lives without a sign of its client."""

    timeout_ms: int


class CloseSession(NamedTuple):
    """Ends the session and deletes its ephemeral znodes."""


Step = Create | Delete | SetData | Check
Operation = Step | SetAcl | Multi | CreateSession | CloseSession
