"""Directives, owners, TTLs and types: what a master file's lines mean together."""

import pytest

from dnsd.codec.zonefile import InvalidZone, read_zone
from dnsd.codec.zonefile_entries import FAULTS_MOST
from dnsd.model.names import name_from_text

ORIGIN = name_from_text("example.org")
BARE_HEAD = "@ 60 SOA ns1 host 1 2h 3h 4w 5m\n@ 60 NS ns1\nns1 60 A 192.0.2.1\n"


def faults_of(text, read=None):
    with pytest.raises(InvalidZone) as wrong:
        read_zone(text, "f", ORIGIN, read)
    return [str(fault) for fault in wrong.value.faults]


def ttls_of(text):
    return {
        rrset.owner[1 : 1 + rrset.owner[0]].decode(): rrset.ttl for rrset in read_zone(text, "f", ORIGIN).data.rrsets
    }


def test_a_leading_blank_repeats_the_owner(records_of):
    assert records_of("www A 192.0.2.2\n\n; nothing\n\tAAAA 2001:db8::2\n") == [
        "www 3600 1 192.0.2.2",
        "www 3600 28 2001:db8::2",
    ]


def test_a_leading_blank_with_nothing_to_repeat():
    assert faults_of("  A 192.0.2.1\n")[0].startswith("f:1: a line that starts with a blank")


@pytest.mark.parametrize("head", ["30 IN", "IN 30", "30", "in 30", "CLASS1 30"])
def test_ttl_and_class_in_either_order(records_of, head):
    """RFC 1035 5.1: "[<TTL>] [<class>] <type> <RDATA>" or "[<class>] [<TTL>] <type> <RDATA>"."""
    assert records_of(f"www {head} A 192.0.2.2\n") == ["www 30 1 192.0.2.2"]


@pytest.mark.parametrize("word", ["CH", "HS", "CLASS3", "ANY"])
def test_other_classes_are_refused(zone_of, word):
    with pytest.raises(InvalidZone, match=f"f:5: class {word}: dnsd serves class IN alone"):
        zone_of(f"www {word} A 192.0.2.2\n")


def test_names_are_relative_to_the_origin_of_the_moment(records_of):
    assert records_of(
        "$ORIGIN sub\n@ A 192.0.2.2\nwww A 192.0.2.3\n$ORIGIN deep\nx CNAME @\nabs.example.org. A 192.0.2.4\n"
    ) == [
        "sub 3600 1 192.0.2.2",
        "www.sub 3600 1 192.0.2.3",
        "x.deep.sub 3600 5 deep.sub.example.org.",
        "abs 3600 1 192.0.2.4",
    ]


def test_escapes_in_owners(records_of):
    assert records_of("a\\.b A 192.0.2.2\n\\@ A 192.0.2.3\nx\\032y A 192.0.2.4\n\\*.z A 192.0.2.5\n") == [
        "a\\.b 3600 1 192.0.2.2",
        "\\@ 3600 1 192.0.2.3",
        "x\\032y 3600 1 192.0.2.4",
        "*.z 3600 1 192.0.2.5",
    ]


def test_owners_are_folded_and_data_keeps_its_case(records_of):
    assert records_of("WWW CNAME Web.Example.NET.\n") == ["www 3600 5 Web.Example.NET."]


def test_the_ttl_is_the_default_when_there_is_one():
    """RFC 2308 4: $TTL holds for records without a TTL of their own, whatever stood on the line before."""
    assert ttls_of("$TTL 1h30m\n" + BARE_HEAD + "a A 192.0.2.2\n$TTL 10\nb A 192.0.2.3\n")["a"] == 5400
    assert ttls_of("$TTL 1h30m\n" + BARE_HEAD + "a A 192.0.2.2\n$TTL 10\nb A 192.0.2.3\n")["b"] == 10


def test_the_ttl_is_else_the_last_one_given():
    """RFC 1035 5.1: "Omitted class and TTL values are default to the last explicitly stated values."."""
    assert ttls_of(BARE_HEAD + "a A 192.0.2.2\nb 7 A 192.0.2.3\nc A 192.0.2.4\n") == {
        "example": 60, "ns1": 60, "a": 60, "b": 7, "c": 7,
    }  # fmt: skip


def test_the_ttl_is_else_the_minimum_of_the_soa():
    assert ttls_of("@ SOA ns1 host 1 2h 3h 4w 5m\n@ NS ns1\nns1 A 192.0.2.1\n") == {"example": 300, "ns1": 300}


