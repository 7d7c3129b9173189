"""Peers that are slow, silent, greedy or gone cost the broker next to nothing, and nobody else notices them."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.broker.client import API_VERSIONS, Client, batch, fetch_fields, framed, header, request
from tests.broker.process import Serve, eventually

MIB = 1024 * 1024


def connect_many(stack: ExitStack, serve: Serve, count: int) -> list[Client]:
    return [stack.enter_context(Client(serve.address)) for _ in range(count)]


def test_announced_numbers_are_not_allocated(serve: Serve, client: Client) -> None:
    """50 connections announce 100 MB each, and 50 more a record set of 100 MB: memory stays where it was."""
    assert client.alive()
    produce = header(0, 7, 1) + struct.pack(">hhi", -1, 1, 1000) + struct.pack(">i", 1) + b"\0\1t"
    record_set = produce + struct.pack(">iii", 1, 0, 100_000_000)
    with ExitStack() as stack:
        peers = connect_many(stack, serve, 100)
        for peer in peers:
            peer.send(API_VERSIONS)
        for peer in peers:
            peer.frame()
        before = serve.memory_kib()
        for peer in peers[:50]:
            peer.send(struct.pack(">i", 100_000_000) + b"\0\3\0\4")
        for peer in peers[50:]:
            peer.send(struct.pack(">i", 100_000_100) + record_set)
        for _ in range(20):  # the broker has seen all that came before these
            assert client.alive()
        grown = serve.memory_kib() - before
    assert grown < 12 * 1024, f"{grown} KiB more"


def test_counts_in_small_frames_allocate_nothing(serve: Serve, client: Client) -> None:
    assert client.alive()
    before = serve.memory_kib()
    for count in (0x7FFFFFFF, 1 << 28, 1 << 20, 10_000):
        with Client(serve.address) as peer:
            peer.send(framed(header(3, 4, 1) + struct.pack(">i", count) + b"\1"))
            assert peer.closed()
    assert serve.memory_kib() - before < 4 * 1024


def test_a_request_that_comes_byte_by_byte_is_served(serve: Serve, client: Client) -> None:
    """And others are served between any two of its bytes."""
    with Client(serve.address) as slow:
        slow.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(API_VERSIONS)):
            slow.send(API_VERSIONS[at : at + 1])
            assert client.alive()
        assert slow.frame()[:4] == struct.pack(">i", 77)


def test_a_peer_that_shuts_down_its_sending_side(serve: Serve) -> None:
    """Half-open: what it asked before is answered, then the broker closes too."""
    before = serve.complaints()
    with Client(serve.address) as peer:
        peer.send(API_VERSIONS * 3)
        peer.sock.shutdown(socket.SHUT_WR)
        for _ in range(3):
            assert peer.frame()[:4] == struct.pack(">i", 77)
        assert peer.closed()
    assert serve.complaints() == before


def test_peers_that_go_in_the_middle(serve: Serve, client: Client) -> None:
    """Within a frame, with a reset, and while their answer is on the way: no complaint, and nothing left behind."""
    assert client.alive()
    before, descriptors = serve.complaints(), open_descriptors(serve)
    for _ in range(10):
        with Client(serve.address) as peer:
            peer.send(API_VERSIONS[:9])
        with Client(serve.address) as peer:
            peer.send(API_VERSIONS * 50)
            peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert client.alive()
    eventually(lambda: open_descriptors(serve) <= descriptors)
    assert serve.complaints() == before


def test_a_peer_that_goes_while_its_fetch_waits(serve: Serve, client: Client) -> None:
    client.create("waited-for")
    descriptors = open_descriptors(serve)
    peers = [Client(serve.address) for _ in range(10)]
    for peer in peers:
        peer.send(request("Fetch", 11, **fetch_fields("waited-for", 0, 2000)))
    for peer in peers:
        peer.sock.close()
    assert client.produce("waited-for", batch(b"x")).error_code == 0  # wakes those who wait
    eventually(lambda: open_descriptors(serve) <= descriptors)


def open_descriptors(serve: Serve) -> int:
    return len(list(Path(f"/proc/{serve.process.pid}/fd").iterdir()))


def test_a_thousand_requests_and_nothing_read(serve: Serve, client: Client) -> None:
    """The broker holds the answers of one piece at most; when the peer reads at last, all come, in order."""
    client.create("large")
    assert client.produce("large", batch(bytes(200_000))).error_code == 0
    before = serve.memory_kib()
    frames = [request("Fetch", 11, number, **fetch_fields("large", 0, 0)) for number in range(1000)]
    with Client(serve.address, receive_buffer_bytes=4096) as greedy:
        greedy.send(b"".join(frames))
        for _ in range(50):
            assert client.alive()
        assert serve.memory_kib() - before < 8 * 1024
        for number in range(1000):
            answer = greedy.frame()
            assert answer[:4] == struct.pack(">i", number)
            assert len(answer) > 200_000


def test_fifty_who_never_read(serve: Serve, client: Client) -> None:
    client.create("unread")
    assert client.produce("unread", batch(bytes(500_000))).error_code == 0
    before = serve.memory_kib()
    with ExitStack() as stack:
        for _ in range(50):
            greedy = stack.enter_context(Client(serve.address, receive_buffer_bytes=4096))
            greedy.send(request("Fetch", 11, **fetch_fields("unread", 0, 0)) * 100)
        for _ in range(50):
            assert client.alive()
        assert serve.memory_kib() - before < 50 * MIB // 1024


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """A broker that grants little."""
    settings = {
        "max.connections.per.ip": "3",
        "max.connections.per.ip.overrides": "127.0.0.2:1",
        "connections.max.idle.ms": "400",
        "socket.request.max.bytes": "20000",
        "queued.max.request.bytes": "-1",
    }
    broker = Serve(tmp_path_factory.mktemp("strict"), settings=settings)
    try:
        yield broker.start()
    finally:
        broker.kill()


def test_max_connections_per_ip(strict: Serve) -> None:
    with ExitStack() as stack:
        peers = connect_many(stack, strict, 3)
        assert all(peer.alive() for peer in peers)
        assert stack.enter_context(Client(strict.address)).closed()
        assert all(peer.alive() for peer in peers)
        peers[0].sock.close()
        eventually(lambda: served(strict))
    assert any("max.connections.per.ip=3 reached" in line for line in strict.complaints())


def served(serve: Serve) -> bool:
    with Client(serve.address) as peer:
        try:
            return peer.alive()
        except (EOFError, OSError):
            return False


def test_idle_connections_are_closed_and_busy_or_waiting_ones_are_not(strict: Serve) -> None:
    """connections.max.idle.ms; a Fetch that waits is not idle, and half a request does not count as life."""
    with Client(strict.address) as idle, Client(strict.address) as slow, Client(strict.address) as waiting:
        waiting.create("idle")
        waiting.send(request("Fetch", 11, **fetch_fields("idle", 0, 1200)))
        slow.send(API_VERSIONS[:5])
        assert idle.alive()
        assert idle.closed()
        assert slow.closed()
        assert waiting.answer("Fetch", 11).error_code == 0


def test_the_frame_limit_is_a_setting(strict: Serve) -> None:
    with Client(strict.address) as peer:
        peer.send(framed(header(18, 0, 77) + bytes(20000 - 13)))  # junk behind the body, and just within
        assert peer.frame()[:4] == struct.pack(">i", 77)
        peer.send(struct.pack(">i", 20001))
        assert peer.closed()
    eventually(lambda: any("above socket.request.max.bytes of 20000" in line for line in strict.complaints()))


def test_max_connections(own: Serve) -> None:
    own.arguments += ["--set=max.connections=2"]
    own.start()
    with ExitStack() as stack:
        peers = connect_many(stack, own, 2)
        assert all(peer.alive() for peer in peers)
        assert stack.enter_context(Client(own.address)).closed()
        assert all(peer.alive() for peer in peers)
    assert sum("max.connections=2 reached" in line for line in own.complaints()) == 1
