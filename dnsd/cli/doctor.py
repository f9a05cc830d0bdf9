"""``dnsd doctor``: a probe registered, and watched through this machine's own resolver until it has gone again."""

from __future__ import annotations

import argparse
import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dnsd.cli.client import Client
from dnsd.cli.exchange import Exchange
from dnsd.cli.failures import CommandFailed, WrongCall
from dnsd.cli.options import NAMESPACE_DEFAULT, add_connection_flags, connection_of, service_path
from dnsd.cli.output import add_output_flag, note, print_document, print_table
from dnsd.codec.document import folded
from dnsd.codec.wire import Message, rcode_to_text
from dnsd.model.errors import InvalidSetting
from dnsd.model.message import Rcode, RRType
from dnsd.model.names import Name, is_label, name_from_text
from dnsd.model.service import TTL_SECONDS_DEFAULT
from dnsd.runtime.clock import SystemClock
from dnsd.server.address import Address, parse_address

HELP = "measure service discovery through this machine's own resolver"

EPILOG = """\
examples:

  dnsd doctor probe
  dnsd doctor probe --resolver 127.0.0.53:53 --output json

It registers services probe-XXXX-a and -b with an address for documentation (192.0.2.1), asks the resolver for them,
removes them and asks until they have gone. Exit status 1 when something is not as it should be.
"""

RESOLV_CONF = "/etc/resolv.conf"
PROBE_ADDRESS = "192.0.2.1"
LEASE_SECONDS = 120
POLL_SECONDS = 0.05
TRY_SECONDS = 1.0
SEEN_SECONDS_MOST = 30.0
SLACK_SECONDS = 2.0
"""Resolvers count in whole seconds: what they keep for 5 is kept until nearly 6, and seen at the next look."""
_ADDRESS_OCTETS = bytes((192, 0, 2, 1))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Teach ``parser`` this command."""
    parser.epilog = EPILOG
    parser.add_argument("name", metavar="NAME", help="the beginning of the probes' names: a label of at most 50")
    parser.add_argument("--namespace", default=NAMESPACE_DEFAULT, metavar="NAME", help="[default]")
    parser.add_argument("--zone", default="cluster.local", metavar="NAME", help="the cluster domain [cluster.local]")
    parser.add_argument("--resolver", metavar="ADDR:PORT", help=f"[the first nameserver of {RESOLV_CONF}]")
    add_connection_flags(parser)
    add_output_flag(parser)


def execute(arguments: argparse.Namespace) -> int:
    """Measure; 0 when all is as it should be."""
    name = folded(arguments.name)
    if not is_label(name) or len(name) > 50:
        raise WrongCall(f"{arguments.name!r} is not a label of at most 50")
    resolver = _resolver(arguments.resolver)
    findings = asyncio.run(_Doctor(arguments, name, resolver).run())
    if arguments.output != "table":
        print_document(
            {"resolver": str(resolver), "findings": [each.document() for each in findings]}, arguments.output
        )
    else:
        print_table(
            ("WHAT", "FOUND", "VERDICT"), [(each.what, each.found, each.verdict or "good") for each in findings]
        )
    bad = [each.what for each in findings if each.verdict]
    if bad:
        raise CommandFailed(f"not as it should be through {resolver}: {', '.join(bad)}")
    return 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing measured; ``verdict``: what is wrong with it and what to do, empty when it is good."""

    what: str
    found: str
    verdict: str = ""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"what": self.what, "found": self.found, "good": not self.verdict, "verdict": self.verdict}


