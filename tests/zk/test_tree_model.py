"""The tree does what a naive model does, whatever is asked of it; and what it logs makes the same tree again."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given, settings

from tests.zk.model import Model
from zk import snapshot
from zk.errors import MultiError, ZkError
from zk.operations import Check, CloseSession, Create, Delete, Multi, Operation, SetData
from zk.transactions import Txn, decode, encode
from zk.tree import SYSTEM_PATHS, Tree

SESSIONS = (0x100, 0x200)
PATHS = ("/a", "/b", "/a/x", "/a/y", "/a/x/deep", "/b/x", "/missing/x")

paths = st.sampled_from(PATHS)
data = st.sampled_from((None, b"", b"one", b"two"))
versions = st.sampled_from((-1, -1, 0, 1, 2))
creates = st.tuples(paths, data, st.booleans(), st.sampled_from((False, False, True))).map(
    lambda fields: Create(*fields)
)
deletes = st.tuples(paths, versions).map(lambda fields: Delete(*fields))
writes = st.tuples(paths, data, versions).map(lambda fields: SetData(*fields))
checks = st.tuples(paths, versions).map(lambda fields: Check(*fields))
multis = st.lists(creates | deletes | writes | checks, min_size=1, max_size=5).map(
    lambda steps: Multi(tuple(steps))
)
operations = st.one_of(creates, creates, deletes, writes, multis, st.just(CloseSession()))
histories = st.lists(st.tuples(operations, st.sampled_from(SESSIONS)), max_size=40)


def new_tree() -> Tree:
    """Without /zookeeper, of which the model knows nothing."""
    tree = Tree()
    tree.load(0, {"/": tree.nodes["/"]})
    return tree


def play(history: list[tuple[Operation, int]], tree: Tree, model: Model) -> list[Txn]:
    """Asks both the same, and compares after every step."""
    log = []
    for now_ms, (operation, session_id) in enumerate(history, start=1000):
        try:
            txn = tree.decide(operation, session_id, now_ms)
            error = None
        except ZkError as raised:
            error = type(raised.error if isinstance(raised, MultiError) else raised)
        if isinstance(operation, CloseSession):
            model.end_session(session_id)
        else:
            assert error is model.do(operation, session_id, now_ms)
        if error is None:
            log.append(txn)
            tree.apply(txn)
        assert {path: tree.stat(path, node) for path, node in tree.nodes.items()} == model.stats()
        assert {path: node.data for path, node in tree.nodes.items()} == {
            path: node.data for path, node in model.nodes.items()
        }
    return log


def state(tree: Tree) -> object:
    children = {path: set(tree.children(path)) for path in tree.nodes}
    owned = {session: set(paths) for session, paths in tree.ephemerals.items() if paths}
    return tree.zxid, tree.nodes, children, owned


@given(histories)
@settings(max_examples=150, deadline=None)
def test_the_tree_is_the_model(history: list[tuple[Operation, int]]) -> None:
    play(history, new_tree(), Model())


@given(histories)
@settings(max_examples=60, deadline=None)
def test_deciding_changes_nothing_and_the_log_makes_the_same_tree_again(
    history: list[tuple[Operation, int]],
) -> None:
    tree = new_tree()
    log = play(history, tree, Model())
    replayed = new_tree()
    for txn in log:
        assert decode(encode(txn)) == txn
        assert type(decode(encode(txn)).body) is type(txn.body)
        replayed.apply(decode(encode(txn)))
    assert state(replayed) == state(tree)


@given(histories, st.data())
@settings(max_examples=60, deadline=None)
def test_a_snapshot_and_the_rest_of_the_log_make_the_same_tree(
    history: list[tuple[Operation, int]], draw: st.DataObject
) -> None:
    tree = new_tree()
    log = play(history, tree, Model())
    cut = draw.draw(st.integers(0, len(log)))
    before = new_tree()
    for txn in log[:cut]:
        before.apply(txn)
    taken = snapshot.decode(
        before.zxid, snapshot.encode(snapshot.Snapshot(before.zxid, before.nodes, {1: 2}))
    )
    assert taken.sessions == {1: 2}
    after = Tree()
    after.load(taken.zxid, taken.nodes)
    for txn in log[cut:]:
        after.apply(txn)
    assert state(after) == state(tree)


@given(histories)
@settings(max_examples=60, deadline=None)
def test_a_log_over_the_tree_that_it_made_ends_at_the_same_tree(history: list[tuple[Operation, int]]) -> None:
    """A real ZooKeeper's snapshot may hold more than its name says: what was created and stayed must not
    change.

    What was deleted in between comes and goes again, so parents' pzxids stay, too.
    """
    tree = new_tree()
    log = play(history, tree, Model())
    expected = {path: node.data for path, node in tree.nodes.items()}
    counters = {path: (node.cversion, node.version) for path, node in tree.nodes.items()}
    for txn in log:
        tree.apply(txn)
    assert {path: node.data for path, node in tree.nodes.items()} == expected
    assert {path: (node.cversion, node.version) for path, node in tree.nodes.items()} == counters


def test_system_paths_are_there_from_the_beginning() -> None:
    assert set(Tree().nodes) == SYSTEM_PATHS
