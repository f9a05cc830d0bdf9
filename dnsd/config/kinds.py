"""How the value of a setting is read, from text (flags, environment) or from TOML. A ValueError says what is right."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from dnsd.answer.access import DENIED
from dnsd.authority.reverse import zones_of
from dnsd.forward.upstream import parse_upstream
from dnsd.model.names import is_label, name_from_text, name_to_text
from dnsd.server.address import PORT_MOST, Address

Raw = str | int | float | bool
ZONE_OCTETS_MOST = 53  # so that the longest SRV owner below it, _port._sctp.service.namespace.svc.<zone>, fits in 255
STORE_SCHEMES = ("redis", "rediss", "unix", "sentinel", "cluster")

_PREFIX = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_KEY_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?")
_REPLICA = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: how it is read, and the word that stands for it in the help."""

    read: Callable[[Raw], Any]
    metavar: str
    bounds: str = ""


def _text_of(raw: Raw, what: str) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError(what)
    return raw.strip()


def _read_host_port(raw: Raw) -> Address:
    right = "ADDR:PORT is needed, such as 127.0.0.1:1053 or [::1]:1053"
    host, colon, port = _text_of(raw, right).rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > PORT_MOST:
        raise ValueError(right)
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ValueError(right)
    try:
        return Address(str(ip_address(host.removeprefix("[").removesuffix("]"))), int(port))
    except ValueError:
        raise ValueError(f"{right} (an address, not a name)") from None


def _read_zone(raw: Raw) -> str:
    text = _text_of(raw, "a domain name is needed, such as cluster.local").lower().removesuffix(".")
    if not text or not all(is_label(label) for label in text.split(".")):
        raise ValueError("labels of a-z, 0-9 and - are needed, such as cluster.local")
    octets = len(name_from_text(text))
    if octets > ZONE_OCTETS_MOST:
        raise ValueError(f"it has {octets} octets on the wire, {ZONE_OCTETS_MOST} are possible (SRV names go below it)")
    return text


def _read_host_name(raw: Raw) -> str:
    right = "a host name is needed, such as dns-1.example.net, without a port"
    text = _text_of(raw, right).lower().removesuffix(".")
    if not all(is_label(label) for label in text.split(".")):
        raise ValueError(right)
    return text


def _read_network(raw: Raw) -> str:
    text = _text_of(raw, "a network is needed, such as 10.0.0.0/8")
    try:
        network: IPv4Network | IPv6Network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError("a network is needed, such as 10.0.0.0/8 or fd00::/8") from None
    if ip_address(text.partition("/")[0]) != network.network_address:
        raise ValueError(f"it has bits behind the prefix; is {network} meant?")
    return str(network)


def _read_rule(raw: Raw) -> str:
    text = _text_of(raw, "a network is needed, such as 10.0.0.0/8, or !10.9.0.0/16 to leave one out")
    left_out = text.startswith(DENIED)
    return DENIED * left_out + _read_network(text[left_out:])


def _read_short_names(raw: Raw) -> str:
    right = "a network and a namespace behind a space are needed, such as 10.1.0.0/16 team-a"
    network, _, namespace = _text_of(raw, right).partition(" ")
    if not is_label(namespace.strip().lower()):
        raise ValueError(right)
    return f"{_read_network(network)} {namespace.strip().lower()}"


def _read_address(raw: Raw) -> str:
    try:
        address = ip_address(_text_of(raw, ""))
    except ValueError:
        raise ValueError("an IPv4 or IPv6 address is needed") from None
    if address.is_unspecified or address.is_multicast or "%" in str(address):
        raise ValueError("an address is needed under which others reach this machine")
    return str(address)


def _read_store_url(raw: Raw) -> str:
    right = "redis://, rediss://, unix://, sentinel://h1:p,h2:p/NAME/DB or cluster://h:p is needed"
    text = _text_of(raw, right)
    scheme, separator, rest = text.partition("://")
    if scheme not in STORE_SCHEMES or not separator or not rest:
        raise ValueError(right)
    return text


def _read_directory(raw: Raw) -> str:
    text = _text_of(raw, "the path of a directory is needed")
    if "\0" in text:
        raise ValueError("the path of a directory is needed")
    return text


def _read_file(raw: Raw) -> str:
    text = _text_of(raw, "the path of a file is needed")
    if "\0" in text:
        raise ValueError("the path of a file is needed")
    return text


def _read_client(raw: Raw) -> str:
    right = "a network such as 192.0.2.0/24, an address, or the name of a key of tsig_keys is needed"
    text = _text_of(raw, right)
    try:
        ip_network(text, strict=False)
    except ValueError:
        return _read_key_name(text, right)
    return _read_network(text)


