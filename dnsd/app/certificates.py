"""What the settings say of the certificate of DNS over TLS and over HTTPS, as values."""

from __future__ import annotations

from dnsd.config import Settings
from dnsd.runtime.tls import Tls


def check_encrypted(settings: Settings) -> None:
    """Raises InvalidSetting when the certificate or its key cannot be used."""
    tls = dns_tls_of(settings)
    if tls is not None:
        tls.context()


def dns_tls_of(settings: Settings) -> Tls | None:
    """The files of the certificate of DNS; None when no door needs one."""
    if not (settings.dot or settings.doh) or settings.dns_tls_cert is None or settings.dns_tls_key is None:
        return None
    return Tls(settings.dns_tls_cert, settings.dns_tls_key, prefix="dns_")
