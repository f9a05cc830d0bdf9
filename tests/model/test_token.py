"""A token: proved by its secret alone, over when its time is, and never shown."""

import pytest

from dnsd.model.errors import InvalidRecord
from dnsd.model.grant import EVERYTHING
from dnsd.model.token import Token, hash_of, parts_of, token_text

SECRET = "a" * 42 + "_"
TOKEN = Token("0123456789abcdef", "ci", EVERYTHING, 100, 200, hash_of(SECRET))


def test_its_secret_proves_it_and_nothing_else() -> None:
    assert TOKEN.is_proved_by(SECRET)
    assert not TOKEN.is_proved_by(SECRET[:-1] + "a")
    assert not TOKEN.is_proved_by("")
    assert not TOKEN.is_proved_by(TOKEN.secret_hash)
    assert not Token("0123456789abcdef", "by certificate", EVERYTHING, 1, subject="CN=a").is_proved_by("")


def test_its_text_says_who_and_the_secret() -> None:
    assert parts_of(token_text(TOKEN.id, SECRET)) == (TOKEN.id, SECRET)


@pytest.mark.parametrize("text", ["", "dnsd", "dnsd_0123456789abcdef_short", f"x_0123456789abcdef_{SECRET}"])
def test_what_is_no_token(text: str) -> None:
    assert parts_of(text) is None


def test_it_ends() -> None:
    assert [TOKEN.is_expired(now) for now in (199.9, 200)] == [False, True]
    assert not Token("0123456789abcdef", "for ever", EVERYTHING, 1).is_expired(1e12)


def test_nothing_of_the_proof_is_printed() -> None:
    assert TOKEN.secret_hash not in repr(TOKEN)


@pytest.mark.parametrize(
    ("name", "grants"), [("", EVERYTHING), ("x\n", EVERYTHING), ("x", ()), ("x" * 129, EVERYTHING)]
)
def test_what_cannot_be(name: str, grants: tuple[object, ...]) -> None:
    with pytest.raises(InvalidRecord):
        Token("0123456789abcdef", name, grants, 1)
