"""``dnsd ask``: what a DNS server answers, or what zone files would make dnsd answer."""

from __future__ import annotations

import argparse
import secrets
from ipaddress import ip_address
from pathlib import Path

from dnsd.answer.respond import respond
from dnsd.answer.terms import Terms
from dnsd.cli.exchange import Exchange, Exchanged
from dnsd.cli.failures import CommandFailed, WrongCall
from dnsd.cli.offline import catalog_of_files
from dnsd.cli.options import add_connection_flags
from dnsd.cli.output import add_output_flag, plain, print_document
from dnsd.cli.reply import empty_because, reply_document, reply_lines, short_lines
from dnsd.codec.wire import query_packet, rcode_to_text, read_message, type_from_text, type_to_text
from dnsd.model.message import Rcode, RRType
from dnsd.model.names import Name, name_from_text, name_to_text, reverse_name
from dnsd.runtime.clock import SystemClock
from dnsd.server.address import Address, parse_address

HELP = "ask a DNS server, or zone files, for a name"

SERVER_DEFAULT = "127.0.0.1:1053"
TIMEOUT_SECONDS_DEFAULT = 2.0
TIMEOUT_SECONDS_MOST = 60.0

EPILOG = """\
examples:

  dnsd ask web.default.svc.cluster.local
  dnsd ask _http._tcp.web.default.svc.cluster.local SRV
  dnsd ask 10.0.0.10                                        (the names of an address: PTR)
  dnsd ask --dns 192.0.2.53:53 --tcp example.org TYPE257
  dnsd ask --why web.default.svc.cluster.local SRV          (each endpoint in or out, with the reason)
  dnsd ask --zones zones www.example.internal --short

Names are complete as they are; no search list is used. A reply that was cut is asked for again over TCP.

exit status: 0 when there is an answer; 1 when there is none (no such name, no data of this type, refused, no reply at
all), with the reason on stderr; 2 when the call is wrong.
"""

_TRANSFERS = frozenset({RRType.AXFR, RRType.IXFR})
_NOBODY = bytes(4)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("name", metavar="NAME", help="a domain name, or an address for its names")
    parser.add_argument("type", metavar="TYPE", nargs="?", help="a record type, such as SRV or TYPE257 [A]")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--dns", metavar="ADDR:PORT", default=SERVER_DEFAULT, help=f"the server [{SERVER_DEFAULT}]")
    source.add_argument("--zones", metavar="DIR", help="answer from the zone files (NAME.zone) of DIR, with no server")
    source.add_argument("--why", action="store_true", help="explain what a running dnsd answers; takes the flags below")
    parser.add_argument("--client", metavar="ADDR", help="with --why: who asks [this host]")
    parser.add_argument("--size", metavar="OCTETS", help="with --why: what the client takes over UDP [1232]")
    parser.add_argument("--tcp", action="store_true", help="over TCP from the start")
    parser.add_argument("--short", action="store_true", help="the data of the answers alone")
    parser.add_argument(
        "--timeout",
        type=_timeout,
        default=TIMEOUT_SECONDS_DEFAULT,
        metavar="SECONDS",
        help=f"how long a try waits, up to {TIMEOUT_SECONDS_MOST:g} [{TIMEOUT_SECONDS_DEFAULT:g}; two tries over UDP]",
    )
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Ask and print; 0 when there is an answer."""
    qname, qtype = _question(arguments.name, arguments.type)
    if arguments.why:
        from dnsd.cli.why import explain  # with it comes the HTTP client, which the others do not need

        return explain(arguments, qname, qtype)
    if arguments.zones is not None:
        exchanged = _ask_zones(Path(arguments.zones), qname, qtype)
    else:
        exchanged = _ask_server(parse_address(arguments.dns), arguments, qname, qtype)
    _show(arguments, exchanged)
    message = exchanged.message
    if why := empty_because(message):
        status = "" if message.rcode == Rcode.NOERROR else f" ({rcode_to_text(message.rcode)})"
        raise CommandFailed(f"{name_to_text(qname)} {type_to_text(qtype)}: {why}{status}")
    return 0


def _show(arguments: argparse.Namespace, exchanged: Exchanged) -> None:
    if arguments.output != "table":
        print_document(reply_document(exchanged), arguments.output)
        return
    for line in short_lines(exchanged.message) if arguments.short else reply_lines(exchanged):
        print(line)


def _question(name: str, rtype: str | None) -> tuple[Name, int]:
    """Name and type; an address stands for its reverse name."""
    try:
        qtype = None if rtype is None else type_from_text(rtype)
        if _is_address(name) and qtype in (None, RRType.PTR):
            return reverse_name(name), int(RRType.PTR)
        qname = name_from_text(name)
    except ValueError as fault:
        raise WrongCall(plain(str(fault))) from None
    if qtype in _TRANSFERS:
        raise WrongCall(f"{type_to_text(qtype)}: a transfer is no question; dig and kdig can do it")
    return qname, int(RRType.A) if qtype is None else qtype


def _is_address(text: str) -> bool:
    try:
        return "%" not in text and bool(ip_address(text))
    except ValueError:
        return False


def _ask_server(server: Address, arguments: argparse.Namespace, qname: Name, qtype: int) -> Exchanged:
    if not server.port:
        raise WrongCall(f"--dns {arguments.dns}: the port must be a number from 1 to 65535")
    return Exchange(server, arguments.timeout, SystemClock()).ask(qname, qtype, arguments.tcp)


def _ask_zones(directory: Path, qname: Name, qtype: int) -> Exchanged:
    """What `dnsd serve --zones` would answer with nothing registered; files that are wrong are told and left out."""
    catalog = catalog_of_files(directory, "ask")
    packet = query_packet(secrets.randbelow(1 << 16), qname, qtype)
    reply = respond(packet, _NOBODY, secrets.randbits(32), catalog.table, Terms(is_tcp=True))
    if not isinstance(reply, tuple):
        raise CommandFailed(f"{name_to_text(qname)}: no answer is made of this question")
    return Exchanged(read_message(reply[0]), "none", str(directory), len(reply[0]), 0.0)


def _timeout(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= TIMEOUT_SECONDS_MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds up to {TIMEOUT_SECONDS_MOST:g}")
    return seconds
