"""Whole master files: as dnspython, NSD and Knot read them, and no text that upsets the reader."""

import subprocess

import dns.zone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from room import require

from dnsd.codec.zonefile import InvalidZone, read_zone
from dnsd.model.names import name_from_text
from dnsd.model.rrset import Record

ORIGIN = name_from_text("example.org")

GOOD = r"""; a zone with a little of everything
$TTL 1h
@       IN SOA ns1 host\.master (
            2024010101 ; serial
            2h 10m 1w 5m )
        IN NS ns1
        NS ns2.example.net.
        MX 10 mail
        TXT "v=spf1 mx -all" plain "semi;colon" "quote\"d" "\065\255"
        CAA 0 issue "ca.example.net"
ns1     60 IN A 192.0.2.1
        IN 60 AAAA 2001:db8::1
mail    A 192.0.2.25
Www     A 192.0.2.80
www     A 192.0.2.81
alias   CNAME WWW
old     DNAME new.example.net.
_http._tcp SRV 1 2 8080 www
           SRV 1 0 8081 mail
*.wild  A 192.0.2.99
a\.b    A 192.0.2.3
host    HINFO "Generic PC" Linux
sub     NS ns.sub
ns.sub  A 192.0.2.53
key     SSHFP 4 2 1212121212121212121212121212121212121212121212121212121212121212
_443._tcp TLSA 3 1 1 0000111100001111000011110000111100001111000011110000111100001111
num     NAPTR 100 50 "s" "http" "!^(.*)$!\\1!" .
        TYPE731 \# 6 abcd ef 01 23 45
$ORIGIN deep.example.org.
@       A 192.0.2.4
x       CNAME @
"""

BAD = {
    "no SOA": "$TTL 60\n@ NS ns1\nns1 A 192.0.2.1\n",
    "a second SOA": GOOD + "example.org. SOA ns1 host 2 2 2 2 2\n",
    "a second alias": GOOD + "alias.example.org. CNAME mail\n",
    "an alias with data": GOOD + "alias.example.org. A 192.0.2.5\n",
    "data before an alias": GOOD + "mail.example.org. CNAME www\n",
    "wrong address": GOOD + "z A 192.0.2.256\n",
    "wrong address of six": GOOD + "z AAAA 1::2::3\n",
    "unknown type": GOOD + "z FOO x\n",
    "number too large": GOOD + "z MX 65536 mail\n",
    "open parenthesis": GOOD + "z TXT ( x\n",
    "open quote": GOOD + 'z TXT "x\n',
    "label too long": GOOD + f"{'x' * 64} A 192.0.2.1\n",
    "name too long": GOOD + f"{'.'.join(['x' * 60] * 4)} A 192.0.2.1\n",
    "empty label": GOOD + "a..b A 192.0.2.1\n",
    "string too long": GOOD + f"z TXT {'x' * 256}\n",
    "length that lies": GOOD + "z TYPE731 \\# 3 abcd\n",
    "missing data": GOOD + "z MX 10\n",
    "too much data": GOOD + "z A 192.0.2.1 192.0.2.2\n",
}

KNOT_TAKES = {"a second SOA", "string too long"}
"""Knot takes the first of two SOAs and cuts long strings by itself; NSD and BIND do not."""


def records_of(text):
    zone = read_zone(text, "f", ORIGIN).data
    return {(r.owner, r.rtype, r.ttl, record.rdata) for r in zone.rrsets for record in r.records}


def test_the_same_records_as_dnspython():
    theirs = dns.zone.from_text(GOOD, "example.org.", relativize=False)
    expected = {
        (name.to_wire().lower(), int(rdataset.rdtype), rdataset.ttl, rdata.to_wire())
        for name, rdataset in theirs.iterate_rdatasets()
        for rdata in rdataset
    }
    assert records_of(GOOD) == expected
    assert len(expected) == 26


@pytest.fixture
def checker(request, tmp_path):
    """Says whether a server's own checker would load a zone file."""
    tool = request.param
    require(tool)
    (tmp_path / "knot.conf").write_text(
        f"database:\n  storage: {tmp_path}\nzone:\n- domain: example.org\n  file: {tmp_path}/z\n"
    )
    command = {
        "nsd-checkzone": ["example.org", "z"],
        "named-checkzone": ["-q", "-i", "local", "-k", "ignore", "example.org", "z"],
        "knotc": ["-c", "knot.conf", "zone-check", "example.org"],
    }[tool]

    def check(text):
        (tmp_path / "z").write_text(text)
        return subprocess.run([tool, *command], cwd=tmp_path, capture_output=True, timeout=20).returncode == 0

    return check


CHECKERS = pytest.mark.parametrize("checker", ["nsd-checkzone", "named-checkzone", "knotc"], indirect=True)


@CHECKERS
def test_real_servers_load_what_we_load(checker):
    assert checker(GOOD)


@pytest.mark.parametrize("what", BAD)
def test_wrong_files_are_refused_with_file_and_line(what):
    with pytest.raises(InvalidZone) as wrong:
        read_zone(BAD[what], "f", ORIGIN)
    assert 1 <= wrong.value.line <= BAD[what].count("\n") + 1
    assert str(wrong.value).startswith(f"f:{wrong.value.line}: ")


@pytest.mark.parametrize(
    ("checker", "what"),
    [("nsd-checkzone" if what in KNOT_TAKES else "knotc", what) for what in BAD],
    indirect=["checker"],
)
def test_a_real_server_refuses_what_we_refuse(checker, what):
    assert not checker(BAD[what])


def test_static_records_stand_by_their_own_priority_and_weight():
    zone = read_zone(GOOD, "f", ORIGIN).data
    places = {(r.priority, r.weight) for rrset in zone.rrsets if rrset.rtype == 33 for r in rrset.records}
    assert places == {(1, 512), (1, 1)}
    others = {(r.priority, r.weight) for rrset in zone.rrsets if rrset.rtype != 33 for r in rrset.records}
    assert others == {(0, 1)}


def test_port_zero_is_possible_in_static_zones():
    zone = read_zone(GOOD + "_x._tcp.example.org. SRV 0 0 0 .\n", "f", ORIGIN).data
    assert Record(bytes(7), 0, 1) in [record for rrset in zone.rrsets for record in rrset.records]


def test_the_zone_knows_its_name_and_where_it_came_from():
    zone = read_zone(GOOD, "zones/f", name_from_text("EXAMPLE.org")).data
    assert (zone.origin, zone.source) == (ORIGIN, "zones/f")


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.sampled_from('()";\\$@.*\n\t \x00ü0x{')), max_size=6))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(damages):
    text = GOOD
    for at, character in damages:
        text = text[:at] + character + text[at + 1 :]
    try:
        zone = read_zone(text, "f", ORIGIN).data
    except InvalidZone as wrong:
        assert all(str(fault).startswith("f:") for fault in wrong.faults)  # noqa: PT017
    else:
        assert zone.origin == ORIGIN


@settings(max_examples=100)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    with pytest.raises(InvalidZone):
        read_zone(text, "f", ORIGIN)
