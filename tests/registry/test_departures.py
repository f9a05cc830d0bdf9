"""Who left of late is remembered, with the cause, for ten minutes."""

from types import SimpleNamespace
from typing import Any, cast

from dnsd.model.change import Change, Removal
from dnsd.model.service import Endpoint, Service
from dnsd.registry.departures import ENDPOINTS_MOST, KEPT_SECONDS, Departure, Departures
from dnsd.registry.watch import Past
from dnsd.runtime.tasks import Tasks

KEY = ("default", "web")


def endpoint(**more: Any) -> Endpoint:
    return Endpoint("default", "web", "one", ("192.0.2.1",), **more)


def test_each_cause_until_it_comes_back(hand_clock: Any) -> None:
    departures = Departures(cast(Any, None), hand_clock)
    for cause, change in {
        "expired": Change(1, (), (Removal((*KEY, "one"), "expired"),)),
        "deleted": Change(2, (), (Removal((*KEY, "one"), "deleted"), Removal(KEY, "deleted"))),
        "draining": Change(3, (Service(*KEY), endpoint(draining=True))),
        "not-ready": Change(4, (endpoint(ready=False),)),
        "weight-0": Change(5, (endpoint(weight=0),)),
    }.items():
        departures.note(change)
        hand_clock.advance(3)
        assert departures.of(KEY) == {"one": Departure(cast(Any, cause), 3.0)}
    departures.note(Change(6, (endpoint(weight=0, priority=1),)))
    assert departures.of(KEY) == {"one": Departure("weight-0", 3.0)}
    departures.note(Change(7, (endpoint(),)))
    assert departures.of(KEY) == {}


def test_forgotten_in_time_and_bounded(hand_clock: Any) -> None:
    departures = Departures(cast(Any, None), hand_clock)
    departures.note(Change(1, (), tuple(Removal((*KEY, f"n{n}"), "expired") for n in range(ENDPOINTS_MOST + 1))))
    assert len(departures.of(KEY)) == ENDPOINTS_MOST
    assert "n0" not in departures.of(KEY)
    hand_clock.advance(KEPT_SECONDS + 1)
    assert departures.of(KEY) == {}


async def test_follows_every_change_and_outlives_a_lost_past(hand_clock: Any, eventually: Any) -> None:
    past = Past()
    departures = Departures(cast(Any, SimpleNamespace(watch=past.watch)), hand_clock)
    tasks = Tasks("test")
    tasks.start("departures", departures.run())
    await eventually(lambda: past._watching)
    past.begin("a", 1)
    past.begin("b", 1)
    await eventually(lambda: past._watching)
    past.append(Change(2, (), (Removal((*KEY, "one"), "expired"),)))
    await eventually(lambda: departures.of(KEY))
    assert departures.of(KEY) == {"one": Departure("expired", 0.0)}
    await tasks.stop()
