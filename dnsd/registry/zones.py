"""The static zones: a directory of master files, read at the start and when asked; a wrong file keeps its old zone.

``NAME.zone`` holds the zone NAME: relative names start there, and its SOA must stand there. Other files are no zones,
they may be included by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dnsd.codec.zonefile import InvalidZone, read_zone
from dnsd.model.errors import InvalidFile
from dnsd.model.names import Name, is_at_or_below, name_from_text, name_to_text
from dnsd.model.rrset import ZoneData

SUFFIX = ".zone"


@dataclass(frozen=True, slots=True)
class ZonesRead:
    """What is to be served now; why files are not served as they stand; what is odd in them (``file:line: what``)."""

    zones: tuple[ZoneData, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]


class StaticZones:
    """The zone files of ``directory``. ``owned`` are the zones of the registry, which no file may touch."""

    def __init__(self, directory: Path, owned: Sequence[Name]) -> None:
        self._directory = directory
        self._owned = tuple(name.lower() for name in owned)
        self._standing: dict[str, ZoneData] = {}

    def load(self) -> ZonesRead:
        """Read all files. Blocking: call it in a thread. Never raises for what is in the directory."""
        try:
            files = sorted(path for path in self._directory.iterdir() if path.is_file())
        except OSError as fault:
            problem = str(InvalidFile(str(self._directory), 1, f"cannot be read: {fault.strerror}"))
            return ZonesRead(tuple(self._standing.values()), (problem,), ())
        reading = _Reading(self._standing, self._owned)
        for path in files:
            if path.suffix == SUFFIX and not path.name.startswith("."):
                reading.take(path)
        self._standing = reading.zones
        return ZonesRead(tuple(reading.zones.values()), tuple(reading.problems), tuple(reading.all_warnings(files)))


class _Reading:
    """One pass over the directory."""

    def __init__(self, standing: dict[str, ZoneData], owned: Sequence[Name]) -> None:
        self.zones: dict[str, ZoneData] = {}
        self.problems: list[str] = []
        self._standing = standing
        self._owned = owned
        self._warnings: list[str] = []
        self._included: set[Path] = set()
        self._path_by_origin: dict[Name, str] = {}

    def take(self, path: Path) -> None:
        """Read one zone file; when it is wrong its old zone, if there is one, goes on."""
        shown = str(path)
        try:
            zone = self._read(path, shown)
        except InvalidZone as wrong:
            self._keep_old(path, [str(fault) for fault in wrong.faults])
        except InvalidFile as wrong:
            self._keep_old(path, [str(wrong)])
        else:
            self.zones[path.name] = zone
            self._path_by_origin[zone.origin] = shown

    def all_warnings(self, files: Sequence[Path]) -> list[str]:
        """What the zones' texts made, and the files that look like zones without being read."""
        if not files:
            return self._warnings
        unread = [path for path in files if path.suffix != SUFFIX and path.resolve() not in self._included]
        told = [path for path in unread if not path.name.startswith((".", "README"))]
        return [
            *self._warnings,
            *(f"{path}:1: not read: it does not end in {SUFFIX}, and no zone includes it" for path in told),
        ]

    def _read(self, path: Path, shown: str) -> ZoneData:
        try:
            origin = name_from_text(path.name.removesuffix(SUFFIX)).lower()
        except ValueError as fault:
            raise InvalidFile(shown, 1, f"the file's name is no zone's: {fault}") from None
        self._check_origin(origin, shown)
        try:
            text = self._text(shown)
        except OSError as fault:
            raise InvalidFile(shown, 1, f"cannot be read: {fault.strerror}") from None
        found = read_zone(text, shown, origin, self._included_text)
        self._warnings.extend(found.warnings)
        return found.data

    def _check_origin(self, origin: Name, shown: str) -> None:
        name = name_to_text(origin)
        if origin in self._path_by_origin:
            raise InvalidFile(shown, 1, f"{name} is served from {self._path_by_origin[origin]} already")
        for owned in self._owned:
            if is_at_or_below(origin, owned) or is_at_or_below(owned, origin):
                where = "is" if origin == owned else "lies inside" if is_at_or_below(origin, owned) else "holds"
                raise InvalidFile(shown, 1, f"{name} {where} the registry's own zone {name_to_text(owned)}")

    def _keep_old(self, path: Path, faults: Sequence[str]) -> None:
        old = self._standing.get(path.name)
        self.problems.extend(faults)
        if old is None or old.origin in self._path_by_origin:
            return
        self.zones[path.name] = old
        self._path_by_origin[old.origin] = str(path)
        self.problems.append(f"{path}:1: {name_to_text(old.origin)} goes on as it was read before")

    def _included_text(self, path: str) -> str:
        self._included.add(Path(path).resolve())
        return self._text(path)

    @staticmethod
    def _text(path: str) -> str:
        """Octets that are not UTF-8 come through as surrogates, so that strings keep them."""
        return Path(path).read_text("utf-8", "surrogateescape")
