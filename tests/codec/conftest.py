"""What tests of master files share: a body put behind a head that makes it a whole zone."""

from collections.abc import Callable

import pytest

from dnsd.codec.zonefile import ReadZone, read_zone
from dnsd.codec.zonefile_rdata import rdata_to_text
from dnsd.model.names import name_from_text, name_to_text

ZONE_HEAD = "$TTL 1h\n@ SOA ns1 host 1 2h 3h 4w 5m\n@ NS ns1\nns1 A 192.0.2.1\n"
ZONE_HEAD_LINES = 4


@pytest.fixture
def zone_of() -> Callable[..., ReadZone]:
    """Reads a zone example.org from the lines behind the usual SOA, NS and address, which take four lines."""

    def read(body: str, **files: str) -> ReadZone:
        def included(path: str) -> str:
            if path not in files:
                raise FileNotFoundError(2, "No such file or directory", path)
            return files[path]

        return read_zone(ZONE_HEAD + body, "f", name_from_text("example.org"), included if files else None)

    return read


@pytest.fixture
def records_of(zone_of: Callable[..., ReadZone]) -> Callable[..., list[str]]:
    """The records behind the head as ``owner ttl type-number data``, relative to example.org."""

    def read(body: str, **files: str) -> list[str]:
        lines = []
        for rrset in zone_of(body, **files).data.rrsets:
            owner = name_to_text(rrset.owner).removesuffix("example.org.").removesuffix(".") or "@"
            lines += [f"{owner} {rrset.ttl} {rrset.rtype} {rdata_to_text(rrset.rtype, r.rdata)}" for r in rrset.records]
        return [line for line in lines if not line.startswith(("@ 3600 6 ", "@ 3600 2 ns1.", "ns1 3600 1 192.0.2.1"))]

    return read
