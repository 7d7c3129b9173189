"""Rules of the tree that a person should find by name. (PrepRequestProcessor, DataTree, PathUtils)"""

from __future__ import annotations

import pytest

from zk.data import OPEN_ACL_UNSAFE, READ_ACL_UNSAFE, Acl, check_path
from zk.errors import (
    BadArguments,
    BadVersion,
    InvalidACL,
    MultiError,
    NoChildrenForEphemerals,
    NodeExists,
    NoNode,
    NotEmpty,
    ZkError,
    from_code,
)
from zk.operations import (
    Check,
    CloseSession,
    Create,
    CreateSession,
    Delete,
    Multi,
    Operation,
    SetAcl,
    SetData,
)
from zk.transactions import CreateSessionTxn, ErrorTxn, MultiTxn, SetDataTxn, Txn
from zk.tree import Result, Tree

SESSION = 0x7E_0000_0000_0000_01


def do(tree: Tree, operation: Operation, now_ms: int = 1000) -> tuple[Result, ...]:
    return tree.apply(tree.decide(operation, SESSION, now_ms)).results


@pytest.fixture
def tree() -> Tree:
    tree = Tree()
    for operation in (Create("/a", b"x"), Create("/a/b"), Create("/e", ephemeral=True)):
        do(tree, operation)
    return tree


LEGAL = [
    "/",
    "/a",
    "/a/b",
    "/...",
    "/.a",
    "/a.",
    "/a..",
    "/a/..b",
    "/ ",
    "/<default>",
    "/ä/€/\uffef",
    "/\ud7ff",
]


@pytest.mark.parametrize("path", LEGAL)
def test_legal_paths(path: str) -> None:
    check_path(path)


ILLEGAL = [
    "",
    "a",
    "a/b",
    "//",
    "/a/",
    "/a//b",
    "/.",
    "/..",
    "/a/./b",
    "/a/../b",
    "/a/..",
    "/a\0b",
    "/\x01",
    "/\x1f",
]
ILLEGAL += ["/\n", "/\x7f", "/\x9f", "/\ud800", "/\uf8ff", "/\ufff0", "/\uffff", "/\U0001f600"]


@pytest.mark.parametrize("path", ILLEGAL)
def test_illegal_paths(path: str) -> None:
    with pytest.raises(BadArguments) as raised:
        check_path(path)
    assert raised.value.path == path


@pytest.mark.parametrize(
    ("operation", "error"),
    [
        (Create("/a"), NodeExists),
        (Create("/"), NodeExists),
        (Create("/no/b"), NoNode),
        (Create("/e/b"), NoChildrenForEphemerals),
        (Create("/e/b", sequential=True), NoChildrenForEphemerals),
        (Create("/a/"), BadArguments),
        (Create("/no/"), NoNode),  # the parent is looked for first
        (Create("a"), BadArguments),
        (Create("/no/b", acl=()), InvalidACL),  # the list is looked at before the parent
        (Create("/a", acl=(Acl(31, "auth", ""),)), InvalidACL),
        (Delete("/"), BadArguments),
        (Delete("/zookeeper"), BadArguments),
        (Delete("/no"), NoNode),
        (Delete("/no/b"), NoNode),
        (Delete("/a"), NotEmpty),
        (Delete("/a", 5), BadVersion),  # the version is looked at before the children
        (SetData("/no", b""), NoNode),
        (SetData("/a", b"", 1), BadVersion),
        (SetData("/a/", b""), BadArguments),
        (SetAcl("/a", OPEN_ACL_UNSAFE, 1), BadVersion),
        (SetAcl("/no", ()), InvalidACL),
    ],
)
def test_the_order_of_checks_decides_the_error(
    tree: Tree, operation: Operation, error: type[ZkError]
) -> None:
    with pytest.raises(error):
        tree.decide(operation, SESSION, 1)


def test_a_new_tree_is_zookeepers() -> None:
    """Its own znodes are not counted as created, so the root's cversion begins below zero."""
    tree = Tree()
    assert tree.stat("/", tree.node("/"))[:] == (0, 0, 0, 0, 0, -1, 0, 0, 0, 1, 0)
    assert tree.stat("/zookeeper", tree.node("/zookeeper")).cversion == -2
    config = tree.node("/zookeeper/config")
    assert (config.acl, config.aversion) == (READ_ACL_UNSAFE, -1)
    assert do(tree, Create("/s", sequential=True))[0].path == "/s0000000000"
    assert tree.stat("/", tree.node("/")).cversion == 0


