"""What an operation on the store can fail with: ZooKeeper's errors, by ZooKeeper's codes
(KeeperException.Code).

Codes above -100 are trouble of the system (connection, disk, arguments), those from -100 down are answers
about the tree. The code is what travels in a reply header and in an ErrorTxn; `from_code` makes the exception
again at the other end.

Opening a directory fails with a `StoreOpenError` instead: there is no session yet that could have an error.
"""

from __future__ import annotations

from collections.abc import Sequence

OK = 0


class ZkError(Exception):
    """An operation failed and changed nothing. By itself: the server failed in a way that says nothing more
    (SystemError).

    code: ZooKeeper's number. path: the znode that the answer is about, or None. message: what a person should
    know beyond that.
    """

    code = -1

    def __init__(self, path: str | None = None, message: str | None = None) -> None:
        super().__init__(message or type(self).__name__ + (f" for {path}" if path is not None else ""))
        self.path = path


class StorageError(ZkError, OSError):
    """The transaction log could not be written: the tree is as before. An OSError too, with the errno of the
    disk's.
    """

    code = -1

    def __init__(self, cause: OSError) -> None:
        OSError.__init__(self, cause.errno, cause.strerror or str(cause))
        self.path = None


class RuntimeInconsistency(ZkError):
    """The operation stood in a multi after the one that failed, and was not looked at."""

    code = -2


class DataInconsistency(ZkError):
    code = -3


class ConnectionLoss(ZkError):
    """The operation may or may not have happened: the answer got lost."""

    code = -4


class MarshallingError(ZkError):
    code = -5


class Unimplemented(ZkError):
    code = -6


class OperationTimeout(ZkError):
    code = -7


class BadArguments(ZkError):
    """The path is not a legal znode path, or the operation may not be done to this znode."""

    code = -8


class UnknownSession(ZkError):
    code = -12


class NoNode(ZkError):
    """The znode does not exist; for a create: its parent does not."""

    code = -101


class NoAuth(ZkError):
    code = -102


class BadVersion(ZkError):
    """The znode's version is not the one that the operation expected."""

    code = -103


class NoChildrenForEphemerals(ZkError):
    code = -108


class NodeExists(ZkError):
    code = -110


class NotEmpty(ZkError):
    """The znode to delete has children."""

    code = -111


class SessionExpired(ZkError):
    """The session is over, and its ephemeral znodes are gone: nothing can be done in it any more."""

    code = -112


class InvalidCallback(ZkError):
    code = -113


class InvalidACL(ZkError):
    """The access control list is empty, or names a scheme or an id that makes no sense."""

    code = -114


class AuthFailed(ZkError):
    code = -115


class SessionMoved(ZkError):
    """The session has been taken over through another connection."""

    code = -118


class NotReadOnly(ZkError):
    code = -119


class NoWatcher(ZkError):
    code = -121


class RequestTimeout(ZkError):
    code = -122


class QuotaExceeded(ZkError):
    code = -125


class MultiError(ZkError):
    """A multi failed as a whole. Its code is that of the operation that failed.

    index: which operation failed (0 is the first). error: how. results: one code per operation, as ZooKeeper
    answers them: 0 for those before (checked, not done), the error's code, RuntimeInconsistency's for those
    after.
    """

    def __init__(self, index: int, error: ZkError, results: Sequence[int]) -> None:
        super().__init__(error.path, f"operation {index} of {len(results)}: {error}")
        self.code = error.code
        self.index = index
        self.error = error
        self.results = tuple(results)


_BY_CODE: dict[int, type[ZkError]] = {
    kind.code: kind
    for kind in ZkError.__subclasses__()
    if kind not in (StorageError, MultiError)  # both are made from more than a code
}


def from_code(code: int, path: str | None = None) -> ZkError:
    """The exception of a code other than 0. A code that we do not know becomes a plain ZkError that keeps it."""
    kind = _BY_CODE.get(code)
    if kind is not None:
        return kind(path)
    error = ZkError(path, f"ZooKeeper error {code}")
    error.code = code
    return error


class StoreOpenError(Exception):
    """The directory of a store cannot be used. The text says which, why, and what to do."""


class DirectoryInUse(StoreOpenError):
    """Another process has the directory open."""


class ForeignDirectory(StoreOpenError):
    """The directory holds something that is not a store, or a store with what we do not serve."""


class CorruptStore(StoreOpenError):
    """The files contradict their checksums or each other, beyond the torn tail that a crash leaves."""
