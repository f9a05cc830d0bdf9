import struct

from dnsd.server.tally import Tally


def _question(qtype: int) -> bytes:
    return struct.pack(">HH", qtype, 1)


def _reply(flags: int) -> bytes:
    return struct.pack(">HHHHHH", 1, flags, 1, 0, 0, 0)


def test_answers_are_counted_by_type_code_and_truncation():
    tally = Tally("udp")
    tally.answered([_reply(0x8400), _reply(0x8403), _reply(0x8600)], map(_question, [1, 1, 28]))
    tally.answered([_reply(0x8505)], [_question(33)])
    assert tally.counts() == {
        ("dnsd_dns_requests", "udp", "A"): 2,
        ("dnsd_dns_requests", "udp", "AAAA"): 1,
        ("dnsd_dns_requests", "udp", "SRV"): 1,
        ("dnsd_dns_responses", "NOERROR"): 2,
        ("dnsd_dns_responses", "NXDOMAIN"): 1,
        ("dnsd_dns_responses", "REFUSED"): 1,
        ("dnsd_dns_truncated", "udp"): 1,
    }


def test_reading_changes_nothing_and_counting_goes_on():
    tally = Tally("tcp")
    tally.answered([_reply(0x8400)], [_question(1)])
    first = tally.counts()
    assert tally.counts() == first
    tally.answered([_reply(0x8400)], [_question(1)])
    assert tally.counts() == dict.fromkeys(first, 2)


def test_a_flood_of_all_types_is_one_series_more():
    tally = Tally("udp")
    for start in range(0, 65_536, 64):
        tally.answered([_reply(0x8400)] * 64, map(_question, range(start, start + 64)))
        assert len(tally._questions) <= 512 + 64
    counts = tally.counts()
    assert len([key for key in counts if key[0] == "dnsd_dns_requests"]) < 25
    assert sum(number for key, number in counts.items() if key[0] == "dnsd_dns_requests") == 65_536


def test_drops_failures_and_others_have_their_own_keys():
    tally = Tally("tcp")
    tally.dropped("response")
    tally.dropped("short", 3)
    tally.failed()
    tally.add("dnsd_dns_tcp_closed", "idle")
    assert tally.counts() == {
        ("dnsd_dns_dropped", "tcp", "response"): 1,
        ("dnsd_dns_dropped", "tcp", "short"): 3,
        ("dnsd_dns_failures", "tcp"): 1,
        ("dnsd_dns_tcp_closed", "idle"): 1,
    }


def test_silence_is_no_request_and_what_could_not_be_read_is_of_no_type():
    tally = Tally("udp")
    tally.answered([b"", _reply(0x8001), b"", _reply(0x8400)], [b"", b"", b"", _question(1)])
    assert tally.counts() == {
        ("dnsd_dns_requests", "udp", "none"): 1,
        ("dnsd_dns_requests", "udp", "A"): 1,
        ("dnsd_dns_responses", "FORMERR"): 1,
        ("dnsd_dns_responses", "NOERROR"): 1,
    }


def test_one_by_one_counts_as_a_batch_does():
    replies = [b"", _reply(0x8001), _reply(0x8603)]
    questions = [b"", b"", _question(28)]
    batch, single = Tally("tcp"), Tally("tcp")
    batch.answered(replies, questions)
    for reply, question in zip(replies, questions, strict=True):
        single.answered_one(reply, question)
    assert single.counts() == batch.counts()
    for qtype in range(2000):
        single.answered_one(_reply(0x8400), _question(qtype))
        assert len(single._questions) <= 512
