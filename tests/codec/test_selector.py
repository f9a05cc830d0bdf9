"""Selectors as Kubernetes has them, held against what each selects."""

import re
import time

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


def test_a_long_text_that_is_none_is_refused_in_no_time():
    for text in ("a" * OCTETS_MOST + "(", "a in (" + " " * (OCTETS_MOST - 7), "a=" + " x" * 500 + "("):
        began = time.process_time()
        with pytest.raises(ValueError, match="no label selector"):
            selector_from_text(text)
        assert time.process_time() - began < 2