@dataclass
class _Doctor:
    """One examination."""

    arguments: argparse.Namespace
    name: str
    resolver: Address
    clock: SystemClock = field(default_factory=SystemClock)

    async def run(self) -> list[Finding]:
        """Everything, in order; the probes are removed at the end, whatever happens."""
        salt = secrets.token_hex(3)
        asked_before, fresh = (f"{self.name}-{salt}-{letter}" for letter in "ab")
        async with Client(connection_of(self.arguments)) as client:
            try:
                return await self._examine(client, asked_before, fresh)
            finally:
                for service in (asked_before, fresh):
                    with suppress(CommandFailed):
                        await client.call("DELETE", service_path(self.arguments.namespace, service))

    async def _examine(self, client: Client, asked_before: str, fresh: str) -> list[Finding]:
        self._ask(asked_before)
        await self._register(client, fresh)
        seen = await self._until(lambda: self._has(fresh))
        findings = [_timed("seen when not asked for before", seen, 1.0, "forward the zone to dnsd")]
        if seen is None:
            return findings
        findings += [self._ttl(fresh), self._edns(fresh), self._tcp(fresh)]
        # Both side by side: what a resolver keeps of the one does not depend on what it keeps of the other.
        await self._register(client, asked_before)
        await client.call("DELETE", service_path(self.arguments.namespace, fresh))
        negative, gone = await asyncio.gather(
            self._until(lambda: self._has(asked_before)), self._until(lambda: not self._has(fresh))
        )
        patience = TTL_SECONDS_DEFAULT + SLACK_SECONDS
        advice = "the resolver keeps negative answers longer than dnsd says"
        findings.append(_timed("seen after it was asked for in vain (negative caching)", negative, patience, advice))
        advice = "the resolver keeps answers longer than their TTL: look for a floor (cache-min-ttl, min-cache-ttl)"
        findings.append(_timed("gone after it was removed", gone, patience, advice))
        return findings

    async def _register(self, client: Client, service: str) -> None:
        path = f"{service_path(self.arguments.namespace, service)}/endpoints/probe"
        await client.call("PUT", path, body={"address": PROBE_ADDRESS, "lease_seconds": LEASE_SECONDS})

    async def _until(self, is_true: Callable[[], bool]) -> float | None:
        """Seconds until it is so; None when it was not in time."""
        start = self.clock.monotonic()
        while (now := self.clock.monotonic()) - start < SEEN_SECONDS_MOST:
            if is_true():
                return now - start
            await self.clock.sleep(POLL_SECONDS)
        return None

    def _ttl(self, service: str) -> Finding:
        ttl = max((record.ttl for record in self._ask(service).answer), default=0)
        is_raised = ttl > TTL_SECONDS_DEFAULT
        verdict = f"a floor raises {TTL_SECONDS_DEFAULT} s: changes are seen late" if is_raised else ""
        return Finding("TTL", f"{ttl} s", verdict)

    def _edns(self, service: str) -> Finding:
        edns = self._ask(service).edns
        verdict = "" if edns else "without EDNS long answers need TCP"
        return Finding("EDNS", f"{edns.payload} octets" if edns else "none", verdict)

    def _tcp(self, service: str) -> Finding:
        try:
            self._ask(service, is_tcp=True)
        except CommandFailed as failure:
            return Finding("TCP", str(failure), "answers that were cut cannot be had whole: open TCP")
        return Finding("TCP", "answered")

    def _has(self, service: str) -> bool:
        message = self._ask(service)
        if message.rcode not in (Rcode.NOERROR, Rcode.NXDOMAIN):
            note("doctor", f"{self.resolver} says {rcode_to_text(message.rcode)}")
            raise CommandFailed(f"{self.resolver} does not answer for {self.arguments.zone}: forward that zone to dnsd")
        return any(record.rdata == _ADDRESS_OCTETS for record in message.answer)

    def _ask(self, service: str, is_tcp: bool = False) -> Message:
        exchange = Exchange(self.resolver, TRY_SECONDS, self.clock)
        return exchange.ask(self._qname(service), int(RRType.A), is_tcp).message

    def _qname(self, service: str) -> Name:
        return name_from_text(f"{service}.{self.arguments.namespace}.svc.{self.arguments.zone}")


def _timed(what: str, seconds: float | None, most: float, advice: str) -> Finding:
    if seconds is None:
        return Finding(what, f"not within {SEEN_SECONDS_MOST:g} s", advice)
    return Finding(what, f"{seconds:.2f} s", advice if seconds > most else "")


def _resolver(given: str | None) -> Address:
    """The resolver that programs on this machine ask first. Raises WrongCall."""
    if given is None:
        try:
            lines = Path(RESOLV_CONF).read_text("utf-8", "replace").splitlines()
        except OSError as fault:
            raise WrongCall(f"{RESOLV_CONF}: {fault.strerror}; give --resolver") from None
        words = [line.split() for line in lines]
        host = next((each[1] for each in words if len(each) > 1 and each[0] == "nameserver"), "127.0.0.1")
        given = f"[{host}]:53" if ":" in host else f"{host}:53"
    try:
        return parse_address(given, "--resolver")
    except InvalidSetting as fault:
        raise WrongCall(str(fault)) from None
