"""SASL step by step: the order of requests, what each mechanism's messages answer, and what ends a connection.

A connection on a SASL listener is asked here without the login that `kafka.login` does.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from conformance import Closed, Connection, Credentials, Kafka, Listener, Setting, case
from conformance.sasl import REFUSED, Exchange, greeted, handshake, logged_in, plain, secret, token, works
from conformance.security import tls_context
from harness.rawwire import parse_address
from wire.errors import ErrorCode
from wire.messages.api_versions import ApiVersionsRequest
from wire.messages.describe_cluster import DescribeClusterRequest
from wire.messages.metadata import MetadataRequest
from wire.messages.sasl_authenticate import SaslAuthenticateRequest
from wire.messages.sasl_handshake import SaslHandshakeRequest

WHY = "KIP-43, KIP-152; SaslServerAuthenticator"
PLAINTEXT_SASL = (Listener("SASL_PLAINTEXT"),)
ALICE = (*PLAINTEXT_SASL, Credentials("PLAIN", "alice"))
SCRAM = (*PLAINTEXT_SASL, Credentials("SCRAM-SHA-256", "alice"))
BOTH = (SaslHandshakeRequest, SaslAuthenticateRequest)
VERSIONS = ApiVersionsRequest(client_software_name="conformance", client_software_version="1")

sasl = partial(case, feature="SASL", needs=ALICE, also=BOTH)
plainly = partial(case, SaslAuthenticateRequest, feature="SASL PLAIN", needs=ALICE, also=BOTH)
scram = partial(
    case,
    SaslAuthenticateRequest,
    versions="latest",
    feature="SASL SCRAM",
    why="RFC 5802",
    needs=SCRAM,
    also=BOTH,
)


@pytest.fixture
def stranger(kafka: Kafka) -> Callable[..., Connection]:
    """Opens connections to a listener, without a word said on them."""
    opened: list[Connection] = []

    def connect(protocol: str = "SASL_PLAINTEXT", *, tls: bool = False) -> Connection:
        address = parse_address(kafka.subject.listeners[protocol])
        context = tls_context("SSL", kafka.subject.ca_file) if tls else None
        opened.append(Connection(address, kafka.trace, kafka.version, tls=context))
        return opened[-1]

    yield connect  # type: ignore[misc]
    for connection in opened:
        connection.close()


# --- the handshake


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
@case(SaslHandshakeRequest, versions="1", feature="SASL", why=WHY, needs=ALICE)
def test_mechanisms(stranger: Any, mechanism: str) -> None:
    """A mechanism that is enabled answers no error, and the list of all that are."""
    answer = handshake(stranger(), mechanism)
    assert answer.error_code == 0
    assert mechanism in answer.mechanisms


@pytest.mark.parametrize("mechanism", ["NOPE", "plain", "", "GSSAPI", "OAUTHBEARER"])
@case(SaslHandshakeRequest, feature="SASL", why=WHY, needs=ALICE)
def test_unsupported_mechanism(stranger: Any, version: int, mechanism: str) -> None:
    """A mechanism that is not enabled answers UNSUPPORTED_SASL_MECHANISM, what there is instead, and the connection ends."""
    connection = stranger()
    answer = handshake(connection, mechanism, version)
    assert answer.error_code == ErrorCode.UNSUPPORTED_SASL_MECHANISM
    assert "PLAIN" in answer.mechanisms
    assert connection.wait_closed()


@case(SaslHandshakeRequest, feature="SASL", why="SaslServerAuthenticator.handleHandshakeRequest", needs=ALICE)
def test_handshake_twice(stranger: Any, version: int) -> None:
    """A second handshake, where credentials are due, answers ILLEGAL_SASL_STATE, and the connection ends."""
    connection = greeted(stranger())
    assert handshake(connection, version=version).error_code == ErrorCode.ILLEGAL_SASL_STATE
    assert connection.wait_closed()


@case(SaslHandshakeRequest, feature="SASL", why="KafkaApis.handleSaslHandshakeRequest")
def test_handshake_on_plaintext(kafka: Kafka) -> None:
    """Where no SASL is spoken a handshake answers ILLEGAL_SASL_STATE, no mechanisms, and the connection goes on."""
    answer = kafka.ask(SaslHandshakeRequest(mechanism="PLAIN"))
    assert (answer.error_code, list(answer.mechanisms)) == (ErrorCode.ILLEGAL_SASL_STATE, [])
    assert kafka.ask(MetadataRequest(topics=[])).brokers


@case(SaslAuthenticateRequest, feature="SASL", why="KafkaApis.handleSaslAuthenticateRequest")
def test_authenticate_on_plaintext(kafka: Kafka) -> None:
    """Where no SASL is spoken, credentials answer ILLEGAL_SASL_STATE, and the connection goes on."""
    answer = kafka.ask(SaslAuthenticateRequest(auth_bytes=b"\0alice\0secret"))
    assert answer.error_code == ErrorCode.ILLEGAL_SASL_STATE
    assert kafka.ask(MetadataRequest(topics=[])).brokers


@sasl(SaslHandshakeRequest, versions="0", why="KIP-152; KIP-43")
def test_tokens_without_header(kafka: Kafka, stranger: Any) -> None:
    """After a handshake v0 the mechanism's tokens go bare, each behind its length alone."""
    connection = stranger()
    assert handshake(connection, version=0).error_code == 0
    data = plain(kafka)
    connection.send_raw(len(data).to_bytes(4, "big") + data)
    assert connection.receive_bytes(4) == bytes(4)  # PLAIN answers an empty token: a length of 0
    assert works(connection)


