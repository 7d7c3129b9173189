"""The current image of the cluster, and who wants to know when it is another one.

There is one writer, the controller (later also the watches on a shared ensemble). Readers take `.image` and keep it for
as long as they need one consistent state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import trio

from pykbroker.core.cluster.image import ClusterImage, TopicImage

Subscriber = Callable[[ClusterImage, ClusterImage], None]


class MetadataCache:
    """The image, swapped whole.

    parts: what handlers built from single topics, as (topic, built) by a key of theirs that begins with the topic's name.
    An entry is good as long as the topic in it is still that of the image; all are dropped when the brokers change.
    """

    def __init__(self, image: ClusterImage | None = None) -> None:
        self.image = image or ClusterImage()
        self.parts: dict[tuple[Any, ...], tuple[TopicImage, Any]] = {}
        self._subscribers: list[Subscriber] = []
        self._waiters = trio.lowlevel.ParkingLot()

    def subscribe(self, callback: Subscriber) -> None:
        """Have `callback(old, new)` called at every swap, in order, before the change is answered.

        It must not wait and not swap. What it raises is a bug and goes up to the writer.
        """
        self._subscribers.append(callback)

    def swap(self, image: ClusterImage) -> None:
        """Make this the image. Only the controller calls it."""
        old, self.image = self.image, image
        if old.brokers is not image.brokers or len(self.parts) > 8 * len(image.topics) + 64:
            self.parts.clear()
        for callback in self._subscribers:
            callback(old, image)
        self._waiters.unpark_all()

    async def wait_change(self) -> None:
        """Return at the next swap. Read `.image` before and after: a change in between two waits is not kept for you."""
        await self._waiters.park()
