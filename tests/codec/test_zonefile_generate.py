"""$GENERATE, compared with dnspython's, and its bounds."""

import dns.zone
import pytest

from dnsd.codec.zonefile import InvalidZone
from dnsd.codec.zonefile_generate import ROUNDS_MOST, rounds


def test_one_record_a_number(records_of):
    assert records_of("$GENERATE 1-5/2 host-$ 30 IN A 192.0.2.$\n") == [
        "host-1 30 1 192.0.2.1",
        "host-3 30 1 192.0.2.3",
        "host-5 30 1 192.0.2.5",
    ]


def test_the_owner_before_goes_on_behind_it(records_of):
    assert records_of("www A 192.0.2.9\n$GENERATE 1-1 a$ CNAME b$\n  AAAA ::1\n")[-1] == "www 3600 28 ::1"


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("$", "10"),
        ("a${5}", "a15"),
        ("a${-9,3}", "a001"),
        ("a${0,4,d}", "a0010"),
        ("a${0,0,o}", "a12"),
        ("a${0,3,x}", "a00a"),
        ("a${245,0,x}", "aff"),
        ("${21,5,n}", "f.1.0"),
        ("${21,0,n}", "f.1"),
        ("a\\$", "a\\$"),
        ("a$$", "a\\$"),
        ("$-$", "10-10"),
    ],
)
def test_numbers_in_names(records_of, owner, name):
    assert records_of(f"$GENERATE 10-10 {owner} A 192.0.2.1\n") == [f"{name} 3600 1 192.0.2.1"]


def test_upper_case_digits_are_folded_in_owners_only(records_of):
    assert records_of("$GENERATE 171-171 a CNAME ${0,0,X}.${0,4,N}.\n") == ["a 3600 5 AB.B.A."]


@pytest.mark.parametrize("data", ['"10 mail$"', "10 mail$"])
def test_data_of_several_words_with_and_without_quotes(records_of, data):
    """BIND takes one token, quoted when it has blanks; the plain form is taken as well."""
    assert records_of(f"$GENERATE 1-2 a$ MX {data}\n") == [
        "a1 3600 15 10 mail1.example.org.",
        "a2 3600 15 10 mail2.example.org.",
    ]


def test_a_quoted_string_inside_the_quotes(records_of):
    assert records_of('$GENERATE 1-1 a TXT "\\"desk $ here\\" x"\n') == ['a 3600 16 "desk 1 here" "x"']


@pytest.mark.parametrize(
    "line",
    [
        "$GENERATE 1-20 a$ A 10.0.0.$",
        "$GENERATE 0-254/2 $ PTR host${1,3}.example.org.",
        "$GENERATE 1-3 a${0,4,x} 60 CNAME b${10,4,X}",
        "$GENERATE 5-6 ${16,3,n} IN PTR h$",
    ],
)
def test_the_same_records_as_dnspython(zone_of, line):
    head = "$TTL 1h\n@ SOA ns1 host 1 2h 3h 4w 5m\n@ NS ns1\nns1 A 192.0.2.1\n"
    theirs = dns.zone.from_text(head + line + "\n", "example.org.", relativize=False)
    expected = {
        (name.to_wire(), int(rdataset.rdtype), rdataset.ttl, rdata.to_wire())
        for name, rdataset in theirs.iterate_rdatasets()
        for rdata in rdataset
    }
    ours = zone_of(line + "\n").data.rrsets
    assert {(r.owner, r.rtype, r.ttl, record.rdata) for r in ours for record in r.records} == expected


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("$GENERATE 1 a$ A 192.0.2.$", "'1' is not a range such as 1-100"),
        ("$GENERATE 5-1 a$ A 192.0.2.$", "range 5-1 is empty"),
        ("$GENERATE 1-5/0 a$ A 192.0.2.$", "range 1-5/0 is empty"),
        ("$GENERATE 0-65536 a$ CNAME b", "makes more than 65536 records"),
        ("$GENERATE 0-9999999999 a$ CNAME b", "makes more than 65536 records"),
        ("$GENERATE 1-2 a${x} A 192.0.2.1", "${x} is not ${offset,width,base}"),
        ("$GENERATE 1-2 a${0,0,q} A 192.0.2.1", "is not ${offset,width,base}"),
        ("$GENERATE 1-2 a${-2} A 192.0.2.1", "${-2} makes -1 of 1; numbers start at 0"),
        ("$GENERATE 255-256 a$ A 192.0.2.$", "'192.0.2.256' is not an IPv4 address"),
        ("$GENERATE 1-2 a$ FOO x", "'FOO' is not a record type"),
        ("$GENERATE 1-2 a$", "type is missing"),
        ("$GENERATE 1-2", "$GENERATE's owner is missing"),
        ('$GENERATE 1-2 a$ MX "10 ("', "in the quoted data: a ( without its )"),
    ],
)
def test_wrong_ones_are_refused_at_their_line(zone_of, line, what):
    with pytest.raises(InvalidZone) as wrong:
        zone_of(line + "\n")
    assert (wrong.value.line, what in wrong.value.what) == (5, True), wrong.value


def test_all_of_a_zone_are_counted_together(zone_of):
    with pytest.raises(InvalidZone, match="makes more than 65536 records in one zone"):
        zone_of("$GENERATE 1-40000/20000 a$ CNAME b\n" + "$GENERATE 1-65535 x$ A 192.0.2.1\n")


def test_the_bound_itself_is_possible():
    assert len(rounds(f"1-{ROUNDS_MOST}")) == ROUNDS_MOST
    assert len(rounds(f"0-{ROUNDS_MOST * 2 - 1}/2")) == ROUNDS_MOST
    with pytest.raises(ValueError, match=r"makes more than 65536 records$"):
        rounds(f"0-{ROUNDS_MOST}")
