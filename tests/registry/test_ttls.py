from dataclasses import replace

import pytest

from dnsd.model.change import Change, Removal
from dnsd.model.service import Service
from dnsd.registry.services import Put
from dnsd.registry.ttls import Ttls

WEB = Service("default", "web")


@pytest.fixture
def ttls(hand_clock):
    return Ttls(None, hand_clock)


def put(seconds: int) -> Change:
    return Change(1, (replace(WEB, ttl_seconds=seconds),))


def largest(ttls: Ttls, seconds: int) -> int:
    return ttls.largest(replace(WEB, ttl_seconds=seconds))


def test_a_longer_ttl_counts_until_nobody_can_hold_an_answer_of_then(ttls, hand_clock):
    ttls.note(put(60))
    assert largest(ttls, 60) == 60
    hand_clock.advance(1000)
    ttls.note(put(10))
    hand_clock.advance(59)
    assert largest(ttls, 10) == 60
    hand_clock.advance(1)
    assert largest(ttls, 10) == 10
    assert ttls.largest(Service("default", "other", ttl_seconds=3)) == 3


def test_of_several_the_longest_counts_until_the_last_is_over(ttls, hand_clock):
    for seconds in (300, 60, 5):
        ttls.note(put(seconds))
        hand_clock.advance(290)
    assert largest(ttls, 5) == 5, "the 60 s were over before the 290"
    ttls.note(put(60))
    ttls.note(put(20))
    ttls.note(put(5))
    assert largest(ttls, 5) == 60
    hand_clock.advance(60)
    assert largest(ttls, 5) == 5


def test_a_service_that_was_removed_is_one_with_the_default(ttls, hand_clock):
    ttls.note(put(60))
    ttls.note(Change(2, (), (Removal(WEB.key, "deleted"), Removal((*WEB.key, "a"), "deleted"))))
    assert largest(ttls, 5) == 60
    hand_clock.advance(60)
    ttls.note(put(1))
    assert largest(ttls, 1) == 5, "until it was declared it had the default"


async def test_it_follows_every_change_and_knows_what_stood_before_it_looked(replica, eventually):
    await replica.services.write(Put(replace(WEB, ttl_seconds=60)))
    replica.tasks.start("ttls", replica.ttls.run())
    await eventually(lambda: replica.ttls._stands)
    await replica.services.write(Put(replace(WEB, ttl_seconds=8)))
    await eventually(lambda: largest(replica.ttls, 8) == 60)
    assert largest(replica.ttls, 8) == 60


async def test_what_was_lowered_while_nobody_looked_was_lowered_now(replica, make_endpoint):
    await replica.services.write(Put(replace(WEB, ttl_seconds=60)))
    replica.ttls.look()
    await replica.services.write(Put(replace(WEB, ttl_seconds=8)))
    replica.ttls.look()
    assert largest(replica.ttls, 8) == 60
