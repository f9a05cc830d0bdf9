"""The numbers of the protocol are those of everybody else."""

import dns.edns
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest

from dnsd.model import message
from dnsd.model.message import Drop, Forward, Wanted


@pytest.mark.parametrize("rtype", message.RRType)
def test_types_are_those_of_the_registry(rtype: message.RRType) -> None:
    assert dns.rdatatype.from_text(rtype.name) == rtype


@pytest.mark.parametrize("rclass", message.RRClass)
def test_classes_are_those_of_the_registry(rclass: message.RRClass) -> None:
    assert dns.rdataclass.from_text(rclass.name) == rclass


@pytest.mark.parametrize("rcode", message.Rcode)
def test_response_codes_are_those_of_the_registry(rcode: message.Rcode) -> None:
    assert dns.rcode.from_text(rcode.name) == rcode


@pytest.mark.parametrize("opcode", [each for each in message.Opcode if each.name != "DSO"])
def test_opcodes_are_those_of_the_registry(opcode: message.Opcode) -> None:
    assert dns.opcode.from_text(opcode.name) == opcode


def test_options_and_extended_errors_are_those_of_the_registry() -> None:
    assert (message.Option.NSID, message.Option.COOKIE, message.Option.EXTENDED_ERROR) == (
        dns.edns.OptionType.NSID,
        dns.edns.OptionType.COOKIE,
        dns.edns.OptionType.EDE,
    )
    assert message.ExtendedError.NOT_READY == dns.edns.EDECode.NOT_READY
    assert message.ExtendedError.STALE_ANSWER == dns.edns.EDECode.STALE_ANSWER


def test_outcomes_are_told_apart_by_their_type() -> None:
    assert Drop("short") == Drop("short")
    assert Drop("short") != Forward(Wanted(b"\0", b"\0\1\0\1"), b"\0\1\0\1", lambda resolved: b"")
