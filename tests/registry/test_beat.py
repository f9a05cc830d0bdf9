"""The rules of the registry's clock, without any clock: times are passed in."""

import random
from dataclasses import dataclass, field

import pytest

from dnsd.model.lease import deadline_tick
from dnsd.registry.beat import GAP_SECONDS, LATENESS_SECONDS, STEP_IN_SECONDS, Beat
from dnsd.store.operations import Ticked

SETTLING = 30.0


def own(tick):
    return Ticked(True, tick, "history", 1)


def other(tick, history="history", leases=1):
    return Ticked(False, tick, history, leases)


@pytest.fixture
def owner():
    """A beat that made tick 5 at 100."""
    beat = Beat(90.0, SETTLING)
    beat.take(other(4, leases=0), 98.0)
    beat.take(own(5), 100.0)
    return beat


def test_a_start_on_an_empty_store_has_nothing_to_settle():
    beat = Beat(0.0, SETTLING)
    assert not beat.may_tick(0.0)
    assert not beat.take(other(0, leases=0), 0.0)
    assert not beat.is_settling(0.0)
    assert beat.next_at == STEP_IN_SECONDS
    assert not beat.may_tick(1.1)
    assert beat.may_tick(STEP_IN_SECONDS)


def test_a_start_with_leases_in_the_store_settles():
    beat = Beat(0.0, SETTLING)
    beat.take(other(7), 0.0)
    for second in range(1, 30):
        assert beat.next_at == second
        assert not beat.may_tick(second)
        assert beat.take(other(7), float(second))
    assert beat.next_at == SETTLING
    assert beat.may_tick(SETTLING)


def test_the_last_ticker_keeps_an_absolute_schedule(owner):
    now = 100.0
    for tick in range(6, 106):
        assert owner.next_at == pytest.approx(now + 1)
        now += 1
        assert owner.may_tick(now)
        owner.take(own(tick), now + 0.05)  # always a little late, and never later than that
        assert owner.reap_at == pytest.approx(now + LATENESS_SECONDS)
    assert owner.next_at == pytest.approx(201.0)


def test_a_tick_that_is_late_moves_the_schedule(owner):
    owner.take(own(6), 101.0 + LATENESS_SECONDS + 0.1)
    assert owner.next_at == pytest.approx(102.3)
    assert owner.reap_at == pytest.approx(101.5)


def test_others_step_in_after_they_saw_no_tick_for_a_while(owner):
    owner.take(other(6), 101.0)
    assert owner.reap_at is None
    assert owner.next_at == pytest.approx(101.0 + STEP_IN_SECONDS)
    assert not owner.may_tick(102.1)
    assert owner.may_tick(101.0 + STEP_IN_SECONDS)


def test_a_tick_whose_reply_was_lost_may_have_been_made(owner):
    owner.miss(101.9)
    assert owner.reap_at is None
    assert owner.may_tick(owner.next_at)
    owner.take(other(6), 102.1)
    assert not owner.may_tick(103.2)
    assert owner.may_tick(102.1 + STEP_IN_SECONDS)


def test_not_seeing_the_store_for_long_is_a_gap(owner):
    assert owner.may_tick(100.0 + GAP_SECONDS)
    assert not owner.may_tick(100.1 + GAP_SECONDS)
    assert not owner.take(other(5), 110.0)
    for second in range(111, 140):
        assert not owner.may_tick(float(second))
        assert owner.take(other(5), float(second))
    assert not owner.may_tick(139.9)
    assert owner.may_tick(140.0)


def test_a_stall_between_question_and_answer_is_a_gap_too(owner):
    assert not owner.take(own(6), 104.0)
    assert owner.reap_at is None
    assert owner.is_settling(104.0)


def test_another_history_is_a_gap(owner):
    assert not owner.take(other(5, history="another"), 101.0)
    assert owner.is_settling(130.9)
    assert owner.history == "another"


def test_another_history_without_leases_has_nothing_to_settle(owner):
    owner.take(other(0, history="another", leases=0), 101.0)
    assert not owner.is_settling(101.0)
    assert not owner.may_tick(102.0)
    assert owner.may_tick(101.0 + STEP_IN_SECONDS)


def test_ticks_of_others_do_not_end_the_settling(owner):
    owner.take(other(5, history="another"), 101.0)
    for second in range(29):
        owner.take(other(6 + second, history="another"), 102.0 + second)
        assert not owner.may_tick(102.0 + second)
    assert owner.may_tick(131.3)


@dataclass
class Registry:
    """A store in a simulation: leases by the moment and length of their last renewal."""

    tick: int = 0
    leases: dict[int, tuple[float, int, int]] = field(default_factory=dict)
    reaped: list[tuple[float, int]] = field(default_factory=list)

    def renew(self, now, name, seconds):
        self.leases[name] = now, seconds, deadline_tick(self.tick, seconds)

    def make_tick(self, wanted):
        has_advanced = wanted == self.tick
        self.tick += has_advanced
        return Ticked(has_advanced, self.tick, "history", len(self.leases))

    def reap(self, now, limit):
        for name, (renewed_at, seconds, deadline) in list(self.leases.items()):
            if deadline <= min(limit, self.tick):
                del self.leases[name]
                self.reaped.append((now - renewed_at, seconds))


def simulate(seed, replicas, stall_chance, stall_most):
    """Let replicas tick for five minutes; calls take random times, and now and then a replica stalls."""
    chance = random.Random(seed)
    registry, now = Registry(), 0.0
    waiting = [(chance.random(), "turn", Beat(0.0, 0.0)) for _ in range(replicas)]
    names = 0
    while now < 300:
        waiting.sort(key=lambda each: each[0])
        now, what, beat = waiting.pop(0)
        if chance.random() < 0.9:
            names += 1
            registry.renew(now, names, chance.randint(1, 5))
        reply_at = now + chance.uniform(0.0, 0.1)
        if chance.random() < stall_chance:
            reply_at += chance.uniform(0.0, stall_most)
        if what == "reap":
            registry.reap(now, beat.tick)
            waiting.append((max(reply_at, beat.next_at), "turn", beat))
            continue
        beat.take(registry.make_tick(beat.tick if beat.may_tick(now) else None), reply_at)
        is_ours = beat.reap_at is not None
        waiting.append((max(reply_at, beat.reap_at if is_ours else beat.next_at), "reap" if is_ours else "turn", beat))
    return registry


@pytest.mark.parametrize("seed", range(20))
def test_no_lease_is_ever_shorter_than_promised(seed):
    registry = simulate(seed, replicas=1 + seed % 4, stall_chance=0.1, stall_most=5.0)
    assert len(registry.reaped) > 50
    assert min(lived - seconds for lived, seconds in registry.reaped) >= 0


@pytest.mark.parametrize("seed", range(20))
def test_without_stalls_nothing_outlives_its_lease_by_more_than_two_seconds(seed):
    registry = simulate(seed, replicas=1 + seed % 4, stall_chance=0, stall_most=0)
    assert len(registry.reaped) > 200
    assert min(lived - seconds for lived, seconds in registry.reaped) >= 0
    assert max(lived - seconds for lived, seconds in registry.reaped) <= 2
    assert registry.tick >= 297
