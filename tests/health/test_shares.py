"""Who checks whom: each endpoint one replica, evenly, and little is moved when one comes or goes."""

from collections import Counter

from dnsd.health.shares import checker_of

KEYS = [("default", f"s{number % 50}", f"e{number}") for number in range(3000)]
REPLICAS = ("one", "two", "three")


def test_each_has_one_checker_whatever_the_order_of_the_replicas():
    owners = [checker_of(key, REPLICAS) for key in KEYS]
    assert owners == [checker_of(key, reversed(REPLICAS)) for key in KEYS]
    share = Counter(owners)
    assert set(share) == set(REPLICAS)
    assert min(share.values()) > 0.28 * len(KEYS)


def test_only_the_endpoints_of_who_died_find_another():
    for key in KEYS:
        before, after = checker_of(key, REPLICAS), checker_of(key, ("one", "two"))
        assert before == "three" or after == before


def test_nobody_lives_nobody_checks():
    assert checker_of(KEYS[0], ()) is None
