"""What every Transport must do; run it on each implementation."""

from __future__ import annotations

from collections.abc import Callable

from pykbroker.server.transport import Transport


def check_transport(
    make: Callable[[], tuple[Transport, Callable[[bytes], None], Callable[[int], bytes]]],
) -> None:
    """make() gives the transport, a function by which its peer sends, and one by which its peer reads n bytes."""
    transport, peer_send, peer_read = make()
    assert transport.receive(10) is None, "nothing is there yet"
    assert transport.receive_into(memoryview(bytearray(4))) is None
    peer_send(b"hello world")
    assert transport.receive(5) == b"hello"
    target = bytearray(8)
    assert transport.receive_into(memoryview(target)) == 6
    assert target[:6] == b" world"
    buffers = [b"a" * 10, memoryview(b"b" * 20), bytearray(b"c" * 30)]
    assert transport.send(buffers, 60) == 60
    assert peer_read(60) == b"a" * 10 + b"b" * 20 + b"c" * 30
    large = [b"d" * 30_000, b"e" * 30_000]
    assert transport.send(large, 60_000) == 60_000
    assert peer_read(60_000) == b"".join(large)
    transport.close()
