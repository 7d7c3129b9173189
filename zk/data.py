"""The values that everyone who talks about znodes shares: Stat, access control lists, watch events, paths.

All are in ZooKeeper's terms (zookeeper.jute, ZooDefs), so that they mean the same in this process, on the
wire and on disk.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import NamedTuple

from zk.errors import BadArguments, InvalidACL


class Stat(NamedTuple):
    """What ZooKeeper tells of a znode beside its data, in the order of the wire. Times are ms since 1970."""

    czxid: int  # transaction that created it
    mzxid: int  # transaction that last wrote its data
    ctime: int  # ms
    mtime: int  # ms
    version: int  # writes of its data
    cversion: int  # creates and deletes of children
    aversion: int  # writes of its ACL
    ephemeral_owner: int  # session that it dies with; 0: persistent
    data_length: int  # bytes; 0 also for no data at all
    num_children: int
    pzxid: int  # transaction that last created or deleted a child


class Perms:
    """Bits of Acl.perms."""

    READ = 1
    WRITE = 2
    CREATE = 4
    DELETE = 8
    ADMIN = 16
    ALL = 31


class Acl(NamedTuple):
    """Who (scheme, id) may do what (bits of Perms) with one znode; its children have lists of their own."""

    perms: int
    scheme: str
    id: str


OPEN_ACL_UNSAFE: tuple[Acl, ...] = (Acl(Perms.ALL, "world", "anyone"),)
READ_ACL_UNSAFE: tuple[Acl, ...] = (Acl(Perms.READ, "world", "anyone"),)


def _is_address(text: str) -> bool:
    """An IPv4 address, "/" and a number of bits behind it if it is a network; IPv6 is only looked over."""
    address, slash, bits = text.partition("/")
    if slash and not (bits.isdecimal() and int(bits) <= (128 if ":" in address else 32)):
        return False
    if ":" in address:
        return set(address.lower()) <= set("0123456789abcdef:.")
    parts = address.split(".")
    return len(parts) == 4 and all(part.isdecimal() and int(part) < 256 for part in parts)


_ID_IS_GOOD: dict[str, Callable[[str], bool]] = {
    "world": lambda text: text == "anyone",
    "digest": lambda text: text.count(":") == 1,
    "ip": _is_address,
    "sasl": bool,  # sasl and x509 are known to a ZooKeeper only when it is configured so
    "x509": bool,
}


def checked_acl(path: str, acl: tuple[Acl, ...]) -> tuple[Acl, ...]:
    """An access control list as it is stored: without doubles.

    The lists are kept and told, and enforced nowhere yet: who writes through a Store is trusted.

    Raises: InvalidACL, as ZooKeeper's PrepRequestProcessor.fixupACL: empty, or an id that its scheme does not
    take.
    """
    if acl is OPEN_ACL_UNSAFE:
        return acl
    for entry in acl:
        is_good = _ID_IS_GOOD.get(entry.scheme)
        if is_good is None or not is_good(entry.id):
            raise InvalidACL(path, f"{entry.scheme}:{entry.id} is not an id that can be stored")
    if not acl:
        raise InvalidACL(path, "an access control list needs at least one entry")
    unique = tuple(dict.fromkeys(acl))
    return OPEN_ACL_UNSAFE if unique == OPEN_ACL_UNSAFE else unique


class EventType(enum.IntEnum):
    """Watcher.Event.EventType."""

    NONE = -1  # nothing about a znode: the session's state changed
    NODE_CREATED = 1
    NODE_DELETED = 2
    NODE_DATA_CHANGED = 3
    NODE_CHILDREN_CHANGED = 4


class KeeperState(enum.IntEnum):
    """Watcher.Event.KeeperState, as far as it is used."""

    DISCONNECTED = 0
    SYNC_CONNECTED = 3
    EXPIRED = -112
    CLOSED = 7


class WatchEvent(NamedTuple):
    """What a watch is told. zxid: the transaction that did it (-1: none, the event is about the session)."""

    type: EventType
    path: str | None
    zxid: int = -1
    state: KeeperState = KeeperState.SYNC_CONNECTED


_ILLEGAL_RANGES = (("\0", "\x1f"), ("\x7f", "\x9f"), ("\ud800", "\uf8ff"), ("\ufff0", "\uffff"))


def check_path(path: str) -> None:
    """Raises BadArguments, with the reason, unless `path` is "/" or "/a/b/c". (ZooKeeper's
    PathUtils.validatePath)
    """
    if path == "/":
        return
    if not path.startswith("/"):
        raise BadArguments(path, f"{path!r} is no znode path: it must start with /")
    if path.endswith("/"):
        raise BadArguments(path, f"{path!r} is no znode path: it must not end with /")
    closed = path + "/"
    for illegal in ("//", "/./", "/../"):
        if illegal in closed:
            raise BadArguments(path, f"{path!r} is no znode path: {illegal!r} is not allowed")
    if not (path.isascii() and path.isprintable()):
        _check_characters(path)


def _check_characters(path: str) -> None:
    """ZooKeeper looks at UTF-16 units, where characters above U+FFFF are pairs of surrogates and so refused
    too.
    """
    for position, character in enumerate(path):
        if character > "\uffff" or any(low <= character <= high for low, high in _ILLEGAL_RANGES):
            raise BadArguments(path, f"{path!r} is no znode path: {character!r} at {position} is not allowed")


def parent_of(path: str) -> str:
    """ "/a/b" -> "/a"; "/a" -> "/"."""
    return path[: path.rindex("/")] or "/"
