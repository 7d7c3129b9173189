"""How a broker enters the cluster: the fixed paths, the cluster's id, its registration, the election of the controller.

A start is as few transactions as it can be, since each is a write to disk: one for all that is missing of the fixed paths
together with the cluster's id, and one for the registration together with the election. The registration is ephemeral: it
stands as long as this process's session, and its czxid is the broker's epoch, another one after each start.

Kafka counterparts: KafkaServer.startup, KafkaZkClient.registerBroker and registerControllerAndIncrementControllerEpoch.
"""

from __future__ import annotations

from typing import NamedTuple

from pykbroker.clock import Clock, random_uuid
from pykbroker.core.cluster import znodes
from pykbroker.core.cluster.image import BrokerImage, Endpoint
from pykbroker.errors import StartError
from zk.errors import MultiError, NoNode
from zk.operations import Create, SetData, Step
from zk.store import Store

CANNOT_CREATE = 73  # sysexits: EX_CANTCREAT, something with our name is there already
DATA_ERROR = 65  # sysexits: EX_DATAERR


class Leadership(NamedTuple):
    """Who controls the cluster. epoch: that of the controller. version: of /controller_epoch, what its writes check."""

    controller_id: int
    epoch: int
    version: int


async def prepare(store: Store, known_id: str | None, clock: Clock) -> str:
    """Make the fixed paths and return the cluster's id.

    known_id: what the log dirs say (meta.properties); None if they are new. A new cluster takes it, or draws one.

    Raises: StartError when the log dirs belong to another cluster.
    """
    ops: list[Step] = [Create(path, None) for path in znodes.PERSISTENT_PATHS if not await store.exists(path)]
    try:
        data, _ = await store.get(znodes.CLUSTER_ID)
    except NoNode:
        cluster_id = known_id or znodes.format_uuid(random_uuid(clock))
        if not await store.exists("/cluster"):
            ops.append(Create("/cluster", None))
        ops.append(Create(znodes.CLUSTER_ID, znodes.format_cluster_id(cluster_id)))
    else:
        cluster_id = znodes.parse_cluster_id(data)
    if not await store.exists(znodes.CONTROLLER_EPOCH):
        ops.append(Create(znodes.CONTROLLER_EPOCH, znodes.format_controller_epoch(0)))
    if known_id is not None and known_id != cluster_id:
        raise StartError(
            f"the log dirs belong to the cluster {known_id}, but the store holds the cluster {cluster_id}: point the broker"
            " at the data of one cluster",
            DATA_ERROR,
        )
    if ops:
        await store.multi(ops)
    return cluster_id


async def join(
    store: Store, broker_id: int, endpoints: tuple[Endpoint, ...], rack: str | None, now_ms: int
) -> tuple[BrokerImage, Leadership]:
    """Register this broker, and become the controller if there is none.

    Raises: StartError when another process holds the registration of this id.
    """
    broker = BrokerImage(broker_id, 0, endpoints, rack)
    path = znodes.broker_path(broker_id)
    register: list[Step] = [
        Create(path, None, ephemeral=True),
        SetData(path, znodes.format_broker(broker, now_ms), 0),
    ]
    while True:
        candidacy, leadership = await _candidacy(store, broker_id, now_ms)
        try:
            await store.multi([*register, *candidacy])
        except MultiError as error:
            if error.index < len(register):
                raise StartError(
                    f"a broker with broker.id={broker_id} is registered already: stop the other one, or give this one"
                    " another broker.id",
                    CANNOT_CREATE,
                ) from None
            continue  # another broker has won the election in between: look again
        _, stat = await store.get(path)
        return broker._replace(epoch=stat.czxid), leadership


async def _candidacy(store: Store, broker_id: int, now_ms: int) -> tuple[list[Step], Leadership]:
    """The writes that make this broker the controller, none if there is one; and who it is then."""
    data, stat = await store.get(znodes.CONTROLLER_EPOCH)
    epoch = znodes.parse_controller_epoch(data)
    try:
        controller, _ = await store.get(znodes.CONTROLLER)
    except NoNode:
        ops: list[Step] = [
            Create(znodes.CONTROLLER, znodes.format_controller(broker_id, now_ms), ephemeral=True),
            SetData(znodes.CONTROLLER_EPOCH, znodes.format_controller_epoch(epoch + 1), stat.version),
        ]
        return ops, Leadership(broker_id, epoch + 1, stat.version + 1)
    return [], Leadership(znodes.parse_controller(controller), epoch, stat.version)
