"""The settings of observable.properties, in parts, and the key and certificate that its TLS listeners need."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.fetched import alone

HERE = Path(__file__).parent
FILE = HERE / "observable.properties"
CREDENTIALS = HERE / "credentials.json"
PASSWORD = "conformance"
PROTOCOLS = ("SASL_PLAINTEXT", "SSL", "SASL_SSL")  # of the further listeners
ACL_AUTHORIZER = "kafka.security.authorizer.AclAuthorizer"  # of a broker with ZooKeeper


def settings(*parts: str) -> dict[str, str]:
    """Those of the named parts ("time", "size", "validation", "one broker", "security"), in their order; no name: all."""
    found: dict[str, str] = {}
    part = ""
    for line in FILE.read_text().splitlines():
        if line.startswith("# --- "):
            part = line.removeprefix("# --- ").partition(":")[0]
        elif line and not line.startswith("#") and (not parts or part in parts):
            name, _, value = line.partition("=")
            found[name] = value
    return found


@dataclass(frozen=True)
class Identity:
    """Who a broker is on its TLS listeners: a key store, and the certificate for those who shall trust it (PEM)."""

    key_store: Path
    certificate: Path


def identity(folder: Path) -> Identity:
    """A self-signed identity for loopback, made by keytool in `folder` if it is not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Identity(folder / "broker.p12", folder / "ca.pem")
    with alone(folder / "identity"):
        if not made.certificate.exists():
            _make(made)
    return made


def _make(wanted: Identity) -> None:
    wanted.key_store.unlink(missing_ok=True)
    store = ["-keystore", str(wanted.key_store), "-storepass", PASSWORD, "-alias", "broker"]
    generate = ["keytool", "-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "3650"]
    generate += ["-storetype", "PKCS12", "-dname", "CN=localhost", "-ext", "SAN=dns:localhost,ip:127.0.0.1"]
    subprocess.run([*generate, *store], check=True, capture_output=True, timeout=60)
    export = ["keytool", "-exportcert", "-rfc", *store]
    done = subprocess.run(export, check=True, capture_output=True, timeout=60)
    fresh = wanted.certificate.with_suffix(".new")
    fresh.write_bytes(done.stdout)
    fresh.rename(wanted.certificate)