def _read_key_name(text: str, right: str) -> str:
    try:
        name = name_from_text(text).lower()
    except ValueError:
        raise ValueError(right) from None
    if not _KEY_NAME.fullmatch(text):
        raise ValueError(right)
    return name_to_text(name)


def _read_secondary(raw: Raw) -> str:
    right = "ADDR:PORT is needed, or ADDR:PORT and the name of a key of tsig_keys behind a space"
    address, _, key = _text_of(raw, right).partition(" ")
    place = _read_host_port(address)
    if not place.port:
        raise ValueError(right)
    return f"{place} {_read_key_name(key.strip(), right)}" if key.strip() else str(place)


def _read_upstream(raw: Raw) -> str:
    text = _text_of(raw, "ADDR, ADDR:PORT, tls://ADDR[:PORT][#NAME] or the path of a resolv.conf is needed")
    return _read_file(text) if text.startswith("/") else str(parse_upstream(text))


def _read_domain_upstream(raw: Raw) -> str:
    right = "DOMAIN=ADDR or CIDR=ADDR is needed, such as corp.example=192.0.2.1 or 10.0.0.0/8=192.0.2.1:5353"
    domain, equals, upstream = _text_of(raw, right).partition("=")
    if not equals or upstream.strip().startswith("/"):
        raise ValueError(right)
    if "/" in domain:
        domain = _read_network(domain)
        zones_of(domain)
    else:
        try:
            domain = name_to_text(name_from_text(domain.strip()).lower())
        except ValueError:
            raise ValueError(right) from None
    return f"{domain}={_read_upstream(upstream)}"


def _matching(pattern: re.Pattern[str], right: str) -> Callable[[Raw], str]:
    def read(raw: Raw) -> str:
        text = _text_of(raw, right)
        if not pattern.fullmatch(text):
            raise ValueError(right)
        return text

    return read


def _read_switch(raw: Raw) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError("true or false is needed")
    return word in _TRUE


def whole(least: int, most: int, metavar: str = "N") -> Kind:
    """A whole number from ``least`` to ``most``."""
    right = f"a whole number from {least} to {most} is needed"

    def read(raw: Raw) -> int:
        if isinstance(raw, str) and re.fullmatch(r"[0-9]{1,12}", raw.strip()):
            raw = int(raw)
        if not isinstance(raw, int) or isinstance(raw, bool) or not least <= raw <= most:
            raise ValueError(right)
        return raw

    return Kind(read, metavar, f"{least} to {most}")


def seconds(least: float, most: float) -> Kind:
    """A length of time, whole or not."""
    right = f"a number of seconds from {least:g} to {most:g} is needed"

    def read(raw: Raw) -> float:
        if isinstance(raw, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", raw.strip()):
            raw = float(raw)
        if isinstance(raw, bool | str) or not least <= raw <= most:
            raise ValueError(right)
        return float(raw)

    return Kind(read, "SECONDS", f"{least:g} to {most:g}")


def choice(*words: str) -> Kind:
    """One of a few words."""

    def read(raw: Raw) -> str:
        if raw not in words:
            raise ValueError(f"one of {', '.join(words)} is needed")
        return str(raw)

    return Kind(read, "|".join(words))


HOST_PORT = Kind(_read_host_port, "ADDR:PORT")
ZONE = Kind(_read_zone, "NAME", f"at most {ZONE_OCTETS_MOST} octets on the wire")
HOST_NAME = Kind(_read_host_name, "NAME")
NETWORK = Kind(_read_network, "CIDR")
RULE = Kind(_read_rule, "[!]CIDR")
SHORT_NAMES = Kind(_read_short_names, "CIDR NAMESPACE")
ADDRESS = Kind(_read_address, "ADDR")
STORE_URL = Kind(_read_store_url, "URL")
DIRECTORY = Kind(_read_directory, "DIR")
FILE = Kind(_read_file, "FILE")
CLIENT = Kind(_read_client, "CIDR|KEY")
SECONDARY = Kind(_read_secondary, "ADDR:PORT[ KEY]")
UPSTREAM = Kind(_read_upstream, "ADDR|FILE")
DOMAIN_UPSTREAM = Kind(_read_domain_upstream, "DOMAIN=ADDR")
SWITCH = Kind(_read_switch, "true|false")
PREFIX = Kind(_matching(_PREFIX, "1 to 64 of A-Z, a-z, 0-9 and . _ : - are needed"), "TEXT")
REPLICA = Kind(_matching(_REPLICA, "1 to 63 of A-Z, a-z, 0-9 and . _ - are needed"), "NAME")


def masked_url(url: str) -> str:
    """A store's URL without its password and without its query, which may hold one, for logs and messages."""
    scheme, separator, rest = url.partition("?")[0].partition("://")
    user, at, place = rest.rpartition("@")
    name, colon, _ = user.partition(":")
    return f"{scheme}{separator}{name}{':***' if colon else ''}{at}{place}"
