import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st
from upstreams import ANY, CNAME, SOA, a_question, a_reply

from dnsd.forward.failure import UpstreamFailed
from dnsd.forward.query import Query
from dnsd.forward.reply import NEGATIVE_TTL_MOST, TTL_MOST, read_reply
from dnsd.model.message import Rcode, RRType
from dnsd.model.names import name_from_text, name_to_text


def read(*records, wanted=None, **options):
    wanted = wanted or a_question()
    return read_reply(a_reply(Query(wanted).packet, *records, **options), wanted)


def shown(records):
    return [f"{name_to_text(each.owner)} {each.ttl} {each.rtype}" for each in records]


WWW = "www.example.com. 300 IN A 192.0.2.80"


def test_the_answer_is_taken_and_kept_for_its_ttl():
    learnt = read(WWW)
    assert shown(learnt.resolved.answers) == ["www.example.com. 300 1"]
    assert (learnt.ttl, learnt.unfinished, learnt.resolved.rcode) == (300, b"", Rcode.NOERROR)


def test_a_chain_is_taken_in_order_whatever_its_order_in_the_reply():
    target = "b.example.net. 40 IN A 192.0.2.1"
    learnt = read(target, "A.example.net. 90 IN CNAME b.example.net.", "www.example.com. 300 IN CNAME a.example.net.")
    assert shown(learnt.resolved.answers) == ["www.example.com. 300 5", "a.example.net. 90 5", "b.example.net. 40 1"]
    assert learnt.ttl == 40


def test_records_of_other_names_and_types_are_left():
    learnt = read(
        WWW,
        "bank.example. 300 IN A 203.0.113.6",
        "www.example.com. 9 IN TXT poison",
        "x.www.example.com. 9 IN A 192.0.2.9",
        authority=("example.com. 300 IN NS ns.evil.example.",),
        additional=("ns.evil.example. 300 IN A 203.0.113.7", "bank.example. 300 IN A 203.0.113.6"),
    )
    assert shown(learnt.resolved.answers) == ["www.example.com. 300 1"]
    assert (learnt.resolved.authority, learnt.ttl) == ((), 300)


def test_an_rrset_has_one_ttl_and_each_record_once():
    learnt = read(WWW, "www.example.com. 200 IN A 192.0.2.81")
    assert shown(learnt.resolved.answers) == ["www.example.com. 200 1"] * 2


def test_long_ttls_are_cut_and_impossible_ones_are_none():
    wanted = a_question()
    packet = a_reply(Query(wanted).packet, "www.example.com. 2000000 IN A 192.0.2.80")
    assert read_reply(packet, wanted).ttl == TTL_MOST
    packet = packet.replace((2_000_000).to_bytes(4), b"\x80\0\0\1")
    assert read_reply(packet, wanted).ttl == 0


@pytest.mark.parametrize(("rcode", "kind"), [(0, Rcode.NOERROR), (3, Rcode.NXDOMAIN)])
def test_a_negative_answer_is_kept_as_long_as_its_soa_says(rcode, kind):
    learnt = read(authority=(SOA, "example.com. 300 IN NS ns.example.com."), rcode=rcode)
    assert learnt.resolved.rcode == kind
    assert shown(learnt.resolved.authority) == ["example.com. 60 6"]
    assert learnt.ttl == 60
    day = SOA.replace(" 300 ", " 90000 ").replace(" 86400 60", " 86400 80000")
    assert read(authority=(day,), rcode=rcode).ttl == NEGATIVE_TTL_MOST


def test_a_soa_of_elsewhere_or_none_is_no_reason_to_keep_it():
    assert read(rcode=3).ttl == 0
    assert read(authority=(SOA.replace("example.com. 300", "example.net. 300"),), rcode=3).resolved.authority == ()
    assert read(authority=(SOA.replace("example.com. 300", "example.net. 300"),)).ttl == 0


def test_an_alias_without_its_target_is_unfinished():
    learnt = read("www.example.com. 300 IN CNAME There.example.net.")
    assert (learnt.unfinished, learnt.ttl) == (name_from_text("there.example.net"), 300)
    assert learnt.resolved.answers[0].rdata == name_from_text("There.example.net")
    nowhere = read("www.example.com. 300 IN CNAME nobody.example.com.", authority=(SOA,), rcode=3)
    assert (nowhere.unfinished, nowhere.resolved.rcode, nowhere.ttl) == (b"", Rcode.NXDOMAIN, 60)
    asked = read("www.example.com. 300 IN CNAME there.example.net.", wanted=a_question(key=CNAME))
    assert (asked.unfinished, len(asked.resolved.answers)) == (b"", 1)


def test_any_is_all_that_the_name_has():
    learnt = read(WWW, "www.example.com. 60 IN TXT hello", "example.com. 5 IN A 192.0.2.1", wanted=a_question(key=ANY))
    assert [each.rtype for each in learnt.resolved.answers] == [RRType.A, RRType.TXT]


SIGNATURE = "www.example.com. 300 IN RRSIG A 8 3 300 20300101000000 20200101000000 1 example.com. AAAA"
NSEC = "a.example.com. 300 IN NSEC b.example.com. A"


def test_signatures_and_proofs_are_for_who_asks_for_them():
    assert len(read(WWW, SIGNATURE).resolved.answers) == 1
    wanted = a_question(is_do=True)
    assert [each.rtype for each in read(WWW, SIGNATURE, wanted=wanted).resolved.answers] == [1, 46]
    denial = read(authority=(SOA, NSEC), rcode=3, wanted=wanted)
    assert shown(denial.resolved.authority) == ["example.com. 60 6", "a.example.com. 60 47"]


@pytest.mark.parametrize(
    ("rcode", "outcome"), [(2, "servfail"), (5, "refused"), (1, "formerr"), (4, "notimp"), (9, "other"), (23, "other")]
)
def test_other_response_codes_are_failures(rcode, outcome):
    with pytest.raises(UpstreamFailed) as failure:
        read(rcode=rcode)
    assert failure.value.outcome == outcome


def test_who_is_no_resolver_is_no_help():
    with pytest.raises(UpstreamFailed, match="lame"):
        read(flags=0)
    with pytest.raises(UpstreamFailed, match="lame"):
        read(authority=("com. 300 IN NS a.gtld.example.",))
    assert read(WWW, flags=dns.flags.AA).ttl == 300


def test_a_circle_of_aliases_is_a_failure():
    with pytest.raises(UpstreamFailed, match="circle"):
        read("www.example.com. 300 IN CNAME a.example.com.", "a.example.com. 300 IN CNAME www.example.com.")


@pytest.mark.parametrize("cut", [1, 5, 12, 20])
def test_a_reply_cut_short_is_malformed(cut):
    wanted = a_question()
    packet = a_reply(Query(wanted).packet, WWW)
    opt = 11
    with pytest.raises(UpstreamFailed, match="malformed"):
        read_reply(packet[: -cut - opt], wanted)


@given(st.binary(max_size=200), st.binary(min_size=8, max_size=8))
def test_any_octets_behind_the_question_teach_of_that_name_alone_or_fail(rest, counts):
    wanted = a_question()
    query = Query(wanted)
    packet = query.ident + b"\x81\x80\0\1" + counts[:6] + wanted.owner + wanted.key + rest
    try:
        learnt = read_reply(packet, wanted)
    except UpstreamFailed:
        return
    known = {wanted.owner}
    for record in learnt.resolved.answers:
        assert record.owner in known
        if record.rtype == RRType.CNAME:
            known.add(record.rdata.lower())