# --- the order of requests


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
@sasl(ApiVersionsRequest, why="KIP-35, KIP-152")
def test_api_versions_first(stranger: Any, version: int, mechanism: str) -> None:
    """ApiVersions is answered before the handshake."""
    connection = stranger()
    assert len(connection.ask(VERSIONS, version).api_keys) > 10
    assert handshake(connection, mechanism).error_code == 0


@sasl(ApiVersionsRequest, versions="latest", why="SaslServerAuthenticator")
def test_api_versions_twice(stranger: Any) -> None:
    """ApiVersions is answered once before the handshake; a second one ends the connection."""
    connection = stranger()
    connection.ask(VERSIONS)
    with pytest.raises(Closed):
        connection.ask(VERSIONS)


@sasl(ApiVersionsRequest, versions="latest", why="SaslServerAuthenticator")
def test_api_versions_of_an_unknown_version(kafka: Kafka, stranger: Any) -> None:
    """ApiVersions of a version from the future is answered in v0, and may be asked again."""
    connection = stranger()
    # key 18, version 99, correlation id 7, client id "c", no tagged fields
    connection.send_raw(bytes.fromhex("0000000c 0012 0063 00000007 0001 63 00"))
    answer = connection.receive_frame()
    assert answer[:6] == bytes.fromhex("00000007 0023")
    assert connection.ask(VERSIONS, 3).error_code == 0
    assert handshake(connection).error_code == 0


@sasl(MetadataRequest, SaslAuthenticateRequest, DescribeClusterRequest, why=WHY)
def test_anything_else_first(stranger: Any, api: Any, version: int) -> None:
    """Any other request before the handshake ends the connection."""
    connection = stranger()
    with pytest.raises(Closed):
        connection.ask(api(**({"topics": []} if api is MetadataRequest else {})), version)


@sasl(DescribeClusterRequest, versions="all", why=WHY)
def test_request_between(stranger: Any, version: int) -> None:
    """A request between handshake and credentials answers ILLEGAL_SASL_STATE, and the connection ends."""
    connection = greeted(stranger())
    answer = connection.ask(DescribeClusterRequest(), version)
    assert answer.error_code == ErrorCode.ILLEGAL_SASL_STATE
    assert connection.wait_closed()


@sasl(ApiVersionsRequest, why=WHY)
def test_api_versions_between(stranger: Any, version: int) -> None:
    """ApiVersions between handshake and credentials answers ILLEGAL_SASL_STATE, and the connection ends."""
    connection = greeted(stranger())
    assert connection.ask(VERSIONS, version).error_code == ErrorCode.ILLEGAL_SASL_STATE
    assert connection.wait_closed()


@sasl(ApiVersionsRequest, why=WHY)
def test_api_versions_afterwards(kafka: Kafka, stranger: Any, version: int) -> None:
    """After the login ApiVersions is a request like another, as often as one likes."""
    connection = logged_in(kafka, stranger())
    assert connection.ask(VERSIONS, version).error_code == 0
    assert connection.ask(VERSIONS, version).error_code == 0


