"""SASL by hand: handshake, PLAIN's message, and a SCRAM exchange step by step, on a connection that nobody has logged in."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from conformance.connection import Connection
from conformance.kafka import Kafka
from wire.errors import ErrorCode
from wire.messages.metadata import MetadataRequest
from wire.messages.sasl_authenticate import SaslAuthenticateRequest
from wire.messages.sasl_handshake import SaslHandshakeRequest

REFUSED = (ErrorCode.SASL_AUTHENTICATION_FAILED, b"")  # error and bytes of the answer to bad credentials


def handshake(connection: Connection, mechanism: str = "PLAIN", version: int = 1) -> Any:
    return connection.ask(SaslHandshakeRequest(mechanism=mechanism), version)


def token(connection: Connection, data: bytes, version: int | None = None) -> Any:
    return connection.ask(SaslAuthenticateRequest(auth_bytes=data), version)


def secret(kafka: Kafka, user: str = "alice") -> bytes:
    return kafka.subject.accounts[user].password.encode()


def plain(kafka: Kafka, user: str = "alice") -> bytes:
    """What PLAIN sends for a user with the right password."""
    return b"\0" + user.encode() + b"\0" + secret(kafka, user)


def logged_in(kafka: Kafka, connection: Connection) -> Connection:
    """The connection of alice, by PLAIN."""
    assert token(greeted(connection), plain(kafka)).error_code == 0
    return connection


def works(connection: Connection) -> bool:
    """Whether a request that needs a login is served."""
    return bool(connection.ask(MetadataRequest(topics=[])).brokers)


def greeted(connection: Connection, mechanism: str = "PLAIN") -> Connection:
    """The connection after its handshake: credentials are due."""
    handshake(connection, mechanism)
    return connection


class Exchange:
    """A SCRAM-SHA-256 exchange up to the server's first message."""

    def __init__(self, kafka: Kafka, connection: Connection) -> None:
        self.first = "n=alice,r=fyko"
        handshake(connection, "SCRAM-SHA-256")
        self.challenge = token(connection, b"n,," + self.first.encode()).auth_bytes.decode()
        self.parts = dict(part.split("=", 1) for part in self.challenge.split(","))
        salt, iterations = base64.b64decode(self.parts["s"]), int(self.parts["i"])
        self.salted = hashlib.pbkdf2_hmac("sha256", secret(kafka), salt, iterations)

    def final(self, nonce: str) -> bytes:
        """A message with the right proof for what it says."""
        bare = f"c=biws,r={nonce}"
        key = hmac.digest(self.salted, b"Client Key", "sha256")
        signed = f"{self.first},{self.challenge},{bare}".encode()
        signature = hmac.digest(hashlib.sha256(key).digest(), signed, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        return f"{bare},p={base64.b64encode(proof).decode()}".encode()
