"""The settings of what is open: where others reach us, whom we ask, and who may do what."""

from __future__ import annotations

from dnsd.answer.access import CLOSE_BY
from dnsd.config import kinds
from dnsd.config.kinds import seconds, whole
from dnsd.config.option import Group, Option

DOORS = Group(
    "doors",
    (
        Option("dns", kinds.HOST_PORT, ("127.0.0.1:1053",), "where questions come in, over UDP and TCP", is_list=True),
        Option(
            "dot",
            kinds.HOST_PORT,
            None,
            "where questions come in over TLS (RFC 7858); needs dns_tls_cert and dns_tls_key",
            is_list=True,
            stands_for="nowhere",
            example=("10.0.0.2:853",),
        ),
        Option(
            "doh",
            kinds.HOST_PORT,
            None,
            "where questions come in over HTTPS (RFC 8484) at /dns-query; needs dns_tls_cert and dns_tls_key",
            is_list=True,
            stands_for="nowhere",
            example=("10.0.0.2:443",),
        ),
        Option(
            "dns_tls_cert",
            kinds.FILE,
            None,
            "certificate of dot and doh, with its chain, as PEM; read again when it changes",
            stands_for="none",
            example="/etc/dnsd/dns.crt",
        ),
        Option(
            "dns_tls_key",
            kinds.FILE,
            None,
            "the key of dns_tls_cert, as PEM, not encrypted",
            stands_for="none",
            example="/etc/dnsd/dns.key",
        ),
        Option("admin", kinds.HOST_PORT, "127.0.0.1:8053", "where the admin API listens (HTTP)"),
        Option(
            "admin_host",
            kinds.HOST_NAME,
            None,
            "names by which the admin API may be called, beside localhost and the addresses it listens on",
            is_list=True,
            stands_for="none",
            example=("dns-1.example.net",),
        ),
        Option(
            "tls_cert",
            kinds.FILE,
            None,
            "certificate of the admin API, with its chain, as PEM; read again when it changes",
            stands_for="none: plain HTTP",
            example="/etc/dnsd/tls.crt",
        ),
        Option(
            "tls_key",
            kinds.FILE,
            None,
            "the key of tls_cert, as PEM, not encrypted",
            stands_for="none",
            example="/etc/dnsd/tls.key",
        ),
        Option(
            "tls_client_ca",
            kinds.FILE,
            None,
            "who signs certificates of clients, as PEM; what such a certificate may do is a token of its subject",
            stands_for="none",
            example="/etc/dnsd/clients.pem",
        ),
        Option("tokens", kinds.SWITCH, False, "let only those call the admin API who have a token or a certificate"),
        Option(
            "root_token_file",
            kinds.FILE,
            None,
            "file of a token that may do everything, made by `dnsd token bootstrap`; only dnsd may read it",
            stands_for="none",
            example="/etc/dnsd/root.token",
        ),
        Option(
            "insecure",
            kinds.SWITCH,
            False,
            "let the admin API listen elsewhere than on loopback without TLS or without tokens",
        ),
        Option("workers", whole(0, 64), 1, "responder processes; 0 puts everything but the store into one process"),
    ),
)

SECONDARIES = Group(
    "secondaries",
    (
        Option(
            "transfer_to",
            kinds.CLIENT,
            None,
            "who may have our zones by AXFR and IXFR: networks, and names of keys in tsig_keys; either is enough",
            is_list=True,
            stands_for="nobody",
            example=("192.0.2.54", "secondary.example"),
        ),
        Option(
            "notify",
            kinds.SECONDARY,
            None,
            "secondaries to tell of changes, each with the name of the key that signs what it is told, if any",
            is_list=True,
            stands_for="nobody",
            example=("192.0.2.54:53", "192.0.2.55:53 secondary.example"),
        ),
        Option(
            "tsig_keys",
            kinds.FILE,
            None,
            "file of TSIG keys, one [ALGORITHM:]NAME:SECRET a line, which only dnsd may read; needs dnspython",
            stands_for="none",
            example="/etc/dnsd/tsig.keys",
        ),
    ),
)

FORWARDING = Group(
    "forwarding",
    (
        Option(
            "forward",
            kinds.UPSTREAM,
            None,
            "resolvers that are asked for names that are not ours: ADDR[:PORT], tls://ADDR[:PORT][#NAME] for DNS "
            "over TLS, or the path of a resolv.conf, whose resolvers are taken",
            is_list=True,
            stands_for="names that are not ours are REFUSED",
            example=("192.0.2.1", "tls://192.0.2.2#dns.example.net"),
        ),
        Option(
            "forward_domain",
            kinds.DOMAIN_UPSTREAM,
            None,
            "resolvers for a domain, or for the names of a network's addresses; the longest domain decides",
            is_list=True,
            stands_for="none",
            example=("corp.example=192.0.2.3", "10.0.0.0/8=192.0.2.3"),
        ),
        Option(
            "forward_cache_octets",
            whole(0, 1 << 30, "OCTETS"),
            8 << 20,
            "memory for what resolvers said, in each responder",
        ),
        Option(
            "forward_stale_seconds",
            seconds(0, 259_200),
            86_400,
            "how long what is over is kept for when no resolver answers (RFC 8767); 0 is never",
        ),
        Option("forward_in_flight", whole(1, 10_000), 1000, "questions under way at a time, in each responder"),
        Option(
            "forward_mix_case",
            kinds.SWITCH,
            False,
            "ask in mixed case and take only answers that have it too; a few resolvers cannot do that",
        ),
        Option(
            "forward_ca_file",
            kinds.FILE,
            None,
            "who signs the certificates of resolvers over TLS, as PEM",
            stands_for="the system's authorities",
            example="/etc/dnsd/resolvers.pem",
        ),
    ),
)

ACCESS = Group(
    "access",
    (
        Option(
            "answer_to",
            kinds.RULE,
            None,
            "networks that are told about our names, ! before one that is left out; the longest prefix decides; "
            "all others are refused",
            is_list=True,
            stands_for="everybody",
            example=("10.0.0.0/8", "!10.9.0.0/16", "2001:db8::/32"),
        ),
        Option(
            "forward_for",
            kinds.RULE,
            CLOSE_BY,
            "networks for which names of others are forwarded; whoever adds all addresses here makes an open "
            "resolver, which others will abuse",
            is_list=True,
        ),
        Option(
            "short_names",
            kinds.SHORT_NAMES,
            None,
            "networks whose single labels are services of a namespace: redis is redis.team-a.svc.<zone>",
            is_list=True,
            stands_for="nobody's are",
            example=("10.1.0.0/16 team-a", "10.2.0.0/16 team-b"),
        ),
    ),
)