@sasl(SaslAuthenticateRequest, why="KafkaApis.handleSaslAuthenticateRequest")
def test_authenticate_again(kafka: Kafka, stranger: Any, version: int) -> None:
    """Credentials after the login, without a handshake, answer ILLEGAL_SASL_STATE; the login stays."""
    connection = logged_in(kafka, stranger())
    assert token(connection, plain(kafka), version).error_code == ErrorCode.ILLEGAL_SASL_STATE
    assert works(connection)


@case(
    SaslHandshakeRequest,
    feature="SASL",
    why="KIP-368; KafkaApis.handleSaslHandshakeRequest",
    needs=(*ALICE, Setting("connections.max.reauth.ms", at_most=0)),
    also=BOTH,
)
def test_handshake_again(kafka: Kafka, stranger: Any, version: int) -> None:
    """Where logins do not end, a handshake after the login answers ILLEGAL_SASL_STATE; the login stays."""
    connection = logged_in(kafka, stranger())
    assert handshake(connection, version=version).error_code == ErrorCode.ILLEGAL_SASL_STATE
    assert works(connection)


# --- PLAIN


@plainly(why="RFC 4616")
def test_plain(kafka: Kafka, stranger: Any, version: int) -> None:
    """The right password answers no error, no message and no bytes."""
    connection = greeted(stranger())
    answer = token(connection, plain(kafka), version)
    assert (answer.error_code, answer.error_message or "", bytes(answer.auth_bytes)) == (0, "", b"")
    assert works(connection)


@case(
    SaslAuthenticateRequest,
    versions="1+",
    feature="SASL",
    why="KIP-368",
    needs=(*ALICE, Setting("connections.max.reauth.ms", at_most=0)),
    also=BOTH,
)
def test_no_lifetime(kafka: Kafka, stranger: Any, version: int) -> None:
    """A lifetime of 0 says that the login does not end."""
    connection = greeted(stranger())
    assert token(connection, plain(kafka), version).session_lifetime_ms == 0


@plainly(why="RFC 4616")
def test_plain_for_oneself(kafka: Kafka, stranger: Any, version: int) -> None:
    """An authorization id that is the user's own name is allowed."""
    connection = greeted(stranger())
    assert token(connection, b"alice" + plain(kafka), version).error_code == 0


@pytest.mark.parametrize(
    "data",
    [
        b"\0alice\0wrong",
        b"\0nobody\0secret",
        b"\0Alice\0SECRET",
        b"\0\0SECRET",
        b"\0alice\0",
        b"bob\0alice\0SECRET",
        b"alice\0SECRET",
        b"\0alice\0SECRET\0more",
        b"garbage",
        b"",
    ],
    ids=repr,
)
@plainly(versions="latest", why="RFC 4616")
def test_plain_refused(kafka: Kafka, stranger: Any, data: bytes) -> None:
    """Anything else answers SASL_AUTHENTICATION_FAILED with a message and without bytes, and the connection ends."""
    connection = greeted(stranger())
    answer = token(connection, data.replace(b"SECRET", secret(kafka)))
    assert (answer.error_code, bytes(answer.auth_bytes)) == REFUSED
    assert answer.error_message
    assert secret(kafka).decode() not in answer.error_message
    assert connection.wait_closed()


@plainly(versions="latest", why="PlainSaslServer")
def test_users_are_not_told_apart(stranger: Any) -> None:
    """A wrong password and an unknown user answer the same message."""
    messages = set()
    for data in (b"\0alice\0wrong", b"\0nobody\0wrong"):
        connection = greeted(stranger())
        messages.add(token(connection, data).error_message)
    assert len(messages) == 1


# --- SCRAM


@scram()
def test_scram_challenge(kafka: Kafka, stranger: Any) -> None:
    """The server's first message has a nonce that begins with the client's, a salt and at least 4096 iterations."""
    exchange = Exchange(kafka, stranger())
    nonce = exchange.parts["r"]
    assert nonce.startswith("fyko")
    assert len(nonce) > 16
    assert base64.b64decode(exchange.parts["s"])
    assert int(exchange.parts["i"]) >= 4096


