"""A digest tells two registries apart, and not the order of their objects."""

from dnsd.registry.digest import digest_of

PAIRS = [(("default", "web"), 1), (("default", "web", "a"), 1), (("default", "web", "b"), 7)]


def test_order_does_not_count() -> None:
    assert digest_of(PAIRS) == digest_of(reversed(PAIRS))
    assert len(digest_of(PAIRS)) == 16


def test_every_key_and_revision_counts() -> None:
    others = [PAIRS[:2], [*PAIRS[:2], (("default", "web", "b"), 8)], [*PAIRS[:2], (("default", "web", "c"), 7)]]
    assert len({digest_of(pairs) for pairs in (PAIRS, *others)}) == 4


def test_what_has_no_revision_does_not_count() -> None:
    assert digest_of([*PAIRS, (("default", "implied"), 0)]) == digest_of(PAIRS)
