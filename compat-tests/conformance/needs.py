"""What a case needs beside the APIs that it sends: given in `@case(..., needs=(...))`.

A need that the broker could meet but does not is "not observable"; where the broker says that the feature is not there at
all (a feature level, a security protocol, more than one broker), the check is "not served".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.subject import Subject


FEW_BROKERS = "the cluster has"


class Need:
    """One condition."""

    def served(self, subject: Subject) -> bool:
        """Whether the broker announces the feature at all."""
        return True

    def lack(self, subject: Subject) -> str | None:
        """What is absent, in words; None: the need is met."""
        return None


@dataclass(frozen=True)
class Setting(Need):
    """A broker setting, as DescribeConfigs shows it: a number in bounds, or one of some texts, or anything but empty.

    Setting("log.cleaner.backoff.ms", at_most=1000); Setting("compression.type", one_of=("producer",));
    Setting("authorizer.class.name"): it is set.
    """

    name: str
    at_most: int | None = None
    at_least: int | None = None
    one_of: tuple[str, ...] = ()

    def lack(self, subject: Subject) -> str | None:
        value = subject.setting(self.name)
        if value is None or value == "":
            return f"{self.name} is not set, or not shown by DescribeConfigs"
        if self.one_of and value not in self.one_of:
            return f"{self.name} is {value}; needed: {' or '.join(self.one_of)}"
        if self.at_most is not None and int(value) > self.at_most:
            return f"{self.name} is {value}; needed: at most {self.at_most}"
        if self.at_least is not None and int(value) < self.at_least:
            return f"{self.name} is {value}; needed: at least {self.at_least}"
        return None


@dataclass(frozen=True)
class Feature(Need):
    """A finalized feature level in ApiVersions, such as Feature("share.version", 1). Where it is missing: not served."""

    name: str
    level: int = 1

    def served(self, subject: Subject) -> bool:
        return subject.features.get(self.name, 0) >= self.level

    def __str__(self) -> str:
        return f"{self.name} {self.level}"


@dataclass(frozen=True)
class Listener(Need):
    """A listener of this protocol (SSL, SASL_PLAINTEXT, SASL_SSL), given with --listener or by a broker we start.

    A broker whose listener.security.protocol.map names no listener for a protocol does not serve it.
    """

    protocol: str

    def served(self, subject: Subject) -> bool:
        named = subject.setting("listener.security.protocol.map")
        protocols = {entry.rpartition(":")[2].strip().upper() for entry in (named or "").split(",")}
        return not named or self.protocol in protocols or self.protocol in subject.listeners

    def __str__(self) -> str:
        return f"the security protocol {self.protocol}"

    def lack(self, subject: Subject) -> str | None:
        return (
            None
            if self.protocol in subject.listeners
            else f"no {self.protocol} listener is given (--listener)"
        )


@dataclass(frozen=True)
class Credentials(Need):
    """A user of this SASL mechanism in --credentials; `user`: this very one."""

    mechanism: str
    user: str | None = None

    def lack(self, subject: Subject) -> str | None:
        for name, account in subject.accounts.items():
            if self.mechanism in account.mechanisms and self.user in (None, name):
                return None
        return f"no user {self.user or ''} for {self.mechanism} is given (--credentials)".replace("  ", " ")


@dataclass(frozen=True)
class Brokers(Need):
    """At least so many brokers in the cluster; `at_most=1`: the case makes sense on a single one alone.

    A broker that we start may be known to run alone: it serves no cluster.
    """

    at_least: int = 1
    at_most: int | None = None

    def served(self, subject: Subject) -> bool:
        return subject.forms_clusters or self.at_least == 1

    def __str__(self) -> str:
        return f"a cluster of {self.at_least} brokers"

    def lack(self, subject: Subject) -> str | None:
        count = len(subject.nodes)
        if count < self.at_least:
            return f"{FEW_BROKERS} {count} brokers; needed: {self.at_least}"
        if self.at_most is not None and count > self.at_most:
            return f"the cluster has {count} brokers; needed: at most {self.at_most}"
        return None


AUTHORIZER = Setting("authorizer.class.name")
