"""systemd-resolved, fetched and unpacked: installed it would take /etc/resolv.conf of this machine."""

import os
import subprocess
from pathlib import Path

from room import lacking, require

FETCHED = os.environ.get("DNSD_TEST_RESOLVED", "")
"""A folder where its packages are already; as in ``.ci/run``, which fetches them."""
NAMES = ("systemd-resolved", "libnss-resolve")


def packages_of_resolved(folder: Path) -> list[Path]:
    """The packages of systemd-resolved for the systemd of this machine; in ``folder`` unless they are fetched already.

    Skips where there are none to fetch, which in CI is a failure.
    """
    if FETCHED:
        packages = sorted(Path(FETCHED).glob("*.deb"))
        assert len(packages) == len(NAMES), f"{FETCHED} has not the packages {NAMES}: {packages}"
        return packages
    require("apt-get", "dpkg-query", "dpkg-deb")
    version = _told("dpkg-query", "--show", "--showformat", "${Version}", "systemd")
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        _told("apt-get", "download", f"{name}={version}", folder=folder)
    return sorted(folder.glob("*.deb"))


def unpacked_resolved(folder: Path) -> Path:
    """A folder with the files of those packages below it."""
    for package in packages_of_resolved(folder / "packages"):
        _told("dpkg-deb", "--extract", str(package), str(folder))
    return folder


def _told(*words: str, folder: Path = Path("/")) -> str:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        lacking(f"systemd-resolved: {' '.join(words)}: {done.stderr.strip()[-300:]}")
    return done.stdout.strip()
