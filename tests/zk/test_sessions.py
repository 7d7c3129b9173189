"""The session table: ids, owners, timeouts. (SessionTrackerImpl)"""

from __future__ import annotations

import pytest

from zk.errors import SessionExpired, SessionMoved, UnknownSession
from zk.sessions import (
    EMBEDDED_SERVER_ID,
    SessionTable,
    first_session_id,
    is_embedded,
    negotiated_timeout_ms,
)
from zk.transactions import CloseSessionTxn, CreateSessionTxn, Txn

NOW_MS = 1_700_000_000_000


def test_ids_name_the_server_and_never_repeat() -> None:
    table = SessionTable()
    first = table.next_id(1, NOW_MS)
    assert first == first_session_id(1, NOW_MS)
    assert first >> 56 == 1
    assert table.next_id(1, NOW_MS) == first + 1
    table.add(first + 10, 1000, 0)
    assert table.next_id(1, NOW_MS - 5) == first + 11  # the clock went back
    assert table.next_id(1, NOW_MS + 60_000) == first_session_id(1, NOW_MS + 60_000)
    assert is_embedded(table.next_id(EMBEDDED_SERVER_ID, NOW_MS))
    assert 0 < table.next_id(EMBEDDED_SERVER_ID, NOW_MS) < 2**63


def test_sessions_follow_the_log() -> None:
    table = SessionTable()
    table.apply(Txn(5, 0, 1, NOW_MS, CreateSessionTxn(6000)), 100)
    assert table.timeouts_ms() == {5: 6000}
    assert table.check(5).expires_at_ms == 6100
    table.apply(Txn(5, 0, 2, NOW_MS, CloseSessionTxn(())), 100)
    assert 5 not in table
    with pytest.raises(UnknownSession):
        table.check(5)


def test_a_session_expires_unless_touched_in_time() -> None:
    table = SessionTable()
    table.add(1, 1000, 0)
    table.add(2, 3000, 0)
    assert table.next_expiry_ms() == 1000
    assert table.expired(999) == []
    assert table.touch(1, 900)
    assert table.expired(1899) == []
    assert table.expired(1900) == [1]
    assert table.expired(1900) == []  # closing already
    assert not table.touch(1, 1950)
    with pytest.raises(SessionExpired):
        table.check(1)
    assert table.next_expiry_ms() == 3000


def test_embedded_sessions_do_not_expire() -> None:
    table = SessionTable()
    session_id = table.next_id(EMBEDDED_SERVER_ID, NOW_MS)
    table.add(session_id, 1000, 0)
    assert table.expired(10**15) == []
    assert table.next_expiry_ms() is None
    assert table.touch(session_id, 5)
    assert table.timeouts_ms() == {session_id: 1000}


def test_a_session_belongs_to_one_connection_until_another_takes_it_over() -> None:
    table = SessionTable()
    table.add(1, 1000, 0)
    table.check(1, "first")
    table.check(1, "first")
    with pytest.raises(SessionMoved):
        table.check(1, "second")
    assert table.take_over(1, "second", 500).expires_at_ms == 1500
    with pytest.raises(SessionMoved):
        table.check(1, "first")


def test_passwords_are_the_same_after_a_restart_and_different_for_each_session() -> None:
    assert SessionTable(b"secret").password(1) == SessionTable(b"secret").password(1)
    others = {SessionTable(secret).password(number) for secret in (b"a", b"b") for number in range(5)}
    assert len(others) == 10
    assert {len(password) for password in others} == {16}


def test_timeouts_stay_between_2_and_20_ticks() -> None:
    assert [negotiated_timeout_ms(wanted, 2000) for wanted in (1, 18_000, 99_999)] == [4000, 18_000, 40_000]
