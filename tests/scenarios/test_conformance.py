"""The page of sentences is that of the plays."""

from pathlib import Path

from scenarios.conformance import citations, text

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
RFCS = (1034, 1035, 2181, 2308, 2782, 3596, 3597, 4343, 6891, 7766, 7873, 8020, 8482, 8906, 8914, 9210, 9619)


def test_the_page_is_up_to_date() -> None:
    made = text()
    assert made == PAGE.read_text(), "PYTHONPATH=tests python -m scenarios.conformance > docs/conformance.md"
    assert "| fails |" not in made
    assert not [rfc for rfc in RFCS if f"| {rfc} " not in made]


def test_a_citation() -> None:
    rule = 'RFC 1 is none. RFC 2181 5.2: "the "TTLs" must be the same." RFC 4592: a wildcard.'
    assert citations(rule) == [(2181, "5.2", '"the "TTLs" must be the same."'), (4592, "", "a wildcard.")]
