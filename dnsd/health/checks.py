"""The checks of one replica: its share of the endpoints, each looked at in its interval, verdicts told the registry.

A verdict is a mark in the store (``store/record``), so that all replicas answer by it and no PUT or heartbeat takes it
back. Nothing else is shared: who takes an endpoint over counts from the start, and the mark stands until then.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dnsd.authority.inventory import Holding
from dnsd.authority.schema import answered
from dnsd.codec.audit import Author
from dnsd.health.judgement import Judgement, Verdict
from dnsd.health.probe import Seen, look
from dnsd.health.shares import checker_of
from dnsd.model.errors import DnsdError, StoreUnavailable
from dnsd.model.health import FAILINGS, HealthCheck
from dnsd.model.service import Endpoint, EndpointKey, ServiceKey
from dnsd.registry.mirror import Mirror
from dnsd.registry.operations import Mark, Precondition
from dnsd.registry.replicas import Replicas
from dnsd.registry.services import Services
from dnsd.runtime.clock import Clock
from dnsd.runtime.tasks import Tasks
from dnsd.store.record import FAILING_FLAGS

SHARE_SECONDS = 1.0
"""So often a replica looks which endpoints are its own."""
STEP_SECONDS_MOST = 0.2
WHO = "health check"
"""Whom the audit names for a mark: no registered program and no token is called so."""
LOOKS_AT_ONCE = 200
"""Open connections at most; far below the 1,024 files that a process may have by default."""

_log = logging.getLogger("dnsd.health")


@dataclass(slots=True)
class Turn:
    """An endpoint of ours, next looked at ``due``; ``place``: where that was, because another is judged anew."""

    check: HealthCheck
    due: float
    judgement: Judgement = field(default_factory=Judgement)
    place: tuple[object, ...] = ()
    is_running: bool = False


class Checks:
    """The checks of the replica called ``name``. ``looks``: how often each was seen (``no-port``: nothing to look at).

    ``open_services``: those all of whose endpoints fail, so that their check counts for nothing.
    """

    def __init__(
        self,
        services: Services,
        mirror: Mirror,
        replicas: Replicas,
        name: str,
        clock: Clock,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.looks: Counter[Seen | str] = Counter()
        self.failing = 0
        """So many endpoints of the registry fail their check."""
        self.open_services: frozenset[ServiceKey] = frozenset()
        self._services = services
        self._mirror = mirror
        self._replicas = replicas
        self._name = name
        self._clock = clock
        self._chance = chance
        self._tasks = Tasks("health")
        self._room = asyncio.Semaphore(LOOKS_AT_ONCE)
        self._live: frozenset[str] = frozenset((name,))
        self._turns: dict[EndpointKey, Turn] = {}
        self._due: list[tuple[float, EndpointKey]] = []
        self._checked: frozenset[ServiceKey] = frozenset()
        self._shared_for: tuple[int, frozenset[str]] = (-1, frozenset())

    @property
    def own(self) -> int:
        """So many endpoints are checked by this replica."""
        return len(self._turns)

    async def run(self) -> None:
        """For ever: see which endpoints are ours, and look at those whose turn it is."""
        share_at = 0.0
        try:
            while True:
                if self._clock.monotonic() >= share_at:
                    await self._share()
                    share_at = self._clock.monotonic() + SHARE_SECONDS
                self._start_due()
                await self._clock.sleep(self._pause_seconds())
        finally:
            await self._tasks.stop()

    async def _share(self) -> None:
        """Take on what is ours now, let go of what is not; only where something changed since."""
        checked = dict(self._mirror.catalog.inventory.checked)  # while we wait, others come and go
        if checked:
            try:
                self._live = await self._replicas.live()
            except StoreUnavailable:
                _log.debug("the replicas stay as they were last known")
        if self._shared_for == (self._mirror.revision, self._live):
            return
        self._shared_for = self._mirror.revision, self._live
        self._count(checked)
        await self._release(self._checked - checked.keys())
        self._checked = frozenset(checked)
        ours = {key: check for key, check in _asked(checked) if checker_of(key, self._live) == self._name}
        self._turns = {key: turn for key, turn in self._turns.items() if ours.get(key) == turn.check}
        for key, check in ours.items():
            if key not in self._turns:
                due = self._clock.monotonic() + self._chance() * check.interval_seconds
                self._turns[key] = Turn(check, due)
                heapq.heappush(self._due, (due, key))

    def _count(self, checked: dict[ServiceKey, Holding]) -> None:
        """Note who fails, and say once when a service fails whole, and when no more."""
        self.failing = sum(each.failing is not None for held in checked.values() for each in held.endpoints.values())
        whole = frozenset(key for key, held in checked.items() if _fails_whole(held))
        for key in whole - self.open_services:
            _log.error("all endpoints of %s/%s fail their health check: they are answered all the same", *key)
        for key in self.open_services - whole:
            _log.warning("the health check of %s/%s counts again", *key)
        self.open_services = whole

    async def _release(self, keys: frozenset[ServiceKey]) -> None:
        """What a check said that is no longer asked for is forgotten."""
        for key in keys:
            holding = self._mirror.catalog.inventory.holdings.get(key)
            for endpoint in [] if holding is None else list(holding.endpoints.values()):
                if endpoint.failing is not None and checker_of(endpoint.key, self._live) == self._name:
                    await self._tell(endpoint, "passes")

    def _pause_seconds(self) -> float:
        if not self._due:
            return STEP_SECONDS_MOST
        return min(STEP_SECONDS_MOST, max(0.0, self._due[0][0] - self._clock.monotonic()))

    def _start_due(self) -> None:
        now = self._clock.monotonic()
        while self._due and self._due[0][0] <= now:
            due, key = heapq.heappop(self._due)
            turn = self._turns.get(key)
            if turn is None or turn.due != due:  # it was ours once, and perhaps is again
                continue
            turn.due = now + turn.check.interval_seconds
            heapq.heappush(self._due, (turn.due, key))
            if not turn.is_running:
                turn.is_running = True
                self._tasks.start("/".join(key), self._take_turn(key, turn))

    async def _take_turn(self, key: EndpointKey, turn: Turn) -> None:
        try:
            async with self._room:
                await self._look_at(key, turn)
        finally:
            turn.is_running = False

    async def _look_at(self, key: EndpointKey, turn: Turn) -> None:
        endpoint = self._mirror.catalog.inventory.endpoint(key)
        if endpoint is None:
            return
        if turn.place != _place(endpoint):
            turn.judgement, turn.place = Judgement(), _place(endpoint)
        seen = await self._seen(endpoint, turn.check)
        now = self._mirror.catalog.inventory.endpoint(key)
        if now is None or _place(now) != turn.place:
            return
        verdict = turn.judgement.take(seen, now.failing, turn.check)
        if verdict is not None and not now.draining:
            await self._tell(now, verdict)

    async def _seen(self, endpoint: Endpoint, check: HealthCheck) -> Seen:
        """All of its addresses have to pass: all of them are answered."""
        port = port_to_check(endpoint, check)
        if port is None:
            self.looks["no-port"] += 1
            return "passes"
        seen = await asyncio.gather(*(look(check, each, port, self._name) for each in endpoint.addresses))
        self.looks.update(seen)
        return next((each for each in seen if each != "passes"), "passes")

    async def _tell(self, endpoint: Endpoint, verdict: Verdict) -> None:
        """Mark it, if it is still what was looked at; when that fails, the next look says so again."""
        flag = "h" if verdict == "passes" else FAILING_FLAGS[verdict]
        author = Author(WHO, "", self._name, self._clock.wall())
        try:
            await self._services.write(Mark(endpoint.key, flag, Precondition(endpoint.revision)), author)
        except DnsdError as fault:
            _log.debug("%s could not be marked: %s", "/".join(endpoint.key), fault)
            return
        what = "passes its health check again" if verdict == "passes" else f"fails: {FAILINGS[verdict]}"
        _log.warning("%s %s", "/".join(endpoint.key), what)


def port_to_check(endpoint: Endpoint, check: HealthCheck) -> int | None:
    """The registered TCP port that the check means; None when the endpoint has none."""
    fitting = (each.port for each in endpoint.ports if each.protocol == "TCP" and check.port in ("", each.name))
    return next(fitting, None)


def _asked(checked: dict[ServiceKey, Holding]) -> Iterator[tuple[EndpointKey, HealthCheck]]:
    for key, held in checked.items():
        if held.service is not None and held.service.health is not None:
            for identifier in held.endpoints:
                yield (*key, identifier), held.service.health


def _place(endpoint: Endpoint) -> tuple[object, ...]:
    """What is looked at: another registration under the same id is another place."""
    return endpoint.generation, endpoint.addresses, endpoint.ports


def _fails_whole(held: Holding) -> bool:
    assert held.service is not None
    given = answered(held.service, list(held.endpoints.values()))
    return bool(given) and all(each.failing is not None for each in given)