def test_without_any_ttl_the_record_is_refused():
    assert faults_of("www A 192.0.2.1\n" + BARE_HEAD)[0].startswith("f:1: no TTL: give $TTL at the head of the file")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("$TTL 1x", "'1x' is not a time such as 3600 or 1h30m"),
        ("$TTL", "$TTL's time is missing"),
        ("$TTL 1 2", "'2' is too much here"),
        ("$ORIGIN a..b", "empty label in 'a..b'"),
        ("$FOO x", "$FOO is none of $TTL, $ORIGIN, $INCLUDE, $GENERATE"),
        ("www A6 0 ::1", "the data of A6 can only be given as octets: A6 \\# LENGTH HEX (RFC 3597 5)"),
        ("@ MD mail", "'MD' is not a record type: a name such as SRV, or TYPE with a number up to 65535"),
        ("@ MF mail", "'MF' is not a record type: a name such as SRV, or TYPE with a number up to 65535"),
        ("www FOO x", "'FOO' is not a record type: a name such as SRV, or TYPE with a number up to 65535"),
        (
            "www TYPE65536 \\# 0",
            "'TYPE65536' is not a record type: a name such as SRV, or TYPE with a number up to 65535",
        ),
        ("www OPT \\# 0", "OPT is a type of questions and messages, never of data (RFC 6895 3.1)"),
        ("www ANY \\# 0", "class ANY: dnsd serves class IN alone"),
        ("www TYPE252 \\# 0", "TYPE252 is a type of questions and messages, never of data (RFC 6895 3.1)"),
        ("www 2147483648 A 192.0.2.1", "2147483648 is more than 2147483647 seconds (RFC 2181 8)"),
        ("www", "type is missing"),
        ("$INCLUDE other", "$INCLUDE is not possible here"),
    ],
)
def test_wrong_lines_are_told(line, what):
    assert faults_of(BARE_HEAD + line + "\n") == [f"f:4: {what}"]


def test_all_faults_are_told_but_not_without_end():
    assert [fault.split(":")[1] for fault in faults_of(BARE_HEAD + "a A x\nb A 192.0.2.2\nc A y\n")] == ["4", "6"]
    assert len(faults_of("x A y\n" * 100)) == FAULTS_MOST


def test_lines_below_a_wrong_owner_are_passed_over():
    assert [fault.split(":")[1] for fault in faults_of(BARE_HEAD + "a..b A 192.0.2.2\n  AAAA ::1\n  CNAME c\n")] == [
        "4"
    ]


def test_the_fault_of_a_long_entry_stands_at_the_line_of_the_wrong_word():
    assert faults_of("@ 60 SOA ns1 host (\n 1\n 2x\n 3 4 5 )\n") == [
        "f:3: refresh: '2x' is not a time such as 3600 or 1h30m"
    ]


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert ttls_of("\ufeff" + BARE_HEAD) == {"example": 60, "ns1": 60}


def test_an_included_file_has_its_own_origin_and_gives_both_back(records_of):
    """RFC 1035 5.1: "a $INCLUDE entry never changes the relative origin of the parent file"."""
    files = {"hosts.inc": "@ A 192.0.2.2\nx A 192.0.2.3\n$ORIGIN elsewhere\n"}
    assert records_of(
        "www A 192.0.2.9\n$INCLUDE hosts.inc sub ; them\n  AAAA 2001:db8::9\ny A 192.0.2.4\n", **files
    ) == [
        "www 3600 1 192.0.2.9",
        "sub 3600 1 192.0.2.2",
        "x.sub 3600 1 192.0.2.3",
        "www 3600 28 2001:db8::9",
        "y 3600 1 192.0.2.4",
    ]


def test_includes_are_looked_for_beside_the_file_that_includes_them():
    asked = []

    def read(path):
        asked.append(path)
        return {"zones/parts/a": '$INCLUDE "b"\n', "zones/parts/b": "$INCLUDE /etc/c\n"}.get(path, "x 60 A 192.0.2.2\n")

    read_zone(BARE_HEAD + "$INCLUDE parts/a\n", "zones/f", ORIGIN, read)
    assert asked == ["zones/parts/a", "zones/parts/b", "/etc/c"]


def test_faults_in_an_included_file_name_that_file(zone_of):
    with pytest.raises(InvalidZone, match=r"^a:2: 'FOO' is not a record type"):
        zone_of("$INCLUDE a\n", a="\nx FOO y\n")


def test_a_circle_of_includes_is_refused(zone_of):
    with pytest.raises(InvalidZone, match=r"^b:1: a includes itself: f -> a -> b -> a"):
        zone_of("$INCLUDE a\n", a="$INCLUDE b\n", b="$INCLUDE a\n")


def test_includes_go_only_so_deep(zone_of):
    files = {f"f{depth}": f"$INCLUDE f{depth + 1}\n" for depth in range(30)}
    with pytest.raises(InvalidZone, match=r"^f9:1: more than 10 files that include one another"):
        zone_of("$INCLUDE f0\n", **files)


def test_an_included_file_that_cannot_be_read(zone_of):
    with pytest.raises(InvalidZone, match=r"^f:5: gone cannot be read: No such file or directory"):
        zone_of("$INCLUDE gone\n", other="")
