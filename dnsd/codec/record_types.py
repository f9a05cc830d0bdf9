"""Which fields the data of each record type is made of.

To add a record type: one line in ``SHAPES``, made of ``codec/fields``; its name is in ``codec/wire``.
"""

from __future__ import annotations

from dnsd.codec.binding import Parameters
from dnsd.codec.fields import Address, Digits, Field, HostName, Number, Seconds, String, Strings, Text
from dnsd.codec.location import Location
from dnsd.model.message import RRType
from dnsd.model.names import Name

_NAME = HostName("name")
_DIGEST = (Number("key tag", 2), Number("algorithm", 1), Number("digest type", 1), Digits("digest", 16))
_KEY = (Number("flags", 2), Number("protocol", 1), Number("algorithm", 1), Digits("key", 64))
_CERTIFICATE = (Number("usage", 1), Number("selector", 1), Number("matching type", 1), Digits("certificate data", 16))
_BINDING = (Number("priority", 2), HostName("target"), Parameters())

SHAPES: dict[int, tuple[Field, ...]] = {
    RRType.A: (Address("IPv4 address", 4),),
    RRType.NS: (HostName("name server"),),
    RRType.CNAME: (HostName("canonical name"),),
    RRType.SOA: (
        HostName("primary server"),
        HostName("mailbox"),
        Number("serial", 4),
        *(Seconds(what) for what in ("refresh", "retry", "expire", "minimum")),
    ),
    RRType.PTR: (HostName("target"),),
    RRType.HINFO: (String("CPU"), String("OS")),
    RRType.MX: (Number("preference", 2), HostName("exchange")),
    RRType.TXT: (Strings("string"),),
    17: (HostName("mailbox"), HostName("text name")),  # RP, RFC 1183
    18: (Number("subtype", 2), _NAME),  # AFSDB, RFC 1183
    RRType.AAAA: (Address("IPv6 address", 16),),
    29: (Location(),),  # LOC, RFC 1876
    RRType.SRV: (Number("priority", 2), Number("weight", 2), Number("port", 2), HostName("target")),
    35: (  # NAPTR, RFC 3403
        Number("order", 2),
        Number("preference", 2),
        *(String(what) for what in ("flags", "service", "regexp")),
        HostName("replacement"),
    ),
    36: (Number("preference", 2), HostName("exchanger")),  # KX, RFC 2230
    RRType.DNAME: (_NAME,),
    RRType.DS: _DIGEST,
    44: (Number("algorithm", 1), Number("fingerprint type", 1), Digits("fingerprint", 16)),  # SSHFP, RFC 4255
    48: _KEY,  # DNSKEY, RFC 4034
    49: (Digits("data", 64),),  # DHCID, RFC 4701
    52: _CERTIFICATE,  # TLSA, RFC 6698
    53: _CERTIFICATE,  # SMIMEA, RFC 8162
    59: _DIGEST,  # CDS, RFC 7344
    60: _KEY,  # CDNSKEY
    61: (Digits("key", 64),),  # OPENPGPKEY, RFC 7929
    64: _BINDING,  # SVCB, RFC 9460
    65: _BINDING,  # HTTPS
    99: (Strings("string"),),  # SPF, RFC 7208 3.1: no longer in use, but in files
    256: (Number("priority", 2), Number("weight", 2), Text("target")),  # URI, RFC 7553
    257: (Number("flags", 1), String("tag", is_bare=True), Text("value")),  # CAA, RFC 8659
}

_HOLDING_NAMES = frozenset(rtype for rtype, shape in SHAPES.items() if any(isinstance(f, HostName) for f in shape))


def split(rtype: int, rdata: bytes) -> list[tuple[Field, bytes]]:
    """The fields of uncompressed RDATA of a type in ``SHAPES``, with their octets. ValueError when they do not fit."""
    at, parts = 0, []
    for field in SHAPES[rtype]:
        end = field.end(rdata, at)
        parts.append((field, rdata[at:end]))
        at = end
    if at != len(rdata):
        raise ValueError(f"{len(rdata) - at} octets too many")
    return parts


def folded(rtype: int, rdata: bytes) -> bytes:
    """RDATA with its names in lower case: two records are the same when these are (RFC 4034 6.2)."""
    if rtype not in _HOLDING_NAMES:
        return rdata
    return b"".join(part.lower() if isinstance(field, HostName) else part for field, part in split(rtype, rdata))


def names_in(rtype: int, rdata: bytes) -> list[Name]:
    """The domain names in uncompressed RDATA."""
    if rtype not in _HOLDING_NAMES:
        return []
    return [part for field, part in split(rtype, rdata) if isinstance(field, HostName)]
