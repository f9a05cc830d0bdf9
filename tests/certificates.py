"""Certificates for tests, made by openssl: an authority, and what it signs."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from room import require


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM files."""

    certificate: str
    key: str


class Authority:
    """An authority in ``folder``, called ``name``."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        require("openssl")
        self._folder = folder
        self._pair = self._make(name, f"/CN={name}", [])
        self.certificate = self._pair.certificate

    def sign(self, name: str, subject: str, *names: str) -> Pair:
        """A certificate in files called ``name``; ``names``: like ``IP:127.0.0.1``, ``DNS:localhost``, ``URI:x:y``."""
        signer = ["-CA", self._pair.certificate, "-CAkey", self._pair.key]
        signer += ["-addext", "basicConstraints=critical,CA:FALSE"]
        return self._make(name, subject, signer + (["-addext", f"subjectAltName={','.join(names)}"] if names else []))

    def _make(self, name: str, subject: str, more: list[str]) -> Pair:
        pair = Pair(str(self._folder / f"{name}.crt"), str(self._folder / f"{name}.key"))
        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-utf8"]
        command = ["openssl", "req", "-x509", *kind, "-keyout", pair.key, "-out", pair.certificate, "-subj", subject]
        done = subprocess.run([*command, *more], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        return pair
