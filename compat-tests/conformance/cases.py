"""A case: one statement about what a Kafka-compatible broker does, as a pytest function.

    @case(OffsetCommitRequest, versions="2-9", feature="classic groups", why="KIP-345; GroupCoordinator")
    def test_unknown_member(kafka: Kafka, version: int) -> None:
        \"\"\"A commit by a member that the group does not have answers UNKNOWN_MEMBER_ID.\"\"\"

At collection it becomes one check for each version in the range that `wire` declares. What the broker announces
decides at run time whether the check is asked: the outcome is then pass, fail, or one of

* not served: the version, or an API named in `also`, is not announced (or a feature level is missing);
* not observable: the broker could show it, but a setting, listener or credential that the case needs is absent;
* other line: the case belongs to the other line of Apache Kafka (3.9, 4.x).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from wire.schema import Message, versions_of

if TYPE_CHECKING:
    from conformance.needs import Need
    from conformance.subject import Subject

LATEST = "latest"
LINES = ("3.9", "4.x")


class NotServed(pytest.skip.Exception):
    """What the check asks for is not announced."""


class NotObservable(pytest.skip.Exception):
    """A setting, listener or credential that the case needs is absent."""


class NotAsked(pytest.skip.Exception):
    """There is no more time for this check: see haste.py."""


class ClientCannot(pytest.skip.Exception):
    """A scenario of stock clients: the library has no such thing."""


class OtherLine(pytest.skip.Exception):
    """The case belongs to another line of Apache Kafka."""


@dataclass(frozen=True)
class Case:
    """What the decorator was told. apis: requests, each asked in every version of `versions`; empty: none in particular."""

    apis: tuple[Message, ...]
    versions: str
    feature: str
    why: str
    also: tuple[Message, ...]
    needs: tuple[Need, ...]
    line: str | None
    differs: str | None

    def checks(self) -> Iterator[Check]:
        """One per API and version; one alone for "latest" and for no API."""
        if not self.apis:
            yield Check(self, None, None)
        for api in self.apis:
            if self.versions == LATEST:
                yield Check(self, api, None)
                continue
            wanted = {"all": api.versions, "flexible": api.flexible}.get(self.versions)
            if wanted is None:
                wanted = versions_of(self.versions)
            for version in range(api.versions.first, api.versions.last + 1):
                if version in wanted:
                    yield Check(self, api, version)


class Check(NamedTuple):
    """A case in one version of one API: what is counted. version None: the latest, or no API."""

    case: Case
    api: Message | None
    version: int | None

    @property
    def id(self) -> str:
        """How it stands in the name of the test: `v7`, with several APIs `Fetch-v7`."""
        if self.api is None:
            return "broker"
        version = LATEST if self.version is None else f"v{self.version}"
        return version if len(self.case.apis) == 1 else f"{api_name(self.api)}-{version}"

    def resolve(self, subject: Subject) -> Check:
        """The check with its version settled for this broker.

        Raises: OtherLine, NotServed, NotObservable.
        """
        case, api, version = self
        if case.line is not None and case.line != (subject.line or "4.x"):
            raise OtherLine(f"belongs to the {case.line} line of Apache Kafka", _use_item_location=True)
        for wanted in (*((api,) if api else ()), *case.also):
            if wanted.key not in subject.announced:
                raise NotServed(f"{api_name(wanted)} is not announced", _use_item_location=True)
        if api is not None:
            version = subject.version(api) if version is None else version
            if not subject.announces(api, version):
                raise NotServed(f"{api_name(api)} v{version} is not announced", _use_item_location=True)
        for need in case.needs:
            if not need.served(subject):
                raise NotServed(f"{need} is not announced", _use_item_location=True)
            if (lack := need.lack(subject)) is not None:
                raise NotObservable(lack, _use_item_location=True)
        return Check(case, api, version)


def api_name(message: Message) -> str:
    """The API's name: `Fetch` of FetchRequest and FetchResponse."""
    return message.name.removesuffix("Request").removesuffix("Response")


def case(
    *apis: Message,
    feature: str,
    why: str,
    versions: str = "all",
    also: tuple[Message, ...] = (),
    needs: tuple[Need, ...] = (),
    line: str | None = None,
    differs: str | None = None,
) -> Callable[[Callable[..., None]], Any]:
    """Marks a test function as a case.

    apis: the requests that it is about; with several, the function takes `api` and is asked for each of them.
    versions: "2-9", "4+", "all", "flexible" (those with tagged fields), or "latest" (one check, in the highest version that
    the broker announces).
    feature: the part of Kafka that it belongs to, in the report's words ("classic groups", "transactions", "records").
    why: the KIP or the class of Kafka that says so. also: further requests that it sends, in any version.
    needs: see conformance.needs. line: "3.9" or "4.x" where Kafka itself differs between them at one version.
    differs: the name in docs/differences.md, where the case accepts what pykbroker does better.
    """
    if not why or not feature:
        raise TypeError("a case names its feature and says why")
    if line not in (None, *LINES):
        raise TypeError(f"the lines of Kafka are {LINES}, not {line!r}")
    for api in (*apis, *also):
        if api.kind != "request":
            raise TypeError(f"a case is about requests; {api.name} is a {api.kind}")
    made = Case(apis, versions, feature, why, also, needs, line, differs)
    if not list(made.checks()):
        raise TypeError(f"no version of {', '.join(api.name for api in apis)} is in {versions!r}")

    def mark(function: Callable[..., None]) -> Any:
        if not function.__doc__:
            raise TypeError(f"{function.__name__}: the docstring says what is expected")
        return pytest.mark.case.with_args(made)(function)

    return mark
