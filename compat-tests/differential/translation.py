"""What a request holds that came from an earlier answer: recorded values and those of the broker that is asked now.

A broker gives ids at random, and a client sends them back. Field names say of which kind an id is, in requests and answers
alike. An answer of the broker is laid beside the recorded one, list elements matched by name, and where the two hold
different ids of a kind in the same place, the pair is learnt. Requests are then translated forward before they are
sent, and answers backward before they are compared: both brokers are spoken to, and judged, in recorded ids.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from differential import records
from differential.compare import MISSING, aligned

# field -> kind of id; a field may also hold a list of them
KINDS = {
    "topic_id": "topic id",  # Metadata, CreateTopics -> Fetch, Produce, DeleteTopics, OffsetCommit ...
    "member_id": "member id",  # JoinGroup -> SyncGroup, Heartbeat, LeaveGroup, OffsetCommit ...
    "leader": "member id",
    "producer_id": "producer id",  # InitProducerId -> Produce (in its batches), AddPartitionsToTxn ...
    "session_id": "fetch session",  # Fetch -> Fetch
    "cluster_id": "cluster",
    "node_id": "broker",  # Metadata -> DescribeConfigs, CreateTopics ...
    "leader_id": "broker",
    "controller_id": "broker",
    "replica_nodes": "broker",
    "isr_nodes": "broker",
    "broker_ids": "broker",
}
BROKER_RESOURCES = (4, 8)  # ConfigResource.Type BROKER and BROKER_LOGGER: their names are broker ids
NOTHING = {
    "topic id": (bytes(16),),
    "member id": ("",),
    "producer id": (-1,),
    "fetch session": (0,),
    "cluster": ("",),
    "broker": (-1,),
}


class Translation:
    """The ids of one broker in one replay."""

    def __init__(self) -> None:
        self._live: dict[str, dict[Any, Any]] = {kind: {} for kind in NOTHING}
        self._recorded: dict[str, dict[Any, Any]] = {kind: {} for kind in NOTHING}

    def forward(self, body: Any) -> Any:
        """A request with the broker's own ids."""
        return _map_ids(body, lambda kind, value: self._live[kind].get(value, value), self._live)

    def backward(self, body: Any) -> Any:
        """An answer with recorded ids; those that no recorded one is known for stay."""
        return _map_ids(body, lambda kind, value: self._recorded[kind].get(value, value), self._recorded)

    def learn(self, recorded: Any, answer: Any) -> None:
        """Take the ids from an answer and from the recorded answer to the same request."""
        if isinstance(recorded, dict) and isinstance(answer, dict):
            both = [name for name in recorded if name in answer]
            for name in both:
                if (kind := KINDS.get(name)) and not isinstance(recorded[name], list):
                    self._pair(kind, recorded[name], answer[name])
            for name in both:  # a member's own id names it in the list of all
                self.learn(recorded[name], answer[name])
        elif isinstance(recorded, list) and isinstance(answer, list):
            self._learn_list(recorded, answer)

    def _learn_list(self, recorded: list[Any], answer: list[Any]) -> None:
        if not all(isinstance(item, dict) for item in (*recorded, *answer)):
            return
        rows = aligned(recorded, self.backward(answer))
        for _, one, other in rows:
            self.learn(one, other)
        ours = [one for _, one, other in rows if other is MISSING]
        theirs = [other for _, one, other in rows if one is MISSING]
        if len(ours) == len(theirs) == 1:  # named by ids that are not known yet
            self.learn(ours[0], theirs[0])

    def _pair(self, kind: str, recorded: Any, live: Any) -> None:
        if type(recorded) is not type(live) or recorded in NOTHING[kind] or live in NOTHING[kind]:
            return
        if recorded not in self._live[kind] and live not in self._recorded[kind]:
            self._live[kind][recorded] = live
            self._recorded[kind][live] = recorded


def ids(body: Any, found: dict[str, list[Any]]) -> None:
    """Adds to `found` the ids in an answer, by kind."""

    def note(kind: str, value: Any) -> Any:
        if value not in NOTHING[kind] and value is not None and value not in found.setdefault(kind, []):
            found[kind].append(value)
        return value

    _map_ids(body, note, {})


def _map_ids(body: Any, change: Callable[[str, Any], Any], tables: dict[str, dict[Any, Any]]) -> Any:
    """A copy of plain data in which every id went through `change`."""
    if isinstance(body, list):
        return [_map_ids(item, change, tables) for item in body]
    if not isinstance(body, dict):
        return body
    out: dict[str, Any] = {}
    for name, value in body.items():
        if kind := KINDS.get(name):
            out[name] = (
                [change(kind, item) for item in value] if isinstance(value, list) else change(kind, value)
            )
        elif name == "records" and isinstance(value, bytes):
            out[name] = records.with_producer_ids(value, tables.get("producer id", {}))
        else:
            out[name] = _map_ids(value, change, tables)
    if body.get("resource_type") in BROKER_RESOURCES and str(body.get("resource_name")).isdigit():
        out["resource_name"] = str(change("broker", int(body["resource_name"])))
    return out
