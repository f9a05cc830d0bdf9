import tracemalloc

from upstreams import AAAA, a_question

from dnsd.forward.cache import STALE_TTL, Cache
from dnsd.forward.reply import Learnt
from dnsd.model.message import ExtendedError, Rcode, Record, Resolved, RRType

DAY = 86_400.0


def learnt(ttl=60, count=1, rcode=Rcode.NOERROR, name="www.example.com"):
    owner = a_question(name).owner
    answers = tuple(Record(owner, RRType.A, ttl + 5 * number, bytes((192, 0, 2, number))) for number in range(count))
    return Learnt(Resolved(rcode, answers, (Record(owner, RRType.SOA, ttl, bytes(22)),)), ttl)


def test_ttls_count_down_and_end(hand_clock):
    cache = Cache(1 << 20, 0, hand_clock)
    cache.put(a_question(), learnt(60, 2))
    assert cache.fresh(a_question()) == learnt(60, 2)
    hand_clock.advance(10.9)
    found = cache.fresh(a_question())
    assert ([each.ttl for each in found.resolved.answers], found.ttl) == ([50, 55], 50)
    assert found.resolved.authority[0].ttl == 50
    hand_clock.advance(49)
    assert cache.fresh(a_question()).ttl == 1
    hand_clock.advance(1)
    assert cache.fresh(a_question()) is None
    assert cache.stale(a_question()) is None


def test_questions_are_told_apart_by_type_do_and_cd(hand_clock):
    cache = Cache(1 << 20, DAY, hand_clock)
    cache.put(a_question(), learnt())
    for other in (a_question(key=AAAA), a_question(is_do=True), a_question(is_cd=True), a_question("example.com")):
        assert cache.fresh(other) is None
        assert cache.stale(other) is None


def test_what_is_over_is_kept_as_stale_for_its_time_and_says_so(hand_clock):
    cache = Cache(1 << 20, DAY, hand_clock)
    cache.put(a_question(), learnt(60))
    cache.put(a_question("no.example"), learnt(10, 0, Rcode.NXDOMAIN))
    hand_clock.advance(61)
    assert cache.fresh(a_question()) is None
    stale = cache.stale(a_question())
    assert ([each.ttl for each in stale.answers], stale.reason) == ([STALE_TTL], ExtendedError.STALE_ANSWER)
    assert cache.stale(a_question("no.example")).reason == ExtendedError.STALE_NXDOMAIN
    assert cache.stale(a_question("no.example")).authority[0].ttl == 10
    hand_clock.advance(DAY - 2)
    assert cache.stale(a_question()) is not None
    hand_clock.advance(2)
    assert cache.stale(a_question()) is None
    cache.put(a_question("other.example"), learnt())
    assert len(cache) == 1


def test_what_may_not_be_kept_takes_the_place_of_what_was(hand_clock):
    cache = Cache(1 << 20, DAY, hand_clock)
    cache.put(a_question(), learnt())
    cache.put(a_question(), learnt(0))
    assert (cache.fresh(a_question()), cache.stale(a_question()), cache.octets) == (None, None, 0)


def test_octets_are_bounded_and_the_least_recently_used_goes_first(hand_clock):
    cache = Cache(100_000, DAY, hand_clock)
    for number in range(1000):
        cache.put(a_question(f"n{number}.example"), learnt(name=f"n{number}.example"))
        assert cache.fresh(a_question("n0.example")) is not None
        assert cache.octets <= 100_000
    assert 40 < len(cache) < 90
    assert cache.fresh(a_question("n1.example")) is None
    assert cache.fresh(a_question("n999.example")) is not None
    huge = learnt(count=200)
    small = Cache(10_000, DAY, hand_clock)
    small.put(a_question(), huge)
    assert (len(small), Cache(0, DAY, hand_clock).fresh(a_question())) == (0, None)


def test_the_octets_counted_are_those_taken(hand_clock):
    cache = Cache(4 << 20, DAY, hand_clock)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(3000):
        name = f"name-{number}.example.com"
        cache.put(a_question(name), learnt(count=1 + number % 3, name=name))
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(cache) > 1500
    assert 0.6 < taken / cache.octets < 1.15
