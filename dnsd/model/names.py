"""Domain names in wire form, and the labels that Kubernetes allows in ours.

A *name* is ``bytes``: length-prefixed labels up to and with the root's zero octet, never compressed (RFC 1035 3.1).
Folding is ``bytes.lower``: it touches ASCII letters only (RFC 4343), and a length octet (0 to 63) is never a letter.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

Name = bytes

NAME_OCTETS_MAX = 255
LABEL_OCTETS_MAX = 63
ROOT: Name = b"\0"
_RANGES_KEPT = 1024
_IN_ADDR_ARPA, _IP6_ARPA = b"\7in-addr\4arpa\0", b"\3ip6\4arpa\0"

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_PORT_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,60}[a-z0-9])?")
_ENDPOINT_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._:-]{1,128}")
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*/+=:!#%&'`~^|<>?,{}[]")


def is_label(text: str) -> bool:
    """True for an RFC 1123 label in lower case: at most 63 of ``a-z0-9-``, no dash at either end."""
    return _LABEL.fullmatch(text) is not None


def is_port_name(text: str) -> bool:
    """True for what may stand behind the underscore of ``_port._proto``: a label of at most 62 octets."""
    return _PORT_NAME.fullmatch(text) is not None


def is_endpoint_id(text: str) -> bool:
    """True for 1 to 128 of ``A-Za-z0-9._:-``, but for ``.`` and ``..``, which no URL can name; case is kept."""
    return _ENDPOINT_ID.fullmatch(text) is not None


def name_from_labels(*labels: str | bytes) -> Name:
    """The name made of these labels, root added. ValueError when a label or the whole is empty or too long."""
    parts = []
    for label in labels:
        octets = label.encode("ascii") if isinstance(label, str) else label
        if not 1 <= len(octets) <= LABEL_OCTETS_MAX:
            raise ValueError(f"label {octets!r} has {len(octets)} octets, 1 to {LABEL_OCTETS_MAX} are possible")
        parts.append(bytes((len(octets),)) + octets)
    return _checked_length(b"".join(parts) + ROOT)


def child(label: str | bytes, parent: Name) -> Name:
    """The name one label below ``parent``. ValueError when it gets too long."""
    octets = label.encode("ascii") if isinstance(label, str) else label
    if not 1 <= len(octets) <= LABEL_OCTETS_MAX:
        raise ValueError(f"label {octets!r} has {len(octets)} octets, 1 to {LABEL_OCTETS_MAX} are possible")
    return _checked_length(bytes((len(octets),)) + octets + parent)


def name_from_text(text: str, origin: Name = ROOT) -> Name:
    r"""A name from master-file text (RFC 1035 5.1, with ``\.`` and ``\DDD``); relative text is put below ``origin``.

    ``name_from_text("web.default")`` is absolute with the default origin. ValueError says what is wrong.
    """
    if text == ".":
        return ROOT
    if text == "@":
        return origin
    labels, absolute = _split_text(text)
    wire = b"".join(bytes((len(label),)) + label for label in labels)
    return _checked_length(wire + (ROOT if absolute else origin))


def name_to_text(name: Name) -> str:
    r"""Master-file text of a name, with the final dot; what is not plain is escaped (``\.``, ``\032``)."""
    if name == ROOT:
        return "."
    return "".join(f"{label_to_text(label)}." for label in labels_of(name))


def label_to_text(label: bytes) -> str:
    """One label as master-file text, escaped where needed."""
    return "".join(
        chr(octet) if octet in _PLAIN else f"\\{chr(octet)}" if octet in b'.\\"();@$' else f"\\{octet:03d}"
        for octet in label
    )


def labels_of(name: Name) -> Iterator[bytes]:
    """The labels of a well-formed name, leftmost first, without the root."""
    at = 0
    while length := name[at]:
        yield name[at + 1 : at + 1 + length]
        at += 1 + length


def parent_of(name: Name) -> Name:
    """The name without its leftmost label; the root has no parent, so never ask for it."""
    return name[1 + name[0] :]


def is_at_or_below(name: Name, origin: Name) -> bool:
    """True when ``name`` is ``origin`` or a descendant of it; both folded, well-formed."""
    while len(name) > len(origin):
        name = parent_of(name)
    return name == origin


def reverse_name(address: str) -> Name:
    """The ``in-addr.arpa`` or ``ip6.arpa`` name of an address in canonical text (RFC 1035 3.5, RFC 3596 2.5)."""
    if is_ipv6(address):
        digits = socket.inet_pton(socket.AF_INET6, address).hex()
        return "".join([f"\1{digit}" for digit in reversed(digits)]).encode() + _IP6_ARPA
    front, _, last = address.rpartition(".")
    return f"{chr(len(last))}{last}".encode() + _reverse_above(front)


@lru_cache(maxsize=_RANGES_KEPT)
def _reverse_above(front: str) -> Name:
    """The reverse name of the /24 of these three octets. Cached: neighbours come one after the other."""
    a, b, c = front.split(".")
    return f"{chr(len(c))}{c}{chr(len(b))}{b}{chr(len(a))}{a}".encode() + _IN_ADDR_ARPA


def dashed(address: str) -> str:
    """The label Kubernetes makes of an address: ``10-1-2-3``, ``2001-db8--1``; a dash at an end gets a zero."""
    label = address.lower().replace(".", "-").replace(":", "-")
    return f"{'0' if label.startswith('-') else ''}{label}{'0' if label.endswith('-') else ''}"


def canonical_address(text: str) -> str:
    """The one spelling of an IPv4 or IPv6 address (RFC 5952). ValueError when it is neither."""
    if is_canonical_address(text):  # the long way has the words for what is wrong, and takes 7 us more
        return text
    parsed: IPv4Address | IPv6Address = ip_address(text)
    if isinstance(parsed, IPv6Address) and parsed.scope_id:
        raise ValueError(f"{text!r} has a zone index; give the address without %{parsed.scope_id}")
    return str(parsed)


def is_canonical_address(text: str) -> bool:
    """True when a quick look shows that :func:`canonical_address` would not change it; False says nothing."""
    try:
        if ":" not in text:
            return socket.inet_ntop(socket.AF_INET, socket.inet_pton(socket.AF_INET, text)) == text
        octets = socket.inet_pton(socket.AF_INET6, text)
        return "." not in text and socket.inet_ntop(socket.AF_INET6, octets) == text  # dots: RFC 5952 5 has choices
    except (OSError, ValueError):
        return False


def is_ipv6(address: str) -> bool:
    """True for an IPv6 address in canonical text."""
    return ":" in address


def _checked_length(name: Name) -> Name:
    if len(name) > NAME_OCTETS_MAX:
        raise ValueError(f"name of {len(name)} octets, {NAME_OCTETS_MAX} are possible")
    return name


def _split_text(text: str) -> tuple[list[bytes], bool]:
    """Labels of master-file text, and whether it ended in an unescaped dot."""
    labels: list[bytes] = []
    label = bytearray()
    at, absolute = 0, False
    while at < len(text):
        absolute = text[at] == "."
        if absolute:
            labels.append(_checked_label(bytes(label), text))
            label.clear()
            at += 1
        else:
            octet, at = _read_octet(text, at)
            label.append(octet)
    if not absolute:
        labels.append(_checked_label(bytes(label), text))
    return labels, absolute


def _checked_label(label: bytes, text: str) -> bytes:
    if not label:
        raise ValueError(f"empty label in {text!r}")
    if len(label) > LABEL_OCTETS_MAX:
        raise ValueError(f"label of {len(label)} octets in {text!r}, {LABEL_OCTETS_MAX} are possible")
    return label


def _read_octet(text: str, at: int) -> tuple[int, int]:
    """The octet at ``at``, escapes read, and where the next one starts."""
    if text[at] != "\\":
        octet = ord(text[at])
        if octet > 126 or octet < 33:
            raise ValueError(f"character {text[at]!r} in {text!r} must be written as \\DDD")
        return octet, at + 1
    digits = text[at + 1 : at + 4]
    if digits[:1].isdigit():
        if len(digits) < 3 or not (digits.isascii() and digits.isdigit()) or int(digits) > 255:
            raise ValueError(f"bad escape \\{digits} in {text!r}: three digits up to 255")
        return int(digits), at + 4
    if not digits:
        raise ValueError(f"{text!r} ends in a backslash")
    if digits[0] > "~":
        raise ValueError(f"character {digits[0]!r} in {text!r} must be written as \\DDD")
    return ord(digits[0]), at + 2
