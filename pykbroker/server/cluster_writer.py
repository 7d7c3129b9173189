"""The order in which a change of the cluster becomes true, and what guards it.

    decide on the current image -> transactions in the store -> the next image -> the replicas open and close their logs,
    everyone who subscribed is told -> the answer

One change at a time holds the lock, so what was decided on is what is written on. Every transaction checks the version of
/controller_epoch: a controller that was deposed without noticing changes nothing. A change larger than one transaction is
cut only where a start in between would find what is missing and complete it (server/loading.py).

A failed write leaves the image behind the store at most, never before it; the next change then begins by loading anew.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager

import trio

from pykbroker.clock import Clock, random_uuid
from pykbroker.core.cluster import znodes
from pykbroker.core.cluster.image import ClusterImage, TopicImage
from pykbroker.core.controller.election import NOBODY
from pykbroker.errors import ApiError
from pykbroker.logs import get_logger
from pykbroker.server import loading
from pykbroker.server.metadata import MetadataCache
from wire.errors import ErrorCode
from zk.errors import StorageError, ZkError
from zk.operations import Check, Step
from zk.store import Store

log = get_logger(__name__)

# A transaction of this many writes stays below the megabyte that a ZooKeeper server takes (jute.maxbuffer).
MAX_STEPS = 2000


class ClusterWriter:
    """Writes to the store what the controller decided, and makes it the image."""

    def __init__(
        self, store: Store, metadata: MetadataCache, clock: Clock, unclean: Callable[[TopicImage], bool]
    ) -> None:
        """unclean: whether a topic may be led by a replica outside its ISR, for the elections of a start."""
        self.store = store
        self._metadata = metadata
        self._clock = clock
        self._unclean = unclean
        self._lock = trio.Lock()
        self._epoch_version = -1  # of /controller_epoch, since this broker leads; -1: it does not
        self._behind = False  # the store may know more than the image

    async def start(self, image: ClusterImage, epoch_version: int, returned: frozenset[int] = NOBODY) -> None:
        """Load the cluster and make it the image.

        image: knows cluster id and controller. epoch_version: -1 if another broker is the controller; nothing is set
        right then, and no change is accepted. returned: brokers that died since, and live again.

        Raises: znodes.MalformedZnode, ZkError.
        """
        async with self._lock:
            self._epoch_version = epoch_version
            await self._load(image, returned)

    @asynccontextmanager
    async def change(self) -> AsyncIterator[ClusterImage]:
        """Hold the lock; gives the image to decide on. Raises: NOT_CONTROLLER, KAFKA_STORAGE_ERROR."""
        async with self._lock:
            if self._epoch_version < 0:
                raise ApiError(
                    ErrorCode.NOT_CONTROLLER,
                    "This broker is not the controller; send the request to the one that Metadata names.",
                )
            if self._behind:
                try:
                    await self._load(self._metadata.image)
                except ZkError as error:
                    raise _told(error) from error
            yield self._metadata.image

    async def commit(self, groups: Sequence[Sequence[Step]], image: ClusterImage) -> None:
        """Write the steps, and then make this the image. Only within `change`.

        groups: steps that belong together; a group stands in one transaction if it fits into one.

        Raises: NOT_CONTROLLER when the store holds something else than the image said, KAFKA_STORAGE_ERROR.
        """
        with trio.CancelScope(
            shield=True
        ):  # a client that goes away in between must not part image and store
            try:
                await self._write(groups)
            except ZkError as error:
                self._behind = True
                raise _told(error) from error
            self._metadata.swap(image)

    async def _write(self, groups: Sequence[Sequence[Step]]) -> None:
        guard = Check(znodes.CONTROLLER_EPOCH, self._epoch_version)
        for steps in transactions(groups):
            await self.store.multi([guard, *steps])

    async def _load(self, image: ClusterImage, returned: frozenset[int] = NOBODY) -> None:
        loaded = await loading.load(
            self.store, image, lambda: random_uuid(self._clock), self._unclean, returned
        )
        if loaded.repairs and self._epoch_version >= 0:
            why = "the last run was killed: new leader epochs" if returned else "what was left unfinished"
            log.info("set right %d znodes: %s", len(loaded.repairs), why)
            await self._write([loaded.repairs])
        self._behind = False
        self._metadata.swap(loaded.image)


def transactions(groups: Sequence[Sequence[Step]], most: int = MAX_STEPS) -> Iterator[list[Step]]:
    """The steps in as few transactions as they fit into; a group is cut only if it is longer than one."""
    together: list[Step] = []
    for group in groups:
        if together and len(together) + len(group) > most:
            yield together
            together = []
        if len(group) <= most:
            together.extend(group)
            continue
        for start in range(0, len(group), most):
            yield list(group[start : start + most])
    if together:
        yield together


def _told(error: ZkError) -> ApiError:
    """What a client is told of a failure of the store."""
    if isinstance(error, StorageError):
        return ApiError(
            ErrorCode.KAFKA_STORAGE_ERROR,
            f"The store could not write the change: {error}. Give its disk room and try again.",
        )
    log.warning("the store refused a change: %s", error)
    return ApiError(
        ErrorCode.NOT_CONTROLLER,
        f"The store holds something else than this broker knew ({error}); try again.",
    )
