"""What the settings say of who may call the admin API, as values: TLS, the root token."""

from __future__ import annotations

import logging

from dnsd.app.private import read_private
from dnsd.config import Settings
from dnsd.model.errors import InvalidSetting
from dnsd.model.grant import EVERYTHING
from dnsd.model.token import Token, hash_of, parts_of
from dnsd.runtime.tls import Tls

_log = logging.getLogger("dnsd.access")


def check_access(settings: Settings) -> None:
    """Raises InvalidSetting when a certificate, a key or the root token cannot be used."""
    root_of(settings)
    tls = tls_of(settings)
    if tls is not None:
        tls.context()
        if tls.is_key_open():
            _log.warning("tls_key: %r can be read by everybody on this host: chmod 640 or 600", settings.tls_key)


def tls_of(settings: Settings) -> Tls | None:
    """The files of TLS; None for plain HTTP."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return Tls(settings.tls_cert, settings.tls_key, settings.tls_client_ca)


def root_of(settings: Settings) -> Token | None:
    """The token of ``root_token_file``, which may do everything; None when there is none. Raises InvalidSetting."""
    path = settings.root_token_file
    if path is None:
        return None
    parts = parts_of(read_private("root_token_file", path).strip())
    if parts is None:
        raise InvalidSetting(f"root_token_file: {path!r} holds no token: make it with `dnsd token bootstrap`")
    return Token(parts[0], "root", EVERYTHING, 0, secret_hash=hash_of(parts[1]))
