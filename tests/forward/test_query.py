import dns.flags
import dns.message
from upstreams import AAAA, a_question, a_reply

from dnsd.forward.query import Query, is_truncated, mixed
from dnsd.model.names import name_from_text


def test_a_query_is_a_plain_one_with_an_opt_of_our_own():
    message = dns.message.from_wire(Query(a_question(key=AAAA)).packet)
    assert message.question[0].to_text() == "www.example.com. IN AAAA"
    assert (message.edns, message.payload, message.options, message.flags) == (0, 1232, (), dns.flags.RD)
    assert message.ednsflags == 0
    checking = dns.message.from_wire(Query(a_question(is_do=True, is_cd=True)).packet)
    assert (checking.ednsflags, checking.flags) == (dns.flags.DO, dns.flags.RD | dns.flags.CD)


def test_every_query_has_an_id_of_its_own():
    idents = {Query(a_question()).ident for _ in range(2000)}
    assert len(idents) > 1900
    bits = [sum(int.from_bytes(ident) >> bit & 1 for ident in idents) for bit in range(16)]
    assert all(700 < ones < 1300 for ones in bits)


def test_only_the_same_id_and_question_is_its_answer():
    query = Query(a_question())
    reply = a_reply(query.packet, "www.example.com. 300 IN A 192.0.2.1")
    assert query.is_answered_by(reply)
    assert query.is_answered_by(reply.replace(b"www", b"WwW", 1))
    wrong = bytes((reply[0] ^ 1,)) + reply[1:]
    others = [
        wrong,
        reply[:1] + bytes((reply[1] ^ 0x80,)) + reply[2:],
        query.packet,
        reply[:2] + bytes((reply[2] | 0x28,)) + reply[3:],
        reply[:4] + b"\0\0" + reply[6:],
        reply.replace(b"www", b"wwx", 1),
        reply[:29] + b"\0\x1c\0\1" + reply[33:],
        reply[:20],
        b"",
    ]
    assert reply[29:33] == b"\0\1\0\1"
    assert [query.is_answered_by(other) for other in others] == [False] * len(others)


def test_with_mixed_case_the_case_counts_as_well():
    queries = [Query(a_question(), mixes_case=True) for _ in range(50)]
    assert len({query.packet[12:29] for query in queries}) > 30
    for query in queries:
        assert query.packet[12:29].lower() == name_from_text("www.example.com")
        reply = a_reply(query.packet)
        assert query.is_answered_by(reply)
        assert not query.is_answered_by(reply[:12] + reply[12:29].swapcase() + reply[29:])


def test_only_letters_change_their_case():
    name = name_from_text("a-1_[`{.\\200z")
    assert {mixed(name).lower() for _ in range(50)} == {name}
    assert len({mixed(name) for _ in range(200)}) == 4


def test_truncation_is_seen():
    packet = Query(a_question()).packet
    assert is_truncated(a_reply(packet, flags=dns.flags.TC))
    assert not is_truncated(a_reply(packet))
