"""Logging in on further listeners: TLS, and the SASL mechanisms with passwords."""

from __future__ import annotations

import pytest

from conformance import Credentials, Kafka, Listener, LoginRefused, case
from wire.errors import ErrorCode
from wire.messages.api_versions import ApiVersionsRequest
from wire.messages.sasl_authenticate import SaslAuthenticateRequest
from wire.messages.sasl_handshake import SaslHandshakeRequest

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@case(ApiVersionsRequest, versions="latest", feature="TLS", why="SslTransportLayer", needs=(Listener("SSL"),))
def test_tls(kafka: Kafka) -> None:
    """Behind a TLS handshake the protocol is the same."""
    assert kafka.login("SSL").ask(ApiVersionsRequest(client_software_name="a", client_software_version="1"))


@case(
    SaslAuthenticateRequest,
    feature="SASL PLAIN",
    why="KIP-43, KIP-152; SaslServerAuthenticator",
    also=(SaslHandshakeRequest,),
    needs=(Listener("SASL_PLAINTEXT"), Credentials("PLAIN", "alice")),
)
def test_plain(kafka: Kafka) -> None:
    """PLAIN with the right password logs in, and requests are answered."""
    alice = kafka.login("SASL_PLAINTEXT", "alice", "PLAIN")
    assert alice.topic().partitions == 1


@pytest.mark.parametrize("mechanism", MECHANISMS[1:])
@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
@case(
    SaslAuthenticateRequest,
    feature="SASL SCRAM",
    why="KIP-84; RFC 5802; ScramSaslServer",
    also=(SaslHandshakeRequest,),
    needs=(
        *map(Listener, ("SASL_PLAINTEXT", "SASL_SSL")),
        *(Credentials(name, "alice") for name in MECHANISMS[1:]),
    ),
)
def test_scram(kafka: Kafka, mechanism: str, protocol: str) -> None:
    """SCRAM with the right password logs in, and the server proves that it knows the password too."""
    assert kafka.login(protocol, "alice", mechanism).topic().partitions == 1


@pytest.mark.parametrize("mechanism", MECHANISMS)
@case(
    SaslAuthenticateRequest,
    feature="SASL",
    why="KIP-152; SaslServerAuthenticator",
    also=(SaslHandshakeRequest,),
    needs=(Listener("SASL_PLAINTEXT"), *(Credentials(name, "alice") for name in MECHANISMS)),
)
def test_wrong_password(kafka: Kafka, mechanism: str) -> None:
    """A wrong password answers SASL_AUTHENTICATION_FAILED."""
    with pytest.raises(LoginRefused) as refused:
        kafka.login("SASL_PLAINTEXT", "alice", mechanism, password="wrong").topic()
    assert refused.value.code == ErrorCode.SASL_AUTHENTICATION_FAILED
