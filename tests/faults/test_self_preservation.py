"""Self-preservation (faults.md 5) against a small model of it: hypothesis lets some of many hearts stop and beat again,
lets endpoints leave on purpose and come back, and seconds and quarters of an hour pass; real Redis and Valkey decide.
"""

import asyncio
import math
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from faults.machines import assert_holds
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from servers import Server

from dnsd.model.service import Endpoint, EndpointKey
from dnsd.store.operations import Accepted, delete, mark, put
from dnsd.store.redis import Store

pytestmark = pytest.mark.timeout(900)

T = TypeVar("T")
KEYS = [("default", f"s{number:02}", each) for number in range(12) for each in "ab"]
"""Services of two: that a service of three keeps the half of its endpoints is another rule."""
WINDOW, ENOUGH, FEWER_LEAST = 15, 0.85, 5
SLOW_AFTER, SLOW_EVERY, SLOW_SHARE = 900, 10, 0.01


def lease_of(key: EndpointKey) -> int:
    return 3 if int(key[1][1:]) % 2 else 6


@dataclass
class Guard:
    """When it should be on, and how many may go. ``deadlines``: of all leases that stand."""

    tick: int = 0
    deadlines: dict[EndpointKey, int] = field(default_factory=dict)
    draining: set[EndpointKey] = field(default_factory=set)
    parted: int = 0
    samples: list[tuple[int, int, int]] = field(default_factory=list)
    since: int = 0
    base: float = 0.0
    parted_then: int = 0
    released: int = 0
    let_at: int = 0
    well_since: int | None = None

    @property
    def live(self) -> int:
        return sum(deadline > self.tick for deadline in self.deadlines.values())

    @property
    def due(self) -> list[EndpointKey]:
        """Whose lease ran out, the oldest first."""
        late = [(deadline, key) for key, deadline in self.deadlines.items() if deadline <= self.tick]
        return [key for _, key in sorted(late)]

    def look(self) -> float:
        """Another second: how many may go now."""
        self.samples = [each for each in self.samples if each[0] >= self.tick - WINDOW]
        wanted = self.samples[0][1] - max(0, self.parted - self.samples[0][2]) if self.samples else 0
        self.samples.append((self.tick, self.live, self.parted))
        if not self.since:
            return self._begin(wanted)
        wanted = self.base - max(0, self.parted - self.parted_then) - self.released
        is_slow, share = self.tick - self.since >= SLOW_AFTER, math.ceil(self.base * SLOW_SHARE)
        is_well = self.live >= ENOUGH * wanted or (is_slow and len(self.due) <= share)
        self.well_since = (self.well_since or self.tick) if is_well else None
        if self.well_since is not None and self.tick - self.well_since >= WINDOW:
            self.since, self.well_since = 0, None
            return math.inf
        if is_slow and self.tick - self.let_at >= SLOW_EVERY:
            self.let_at = self.tick
            return share
        return 0

    def _begin(self, wanted: float) -> float:
        if self.live >= ENOUGH * wanted or wanted - self.live < FEWER_LEAST:
            return math.inf
        self.since = self.let_at = self.tick
        self.base, self.parted_then, self.released, self.well_since = wanted, self.parted, 0, None
        return 0

    def is_ailing(self) -> bool:
        """True while many leases are in their last third: then nobody takes a service's last endpoint at once."""
        late = sum((deadline - self.tick) * 3 < lease_of(key) for key, deadline in self.deadlines.items())
        return late >= FEWER_LEAST and late > (1 - ENOUGH) * len(self.deadlines)

    def going(self) -> list[EndpointKey]:
        """Those who go at this tick."""
        room, is_ailing, left = self.look(), self.is_ailing(), dict.fromkeys(self.deadlines)
        going: list[EndpointKey] = []
        last = []
        for key in self.due:
            is_last = sum(other[1] == key[1] for other in left) == 1
            if is_last:
                last.append(key)
            elif len(going) < room:
                going.append(key)
                del left[key]
        if not (self.since and going):
            free = [key for key in last if self.since or not is_ailing or self.tick - self.deadlines[key] >= WINDOW]
            going += free[: int(min(room, len(KEYS))) - len(going)]
        self.released += len(going) if self.since else 0
        return going


