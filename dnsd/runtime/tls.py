"""TLS for a door: certificate and key from files that somebody renews, and who a client's certificate says it is."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dnsd.model.errors import InvalidSetting

_SHORT = {
    "commonName": "CN",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "countryName": "C",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "streetAddress": "street",
    "domainComponent": "DC",
    "userId": "UID",
}
"""The names of RFC 4514 section 3; others are written as OpenSSL names them."""

Stamp = tuple[tuple[int, int, int], ...]


class Tls:
    """The files of ``tls_cert``, ``tls_key`` and, for clients' certificates, ``tls_client_ca``; ``prefix``: of those
    settings' names.
    """

    def __init__(self, certificate: str, key: str, client_ca: str | None = None, prefix: str = "") -> None:
        self._prefix = prefix
        self._certificate = certificate
        self._key = key
        self._client_ca = client_ca
        self._stamp: Stamp = ()

    def context(self) -> ssl.SSLContext:
        """What the files say now. Blocking. Raises InvalidSetting that names the file."""
        self._stamp = self._stamp_now()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        self._check_readable()
        try:
            context.load_cert_chain(self._certificate, self._key, password=lambda: "")
        except ssl.SSLError as fault:
            what = fault.reason or "no PEM, or the key is encrypted"
            raise InvalidSetting(
                f"{self._prefix}tls_cert, {self._prefix}tls_key: {self._certificate!r} and {self._key!r} are no "
                f"certificate and its key: {what}"
            ) from None
        if self._client_ca is not None:
            try:
                context.load_verify_locations(self._client_ca)
            except ssl.SSLError as fault:
                raise InvalidSetting(
                    f"tls_client_ca: {self._client_ca!r} holds no certificate: {fault.reason or 'no PEM'}"
                ) from None
            context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def has_changed(self) -> bool:
        """True when a file is not the one of the last :meth:`context`. Blocking, for a moment."""
        return self._stamp_now() != self._stamp

    def is_key_open(self) -> bool:
        """True when others than its owner and his group may read the key."""
        try:
            return bool(os.stat(self._key).st_mode & 0o007)
        except OSError:
            return False

    def _files(self) -> dict[str, str]:
        files = {f"{self._prefix}tls_cert": self._certificate, f"{self._prefix}tls_key": self._key}
        return files if self._client_ca is None else {**files, "tls_client_ca": self._client_ca}

    def _check_readable(self) -> None:
        for setting, path in self._files().items():
            try:
                with Path(path).open("rb") as file:
                    file.read(1)
            except OSError as fault:
                raise InvalidSetting(f"{setting}: {path!r} cannot be read: {fault.strerror}") from None

    def _stamp_now(self) -> Stamp:
        stamps = []
        for path in self._files().values():
            try:
                found = os.stat(path)
                stamps.append((found.st_ino, found.st_size, found.st_mtime_ns))
            except OSError:
                stamps.append((0, 0, 0))
        return tuple(stamps)


def subjects_of(certificate: Mapping[str, Any] | None) -> list[str]:
    """What a verified certificate, as ``ssl`` tells it, says its owner is: its subject as RFC 4514 text (what `openssl
    x509 -subject -nameopt RFC2253` prints), then ``URI:`` and each URI among its alternative names.
    """
    if not certificate:
        return []
    parts = ["+".join(f"{_SHORT.get(name, name)}={_escaped(text)}" for name, text in each)
             for each in reversed(certificate.get("subject", ()))]  # fmt: skip
    uris = [f"URI:{text}" for kind, text in certificate.get("subjectAltName", ()) if kind == "URI"]
    return [*([",".join(parts)] if parts else []), *uris]


def _escaped(text: str) -> str:
    """A value within a distinguished name (RFC 4514 section 2.4)."""
    escaped = "".join(f"\\{each}" if each in ',+"\\<>;' else each for each in text)
    if escaped[:1] in ("#", " "):
        escaped = f"\\{escaped}"
    return f"{escaped[:-1]}\\ " if escaped.endswith(" ") and len(escaped) > 1 else escaped
