"""A change is a plain value: two that say the same are equal."""

from dataclasses import FrozenInstanceError

import pytest

from dnsd.model.change import Change, Removal
from dnsd.model.service import Endpoint, Service

WEB = Service("default", "web")


def test_a_change_is_all_of_one_revision() -> None:
    endpoint = Endpoint("default", "web", "web-1", ("10.0.0.1",))
    change = Change(7, puts=(WEB, endpoint), removals=(Removal(("default", "old"), "deleted"),))
    assert change == Change(7, (WEB, endpoint), (Removal(("default", "old"), "deleted"),))
    assert change != Change(8, change.puts, change.removals)


def test_what_is_not_said_did_not_happen() -> None:
    assert Change(7) == Change(7, (), ())


def test_a_change_stays_as_it_was_made() -> None:
    with pytest.raises(FrozenInstanceError):
        Change(7).revision = 8  # type: ignore[misc]
