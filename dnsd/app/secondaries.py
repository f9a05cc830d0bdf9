"""What the settings say of secondaries, as values: who may transfer, who is notified, with which keys."""

from __future__ import annotations

from importlib.util import find_spec
from ipaddress import ip_network
from typing import TYPE_CHECKING

from dnsd.answer.allowed import Allowed
from dnsd.app.private import read_private
from dnsd.codec.tsig import TsigKey, read_keys
from dnsd.config import Settings
from dnsd.model.errors import InvalidFile, InvalidSetting
from dnsd.model.names import Name, name_from_text
from dnsd.server.address import parse_address
from dnsd.server.secondaries import Secondary

if TYPE_CHECKING:
    from dnsd.codec.signature import SharedKeys


def check_secondaries(settings: Settings) -> None:
    """Raises InvalidSetting when the keys cannot be read or used, or a key is named that is not there."""
    keys = _keys(settings)
    if keys and find_spec("dns") is None:
        raise InvalidSetting("tsig_keys: signatures need dnspython: pip install 'dnsd[tsig]'")
    known = {key.name for key in keys}
    named = [("transfer_to", text) for text in settings.transfer_to if not _is_network(text)]
    named += [("notify", text) for text in settings.notify if " " in text]
    for setting, text in named:
        if name_from_text(text.rpartition(" ")[2]) not in known:
            raise InvalidSetting(f"{setting}: {text!r} names a key that is not in the file of tsig_keys")


def allowed_of(settings: Settings) -> Allowed:
    """Who may have the zones."""
    networks = tuple(ip_network(text) for text in settings.transfer_to if _is_network(text))
    names = frozenset(name_from_text(text) for text in settings.transfer_to if not _is_network(text))
    return Allowed(networks, names)


def secondaries_of(settings: Settings) -> tuple[Secondary, ...]:
    """Who is told of changes."""
    return tuple(_secondary(text) for text in settings.notify)


def keys_of(settings: Settings) -> SharedKeys | None:
    """The keys, ready for use; None when there are none. Raises InvalidSetting."""
    keys = _keys(settings)
    if not keys:
        return None
    from dnsd.codec.signature import SharedKeys  # 80 ms and some MB, only for those who sign

    return SharedKeys(keys)


def _secondary(text: str) -> Secondary:
    address, _, key = text.partition(" ")
    key_name: Name = name_from_text(key) if key else b""
    return Secondary(parse_address(address, "notify"), key_name)


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _keys(settings: Settings) -> tuple[TsigKey, ...]:
    path = settings.tsig_keys
    if path is None:
        return ()
    try:
        return read_keys(read_private("tsig_keys", path), path)
    except InvalidFile as fault:
        raise InvalidSetting(f"tsig_keys: {fault}") from None
