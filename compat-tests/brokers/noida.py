"""noida-db: one binary that plays several data stores for development; here, its Kafka alone."""

from __future__ import annotations

from harness.fetched import wheels
from harness.process import BrokerProcess, free_port

VERSION = "0.2.3"


class Noida(BrokerProcess):
    """One broker; it keeps its data in the work folder."""

    name = "noida-db"
    version = VERSION

    def command(self) -> list[str]:
        """Raises: Unavailable."""
        self.bootstrap = self.bootstrap or f"127.0.0.1:{free_port()}"
        binary = wheels(f"noida-db=={VERSION}") / "noida_db" / "noida-db"
        port = self.bootstrap.rpartition(":")[2]
        data = ["--data-dir", str(self.work_dir / "data")]
        return [str(binary), "start", "--only", "kafka", "--kafka-port", port, *data]
