"""ApiVersions: what every client asks first."""

from __future__ import annotations

import struct

import pytest

from conformance import Feature, Kafka, case, frame
from wire.errors import ErrorCode
from wire.messages.api_versions import ApiVersionsRequest

FEATURE = "api versions"
WHY = "KIP-511; ApiVersionsRequest, KafkaApis.handleApiVersionsRequest"
API_VERSIONS, PRODUCE, FETCH, METADATA = 18, 0, 1, 3
HIGHEST_AT = 6  # of the request's version in a frame with its length


def request(name: str = "conformance", version: str = "1.0") -> object:
    return ApiVersionsRequest(client_software_name=name, client_software_version=version)


@case(ApiVersionsRequest, feature=FEATURE, why=WHY)
def test_ranges(kafka: Kafka) -> None:
    """Each API once, with a range that is none of an empty or a negative one, and what every broker serves is there."""
    answer = kafka.ask(request())
    rows = {row.api_key: (row.min_version, row.max_version) for row in answer.api_keys}
    assert answer.error_code == 0
    assert len(rows) == len(answer.api_keys)
    assert all(0 <= low <= high for low, high in rows.values())
    assert {PRODUCE, FETCH, METADATA, API_VERSIONS} <= set(rows)


@case(ApiVersionsRequest, feature=FEATURE, why=WHY)
def test_every_version_tells_the_same(kafka: Kafka) -> None:
    """All versions of the request tell the same ranges."""
    rows = {row.api_key: (row.min_version, row.max_version) for row in kafka.ask(request()).api_keys}
    assert rows == kafka.subject.announced


@case(ApiVersionsRequest, versions="1+", feature=FEATURE, why="no quota holds back a client's first request")
def test_throttle_time(kafka: Kafka) -> None:
    """The throttle time is 0."""
    assert kafka.ask(request()).throttle_time_ms == 0


@pytest.mark.parametrize("version", [5, 99, 32767], ids=["next", "99", "32767"])
@case(feature=FEATURE, why=WHY)
def test_a_version_too_high(kafka: Kafka, version: int) -> None:
    """A version that the broker does not know answers v0: UNSUPPORTED_VERSION, with the range of ApiVersions alone."""
    low, high = kafka.subject.announced[API_VERSIONS]
    if version <= high:
        pytest.skip(f"the broker knows v{version}")
    connection = kafka.connection()
    raw = bytearray(frame(request(), 3, 77, "conformance"))
    struct.pack_into(">h", raw, HIGHEST_AT, version)
    connection.send_raw(bytes(raw))
    data = connection.receive_frame()
    assert struct.unpack_from(">ihihhh", data) == (
        77, ErrorCode.UNSUPPORTED_VERSION, 1, API_VERSIONS, low, high,
    )  # fmt: skip
    assert len(data) == 16


@case(feature=FEATURE, why=WHY)
def test_the_connection_goes_on_after_a_version_too_high(kafka: Kafka) -> None:
    """After UNSUPPORTED_VERSION the client asks again on the same connection."""
    connection = kafka.connection()
    raw = bytearray(frame(request(), 3, 77, "conformance"))
    struct.pack_into(">h", raw, HIGHEST_AT, 99)
    connection.send_raw(bytes(raw))
    connection.receive_frame()
    assert connection.ask(request(), 0).error_code == 0


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("", "1"),
        ("a", ""),
        ("a b", "1"),
        ("-a", "1"),
        ("a-", "1"),
        (".a", "1"),
        ("a_b", "1"),
        ("\u00fc", "1"),
        ("a", "1 2"),
        ("a", "1+b"),
    ],
    ids=[
        "no-name",
        "no-version",
        "blank",
        "first-dash",
        "last-dash",
        "first-dot",
        "underscore",
        "umlaut",
        "version-blank",
        "version-plus",
    ],
)
@case(ApiVersionsRequest, versions="3+", feature=FEATURE, why="KIP-511; ApiVersionsRequest.isValid")
def test_names_of_software_that_are_none(kafka: Kafka, name: str, version: str) -> None:
    """A client software name or version that is no word answers INVALID_REQUEST and no ranges."""
    api_version = kafka.version(ApiVersionsRequest)
    answer = kafka.connection().ask(request(name, version), api_version)
    assert answer.error_code == ErrorCode.INVALID_REQUEST
    assert not answer.api_keys


@pytest.mark.parametrize(
    "name",
    ["a", "9", "apache-kafka-java", "a.b-c", "x" * 300],
    ids=["letter", "digit", "dashes", "dots", "300"],
)
@case(ApiVersionsRequest, versions="3+", feature=FEATURE, why="KIP-511; ApiVersionsRequest.isValid")
def test_names_of_software(kafka: Kafka, name: str) -> None:
    """Letters, digits, dashes and dots make a name."""
    assert kafka.ask(request(name)).error_code == 0


@case(ApiVersionsRequest, versions="3+", feature="features", why="KIP-584")
def test_features_are_in_their_ranges(kafka: Kafka) -> None:
    """Each finalized feature is a supported one (or of level 0 from v4 on), at a level in its range."""
    answer = kafka.ask(request())
    supported = {each.name: (each.min_version, each.max_version) for each in answer.supported_features}
    for each in answer.finalized_features:
        assert each.min_version_level <= each.max_version_level
        if each.name in supported:
            low, high = supported[each.name]
            assert low <= each.max_version_level <= high


@case(
    ApiVersionsRequest, versions="3+", feature="features", why="KIP-584", needs=(Feature("metadata.version"),)
)
def test_features_have_an_epoch(kafka: Kafka) -> None:
    """Finalized features come with an epoch that never goes back."""
    first, second = kafka.ask(request()), kafka.ask(request())
    assert 0 <= first.finalized_features_epoch <= second.finalized_features_epoch


@case(ApiVersionsRequest, versions="3", feature="features", why="KIP-1022")
def test_features_of_v3_start_at_1(kafka: Kafka) -> None:
    """v3 leaves out supported features whose range begins at 0, for clients cannot read them."""
    assert all(each.min_version >= 1 for each in kafka.ask(request()).supported_features)


@case(
    ApiVersionsRequest, versions="4+", feature="features", why="KIP-1022", needs=(Feature("group.version"),)
)
def test_features_of_v4_start_at_0(kafka: Kafka) -> None:
    """From v4 on features whose range begins at 0 are told."""
    assert 0 in {each.min_version for each in kafka.ask(request()).supported_features}


@case(ApiVersionsRequest, versions="3+", feature="features", why="KIP-866")
def test_no_migration(kafka: Kafka) -> None:
    """A broker that does not migrate from ZooKeeper says so."""
    assert kafka.ask(request()).zk_migration_ready is False
