"""The registry's promises (faults.md 1 to 6 and 8) against a small model of them: hypothesis drives registrations,
heartbeats, drains, seconds, faults of the store and two replicas; real Redis and Valkey answer. Promise 5 has a model
of its own, where there are many (test_self_preservation).
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from faults.machines import assert_holds
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from servers import Server

from dnsd.authority.catalog import Catalog
from dnsd.model.errors import StoreUnavailable
from dnsd.model.names import name_from_text
from dnsd.model.service import Endpoint, EndpointKey, Service, ServiceKey
from dnsd.registry.content import Content, read_content
from dnsd.registry.digest import digest_of
from dnsd.registry.leases import Leases
from dnsd.store.operations import Accepted, Refused, StoreOperation, delete, mark, put
from dnsd.store.record import read_change
from dnsd.store.redis import Store

pytestmark = pytest.mark.timeout(900)

T = TypeVar("T")
SERVICES = [("default", "web"), ("default", "db")]
ENDPOINTS = [(*service, name) for service in SERVICES for name in ("a", "b")]
"""So few that self-preservation, which wants five to be missing, is never on: every end of a lease has its time."""
TOMBSTONE_TICKS, LEAP, OF_LATE_TICKS = 600, 1000, 15
FOREVER = 10**9


@dataclass
class Known:
    """An endpoint as it should stand. ``deadline``: it may go at this tick, and not before."""

    value: Endpoint
    revision: int
    generation: int
    deadline: int
    draining: bool = False


@dataclass
class Registry:
    """What should be in the store."""

    tick: int = 0
    revision: int = 0
    services: dict[ServiceKey, Service] = field(default_factory=dict)
    endpoints: dict[EndpointKey, Known] = field(default_factory=dict)
    tombstones: dict[ServiceKey | EndpointKey, int] = field(default_factory=dict)
    expired: dict[ServiceKey, int] = field(default_factory=dict)

    def below(self, service: ServiceKey) -> list[EndpointKey]:
        return [key for key in self.endpoints if key[:2] == service]

    def is_buried(self, key: ServiceKey | EndpointKey) -> bool:
        return self.tombstones.get(key, -1) > self.tick

    def remove(self, key: EndpointKey) -> None:
        """Take an endpoint out, and its service with the last one unless that is declared."""
        del self.endpoints[key]
        if not self.below(key[:2]) and key[:2] in self.services and not self.services[key[:2]].declared:
            del self.services[key[:2]]

    def copy(self) -> "Registry":
        known = {key: replace(each) for key, each in self.endpoints.items()}
        return Registry(self.tick, self.revision, dict(self.services), known, dict(self.tombstones), dict(self.expired))


class StillMirror:
    """What renewals ask of a mirror, of one that has loaded nothing."""

    revision = 0
    catalog = Catalog([name_from_text("cluster.local.")], [], ["127.0.0.1"])


class Promises(RuleBasedStateMachine):
    """Each rule does one thing to the store and to the model, and compares what comes back."""

    server: Server
    number = 0

    def __init__(self) -> None:
        super().__init__()
        Promises.number += 1
        self.loop = asyncio.new_event_loop()
        self.way = Path(self.server.folder, f"way-{Promises.number}")
        """To the server's socket; while it is gone, we are cut off."""
        self.way.symlink_to(self.server.socket)
        self.store = Store(f"unix://{self.way}", f"promises-{Promises.number}")
        self.leases = Leases(self.store, StillMirror())
        self.model = Registry()
        self.seen = 0
        """The highest revision that anybody has seen: what a writer's mirror says when it writes."""
        self.used: set[int] = set()
        self.mirrors: list[Content | None] = [None, None]

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        for number in range(len(self.mirrors)):
            self.follow(number)
        digests = {digest_of(_pairs(mirror)) for mirror in self.mirrors if mirror is not None}
        assert len(digests) == 1
        self.wait(self.store.close())
        self.loop.close()
        self.way.unlink()

    # What people and programs do.

    @rule(key=st.sampled_from(ENDPOINTS), lease=st.sampled_from([None, 1, 3, 7]), weight=st.sampled_from([1, 2]))
    def register(self, key: EndpointKey, lease: int | None, weight: int) -> None:
        self._put(Endpoint(*key, ("10.0.0.1",), lease_seconds=lease, weight=weight), "")

    @rule(key=st.sampled_from(ENDPOINTS), how=st.sampled_from(["absent", "right", "stale"]))
    def register_if(self, key: EndpointKey, how: str) -> None:
        known = self.model.endpoints.get(key)
        value = known.value if known else Endpoint(*key, ("10.0.0.1",), lease_seconds=3)
        right = str(known.revision if known else 1)
        self._put(value, {"absent": "absent", "right": right, "stale": "999999999"}[how])

    @rule(keys=st.lists(st.sampled_from(ENDPOINTS), min_size=1, unique=True))
    def renew(self, keys: list[EndpointKey]) -> None:
        for key, state in zip(keys, self.wait(self.store.renew(keys)), strict=True):
            known = self.model.endpoints.get(key)
            if known is None:
                assert state == ("deleted" if self.model.is_buried(key) else "unknown")
            elif known.value.lease_seconds is None:
                assert state == "permanent"
            else:
                assert state == known.value.lease_seconds
                known.deadline = self.model.tick + known.value.lease_seconds + 1

    @rule(key=st.sampled_from(ENDPOINTS))
    def deregister(self, key: EndpointKey) -> None:
        answer = self._write(delete(key))
        if key not in self.model.endpoints:
            assert answer.slug == ("gone" if self.model.is_buried(key) else "not-found")
            return
        self._change(answer, "deleted")
        self.model.remove(key)
        self.model.tombstones[key] = self.model.tick + TOMBSTONE_TICKS

    @rule(key=st.sampled_from(ENDPOINTS), draining=st.booleans())
    def drain(self, key: EndpointKey, draining: bool) -> None:
        answer, known = self._write(mark(key, "x" if draining else "-")), self.model.endpoints.get(key)
        if known is None:
            assert answer.slug == ("gone" if self.model.is_buried(key) else "not-found")
        elif known.draining == draining:
            self._change(answer, "unchanged")
        else:
            self._change(answer, "changed")
            known.draining, known.revision = draining, answer.revision

    @rule(key=st.sampled_from(SERVICES), min_kept=st.sampled_from([1, 0]))
    def declare(self, key: ServiceKey, min_kept: int) -> None:
        service = Service(*key, min_kept=min_kept)
        known = self.model.services.get(key)
        outcome = "created" if known is None else "unchanged" if known == service else "changed"
        self._change(self._write(put(service)), outcome)
        self.model.services[key] = service
        self.model.tombstones.pop(key, None)

    @rule(key=st.sampled_from(SERVICES))
    def remove_service(self, key: ServiceKey) -> None:
        answer = self._write(delete(key))
        if key not in self.model.services:
            assert answer.slug == ("gone" if self.model.is_buried(key) else "not-found")
            return
        self._change(answer, "deleted")
        for each in [*self.model.below(key), key]:
            self.model.tombstones[each] = self.model.tick + TOMBSTONE_TICKS
        for each in self.model.below(key):
            del self.model.endpoints[each]
        del self.model.services[key]

    # Time.

    @rule(seconds=st.sampled_from([1, 2, 5, 12]))
    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            seen = self.wait(self.store.tick())
            assert seen.tick == self.model.tick
            assert self.wait(self.store.tick(seen.tick, seen.history)).has_advanced
            assert not self.wait(self.store.tick(seen.tick, seen.history)).has_advanced, "two make one second a second"
            self.model.tick += 1
            self._reap(seen.history)

    @rule(
        key=st.sampled_from(ENDPOINTS),
        lease=st.sampled_from([1, 3, 7]),
        beats=st.sampled_from([1, 2]),
        cut=st.booleans(),
    )
    def live_and_fall_silent(self, key: EndpointKey, lease: int, beats: int, cut: bool) -> None:
        """A whole life: by chance alone hardly anybody renews in time, and is silent after it."""
        self.register(key, lease, 1)
        for _ in range(beats):
            self.pass_time(lease)
            if cut:
                self.be_cut_off([key], key)
            else:
                self.renew([key])
        self.pass_time(lease + 2)

    @rule()
    def let_tombstones_lapse(self) -> None:
        self.server.ask("HINCRBY", self.store.keys.meta, "tick", str(TOMBSTONE_TICKS))
        self.model.tick += TOMBSTONE_TICKS

    # Faults of the store.

    @rule()
    def forget_scripts(self) -> None:
        self.server.ask("SCRIPT", "FLUSH")

    @rule(keys=st.lists(st.sampled_from(ENDPOINTS), min_size=1, unique=True), other=st.sampled_from(ENDPOINTS))
    def be_cut_off(self, keys: list[EndpointKey], other: EndpointKey) -> None:
        """Heartbeats are answered and promised nothing, all else is refused; what was answered is stored first."""
        self.way.unlink()
        self.server.ask("CLIENT", "KILL", "TYPE", "normal")
        answered = self.wait(self.leases.renew(keys))
        assert (answered.stored, [key for key, _ in answered.renewed]) == (False, keys)
        refused = put(Endpoint(*other, ("10.0.0.9",)))
        for work in (self.store.write([refused], self.seen), self.store.tick(), self.leases.store_remembered()):
            with pytest.raises(StoreUnavailable):
                self.wait(work)
        self.way.symlink_to(self.server.socket)
        assert self.wait(self.store.tick()).tick == self.model.tick, "no second passes without the store"
        self.wait(self.leases.store_remembered())
        for known in [self.model.endpoints[key] for key in keys if key in self.model.endpoints]:
            if known.value.lease_seconds is not None:
                known.deadline = self.model.tick + known.value.lease_seconds + 1

    @rule(keys=st.lists(st.sampled_from(ENDPOINTS), min_size=1, max_size=3))
    def fail_over_to_a_copy_that_lacks(self, keys: list[EndpointKey]) -> None:
        """What was written last is lost; what is written from now on must not look like it."""
        self._copy_keys("", ":behind")
        saved = self.model.copy()
        for key in keys:
            self.register(key, 3, 1)
            self.deregister(key)
        self._copy_keys(":behind", "")
        self.model = saved
        self.mirrors = [None, None]  # another history: everything is read anew

    # Replicas.

    @rule(number=st.integers(0, 1))
    def follow(self, number: int) -> None:
        self.wait(self._follow(number))
        mirror = self.mirrors[number]
        assert mirror is not None
        assert {key: (each.revision, each.draining, each.weight, each.lease_seconds)
                for key, each in mirror.endpoints.items()} == {
            key: (each.revision, each.draining, each.value.weight, each.value.lease_seconds)
            for key, each in self.model.endpoints.items()
        }  # fmt: skip
        assert mirror.services == self.model.services

    async def _follow(self, number: int) -> None:
        reader, mirror = self.store.reader(), self.mirrors[number]
        await reader.connect()
        try:
            position = await reader.position()
            entries = [] if mirror is None else await reader.changes(mirror.revision)
            if mirror is None or (position.revision != mirror.revision and not _leads_on(mirror.revision, entries)):
                self.mirrors[number] = await read_content(reader)
                return
            for revision, fields in entries:
                mirror.apply(read_change(revision, fields, mirror.bad))
            mirror.adopt_orphans()
            assert not mirror.bad
        finally:
            await reader.close()

    # The two ways to the store, and what must hold on them.

    def _write(self, operation: StoreOperation) -> Any:
        before = self.model.revision
        answer = self.wait(self.store.write([operation], self.seen))
        if isinstance(answer, Accepted):
            self.model.revision = answer.revision
            base = self.seen + LEAP if self.seen > before else before
            is_change = answer.results[0].outcome in ("created", "changed", "deleted")
            assert answer.revision == base + is_change
            self._use(answer.revision, is_change)
        return answer

    def _use(self, revision: int, is_change: bool) -> None:
        if is_change:
            assert revision not in self.used, "a revision is never used twice"
            self.used.add(revision)
        self.seen = max(self.seen, revision)

    def _change(self, answer: Accepted | Refused, outcome: str) -> None:
        assert isinstance(answer, Accepted), answer
        assert answer.results[0].outcome == outcome

    def _put(self, value: Endpoint, expected: str) -> None:
        answer, known = self._write(put(value, expected)), self.model.endpoints.get(value.key)
        slug = self._objection(value.key, known, expected)
        if slug:
            assert isinstance(answer, Refused)
            assert answer.slug == slug
            return
        is_equal = known is not None and known.value == value
        outcome = ("unchanged" if value.lease_seconds is None else "renewed") if is_equal else "changed"
        self._change(answer, outcome if known else "created")
        revision = known.revision if known and is_equal else answer.revision
        generation = known.generation if known else answer.revision
        deadline = FOREVER if value.lease_seconds is None else self.model.tick + value.lease_seconds + 1
        self.model.endpoints[value.key] = Known(value, revision, generation, deadline, bool(known and known.draining))
        self.model.tombstones.pop(value.key, None)
        if value.service_key not in self.model.services:
            self.model.services[value.service_key] = Service(*value.service_key, declared=False)
            self.model.tombstones.pop(value.service_key, None)

    def _objection(self, key: EndpointKey, known: Known | None, expected: str) -> str:
        if known is None:
            return "" if expected in ("", "absent") else "gone" if self.model.is_buried(key) else "precondition"
        if expected == "absent":
            return "exists"
        return "" if expected in ("", str(known.revision)) else "precondition"

    def _reap(self, history: str) -> None:
        before, floor = self.model.revision, self.seen
        reaped = self.wait(self.store.reap(self.model.tick, history, floor))
        gone = [key for key in self.model.endpoints if self.wait(self.store.endpoint(key)) is None]
        assert len(gone) == reaped.removed
        if gone:
            assert reaped.revision == (floor + LEAP if floor > before else before) + 1
            self.model.revision = reaped.revision
            self._use(reaped.revision, is_change=True)
        for service in SERVICES:
            self._check_expiry(service, [key for key in gone if key[:2] == service])
        for key in gone:
            self.model.remove(key)

    def _check_expiry(self, service: ServiceKey, gone: list[EndpointKey]) -> None:
        """None before its time; all in time but those that the service keeps."""
        standing = self.model.below(service)
        due = [key for key in standing if self.model.endpoints[key].deadline <= self.model.tick]
        assert set(gone) <= set(due), "a lease is a lower bound"
        kept = self.model.services[service].min_kept if service in self.model.services else 0
        is_watched = self.model.tick - self.model.expired.get(service, -FOREVER) <= OF_LATE_TICKS
        if not is_watched:  # a service that lost endpoints of late may be held whole, as long as it lacks the half
            assert len(gone) == max(0, min(len(due), len(standing) - kept)), "a dead endpoint goes in time"
        assert not gone or len(standing) - len(gone) >= kept
        if gone or (is_watched and due):
            self.model.expired[service] = self.model.tick

    def _copy_keys(self, of: str, to: str) -> None:
        for key in self.store.keys.all:
            self.server.ask("DEL", f"{key}{to}")
            self.server.ask("COPY", f"{key}{of}", f"{key}{to}")


def _leads_on(revision: int, entries: list[tuple[int, list[str]]]) -> bool:
    return [number for number, _ in entries] == list(range(revision + 1, revision + 1 + len(entries))) != []


def _pairs(content: Content) -> list[tuple[ServiceKey | EndpointKey, int]]:
    return [(value.key, value.revision) for value in [*content.services.values(), *content.endpoints.values()]]


def test_the_promises_of_leases_and_revisions_hold(server):
    assert_holds(Promises, server, examples=40, steps=30, is_drawn=False)


@pytest.mark.long
def test_the_promises_hold_however_long_it_is_tried(server):
    assert_holds(Promises, server, examples=400, steps=60, is_drawn=True)
