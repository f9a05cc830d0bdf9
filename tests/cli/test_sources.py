"""Files of manifests."""

import io
import json
from pathlib import Path

import pytest

from dnsd.cli.failures import WrongCall
from dnsd.cli.sources import read_sources


def service(name: str, port: int = 80) -> str:
    spec = {"ports": [{"port": port}]}
    return json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})


def endpoints(name: str) -> str:
    subsets = [{"addresses": [{"ip": "192.0.2.1"}]}]
    return json.dumps({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": name}, "subsets": subsets})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "b.yaml").write_text(service("b"))
    (tmp_path / "a.json").write_text(endpoints("a"))
    (tmp_path / "notes.txt").write_text("not: [read")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "c.yml").write_text(service("c"))
    return tmp_path


def names(paths: list[Path], recursive: bool = False) -> list[tuple[str, ...]]:
    return [value.key for value in read_sources([str(path) for path in paths], recursive).values]


def test_a_folder_gives_its_manifests_services_first(folder):
    assert names([folder]) == [("default", "b"), ("default", "a", "192.0.2.1")]
    assert names([folder], recursive=True) == [("default", "b"), ("default", "c"), ("default", "a", "192.0.2.1")]


def test_standard_input_is_a_dash(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(service("web").encode())))
    assert [value.key for value in read_sources(["-"], recursive=False).values] == [("default", "web")]


def test_notes_and_faults_name_their_file(folder):
    (folder / "b.yaml").write_text("{apiVersion: v1, kind: Pod, metadata: {name: p}}")
    (folder / "wrong.yaml").write_text(service("a.b", port=0))
    read = read_sources([str(folder)], recursive=False)
    assert read.notes == (f"{folder}/b.yaml: document 0: Pod p is not for dnsd, skipped",)
    assert [fault.split(": ")[:2] for fault in read.faults] == [
        [f"{folder}/wrong.yaml", "/documents/0/metadata/name"],
        [f"{folder}/wrong.yaml", "/documents/0/spec/ports/0/port"],
    ]


def test_what_stands_in_two_files_counts_as_in_the_later_one(folder):
    (folder / "z.yaml").write_text(service("b", port=81))
    read = read_sources([str(folder)], recursive=False)
    assert [value.ports[0].port for value in read.values if value.key == ("default", "b")] == [81]
    assert read.notes == (f"default/b stands in {folder}/b.yaml and {folder}/z.yaml: the later one counts",)


def test_what_is_not_there_is_a_wrong_call(tmp_path):
    with pytest.raises(WrongCall, match=r"-f .*/nowhere: No such file"):
        read_sources([str(tmp_path / "nowhere")], recursive=False)
    with pytest.raises(WrongCall, match=r"no \.yaml, \.yml, \.json files in there"):
        read_sources([str(tmp_path)], recursive=False)
