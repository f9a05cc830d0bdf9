"""``dnsd ask`` from its arguments to what it prints, against real sockets and the shipped zone files."""

import json
from pathlib import Path

import dns.message
import dns.rcode
import dns.rrset
import pytest
from nameserver import NameServer

from dnsd.cli.main import main

ZONES = str(Path(__file__).parents[2] / "zones")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    """No settings of the machine."""
    for name in ("DNSD_CONFIG", "DNSD_ZONE", "DNSD_ZONES", "DNSD_REVERSE", "DNSD_DNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ask(capsys):
    """Runs the command; returns exit status, lines of stdout, stderr."""

    def run(*words):
        try:
            status = main(["ask", *words])
        except SystemExit as end:
            status = end.code
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return run


def test_zone_files_answer_with_no_server(ask):
    status, out, err = ask("--zones", ZONES, "_ldap._tcp.example.internal", "SRV")
    assert (status, err) == (0, "")
    assert out[0] == "; _ldap._tcp.example.internal. SRV"
    assert out[1].startswith(f"; NOERROR, aa rd, from {ZONES}, ")
    assert sorted(out[3:6]) == [
        "_ldap._tcp.example.internal. 3600 IN SRV 0 25 389 ldap2.example.internal.",
        "_ldap._tcp.example.internal. 3600 IN SRV 0 75 389 ldap1.example.internal.",
        "_ldap._tcp.example.internal. 3600 IN SRV 10 0 3389 www.example.internal.",
    ]
    assert out[5].endswith("SRV 10 0 3389 www.example.internal.")
    assert "ldap1.example.internal. 3600 IN A    192.0.2.31" in out


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (("www.example.internal",), {"192.0.2.80", "192.0.2.81"}),
        (("WWW.Example.Internal.", "aaaa"), {"2001:db8::80"}),
        (("web.example.internal", "A"), {"www.example.internal.", "192.0.2.80", "192.0.2.81"}),
        (("anything.dev.example.internal",), {"192.0.2.99"}),
        (("anything.dev.example.internal", "TYPE16"), {'"made for whatever was asked"'}),
        (("desk-20.example.internal",), {"192.0.2.120"}),
        (("example.internal", "MX"), {"10 mail.example.internal."}),
        (("dns-version.cluster.local", "TXT"), {'"1.1.0"'}),
    ],
)
def test_short_answers(ask, words, lines):
    status, out, err = ask("--zones", ZONES, "--short", *words)
    assert (status, set(out), err) == (0, lines, "")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("nobody.example.internal",), "nobody.example.internal. A: no such name (NXDOMAIN)"),
        (
            ("ns1.example.internal", "AAAA"),
            "ns1.example.internal. AAAA: no data: the name exists, but not with this type",
        ),
        (("www.example.net",), "www.example.net. A: the server does not answer for this name (REFUSED)"),
        (("10.0.0.1",), "1.0.0.10.in-addr.arpa. PTR: no such name (NXDOMAIN)"),
        (("fd00::1", "PTR"), f"{'1' + '.0' * 29}.d.f.ip6.arpa. PTR: no such name (NXDOMAIN)"),
    ],
)
def test_no_answer_is_status_one_with_the_reason(ask, words, why):
    status, out, err = ask("--zones", ZONES, "--short", *words)
    assert (status, out, err) == (1, [], f"dnsd ask: {why}\n")


def test_wrong_zone_files_are_told_and_the_others_answer(ask, tmp_path):
    (tmp_path / "bad.org.zone").write_text("x\n")
    (tmp_path / "good.org.zone").write_text("$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.7\n")
    status, out, err = ask("--zones", str(tmp_path), "--short", "ns.good.org")
    assert (status, out, err) == (0, ["192.0.2.7"], f"dnsd ask: {tmp_path}/bad.org.zone:1: type is missing\n")
    (tmp_path / "good.org.zone").unlink()
    status, out, err = ask("--zones", str(tmp_path), "ns.good.org")
    assert (status, out, err.splitlines()[1]) == (1, [], f"dnsd ask: {tmp_path}: no zone to answer from")


def test_a_server_is_asked(ask):
    def answer(packet, is_tcp):
        reply = dns.message.make_response(dns.message.from_wire(packet))
        reply.answer.append(dns.rrset.from_text("www.example.org.", 60, "IN", "A", "192.0.2.1"))
        return [reply.to_wire()]

    with NameServer(answer) as server:
        place = f"127.0.0.1:{server.port}"
        status, out, _ = ask("--dns", place, "www.example.org")
        assert (status, out[3]) == (0, "www.example.org. 60 IN A 192.0.2.1")
        status, out, _ = ask("--dns", place, "--tcp", "www.example.org", "A", "--output", "json")
    document = json.loads("\n".join(out))
    assert (status, document["transport"], document["server"], document["status"]) == (0, "tcp", place, "NOERROR")
    assert [way for way, _ in server.asked] == ["UDP", "TCP"]


def test_a_server_that_says_no(ask):
    def answer(packet, is_tcp):
        reply = dns.message.make_response(dns.message.from_wire(packet))
        reply.set_rcode(dns.rcode.SERVFAIL)
        return [reply.to_wire()]

    with NameServer(answer) as server:
        status, _, err = ask("--dns", f"127.0.0.1:{server.port}", "www.example.org")
    assert (status, err) == (1, "dnsd ask: www.example.org. A: the server cannot answer now (SERVFAIL)\n")


def test_a_server_that_says_nothing(ask):
    with NameServer(lambda packet, is_tcp: []) as server:
        status, out, err = ask("--dns", f"127.0.0.1:{server.port}", "--timeout", "0.05", "www.example.org")
    assert (status, out) == (1, [])
    assert err == f"dnsd ask: no reply from 127.0.0.1:{server.port} within 2 tries of 0.05 s\n"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("a..b",), "empty label in 'a..b'"),
        (("bücher.de",), "must be written as"),
        (("www", "FOO"), "'FOO' is not a record type"),
        (("www", "AXFR"), "a transfer is no question"),
        (("--dns", "localhost:53", "www"), "must be ADDR:PORT"),
        (("--dns", "127.0.0.1:0", "www"), "the port must be a number from 1 to 65535"),
        (("--dns", "127.0.0.1:53", "--zones", ZONES, "www"), "not allowed with argument"),
        (("--timeout", "0", "www"), "is not a number of seconds up to 60"),
        (("--timeout", "x", "www"), "is not a number of seconds up to 60"),
        ((), "the following arguments are required: NAME"),
    ],
)
def test_wrong_calls_are_status_two_with_one_line(ask, words, what):
    status, out, err = ask(*words)
    assert (status, out) == (2, [])
    assert what in err
    assert err.count("\n") == 1


def test_the_help_tells_the_exit_status(ask):
    status, out, _ = ask("--help")
    assert status == 0
    assert "exit status: 0 when there is an answer; 1 when there is none" in "\n".join(out)
