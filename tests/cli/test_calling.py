"""Bodies from files, pairs from flags, and what became of a write."""

import argparse
import io

import pytest

from dnsd.cli import calling
from dnsd.cli.failures import WrongCall


def test_bodies_are_json_or_yaml(tmp_path, monkeypatch):
    file = tmp_path / "body"
    for text in ('{"a": [1]}', "a: [1]"):
        file.write_text(text)
        assert calling.body_of(argparse.Namespace(filename=str(file))) == {"a": [1]}
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"b: 2")))
    assert calling.body_of(argparse.Namespace(filename="-")) == {"b": 2}
    file.write_text("{")
    for name in (str(file), str(tmp_path / "none")):
        with pytest.raises(WrongCall, match=name):
            calling.body_of(argparse.Namespace(filename=name))


def test_pairs():
    assert calling.pairs_of(["a=b", "c="], "--label") == {"a": "b", "c": ""}
    for text in ("a", "=b"):
        with pytest.raises(WrongCall, match="--label"):
            calling.pairs_of([text], "--label")
