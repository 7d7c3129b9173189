"""Which event tells whom. (ZooKeeper's WatchManager and DataTree)"""

from __future__ import annotations

import pytest

from zk.data import EventType, WatchEvent
from zk.operations import CloseSession, Create, Delete, Multi, Operation, SetAcl, SetData
from zk.tree import Tree
from zk.watches import Watches

CREATED = EventType.NODE_CREATED
DELETED = EventType.NODE_DELETED
CHANGED = EventType.NODE_DATA_CHANGED
CHILDREN = EventType.NODE_CHILDREN_CHANGED

SESSION = 7


def do(tree: Tree, operation: Operation) -> tuple[WatchEvent, ...]:
    return tree.apply(tree.decide(operation, SESSION, 1)).events


@pytest.fixture
def tree() -> Tree:
    tree = Tree()
    do(tree, Create("/a"))
    do(tree, Create("/a/b"))
    return tree


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (Create("/a/c"), [(CREATED, "/a/c"), (CHILDREN, "/a")]),
        (Create("/c"), [(CREATED, "/c"), (CHILDREN, "/")]),
        (Delete("/a/b"), [(DELETED, "/a/b"), (CHILDREN, "/a")]),
        (SetData("/a", None), [(CHANGED, "/a")]),
        (SetAcl("/a", Tree().nodes["/"].acl), []),
        (
            Multi((Create("/c"), SetData("/c", b""), Delete("/c"))),
            [(CREATED, "/c"), (CHILDREN, "/"), (CHANGED, "/c"), (DELETED, "/c"), (CHILDREN, "/")],
        ),
    ],
)
def test_what_an_operation_tells(
    tree: Tree, operation: Operation, expected: list[tuple[EventType, str]]
) -> None:
    events = do(tree, operation)
    assert [(event.type, event.path) for event in events] == expected
    assert {event.zxid for event in events} <= {tree.zxid}


def test_the_end_of_a_session_tells_of_each_ephemeral(tree: Tree) -> None:
    do(tree, Create("/a/e1", ephemeral=True))
    do(tree, Create("/e2", ephemeral=True))
    events = do(tree, CloseSession())
    assert [(event.type, event.path) for event in events] == [
        (DELETED, "/a/e1"),
        (CHILDREN, "/a"),
        (DELETED, "/e2"),
        (CHILDREN, "/"),
    ]
    assert do(tree, CloseSession()) == ()


def event(kind: EventType, path: str) -> WatchEvent:
    return WatchEvent(kind, path, 1)


def test_data_watches_hear_of_creation_change_and_deletion_and_child_watches_of_children() -> None:
    for kind, told in (
        (CREATED, ["data"]),
        (CHANGED, ["data"]),
        (DELETED, ["data", "child"]),
        (CHILDREN, ["child"]),
    ):
        watches: Watches[str] = Watches()
        watches.watch_data("/a", "data")
        watches.watch_children("/a", "child")
        watches.watch_data("/b", "other")
        assert watches.trigger([event(kind, "/a")]) == [(watcher, event(kind, "/a")) for watcher in told]
        assert watches.count() == 3 - len(told)


def test_a_watcher_in_both_tables_hears_of_a_deletion_once() -> None:
    watches: Watches[str] = Watches()
    watches.watch_data("/a", "x")
    watches.watch_data("/a", "x")
    watches.watch_children("/a", "x")
    assert watches.trigger([event(DELETED, "/a"), event(CHILDREN, "/a")]) == [("x", event(DELETED, "/a"))]
    assert watches.trigger([event(DELETED, "/a")]) == []


def test_of_a_multi_a_watcher_hears_the_first_event_only(tree: Tree) -> None:
    watches: Watches[str] = Watches()
    watches.watch_data("/c", "x")
    told = watches.trigger(do(tree, Multi((Create("/c"), SetData("/c", b"")))))
    assert [(watcher, event.type) for watcher, event in told] == [("x", CREATED)]


def test_clearing_returns_each_watcher_once() -> None:
    watches: Watches[str] = Watches()
    watches.watch_data("/a", "x")
    watches.watch_children("/b", "x")
    watches.watch_children("/b", "y")
    assert watches.clear() == ["x", "y"]
    assert watches.count() == 0
