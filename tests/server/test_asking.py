import logging

import pytest

from dnsd.model.message import Drop, Forward, Wanted
from dnsd.server import asking
from dnsd.server.asking import SILENCE, servfail, silence
from dnsd.server.tally import Tally


@pytest.fixture(autouse=True)
def _forget_what_was_logged(monkeypatch):
    monkeypatch.setattr(asking, "_once", asking.Once(logging.getLogger("dnsd.server")))


def _fault() -> Exception:
    with pytest.raises(KeyError) as caught:
        _respond_wrongly()
    return caught.value


def _respond_wrongly() -> None:
    raise KeyError("in the middle")


def test_a_fault_is_answered_with_the_id_opcode_and_rd_of_the_question(ask):
    tally = Tally("udp")
    packet = bytearray(ask(0x1234, b"name"))
    packet[2] = 0x29  # opcode 5, RD
    assert servfail(bytes(packet), _fault(), tally) == (b"\x12\x34\xa9\x02" + bytes(8), b"")
    assert tally.counts() == {("dnsd_dns_failures", "udp"): 1}


@pytest.mark.parametrize("packet", [b"", b"elevenbytes", b"\0\0\x80" + bytes(9)])
def test_a_fault_on_what_is_no_question_is_not_answered(packet):
    assert servfail(packet, _fault(), Tally("udp")) == SILENCE


def test_a_fault_is_logged_once_with_the_packet_in_hexadecimal_and_cut(ask, caplog):
    for _ in range(3):
        servfail(ask(0x1234, bytes(range(256))), _fault(), Tally("udp"))
    [record] = caplog.records
    assert "KeyError('in the middle')" in record.getMessage()
    assert "test_asking.py:" in record.getMessage()
    assert record.getMessage().endswith("1234010000010000000000000001" + bytes(range(2, 116)).hex() + "…")


def test_silence_is_counted_by_its_reason():
    tally = Tally("tcp")
    assert silence(Drop("response"), tally) == SILENCE
    assert silence(Forward(Wanted(b"\0", b"\0\1\0\1"), b"", lambda resolved: b""), tally) == SILENCE
    assert tally.counts() == {
        ("dnsd_dns_dropped", "tcp", "response"): 1,
        ("dnsd_dns_dropped", "tcp", "forward"): 1,
    }
