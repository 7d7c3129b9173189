"""The topics that a consumer subscribed to, read out of its otherwise opaque metadata (Kafka: ConsumerProtocol).

A coordinator does not understand what members tell each other, with one exception: in groups of protocol type "consumer"
the metadata begins, in all versions, with an int16 version and an array of topic names. Knowing them, the coordinator keeps
the offsets of subscribed topics from expiring (KIP-211) and from deletion (KIP-496).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

CONSUMER = "consumer"


def subscribed_topics(metadatas: Iterable[bytes]) -> frozenset[str] | None:
    """The topics of all members; None if any member's metadata is not what a consumer writes."""
    topics: set[str] = set()
    try:
        for metadata in metadatas:
            read_topics(metadata, topics)
    except (struct.error, UnicodeDecodeError, ValueError):
        return None
    return frozenset(topics)


def read_topics(metadata: bytes, topics: set[str]) -> None:
    version, count = struct.unpack_from(">hi", metadata)
    if version < 0 or not 0 <= count <= len(metadata) // 2:
        raise ValueError("not a subscription")
    position = 6
    for _ in range(count):
        (length,) = struct.unpack_from(">h", metadata, position)
        end = position + 2 + length
        if length < 0 or end > len(metadata):
            raise ValueError("a topic name that does not fit")
        topics.add(metadata[position + 2 : end].decode())
        position = end
