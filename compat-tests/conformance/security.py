"""The client's side of TLS and SASL (PLAIN, SCRAM: RFC 5802), so that cases can log in on a given listener."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import ssl
from dataclasses import dataclass
from functools import cache
from typing import Any

from conformance.connection import Connection
from wire.errors import ErrorCode
from wire.messages.sasl_authenticate import SaslAuthenticateRequest
from wire.messages.sasl_handshake import SaslHandshakeRequest

HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}


class LoginRefused(AssertionError):
    """The broker refused the handshake or the credentials. code: its error code; text: its message."""

    def __init__(self, code: int, text: str | None) -> None:
        super().__init__(f"the login is refused: {ErrorCode(code)!r} {text or ''}")
        self.code = code
        self.text = text


@dataclass(frozen=True)
class Login:
    """How connections of a listener authenticate. user None: they do not (SSL). token: a delegation token's id and HMAC."""

    protocol: str
    user: str | None = None
    password: str | None = None
    mechanism: str = "PLAIN"
    token: bool = False


@cache
def tls_context(protocol: str, ca_file: str | None) -> ssl.SSLContext | None:
    """For SSL and SASL_SSL: trusts `ca_file`, or without one anybody (the suite is no judge of certificates)."""
    if protocol not in ("SSL", "SASL_SSL"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if ca_file is None:
        context.verify_mode = ssl.CERT_NONE
    else:
        context.load_verify_locations(ca_file)
    return context


def authenticate(connection: Connection, login: Login) -> Any:
    """Logs in; the last SaslAuthenticate answer, None where there is nothing to do. Raises: LoginRefused."""
    if login.user is None or login.protocol not in ("SASL_PLAINTEXT", "SASL_SSL"):
        return None
    answer = connection.ask(SaslHandshakeRequest(mechanism=login.mechanism), 1)
    if answer.error_code:
        raise LoginRefused(answer.error_code, f"mechanisms: {', '.join(answer.mechanisms)}")
    if login.mechanism == "PLAIN":
        return step(connection, plain(login.user, login.password or ""))
    return scram(connection, login)


def step(connection: Connection, data: bytes) -> Any:
    """One SaslAuthenticate. Raises: LoginRefused."""
    answer = connection.ask(SaslAuthenticateRequest(auth_bytes=data))
    if answer.error_code:
        raise LoginRefused(answer.error_code, answer.error_message)
    return answer


def plain(user: str, password: str) -> bytes:
    return b"\0".join([b"", user.encode(), password.encode()])


def scram(connection: Connection, login: Login) -> Any:
    """The three messages of SCRAM; checks the server's signature too. Raises: LoginRefused."""
    name = HASHES[login.mechanism]
    nonce = base64.b64encode(os.urandom(18)).decode()
    user = (login.user or "").replace("=", "=3D").replace(",", "=2C")
    first = f"n={user},r={nonce}" + (",tokenauth=true" if login.token else "")
    challenge = step(connection, f"n,,{first}".encode()).auth_bytes.decode()
    parts = dict(part.split("=", 1) for part in challenge.split(","))
    assert parts["r"].startswith(nonce), "the server's nonce does not begin with ours"
    salted = hashlib.pbkdf2_hmac(
        name, (login.password or "").encode(), base64.b64decode(parts["s"]), int(parts["i"])
    )
    without_proof = f"c=biws,r={parts['r']}"
    signed = f"{first},{challenge},{without_proof}".encode()
    client_key = hmac.digest(salted, b"Client Key", name)
    signature = hmac.digest(hashlib.new(name, client_key).digest(), signed, name)
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(client_key, signature, strict=True))).decode()
    answer = step(connection, f"{without_proof},p={proof}".encode())
    expected = hmac.digest(hmac.digest(salted, b"Server Key", name), signed, name)
    assert answer.auth_bytes == b"v=" + base64.b64encode(expected), "the server's signature is wrong"
    return answer
