"""Errors say what is wrong in one line, and carry what a door needs to answer with."""

import pytest

from dnsd.model import errors
from dnsd.model.errors import DnsdError, Fault, InvalidFile, InvalidRecord, StoreUnavailable


def test_a_wrong_record_names_all_of_its_faults() -> None:
    first, second = Fault("/weight", "-1 is not in 0 to 65535"), Fault("", "is not an object")
    wrong = InvalidRecord(first, second)
    assert wrong.faults == (first, second)
    assert str(wrong) == "/weight: -1 is not in 0 to 65535; /: is not an object"


def test_a_wrong_file_is_told_as_editors_read_it() -> None:
    wrong = InvalidFile("zones/example.zone", 12, "no such type FOO")
    assert str(wrong) == "zones/example.zone:12: no such type FOO"
    assert (wrong.path, wrong.line, wrong.what) == ("zones/example.zone", 12, "no such type FOO")


@pytest.mark.parametrize(("given", "seconds"), [({}, 1), ({"retry_after_seconds": 5}, 5)])
def test_a_store_that_is_away_says_why_and_when_to_come_back(given: dict[str, int], seconds: int) -> None:
    away = StoreUnavailable("read-only", "the store is a replica", **given)
    assert (str(away), away.reason, away.retry_after_seconds) == ("the store is a replica", "read-only", seconds)


def test_all_our_errors_are_of_one_family() -> None:
    ours = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, Exception)]
    assert len(ours) >= 9
    assert all(issubclass(each, DnsdError) for each in ours)
