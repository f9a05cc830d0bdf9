"""Entries, tokens, escapes and times of master files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.codec.zonefile_tokens import Cursor, Token, entries, octets_from_text, quoted, seconds_from_text
from dnsd.model.errors import InvalidFile
from dnsd.model.names import name_from_text


def cut(text):
    return [(entry.line, entry.starts_blank, [token.text for token in entry.tokens]) for entry in entries(text, "f")]


def test_lines_words_and_comments():
    assert cut("a b ; c\n\n  ; only a comment\n\td e\r\n") == [(1, False, ["a", "b"]), (4, True, ["d", "e"])]


def test_parentheses_join_lines_and_tokens_keep_their_own_line():
    (entry,) = entries("@ SOA ( 1 ; one\n 2\n3 )\n", "f")
    assert [(token.text, token.line) for token in entry.tokens][2:] == [("1", 1), ("2", 2), ("3", 3)]
    assert not entry.starts_blank


def test_a_quoted_string_is_one_token_that_keeps_its_escapes():
    (entry,) = entries(r'x "a ; (b) \" \032" c', "f")
    assert entry.tokens[1] == Token(r"a ; (b) \" \032", 1, is_quoted=True)
    assert not entry.tokens[2].is_quoted


def test_a_value_behind_an_equals_sign_may_be_quoted():
    assert cut('alpn="h2, h3" x=') == [(1, False, ['alpn="h2, h3"', "x="])]


def test_the_last_line_needs_no_end():
    assert cut("a") == [(1, False, ["a"])]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a\nb )", "f:2: a ) without its ("),
        ("a (\nb\n\n", "f:1: a ( without its )"),
        ('a\nb "c\nd"', "f:2: a quoted string is not ended on its line"),
        ("a \\\nb", "f:1: a backslash at the end of a line"),
        ("a\n\u00a0b", "f:2: character '\\xa0' cannot stand here"),
    ],
)
def test_what_cannot_be_cut_is_told_with_its_line(text, where):
    with pytest.raises(InvalidFile) as fault:
        cut(text)
    assert str(fault.value) == where


@given(st.text(max_size=60))
def test_any_text_is_cut_or_refused(text):
    line = 1
    try:
        found = list(entries(text, "f"))
    except InvalidFile as fault:
        found, line = [], fault.line
    assert all(entry.tokens for entry in found)
    assert 1 <= line <= text.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("3600", 3600),
        ("1h30m", 5400),
        ("1H", 3600),
        ("2d", 172_800),
        ("1w1s", 604_801),
        ("2147483647", 2**31 - 1),
    ],
)
def test_times(text, seconds):
    assert seconds_from_text(text) == seconds


@pytest.mark.parametrize("text", ["", "1h30", "h", "-1", "1.5h", "2147483648", "9999999999w", "1 h", "١"])
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match=r"time|RFC 2181"):
        seconds_from_text(text)


def test_octets_of_strings():
    assert octets_from_text(r"a\"\\\;\009\255") == b'a"\\;\x09\xff'
    assert octets_from_text("ü") == "ü".encode()
    assert octets_from_text("\udcff\\b") == b"\xffb"


@pytest.mark.parametrize("text", [r"\25", r"\256", r"\2x5", r"\2²3"])
def test_bad_escapes(text):
    with pytest.raises(ValueError, match="three digits"):
        octets_from_text(text)


@given(st.binary(max_size=40))
def test_quoted_octets_are_read_back(octets):
    (entry,) = entries("x " + quoted(octets), "f")
    assert octets_from_text(entry.tokens[1].text) == octets


def test_a_cursor_names_what_it_misses_and_what_is_too_much():
    cursor = Cursor([Token("a", 3), Token("b", 4, is_quoted=True), Token("c", 5)], name_from_text("example.org"), 3)
    assert cursor.name("owner") == name_from_text("a.example.org")
    with pytest.raises(ValueError, match="port must stand without quotes"):
        cursor.word("port")
    assert cursor.line == 4
    with pytest.raises(ValueError, match="'c' is too much here"):
        cursor.end()
    with pytest.raises(ValueError, match="target is missing"):
        cursor.take("target")


@pytest.mark.parametrize(
    ("text", "is_refused"), [("a", True), ("@", True), (r"a\.", True), ("a.", False), (r"a\\.", False)]
)
def test_a_relative_name_needs_an_origin(text, is_refused):
    cursor = Cursor([Token(text, 1)], None, 1)
    if is_refused:
        with pytest.raises(ValueError, match="no origin"):
            cursor.name("owner")
    else:
        assert cursor.name("owner").endswith(b"\0")
