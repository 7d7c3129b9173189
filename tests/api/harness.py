"""Calls a handler as the dispatcher does: the request is built and parsed, and so is the answer, in the version of the call.

The controller behind it works on a real store (tests/server/cluster_fixture.py); the connection is the only thing made up.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pykbroker.api.context import Context
from pykbroker.api.table import APIS
from pykbroker.config.broker import BrokerConfig
from pykbroker.core.cluster.image import BrokerImage
from pykbroker.errors import ApiError
from pykbroker.server.controller import Controller
from pykbroker.server.metadata import MetadataCache
from tests.server.cluster_fixture import BROKER_ID, Cluster, cluster_at

ROWS = {api.name: api for api in APIS}


@dataclass
class FakeConnection:
    """A client on the loopback that came in by a port of its own."""

    local_host: str = "127.0.0.7"
    local_port: int = 19092
    listener: str = "PLAINTEXT"


@dataclass
class FakeBroker:
    """What a handler may ask of its broker."""

    cluster: Cluster
    id: int = BROKER_ID
    advertises: bool = False

    @property
    def config(self) -> BrokerConfig:
        return self.cluster.config

    @property
    def metadata(self) -> MetadataCache:
        return self.cluster.metadata

    @property
    def controller(self) -> Controller:
        return self.cluster.controller


class Client:
    """Sends requests to the handlers. `cluster` is what they work on."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.broker = FakeBroker(cluster)
        self.connection = FakeConnection()

    async def call(self, name: str, version: int, **fields: Any) -> Any:
        """The parsed answer to the request of that name with these fields."""
        row = ROWS[name]
        message, answer = row.messages()
        sent = b"".join(map(bytes, message.build(version, message(**fields))))
        request, end = message.parse(version, sent, 0)
        assert end == len(sent)
        handle = row.handler()
        context = Context(cast("Any", self.broker), cast("Any", self.connection))
        context.version = version
        try:
            response = handle(context, request)
            if inspect.iscoroutine(response):
                response = await response
        except ApiError as error:
            response = refusal(handle, answer, context, request, error)
        got = b"".join(map(bytes, answer.build(version, response)))
        parsed, end = answer.parse(version, got, 0)
        assert end == len(got)
        return parsed


def refusal(handle: Any, answer: Any, context: Context, request: Any, error: ApiError) -> Any:
    """What the dispatcher makes of an error of the whole request."""
    refuse = handle.__globals__.get("refuse")
    if refuse is not None:
        return refuse(context, request, error)
    response = answer()
    response.error_code = int(error.code)
    response.error_message = error.message
    return response


@asynccontextmanager
async def client_at(
    directory: Path, settings: Mapping[str, str] | None = None, other_brokers: tuple[BrokerImage, ...] = ()
) -> AsyncIterator[Client]:
    """A client of a fresh or reopened cluster of one broker; see `cluster_at`."""
    async with cluster_at(directory, settings, other_brokers) as cluster:
        yield Client(cluster)
