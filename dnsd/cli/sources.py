"""Manifest files as ``dnsd apply -f`` names them: a file, a folder of them, or ``-`` for standard input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dnsd.cli.failures import WrongCall
from dnsd.cli.stdin import STANDARD_INPUT, standard_input
from dnsd.codec.manifest import read_manifests
from dnsd.model.errors import InvalidRecord
from dnsd.model.service import Endpoint, Service

SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Desired:
    """What all files together say: services first, each key once; notes; and the faults, one line each."""

    values: tuple[Service | Endpoint, ...]
    notes: tuple[str, ...]
    faults: tuple[str, ...]


def read_sources(names: Sequence[str], recursive: bool) -> Desired:
    """Read and check every file. Raises WrongCall for what cannot be read at all."""
    found: dict[tuple[str, ...], tuple[Service | Endpoint, str]] = {}
    notes: list[str] = []
    faults: list[str] = []
    for file in _files(names, recursive):
        try:
            manifests = read_manifests(_octets(file))
        except InvalidRecord as refusal:
            faults += [f"{file}: {fault.pointer}: {fault.reason}" for fault in refusal.faults]
            continue
        notes += [f"{file}: {text}" for text in manifests.notes]
        for value in manifests.values:
            if value.key in found:
                notes.append(f"{'/'.join(value.key)} stands in {found[value.key][1]} and {file}: the later one counts")
            found[value.key] = value, file
    values = [value for value, _ in found.values()]
    return Desired(tuple(sorted(values, key=lambda value: isinstance(value, Endpoint))), tuple(notes), tuple(faults))


def _files(names: Sequence[str], recursive: bool) -> Iterator[str]:
    for name in names:
        path = Path(name)
        if name != STANDARD_INPUT and path.is_dir():
            inside = path.rglob("*") if recursive else path.iterdir()
            files = sorted(str(each) for each in inside if each.suffix in SUFFIXES and each.is_file())
            if not files:
                raise WrongCall(f"-f {name}: no {', '.join(SUFFIXES)} files in there")
            yield from files
        else:
            yield name


def _octets(file: str) -> bytes:
    if file == STANDARD_INPUT:
        return standard_input()
    try:
        return Path(file).read_bytes()
    except OSError as fault:
        raise WrongCall(f"-f {file}: {fault.strerror}") from None
