"""A digest tells two registries apart, and not the order of their objects."""

import random

from dnsd.authority.inventory import Inventory
from dnsd.model.change import Change, Removal
from dnsd.model.service import Endpoint, Service
from dnsd.registry import digest as module
from dnsd.registry.digest import Digest, digest_of, sum_of

PAIRS = [(("default", "web"), 1), (("default", "web", "a"), 1), (("default", "web", "b"), 7)]


def test_order_does_not_count() -> None:
    assert digest_of(PAIRS) == digest_of(reversed(PAIRS))
    assert len(digest_of(PAIRS)) == 16


def test_every_key_and_revision_counts() -> None:
    others = [PAIRS[:2], [*PAIRS[:2], (("default", "web", "b"), 8)], [*PAIRS[:2], (("default", "web", "c"), 7)]]
    assert len({digest_of(pairs) for pairs in (PAIRS, *others)}) == 4


def test_what_has_no_revision_does_not_count() -> None:
    assert digest_of([*PAIRS, (("default", "implied"), 0)]) == digest_of(PAIRS)


def _pairs(inventory: Inventory) -> list[module.Pair]:
    return [(value.key, value.revision) for value in (*inventory.services(), *inventory.endpoints())]


def _changes(revision: int, chance: random.Random) -> list[Change]:
    """Some changes of a few endpoints, as they would be applied together."""
    made = []
    for number in range(revision + 1, revision + 1 + chance.randint(1, 4)):
        name = f"e{chance.randrange(4)}"
        value = Endpoint("default", "web", name, ("10.0.0.1",), revision=number)
        if chance.random() < 0.3:
            made.append(Change(number, (), (Removal(value.key, "deleted"),)))
        else:
            made.append(Change(number, (Service("default", "web", revision=1), value)))
    return made


def test_it_keeps_up_with_changes_and_is_known_at_each_revision_that_led_here() -> None:
    inventory, digest, chance, true = Inventory(), Digest(), random.Random(3), {}
    assert digest.latest == (-1, "")
    begun, before = digest.begin(0), _pairs(inventory)
    revision = 0
    for turn in range(100):
        changes = _changes(revision, chance)
        digest.follow(inventory, changes)
        for change in changes:
            inventory.apply(change)
            true[change.revision] = digest_of(_pairs(inventory))
        revision = changes[-1].revision
        if turn == 3:  # the sum comes late, and counts for what was changed meanwhile
            assert not digest.is_known
            digest.settle(begun, sum_of(before))
    assert digest.latest == (revision, true[revision])
    assert {at: digest.at(at) for at in true} == true


def test_what_was_forgotten_while_it_was_summed_up_stays_unknown() -> None:
    digest = Digest()
    begun = digest.begin(1)
    digest.forget()
    digest.settle(begun, 7)
    assert not digest.is_known
    assert digest.at(1) == ""
    digest.settle(digest.begin(2), 7)
    assert digest.latest == (2, f"{7:016x}")


def test_it_remembers_so_many_revisions(monkeypatch) -> None:
    monkeypatch.setattr(module, "REVISIONS_KEPT", 3)
    digest = Digest()
    digest.settle(digest.begin(0), 0)
    digest.follow(Inventory(), [Change(number) for number in range(1, 6)])
    assert [digest.at(number) != "" for number in range(6)] == [False, False, False, True, True, True]