class Hearts(RuleBasedStateMachine):
    """Each rule does one thing to the store and to the model; at each second both must let the same ones go."""

    server: Server
    number = 0

    def __init__(self) -> None:
        super().__init__()
        Hearts.number += 1
        self.loop = asyncio.new_event_loop()
        self.store = Store(self.server.url, f"hearts-{Hearts.number}")
        self.model = Guard()
        self.history = ""
        self.revision = 0

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.wait(self.store.close())
        self.loop.close()

    @initialize()
    def all_come(self) -> None:
        self._register(KEYS)
        self.history = self.wait(self.store.tick()).history
        self._tick(KEYS)

    @rule(
        beating=st.sampled_from([0, 7, 8]),
        whose=st.integers(0, 9),
        silent=st.sampled_from([9, 20, 4]),
        is_long=st.booleans(),
        back=st.sampled_from([WINDOW + 1, WINDOW - 1, 1]),
    )
    def some_fall_silent(self, beating: int, whose: int, silent: int, is_long: bool, back: int) -> None:
        """Of ten so many go on renewing for ``silent`` seconds, all do for ``back`` seconds after that. ``is_long``: in
        between nobody does for a quarter of an hour, of which only the end is lived through here.
        """
        for _ in range(silent):
            self._tick([key for at, key in enumerate(KEYS) if (at + whose) % 10 < beating])
        if is_long and self.model.since:
            self.server.ask("HINCRBY", self.store.keys.meta, "tick", str(SLOW_AFTER))
            self.model.tick += SLOW_AFTER
            for _ in range(2 * SLOW_EVERY):
                self._tick([])
        for _ in range(back):
            self._tick(KEYS)

    @rule(at=st.integers(0, len(KEYS) - 1), number=st.sampled_from([1, 4, 8]), is_drain=st.booleans())
    def some_leave(self, at: int, number: int, is_drain: bool) -> None:
        for key in [key for key in [*KEYS[at:], *KEYS[:at]] if key in self.model.deadlines][:number]:
            answer = self.wait(self.store.write([mark(key, "x") if is_drain else delete(key)], self.revision))
            assert isinstance(answer, Accepted)
            self.model.parted += key not in self.model.draining
            if is_drain:
                self.model.draining.add(key)
            else:
                del self.model.deadlines[key]
                self.model.draining.discard(key)

    @rule(number=st.sampled_from([1, 6, len(KEYS)]))
    def some_come_back(self, number: int) -> None:
        self._register([key for key in KEYS if key not in self.model.deadlines][:number])

    def _register(self, keys: list[EndpointKey]) -> None:
        for key in keys:
            endpoint = Endpoint(*key, ("10.0.0.1",), lease_seconds=lease_of(key))
            answer = self.wait(self.store.write([put(endpoint)], self.revision))
            assert isinstance(answer, Accepted)
            self.model.deadlines[key] = self.model.tick + lease_of(key) + 1

    def _tick(self, living: list[EndpointKey]) -> None:
        """These renew, and a second passes."""
        living = [key for key in living if key in self.model.deadlines]
        self.wait(self.store.renew(living))
        self.model.deadlines.update((key, self.model.tick + lease_of(key) + 1) for key in living)
        assert self.wait(self.store.tick(self.model.tick, self.history)).has_advanced
        self.model.tick += 1
        self.wait(self.store.reap(self.model.tick, self.history, self.revision))
        keys, going = sorted(self.model.deadlines), self.model.going()
        left = zip(keys, self.wait(self.store.remaining_seconds(keys)), strict=True)
        assert {key for key, seconds in left if seconds is None} == set(going)
        for key in going:
            del self.model.deadlines[key]
            self.model.draining.discard(key)
        seen = self.wait(self.store.tick())
        assert (seen.guard_since, seen.held) == (self.model.since, len(self.model.due))


def test_self_preservation_is_on_when_it_should_be_and_lets_go_whom_it_should(server):
    assert_holds(Hearts, server, examples=8, steps=12, is_drawn=False)


@pytest.mark.long
def test_self_preservation_holds_however_long_it_is_tried(server):
    assert_holds(Hearts, server, examples=200, steps=30, is_drawn=True)
