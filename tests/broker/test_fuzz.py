"""Some thousand spoiled frames over sockets: the broker lives, and nobody else notices."""

from __future__ import annotations

from contextlib import ExitStack

from pykbroker.api.table import APIS
from tests.broker.client import Client, batch, framed
from tests.broker.process import Serve
from tests.wire.fuzz import numbered
from tests.wire.fuzz_targets import Target, requests

FRAMES = 3000
AT_ONCE = 30
SEED = 20


def served_requests() -> Target:
    """Those that the broker does not refuse by their header alone."""
    everything = requests()
    served: dict[int | None, range] = {api.key: range(api.lowest, api.highest + 1) for api in APIS}
    frames = [
        valid
        for valid in everything.valid
        if valid.message is not None and valid.version in served.get(valid.message.key, ())
    ]
    return Target(everything.name, frames, everything.read)


def test_hostile_frames_over_sockets(serve: Serve, client: Client) -> None:
    """Each on a connection of its own, which may be closed, be answered or wait; then it is closed from here."""
    client.create("untouched")
    kept = batch(b"first", b"second")
    assert client.produce("untouched", kept).error_code == 0
    target = served_requests()
    for first in range(0, FRAMES, AT_ONCE):
        with ExitStack() as stack:
            for number in range(first, first + AT_ONCE):
                _, data = numbered(target, SEED, number)
                peer = stack.enter_context(Client(serve.address))
                peer.send(framed(bytes(data)))
            assert client.alive(), f"after the frames {first} to {first + AT_ONCE - 1} of seed {SEED}"
    assert bytes(client.fetch("untouched").records)[61:] == kept[61:]
    assert serve.process.poll() is None
    bugs = [line for line in serve.complaints() if not line.startswith("closed the connection of")]
    assert bugs == []
