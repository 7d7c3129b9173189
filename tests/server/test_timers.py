"""The heap of timers by key, held against a plain dictionary."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pykbroker.server.timers import Timers

steps = st.one_of(
    st.tuples(st.just("set"), st.integers(0, 5), st.integers(0, 20)),
    st.tuples(st.just("cancel"), st.integers(0, 5), st.just(0)),
    st.tuples(st.just("wait"), st.just(0), st.integers(1, 10)),
)


@given(st.lists(steps, max_size=40))
@settings(max_examples=100, deadline=None)
def test_timers_fire_once_each_at_the_time_last_set(script: list[tuple[str, int, int]]) -> None:
    timers, model, now = Timers(), {}, 0
    for what, key, number in script:
        if what == "set":
            timers.set(key, now + number, (key, now + number))
            model[key] = now + number
        elif what == "cancel":
            timers.cancel(key)
            model.pop(key, None)
        else:
            now += number
            fired = []
            while (command := timers.pop_due(now)) is not None:
                fired.append(command)
            due = {key: at for key, at in model.items() if at <= now}
            assert [at for _, at in fired] == sorted(due.values())
            assert dict(fired) == due
            model = {key: at for key, at in model.items() if at > now}
        assert len(timers) == len(model)
        if model:
            assert timers.next_at is not None
            assert timers.next_at <= min(model.values())
        else:
            assert timers.next_at is None


def test_cancelled_timers_do_not_pile_up() -> None:
    timers = Timers()
    for number in range(10_000):
        timers.set(number, 1_000_000, "x")
        timers.cancel(number)
    assert len(timers._heap) < 200


def test_a_heartbeat_does_not_grow_the_heap() -> None:
    timers = Timers()
    for number in range(10_000):
        timers.set("member", number, "x")
    assert len(timers._heap) == 1
