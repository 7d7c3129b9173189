"""The session table: who is connected, and until when it is believed to live. Pure: the time and the secret
come in.

Two clocks go in, and they must not be mixed up: `wall_ms` makes session ids (they must differ after a
restart), `now_ms` of a clock that never goes back measures timeouts.

A session exists in the log as a CreateSessionTxn and a CloseSessionTxn, and between them in every snapshot
(id and timeout): so the ephemeral znodes of clients survive a restart of the server, and their sessions get a
whole timeout to come back.

The sessions of a store that lives in this process (`EMBEDDED_SERVER_ID` in the highest byte of the id, where
ZooKeeper puts the number of the server) never expire: they last as long as the process. Whoever opens the
directory next knows them by that byte and ends them.
"""

from __future__ import annotations

from typing import NamedTuple

from zk.errors import SessionExpired, SessionMoved, UnknownSession
from zk.transactions import CloseSessionTxn, CreateSessionTxn, Txn

EMBEDDED_SERVER_ID = 0x7E
PASSWORD_BYTES = 16
MIN_TICKS, MAX_TICKS = 2, 20  # ZooKeeper's minSessionTimeout and maxSessionTimeout, in ticks


def first_session_id(server_id: int, wall_ms: int) -> int:
    """High byte: the server; five bytes of time; two for counting on.
    (SessionTrackerImpl.initializeNextSessionId)
    """
    return server_id << 56 | (wall_ms << 24 & 0xFFFF_FFFF_FFFF_FFFF) >> 8


def is_embedded(session_id: int) -> bool:
    return session_id >> 56 == EMBEDDED_SERVER_ID


def negotiated_timeout_ms(wanted_ms: int, tick_ms: int) -> int:
    """What a client gets that asks for `wanted_ms`."""
    return min(max(wanted_ms, MIN_TICKS * tick_ms), MAX_TICKS * tick_ms)


class Session(NamedTuple):
    """One session.

    expires_at_ms: on the clock that never goes back; None: never. owner: the connection that speaks for it;
    None: none yet. closing: its end is decided, nothing more is done in it.
    """

    id: int
    timeout_ms: int
    expires_at_ms: int | None
    owner: object = None
    closing: bool = False


class SessionTable:
    """The living sessions."""

    def __init__(self, secret: bytes = b"") -> None:
        """secret: what passwords are made from; the same after a restart, or clients cannot come back."""
        self._secret = secret
        self._sessions: dict[int, Session] = {}
        self._last_id: dict[int, int] = {}  # by server id

    def __len__(self) -> int:
        return len(self._sessions)

    def __contains__(self, session_id: int) -> bool:
        return session_id in self._sessions

    def ids(self) -> list[int]:
        return list(self._sessions)

    def timeouts_ms(self) -> dict[int, int]:
        """What a snapshot keeps."""
        return {session.id: session.timeout_ms for session in self._sessions.values()}

    def get(self, session_id: int) -> Session | None:
        return self._sessions.get(session_id)

    def next_id(self, server_id: int, wall_ms: int) -> int:
        """An id that no session has had, and none has after this call."""
        fresh = first_session_id(server_id, wall_ms)
        latest = max((known for known in self._sessions if known >> 56 == server_id), default=0)
        self._last_id[server_id] = max(fresh, latest + 1, self._last_id.get(server_id, 0) + 1)
        return self._last_id[server_id]

    def password(self, session_id: int) -> bytes:
        """What a client must show to take up its session again: 16 bytes that only who knows the secret can
        make.
        """
        import hashlib  # brings OpenSSL with it, and a broker without network clients never needs it

        return hashlib.blake2b(
            session_id.to_bytes(8, "big"), digest_size=PASSWORD_BYTES, key=self._secret
        ).digest()

    def apply(self, txn: Txn, now_ms: int) -> None:
        """Follows the log: sessions begin and end there."""
        if isinstance(txn.body, CreateSessionTxn):
            self.add(txn.session_id, txn.body.timeout_ms, now_ms)
        elif isinstance(txn.body, CloseSessionTxn):
            self._sessions.pop(txn.session_id, None)

    def add(self, session_id: int, timeout_ms: int, now_ms: int) -> None:
        expires_at_ms = None if is_embedded(session_id) else now_ms + timeout_ms
        self._sessions[session_id] = Session(session_id, timeout_ms, expires_at_ms)

    def check(self, session_id: int, owner: object = None) -> Session:
        """The session, if `owner` may act in it; the first owner to ask gets it.

        Raises: UnknownSession, SessionExpired, SessionMoved.
        """
        session = self._sessions.get(session_id)
        if session is None:
            raise UnknownSession(None, f"session 0x{session_id:x} is not known")
        if session.closing:
            raise SessionExpired(None, f"session 0x{session_id:x} has ended")
        if owner is not None and session.owner is not owner:
            if session.owner is not None:
                raise SessionMoved(None, f"session 0x{session_id:x} has another connection")
            session = self._sessions[session_id] = session._replace(owner=owner)
        return session

    def take_over(self, session_id: int, owner: object, now_ms: int) -> Session:
        """The client came back through another connection. Raises: UnknownSession, SessionExpired."""
        self._sessions[session_id] = self.check(session_id)._replace(owner=owner)
        self.touch(session_id, now_ms)
        return self._sessions[session_id]

    def touch(self, session_id: int, now_ms: int) -> bool:
        """A sign of life. False: the session is over."""
        session = self._sessions.get(session_id)
        if session is None or session.closing:
            return False
        if session.expires_at_ms is not None:
            self._sessions[session_id] = session._replace(expires_at_ms=now_ms + session.timeout_ms)
        return True

    def start_closing(self, session_id: int) -> None:
        session = self._sessions.get(session_id)
        if session is not None:
            self._sessions[session_id] = session._replace(closing=True)

    def expired(self, now_ms: int) -> list[int]:
        """Sessions whose time is up, to be closed by a CloseSession each; they are marked closing."""
        due = [
            session.id
            for session in self._sessions.values()
            if not session.closing and session.expires_at_ms is not None and session.expires_at_ms <= now_ms
        ]
        for session_id in due:
            self.start_closing(session_id)
        return due

    def next_expiry_ms(self) -> int | None:
        """When to ask `expired` again, on the clock that never goes back; None: no session can expire."""
        times = [
            session.expires_at_ms
            for session in self._sessions.values()
            if session.expires_at_ms is not None and not session.closing
        ]
        return min(times, default=None)
