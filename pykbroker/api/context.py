"""What a handler knows beside its request.

One Context belongs to one connection and is reused for its requests, which are handled strictly one after the other; a
handler must not keep it beyond its answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pykbroker.broker import Broker
    from pykbroker.server.connection import Connection


class Context:
    """The request's surroundings.

    broker: the services (`.config .clock .metadata .replicas .controller .groups .producer_ids .store`).
    version: API version of the request. client_id: as sent; None if null. correlation_id: as sent.
    """

    __slots__ = ("broker", "client_id", "connection", "correlation_id", "version")

    def __init__(self, broker: Broker, connection: Connection) -> None:
        self.broker = broker
        self.connection = connection
        self.version = 0
        self.client_id: str | None = None
        self.correlation_id = 0

    def endpoint(self, broker_id: int) -> tuple[str, int] | None:
        """Where this client reaches that broker, by the listener it came in by; None if that broker has no such listener.

        Without advertised.listeners this broker's own address is the one at which the client reached it: right behind
        0.0.0.0, port 0 and on several networks alike.
        """
        broker = self.broker
        connection = self.connection
        if broker_id == broker.id and not broker.advertises:
            return connection.local_host, connection.local_port
        image = broker.metadata.image.brokers.get(broker_id)
        if image is None:
            return None
        for endpoint in image.endpoints:
            if endpoint.listener == connection.listener:
                return endpoint.host, endpoint.port
        return None
