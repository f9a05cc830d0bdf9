from dnsd.model.message import RRType
from dnsd.runtime.counts import add, qtype_label, rcode_label


def test_types_and_codes_are_few_whatever_strangers_send():
    assert {qtype_label(number) for number in range(65_536)} - {"other"} >= {
        each.name for each in RRType if each not in (RRType.OPT, RRType.TSIG)
    }
    assert len({qtype_label(number) for number in range(65_536)}) < 25
    assert [rcode_label(number) for number in range(16)][3:] == ["NXDOMAIN", "NOTIMP", "REFUSED", *["other"] * 10]


def test_counts_add_up():
    total = {("a",): 1}
    add(total, {("a",): 2, ("b", "x"): 3})
    assert total == {("a",): 3, ("b", "x"): 3}
