"""Selectors as Kubernetes has them, held against what each selects."""

import re
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnsd.codec.selector import OCTETS_MOST, PATTERN, Requirement, selector_from_text, selects

LABELS = [{"app": "web", "tier": "front"}, {"app": "api"}, {"tier": "front"}, {}]


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("app=web", [0]),
        ("app == web", [0]),
        ("app!=web", [1, 2, 3]),
        ("app in (web, api)", [0, 1]),
        ("app in (web)", [0]),
        ("app notin (web,api)", [2, 3]),
        ("app", [0, 1]),
        ("!app", [2, 3]),
        ("! app", [2, 3]),
        ("app,tier", [0]),
        ("app in (web,api),tier!=front", [1]),
        ("!app , tier = front", [2]),
        ("app=", []),
        ("in in (in)", []),
        ("app=we b", []),
    ],
)
def test_what_is_selected(text, selected):
    selector = selector_from_text(text)
    assert [number for number, labels in enumerate(LABELS) if selects(selector, labels)] == selected


@pytest.mark.parametrize(
    "text",
    ["", "=", "=web", "!", "a,", ",a", "a,,b", "a in", "a in web", "a in (b", "a in b)", "a on (b)", "a b", "!a=b"],
)
def test_what_is_no_selector(text):
    with pytest.raises(ValueError, match="no label selector: write k=v"):
        selector_from_text(text)


@pytest.mark.parametrize("text", ["a!b", "(a)", "a=(b)", "a" * (OCTETS_MOST + 1)])
def test_what_is_no_selector_either(text):
    with pytest.raises(ValueError, match="no label selector: write k=v"):
        selector_from_text(text)


def test_an_empty_value_is_a_value():
    assert selector_from_text("a=") == (Requirement("a", "in", frozenset(("",))),)
    assert selector_from_text("a in ()") == (Requirement("a", "in", frozenset(("",))),)


@settings(max_examples=20, deadline=None)
@given(st.from_regex(PATTERN, fullmatch=True, alphabet="ab=!,() noti").filter(lambda text: len(text) <= OCTETS_MOST))
def test_whatever_the_description_says_is_read_and_every_part_of_it(text):
    selector = selector_from_text(text)
    outside = re.sub(r"\([^()]*\)", "", text)
    assert len(selector) == outside.count(",") + 1


_BLANKS = " \n\t\v\f\r"


@pytest.mark.parametrize(
    "text",
    [
        "a" * OCTETS_MOST,
        "a in (" + " " * (OCTETS_MOST - 7),
        "a=" + " x" * 500,
        "a" + _BLANKS * 150,
        "a=" + _BLANKS * 150,
        "a,\n\n" * 200,
        "a in (b" + ", " * 450 + ")",
        "!" + _BLANKS * 150,
        "a=b" + ",\n!\n\x85\v" * 150,
    ],
)
@pytest.mark.parametrize("end", ["(", "!x", "=(", ",", ""])
def test_time_is_linear_in_the_length(text, end):
    began = time.process_time()
    for size in range(0, len(text), 50):
        with suppress(ValueError):
            selector_from_text(text[: size + 50 - len(end)] + end)
    assert time.process_time() - began < 2, "20 texts; each took minutes with a pattern for the whole"


def test_a_fault_behind_a_good_requirement_is_a_fault():
    for text in ("a=b)", "a in (b)(", "a in (b) c", "a=b,(c)", "(", ")", "a in (b)c in (d)"):
        with pytest.raises(ValueError, match="no label selector"):
            selector_from_text(text)