@scram()
def test_scram_nonces_differ(kafka: Kafka, stranger: Any) -> None:
    """The same client nonce gets another server nonce each time."""
    assert Exchange(kafka, stranger()).parts["r"] != Exchange(kafka, stranger()).parts["r"]


@scram()
def test_scram_logs_in(kafka: Kafka, stranger: Any) -> None:
    """The right proof is answered by the server's signature, and requests are served."""
    connection = stranger()
    exchange = Exchange(kafka, connection)
    answer = token(connection, exchange.final(exchange.parts["r"]))
    assert (answer.error_code, bytes(answer.auth_bytes)[:2]) == (0, b"v=")
    assert works(connection)


@pytest.mark.parametrize(
    "data",
    [
        b"n,,n=nobody,r=fyko",
        b"n=alice,r=fyko",
        b"p=tls-unique,,n=alice,r=fyko",
        b"n,a=bob,n=alice,r=fyko",
        b"n,,n=alice",
        b"n,,r=fyko",
        b"garbage",
        b"",
    ],
    ids=repr,
)
@scram()
def test_scram_first_refused(stranger: Any, data: bytes) -> None:
    """An unknown user, a channel binding and a malformed first message answer SASL_AUTHENTICATION_FAILED: the end."""
    connection = greeted(stranger(), "SCRAM-SHA-256")
    answer = token(connection, data)
    assert (answer.error_code, bytes(answer.auth_bytes)) == REFUSED
    assert answer.error_message
    assert connection.wait_closed()


@scram()
def test_scram_extensions(stranger: Any) -> None:
    """An authorization id that is the user's own, and extensions that are not known, do no harm."""
    for data in (b"n,a=alice,n=alice,r=fyko", b"n,,n=alice,r=fyko,colour=blue"):
        connection = greeted(stranger(), "SCRAM-SHA-256")
        assert token(connection, data).auth_bytes.startswith(b"r=fyko")


@pytest.mark.parametrize("fault", ["nonce", "client nonce", "proof", "no proof", "other user's proof"])
@scram()
def test_scram_final_refused(kafka: Kafka, stranger: Any, fault: str) -> None:
    """A nonce that is not the server's and a wrong proof answer SASL_AUTHENTICATION_FAILED."""
    connection = stranger()
    exchange = Exchange(kafka, connection)
    nonce = exchange.parts["r"]
    if fault == "other user's proof":
        exchange.salted = bytes(32)
    data = {
        "nonce": exchange.final(nonce + "x"),
        "client nonce": exchange.final("fyko"),
        "proof": exchange.final(nonce)[:-44] + base64.b64encode(bytes(32)),
        "no proof": exchange.final(nonce).partition(b",p=")[0],
        "other user's proof": exchange.final(nonce),
    }[fault]
    answer = token(connection, data)
    assert (answer.error_code, bytes(answer.auth_bytes)) == REFUSED
    assert connection.wait_closed()


# --- TLS


@case(ApiVersionsRequest, versions="latest", feature="TLS", why="SslTransportLayer", needs=(Listener("SSL"),))
def test_plaintext_to_tls(stranger: Any) -> None:
    """A request in the clear on a TLS listener is not answered: the connection ends."""
    connection = stranger("SSL")
    connection.send(VERSIONS, 3)
    with pytest.raises((Closed, AssertionError)):
        connection.receive(timeout_s=5)


@case(ApiVersionsRequest, feature="TLS", why="SslTransportLayer", needs=(Listener("SSL"),))
def test_over_tls(stranger: Any, version: int) -> None:
    """Behind a TLS handshake the protocol is the same, pipelined requests included."""
    connection = stranger("SSL", tls=True)
    connection.send(VERSIONS, version)
    connection.send(VERSIONS, version)
    assert connection.receive().api_keys
    assert connection.receive().api_keys


@case(
    SaslAuthenticateRequest,
    feature="TLS",
    why="SaslChannelBuilder",
    needs=(Listener("SASL_SSL"), *ALICE),
    also=BOTH,
)
def test_sasl_over_tls(kafka: Kafka, stranger: Any, version: int) -> None:
    """SASL over TLS goes as without."""
    connection = greeted(stranger("SASL_SSL", tls=True))
    assert token(connection, plain(kafka), version).error_code == 0
    assert works(connection)
