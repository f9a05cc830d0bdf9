"""Tokens as JSON: whole in the store, without the proof in replies, every fault of a body with its place."""

import pytest

from dnsd.codec.token import document_of_token, token_from_document, token_from_text, token_to_text
from dnsd.model.errors import InvalidRecord

ID = "0123456789abcdef"
BODY = {"name": "ci", "grants": [{"verbs": ["read", "register"], "namespace": "shop", "addresses": ["10.0.0.1"]}]}


def test_there_and_back() -> None:
    token = token_from_document(BODY, ID, "hash", 1000)
    assert token_from_text(token_to_text(token)) == token
    assert token_from_text(token_to_text(token)).secret_hash == "hash"
    assert document_of_token(token) == {
        "id": ID,
        "name": "ci",
        "subject": None,
        "grants": [
            {"verbs": ["read", "register"], "namespace": "shop", "service": "*", "addresses": ["10.0.0.1/32"]},
        ],
        "created_at": 1000,
        "expires_at": None,
    }


def test_a_subject_has_no_secret() -> None:
    token = token_from_document(BODY | {"subject": "CN=a,O=b", "expires_seconds": 60}, ID, "hash", 1000)
    assert (token.subject, token.secret_hash, token.expires_at) == ("CN=a,O=b", "", 1060)
    assert token_from_text(token_to_text(token)) == token


def test_every_fault_has_its_place() -> None:
    body = {
        "name": "ci",
        "grants": [{"verbs": ["read"]}, {"verbs": [], "addresses": ["10.0.0.1/8"]}],
        "expires_seconds": 0,
    }
    with pytest.raises(InvalidRecord) as caught:
        token_from_document(body, ID, "hash", 1000)
    assert [fault.pointer for fault in caught.value.faults] == [
        "/grants/1/verbs",
        "/grants/1/addresses/0",
        "/expires_seconds",
    ]


@pytest.mark.parametrize("body", [None, {}, {"name": "x"}, BODY | {"secret": "mine"}, BODY | {"subject": "a\nb"}])
def test_what_makes_no_token(body: object) -> None:
    with pytest.raises(InvalidRecord):
        token_from_document(body, ID, "hash", 1000)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"id":1}', token_to_text(token_from_document(BODY, ID, "h", 1))[:-9]]
)
def test_garbage_is_no_token(text: str) -> None:
    with pytest.raises(InvalidRecord):
        token_from_text(text)


def test_a_verb_of_a_newer_dnsd_makes_no_token() -> None:
    text = token_to_text(token_from_document(BODY, ID, "h", 1)).replace('"register"', '"delegate"')
    with pytest.raises(InvalidRecord):
        token_from_text(text)
