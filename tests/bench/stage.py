"""What all rows share: options, records, files of questions, and the servers, each started when first asked for."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import dnsperf
import peers
import questions
from dnsperf import Load
from figures import Point
from peers import Peer, Stranger
from questions import Maker
from records import Records
from replica import Redis, Replica
from rivals import NAMES, program_of
from rivals import start as start_rival

_WARM_QUESTIONS = 100_000
_QUESTIONS_A_SECOND = 200_000
"""More than any server answers on one core, so that a file of new questions lasts."""
_SHORT_SECONDS = 0.3


@dataclass(frozen=True)
class Options:
    """How large and how long. ``sizes`` and ``large`` count endpoints; ``seconds`` is one load's length."""

    services: int = 10_000
    rounds: int = 7
    seconds: float = 3.0
    sizes: tuple[int, ...] = (1000, 10_000, 100_000, 1_000_000)
    large: int = 100_000
    cookies: int = 100_000
    registrations: int = 500
    strangers: tuple[Stranger, ...] = ()


QUICK = {"services": 300, "rounds": 2, "seconds": 0.5, "sizes": (350, 3500), "large": 3500, "cookies": 2000}
QUICK_REGISTRATIONS = 50


@dataclass
class Stage:
    """The servers of one run. ``close`` ends them all and removes their files."""

    options: Options
    points: list[Point] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)
    _files: dict[tuple[object, ...], Path] = field(default_factory=dict)
    _peers: list[Peer] = field(default_factory=list)
    _paths: int = 0

    def __post_init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dnsd-bench-"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)

    def close(self) -> None:
        """End everything that was started here."""
        self._stack.close()
        for peer in self._peers:
            self.notes += dict.fromkeys(peer.notes)

    def new_path(self, name: str) -> Path:
        """A path of its own; nothing is there yet."""
        self._paths += 1
        return self.folder / f"{name}-{self._paths}"

    @cached_property
    def records(self) -> Records:
        """What all servers hold, but for the rows about size."""
        return Records(self.options.services)

    @cached_property
    def dnsd(self) -> Replica:
        """One replica with one worker, loaded."""
        return self.replica(self.records)

    @cached_property
    def rivals(self) -> dict[str, Peer]:
        """The other servers that are installed here, by name, loaded."""
        return self.rivals_with(self.records)

    @property
    def peers(self) -> list[Peer]:
        """All that hold the records: dnsd first."""
        return [self.dnsd, *self.rivals.values(), *self.options.strangers]

    def keep(self, peer: Peer) -> None:
        """End it when this run ends, or before by :meth:`end`."""
        self._peers.append(peer)
        self._stack.callback(self.end, peer)

    def end(self, peer: Peer) -> None:
        """End it now. Once is enough."""
        peer.close()
        peer.close = lambda: None  # type: ignore[method-assign]

    def replica(
        self, records: Records | None = None, *, name: str = "dnsd", workers: int = 1, redis: str = "", state: str = ""
    ) -> Replica:
        """A replica, ready; with these records registered where there are any."""
        made = Replica(self.new_path("dnsd"), name=name, workers=workers, redis=redis, state=state)
        self.keep(made)
        made.wait_until_ready()
        if records is not None:
            made.load(records)
        return made

    def redis(self) -> Redis:
        """A private Redis."""
        made = Redis(self.new_path("redis"))
        self._stack.callback(made.close)
        return made

    def rivals_with(self, records: Records, names: tuple[str, ...] = NAMES, workers: int = 1) -> dict[str, Peer]:
        """The other servers that are installed, holding these records."""
        installed = [name for name in names if program_of(name)]
        zones = self.new_path("zones")
        if installed:
            zones.mkdir()
            # In a process of its own: a million endpoints need memory that is wanted for other things later.
            script = Path(__file__).with_name("records.py")
            subprocess.run([sys.executable, str(script), *map(str, records.arguments()), str(zones)], check=True)
        started: dict[str, Peer] = {}
        for name in installed:
            peer = start_rival(name, self.new_path(name.lower()), zones, workers)
            if peer is not None:
                self.keep(peer)
                started[name] = peer
        return started

    def echo(self, reply_octets: int) -> Peer:
        """The C echo that sends as many bytes."""
        made = peers.start_echo(self.folder, reply_octets)
        self.keep(made)
        return made

    def load(self, maker: Maker, seed: int = 0, records: Records | None = None) -> Load:
        """A load by one of the makers in ``questions``: for ``warm`` a file in a circle, else every question new."""
        chosen = records or self.records
        is_warm = maker is questions.warm
        count = _WARM_QUESTIONS if is_warm else int(self.options.seconds * _QUESTIONS_A_SECOND)
        place = maker.__name__, chosen.arguments(), seed
        if not is_warm:
            self._drop_files(place[:2], but=place)
        file = self.file(place, lambda path: questions.write_text(path, maker(chosen, count, seed)))
        return Load(file, is_once=not is_warm)

    def file(self, place: tuple[object, ...], write: Callable[[Path], Path]) -> Path:
        """A file that is written once."""
        if place not in self._files:
            self._files[place] = write(self.new_path("questions"))
        return self._files[place]

    def _drop_files(self, start: tuple[object, ...], but: tuple[object, ...]) -> None:
        """Remove the files of earlier rounds: each has tens of megabytes."""
        for place in [place for place in self._files if place[:2] == start and place != but]:
            self._files.pop(place).unlink()

    def reply_octets(self, peer: Peer) -> int:
        """How long its answers are on average, from a short load."""
        if not peer.reply_octets:
            peer.reply_octets = dnsperf.send(self.load(questions.warm), peer.address, _SHORT_SECONDS).reply_octets
        return peer.reply_octets
