"""Error codes are Kafka's; each says in one line what it means."""

from __future__ import annotations

from wire.errors import ErrorCode, FrameError, WireError


def test_codes_have_kafkas_numbers() -> None:
    assert [code.value for code in ErrorCode] == list(range(-1, 134))
    assert ErrorCode(0) is ErrorCode.NONE
    assert ErrorCode(35).name == "UNSUPPORTED_VERSION"
    assert ErrorCode(87).name == "INVALID_RECORD"


def test_what_a_client_may_ask_again() -> None:
    assert ErrorCode.NOT_LEADER_OR_FOLLOWER.retriable
    assert ErrorCode.COORDINATOR_LOAD_IN_PROGRESS.retriable
    assert not ErrorCode.UNKNOWN_SERVER_ERROR.retriable
    assert not ErrorCode.INVALID_REQUEST.retriable


def test_every_code_has_a_meaning_of_its_own() -> None:
    meanings = [code.meaning for code in ErrorCode]
    assert len(set(meanings)) == len(meanings)
    assert all(0 < len(meaning) < 110 and meaning == meaning.strip(" .") for meaning in meanings)


def test_a_wire_error_says_where() -> None:
    error = WireError("null, but it is not nullable", "FetchRequest v4: topics.topic", 21)
    assert str(error) == "FetchRequest v4: topics.topic: null, but it is not nullable (at byte 21)"
    assert (error.message, error.position) == ("null, but it is not nullable", 21)
    assert isinstance(FrameError("x"), WireError)
