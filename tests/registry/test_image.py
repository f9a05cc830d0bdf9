"""The image on disk: whole and of this make, or none."""

from dataclasses import replace
from pathlib import Path

import pytest

from dnsd.registry import image
from dnsd.registry.image import Mark, make_of, read_mark, read_parts, write_image

MARK = Mark(make_of("settings"), "e1", "run repl", 7)
PARTS = [([], [(b"\x03web", 1)], None), ((), {"a": 5}, frozenset({b"x"})), []]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_image(tmp_path, MARK, iter(PARTS))
    assert read_mark(tmp_path) == MARK
    assert list(read_parts(tmp_path, MARK)) == PARTS
    assert [path.name for path in tmp_path.iterdir()] == ["image"]


def test_where_there_is_none(tmp_path: Path) -> None:
    assert read_mark(tmp_path) is None


@pytest.mark.parametrize("head", [b"", b"{}\n", b"[1]\n", b"\xff\xfe\n", b'{"make": "x"}\n'])
def test_a_head_without_sense_is_none(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "image").write_bytes(head)
    assert read_mark(tmp_path) is None


def test_a_file_cut_anywhere_is_not_whole(tmp_path: Path) -> None:
    write_image(tmp_path, MARK, iter(PARTS))
    octets = (tmp_path / "image").read_bytes()
    for length in range(octets.index(b"\n") + 1, len(octets)):
        (tmp_path / "image").write_bytes(octets[:length])
        with pytest.raises(ValueError, match="torn"):
            list(read_parts(tmp_path, MARK))


def test_an_octet_changed_anywhere_is_found(tmp_path: Path) -> None:
    write_image(tmp_path, MARK, iter(PARTS))
    octets = (tmp_path / "image").read_bytes()
    for at in range(octets.index(b"\n") + 1, len(octets)):
        (tmp_path / "image").write_bytes(octets[:at] + bytes([octets[at] ^ 64]) + octets[at + 1 :])
        with pytest.raises(ValueError, match="torn"):
            list(read_parts(tmp_path, MARK))


@pytest.mark.parametrize("other", [{"make": "x"}, {"epoch": "e2"}, {"history": "other"}, {"revision": 8}])
def test_parts_of_another_image_are_not_read(tmp_path: Path, other: dict[str, object]) -> None:
    write_image(tmp_path, replace(MARK, **other), iter(PARTS))
    with pytest.raises(ValueError, match="another image"):
        list(read_parts(tmp_path, MARK))


def test_a_write_that_fails_leaves_the_one_before(tmp_path: Path) -> None:
    write_image(tmp_path, MARK, iter(PARTS))

    def fail():
        yield PARTS[0]
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space"):
        write_image(tmp_path, replace(MARK, revision=8), fail())
    assert list(read_parts(tmp_path, MARK)) == PARTS
    assert [path.name for path in tmp_path.iterdir()] == ["image"]


def test_other_settings_and_other_code_are_another_make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert make_of("settings") == MARK.make != make_of("others")
    (tmp_path / "authority").mkdir()
    (tmp_path / "registry").mkdir()
    (tmp_path / "registry" / "image.py").write_text("new")
    makes = set()
    for code in ("old", "new"):
        (tmp_path / "authority" / "compile.py").write_text(code)
        image._code.cache_clear()
        monkeypatch.setattr(image.dnsd, "__file__", str(tmp_path / "__init__.py"))
        makes.add(make_of("settings"))
    monkeypatch.undo()
    image._code.cache_clear()
    assert len(makes - {MARK.make}) == 2
