"""kfake: franz-go's broker for tests, in memory; a Go module, made a process by kfake/main.go."""

from __future__ import annotations

import re

from brokers.fetched import HERE, go_program
from harness.process import BrokerProcess, free_port


class Kfake(BrokerProcess):
    """One broker; nothing outlives the process."""

    name = "kfake"

    @property
    def version(self) -> str:
        """As pinned in kfake/go.mod."""
        found = re.search(r"franz-go/pkg/kfake (\S+)", (HERE / "kfake" / "go.mod").read_text())
        assert found, "go.mod does not name kfake"
        return found.group(1)

    def command(self) -> list[str]:
        """Raises: Unavailable."""
        self.bootstrap = self.bootstrap or f"127.0.0.1:{free_port()}"
        return [str(go_program("kfake")), self.bootstrap.rpartition(":")[2]]
