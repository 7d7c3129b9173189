"""Changing configurations: of topics, of this broker, of all brokers, of groups.

Each resource of a request stands for itself and is one transaction: the entity's znode, and a notification under
/config/changes by which the other brokers of a shared ensemble learn of it. Notifications are never consumed; whoever writes
the next one deletes those that are older than 15 minutes, as Kafka's brokers do.

A dynamic change of the broker makes a new BrokerConfig: broker.py subscribes to the image and swaps it in before the answer.

Kafka counterparts: ZkAdminManager.incrementalAlterConfigs, ZkNodeChangeNotificationListener.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pykbroker.clock import Clock
from pykbroker.core.cluster import znodes
from pykbroker.core.cluster.image import ClusterImage
from pykbroker.core.controller.settings import Alteration, Planned, plan_alteration
from pykbroker.errors import ApiError
from pykbroker.logs import get_logger
from pykbroker.server import loading
from pykbroker.server.cluster_writer import ClusterWriter
from zk.operations import Create, Delete, SetData, Step
from zk.store import Store

if TYPE_CHECKING:
    from pykbroker.config.broker import BrokerConfig

log = get_logger(__name__)

NOTIFICATION_LIFE_MS = 15 * 60 * 1000


class ConfigAdmin:
    """Alters configurations through the one writer of the cluster."""

    def __init__(
        self,
        broker_id: int,
        store: Store,
        writer: ClusterWriter,
        clock: Clock,
        config: Callable[[], BrokerConfig],
    ) -> None:
        self._broker_id = broker_id
        self._store = store
        self._writer = writer
        self._clock = clock
        self._config = config

    async def alter(self, wanted: Sequence[Alteration], validate_only: bool) -> list[ApiError | None]:
        """For each, in order, None when it is done (or could be, if validate_only), or why it is refused."""
        return [await self._alter(each, validate_only) for each in wanted]

    async def _alter(self, wanted: Alteration, validate_only: bool) -> ApiError | None:
        try:
            async with self._writer.change() as image:
                planned = plan_alteration(image, wanted, self._broker_id, self._config())
                if not validate_only:
                    await self._write(image, planned)
        except ApiError as error:
            return error
        if not validate_only:
            log.info("configuration of %s is now %s", planned.entity, loggable(planned))
        return None

    async def _write(self, image: ClusterImage, planned: Planned) -> None:
        kind, _, name = planned.entity.partition("/")
        data = znodes.format_config(planned.config)
        path = znodes.config_path(planned.entity)
        steps: list[Step] = []
        if not await self._store.exists(znodes.config_path(kind)):
            steps.append(Create(znodes.config_path(kind)))
        steps.append(SetData(path, data) if await self._store.exists(path) else Create(path, data))
        steps.append(
            Create(znodes.CONFIG_CHANGE_PREFIX, znodes.format_config_change(planned.entity), sequential=True)
        )
        steps += await self._outdated()
        if kind == "topics":
            after = image.with_topic_config(name, planned.config)
        else:
            after = image.with_config(planned.entity, planned.config)
        await self._writer.commit([steps], after)

    async def _outdated(self) -> list[Step]:
        """Deletes of the notifications that every broker must have seen. They stand in the order of their numbers."""
        oldest_ms = self._clock.now_ms() - NOTIFICATION_LIFE_MS
        steps: list[Step] = []
        for name in await loading.children(self._store, znodes.CONFIG_CHANGES):
            path = f"{znodes.CONFIG_CHANGES}/{name}"
            stat = await self._store.exists(path)
            if stat is None or stat.ctime >= oldest_ms:
                break
            steps.append(Delete(path))
        return steps


def loggable(planned: Planned) -> dict[str, str]:
    """A configuration for the log: passwords and what nobody knows are hidden."""
    from pykbroker.config.broker import BROKER
    from pykbroker.config.setting import HIDDEN

    if not planned.entity.startswith("brokers/"):
        return planned.config
    return {
        name: BROKER[name].shown(value) if name in BROKER else HIDDEN
        for name, value in planned.config.items()
    }
