"""The broker or cluster under test: what it announces and shows, asked once per run."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from conformance.connection import Connection, WrongAnswer
from conformance.exchanges import Trace
from harness.rawwire import parse_address
from wire.messages.api_versions import ApiVersionsRequest
from wire.messages.describe_configs import DescribeConfigsRequest, DescribeConfigsResource
from wire.messages.metadata import MetadataRequest
from wire.schema import Message

BROKER_RESOURCE = 4  # ConfigResource.Type.BROKER
FIRST_4X_METADATA_LEVEL = 22  # metadata.version of 4.0-IV0


@dataclass(frozen=True)
class Account:
    """A user of the broker."""

    password: str
    mechanisms: tuple[str, ...] = ("PLAIN",)


@dataclass
class Subject:
    """bootstrap: HOST:PORT of a PLAINTEXT listener. listeners: protocol -> HOST:PORT of others. given_line: from --line."""

    bootstrap: str
    name: str = "foreign"
    broker_version: str = ""  # of the program, where it is known
    listeners: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    ca_file: str | None = None
    given_line: str | None = None
    forms_clusters: bool = True  # or is known to run alone
    topics: list[str] = field(
        default_factory=list
    )  # what cases made, to be deleted from a broker that is not ours
    groups: list[str] = field(default_factory=list)
    shared: dict[str, Any] = field(default_factory=dict)  # what cases of a kind use together, made once

    @property
    def address(self) -> tuple[str, int]:
        return parse_address(self.bootstrap)

    def _ask(self, request: Any, version: int | None = None) -> Any:
        with Connection(self.address, Trace(), self.version) as connection:
            return connection.ask(request, version)

    @cached_property
    def _versions(self) -> Any:
        """The answer to ApiVersions in the highest version that the broker knows."""
        request = ApiVersionsRequest(
            client_software_name="pykbroker-conformance", client_software_version="1"
        )
        answer = self._ask(request, 0)
        rows = {row.api_key: row for row in answer.api_keys}
        highest = min(rows[18].max_version, ApiVersionsRequest.versions.last) if 18 in rows else 0
        if highest < 3:
            return answer
        try:
            return self._ask(request, highest)
        except WrongAnswer:
            return answer

    @cached_property
    def announced(self) -> dict[int, tuple[int, int]]:
        """API key -> (lowest, highest) version."""
        return {row.api_key: (row.min_version, row.max_version) for row in self._versions.api_keys}

    @cached_property
    def features(self) -> dict[str, int]:
        """Finalized feature -> level."""
        return {row.name: row.max_version_level for row in self._versions.finalized_features}

    def announces(self, message: Message, version: int) -> bool:
        lowest, highest = self.announced.get(message.key or 0, (1, 0))
        return lowest <= version <= highest

    def version(self, message: Message) -> int:
        """The highest that is announced and declared; of an API that is not announced, the highest declared."""
        _, highest = self.announced.get(message.key or 0, (0, message.versions.last))
        return min(highest, message.versions.last)

    @cached_property
    def line(self) -> str | None:
        """ "3.9" or "4.x" of Apache Kafka, by what the broker says; None: neither."""
        if self.given_line:
            return None if self.given_line == "none" else self.given_line
        if 4 in self.announced and 6 in self.announced:
            return "3.9"  # ZooKeeper mode announces the inter-broker APIs
        level = self.features.get("metadata.version")
        if level is None:
            return None
        return "4.x" if level >= FIRST_4X_METADATA_LEVEL else "3.9"

    @cached_property
    def nodes(self) -> dict[int, tuple[str, int]]:
        """Broker id -> address, from Metadata; of a single broker the address that was given."""
        brokers = self._cluster().brokers
        if len(brokers) == 1:
            return {brokers[0].node_id: self.address}
        return {broker.node_id: (broker.host, broker.port) for broker in brokers}

    @property
    def controller(self) -> int:
        """Broker id of the controller, or (KRaft) of a broker that forwards to it."""
        return int(self._cluster().controller_id)

    @cached_property
    def settings(self) -> dict[str, str | None]:
        """All that DescribeConfigs shows of the first broker; empty if it is not announced or not allowed."""
        if DescribeConfigsRequest.key not in self.announced:
            return {}
        node = min(self.nodes)
        resource = DescribeConfigsResource(
            resource_type=BROKER_RESOURCE, resource_name=str(node), configuration_keys=None
        )
        with Connection(self.nodes[node], Trace(), self.version) as connection:
            (result,) = connection.ask(DescribeConfigsRequest(resources=[resource])).results
        return {config.name: config.value for config in result.configs}

    @cached_property
    def metadata_version(self) -> int:
        """In which cases look up where things are: the highest that is answered in the right schema."""
        for version in range(self.version(MetadataRequest), MetadataRequest.versions.first, -1):
            with contextlib.suppress(WrongAnswer):
                self._ask(MetadataRequest(topics=[]), version)
                return version
        return MetadataRequest.versions.first

    def _cluster(self) -> Any:
        """Metadata without topics."""
        return self._ask(MetadataRequest(topics=[]), self.metadata_version)

    def moved(self, bootstrap: str) -> None:
        """The broker was started anew: what cases shared is gone, and its address may be another."""
        self.bootstrap = bootstrap
        self.shared.clear()
        self.__dict__.pop("nodes", None)

    def describe(self) -> None:
        """Ask what the reports say of the broker, while it is there: they come after its end."""
        self.description |= {
            "line": self.line,
            "brokers": len(self.nodes),
            "announced": {str(key): list(span) for key, span in sorted(self.announced.items())},
            "features": self.features,
        }

    @cached_property
    def description(self) -> dict[str, Any]:
        """Plain data for the reports: what was given, and what `describe` found out."""
        return {
            "name": self.name,
            "version": self.broker_version,
            "bootstrap": self.bootstrap,
            "listeners": self.listeners,
        }

    def setting(self, name: str) -> str | None:
        return self.settings.get(name)


def read_credentials(path: Path) -> tuple[dict[str, Account], str | None]:
    """Users and the file of the authority that signed the broker's certificate, from a JSON file:

    {"users": {"alice": {"password": "secret", "mechanisms": ["PLAIN", "SCRAM-SHA-256"]}}, "ca_file": "ca.pem"}
    """
    data = json.loads(path.read_text())
    accounts = {
        name: Account(user["password"], tuple(user.get("mechanisms", ("PLAIN",))))
        for name, user in data.get("users", {}).items()
    }
    ca_file = data.get("ca_file")
    return accounts, None if ca_file is None else str((path.parent / ca_file).resolve())