def test_the_root_takes_data(tree: Tree) -> None:
    (result,) = do(tree, SetData("/", b"x"))
    assert result.stat is not None
    assert (result.stat.version, result.stat.data_length) == (1, 1)


def test_a_session_that_ends_takes_its_ephemerals_and_only_those(tree: Tree) -> None:
    tree.apply(tree.decide(Create("/other", ephemeral=True), 2, 1))
    do(tree, Create("/e2", ephemeral=True))
    do(tree, Delete("/e2"))
    do(tree, CloseSession())
    assert set(tree.children("/")) == {"zookeeper", "a", "other"}
    assert tree.stat("/", tree.node("/")).pzxid == tree.zxid


def test_an_ephemeral_can_be_made_again_after_its_session_and_has_a_new_czxid(tree: Tree) -> None:
    before = tree.node("/e").czxid
    do(tree, CloseSession())
    tree.apply(tree.decide(Create("/e", ephemeral=True), 2, 1))
    assert tree.node("/e").czxid == tree.zxid > before


def test_steps_of_a_multi_see_the_steps_before(tree: Tree) -> None:
    results = do(
        tree,
        Multi(
            (
                Delete("/a/b"),
                Delete("/a"),
                Create("/a"),
                Create("/a/n", sequential=True),
                Create("/a/n", sequential=True),
                SetData("/a", b"x", 0),
                Check("/a", 1),
            )
        ),
    )
    assert [result.path for result in results][3:5] == ["/a/n0000000000", "/a/n0000000001"]
    stat = tree.stat("/a", tree.node("/a"))
    assert (stat.version, stat.cversion, stat.czxid, stat.mzxid) == (1, 2, tree.zxid, tree.zxid)


def test_a_multi_under_its_own_ephemeral_fails(tree: Tree) -> None:
    with pytest.raises(MultiError) as raised:
        tree.decide(Multi((Create("/f", ephemeral=True), Create("/f/g"), Delete("/f"))), SESSION, 1)
    assert (raised.value.index, raised.value.results) == (1, (0, -108, -2))
    assert raised.value.code == NoChildrenForEphemerals.code


def test_a_failed_multi_in_a_zookeepers_log_does_nothing(tree: Tree) -> None:
    before = dict(tree.nodes)
    body = MultiTxn((ErrorTxn(0), SetDataTxn("/a", b"", 1), ErrorTxn(-101)))
    assert tree.apply(Txn(1, 0, tree.zxid + 1, 1, body)) == ((), ())
    assert tree.nodes == before


def test_sessions_are_in_the_log_too() -> None:
    tree = Tree()
    txn = tree.decide(CreateSession(18_000), SESSION, 5)
    assert txn == Txn(SESSION, 0, 1, 5, CreateSessionTxn(18_000))
    tree.apply(txn)
    assert tree.zxid == 1


def test_versions_wrap_around_like_an_int_and_leave_out_minus_one(tree: Tree) -> None:
    tree.nodes["/a"] = tree.nodes["/a"]._replace(version=2**31 - 1)
    do(tree, SetData("/a", b""))
    assert tree.node("/a").version == -(2**31)
    tree.nodes["/a"] = tree.nodes["/a"]._replace(version=-2)
    do(tree, SetData("/a", b""))
    assert tree.node("/a").version == 0


def test_doubles_in_an_access_list_go() -> None:
    tree = Tree()
    one, two = Acl(1, "digest", "a:b"), Acl(2, "ip", "127.0.0.1")
    do(tree, Create("/a", acl=(one, two, one)))
    assert tree.node("/a").acl == (one, two)


@pytest.mark.parametrize("text", ["127.0.0.1", "10.0.0.0/8", "0.0.0.0/0", "::1", "fe80::/64"])
def test_addresses_in_an_access_list(text: str) -> None:
    do(Tree(), Create("/a", acl=(Acl(31, "ip", text),)))


@pytest.mark.parametrize(
    "text", ["", "localhost", "1.2.3", "1.2.3.256", "1.2.3.4/33", "1.2.3.4/", "fe80::/129"]
)
def test_what_is_no_address_in_an_access_list(text: str) -> None:
    with pytest.raises(InvalidACL):
        do(Tree(), Create("/a", acl=(Acl(31, "ip", text),)))


def test_errors_come_back_from_their_codes() -> None:
    for code in (-2, -4, -8, -12, -101, -103, -108, -110, -111, -112, -114, -118):
        assert from_code(code, "/a").code == code
        assert type(from_code(code)) is not ZkError
    assert from_code(-999).code == -999
