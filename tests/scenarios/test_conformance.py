"""The page of sentences is that of the plays."""

from pathlib import Path

import pytest
from scenarios.conformance import citations, quoted, text, unverified
from scenarios.quotes import stands
from scenarios.unquoted import unquoted

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
RFCS = (1034, 1035, 2181, 2308, 2782, 3596, 3597, 4343, 6891, 7766, 7873, 8020, 8482, 8906, 8914, 9210, 9619)


def test_the_page_is_up_to_date() -> None:
    made = text()
    assert made == PAGE.read_text(), "PYTHONPATH=tests python -m scenarios.conformance > docs/conformance.md"
    assert "| fails |" not in made
    assert not [rfc for rfc in RFCS if f"| {rfc} " not in made]


def test_every_quotation_was_verified() -> None:
    assert unverified(quoted()) == [], "PYTHONPATH=tests python -m scenarios.quotes FOLDER, with the RFCs' texts in it"


@pytest.mark.parametrize(
    ("section", "said", "is_right"),
    [
        ("4.1", '"one two three"', True),
        ("4", '"One two" (and) "four five"', True),
        ("", '"three four"', True),
        ("4.2", '"one two"', False),
        ("4.1", '"one three"', False),
    ],
)
def test_a_quotation_stands_or_not(section: str, said: str, is_right: bool) -> None:
    text = "4.1.  Heading\n\n one two\n\f\nBellis   Standards   [Page 3]\n three -\n   four\n4.2. Next\n four\n five"
    assert stands(text, section, said) is is_right


def test_sentences_that_ask_for_something_and_that_nobody_quotes() -> None:
    text = (
        "A title that must not count\n\n1.  One\n\n A must be so. A is so. B should\n be so, too.  C need not.\n"
        "25 of them must be so.\n\n2.  Two\n\n Whoever never asks.\n\n"
        "3.  Three\n\n D is to be so.\n3.1. More\n E must.\n"
    )
    quotes = {
        (7, "1", '"B should be so" (and) "25 of them"'),
        (7, "3", "the whole section"),
        (8, "", '"A must be so."'),
    }
    assert list(unquoted(text, 7, quotes)) == [("1", "One A must be so."), ("2", "Two Whoever never asks.")]
    assert ("3.1", "More E must.") in unquoted(text, 8, quotes)


def test_a_citation() -> None:
    rule = 'RFC 1 is none. RFC 2181 5.2: "the "TTLs" must be the same." RFC 4592: a wildcard.'
    assert citations(rule) == [(2181, "5.2", '"the "TTLs" must be the same."'), (4592, "", "a wildcard.")]
